"""Products of matrices and vectors (standard, "Linear Algebra Functions"); decompositions stand in ``linalg``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import elementwise
from polyflow.core.declaration import Trait, define_op
from polyflow.core.operators import later
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.shapes import broadcast_shapes, normal_axes
from polyflow.core.types import Shape, TensorType, format_shape
from polyflow.errors import ArgumentError, AxisError, DTypeError, ShapeError, message


@define_op(traits=Trait.ASSOCIATIVE, dtypes="numeric", promote=True)
def matmul(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The matrix product of ``x1`` and ``x2``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.matmul([[1, 2], [3, 4]], [1, 10])).tolist()
    [21, 43]

    The last two axes are the matrices, those before them broadcast. An ``x1`` of rank 1 is a row, an ``x2`` of rank 1 a
    column, and that axis is missing in the result. Raises ``ShapeError`` where the inner sizes differ. Standard:
    "matmul".
    """
    left, right = x1.known_shape, x2.known_shape
    if not left or not right:
        found = f"{format_shape(left)} and {format_shape(right)}"
        raise ShapeError(message("a number is no matrix", found=found, needed="rank 1 or more", remedy="x1 * x2"))
    _check_inner(left, right, left[-1], right[0] if len(right) == 1 else right[-2])
    batch = broadcast_shapes(left[:-2], right[:-2])
    rows = () if len(left) == 1 else (left[-2],)
    columns = () if len(right) == 1 else (right[-1],)
    return x1.with_shape((*batch, *rows, *columns))


def _check_inner(left: Shape, right: Shape, inner_left: int | None, inner_right: int | None) -> None:
    if inner_left != inner_right and None not in (inner_left, inner_right):
        raise ShapeError(
            message(
                f"shapes {format_shape(left)} and {format_shape(right)} do not multiply",
                found=f"inner sizes {inner_left} and {inner_right}",
                needed="equal inner sizes",
                remedy="transpose one operand: x.mT",
            )
        )


@matmul.gradient
def matmul_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x1, x2 = operation.inputs
    if x1.ndim == 1 and x2.ndim == 1:
        return g * x2, g * x1
    if x1.ndim == 1:
        column = xp.expand_dims(g, axis=-1)
        return xp.squeeze(xp.matmul(x2, column), axis=-1), xp.expand_dims(x1, axis=1) * xp.expand_dims(g, axis=-2)
    if x2.ndim == 1:
        column = xp.expand_dims(g, axis=-1)
        return column * x2, xp.squeeze(xp.matmul(xp.matrix_transpose(x1), column), axis=-1)
    # One matrix that meets a batch is summed over it: as a single large product, not as one product for each.
    batch = tuple(range(g.ndim - 2))
    if x1.ndim == 2 < x2.ndim:
        of_x1 = xp.tensordot(g, x2, axes=((*batch, g.ndim - 1), (*batch, g.ndim - 1)))
    else:
        of_x1 = xp.matmul(g, xp.matrix_transpose(x2))
    if x2.ndim == 2 < x1.ndim:
        of_x2 = xp.tensordot(x1, g, axes=((*batch, g.ndim - 2), (*batch, g.ndim - 2)))
    else:
        of_x2 = xp.matmul(xp.matrix_transpose(x1), g)
    return of_x1, of_x2


matmul.batching(later("polyflow.ops.batched_products", "batched_matmul"))


@matmul.samples
def matmul_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(3, 4, seed=1))
    yield Sample(normal(3), normal(3, seed=1))
    yield Sample(normal(3), normal(3, 2, seed=1))
    yield Sample(normal(3), normal(2, 3, 4, seed=1))
    yield Sample(normal(2, 3), normal(3, seed=1))
    yield Sample(normal(4, 2, 3), normal(3, seed=1))
    yield Sample(normal(4, 2, 3), normal(3, 2, seed=1))
    yield Sample(normal(2, 3), normal(4, 3, 2, seed=1))
    yield Sample(normal(2, 1, 2, 3), normal(3, 3, 2, seed=1))
    yield Sample(normal(2, 0), normal(0, 3, seed=1))
    wrong = ErrorSample(normal(2, 3), normal(4, 2, seed=1))
    yield wrong.raises(ShapeError, "shapes (2, 3) and (4, 2) do not multiply")
    yield ErrorSample(normal(2, 2, 2), normal(3, 2, 2, seed=1)).raises(ShapeError, "do not broadcast")
    yield ErrorSample(normal(), normal(2, seed=1)).raises(ShapeError, "a number is no matrix")


@define_op(dtypes="numeric", promote=True)
def tensordot(x1: TensorType, x2: TensorType, /, *, axes: Any = 2) -> TensorType:
    """The products of ``x1`` and ``x2`` summed over pairs of axes; the other axes of ``x1``, then of ``x2``, are left.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.tensordot([[1, 2], [3, 4]], [[1, 0], [0, 10]], axes=((0,), (1,)))).tolist()
    [[1, 30], [2, 40]]

    ``axes`` is a pair of sequences, or the number of last axes of ``x1`` that meet the first axes of ``x2``: 0 for the
    outer product. Raises ``ShapeError`` where the sizes of a pair differ. Standard: "tensordot".
    """
    left, right = _contracted(x1.rank, x2.rank, axes)
    for one, other in zip(left, right, strict=True):
        _check_inner(x1.known_shape, x2.known_shape, x1.known_shape[one], x2.known_shape[other])
    kept = [size for axis, size in enumerate(x1.known_shape) if axis not in left]
    return x1.with_shape([*kept, *(size for axis, size in enumerate(x2.known_shape) if axis not in right)])


def _contracted(rank1: int, rank2: int, axes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes of both operands that are summed over, in pairs."""
    if isinstance(axes, int):
        if not 0 <= axes <= rank1 or axes > rank2:
            needed = f"a number from 0 to the smaller rank, of {rank1} and {rank2}"
            raise AxisError(message("cannot sum over so many axes", found=f"axes={axes}", needed=needed))
        return tuple(range(rank1 - axes, rank1)), tuple(range(axes))
    if not isinstance(axes, tuple) or len(axes) != 2 or not all(isinstance(each, tuple) for each in axes):
        needed = "a number, or a pair of sequences of axes"
        raise ArgumentError(message("axes do not say what is summed over", found=f"axes={axes}", needed=needed))
    if len(axes[0]) != len(axes[1]):
        raise AxisError(message("the axes do not pair up", found=f"axes={axes}", needed="sequences of one length"))
    return normal_axes(axes[0], rank1), normal_axes(axes[1], rank2)


@tensordot.gradient
def tensordot_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x1, x2 = operation.inputs
    left, right = _contracted(x1.ndim, x2.ndim, operation.attributes["axes"])
    kept1 = tuple(axis for axis in range(x1.ndim) if axis not in left)
    kept2 = tuple(axis for axis in range(x2.ndim) if axis not in right)
    of_x1 = xp.tensordot(g, x2, axes=(tuple(range(len(kept1), g.ndim)), kept2))
    of_x2 = xp.tensordot(x1, g, axes=(kept1, tuple(range(len(kept1)))))
    # The axes that were summed over come back in the order in which the other operand has them.
    found1 = (*kept1, *(left[right.index(axis)] for axis in sorted(right)))
    found2 = (*(right[left.index(axis)] for axis in sorted(left)), *kept2)
    return _ordered(xp, of_x1, found1), _ordered(xp, of_x2, found2)


def _ordered(xp: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """``x``, whose axes are those that ``axes`` names, with each in its place."""
    if axes == tuple(range(len(axes))):
        return x
    return xp.permute_dims(x, tuple(axes.index(place) for place in range(len(axes))))


tensordot.batching(later("polyflow.ops.batched_products", "batched_tensordot"))


@tensordot.samples
def tensordot_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3, 4), normal(3, 4, 2, seed=1))
    yield Sample(normal(2, 3), normal(4, seed=1), axes=0)
    yield Sample(normal(2, 3, 4), normal(4, 5, 2, seed=1), axes=((-1, 0), (0, 2)))
    yield Sample(normal(2, 3), normal(3, 2, seed=1), axes=1)
    yield Sample(normal(2, 2, 3), normal(3, 2, 2, seed=1), axes=([0, 2], [1, 0]))
    wrong = ErrorSample(normal(2, 3), normal(2, 3, seed=1), axes=1)
    yield wrong.raises(ShapeError, "shapes (2, 3) and (2, 3) do not multiply")
    yield ErrorSample(normal(2), normal(2, seed=1)).raises(AxisError, "cannot sum over so many axes")


@define_op(dtypes="numeric", promote=True)
def vecdot(x1: TensorType, x2: TensorType, /, *, axis: int = -1) -> TensorType:
    """The sum of ``conj(x1) * x2`` over ``axis``, which is counted from the last; the other axes broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.vecdot([[1, 2], [3, 4]], [10, 1])).tolist()
    [12, 34]

    Raises ``ShapeError`` where the sizes along ``axis`` differ. Standard: "vecdot".
    """
    left, right = x1.known_shape, x2.known_shape
    smaller = len(left) if len(left) < len(right) else len(right)
    if not -smaller <= axis <= -1:
        summary = "the axis of a vecdot is counted from the last, in both operands"
        raise AxisError(message(summary, found=f"axis={axis}", needed=f"-{smaller} <= axis <= -1"))
    _check_inner(left, right, left[axis], right[axis])
    return x1.with_shape(broadcast_shapes(*(_without(shape, len(shape) + axis) for shape in (left, right))))


def _without(shape: Shape, place: int) -> Shape:
    return (*shape[:place], *shape[place + 1 :])


@vecdot.gradient
def vecdot_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x1, x2 = operation.inputs
    g = xp.expand_dims(g, axis=operation.attributes["axis"])
    if not x1.dtype.is_complex:
        return g * x2, g * x1
    return xp.conj(g * x2), g * xp.conj(x1)


vecdot.batching(elementwise)


@vecdot.samples
def vecdot_samples() -> Iterator[Sample]:
    yield Sample(normal(3), normal(3, seed=1))
    yield Sample(normal(2, 3), normal(4, 1, 3, seed=1))
    yield Sample(normal(3, 2), normal(4, 3, 1, seed=1), axis=-2)
    yield ErrorSample(normal(2, 3), normal(2, seed=1)).raises(ShapeError, "do not multiply")
    yield ErrorSample(normal(2), normal(2, seed=1), axis=0).raises(AxisError, "counted from the last")
    yield ErrorSample([True], [True]).raises(DTypeError, "needed:  a numeric dtype")
