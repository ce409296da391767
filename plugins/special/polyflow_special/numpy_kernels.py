"""What SciPy computes for NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from polyflow.extension import KernelTable

_NAMES = (
    "digamma", "zeta", "beta", "betaln", "gammainc", "gammaincc", "i0e", "i1e",
    "ndtr", "ndtri", "log_ndtr", "xlogy", "xlog1py", "entr", "rel_entr", "kl_div", "expit", "logit",
)  # fmt: skip


def polygamma(x: Any, /, *, n: int) -> Any:
    """SciPy's own computes in double precision whatever it is given."""
    return special.polygamma(n, x).astype(x.dtype)


def betainc(a: Any, b: Any, x: Any, /) -> Any:
    """SciPy's own is off by dozens of units of the last place in single precision."""
    found = special.betainc(*(np.asarray(each, np.float64) for each in (a, b, x)))
    return np.asarray(found, x.dtype)


def gammaln(x: Any, /) -> Any:
    """SciPy's own is minus infinity at minus infinity, where the limit does not exist and C has infinity."""
    return np.where(np.isinf(x), np.abs(x), special.gammaln(x))


def i0(x: Any, /) -> Any:
    """SciPy's own is NaN at infinity."""
    return np.where(np.isinf(x), np.abs(x), special.i0(x))


def i1(x: Any, /) -> Any:
    """SciPy's own is NaN at infinity."""
    return np.where(np.isinf(x), x, special.i1(x))


KERNELS: KernelTable = {f"special.{name}": getattr(special, name) for name in _NAMES} | {
    "special.betainc": betainc,
    "special.gammaln": gammaln,
    "special.polygamma": polygamma,
    "special.i0": i0,
    "special.i1": i1,
}
