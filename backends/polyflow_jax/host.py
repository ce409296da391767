"""What compiled programs call outside: Python functions, which get arrays of NumPy, and regions on other backends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from polyflow.core.literal import Literal
from polyflow.extension import Kernel
from polyflow.ops.host_functions import run_py_func


def py_func(
    operands: Sequence[Any], *, func: Callable[..., Any], Tout: Any, shapes: Any, rule: Any = None
) -> tuple[Any, ...]:
    """What ``func`` returns, as JAX's arrays."""
    return run_py_func(jnp, [np.asarray(each) for each in operands], func, Tout, shapes)


def elsewhere(operands: Sequence[Any], *, region: Any) -> tuple[Any, ...]:
    """What ``region`` makes on another backend, called from a compiled loop or branch; directly where none is."""
    if not any(isinstance(each, jax.core.Tracer) for each in operands):
        return tuple(region(*operands))
    shapes = [jax.ShapeDtypeStruct(each.static_shape, each.known_dtype.name) for each in region.types]  # type: ignore[no-untyped-call]
    found: Any = jax.pure_callback(partial(region.on_host, _array), tuple(shapes), *operands)
    return tuple(found)


def _array(value: Literal) -> np.ndarray[Any, Any]:
    return np.frombuffer(value.data, jnp.dtype(value.dtype.name)).reshape(value.shape)


KERNELS: dict[str, Kernel] = {"py_func": py_func, "pure_py_func": py_func, "elsewhere": elsewhere}
