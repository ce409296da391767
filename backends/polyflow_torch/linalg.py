"""Linear algebra: NaN for matrices that are singular or hold NaN, where PyTorch raises or ends the process."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from array_api_compat.torch import linalg

from polyflow.extension import KernelTable


def inv(x: Any, /) -> Any:
    """NaN for singular matrices."""
    found, info = torch.linalg.inv_ex(x)
    return _spoilt(found, (info != 0) | ~_is_finite(x))


def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """NaN for matrices that are not positive definite."""
    found, info = torch.linalg.cholesky_ex(x, upper=upper)
    spoilt = _spoilt(found, (info != 0) | ~_is_finite(x))
    return torch.triu(spoilt) if upper else torch.tril(spoilt)


def solve(x1: Any, x2: Any, /) -> Any:
    """NaN for singular matrices; ``x2`` is a vector where it has one axis."""
    right = x2[..., None] if x2.ndim == 1 else x2
    found, info = torch.linalg.solve_ex(x1, right)
    found = _spoilt(found, (info != 0) | ~_is_finite(x1))
    return found[..., 0] if x2.ndim == 1 else found


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The Frobenius norm also where no order is given."""
    norm: Any = linalg  # the module says nothing of the functions that it makes
    return norm.matrix_norm(x, keepdims=keepdims, ord="fro" if ord is None else ord)


def _is_finite(x: Any) -> Any:
    return torch.isfinite(x).all(-1).all(-1)


def _spoilt(found: Any, is_bad: Any) -> Any:
    return torch.where(is_bad[..., None, None], math.nan, found) if found.numel() else found


def _of_finite(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` of matrices without infinities and NaN, and NaN for others: of these LAPACK may not come back."""

    def kernel(x: Any, /, **options: Any) -> Any:
        is_finite = _is_finite(x)
        found = function(torch.where(is_finite[..., None, None], x, 0), **options)
        if not isinstance(found, tuple):
            return _spoilt_parts(found, is_finite)
        return tuple(_spoilt_parts(each, is_finite) for each in found)

    return kernel


def _spoilt_parts(found: Any, is_finite: Any) -> Any:
    mask = is_finite.reshape(is_finite.shape + (1,) * (found.ndim - is_finite.ndim))
    return torch.where(mask, found, math.nan).to(found.dtype)


KERNELS: KernelTable = {
    "linalg.inv": inv,
    "linalg.cholesky": cholesky,
    "linalg.solve": solve,
    "linalg.matrix_norm": matrix_norm,
    **{
        f"linalg.{name}": _of_finite(getattr(linalg, name))
        for name in ("det", "eigh", "eigvalsh", "pinv", "slogdet", "svd", "svdvals")
    },
    **{f"linalg.{name}": _of_finite(getattr(torch.linalg, name)) for name in ("eig", "eigvals")},
}
