"""Linear algebra where JAX reads other elements than other engines, has other thresholds, or leaves NaN to chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from polyflow.extension import Kernel


def _total(function: Callable[..., Any], *, reads: str = "all") -> Kernel:
    """``function`` with NaN for matrices of which an element that it ``reads`` is not finite."""

    def kernel(x: Any, /, **options: Any) -> Any:
        is_finite = _all(jnp.isfinite(x if reads == "all" else jnp.tril(x)))

        def filled(found: Any) -> Any:
            return jnp.where(_as_high_as(found.ndim, is_finite), found, jnp.nan)

        return jax.tree.map(filled, function(x, **options))

    return kernel


def _all(x: Any) -> Any:
    return jnp.all(x, axis=(-2, -1))


def _as_high_as(rank: int, of_matrices: Any) -> Any:
    return jnp.reshape(of_matrices, of_matrices.shape + (1,) * (rank - of_matrices.ndim))


def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """``jax.numpy.linalg.cholesky`` of the triangle that it is asked for, not of a mean of both."""
    if upper:
        return jnp.conj(cholesky(jnp.conj(x.mT)).mT)
    found = jnp.linalg.cholesky(x, symmetrize_input=False)
    is_finite = _all(jnp.isfinite(found) & jnp.isfinite(jnp.tril(x)))
    return jnp.tril(jnp.where(is_finite[..., None, None], found, jnp.nan))


def solve(x1: Any, x2: Any, /) -> Any:
    """By elimination, NaN where a pivot is zero or a matrix not finite."""
    columns = x2[:, None] if x2.ndim == 1 else x2
    batch = jnp.broadcast_shapes(x1.shape[:-2], columns.shape[:-2])
    x1 = jnp.broadcast_to(x1, (*batch, *x1.shape[-2:]))
    columns = jnp.broadcast_to(columns, (*batch, *columns.shape[-2:]))
    factors, _, order = jax.lax.linalg.lu(x1)
    is_regular = jnp.all(jnp.diagonal(factors, axis1=-2, axis2=-1) != 0, axis=-1) & _all(jnp.isfinite(x1))
    columns = jnp.take_along_axis(columns, order[..., None], axis=-2)
    triangular: Any = jax.lax.linalg.triangular_solve
    half = triangular(factors, columns, left_side=True, lower=True, unit_diagonal=True)
    found = jnp.where(is_regular[..., None, None], triangular(factors, half, left_side=True, lower=False), jnp.nan)
    return found[..., 0] if x2.ndim == 1 else found


def inv(x: Any, /) -> Any:
    """The solution for the columns of the identity."""
    return solve(x, jnp.eye(x.shape[-1], dtype=x.dtype))


def matrix_power(x: Any, n: int, /) -> Any:
    """``jax.numpy.linalg.matrix_power``; a negative one of the inverse as it is here."""
    return jnp.linalg.matrix_power(inv(x), -n) if n < 0 else jnp.linalg.matrix_power(x, n)


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


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The standard's, NaN for matrices that are not finite where singular values are asked for."""
    norm = _total(jnp.linalg.matrix_norm) if ord in (2, -2, "nuc") else jnp.linalg.matrix_norm
    return norm(x, keepdims=keepdims, ord=ord)


KERNELS: dict[str, Kernel] = {
    **{
        f"linalg.{name}": _total(getattr(jnp.linalg, name))
        for name in ("det", "eig", "eigvals", "slogdet", "svd", "svdvals")
    },
    "linalg.cholesky": cholesky,
    "linalg.eigh": _total(eigh, reads="lower"),
    "linalg.eigvalsh": _total(eigvalsh, reads="lower"),
    "linalg.inv": inv,
    "linalg.matrix_norm": matrix_norm,
    "linalg.matrix_power": matrix_power,
    "linalg.matrix_rank": matrix_rank,
    "linalg.pinv": _total(pinv),
    "linalg.solve": solve,
}
