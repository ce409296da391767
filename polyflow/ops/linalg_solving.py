"""Linear systems, inverses and determinants (standard, "Linear Algebra Extension").

Where the mathematics gives nothing the result is NaN, on every backend, as compiled engines cannot raise: for a matrix
in which elimination finds no pivot but zero, one that is not positive definite where it must be, and one with elements
that are infinite or NaN. The other matrices of its stack are not touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import on_last_axes
from polyflow.core.declaration import define_op
from polyflow.core.dtypes import int64, real_dtype
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.shapes import broadcast_shapes
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import ShapeError, message
from polyflow.ops.batched_products import batched_by_matrix, batched_solve
from polyflow.ops.matrices import (
    NOT_FINITE,
    SINGULAR,
    adjoint,
    conjugate,
    diagonal_matrix,
    stack_of_matrices,
    stack_of_squares,
    well_conditioned,
)


@define_op(namespace="linalg", dtypes="floating", to_float=True)
def inv(x: TensorType, /) -> TensorType:
    """The inverse of each square matrix.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.inv([[2.0, 0.0], [0.0, 4.0]])).tolist()
    [[0.5, 0.0], [0.0, 0.25]]

    That of a singular matrix is NaN throughout. To solve a system, :func:`polyflow.linalg.solve` is faster and more
    exact. Standard: "linalg.inv".
    """
    return stack_of_squares(x)


@inv.gradient
def inv_gradient(xp: Any, operation: Any, g: Any) -> Any:
    inverse = xp.matrix_transpose(operation.output)
    return -(inverse @ g @ inverse)


inv.batching(on_last_axes)


@inv.samples
def inv_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 3), dtypes="floating", prepare=well_conditioned)
    yield Sample(normal(2, 2, 2), dtypes="floating", prepare=well_conditioned)
    yield Sample(normal(1, 1), dtypes="floating", prepare=well_conditioned)
    yield Sample(normal(0, 2, 2), dtypes="floating")
    yield Sample(normal(0, 0), dtypes="floating")
    yield Sample(values([[1, 2], [3, 5]], "int32"))
    yield Sample(SINGULAR, dtypes="floating", gradient=False)
    yield Sample(NOT_FINITE, dtypes="floating", gradient=False)
    yield ErrorSample(normal(2, 3)).raises(ShapeError, "the matrices are not square")
    yield ErrorSample(normal(2)).raises(ShapeError, "no matrices")


@define_op(namespace="linalg", dtypes="floating", promote=True, to_float=True)
def solve(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The solution of ``x1 @ x = x2`` for square matrices ``x1``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [1.0, 1.0])).tolist()
    [0.5, 0.25]

    An ``x2`` of rank 1 is one right side; any other has one in each column of its matrices, and the axes before them
    broadcast. Where ``x1`` is singular the solution is NaN. Raises ``ShapeError`` where sizes differ. Standard:
    "linalg.solve".
    """
    *batch, _, size = stack_of_squares(x1).known_shape
    shape = x2.known_shape
    length = shape[0 if x2.rank == 1 else -2] if shape else 1
    if not shape or (length != size and None not in (length, size)):
        summary = "the right sides do not fit the matrices"
        found = f"{format_shape(x1.shape)} and {format_shape(shape)}"
        raise ShapeError(message(summary, found=found, needed=f"columns of {size} elements"))
    if x2.rank == 1:
        return x1.with_shape((*batch, size))
    return x1.with_shape((*broadcast_shapes(tuple(batch), shape[:-2]), size, shape[-1]))


@solve.gradient
def solve_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x1, x2 = operation.inputs
    is_vector = x2.ndim == 1
    solution = operation.output
    if is_vector:
        g, solution = xp.expand_dims(g, axis=-1), xp.expand_dims(solution, axis=-1)
    of_x2 = xp.linalg.solve(xp.matrix_transpose(x1), g)
    of_x1 = -(of_x2 @ xp.matrix_transpose(solution))
    return of_x1, xp.squeeze(of_x2, axis=-1) if is_vector else of_x2


solve.batching(batched_solve)


@solve.samples
def solve_samples() -> Iterator[Sample]:
    def prepare(xp: Any, x1: Any, x2: Any) -> Any:
        return well_conditioned(xp, x1), x2

    for left, right in (
        ((3, 3), (3,)),
        ((3, 3), (3, 2)),
        ((2, 3, 3), (3,)),
        ((2, 3, 3), (3, 2)),
        ((2, 1, 2, 2), (3, 2, 1)),
        ((2, 2), (3, 2, 2)),
        ((0, 2, 2), (2, 1)),
    ):
        yield Sample(normal(*left), normal(*right, seed=1), dtypes="floating", prepare=prepare)
    yield Sample(values([[1, 2], [3, 5]], "int32"), values([1, 2], "int32"))
    for shape in ((2,), (2, 3), (3, 2, 2, 1)):
        yield Sample(SINGULAR, normal(*shape, seed=1), dtypes="floating", gradient=False)
    yield Sample(NOT_FINITE, normal(2), dtypes="floating", gradient=False)
    yield ErrorSample(normal(3, 3), normal(2, seed=1)).raises(ShapeError, "the right sides do not fit")
    yield ErrorSample(normal(2, 3), normal(2, seed=1)).raises(ShapeError, "the matrices are not square")


@define_op(namespace="linalg", dtypes="floating", to_float=True)
def det(x: TensorType, /) -> TensorType:
    """The determinant of each square matrix.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.det([[2.0, 1.0], [0.0, 4.0]])).tolist()
    8.0

    Its gradient is the matrix of cofactors, also where that of a singular matrix is wanted, and so is the gradient of
    that; of third and higher derivatives see :func:`polyflow.linalg.cofactors`. Standard: "linalg.det".
    """
    return x.with_shape(stack_of_squares(x).known_shape[:-2])


@det.gradient
def det_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.expand_dims(g, axis=(-2, -1)) * xp.linalg.cofactors(operation.inputs[0])


det.batching(on_last_axes)


@det.samples
def det_samples() -> Iterator[Sample]:
    yield from _square_samples()


def _square_samples() -> Iterator[Sample]:
    for size in (1, 2, 4):
        yield Sample(normal(size, size), dtypes="floating")
    yield Sample(normal(2, 3, 3), dtypes="floating")
    # Of rank 2: the one has cofactors, the other has not even these.
    yield Sample(normal(3, 2), normal(2, 3, seed=1), dtypes="floating", prepare=_product, invariant=_beside_one)
    yield Sample(normal(4, 2), normal(2, 4, seed=1), dtypes="floating", prepare=_product, invariant=_beside_one)
    yield Sample(normal(0, 2, 2), dtypes="floating")
    yield Sample(NOT_FINITE, dtypes="floating", gradient=False)
    yield ErrorSample(normal(2, 3)).raises(ShapeError, "the matrices are not square")


def _product(xp: Any, left: Any, right: Any) -> Any:
    return left @ right


def _beside_one(xp: Any, found: Any) -> Any:
    """What should be 0, so that what is left by rounding is compared with 1."""
    return found + 1.0


@define_op(namespace="linalg", dtypes="floating", to_float=True)
def cofactors(x: TensorType, /) -> TensorType:
    """The cofactors of each square matrix: the derivatives of its determinant by its elements.

    ``det(x) * matrix_transpose(inv(x))``

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.cofactors([[1.0, 2.0], [2.0, 4.0]])).round(3).tolist()
    [[4.0, -2.0], [-2.0, 1.0]]

    Singular matrices have cofactors too; they are computed from singular values. So is their gradient where a matrix
    is nearly singular, and there the second derivatives need singular values that differ. Source: G. W. Stewart, "On
    the adjugate matrix", Linear Algebra and its Applications 283.
    """
    return stack_of_squares(x)


@cofactors.kernel
def cofactors_kernel(xp: Any, x: Any) -> Any:
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    others = xp.prod(xp.where(xp.eye(s.shape[-1], dtype=xp.bool), 1.0, s[..., None, :]), axis=-1)
    phase = xp.linalg.det(u) * xp.linalg.det(vh)
    found = (u * xp.astype(others, u.dtype)[..., None, :]) @ vh
    if xp.isdtype(x.dtype, "complex floating"):
        found = xp.conj(found)
    return phase[..., None, None] * found


@cofactors.gradient
def cofactors_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x = operation.inputs[0]
    size = x.type.static_shape[-1]
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    is_regular = s[..., -1:] > 1e-3 * s[..., :1] if size else s == s
    is_regular = xp.expand_dims(is_regular, axis=-1)
    regular = _by_inverse(xp, xp.where(is_regular, x, xp.eye(size, dtype=x.dtype)), g)
    return xp.where(is_regular, regular, _by_singular_values(xp, u, s, vh, g))


def _by_inverse(xp: Any, x: Any, g: Any) -> Any:
    """The second derivative of the determinant of regular matrices, along ``g``."""
    inverse = xp.linalg.inv(x)
    along = inverse @ g
    rest = xp.expand_dims(xp.linalg.trace(along), axis=(-2, -1)) * inverse - along @ inverse
    return xp.expand_dims(xp.linalg.det(x), axis=(-2, -1)) * xp.matrix_transpose(rest)


def _by_singular_values(xp: Any, u: Any, s: Any, vh: Any, g: Any) -> Any:
    """The same of any matrices: of a diagonal one, it is made of the products of all but two of its elements."""
    is_zero = s == 0
    nonzero = xp.where(is_zero, 1.0, s)
    zeros = xp.astype(is_zero, s.dtype)
    left_over = xp.sum(zeros, axis=-1, keepdims=True)[..., None] - zeros[..., :, None] - zeros[..., None, :]
    is_used = (left_over == 0) & ~xp.eye(s.shape[-1], dtype=xp.bool)
    products = xp.prod(nonzero, axis=-1, keepdims=True)[..., None] / (nonzero[..., :, None] * nonzero[..., None, :])
    products = xp.astype(xp.where(is_used, products, 0.0), u.dtype)
    turned = adjoint(xp, u) @ g @ adjoint(xp, vh)
    inner = diagonal_matrix(xp, xp.vecdot(products, xp.expand_dims(xp.linalg.diagonal(turned), axis=-2)))
    inner = inner - products * xp.matrix_transpose(turned)
    phase = xp.expand_dims(xp.linalg.det(u) * xp.linalg.det(vh), axis=(-2, -1))
    return phase * (conjugate(xp, u) @ inner @ conjugate(xp, vh))


cofactors.batching(on_last_axes)


@cofactors.samples
def cofactors_samples() -> Iterator[Sample]:
    yield from _square_samples()


@define_op(namespace="linalg", dtypes="floating", to_float=True, result_names=("sign", "logabsdet"))
def slogdet(x: TensorType, /) -> tuple[TensorType, TensorType]:
    """The sign of the determinant of each square matrix, and the logarithm of its absolute value.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.slogdet([[0.0, 1.0], [1.0, 0.0]]).sign).tolist()
    -1.0

    The sign of a complex determinant is ``det / abs(det)``. A singular matrix has the sign 0 and the logarithm -inf,
    and no gradient. Standard: "linalg.slogdet".
    """
    shape = stack_of_squares(x).known_shape[:-2]
    return x.with_shape(shape), TensorType(real_dtype(x.known_dtype), shape)


@slogdet.gradient
def slogdet_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # d log det = trace(inv(x) dx); its real part moves the logarithm, its imaginary part turns the sign.
    of_sign, of_logarithm = g
    x, sign = operation.inputs[0], operation.outputs[0]
    if x.dtype.is_complex:
        of_logarithm = of_logarithm + 1j * xp.imag(of_sign * sign)
    return xp.expand_dims(of_logarithm, axis=(-2, -1)) * xp.matrix_transpose(xp.linalg.inv(x))


slogdet.batching(on_last_axes)


@slogdet.samples
def slogdet_samples() -> Iterator[Sample]:
    for size in (1, 2, 4):
        yield Sample(normal(size, size), dtypes="floating", prepare=well_conditioned)
    yield Sample(normal(2, 3, 3), dtypes="floating", prepare=well_conditioned)
    yield Sample(normal(0, 2, 2), dtypes="floating")
    yield Sample(values([[0.0, 0.0], [0.0, 1.0]]), dtypes="floating", gradient=False)
    yield Sample(NOT_FINITE, dtypes="floating", gradient=False)
    yield ErrorSample(normal(2, 3)).raises(ShapeError, "the matrices are not square")


@define_op(namespace="linalg", dtypes={"x": "floating", "rtol": "real"}, promote=("x",), to_float=True)
def pinv(x: TensorType, /, *, rtol: TensorType | None = None) -> TensorType:
    """The Moore-Penrose inverse of each matrix.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.pinv([[2.0, 0.0], [0.0, 0.0]])).tolist()
    [[0.5, 0.0], [0.0, 0.0]]

    Singular values up to ``rtol`` times the largest count as 0; ``rtol`` is ``max(M, N) * eps`` where it is not given,
    and has an element for each matrix, or broadcasts. The gradient holds while the rank stays what it is. Standard:
    "linalg.pinv".
    """
    *batch, rows, columns = stack_of_matrices(x).known_shape
    if rtol is not None:
        broadcast_shapes(tuple(batch), rtol.known_shape)
    return x.with_shape((*batch, columns, rows))


@pinv.gradient
def pinv_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # Source: G. Golub and V. Pereyra, SIAM Journal on Numerical Analysis 10, formula 4.12.
    x, inverse = operation.inputs[0], operation.output
    g = xp.matrix_transpose(g)
    of_rows = (g - x @ (inverse @ g)) @ (inverse @ adjoint(xp, inverse))
    of_columns = (adjoint(xp, inverse) @ inverse) @ (g - (g @ inverse) @ x)
    found = conjugate(xp, of_rows + of_columns) - xp.matrix_transpose(inverse @ g @ inverse)
    return (found, None)[: len(operation.inputs)]


pinv.batching(batched_by_matrix)


@pinv.samples
def pinv_samples() -> Iterator[Sample]:
    for shape in ((3, 3), (3, 2), (2, 4), (2, 3, 2)):
        yield Sample(normal(*shape), dtypes="floating", prepare=well_conditioned)
    yield Sample(normal(3, 2), normal(2, 4, seed=1), dtypes="floating", prepare=_product, gradient=False)
    yield Sample(values([[3.0, 0.0], [0.0, 1.0]]), rtol=0.5, dtypes="floating", gradient=False)
    rtol = values([0.5, 0.001], "float32")
    yield Sample(values([[[3.0, 0.0], [0.0, 1.0]]] * 2), rtol=rtol, dtypes="floating", gradient=False)
    yield Sample(normal(0, 2, 3), dtypes="floating")
    yield Sample(NOT_FINITE, dtypes="floating", gradient=False)
    yield ErrorSample(normal(2)).raises(ShapeError, "no matrices")


@define_op(namespace="linalg", dtypes={"x": "floating", "rtol": "real"}, promote=("x",), to_float=True)
def matrix_rank(x: TensorType, /, *, rtol: TensorType | None = None) -> TensorType:
    """The rank of each matrix: how many singular values are above ``rtol`` times the largest.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.matrix_rank([[1.0, 2.0], [2.0, 4.0]])).tolist()
    1

    ``rtol`` is ``max(M, N) * eps`` where it is not given. The rank of a matrix with NaN is 0. Standard:
    "linalg.matrix_rank".
    """
    return TensorType(int64, stack_of_matrices(x).known_shape[:-2])


matrix_rank.zero_gradient("it is a count")


matrix_rank.batching(batched_by_matrix)


@matrix_rank.samples
def matrix_rank_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 3), dtypes="floating")
    yield Sample(normal(2, 3, 4), dtypes="floating")
    yield Sample(normal(3, 1), normal(1, 3, seed=1), dtypes="floating", prepare=_product)
    yield Sample(values([[3.0, 0.0], [0.0, 1.0]]), rtol=0.5, dtypes="floating")
    yield Sample(values([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]]), dtypes="floating")
    yield Sample(normal(0, 2, 2), dtypes="floating")
    yield Sample(NOT_FINITE, dtypes="floating")
    yield ErrorSample(normal(2)).raises(ShapeError, "no matrices")
