"""Reductions of rows that belong together: each row of the data has the number of its segment beside it.

The numbers need not be sorted; rows whose number lies outside ``range(num_segments)`` are left out. What users of
TensorFlow call ``segment_sum`` and so on stands at the end: the same, but for what a segment without rows gets.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from polyflow.core.batching import again, in_all
from polyflow.core.declaration import define_op
from polyflow.core.dtypes import int64
from polyflow.core.keys import INDEX
from polyflow.core.samples import ErrorSample, Sample, integers, normal, values
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import DTypeError, ShapeError, ValueRangeError, message
from polyflow.ops.creation import ones_like
from polyflow.ops.indexing import index_add
from polyflow.ops.searching import where


def _reduced(data: TensorType, ids: TensorType, num_segments: int) -> TensorType:
    """The type of a reduction by segments."""
    if not isinstance(num_segments, int) or isinstance(num_segments, bool) or num_segments < 0:
        raise ValueRangeError(message("num_segments must be known", found=num_segments, needed="a number >= 0"))
    shape, prefix = data.known_shape, ids.known_shape
    pairs = zip(shape, prefix, strict=False)
    if len(prefix) > len(shape) or any(None not in pair and pair[0] != pair[1] for pair in pairs):
        found = f"{format_shape(prefix)} for data of {format_shape(shape)}"
        raise ShapeError(message("segment_ids do not number the rows of data", found=found, needed="its first axes"))
    return data.with_shape((num_segments, *shape[len(prefix) :]))


@define_op(dtypes={"data": "numeric", "segment_ids": "integral"})
def unsorted_segment_sum(data: TensorType, segment_ids: TensorType, /, *, num_segments: int) -> TensorType:
    """For each segment the sum of the rows of ``data`` that have its number in ``segment_ids``; 0 for no row.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.unsorted_segment_sum([1, 2, 3, 4], [2, 0, 2, -1], num_segments=3)).tolist()
    [2, 0, 4]

    ``segment_ids`` has the shape of the first axes of ``data``; else ``ShapeError``.
    Source: TensorFlow, "tf.math.unsorted_segment_sum".
    """
    return _reduced(data, segment_ids, num_segments)


@unsorted_segment_sum.expansion
def unsorted_segment_sum_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    data, ids = inputs
    return _summed(builder.xp, data, ids, attributes["num_segments"])


def _summed(xp: Any, data: Any, ids: Any, count: int) -> Any:
    places = _places(xp, ids, count, outside=count)  # what is left out is added to a row that is cut off
    totals = xp.zeros((count + 1, *data.shape[ids.ndim :]), dtype=data.dtype)
    return index_add(totals, data, places, key=(INDEX,))[:count]


def _places(xp: Any, ids: Any, count: int, outside: int) -> Any:
    """The numbers of segments, ``outside`` in place of those that lie outside."""
    ids = xp.astype(ids, xp.int64)
    return xp.where(xp.logical_and(ids >= 0, ids < count), ids, outside)


def _sizes(xp: Any, data: Any, ids: Any, count: int) -> Any:
    """How many rows each segment has, at least 1, in the dtype of ``data`` and a shape that broadcasts."""
    rest = (1,) * (data.ndim - ids.ndim)
    ones = xp.reshape(xp.ones_like(ids, dtype=data.dtype), (*ids.shape, *rest))
    return xp.maximum(_summed(xp, ones, ids, count), 1)


@define_op(dtypes={"data": "floating", "segment_ids": "integral"})
def unsorted_segment_mean(data: TensorType, segment_ids: TensorType, /, *, num_segments: int) -> TensorType:
    """For each segment the mean of the rows of ``data`` that have its number; 0 for no row.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.unsorted_segment_mean([1.0, 2.0, 4.0], [1, 0, 1], num_segments=3)).tolist()
    [2.0, 2.5, 0.0]

    Source: TensorFlow, "tf.math.unsorted_segment_mean".
    """
    return _reduced(data, segment_ids, num_segments)


@unsorted_segment_mean.expansion
def unsorted_segment_mean_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    xp, (data, ids), count = builder.xp, inputs, attributes["num_segments"]
    return _summed(xp, data, ids, count) / _real_sizes(xp, data, ids, count)


def _real_sizes(xp: Any, data: Any, ids: Any, count: int) -> Any:
    return _sizes(xp, xp.real(data) if data.dtype.is_complex else data, ids, count)


@define_op(dtypes={"data": "floating", "segment_ids": "integral"})
def unsorted_segment_sqrt_n(data: TensorType, segment_ids: TensorType, /, *, num_segments: int) -> TensorType:
    """For each segment the sum of the rows of ``data`` that have its number, divided by the root of how many.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.unsorted_segment_sqrt_n([1.0] * 5, [1, 0, 1, 1, 1], num_segments=2)).tolist()
    [1.0, 2.0]

    Source: TensorFlow, "tf.math.unsorted_segment_sqrt_n".
    """
    return _reduced(data, segment_ids, num_segments)


@unsorted_segment_sqrt_n.expansion
def unsorted_segment_sqrt_n_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    xp, (data, ids), count = builder.xp, inputs, attributes["num_segments"]
    return _summed(xp, data, ids, count) / xp.sqrt(_real_sizes(xp, data, ids, count))


@define_op(dtypes={"data": "real", "segment_ids": "integral"})
def unsorted_segment_max(data: TensorType, segment_ids: TensorType, /, *, num_segments: int) -> TensorType:
    """For each segment the largest of the rows of ``data`` that have its number, the lowest finite number for no row.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.unsorted_segment_max([1, 2, 3, 4], [2, 0, 2, -1], num_segments=3)).tolist()
    [2, -9223372036854775808, 3]

    Elements that tie share the gradient evenly. Source: TensorFlow, "tf.math.unsorted_segment_max".
    """
    return _reduced(data, segment_ids, num_segments)


@define_op(dtypes={"data": "real", "segment_ids": "integral"})
def unsorted_segment_min(data: TensorType, segment_ids: TensorType, /, *, num_segments: int) -> TensorType:
    """For each segment the smallest of the rows of ``data`` that have its number, the largest number for no row.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.unsorted_segment_min([1, 2, 3, 4], [2, 0, 2, -1], num_segments=3)).tolist()
    [2, 9223372036854775807, 1]

    Elements that tie share the gradient evenly. Source: TensorFlow, "tf.math.unsorted_segment_min".
    """
    return _reduced(data, segment_ids, num_segments)


@define_op(dtypes={"data": "numeric", "segment_ids": "integral"})
def unsorted_segment_prod(data: TensorType, segment_ids: TensorType, /, *, num_segments: int) -> TensorType:
    """For each segment the product of the rows of ``data`` that have its number; 1 for no row.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.unsorted_segment_prod([1, 2, 3, 4], [2, 0, 2, 2], num_segments=3)).tolist()
    [2, 1, 12]

    The gradient is right where elements are 0. Source: TensorFlow, "tf.math.unsorted_segment_prod".
    """
    return _reduced(data, segment_ids, num_segments)


@unsorted_segment_max.kernel
def unsorted_segment_max_kernel(xp: Any, data: Any, segment_ids: Any, *, num_segments: int) -> Any:
    return _folded(xp, data, segment_ids, num_segments, xp.maximum, _bounds(xp, data)[0])


@unsorted_segment_min.kernel
def unsorted_segment_min_kernel(xp: Any, data: Any, segment_ids: Any, *, num_segments: int) -> Any:
    return _folded(xp, data, segment_ids, num_segments, xp.minimum, _bounds(xp, data)[1])


@unsorted_segment_prod.kernel
def unsorted_segment_prod_kernel(xp: Any, data: Any, segment_ids: Any, *, num_segments: int) -> Any:
    return _folded(xp, data, segment_ids, num_segments, lambda left, right: left * right, 1)


def _bounds(xp: Any, data: Any) -> tuple[Any, Any]:
    facts = xp.iinfo(data.dtype) if xp.isdtype(data.dtype, "integral") else xp.finfo(data.dtype)
    return facts.min, facts.max


def _folded(xp: Any, data: Any, ids: Any, count: int, combine: Callable[[Any, Any], Any], empty: Any) -> Any:
    # As in index_add: sort the rows by segment, fold each run in log2(n) doublings, and let every segment fetch what
    # then stands at the start of its run.
    rest = data.shape[ids.ndim :]
    size = math.prod(ids.shape)
    fill = xp.full((count, *rest), empty, dtype=data.dtype)
    if size == 0 or 0 in fill.shape:
        return fill
    ids = xp.astype(xp.reshape(ids, (size,)), xp.int64)
    order = xp.argsort(ids)
    ids, totals = xp.take(ids, order), xp.take(xp.reshape(data, (size, *rest)), order, axis=0)
    reach = 1
    while reach < size:
        is_same = xp.reshape(ids[reach:] == ids[:-reach], (size - reach,) + (1,) * len(rest))
        head = xp.where(is_same, combine(totals[:-reach, ...], totals[reach:, ...]), totals[:-reach, ...])
        totals = xp.concat([head, totals[size - reach :, ...]])
        reach *= 2
    slots = xp.arange(count)
    starts = xp.searchsorted(ids, slots)
    starts = xp.where(starts < size, starts, xp.zeros_like(starts))
    is_hit = xp.reshape(xp.take(ids, starts) == slots, (count,) + (1,) * len(rest))
    return xp.where(is_hit, xp.take(totals, starts, axis=0), fill)


@unsorted_segment_max.gradient
@unsorted_segment_min.gradient
def unsorted_segment_extreme_gradient(xp: Any, operation: Any, g: Any) -> Any:
    data, ids = operation.inputs
    count = operation.attributes["num_segments"]
    if count == 0:
        return None, None
    places = _places(xp, ids, count, outside=0)
    is_inside = xp.reshape(places == ids, (*ids.shape, *(1,) * (data.ndim - ids.ndim)))
    is_best = xp.logical_and(data == xp.take(operation.output, places, axis=0), is_inside)
    shared = g / xp.maximum(_summed(xp, xp.astype(is_best, g.dtype), ids, count), 1)
    return xp.where(is_best, xp.take(shared, places, axis=0), 0), None


@unsorted_segment_prod.gradient
def unsorted_segment_prod_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # The slope at a row is the product of the others of its segment: of those before it and those after it.
    data, ids = operation.inputs
    count, size = operation.attributes["num_segments"], math.prod(ids.shape)
    if count == 0 or 0 in data.shape:
        return None, None
    flat = xp.reshape(ids, (size,))
    order = xp.argsort(flat)
    rows = xp.take(xp.reshape(data, (size, *data.shape[ids.ndim :])), order, axis=0)
    sorted_ids = xp.take(flat, order)
    before = _products_before(xp, rows, sorted_ids)
    after = xp.flip(_products_before(xp, xp.flip(rows, axis=0), xp.flip(sorted_ids, axis=0)), axis=0)
    others = xp.reshape(xp.take(before * after, xp.argsort(order), axis=0), data.shape)
    places = _places(xp, ids, count, outside=0)
    is_inside = xp.reshape(places == ids, (*ids.shape, *(1,) * (data.ndim - ids.ndim)))
    return xp.where(is_inside, xp.take(g, places, axis=0) * others, 0), None


def _products_before(xp: Any, rows: Any, ids: Any) -> Any:
    """At each row the product of the rows before it in its run of equal ``ids``."""
    size, rest = rows.shape[0], (1,) * (rows.ndim - 1)
    ones = xp.ones_like(rows)
    is_same = xp.reshape(ids[1:] == ids[:-1], (size - 1, *rest))
    totals = xp.concat([ones[:1], xp.where(is_same, rows[:-1], ones[:-1])])
    reach = 1
    while reach < size:
        is_same = xp.reshape(ids[reach:] == ids[:-reach], (size - reach, *rest))
        tail = totals[reach:] * xp.where(is_same, totals[:-reach], ones[:-reach])
        totals = xp.concat([totals[:reach], tail])
        reach *= 2
    return totals


@unsorted_segment_max.batching
@unsorted_segment_min.batching
@unsorted_segment_prod.batching
def unsorted_segment_batching(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    # The segments of each example are numbered on from those of the example before.
    data, ids = in_all(xp, inputs, batched)
    size, count = data.shape[0], operation.attributes["num_segments"]
    first = xp.reshape(xp.arange(size) * count, (size,) + (1,) * (ids.ndim - 1))
    numbers = _places(xp, ids, count, outside=-1)
    numbers = xp.where(numbers >= 0, numbers + first, -1)
    found = again(operation, [data, numbers], num_segments=size * count)
    return xp.reshape(found, (size, *operation.output.type.static_shape))


@unsorted_segment_sum.samples
@unsorted_segment_mean.samples
@unsorted_segment_sqrt_n.samples
def unsorted_segment_samples() -> Iterator[Sample]:
    yield from _samples()


@unsorted_segment_max.samples
@unsorted_segment_min.samples
def unsorted_segment_extreme_samples() -> Iterator[Sample]:
    yield from _samples(gradient=False)  # finite differences overflow where a segment has no row
    yield Sample(normal(6, 2), values([2, 0, 2, 1, 0, -1], "int64"), num_segments=3)
    yield Sample(values([3.0, 1.0, 3.0, 3.0]), values([0, 0, 0, 1], "int64"), num_segments=2, gradient=False)


def _samples(gradient: bool = True) -> Iterator[Sample]:
    ids = values([2, 0, 2, -1, 0, 5], "int64")
    yield Sample(normal(6, 2), ids, num_segments=4, gradient=gradient)
    yield Sample(normal(6), values([0, 0, 1, 1, 2, 2], "int32"), num_segments=3)
    yield Sample(normal(2, 3, 2), integers(2, 3, low=0, high=3), num_segments=3)
    yield Sample(normal(0, 2), values([], "int64"), num_segments=2, gradient=gradient)
    yield Sample(normal(6), ids, num_segments=0)
    yield ErrorSample(normal(3), values([0, 1], "int64"), num_segments=2).raises(
        ShapeError, "segment_ids do not number the rows of data"
    )
    yield ErrorSample(normal(2), values([0, 1], "int64"), num_segments=-1).raises(
        ValueRangeError, "num_segments must be known"
    )
    yield ErrorSample(normal(2), values([0.0, 1.0], "float32"), num_segments=2).raises(
        DTypeError, "needed:  a integral dtype"
    )


@unsorted_segment_prod.samples
def unsorted_segment_prod_samples() -> Iterator[Sample]:
    yield from _samples()
    ids = values([1, 0, 1, 0, 1, 0], "int64")
    yield Sample(values([0.0, 2.0, 0.0, 0.0, 3.0, 4.0]), ids, num_segments=2)


def segment_sum(data: Any, segment_ids: Any, /, *, num_segments: int) -> Any:
    """For each segment the sum of the rows of ``data`` that have its number in ``segment_ids``; 0 for no row.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.segment_sum([[1, 2], [3, 4], [5, 6]], [0, 0, 1], num_segments=2)).tolist()
    [[4, 6], [5, 6]]

    TensorFlow takes the number of segments from the data; here it is given, so that the shape is known.
    Source: TensorFlow, "tf.math.segment_sum".
    """
    return unsorted_segment_sum(data, segment_ids, num_segments=num_segments)


def segment_mean(data: Any, segment_ids: Any, /, *, num_segments: int) -> Any:
    """For each segment the mean of the rows of ``data`` that have its number in ``segment_ids``; 0 for no row.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.segment_mean([1.0, 2.0, 4.0], [0, 0, 2], num_segments=3)).tolist()
    [1.5, 0.0, 4.0]

    Source: TensorFlow, "tf.math.segment_mean".
    """
    return unsorted_segment_mean(data, segment_ids, num_segments=num_segments)


def segment_prod(data: Any, segment_ids: Any, /, *, num_segments: int) -> Any:
    """For each segment the product of the rows of ``data`` that have its number in ``segment_ids``; 1 for no row.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.segment_prod([1, 2, 4], [0, 0, 2], num_segments=3)).tolist()
    [2, 1, 4]

    Source: TensorFlow, "tf.math.segment_prod".
    """
    return unsorted_segment_prod(data, segment_ids, num_segments=num_segments)


def segment_max(data: Any, segment_ids: Any, /, *, num_segments: int) -> Any:
    """For each segment the largest of the rows of ``data`` that have its number in ``segment_ids``; 0 for no row.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.segment_max([1, 2, 4], [0, 0, 2], num_segments=3)).tolist()
    [2, 0, 4]

    Source: TensorFlow, "tf.math.segment_max".
    """
    return _of_rows(unsorted_segment_max, data, segment_ids, num_segments)


def segment_min(data: Any, segment_ids: Any, /, *, num_segments: int) -> Any:
    """For each segment the smallest of the rows of ``data`` that have its number in ``segment_ids``; 0 for no row.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.segment_min([1, 2, 4], [0, 0, 2], num_segments=3)).tolist()
    [1, 0, 4]

    Source: TensorFlow, "tf.math.segment_min".
    """
    return _of_rows(unsorted_segment_min, data, segment_ids, num_segments)


def _of_rows(reduce: Any, data: Any, ids: Any, count: int) -> Any:
    """The reduction, 0 in place of what a segment without rows has."""
    rows = unsorted_segment_sum(ones_like(data, dtype=int64), ids, num_segments=count)
    return where(rows > 0, reduce(data, ids, num_segments=count), 0)
