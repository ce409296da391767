"""Decompositions of matrices (standard, "Linear Algebra Extension").

Vectors are unique up to a sign, complex ones up to a factor of length one: only functions that do not depend on it have
the gradients that the rules give. Vectors of equal eigenvalues or singular values may be turned into each other, and
are no functions of the matrix: a gradient that comes through them is NaN, since nothing at that one point tells what it
should be, not even where the whole is smooth. What comes through the values alone is right there too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import on_last_axes
from polyflow.core.declaration import define_op
from polyflow.core.dtypes import complex_dtype, real_dtype
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import GradientError, ShapeError, ValueRangeError, message
from polyflow.ops.matrices import (
    NOT_FINITE,
    adjoint,
    conjugate,
    diagonal_matrix,
    hermitian,
    hermitian_part,
    inverse_gaps,
    quotient_or_zero,
    smaller,
    stack_of_matrices,
    stack_of_squares,
    well_conditioned,
)


@define_op(namespace="linalg", dtypes="floating", to_float=True, result_names=("Q", "R"))
def qr(x: TensorType, /, *, mode: str = "reduced") -> tuple[TensorType, TensorType]:
    """The ``Q`` with orthonormal columns and the upper triangular ``R`` of ``x = Q @ R``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.qr([[0.0, 2.0], [0.0, 0.0]]).R).tolist()
    [[0.0, 2.0], [0.0, 0.0]]

    Of an ``M x N`` matrix ``Q`` has ``min(M, N)`` columns; it is square with ``mode="complete"``, and has then no
    gradient where ``M > N``, since the columns added may be turned as one likes. The gradient asks for linearly
    independent columns, the first ``M`` of them where there are more. Standard: "linalg.qr".
    """
    if mode not in ("reduced", "complete"):
        raise ValueRangeError(message("a mode that is not known", found=repr(mode), needed='"reduced" or "complete"'))
    *batch, rows, columns = stack_of_matrices(x).known_shape
    kept = smaller(rows, columns) if mode == "reduced" else rows
    return x.with_shape((*batch, rows, kept)), x.with_shape((*batch, kept, columns))


@qr.gradient
def qr_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # Source: S. Walter and L. Lehmann, arXiv:1009.6112; J. Roberts and A. Roberts, arXiv:2009.10071, for wide matrices.
    q, r = operation.outputs
    of_q, of_r = (conjugate(xp, each) for each in g)
    rows, columns = operation.inputs[0].type.static_shape[-2:]
    if rows > columns and operation.attributes["mode"] == "complete":
        raise _has_free_vectors(operation, "Q", 'mode="reduced"')
    if rows >= columns:
        return conjugate(xp, _qr_cotangent(xp, q, r, of_q, of_r))
    # The first columns have that Q and a square R; the others are turned by Q.
    others = operation.inputs[0][..., rows:]
    of_q = of_q + others @ adjoint(xp, of_r[..., rows:])
    first = _qr_cotangent(xp, q, r[..., :rows], of_q, of_r[..., :rows])
    return conjugate(xp, xp.concat([first, q @ of_r[..., rows:]], axis=-1))


def _qr_cotangent(xp: Any, q: Any, r: Any, of_q: Any, of_r: Any) -> Any:
    upper = xp.triu(of_r @ adjoint(xp, r) - adjoint(xp, q) @ of_q)
    diagonal = xp.linalg.diagonal(upper)
    if diagonal.dtype.is_complex:
        diagonal = xp.astype(xp.real(diagonal), diagonal.dtype)
    symmetric = upper + adjoint(xp, upper) - diagonal_matrix(xp, diagonal)
    # X R^-H, as the adjoint of the solution of R Y = X^H.
    return adjoint(xp, xp.linalg.solve(r, adjoint(xp, of_q + q @ symmetric)))


def _has_free_vectors(operation: Any, names: str, remedy: str) -> GradientError:
    shape = format_shape(operation.inputs[0].shape)
    summary = f"{operation.op.full_name} of matrices that are not square has no gradient with all of {names}"
    found = f"shape {shape}: the vectors that complete {names} may be turned as one likes"
    return GradientError(message(summary, found=found, where=operation.location, remedy=remedy))


qr.batching(on_last_axes)


@qr.samples
def qr_samples() -> Iterator[Sample]:
    checked: Any = {"prepare": well_conditioned, "invariant": _positive_qr, "dtypes": "floating"}
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2)):
        yield Sample(normal(*shape), **checked)
    yield Sample(normal(3, 3), mode="complete", **checked)
    yield Sample(normal(2, 3), mode="complete", **checked)
    yield Sample(normal(4, 2), mode="complete", gradient=False, **checked)
    yield Sample(normal(0, 3, 2), dtypes="floating")
    yield ErrorSample(normal(2)).raises(ShapeError, "no matrices")
    yield ErrorSample(normal(2, 2), mode="r").raises(ValueRangeError, "a mode that is not known")


def _positive_qr(xp: Any, q: Any, r: Any) -> Any:
    """The one decomposition whose R has a positive diagonal, its Q as far as it is unique, and whether Q is unitary."""
    phase = xp.sign(xp.linalg.diagonal(r))
    size = phase.shape[-1]
    positive = xp.expand_dims(conjugate(xp, phase), axis=-1) * r[..., :size, :]
    return positive, q[..., :size] * xp.expand_dims(phase, axis=-2), r[..., size:, :], adjoint(xp, q) @ q


@define_op(namespace="linalg", dtypes="floating", to_float=True, result_names=("U", "S", "Vh"))
def svd(x: TensorType, /, *, full_matrices: bool = True) -> tuple[TensorType, TensorType, TensorType]:
    """The singular value decomposition ``x = U @ diag(S) @ Vh``, ``S`` in descending order.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.svd([[3.0, 0.0], [0.0, 4.0]]).S).tolist()
    [4.0, 3.0]

    ``U`` and ``Vh`` are square; with ``full_matrices=False`` they have only the ``min(M, N)`` vectors that meet a
    singular value. Of matrices that are not square only these have a gradient, since the vectors that complete the
    others may be turned as one likes. Gradients through ``U`` and ``Vh`` ask for singular values that differ, and are
    not 0. Standard: "linalg.svd".
    """
    *batch, rows, columns = stack_of_matrices(x).known_shape
    count = smaller(rows, columns)
    of_u, of_v = (rows, columns) if full_matrices else (count, count)
    s = TensorType(real_dtype(x.known_dtype), (*batch, count))
    return x.with_shape((*batch, rows, of_u)), s, x.with_shape((*batch, of_v, columns))


@svd.gradient
def svd_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # Source: J. Townsend, "Differentiating the singular value decomposition"; Z.-Q. Wan and S.-X. Zhang,
    # arXiv:1909.02659, for the complex one.
    u, s, vh = operation.outputs
    of_u, of_s, of_vh = (conjugate(xp, each) for each in g)
    rows, columns = operation.inputs[0].type.static_shape[-2:]
    if rows != columns and operation.attributes["full_matrices"]:
        raise _has_free_vectors(operation, "U and Vh", "full_matrices=False, or polyflow.linalg.svdvals")
    row, column = xp.expand_dims(s, axis=-2), xp.expand_dims(s, axis=-1)
    into_u, into_v = adjoint(xp, u) @ of_u, vh @ adjoint(xp, of_vh)
    turns_u, turns_v = into_u - adjoint(xp, into_u), into_v - adjoint(xp, into_v)
    inverses = inverse_gaps(xp, (row - column) * (row + column), (into_u != 0) | (into_v != 0))
    inner = (turns_u * row + column * turns_v) * inverses
    inner = inner + diagonal_matrix(xp, xp.astype(of_s, u.dtype))
    if u.dtype.is_complex:
        inner = inner + diagonal_matrix(xp, quotient_or_zero(xp, 0.5 * xp.linalg.diagonal(turns_u), s))
    found = u @ inner @ vh
    if rows > columns:
        scaled = quotient_or_zero(xp, of_u, row)
        found = found + (scaled - u @ (adjoint(xp, u) @ scaled)) @ vh
    if columns > rows:
        scaled = quotient_or_zero(xp, of_vh, column)
        found = found + u @ (scaled - (scaled @ adjoint(xp, vh)) @ vh)
    return conjugate(xp, found)


svd.batching(on_last_axes)


@svd.samples
def svd_samples() -> Iterator[Sample]:
    checked: Any = {"prepare": well_conditioned, "invariant": _singular, "dtypes": "floating"}
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2)):
        yield Sample(normal(*shape), full_matrices=False, **checked)
    yield Sample(normal(3, 3), **checked)
    yield Sample(normal(4, 2), gradient=False, **checked)
    yield Sample(normal(2, 4), gradient=False, **checked)
    yield Sample(normal(0, 3, 2), full_matrices=False, dtypes="floating")
    yield Sample(NOT_FINITE, dtypes="floating", invariant=_singular, gradient=False)
    yield ErrorSample(normal(2)).raises(ShapeError, "no matrices")


def _singular(xp: Any, u: Any, s: Any, vh: Any) -> Any:
    """Singular values, what the vectors make up together and with other values, and whether they are unitary."""
    count = s.shape[-1]
    weights = xp.astype(xp.stack([s, s * s, xp.cos(s)]), u.dtype)
    products = (u[..., :count] * xp.expand_dims(weights, axis=-2)) @ vh[..., :count, :]
    return s, products, adjoint(xp, u) @ u, vh @ adjoint(xp, vh), u @ adjoint(xp, u), adjoint(xp, vh) @ vh


@define_op(namespace="linalg", dtypes="floating", to_float=True)
def svdvals(x: TensorType, /) -> TensorType:
    """The singular values of each matrix, in descending order.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.svdvals([[3.0, 0.0], [0.0, 4.0]])).tolist()
    [4.0, 3.0]

    Equal ones have gradients too; only second derivatives ask for singular values that differ. Standard:
    "linalg.svdvals".
    """
    *batch, rows, columns = stack_of_matrices(x).known_shape
    return TensorType(real_dtype(x.known_dtype), (*batch, smaller(rows, columns)))


@svdvals.gradient
def svdvals_gradient(xp: Any, operation: Any, g: Any) -> Any:
    u, _, vh = xp.linalg.svd(operation.inputs[0], full_matrices=False)
    return conjugate(xp, (u * xp.astype(xp.expand_dims(g, axis=-2), u.dtype)) @ vh)


svdvals.batching(on_last_axes)


@svdvals.samples
def svdvals_samples() -> Iterator[Sample]:
    for shape in ((3, 3), (4, 2), (2, 3, 4), (0, 3, 2)):
        yield Sample(normal(*shape), dtypes="floating", prepare=well_conditioned)
    yield Sample(NOT_FINITE, dtypes="floating", gradient=False)
    yield Sample(values([[1, 2], [3, 4]], "int32"))
    yield ErrorSample(normal(2)).raises(ShapeError, "no matrices")


@define_op(namespace="linalg", dtypes="floating", to_float=True, result_names=("eigenvalues", "eigenvectors"))
def eigh(x: TensorType, /) -> tuple[TensorType, TensorType]:
    """The eigenvalues of Hermitian matrices, ascending, and orthonormal eigenvectors in the columns of the second.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.eigh([[2.0, 0.0], [0.0, 1.0]]).eigenvalues).tolist()
    [1.0, 2.0]

    Only the lower triangle of ``x`` is read; the gradient is Hermitian, as ``x`` is. Gradients through eigenvectors ask
    for eigenvalues that differ. Standard: "linalg.eigh".
    """
    shape = stack_of_squares(x).known_shape
    return TensorType(real_dtype(x.known_dtype), shape[:-1]), x


@eigh.gradient
def eigh_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # Source: M. Giles, "An extended collection of matrix derivative results", section 3.1.
    w, v = operation.outputs
    of_w, of_v = (conjugate(xp, each) for each in g)
    turns = adjoint(xp, v) @ of_v
    inverses = inverse_gaps(xp, xp.expand_dims(w, axis=-2) - xp.expand_dims(w, axis=-1), turns != 0)
    inner = turns * inverses + diagonal_matrix(xp, xp.astype(of_w, v.dtype))
    return conjugate(xp, hermitian_part(xp, v @ inner @ adjoint(xp, v)))


eigh.batching(on_last_axes)


@eigh.samples
def eigh_samples() -> Iterator[Sample]:
    for shape in ((1, 1), (3, 3), (2, 4, 4)):
        yield Sample(normal(*shape), dtypes="floating", prepare=hermitian, invariant=_spectral)
    yield Sample(values([[1.0, 9.0], [2.0, 3.0]]), dtypes="real floating", invariant=_spectral, gradient=False)
    yield Sample(NOT_FINITE, dtypes="floating", invariant=_spectral, gradient=False)
    yield Sample(normal(0, 2, 2), dtypes="floating")
    yield ErrorSample(normal(2, 3)).raises(ShapeError, "the matrices are not square")


def _spectral(xp: Any, w: Any, v: Any) -> Any:
    """Eigenvalues, what the eigenvectors make up with functions of them, and whether they are unitary."""
    weights = xp.astype(xp.stack([w, w * w, xp.cos(w)]), v.dtype)
    return w, (v * xp.expand_dims(weights, axis=-2)) @ adjoint(xp, v), adjoint(xp, v) @ v


@define_op(namespace="linalg", dtypes="floating", to_float=True)
def eigvalsh(x: TensorType, /) -> TensorType:
    """The eigenvalues of Hermitian matrices, ascending.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.eigvalsh([[2.0, 0.0], [0.0, 1.0]])).tolist()
    [1.0, 2.0]

    Only the lower triangle of ``x`` is read; the gradient is Hermitian, as ``x`` is. Equal eigenvalues have gradients
    too; only second derivatives ask for eigenvalues that differ. Standard: "linalg.eigvalsh".
    """
    return TensorType(real_dtype(x.known_dtype), stack_of_squares(x).known_shape[:-1])


@eigvalsh.gradient
def eigvalsh_gradient(xp: Any, operation: Any, g: Any) -> Any:
    _, v = xp.linalg.eigh(operation.inputs[0])
    weighted = v * xp.astype(xp.expand_dims(g, axis=-2), v.dtype)
    return conjugate(xp, hermitian_part(xp, weighted @ adjoint(xp, v)))


eigvalsh.batching(on_last_axes)


@eigvalsh.samples
def eigvalsh_samples() -> Iterator[Sample]:
    for shape in ((1, 1), (3, 3), (2, 4, 4)):
        yield Sample(normal(*shape), dtypes="floating", prepare=hermitian)
    yield Sample(values([[1.0, 9.0], [2.0, 3.0]]), dtypes="real floating", gradient=False)
    yield Sample(NOT_FINITE, dtypes="floating", gradient=False)
    yield Sample(normal(0, 2, 2), dtypes="floating")
    yield ErrorSample(normal(2, 3)).raises(ShapeError, "the matrices are not square")


@define_op(namespace="linalg", dtypes="floating", to_float=True, result_names=("eigenvalues", "eigenvectors"))
def eig(x: TensorType, /) -> tuple[TensorType, TensorType]:
    """The eigenvalues of square matrices, and eigenvectors of length one in the columns of the second.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.eig([[2.0, 0.0], [0.0, 2.0]]).eigenvalues).tolist()
    [(2+0j), (2+0j)]

    Both are complex, also for real matrices; their order is the backend's. Gradients ask for as many independent
    eigenvectors as there are eigenvalues, those through eigenvectors for eigenvalues that differ. Standard:
    "linalg.eig".
    """
    dtype = complex_dtype(x.known_dtype)
    shape = stack_of_squares(x).known_shape
    return TensorType(dtype, shape[:-1]), TensorType(dtype, shape)


@eig.gradient
def eig_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # Source: C. Boeddeker and others, "On the computation of complex-valued gradients", arXiv:1701.00392.
    w, v = operation.outputs
    of_w, of_v = xp.conj(g[0]), xp.conj(g[1])
    above = adjoint(xp, v)
    turns = above @ of_v
    lengthening = xp.astype(xp.real(xp.linalg.diagonal(turns)), v.dtype)
    turns = turns - (above @ v) * xp.expand_dims(lengthening, axis=-2)
    gaps = xp.conj(xp.expand_dims(w, axis=-2) - xp.expand_dims(w, axis=-1))
    inner = turns * inverse_gaps(xp, gaps, turns != 0) + diagonal_matrix(xp, of_w)
    return _from_eigenbasis(xp, operation, above, inner)


def _from_eigenbasis(xp: Any, operation: Any, above: Any, inner: Any) -> Any:
    """What of the operand has the gradient ``inner`` in the basis of its eigenvectors, whose adjoint is ``above``."""
    found = xp.conj(xp.linalg.solve(above, inner @ above))
    return found if operation.inputs[0].dtype.is_complex else xp.real(found)


eig.batching(on_last_axes)


@eig.samples
def eig_samples() -> Iterator[Sample]:
    for shape in ((1, 1), (3, 3), (2, 4, 4)):
        yield Sample(normal(*shape), dtypes="floating", prepare=_spread, invariant=_eigensystem)
    yield Sample(values([[1.0, -2.0], [2.0, 2.0]]), dtypes="floating", invariant=_eigensystem)
    yield Sample(NOT_FINITE, dtypes="floating", invariant=_eigensystem, gradient=False)
    yield Sample(normal(0, 2, 2), dtypes="floating")
    yield ErrorSample(normal(2, 3)).raises(ShapeError, "the matrices are not square")


def _spread(xp: Any, x: Any) -> Any:
    """Matrices with eigenvalues that lie apart."""
    return x + diagonal_matrix(xp, 2.0 * xp.astype(xp.arange(x.shape[-1]), x.dtype))


def _eigensystem(xp: Any, w: Any, v: Any) -> Any:
    """Functions of eigenvalues and eigenvectors that depend neither on their order nor on their phases."""
    weights = xp.stack([xp.ones_like(w), w, w * w])
    return *_power_sums(xp, w), (v * xp.expand_dims(weights, axis=-2)) @ adjoint(xp, v)


def _power_sums(xp: Any, w: Any) -> Any:
    return tuple(xp.sum(w**power, axis=-1) for power in range(1, w.shape[-1] + 1))


@define_op(namespace="linalg", dtypes="floating", to_float=True)
def eigvals(x: TensorType, /) -> TensorType:
    """The eigenvalues of square matrices: complex numbers, in the backend's order.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.eigvals([[2.0, 0.0], [0.0, 2.0]])).tolist()
    [(2+0j), (2+0j)]

    Gradients ask for as many independent eigenvectors as there are eigenvalues. Standard: "linalg.eigvals".
    """
    return TensorType(complex_dtype(x.known_dtype), stack_of_squares(x).known_shape[:-1])


@eigvals.gradient
def eigvals_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # Computed with eigenvectors, the eigenvalues may come in another order: each takes the gradient of the nearest.
    w, v = xp.linalg.eig(operation.inputs[0])
    distances = xp.abs(xp.expand_dims(operation.output, axis=-1) - xp.expand_dims(w, axis=-2))
    of_w = xp.take_along_axis(g, xp.argmin(distances, axis=-2), axis=-1)
    return _from_eigenbasis(xp, operation, adjoint(xp, v), diagonal_matrix(xp, xp.conj(of_w)))


eigvals.batching(on_last_axes)


@eigvals.samples
def eigvals_samples() -> Iterator[Sample]:
    for shape in ((1, 1), (3, 3), (2, 4, 4)):
        yield Sample(normal(*shape), dtypes="floating", prepare=_spread, invariant=_power_sums)
    yield Sample(values([[1.0, -2.0], [2.0, 2.0]]), dtypes="floating", invariant=_power_sums)
    yield Sample(NOT_FINITE, dtypes="floating", invariant=_power_sums, gradient=False)
    yield Sample(normal(0, 2, 2), dtypes="floating")
    yield ErrorSample(normal(2, 3)).raises(ShapeError, "the matrices are not square")
