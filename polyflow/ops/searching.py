"""Choosing by condition, and where elements are (standard, "Searching Functions")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import along_axis
from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import int64
from polyflow.core.primitives import constant_op
from polyflow.core.samples import ErrorSample, Sample, booleans, normal, values
from polyflow.core.shapes import broadcast_shapes, product, reduced, single_axis
from polyflow.core.signature import Axis
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import AxisError, DTypeError, ShapeError, ValueRangeError, message
from polyflow.ops.batched_searching import batched_searchsorted


@define_op(traits=Trait.ELEMENTWISE, dtypes={"condition": "bool"}, promote=("x1", "x2"))
def where(condition: TensorType, x1: TensorType, x2: TensorType, /) -> TensorType:
    """Each element of ``x1`` where ``condition`` is true and of ``x2`` where it is false, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.where([True, False], [1, 2], -1)).tolist()
    [1, -1]

    The gradient of what was not chosen is 0, even where its value is NaN or infinite. Standard: "where".
    """
    return x1.with_shape(broadcast_shapes(condition.known_shape, x1.known_shape, x2.known_shape))


@where.gradient
def where_gradient(xp: Any, operation: Any, g: Any) -> Any:
    condition = operation.inputs[0]
    return None, xp.where(condition, g, 0), xp.where(condition, 0, g)


@where.simplification
def where_simplification(operation: Any) -> Any:
    """A condition that is known chooses now."""
    condition = operation.inputs[0].operation
    known = condition.attributes["value"].uniform_value if condition.op is constant_op else None
    chosen = None if known is None else operation.inputs[1 if known else 2]
    return chosen if chosen is not None and chosen.type == operation.output.type else None


@where.samples
def where_samples() -> Iterator[Sample]:
    yield Sample(booleans(2, 3), normal(2, 3), normal(2, 3, seed=1))
    yield Sample(booleans(2, 1), normal(3), normal(seed=1))
    yield Sample(booleans(), normal(2), normal(2, seed=1))
    of_second = values([False, True, False], "bool")
    yield Sample(of_second, normal(3), values([float("nan"), 1.0, float("inf")]), gradient=False, dtypes="floating")
    yield Sample(booleans(3), booleans(3, seed=1), booleans(3, seed=2))
    yield ErrorSample(booleans(2), normal(3), normal(3)).raises(ShapeError, "do not broadcast")
    wrong = ErrorSample(values([1, 0], "int64"), normal(2), normal(2))
    yield wrong.raises(DTypeError, "operand condition has a dtype that where does not take")


@define_op(dtypes="real")
def argmax(x: TensorType, /, *, axis: Axis = None, keepdims: bool = False) -> TensorType:
    """The index, as int64, of the largest element of ``x`` along ``axis``; of all elements without an axis.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.argmax([[1, 5, 5], [4, 3, 2]], axis=1)).tolist()
    [1, 0]

    The first of several; without an axis the elements count in row-major order. Raises ``ShapeError`` where there are
    no elements. Standard: "argmax".
    """
    return _place_of_extreme(x, axis, keepdims)


def _place_of_extreme(x: TensorType, axis: Axis, keepdims: bool) -> TensorType:
    shape = x.known_shape
    place = None if axis is None else single_axis(axis, len(shape))
    if (product(shape) if place is None else shape[place]) == 0:
        raise ShapeError(message("there is no extreme of no elements", found=format_shape(shape), needed="an element"))
    return reduced(x, place, keepdims, dtype=int64)


argmax.zero_gradient("its result is a whole number")


argmax.batching(along_axis)


@argmax.samples
def argmax_samples() -> Iterator[Sample]:
    yield from _place_samples()
    yield Sample(values([1.0, float("nan"), 2.0, float("nan")]), dtypes="real floating")


def _place_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3, 2), axis=-2, keepdims=True)
    yield Sample(values([[1, 3, 3], [2, 2, 2]]), axis=1)
    yield Sample(normal(), keepdims=True)
    yield Sample(normal(2, 3), keepdims=True)
    yield Sample(values([1.0, 1.0 + 2.0**-40, 1.0 - 2.0**-40], "float64"))
    yield ErrorSample(normal(2, 0), axis=1).raises(ShapeError, "there is no extreme of no elements")
    yield ErrorSample(normal(2, 3), axis=(0, 1)).raises(AxisError, "takes one axis")


@define_op(dtypes="real")
def argmin(x: TensorType, /, *, axis: Axis = None, keepdims: bool = False) -> TensorType:
    """The index, as int64, of the smallest element of ``x`` along ``axis``; of all elements without an axis.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.argmin([[1, 5, 1], [4, 3, 2]], axis=1)).tolist()
    [0, 2]

    The first of several; without an axis the elements count in row-major order. Raises ``ShapeError`` where there are
    no elements. Standard: "argmin".
    """
    return _place_of_extreme(x, axis, keepdims)


argmin.zero_gradient("its result is a whole number")
argmin.samples(_place_samples)
argmin.batching(along_axis)


@define_op
def nonzero(x: TensorType, /) -> tuple[TensorType, ...]:
    """The indices, as int64, of the elements of ``x`` that are not 0: one tensor for each axis, in row-major order.

    >>> import polyflow as pf
    >>> [each.tolist() for each in pf.Session().run(pf.nonzero([[0, 1], [1, 1]]))]
    [[0, 1, 1], [1, 0, 1]]

    How many there are is known only at run time. Standard: "nonzero".
    """
    if x.rank == 0:
        summary = "a tensor of rank 0 has no indices"
        raise ShapeError(message(summary, found=str(x), needed="rank 1 or more", remedy="reshape(x, (1,))"))
    return (TensorType(int64, (0 if product(x.known_shape) == 0 else None,)),) * x.rank


nonzero.zero_gradient("its result is whole numbers")


@nonzero.samples
def nonzero_samples() -> Iterator[Sample]:
    yield Sample(values([[0.0, 1.0, 0.0], [2.0, 0.0, 3.0]]))
    yield Sample(booleans(5))
    yield Sample(normal(2, 0, 3))
    yield Sample(values([0, 0]))
    yield Sample(values([0.0, 1e-60], "float64"))
    yield ErrorSample(normal()).raises(ShapeError, "a tensor of rank 0 has no indices")


@define_op(dtypes={"x1": "real", "x2": "real", "sorter": "integral"}, promote=("x1", "x2"))
def searchsorted(
    x1: TensorType, x2: TensorType, /, *, side: str = "left", sorter: TensorType | None = None
) -> TensorType:
    """For each element of ``x2`` the index in ``x1``, as int64, before which it belongs; ``x1`` is sorted, upwards.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.searchsorted([1, 2, 2, 5], [2, 9])).tolist()
    [1, 4]

    Before its equals for ``side="left"``, behind them for ``"right"``. With ``sorter``, it is ``take(x1, sorter)``
    that is sorted. Standard: "searchsorted".
    """
    if x1.rank != 1:
        raise ShapeError(message("what is searched must have rank 1", found=format_shape(x1.known_shape)))
    if side not in ("left", "right"):
        raise ValueRangeError(message("not a side", found=repr(side), needed="'left' or 'right'"))
    if sorter is not None and sorter.known_shape != x1.known_shape:
        found, needed = format_shape(sorter.known_shape), format_shape(x1.known_shape)
        raise ShapeError(message("the sorter has another shape than x1", found=found, needed=needed))
    return TensorType(int64, x2.known_shape)


searchsorted.zero_gradient("its result is whole numbers")


searchsorted.batching(batched_searchsorted)


@searchsorted.samples
def searchsorted_samples() -> Iterator[Sample]:
    row, sought = values([1.0, 2.0, 2.0, 5.0]), values([[0.0, 2.0], [5.0, 9.0]])
    yield Sample(row, sought)
    yield Sample(row, sought, side="right")
    yield Sample(values([5.0, 1.0, 3.0]), sought, sorter=values([1, 2, 0], "int64"))
    yield Sample(row, values(2.0))
    yield ErrorSample(sought, row).raises(ShapeError, "what is searched must have rank 1")
    yield ErrorSample(row, sought, side="middle").raises(ValueRangeError, "not a side")
