"""Matrices as products of simpler ones: Cholesky, QR, singular values, and what rests on them.

Sources: Golub and Van Loan, Matrix Computations: 4.2 (Cholesky), 5.2 (Householder QR), 8.6 (one-sided Jacobi).
"""

from __future__ import annotations

import math
import sys
from typing import Any, Literal, NamedTuple

from polyflow.core.dtypes import real_dtype
from polyflow.errors import ArgumentError, message
from polyflow_reference.array import Array
from polyflow_reference.data_types import finfo
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
    product,
    scaled,
    stack_matrices,
    stack_vectors,
    without_value,
    zero_like,
)
from polyflow_reference.searching import INDEX_DTYPE


class QR(NamedTuple):
    """What :func:`qr` returns."""

    Q: Array
    R: Array


class SVD(NamedTuple):
    """What :func:`svd` returns."""

    U: Array
    S: Array
    Vh: Array


def cholesky(x: Array, /, *, upper: bool = False) -> Array:
    """The lower triangular L of x = L L^H for positive definite matrices, or the upper U of x = U^H U; else NaN.

    >>> cholesky(Array.of([[4.0, 2.0], [2.0, 5.0]]))
    Array([[2.0, 0.0], [1.0, 2.0]], float32)
    """
    x = as_matrices("cholesky", x, square=True)
    lower = [_cholesky(matrix if not upper else adjoint(matrix)) for matrix in matrices(x)]
    return stack_matrices((adjoint(factor) if upper else factor for factor in lower), x.shape, x.dtype)


def _cholesky(a: Matrix) -> Matrix:
    lower = [[zero_like(value) for value in row] for row in a]
    for i, row in enumerate(lower):
        for j in range(i):
            row[j] = (a[i][j] - _inner(lower[j][:j], row[:j])) / lower[j][j]
        square = a[i][i].real - _inner(row[:i], row[:i]).real
        if not 0.0 < square < math.inf:
            return [[zero_like(a[i][j]) + (math.nan if j <= i else 0.0) for j in range(len(a))] for i in range(len(a))]
        row[i] += math.sqrt(square)
    return lower


def _inner(a: Vector, b: Vector) -> Any:
    """The inner product, sum of conj(a) * b."""
    return sum(x.conjugate() * y for x, y in zip(a, b, strict=True))


def qr(x: Array, /, *, mode: Literal["reduced", "complete"] = "reduced") -> QR:
    """Q with orthonormal columns and the upper triangular R of x = Q R; "complete" makes Q square.

    >>> qr(Array.of([[3.0], [4.0]])).R
    Array([[-5.0]], float32)
    """
    if mode not in ("reduced", "complete"):
        raise ArgumentError(message("qr: unknown mode", found=repr(mode), needed="'reduced' or 'complete'"))
    x = as_matrices("qr", x)
    *batch, rows, columns = x.shape
    kept = min(rows, columns) if mode == "reduced" else rows
    pairs = [householder_qr(matrix, columns) for matrix in matrices(x)]
    return QR(
        stack_matrices(([row[:kept] for row in q] for q, _ in pairs), (*batch, rows, kept), x.dtype),
        stack_matrices((r[:kept] for _, r in pairs), (*batch, kept, columns), x.dtype),
    )


def householder_qr(matrix: Matrix, columns: int) -> tuple[Matrix, Matrix]:
    """The square Q and the R of a QR decomposition, by reflections that clear one column after the other.

    >>> householder_qr([[3.0], [4.0]], 1)[1]
    [[-5.0], [0.0]]
    """
    r = [list(row) for row in matrix]
    q_adjoint = identity(len(r), r)
    for k in range(min(len(r), columns)):
        v, factor = reflector([row[k] for row in r[k:]])
        for target in (r, q_adjoint):
            reflect(target, v, factor, k)
        for row in r[k + 1 :]:
            row[k] = zero_like(row[k])
    return adjoint(q_adjoint), r


def reflector(x: Vector) -> tuple[Vector, Any]:
    """v and f for which (I - f v v^H) x is zero but for its first element, which is real.

    It takes LAPACK's choices (larfg), which make the decomposition unique: the first element changes its sign, and
    nothing is reflected if nothing is left to clear.
    """
    first, below = x[0], length(x[1:])
    if below == 0.0 and first.imag == 0.0:
        return [zero_like(value) for value in x], zero_like(first)
    cleared = -math.copysign(length([below, first]), first.real)
    v = [zero_like(first) + 1.0, *(value / (first - cleared) for value in x[1:])]
    return v, ((cleared - first) / cleared).conjugate()


def reflect(rows: Matrix, v: Vector, factor: Any, first_row: int) -> None:
    """Multiply the rows from ``first_row`` on by I - factor v v^H from the left, in place."""
    touched = rows[first_row : first_row + len(v)]
    weights = [factor * _inner(v, list(column)) for column in zip(*touched, strict=True)]
    for row, component in zip(touched, v, strict=True):
        row[:] = [value - component * weight for value, weight in zip(row, weights, strict=True)]


def svd(x: Array, /, *, full_matrices: bool = True) -> SVD:
    """U, the singular values S in descending order, and Vh of x = U diag(S) Vh.

    >>> svd(Array.of([[3.0, 0.0], [0.0, 4.0]])).S
    Array([4.0, 3.0], float32)
    """
    x = as_matrices("svd", x)
    *batch, rows, columns = x.shape
    count = min(rows, columns)
    kept_u, kept_v = (rows, columns) if full_matrices else (count, count)
    triples = [_svd(matrix, rows, columns) for matrix in matrices(x)]
    return SVD(
        stack_matrices(([row[:kept_u] for row in u] for u, _, _ in triples), (*batch, rows, kept_u), x.dtype),
        stack_vectors((s for _, s, _ in triples), (*batch, count), real_dtype(x.dtype)),
        stack_matrices((vh[:kept_v] for _, _, vh in triples), (*batch, kept_v, columns), x.dtype),
    )


def svdvals(x: Array, /) -> Array:
    """The singular values of matrices, in descending order.

    >>> svdvals(Array.of([[3.0, 0.0], [0.0, 4.0]]))
    Array([4.0, 3.0], float32)
    """
    return svd(x, full_matrices=False).S


def _svd(matrix: Matrix, rows: int, columns: int) -> tuple[Matrix, list[float], Matrix]:
    """U, S and Vh with square U and Vh."""
    if rows < columns:
        v, s, uh = _svd(adjoint(matrix), columns, rows)
        return adjoint(uh), s, adjoint(v)
    if not is_finite(matrix):
        square = [[zero_like(matrix[0][0])] * rows] * rows
        return without_value(square), [math.nan] * columns, without_value([row[:columns] for row in square[:columns]])
    matrix, exponent = normalised(matrix)
    # Right rotations make the columns of A V orthogonal: then A V = U S.
    vectors = [list(column) for column in zip(*matrix, strict=True)] if rows else [[] for _ in range(columns)]
    rotations = identity(columns, matrix)
    for _ in range(_MOST_SWEEPS):
        if not any([_rotate(vectors, rotations, p, q) for p in range(columns) for q in range(p + 1, columns)]):
            break
    order = sorted(range(columns), key=lambda k: -length(vectors[k]))
    s = [length(vectors[k]) for k in order]
    # Beside the longest, a vector as short as the rounding errors has no direction of its own.
    shortest = sys.float_info.epsilon * rows * s[0] if s else 0.0
    directions = [[value / size for value in vectors[k]] for k, size in zip(order, s, strict=True) if size > shortest]
    u = _completed(directions, rows, matrix)
    (s,) = scaled([s], exponent)
    return u, s, [[value.conjugate() for value in rotations[k]] for k in order]


_MOST_SWEEPS = 60


def _rotate(vectors: Matrix, rotations: Matrix, p: int, q: int) -> bool:
    """Turn two vectors in their plane until they are orthogonal, and ``rotations`` with them; whether it mattered."""
    a, b = vectors[p], vectors[q]
    overlap, size_a, size_b = _inner(a, b), length(a), length(b)
    if not abs(overlap) > sys.float_info.epsilon * size_a * size_b:
        return False
    cosine, sine = jacobi_rotation(size_a * size_a, size_b * size_b, overlap)
    for pair in (vectors, rotations):
        x, y = pair[p], pair[q]
        pair[p] = [cosine * i - sine.conjugate() * j for i, j in zip(x, y, strict=True)]
        pair[q] = [sine * i + cosine * j for i, j in zip(x, y, strict=True)]
    return True


def jacobi_rotation(a: float, b: float, overlap: Any) -> tuple[float, Any]:
    """The cosine and sine of the rotation that diagonalises the Hermitian matrix [[a, overlap], [conj(overlap), b]].

    >>> jacobi_rotation(1.0, 1.0, 1.0)
    (0.7071067811865475, 0.7071067811865475)
    """
    slope = (b - a) / (2.0 * abs(overlap))
    tangent = math.copysign(1.0, slope) / (abs(slope) + math.hypot(1.0, slope))
    cosine = 1.0 / math.hypot(1.0, tangent)
    return cosine, overlap / abs(overlap) * (cosine * tangent)


def _completed(vectors: Matrix, size: int, like: Matrix) -> Matrix:
    """The square matrix whose first columns are these orthonormal vectors, and whose others are orthogonal to them."""
    if not vectors:
        return identity(size, like)
    q, _ = householder_qr([list(row) for row in zip(*vectors, strict=True)], len(vectors))
    return [[*row, *rest[len(vectors) :]] for row, rest in zip(zip(*vectors, strict=True), q, strict=True)]


def matrix_rank(x: Array, /, *, rtol: float | Array | None = None) -> Array:
    """The number of singular values above rtol times the largest; rtol is max(M, N) * eps if it is not given.

    >>> matrix_rank(Array.of([[1.0, 2.0], [2.0, 4.0]]))
    Array(1, int64)
    """
    x = as_matrices("matrix_rank", x)
    batch = x.shape[:-2]
    counts = []
    for matrix, tolerance in zip(matrices(x), _tolerances(x, rtol), strict=True):
        _, s, _ = _svd(matrix, *x.shape[-2:])
        counts.append(sum(value > tolerance * s[0] for value in s))
    return Array(counts, batch, INDEX_DTYPE)


def pinv(x: Array, /, *, rtol: float | Array | None = None) -> Array:
    """The Moore-Penrose inverses, V diag(1/S) U^H; singular values up to rtol times the largest count as zero.

    >>> pinv(Array.of([[2.0, 0.0], [0.0, 0.0]]))
    Array([[0.5, 0.0], [0.0, 0.0]], float32)
    """
    x = as_matrices("pinv", x)
    *batch, rows, columns = x.shape
    found = []
    for matrix, tolerance in zip(matrices(x), _tolerances(x, rtol), strict=True):
        u, s, vh = _svd(matrix, rows, columns)
        weights = [0.0 if value <= tolerance * s[0] else 1.0 / value for value in s]
        scaled = [[value * weight for value, weight in zip(row, weights, strict=False)] for row in adjoint(vh)]
        found.append(product(scaled, adjoint(u)[: len(s)]) if s else [])
    return stack_matrices(found, (*batch, columns, rows), x.dtype)


def _tolerances(x: Array, rtol: float | Array | None) -> list[float]:
    batch = x.shape[:-2]
    if rtol is None:
        rtol = max(x.shape[-2:]) * finfo(x.dtype).eps
    if not isinstance(rtol, Array):
        return [float(rtol)] * math.prod(batch)
    return rtol.stretched(batch)
