"""The fastest generator that JAX has, for sessions with ``rng="native"``: the hardware's, and on a CPU Threefry.

Compiled into one loop Threefry costs about a nanosecond a number on a CPU, where XLA's own generator costs eight.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from polyflow.extension import Kernel
from polyflow.ops.error_inverse import erfinv_kernel
from polyflow.ops.random_bits import bits_kernel
from polyflow.ops.random_standard import normal_of_uniform, standard_uniform_kernel


def _by_platform(on_cpu: Callable[..., Any], elsewhere: Callable[..., Any]) -> Kernel:
    """``elsewhere`` draws with a key of XLA's generator, which has four words: ours twice, as JAX does it."""

    def by_hardware(key: Any, shape: tuple[int, ...], dtype: Any) -> Any:
        return elsewhere(jax.random.wrap_key_data(jnp.tile(key, 2), impl="rbg"), shape, dtype)

    def kernel(key: Any, shape: tuple[int, ...], dtype: Any, /) -> Any:
        cpu, default = (partial(each, shape=shape, dtype=dtype) for each in (on_cpu, by_hardware))
        return jax.lax.platform_dependent(jnp.asarray(key), cpu=cpu, default=default)

    return kernel


def _normal_on_cpu(key: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    uniform = standard_uniform_kernel(jnp, key, shape, dtype)
    return normal_of_uniform(jnp, uniform, dtype, partial(erfinv_kernel, jnp))


KERNELS: dict[str, Kernel] = {
    "random.bits": _by_platform(partial(bits_kernel, jnp), jax.random.bits),
    "random.standard_normal": _by_platform(_normal_on_cpu, jax.random.normal),
    "random.standard_uniform": _by_platform(partial(standard_uniform_kernel, jnp), jax.random.uniform),
}
