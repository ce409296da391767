"""Products of matrices and vectors. Decompositions and what rests on them are in the modules of ``linalg``."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

from polyflow.errors import AxisError, ShapeError, message
from polyflow_reference import complex_functions
from polyflow_reference.arithmetic import conj
from polyflow_reference.array import Array
from polyflow_reference.operands import as_array, meet
from polyflow_reference.shapes import broadcast_shapes, normal_axes, normal_axis
from polyflow_reference.values import PYTHON_TYPES, Values


def matmul(x1: Array, x2: Array, /) -> Array:
    """The matrix products of the last two axes, sum over k of x1[..., i, k] * x2[..., k, j]; the others broadcast.

    A vector counts as a row on the left and as a column on the right, and its axis is dropped from the result.

    >>> matmul(Array.of([[1, 2], [3, 4]]), Array.of([1, 1]))
    Array([3, 7], int64)
    """
    x1, x2 = meet("matmul", "numeric", as_array("matmul", x1), as_array("matmul", x2))
    if 0 in (x1.ndim, x2.ndim):
        raise ShapeError(
            message("matmul: an operand is a scalar", found=f"{x1.shape} and {x2.shape}", remedy="x1 * x2")
        )
    left = Array(x1.values, (1, *x1.shape), x1.dtype) if x1.ndim == 1 else x1
    right = Array(x2.values, (*x2.shape, 1), x2.dtype) if x2.ndim == 1 else x2
    rows, inner = left.shape[-2:]
    if right.shape[-2] != inner:
        raise ShapeError(
            message(
                "matmul: inner dimensions differ",
                found=f"{x1.shape} and {x2.shape}",
                needed="columns of x1 = rows of x2",
            )
        )
    columns = right.shape[-1]
    batch = broadcast_shapes(left.shape[:-2], right.shape[:-2])
    lefts = _matrices(left, batch, rows * inner)
    rights = _matrices(right, batch, inner * columns)
    values: Values = []
    for a, b in zip(lefts, rights, strict=True):
        rows_of_a = [a[i * inner : (i + 1) * inner] for i in range(rows)]
        columns_of_b = [b[j::columns] for j in range(columns)]
        values.extend(dot(row, column) for row in rows_of_a for column in columns_of_b)
    shape = batch + (rows,) * (x1.ndim > 1) + (columns,) * (x2.ndim > 1)
    python_type = PYTHON_TYPES[x1.dtype.kind]
    return Array.fitted(values if inner else [python_type(0)] * len(values), shape, x1.dtype)


def dot(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """The sum of the products of two sequences of numbers, in double precision.

    >>> dot([1, 2], [3, 4])
    11
    """
    if a and isinstance(a[0], complex):
        return sum(map(complex_functions.multiply, a, b), 0j)
    return sum(map(operator.mul, a, b))


def _matrices(x: Array, batch: tuple[int, ...], size: int) -> Iterable[Values]:
    """The flat lists of the matrices in the last two axes, repeated as the batch asks for."""
    count = math.prod(x.shape[:-2])
    numbers = Array(list(range(count)), x.shape[:-2], x.dtype).stretched(batch)
    return (x.values[k * size : (k + 1) * size] for k in numbers)


def matrix_transpose(x: Array, /) -> Array:
    """The transposes of the matrices in the last two axes.

    >>> matrix_transpose(Array.of([[1, 2], [3, 4]]))
    Array([[1, 3], [2, 4]], int64)
    """
    return as_array("matrix_transpose", x).mT


def tensordot(x1: Array, x2: Array, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Array:
    """The sums of products over some axes of both; an integer n names the last n of x1 and the first n of x2.

    >>> tensordot(Array.of([[1, 2], [3, 4]]), Array.of([[1, 0], [0, 1]]))
    Array(5, int64)
    """
    x1, x2 = meet("tensordot", "numeric", as_array("tensordot", x1), as_array("tensordot", x2))
    if isinstance(axes, int):
        if not 0 <= axes <= min(x1.ndim, x2.ndim):
            raise AxisError(message(f"tensordot: {axes} axes", found=f"ranks {x1.ndim} and {x2.ndim}"))
        axes = (range(x1.ndim - axes, x1.ndim), range(axes))
    first, second = normal_axes(axes[0], x1.ndim), normal_axes(axes[1], x2.ndim)
    if [x1.shape[a] for a in first] != [x2.shape[a] for a in second]:
        raise ShapeError(
            message(
                "tensordot: summed axes differ in length",
                found=f"{x1.shape} and {x2.shape}",
                needed=f"axes {axes} to match",
            )
        )
    kept1 = [a for a in range(x1.ndim) if a not in first]
    kept2 = [a for a in range(x2.ndim) if a not in second]
    shape1, shape2 = tuple(x1.shape[a] for a in kept1), tuple(x2.shape[a] for a in kept2)
    inner = math.prod(x1.shape[a] for a in first)
    left = Array(x1.rearranged([*kept1, *first]).values, (math.prod(shape1), inner), x1.dtype)
    right = Array(x2.rearranged([*second, *kept2]).values, (inner, math.prod(shape2)), x2.dtype)
    return Array(matmul(left, right).values, shape1 + shape2, x1.dtype)


def vecdot(x1: Array, x2: Array, /, *, axis: int = -1) -> Array:
    """The dot products of vectors along an axis, sum of conj(x1) * x2; the other axes broadcast.

    >>> vecdot(Array.of([1 + 1j, 2]), Array.of([1j, 1]))
    Array((3+1j), complex64)
    """
    x1, x2 = meet("vecdot", "numeric", as_array("vecdot", x1), as_array("vecdot", x2))
    place1, place2 = normal_axis(axis, x1.ndim), normal_axis(axis, x2.ndim)
    if x1.shape[place1] != x2.shape[place2]:
        raise ShapeError(message("vecdot: vectors differ in length", found=f"{x1.shape} and {x2.shape}, axis {axis}"))
    left = conj(x1).rearranged([*(a for a in range(x1.ndim) if a != place1), place1])
    right = x2.rearranged([*(a for a in range(x2.ndim) if a != place2), place2])
    rows = Array(left.values, (*left.shape[:-1], 1, left.shape[-1]), left.dtype)
    columns = Array(right.values, (*right.shape, 1), right.dtype)
    product = matmul(rows, columns)
    return Array(product.values, product.shape[:-2], product.dtype)
