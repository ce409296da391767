"""Stacks of matrices as lists of rows, which the algorithms of ``linalg`` work on, and back.

The algorithms compute in double precision; their results are rounded once, when they become arrays again.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable, Sequence
from typing import Any

from polyflow.core.dtypes import DType
from polyflow.errors import ShapeError, message
from polyflow_reference.array import Array
from polyflow_reference.operands import as_array, meet
from polyflow_reference.shapes import Shape
from polyflow_reference.values import PYTHON_TYPES

# All numbers of a matrix are floats, or all are complex; the algorithms are the same for both.
Vector = list[Any]
Matrix = list[Vector]


def as_matrices(function: str, x: Array, *, square: bool = False) -> Array:
    """``x`` as a stack of matrices of floating-point numbers, checked.

    >>> as_matrices("inv", Array.of([[1, 2], [3, 4]])).dtype
    polyflow.float32
    """
    (x,) = meet(function, "numeric", as_array(function, x), floating=True)
    if x.ndim < 2 or (square and x.shape[-1] != x.shape[-2]):
        needed = "square matrices in the last two axes" if square else "rank 2 or more"
        raise ShapeError(message(f"{function}: no {'square ' * square}matrix", found=f"shape {x.shape}", needed=needed))
    return x


def matrices(x: Array) -> list[Matrix]:
    """The matrices in the last two axes, each as a list of rows.

    >>> matrices(Array.of([[1.0, 2.0], [3.0, 4.0]]))
    [[[1.0, 2.0], [3.0, 4.0]]]
    """
    rows, columns = x.shape[-2:]
    all_rows = [x.values[k * columns : (k + 1) * columns] for k in range(math.prod(x.shape[:-1]))]
    return [all_rows[k * rows : (k + 1) * rows] for k in range(math.prod(x.shape[:-2]))]


def stack_matrices(found: Iterable[Matrix], shape: Shape, dtype: DType) -> Array:
    """The array of ``shape`` that holds these matrices.

    >>> stack_matrices([[[1.0, 2.0]]], (1, 2), Array.of(1.0).dtype)
    Array([[1.0, 2.0]], float32)
    """
    return stack_vectors((vector for matrix in found for vector in matrix), shape, dtype)


def stack_vectors(found: Iterable[Sequence[Any]], shape: Shape, dtype: DType) -> Array:
    """The array of ``shape`` that holds these vectors.

    >>> stack_vectors([[1.0, 2.0]], (2,), Array.of(1.0).dtype)
    Array([1.0, 2.0], float32)
    """
    python_type = PYTHON_TYPES[dtype.kind]
    return Array.fitted([python_type(value) for vector in found for value in vector], shape, dtype)


def identity(size: int, like: Matrix) -> Matrix:
    """The identity matrix, of complex numbers if ``like`` has some.

    >>> identity(2, [[1j]])
    [[(1+0j), 0j], [0j, (1+0j)]]
    """
    one = 1 + 0j if like and like[0] and isinstance(like[0][0], complex) else 1.0
    return [[one if i == j else zero_like(one) for j in range(size)] for i in range(size)]


def zero_like(value: Any) -> Any:
    """The zero of the Python type of a number.

    >>> zero_like(-2.5), zero_like(1j)
    (0.0, 0j)
    """
    return type(value)(0)


def is_finite(matrix: Matrix) -> bool:
    """Whether no element is infinite or NaN.

    >>> is_finite([[1.0, 2.0]]), is_finite([[1j, complex("inf")]])
    (True, False)
    """
    return all(cmath.isfinite(value) for row in matrix for value in row)


def without_value(matrix: Matrix) -> Matrix:
    """A matrix of the same size and type that is NaN throughout.

    >>> without_value([[1.0, 2.0]])
    [[nan, nan]]
    """
    return [[zero_like(value) + math.nan for value in row] for row in matrix]


def normalised(matrix: Matrix) -> tuple[Matrix, int]:
    """The matrix, scaled by a power of two so that its largest part is about one, and the exponent of that power.

    Squares of what comes out neither overflow nor vanish; powers of two cost no digits.

    >>> normalised([[12.0, -16.0]])
    ([[0.375, -0.5]], 5)
    """
    largest = max((abs(part) for row in matrix for value in row for part in (value.real, value.imag)), default=0.0)
    if not 0.0 < largest < math.inf:
        return matrix, 0
    exponent = math.frexp(largest)[1]
    return scaled(matrix, -exponent), exponent


def scaled(matrix: Matrix, exponent: int) -> Matrix:
    """The matrix times 2 ** exponent, in two steps, since that power may be none itself.

    >>> scaled([[1.5, -2.0]], 3)
    [[12.0, -16.0]]
    """
    first, second = 2.0 ** (exponent // 2), 2.0 ** (exponent - exponent // 2)
    return [[value * first * second for value in row] for row in matrix]


def adjoint(matrix: Matrix) -> Matrix:
    """The conjugate transpose.

    >>> adjoint([[1.0, 2.0]])
    [[1.0], [2.0]]
    """
    return [[value.conjugate() for value in column] for column in zip(*matrix, strict=True)]


def product(a: Matrix, b: Matrix) -> Matrix:
    """The matrix product.

    >>> product([[1.0, 2.0]], [[3.0], [4.0]])
    [[11.0]]
    """
    columns = list(zip(*b, strict=True))
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in a]


def length(vector: Sequence[Any]) -> float:
    """The Euclidean length of a vector of real or complex numbers, without overflow on the way.

    >>> length([3.0, 4j])
    5.0
    """
    return math.hypot(*(part for value in vector for part in (value.real, value.imag)))
