"""Lengths of vectors and of matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

from polyflow.core.dtypes import real_dtype
from polyflow.errors import ArgumentError, message
from polyflow_reference.array import Array
from polyflow_reference.decompositions import svdvals
from polyflow_reference.matrices import Matrix, Vector, as_matrices, length, matrices, stack_vectors
from polyflow_reference.operands import meet
from polyflow_reference.real_functions import power
from polyflow_reference.reductions import Axis, reduce, total


def vector_norm(x: Array, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> Array:
    """The lengths of vectors along some axes, sum(|x| ** ord) ** (1 / ord).

    The largest and the smallest magnitude for ord = inf and -inf, the number of elements that are not zero for ord = 0.

    >>> vector_norm(Array.of([3.0, -4.0])), vector_norm(Array.of([3.0, -4.0]), ord=1)
    (Array(5.0, float32), Array(7.0, float32))
    """
    (x,) = meet("vector_norm", "numeric", x, floating=True)
    return reduce(lambda vector: _vector_norm(vector, ord), x, axis, keepdims, real_dtype(x.dtype))


def _vector_norm(vector: Vector, ord: float) -> float:
    if ord == 2:
        return length(vector)
    magnitudes = list(map(abs, vector))
    if ord in (math.inf, -math.inf):
        return _extreme(max if ord > 0 else min, magnitudes)
    if ord == 0:
        return float(sum(map(bool, magnitudes)))
    return power(total([power(magnitude, ord) for magnitude in magnitudes]), 1.0 / ord)


def _extreme(function: Callable[[Sequence[float]], float], values: Sequence[float]) -> float:
    return math.nan if any(map(math.isnan, values)) else function(values)


def matrix_norm(x: Array, /, *, keepdims: bool = False, ord: float | Literal["fro", "nuc"] | None = "fro") -> Array:
    """The norms of matrices.

    "fro" is the length of all elements; 1 and inf the largest sum of magnitudes of a column and of a row; 2 the largest
    singular value and "nuc" the sum of all. -1, -inf and -2 take the smallest instead of the largest.

    >>> matrix_norm(Array.of([[3.0, 0.0], [0.0, -4.0]])), matrix_norm(Array.of([[1.0, -2.0], [3.0, 4.0]]), ord=1)
    (Array(5.0, float32), Array(6.0, float32))
    """
    x = as_matrices("matrix_norm", x)
    if ord in (2, -2, "nuc"):
        values = svdvals(x)
        norms = [_SPECTRAL[ord](row) for row in _rows(values)]
    elif ord in _ENTRYWISE:
        norms = [_ENTRYWISE[ord](matrix) for matrix in matrices(x)]
    else:
        raise ArgumentError(
            message("matrix_norm: unknown order", found=repr(ord), needed="'fro', 'nuc', 1, 2, inf, -1, -2, -inf")
        )
    shape = x.shape[:-2] + (1, 1) * keepdims
    return stack_vectors([norms], shape, real_dtype(x.dtype))


def _rows(x: Array) -> list[Vector]:
    count = x.shape[-1]
    return [x.values[k * count : (k + 1) * count] for k in range(math.prod(x.shape[:-1]))]


def _sums(vectors: Sequence[Sequence[Any]]) -> list[float]:
    return [total(list(map(abs, vector))) for vector in vectors]


def _columns(matrix: Matrix) -> list[tuple[Any, ...]]:
    return list(zip(*matrix, strict=True))


_SPECTRAL: dict[Any, Callable[[Vector], float]] = {2: max, -2: min, "nuc": total}
_ENTRYWISE: dict[Any, Callable[[Matrix], float]] = {
    "fro": lambda matrix: length([value for row in matrix for value in row]),
    None: lambda matrix: length([value for row in matrix for value in row]),
    1: lambda matrix: _extreme(max, _sums(_columns(matrix))),
    -1: lambda matrix: _extreme(min, _sums(_columns(matrix))),
    math.inf: lambda matrix: _extreme(max, _sums(matrix)),
    -math.inf: lambda matrix: _extreme(min, _sums(matrix)),
}
