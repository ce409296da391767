"""What JAX has of its own."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
from jax.scipy import special

from polyflow.extension import Kernel, KernelTable
from polyflow_special.scalars import zeta

_NAMES = (
    "digamma", "zeta", "beta", "betaln", "gammainc", "gammaincc", "betainc", "i0e", "i1e",
    "ndtr", "ndtri", "xlogy", "xlog1py", "entr", "expit", "logit",
)  # fmt: skip


def polygamma(x: Any, /, *, n: int) -> Any:
    """The order first, as SciPy has it."""
    return special.polygamma(n, x)


_SERIES = [(-1) ** k * zeta(float(k), 2.0) / k for k in range(2, 30)]
"""The coefficients of ``gammaln(2 + z)`` from ``z**2`` on: NIST DLMF 5.7.3."""
_EULER = 0.5772156649015329


def gammaln(x: Any, /) -> Any:
    """XLA's own is off by 20 last places around its roots at 1 and 2: there stands a power series."""
    shift = jnp.clip(jnp.round(x) - 2.0, -1.0, 1.0)  # from 0.5 to 3.5, x is 2 + shift + z
    z = x - 2.0 - shift
    series = jnp.zeros_like(z)
    for coefficient in reversed(_SERIES):
        series = series * z + coefficient
    series = (series * z + (1 - _EULER)) * z
    moved = jnp.where(shift < 0, series - jnp.log1p(z), jnp.where(shift > 0, series + jnp.log1p(1.0 + z), series))
    return jnp.where((x > 0.5) & (x < 3.5), moved, special.gammaln(x))


def i0(x: Any, /) -> Any:
    """JAX's own is NaN at infinity."""
    return jnp.where(jnp.isinf(x), jnp.abs(x), special.i0(x))


def i1(x: Any, /) -> Any:
    """JAX's own is NaN at infinity."""
    return jnp.where(jnp.isinf(x), x, special.i1(x))


def log_ndtr(x: Any, /) -> Any:
    """JAX's own stops its series after three terms: 1e-11 is all that is right at -20. This one takes 24."""
    far = jnp.minimum(x, -10.0)
    term = total = jnp.ones_like(far)
    for k in range(1, 25):
        term = term * (1 - 2 * k) / (far * far)
        total = total + term
    tail = -far * far / 2 - jnp.log(-far) - math.log(2 * math.pi) / 2 + jnp.log(total)
    near = jnp.maximum(x, -10.0)
    middle = jnp.where(near > 0, jnp.log1p(-special.ndtr(-near)), jnp.log(special.ndtr(jnp.minimum(near, 0.0))))
    return jnp.where(x < -10.0, tail, middle)


def _rounded_once(kernel: Kernel) -> Kernel:
    """``kernel``, which computes in float32 what it gets in 16 bits: JAX's own refuse that, or round at each step."""

    def through_float32(*operands: Any, **attributes: Any) -> Any:
        dtype = operands[0].dtype
        if dtype.itemsize > 2:
            return kernel(*operands, **attributes)
        return kernel(*(each.astype(jnp.float32) for each in operands), **attributes).astype(dtype)

    return through_float32


_OWN = {"polygamma": polygamma, "gammaln": gammaln, "i0": i0, "i1": i1, "log_ndtr": log_ndtr}
KERNELS: KernelTable = {
    f"special.{name}": _rounded_once(kernel)
    for name, kernel in ({name: getattr(special, name) for name in _NAMES} | _OWN).items()
}
