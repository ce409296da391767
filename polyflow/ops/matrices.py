"""What the families of ``linalg`` share: checks of shapes, small pieces of mathematics, samples. It declares no op.

Gradients follow the convention of JAX: the rule of an op is the plain transpose of its derivative, without conjugation,
so that for a real function f the slope of ``f(x + t v)`` is the real part of ``sum(g * v)``. Textbooks pair ``conj(G)``
with ``v``; rules that are taken from them conjugate what comes in and what goes out.
"""

from __future__ import annotations

from math import inf, nan
from typing import Any

from polyflow.core.samples import values
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import ShapeError, message


def stack_of_matrices(x: TensorType) -> TensorType:
    """``x``, if it has the two axes of matrices."""
    if x.rank < 2:
        raise ShapeError(message("no matrices", found=format_shape(x.shape), needed="rank 2 or more"))
    return x


def stack_of_squares(x: TensorType) -> TensorType:
    """``x``, if the matrices in its last two axes can be square."""
    rows, columns = stack_of_matrices(x).known_shape[-2:]
    if rows != columns and None not in (rows, columns):
        raise ShapeError(
            message("the matrices are not square", found=format_shape(x.shape), needed="last two axes of one size")
        )
    return x


def smaller(rows: int | None, columns: int | None) -> int | None:
    """The smaller of two sizes; ``None`` where that is unknown."""
    if rows is None or columns is None:
        return 0 if 0 in (rows, columns) else None
    return min(rows, columns)


def conjugate(xp: Any, x: Any) -> Any:
    """``conj(x)``, without an operation where ``x`` is real."""
    return xp.conj(x) if x.dtype.is_complex else x


def adjoint(xp: Any, x: Any) -> Any:
    """The conjugate transposes."""
    return conjugate(xp, xp.matrix_transpose(x))


def hermitian_part(xp: Any, x: Any) -> Any:
    """The means of matrices and their adjoints."""
    return 0.5 * (x + adjoint(xp, x))


def diagonal_matrix(xp: Any, diagonal: Any) -> Any:
    """The square matrices with these diagonals, 0 elsewhere."""
    (size,) = diagonal.type.static_shape[-1:]
    return xp.where(xp.eye(size, dtype=xp.bool), xp.expand_dims(diagonal, axis=-1), 0.0)


def inverse_or_zero(xp: Any, x: Any) -> Any:
    """``1 / x``, and 0 where ``x`` is 0: also when it is differentiated."""
    is_zero = x == 0
    return xp.where(is_zero, 0.0, 1.0 / xp.where(is_zero, 1.0, x))


def quotient_or_zero(xp: Any, x: Any, divisor: Any) -> Any:
    """``x / divisor``, and 0 where both are 0."""
    is_zero = (x == 0) & (divisor == 0)
    return xp.where(is_zero, 0.0, x / xp.where(is_zero, 1.0, divisor))


def inverse_gaps(xp: Any, gaps: Any, is_used: Any) -> Any:
    """``1 / gaps`` for the differences of all pairs of values, 0 on the diagonal.

    Vectors that belong to equal values have no derivative: there it is NaN, but 0 where ``is_used`` says that nobody
    asks for one. A gap must be computed as a difference: that of two squares may come out as what rounding leaves.
    """
    is_own = xp.eye(gaps.shape[-1], dtype=xp.bool)
    is_equal = is_own | (gaps == 0)
    return xp.where(is_equal, xp.where(is_used & ~is_own, nan, 0.0), 1.0 / xp.where(is_equal, 1.0, gaps))


# -- arrays as samples need them

SINGULAR = values([[[1.0, 2.0], [2.0, 4.0]], [[2.0, 1.0], [0.0, 4.0]]])
"""A singular matrix beside a regular one."""
NOT_FINITE = values([[[nan, 0.0], [0.0, 1.0]], [[2.0, 1.0], [1.0, 4.0]], [[2.0, inf], [inf, 1.0]]])
"""A sound matrix, Hermitian and positive definite, between two that are not finite."""


def well_conditioned(xp: Any, x: Any) -> Any:
    """Matrices with singular values that lie apart, and far from 0."""
    rows, columns = x.shape[-2:]
    return 0.5 * x + xp.eye(rows, columns, dtype=x.dtype) * xp.astype(xp.arange(2, 2 + columns), x.dtype)


def hermitian(xp: Any, x: Any) -> Any:
    """Hermitian matrices with eigenvalues that lie apart."""
    return 0.25 * (x + adjoint(xp, x)) + diagonal_matrix(xp, xp.astype(xp.arange(x.shape[-1]), x.dtype))


def positive_definite(xp: Any, x: Any) -> Any:
    """Hermitian matrices with positive eigenvalues."""
    return xp.matmul(x, adjoint(xp, x)) + xp.eye(x.shape[-2], dtype=x.dtype)
