"""Linear algebra where NumPy reads another triangle than the one it is asked for, or raises where NaN is the answer.

NumPy refuses a whole stack of matrices for one that is singular, and NaN in some functions. Such matrices are looked
for only where there are any; the identity takes their place, and NaN is written over what comes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from polyflow.extension import Kernel
from polyflow.ops.linalg_solving import cofactors_kernel
from polyflow_numpy import namespace

Array = Any  # numpy.ndarray


def _standard(name: str) -> Kernel:
    """The standard's function ``name``, looked for when it is called: the library that mends it loads slowly."""

    def function(*operands: Any, **options: Any) -> Any:
        return getattr(namespace.linalg, name)(*operands, **options)

    return function


_solve = _standard("solve")


def _total(function: Callable[..., Any], *, judge: Callable[..., Any] | None = None, reads: str = "all") -> Kernel:
    """``function`` made total: NaN for matrices that are not finite, and for those that ``judge`` raises for.

    ``reads`` is the triangle that counts, ``"lower"`` or ``"chosen"`` by the attribute ``upper``.
    """

    def kernel(x: Array, /, *rest: Any, **options: Any) -> Any:
        seen = x if reads == "all" else np.triu(x) if options.get("upper") else np.tril(x)
        if np.isfinite(seen).all():
            try:
                return function(x, *rest, **options)
            except np.linalg.LinAlgError:
                if judge is None:
                    raise
        is_refused = ~np.isfinite(seen).all(axis=(-2, -1))
        if judge is not None:
            keywords = options if judge is function else {}
            pairs = zip(is_refused.reshape(-1), x.reshape(-1, *x.shape[-2:]), strict=True)
            judged = [bool(known) or _raises(judge, matrix, keywords) for known, matrix in pairs]
            is_refused = np.asarray(judged).reshape(is_refused.shape)
        sound = np.where(is_refused[..., None, None], np.eye(*x.shape[-2:], dtype=x.dtype), x)
        found = function(sound, *rest, **options)
        matrix_axes = min(rest[0].ndim, 2) if rest and function is _solve else None
        return _filled(found, is_refused, matrix_axes)

    return kernel


def _raises(function: Callable[..., Any], matrix: Array, options: dict[str, Any]) -> bool:
    try:
        function(matrix, **options)
    except np.linalg.LinAlgError:
        return True
    return False


def _filled(found: Any, is_refused: Array, matrix_axes: int | None) -> Any:
    """``found`` with NaN, or 0 in integers, where ``is_refused``, which has its axes but the last ``matrix_axes``."""
    if isinstance(found, tuple):
        parts = [_filled(each, is_refused, matrix_axes) for each in found]
        return type(found)(*parts) if hasattr(found, "_fields") else tuple(parts)
    array = np.asarray(found)
    axes = array.ndim - is_refused.ndim if matrix_axes is None else matrix_axes
    nothing = array.dtype.type(np.nan if array.dtype.kind in "fc" else 0)
    return np.where(is_refused.reshape(is_refused.shape + (1,) * axes), nothing, array)


def _cholesky(x: Array, /, *, upper: bool = False) -> Array:
    """``numpy.linalg.cholesky``, which reads the upper triangle if that is what it returns."""
    if not upper:
        return np.linalg.cholesky(x)
    return np.linalg.cholesky(x.conj().swapaxes(-1, -2)).conj().swapaxes(-1, -2)


def _triangle(kernel: Kernel) -> Kernel:
    """``kernel`` with zeros in the triangle that its result does not have."""

    def cholesky(x: Array, /, *, upper: bool = False) -> Array:
        found = kernel(x, upper=upper)
        is_whole = found.ndim == 2 and np.isfinite(found).all()
        return found if is_whole else (np.triu if upper else np.tril)(found)

    return cholesky


_inv = _total(np.linalg.inv, judge=np.linalg.inv)


def _matrix_power(x: Array, n: int, /) -> Array:
    """``numpy.linalg.matrix_power``; a negative one of the inverse as it is here."""
    return np.linalg.matrix_power(_inv(x), -n) if n < 0 else np.linalg.matrix_power(x, n)


_rank_by_singular_values = _total(_standard("matrix_rank"))


def _matrix_rank(x: Array, /, *rest: Any, **options: Any) -> Array:
    """The standard's, and 0 for matrices without elements, of which NumPy looks for the largest singular value."""
    return _rank_by_singular_values(x, *rest, **options) if 0 not in x.shape[-2:] else np.zeros(x.shape[:-2], np.int64)


_norm_by_singular_values = _total(_standard("matrix_norm"))


def _matrix_norm(x: Array, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    """The standard's; that by singular values made total, while others know what to do with infinities."""
    norm = _norm_by_singular_values if ord in (2, -2, "nuc") else namespace.linalg.matrix_norm
    return norm(x, keepdims=keepdims, ord=ord)


_WITHOUT_JUDGE = ("det", "eig", "eigvals", "pinv", "slogdet", "svd", "svdvals")

KERNELS: dict[str, Kernel] = {
    **{f"linalg.{name}": _total(_standard(name)) for name in _WITHOUT_JUDGE},
    "linalg.cholesky": _triangle(_total(_cholesky, judge=_cholesky, reads="chosen")),
    "linalg.cofactors": _total(partial(cofactors_kernel, namespace)),
    "linalg.eigh": _total(_standard("eigh"), reads="lower"),
    "linalg.eigvalsh": _total(np.linalg.eigvalsh, reads="lower"),
    "linalg.inv": _inv,
    "linalg.matrix_norm": _matrix_norm,
    "linalg.matrix_power": _matrix_power,
    "linalg.matrix_rank": _matrix_rank,
    "linalg.solve": _total(_solve, judge=np.linalg.inv),
}
