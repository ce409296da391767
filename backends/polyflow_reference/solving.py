"""Linear systems by elimination: ``solve``, ``inv``, determinants and integer powers of matrices.

All rest on one factorisation, LU with partial pivoting. Source: Golub and Van Loan, Matrix Computations, 3.4.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from polyflow.core.dtypes import real_dtype
from polyflow.errors import ShapeError, message
from polyflow_reference.array import Array
from polyflow_reference.linear_algebra import matmul
from polyflow_reference.manipulation import broadcast_to
from polyflow_reference.matrices import (
    Matrix,
    Vector,
    as_matrices,
    identity,
    is_finite,
    matrices,
    stack_matrices,
    without_value,
    zero_like,
)
from polyflow_reference.operands import meet
from polyflow_reference.shapes import broadcast_shapes


class Slogdet(NamedTuple):
    """What :func:`slogdet` returns."""

    sign: Array
    logabsdet: Array


def solve(x1: Array, x2: Array, /) -> Array:
    """The solutions x of x1 @ x = x2; a vector x2 is one right side, a matrix has one in each column.

    Where a matrix of x1 is singular, the solutions are NaN.

    >>> solve(Array.of([[2.0, 0.0], [0.0, 4.0]]), Array.of([1.0, 1.0]))
    Array([0.5, 0.25], float32)
    """
    x1, x2 = meet("solve", "numeric", as_matrices("solve", x1, square=True), x2, floating=True)
    is_vector = x2.ndim == 1
    right = Array(x2.values, (*x2.shape, 1), x2.dtype) if is_vector else x2
    size, count = x1.shape[-1], right.shape[-1] if right.ndim else 0
    if right.ndim < 2 or right.shape[-2] != size:
        raise ShapeError(message("solve: right sides of another length", found=f"{x1.shape} and {x2.shape}"))
    batch = broadcast_shapes(x1.shape[:-2], right.shape[:-2])
    lefts, rights = broadcast_to(x1, (*batch, size, size)), broadcast_to(right, (*batch, size, count))
    found = [_solved(a, b) for a, b in zip(matrices(lefts), matrices(rights), strict=True)]
    result = stack_matrices(found, (*batch, size, count), x1.dtype)
    return Array(result.values, result.shape[:-1], result.dtype) if is_vector else result


def inv(x: Array, /) -> Array:
    """The inverses of square matrices, NaN of singular ones.

    >>> inv(Array.of([[2.0, 0.0], [0.0, 4.0]]))
    Array([[0.5, 0.0], [0.0, 0.25]], float32)
    """
    x = as_matrices("inv", x, square=True)
    return stack_matrices((_solved(a, identity(len(a), a)) for a in matrices(x)), x.shape, x.dtype)


def det(x: Array, /) -> Array:
    """The determinants of square matrices: the product of the pivots of the elimination, with the sign of its swaps.

    >>> det(Array.of([[1.0, 2.0], [3.0, 4.0]]))
    Array(-2.0, float32)
    """
    x = as_matrices("det", x, square=True)
    determinants = []
    for matrix in matrices(x):
        factors, _, sign = lu(matrix if is_finite(matrix) else without_value(matrix))
        determinants.append(math.prod((factors[k][k] for k in range(len(factors))), start=_one(x) * sign))
    return Array.fitted(determinants, x.shape[:-2], x.dtype)


def slogdet(x: Array, /) -> Slogdet:
    """The signs of determinants (of complex ones, the direction) and the logarithms of their absolute values.

    >>> slogdet(Array.of([[0.0, 2.0], [2.0, 0.0]]))
    Slogdet(sign=Array(-1.0, float32), logabsdet=Array(1.3862944, float32))
    """
    x = as_matrices("slogdet", x, square=True)
    signs, logarithms = [], []
    for matrix in matrices(x):
        factors, _, sign = lu(matrix if is_finite(matrix) else without_value(matrix))
        pivots = [factors[k][k] for k in range(len(factors))]
        singular = 0 in pivots
        directions = (pivot / abs(pivot) for pivot in pivots)
        signs.append(zero_like(_one(x)) if singular else math.prod(directions, start=_one(x) * sign))
        logarithms.append(-math.inf if singular else math.fsum(math.log(abs(pivot)) for pivot in pivots))
    batch = x.shape[:-2]
    return Slogdet(Array.fitted(signs, batch, x.dtype), Array.fitted(logarithms, batch, real_dtype(x.dtype)))


def _one(x: Array) -> complex:
    return 1 + 0j if x.dtype.is_complex else 1.0


def matrix_power(x: Array, n: int, /) -> Array:
    """The n-th powers of square matrices, by repeated squaring; those of the inverses for a negative n.

    >>> matrix_power(Array.of([[1.0, 1.0], [0.0, 1.0]]), 5)
    Array([[1.0, 5.0], [0.0, 1.0]], float32)
    """
    base = as_matrices("matrix_power", x, square=True)
    if n < 0:
        base, n = inv(base), -n
    power = stack_matrices((identity(len(a), a) for a in matrices(base)), base.shape, base.dtype)
    while n:
        if n % 2:
            power = matmul(power, base)
        base, n = matmul(base, base), n // 2
    return power


def lu(matrix: Matrix) -> tuple[Matrix, list[int], int]:
    """L and U of P A = L U in one matrix (the ones of L left out), the order of the rows in P, and the sign of P.

    >>> lu([[1.0, 2.0], [2.0, 2.0]])
    ([[2.0, 2.0], [0.5, 1.0]], [1, 0], -1)
    """
    rows, order, sign = [list(row) for row in matrix], list(range(len(matrix))), 1
    for k in range(len(rows)):
        pivot = max(range(k, len(rows)), key=lambda i: abs(rows[i][k]))
        if pivot != k:
            rows[k], rows[pivot] = rows[pivot], rows[k]
            order[k], order[pivot] = order[pivot], order[k]
            sign = -sign
        if rows[k][k] == 0:
            continue
        for row in rows[k + 1 :]:
            row[k] /= rows[k][k]
            if row[k]:
                row[k + 1 :] = [a - row[k] * b for a, b in zip(row[k + 1 :], rows[k][k + 1 :], strict=True)]
    return rows, order, sign


def _solved(a: Matrix, b: Matrix) -> Matrix:
    """x of a x = b; NaN for a singular a, and for one that is not finite."""
    factors, order, _ = lu(a)
    if not is_finite(a) or any(factors[k][k] == 0 for k in range(len(factors))):
        return without_value(b)
    columns = [_substituted(factors, [column[i] for i in order]) for column in zip(*b, strict=True)]
    return [list(row) for row in zip(*columns, strict=True)]


def _substituted(factors: Matrix, right: Vector) -> Vector:
    """x of L U x = right: forwards through L, whose diagonal is one, then backwards through U."""
    x = list(right)
    for i, row in enumerate(factors):
        x[i] -= sum(row[j] * x[j] for j in range(i))
    for i in reversed(range(len(x))):
        x[i] = (x[i] - sum(factors[i][j] * x[j] for j in range(i + 1, len(x)))) / factors[i][i]
    return x
