"""Eigenvalues and eigenvectors: of Hermitian matrices by Jacobi's rotations, of others by QR iteration.

Sources: Golub and Van Loan, Matrix Computations: 8.5 (Jacobi), 7.4 (Hessenberg form), 7.5 (shifted QR), 7.6
(eigenvectors of a triangular matrix).
"""

from __future__ import annotations

import cmath
import math
import sys
from typing import NamedTuple

from polyflow.core.dtypes import complex_dtype, real_dtype
from polyflow.errors import ValueRangeError, message
from polyflow_reference.array import Array
from polyflow_reference.decompositions import jacobi_rotation, reflect, reflector
from polyflow_reference.matrices import (
    Matrix,
    Vector,
    adjoint,
    as_matrices,
    identity,
    is_finite,
    length,
    matrices,
    normalised,
    scaled,
    stack_matrices,
    stack_vectors,
    without_value,
    zero_like,
)

_EPSILON = sys.float_info.epsilon
_MOST_SWEEPS = 60
_MOST_STEPS = 60  # of QR iteration for one eigenvalue; two or three are usual


class Eigh(NamedTuple):
    """What :func:`eigh` returns."""

    eigenvalues: Array
    eigenvectors: Array


class Eig(NamedTuple):
    """What :func:`eig` returns."""

    eigenvalues: Array
    eigenvectors: Array


def eigh(x: Array, /) -> Eigh:
    """The eigenvalues w of Hermitian matrices, ascending, and orthonormal eigenvectors in the columns of v: x v = v w.

    Only the lower triangle is read.

    >>> eigh(Array.of([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    Array([1.0, 2.0], float32)
    """
    x = as_matrices("eigh", x, square=True)
    pairs = [_eigh(matrix) for matrix in matrices(x)]
    return Eigh(
        stack_vectors((values for values, _ in pairs), x.shape[:-1], real_dtype(x.dtype)),
        stack_matrices((vectors for _, vectors in pairs), x.shape, x.dtype),
    )


def eigvalsh(x: Array, /) -> Array:
    """The eigenvalues of Hermitian matrices, ascending.

    >>> eigvalsh(Array.of([[2.0, 0.0], [0.0, 1.0]]))
    Array([1.0, 2.0], float32)
    """
    return eigh(x).eigenvalues


def _eigh(matrix: Matrix) -> tuple[list[float], Matrix]:
    size = len(matrix)
    if not is_finite([row[: place + 1] for place, row in enumerate(matrix)]):
        return [math.nan] * size, without_value(matrix)
    matrix, exponent = normalised(matrix)
    a = [[matrix[i][j] if j <= i else matrix[j][i].conjugate() for j in range(size)] for i in range(size)]
    for i in range(size):
        a[i][i] = a[i][i].real
    vectors = identity(size, matrix)  # in its rows, until the end
    negligible = _EPSILON * length([value for row in a for value in row])
    for _ in range(_MOST_SWEEPS):
        overlaps = [(p, q) for p in range(size) for q in range(p + 1, size) if abs(a[p][q]) > negligible]
        if not overlaps:
            break
        for p, q in overlaps:
            _rotate(a, vectors, p, q)
    order = sorted(range(size), key=lambda k: a[k][k].real)
    (values,) = scaled([[a[k][k].real for k in order]], exponent)
    return values, [list(row) for row in zip(*(vectors[k] for k in order), strict=True)]


def _rotate(a: Matrix, vectors: Matrix, p: int, q: int) -> None:
    """Make a[p][q] zero by a rotation from both sides, and turn the eigenvectors with it."""
    overlap = a[p][q]
    if overlap == 0:
        return
    cosine, sine = jacobi_rotation(a[p][p].real, a[q][q].real, overlap)
    for row in a:  # from the right
        row[p], row[q] = cosine * row[p] - sine.conjugate() * row[q], sine * row[p] + cosine * row[q]
    x, y = a[p], a[q]  # and its adjoint from the left
    a[p] = [cosine * i - sine * j for i, j in zip(x, y, strict=True)]
    a[q] = [sine.conjugate() * i + cosine * j for i, j in zip(x, y, strict=True)]
    a[p][q] = a[q][p] = zero_like(overlap)
    x, y = vectors[p], vectors[q]
    vectors[p] = [cosine * i - sine.conjugate() * j for i, j in zip(x, y, strict=True)]
    vectors[q] = [sine * i + cosine * j for i, j in zip(x, y, strict=True)]


def eig(x: Array, /) -> Eig:
    """The eigenvalues w of square matrices, and eigenvectors of length one in the columns of v: x v = v w.

    Both are complex, also for a real matrix.

    >>> eig(Array.of([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    Array([(2+0j), (1+0j)], complex64)
    """
    x = as_matrices("eig", x, square=True)
    dtype = complex_dtype(x.dtype)
    pairs = [_eig(matrix) for matrix in matrices(x)]
    return Eig(
        stack_vectors((values for values, _ in pairs), x.shape[:-1], dtype),
        stack_matrices((vectors for _, vectors in pairs), x.shape, dtype),
    )


def eigvals(x: Array, /) -> Array:
    """The eigenvalues of square matrices, which are complex numbers.

    >>> eigvals(Array.of([[2.0, 0.0], [0.0, 1.0]]))
    Array([(2+0j), (1+0j)], complex64)
    """
    return eig(x).eigenvalues


def _eig(matrix: Matrix) -> tuple[Vector, Matrix]:
    if not is_finite(matrix):
        return [complex(math.nan)] * len(matrix), without_value([[complex(value) for value in row] for row in matrix])
    matrix, exponent = normalised(matrix)
    triangle, basis = _schur([[complex(value) for value in row] for row in matrix])
    columns = []
    for k in range(len(matrix)):
        inner = _triangular_eigenvector(triangle, k)
        vector = [sum(row[j] * inner[j] for j in range(k + 1)) for row in basis]
        size = length(vector)
        columns.append([value / size for value in vector])
    (values,) = scaled([[triangle[k][k] for k in range(len(matrix))]], exponent)
    return values, [list(row) for row in zip(*columns, strict=True)]


def _triangular_eigenvector(t: Matrix, k: int) -> Vector:
    """The first k + 1 elements of x with t x = t[k][k] x; the others are zero."""
    smallest = _EPSILON * max((abs(value) for row in t for value in row), default=0.0) or sys.float_info.min
    x = [0j] * k + [1 + 0j]
    for i in reversed(range(k)):
        difference = t[k][k] - t[i][i]
        if abs(difference) < smallest:  # a multiple eigenvalue: of parallel vectors, those that differ a little
            difference = complex(smallest)
        x[i] = sum(t[i][j] * x[j] for j in range(i + 1, k + 1)) / difference
    return x


def _schur(a: Matrix) -> tuple[Matrix, Matrix]:
    """The upper triangular T and the unitary Q of a = Q T Q^H."""
    h, q = _hessenberg(a)
    last, steps = len(h) - 1, 0
    while last > 0:
        first = last
        while first > 0 and not _is_negligible(h, first):
            first -= 1
        if first > 0:
            h[first][first - 1] = 0j
        if first == last:
            last, steps = last - 1, 0
            continue
        steps += 1
        if steps > _MOST_STEPS:
            raise ValueRangeError(message("eig: QR iteration does not converge", remedy="scale the matrix"))
        _qr_step(h, q, first, last, _shift(h, last, steps))
    return h, q


def _hessenberg(a: Matrix) -> tuple[Matrix, Matrix]:
    """H with zeros below the first subdiagonal, and the unitary Q of a = Q H Q^H."""
    h, q_adjoint = [list(row) for row in a], identity(len(a), [[0j]])
    for k in range(len(h) - 2):
        v, factor = reflector([row[k] for row in h[k + 1 :]])
        reflect(h, v, factor, k + 1)
        reflect(q_adjoint, v, factor, k + 1)
        from_the_right = adjoint(h)
        reflect(from_the_right, v, factor, k + 1)
        h = adjoint(from_the_right)
        for row in h[k + 2 :]:
            row[k] = 0j
    return h, adjoint(q_adjoint)


def _is_negligible(h: Matrix, k: int) -> bool:
    return not abs(h[k][k - 1]) > _EPSILON * (abs(h[k][k]) + abs(h[k - 1][k - 1]))


def _shift(h: Matrix, last: int, steps: int) -> complex:
    """The eigenvalue of the last 2 x 2 block that is nearer to its last element (Wilkinson's shift)."""
    if steps % 10 == 0:  # leave a cycle, should the iteration be caught in one
        return complex(h[last][last] + abs(h[last][last - 1]))
    a, b, c, d = h[last - 1][last - 1], h[last - 1][last], h[last][last - 1], h[last][last]
    half = (a - d) / 2
    root = cmath.sqrt(half * half + b * c)
    denominator = half + root if abs(half + root) > abs(half - root) else half - root
    return complex(d - b * c / denominator if denominator else d)


def _qr_step(h: Matrix, q: Matrix, first: int, last: int, shift: complex) -> None:
    """h - shift = Q R becomes R Q + shift, in the rows and columns from ``first`` to ``last``, in place."""
    rotations = []
    for k in range(first, last + 1):
        h[k][k] -= shift
    for k in range(first, last):
        a, b = h[k][k], h[k + 1][k]
        size = length([a, b])
        cosine, sine = (a / size, b / size) if size else (1 + 0j, 0j)
        rotations.append((cosine, sine))
        upper, lower = h[k], h[k + 1]
        for j in range(k, len(h)):
            upper[j], lower[j] = (
                cosine.conjugate() * upper[j] + sine.conjugate() * lower[j],
                cosine * lower[j] - sine * upper[j],
            )
    for k, (cosine, sine) in enumerate(rotations, start=first):
        for row in [*h[: min(k + 2, last + 1)], *q]:
            row[k], row[k + 1] = (
                row[k] * cosine + row[k + 1] * sine,
                row[k + 1] * cosine.conjugate() - row[k] * sine.conjugate(),
            )
    for k in range(first, last + 1):
        h[k][k] += shift
