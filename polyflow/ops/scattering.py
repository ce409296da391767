"""Scattering: updates put where rows of indices say, as functions; what they return is a new tensor.

A row of ``indices``, along its last axis, names a place in the first axes of the result, and the update for it fills
the other axes. ``index_add``, in ``indexing.py``, does the work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

from polyflow.core.declaration import define_op
from polyflow.core.keys import INDEX
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.signature import ShapeLike
from polyflow.core.types import Shape, TensorType, format_shape
from polyflow.errors import DTypeError, ShapeError, message
from polyflow.ops.gathering import index_columns, index_depth
from polyflow.ops.indexing import getitem, index_add
from polyflow.ops.segments import unsorted_segment_max, unsorted_segment_min

_TWICE = values([[0], [2], [0]], "int64")  # one place is named twice


@define_op(dtypes={"indices": "integral", "updates": "numeric"})
def scatter_nd(indices: TensorType, updates: TensorType, shape: ShapeLike, /) -> TensorType:
    """Zeros of ``shape`` with ``updates`` added at the places that the rows of ``indices`` name.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.scatter_nd([[1], [3], [1]], [10, 20, 30], (5,))).tolist()
    [0, 40, 0, 20, 0]

    A place that is named twice gets the sum; one outside is an error where the engine looks, and on JAX changes nothing
    (docs/edge-cases.md). Raises ``ShapeError`` where ``updates`` do not have the shape of the rows followed by that of
    a slice. Source: TensorFlow, "tf.scatter_nd".
    """
    _check_updates(indices, updates, shape)
    return updates.with_shape(shape)


def _check_updates(indices: TensorType, updates: TensorType, shape: Shape) -> None:
    depth = index_depth(indices, len(shape))
    needed = (*indices.known_shape[:-1], *shape[depth:])
    found = updates.known_shape
    if len(found) != len(needed) or any(
        None not in pair and pair[0] != pair[1] for pair in zip(found, needed, strict=True)
    ):
        summary = "the updates do not have the shape of what the indices name"
        raise ShapeError(message(summary, found=format_shape(found), needed=format_shape(needed)))


def _added(x: Any, indices: Any, updates: Any) -> Any:
    columns = index_columns(indices)
    return index_add(x, updates, *columns, key=(INDEX,) * len(columns))


@scatter_nd.expansion
def scatter_nd_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    indices, updates = inputs
    return _added(builder.xp.zeros(attributes["shape"], dtype=updates.dtype), indices, updates)


@scatter_nd.samples
def scatter_nd_samples() -> Iterator[Sample]:
    yield Sample(_TWICE, normal(3, 2), (4, 2))
    yield Sample(values([[0, 1], [1, 2]], "int32"), normal(2), (2, 3))
    yield Sample(values([[[0, 1]], [[1, 0]]], "int64"), normal(2, 1, 3), (2, 2, 3))
    yield ErrorSample(_TWICE, normal(2, 2), (4, 2)).raises(ShapeError, "the shape of what the indices name")
    yield ErrorSample(values([[0, 0]], "int64"), normal(1), (3,)).raises(ShapeError, "do not name places")
    yield ErrorSample(values([[0.5]], "float32"), normal(1), (3,)).raises(DTypeError, "needed:  a integral dtype")


@define_op(dtypes={"x": "numeric", "indices": "integral", "updates": "numeric"}, promote=("x", "updates"))
def tensor_scatter_nd_add(x: TensorType, indices: TensorType, updates: TensorType, /) -> TensorType:
    """``x`` with ``updates`` added at the places that the rows of ``indices`` name; one named twice gets both.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.tensor_scatter_nd_add([1, 1, 1], [[0], [2], [0]], [10, 20, 30])).tolist()
    [41, 1, 21]

    Raises ``ShapeError`` as ``scatter_nd`` does. Source: TensorFlow, "tf.tensor_scatter_nd_add".
    """
    _check_updates(indices, updates, x.known_shape)
    return x.with_shape(x.known_shape)


@tensor_scatter_nd_add.expansion
def tensor_scatter_nd_add_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return _added(*inputs)


@define_op(dtypes={"x": "numeric", "indices": "integral", "updates": "numeric"}, promote=("x", "updates"))
def tensor_scatter_nd_sub(x: TensorType, indices: TensorType, updates: TensorType, /) -> TensorType:
    """``x`` with ``updates`` subtracted at the places that the rows of ``indices`` name.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.tensor_scatter_nd_sub([1, 1, 1], [[0], [2], [0]], [10, 20, 30])).tolist()
    [-39, 1, -19]

    Raises ``ShapeError`` as ``scatter_nd`` does. Source: TensorFlow, "tf.tensor_scatter_nd_sub".
    """
    _check_updates(indices, updates, x.known_shape)
    return x.with_shape(x.known_shape)


@tensor_scatter_nd_sub.expansion
def tensor_scatter_nd_sub_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    x, indices, updates = inputs
    return _added(x, indices, -updates)


@define_op(dtypes={"indices": "integral"}, promote=("x", "updates"))
def tensor_scatter_nd_update(x: TensorType, indices: TensorType, updates: TensorType, /) -> TensorType:
    """``x`` with ``updates`` in the places that the rows of ``indices`` name; of two for one place the last stays.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.tensor_scatter_nd_update([1, 1, 1], [[0], [2], [0]], [10, 20, 30])).tolist()
    [30, 1, 20]

    Raises ``ShapeError`` as ``scatter_nd`` does. Source: TensorFlow, "tf.tensor_scatter_nd_update".
    """
    _check_updates(indices, updates, x.known_shape)
    return x.with_shape(x.known_shape)


@tensor_scatter_nd_update.expansion
def tensor_scatter_nd_update_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    xp, (x, indices, updates) = builder.xp, inputs
    rows, places, slots = _flat(xp, x, indices, updates)
    if 0 in rows.shape:
        return x
    winner = xp.reshape(unsorted_segment_max(xp.arange(rows.shape[0]), places, num_segments=slots), (-1,))
    chosen = xp.take(rows, xp.maximum(winner, 0), axis=0)
    is_hit = xp.reshape(winner >= 0, (slots,) + (1,) * (rows.ndim - 1))
    return xp.reshape(xp.where(is_hit, chosen, xp.reshape(x, chosen.shape)), x.shape)


def _flat(xp: Any, x: Any, indices: Any, updates: Any) -> tuple[Any, Any, int]:
    """The updates as rows, the place of each among all places of ``x`` in row-major order, and how many there are."""
    depth = indices.shape[-1]
    slots = prod(x.shape[:depth])
    numbered = xp.reshape(xp.arange(slots), x.shape[:depth])
    places = getitem(numbered, *index_columns(indices), key=(INDEX,) * depth)
    places = xp.where(places < 0, slots, places)  # an index outside: an error by now, or nowhere, where engines go on
    count = prod(indices.shape[:-1])
    return xp.reshape(updates, (count, *x.shape[depth:])), xp.reshape(places, (count,)), slots


@define_op(dtypes={"x": "real", "indices": "integral", "updates": "real"}, promote=("x", "updates"))
def tensor_scatter_nd_max(x: TensorType, indices: TensorType, updates: TensorType, /) -> TensorType:
    """``x`` with its elements raised to ``updates`` at the places that the rows of ``indices`` name.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.tensor_scatter_nd_max([1, 1, 25], [[0], [2], [0]], [10, 20, 30])).tolist()
    [30, 1, 25]

    Raises ``ShapeError`` as ``scatter_nd`` does. Source: TensorFlow, "tf.tensor_scatter_nd_max".
    """
    _check_updates(indices, updates, x.known_shape)
    return x.with_shape(x.known_shape)


@tensor_scatter_nd_max.expansion
def tensor_scatter_nd_max_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return _extreme(builder.xp, inputs, unsorted_segment_max, builder.xp.maximum)


@define_op(dtypes={"x": "real", "indices": "integral", "updates": "real"}, promote=("x", "updates"))
def tensor_scatter_nd_min(x: TensorType, indices: TensorType, updates: TensorType, /) -> TensorType:
    """``x`` with its elements lowered to ``updates`` at the places that the rows of ``indices`` name.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.tensor_scatter_nd_min([50, 1, 25], [[0], [2], [0]], [10, 20, 30])).tolist()
    [10, 1, 20]

    Raises ``ShapeError`` as ``scatter_nd`` does. Source: TensorFlow, "tf.tensor_scatter_nd_min".
    """
    _check_updates(indices, updates, x.known_shape)
    return x.with_shape(x.known_shape)


@tensor_scatter_nd_min.expansion
def tensor_scatter_nd_min_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return _extreme(builder.xp, inputs, unsorted_segment_min, builder.xp.minimum)


def _extreme(xp: Any, inputs: Sequence[Any], of_segments: Any, of_two: Any) -> Any:
    x, indices, updates = inputs
    rows, places, slots = _flat(xp, x, indices, updates)
    if 0 in rows.shape:
        return x
    best = of_segments(rows, places, num_segments=slots)
    old = xp.reshape(x, best.shape)
    hits = index_add(xp.zeros((slots,), dtype=xp.int64), 1, places, key=(INDEX,))
    is_hit = xp.reshape(hits > 0, (slots,) + (1,) * (best.ndim - 1))
    return xp.reshape(of_two(old, xp.where(is_hit, best, old)), x.shape)


@tensor_scatter_nd_add.samples
@tensor_scatter_nd_sub.samples
@tensor_scatter_nd_update.samples
@tensor_scatter_nd_max.samples
@tensor_scatter_nd_min.samples
def tensor_scatter_samples() -> Iterator[Sample]:
    yield Sample(normal(4, 2), _TWICE, normal(3, 2, seed=1))
    yield Sample(normal(2, 3), values([[0, 1], [1, -1]], "int32"), normal(2, seed=1))
    yield Sample(normal(2, 2, 3), values([[[0, 1]], [[1, 0]]], "int64"), normal(2, 1, 3, seed=1))
    yield Sample(normal(2, 3), values([[1]], "int64"), normal(1, 3, seed=1))
    yield ErrorSample(normal(4, 2), _TWICE, normal(2, 2)).raises(ShapeError, "the shape of what the indices name")
    yield ErrorSample(normal(3), values([[0, 0]], "int64"), normal(1)).raises(ShapeError, "do not name places")
