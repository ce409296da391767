"""Linear algebra where JAX reads other elements than the standard's other engines, or has other thresholds."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from polyflow.extension import Kernel


def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """``jax.numpy.linalg.cholesky`` of the triangle that it is asked for, not of a mean of both."""
    if not upper:
        return jnp.linalg.cholesky(x, symmetrize_input=False)
    return jnp.conj(jnp.linalg.cholesky(jnp.conj(x.mT), symmetrize_input=False).mT)


def eigh(x: Any, /) -> Any:
    """``jax.numpy.linalg.eigh`` of the lower triangle."""
    return jnp.linalg.eigh(x, UPLO="L", symmetrize_input=False)


def eigvalsh(x: Any, /) -> Any:
    """``jax.numpy.linalg.eigvalsh`` of the lower triangle."""
    return jnp.linalg.eigvalsh(x, UPLO="L", symmetrize_input=False)


def pinv(x: Any, /, *, rtol: Any = None) -> Any:
    """``jax.numpy.linalg.pinv`` with the threshold of the standard, a tenth of its own."""
    return jnp.linalg.pinv(x, rtol=_threshold(x, rtol))


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    """The number of singular values above ``rtol`` times the largest; JAX takes ``rtol`` itself for the bound."""
    s = jnp.linalg.svdvals(x)
    bound = _threshold(x, rtol)[..., None] * jnp.max(s, axis=-1, keepdims=True, initial=0)
    return jnp.sum(s > bound, axis=-1, dtype=jnp.int64)


def _threshold(x: Any, rtol: Any) -> Any:
    precision: Any = jnp.finfo(x.dtype)  # type: ignore[no-untyped-call]
    return jnp.asarray(max(x.shape[-2:]) * precision.eps if rtol is None else rtol, dtype=precision.dtype)


KERNELS: dict[str, Kernel] = {
    "linalg.cholesky": cholesky,
    "linalg.eigh": eigh,
    "linalg.eigvalsh": eigvalsh,
    "linalg.matrix_rank": matrix_rank,
    "linalg.pinv": pinv,
}
