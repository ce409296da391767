"""Diagonals, and the products of vectors that only ``linalg`` has."""

from __future__ import annotations

import math

from polyflow.core.dtypes import DType
from polyflow.errors import AxisError, ShapeError, message
from polyflow_reference import reductions
from polyflow_reference.arithmetic import multiply, subtract
from polyflow_reference.array import Array
from polyflow_reference.joining import stack
from polyflow_reference.operands import as_array, meet


def diagonal(x: Array, /, *, offset: int = 0) -> Array:
    """The diagonals of matrices, those ``offset`` places above the main one.

    >>> diagonal(Array.of([[1, 2], [3, 4]]))
    Array([1, 4], int64)
    """
    if x.ndim < 2:
        raise ShapeError(message("diagonal: no matrix", found=f"rank {x.ndim}", needed="rank 2 or more"))
    *batch, rows, columns = x.shape
    row, column = max(-offset, 0), max(offset, 0)
    count = max(min(rows - row, columns - column), 0)
    found = [
        (matrix * rows + row + k) * columns + column + k for matrix in range(math.prod(batch)) for k in range(count)
    ]
    return x.picked(found, (*batch, count))


def trace(x: Array, /, *, offset: int = 0, dtype: DType | None = None) -> Array:
    """The sums of the diagonals of matrices.

    >>> trace(Array.of([[1, 2], [3, 4]]))
    Array(5, int64)
    """
    return reductions.sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def outer(x1: Array, x2: Array, /) -> Array:
    """The products of every element of one vector with every element of another.

    >>> outer(Array.of([1, 2]), Array.of([3, 4]))
    Array([[3, 4], [6, 8]], int64)
    """
    x1, x2 = meet("outer", "numeric", as_array("outer", x1), as_array("outer", x2))
    if x1.ndim != 1 or x2.ndim != 1:
        raise ShapeError(message("outer: no vectors", found=f"{x1.shape} and {x2.shape}", needed="rank 1"))
    return multiply(Array(x1.values, (x1.size, 1), x1.dtype), x2)


def cross(x1: Array, x2: Array, /, *, axis: int = -1) -> Array:
    """The cross products of vectors of three elements along an axis, which is counted from the end.

    >>> cross(Array.of([1, 0, 0]), Array.of([0, 1, 0]))
    Array([0, 0, 1], int64)
    """
    x1, x2 = meet("cross", "numeric", as_array("cross", x1), as_array("cross", x2))
    rank = min(x1.ndim, x2.ndim)
    if not -rank <= axis < rank:
        raise AxisError(message(f"cross: axis {axis} is out of range", found=f"{x1.shape} and {x2.shape}"))
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ShapeError(
            message("cross: no vectors of three elements", found=f"{x1.shape} and {x2.shape}, axis {axis}")
        )
    after = (slice(None),) * (-axis - 1) if axis < 0 else (slice(None),) * (x1.ndim - axis - 1)
    (a1, a2, a3), (b1, b2, b3) = ([x[(..., k, *after)] for k in range(3)] for x in (x1, x2))
    parts = [
        subtract(multiply(a2, b3), multiply(a3, b2)),
        subtract(multiply(a3, b1), multiply(a1, b3)),
        subtract(multiply(a1, b2), multiply(a2, b1)),
    ]
    return stack(parts, axis=axis if axis < 0 else axis - x1.ndim)
