"""Linear algebra: NaN for matrices that are singular or hold NaN, where PyTorch raises or ends the process."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from array_api_compat import torch as xp
from array_api_compat.torch import linalg

from polyflow.extension import Kernel, KernelTable
from polyflow.ops.linalg_solving import cofactors_kernel

_norm: Any = linalg  # the module says nothing of the functions that it makes


def inv(x: Any, /) -> Any:
    """NaN for singular matrices."""
    found, info = torch.linalg.inv_ex(x)
    return _spoilt(found, (info == 0) & _is_finite(x))


def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """NaN for matrices that are not positive definite."""
    found, info = torch.linalg.cholesky_ex(x, upper=upper)
    triangle = torch.triu if upper else torch.tril
    return triangle(_spoilt(found, (info == 0) & _is_finite(triangle(x))))


def solve(x1: Any, x2: Any, /) -> Any:
    """NaN for singular matrices; ``x2`` is a vector where it has one axis."""
    found, info = torch.linalg.solve_ex(x1, x2[..., None] if x2.ndim == 1 else x2)
    found = torch.where(((info == 0) & _is_finite(x1))[..., None, None], found, math.nan)
    return found[..., 0] if x2.ndim == 1 else found


def matrix_power(x: Any, n: int, /) -> Any:
    """A negative one of the inverse as it is here."""
    return torch.linalg.matrix_power(inv(x), -n) if n < 0 else torch.linalg.matrix_power(x, n)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The standard's; that by singular values made total, while others know what to do with infinities."""
    kernel = _norm_by_singular_values if ord in (2, -2, "nuc") else _norm.matrix_norm
    return kernel(x, keepdims=keepdims, ord="fro" if ord is None else ord)


def _is_finite(x: Any) -> Any:
    return torch.isfinite(x).all(-1).all(-1)


def _spoilt(found: Any, is_sound: Any) -> Any:
    """``found`` with NaN, or 0 in integers, where ``is_sound``, which has its first axes, is not."""
    mask = is_sound.reshape(is_sound.shape + (1,) * (found.ndim - is_sound.ndim))
    return torch.where(mask, found, math.nan if found.is_floating_point() or found.is_complex() else 0).to(found.dtype)


def _of_finite(function: Callable[..., Any], *, reads: str = "all") -> Kernel:
    """``function`` of matrices without infinities and NaN, and NaN for others: of these LAPACK may not come back.

    ``reads`` says that only the ``"lower"`` triangle counts.
    """

    def kernel(x: Any, /, *rest: Any, **options: Any) -> Any:
        is_finite = _is_finite(x if reads == "all" else torch.tril(x))
        found = function(torch.where(is_finite[..., None, None], x, 0), *rest, **options)
        if not isinstance(found, tuple):
            return _spoilt(found, is_finite)
        return tuple(_spoilt(each, is_finite) for each in found)

    return kernel


_norm_by_singular_values = _of_finite(_norm.matrix_norm)

_TOTAL = ("det", "matrix_rank", "pinv", "slogdet", "svd", "svdvals")
KERNELS: KernelTable = {
    **{f"linalg.{each.__name__}": each for each in (inv, cholesky, solve, matrix_norm, matrix_power)},
    **{f"linalg.{name}": _of_finite(getattr(linalg, name)) for name in _TOTAL},
    **{f"linalg.{name}": _of_finite(getattr(linalg, name), reads="lower") for name in ("eigh", "eigvalsh")},
    **{f"linalg.{name}": _of_finite(getattr(torch.linalg, name)) for name in ("eig", "eigvals")},
    "linalg.cofactors": _of_finite(lambda x: cofactors_kernel(xp, x)),
}
