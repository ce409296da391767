"""Reductions by segments with TensorFlow 1's arguments: the numbers of sorted segments say how many there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polyflow.compat.v1.literals import convert_to_tensor
from polyflow.compat.v1.static_shapes import fixed_shape
from polyflow.core.declaration import define_op
from polyflow.core.graph import get_default_graph
from polyflow.core.types import UNKNOWN, TensorType
from polyflow.ops import segments
from polyflow.ops.asserting import Assert
from polyflow.ops.comparison import less
from polyflow.ops.dimensions import shape
from polyflow.ops.indexing import getitem
from polyflow.ops.ordering import identity

_TOO_LARGE = "each number is below that of the rows of data, unless num_segments is given"


def _sorted(reduce: Any, called: str) -> Callable[..., Any]:
    """A reduction of rows whose segments stand in order."""

    def reduction(data: Any, segment_ids: Any, name: str | None = None, num_segments: int | None = None) -> Any:
        data, segment_ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        if num_segments is None:
            known = fixed_shape(segment_ids) if segment_ids.ndim == 1 else None
            if known is None:
                rows = getitem(shape(data, dtype=segment_ids.dtype), key=(0,))
                checked = Assert(less(segment_ids, rows), [f"{called}: {_TOO_LARGE}", segment_ids])
                with get_default_graph().control_dependencies([checked]):
                    return fed_segments(data, segment_ids, called=called, name=name)
            num_segments = max(known, default=-1) + 1
        found = reduce(data, segment_ids, num_segments=num_segments)
        return found if name is None else identity(found, name=name)

    reduction.__name__ = reduction.__qualname__ = called
    reduction.__doc__ = f"``polyflow.{called}``; without ``num_segments`` there are as many as the ids say."
    return reduction


@define_op(takes_unknown=True)
def fed_segments(data: TensorType, segment_ids: TensorType, /, *, called: str) -> TensorType:
    """The reduction ``called``, of as many segments as the values of ``segment_ids`` say when a session runs.

    >>> import polyflow.compat.v1 as tf
    >>> ids = tf.placeholder(tf.int32, [3])
    >>> tf.Session().run(tf.segment_sum([1.0, 2.0, 3.0], ids), {ids: [0, 0, 1]}).tolist()
    [3.0, 3.0]

    There are at most as many as ``data`` has rows.
    """
    is_known = data.dtype is not None and data.shape is not None
    return TensorType(data.dtype, (None, *data.known_shape[1:])) if is_known else UNKNOWN


@fed_segments.expansion
def fed_segments_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    xp, (data, ids) = builder.xp, inputs
    count = data.shape[0]
    found = getattr(segments, attributes["called"])(data, ids, num_segments=count)
    return found if count == 0 else found[xp.arange(count) <= xp.max(ids)]


def _unsorted(reduce: Any, called: str) -> Callable[..., Any]:
    """A reduction of rows whose segments stand in any order."""

    def reduction(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
        data, segment_ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        known = fixed_shape([num_segments])
        count = num_segments if known is None else known[0]
        return reduce(data, segment_ids, num_segments=count, name=name)

    reduction.__name__ = reduction.__qualname__ = called
    reduction.__doc__ = f"``polyflow.{called}`` with TensorFlow's order of arguments."
    return reduction


segment_max = _sorted(segments.segment_max, "segment_max")
segment_mean = _sorted(segments.segment_mean, "segment_mean")
segment_min = _sorted(segments.segment_min, "segment_min")
segment_prod = _sorted(segments.segment_prod, "segment_prod")
segment_sum = _sorted(segments.segment_sum, "segment_sum")
unsorted_segment_max = _unsorted(segments.unsorted_segment_max, "unsorted_segment_max")
unsorted_segment_mean = _unsorted(segments.unsorted_segment_mean, "unsorted_segment_mean")
unsorted_segment_min = _unsorted(segments.unsorted_segment_min, "unsorted_segment_min")
unsorted_segment_prod = _unsorted(segments.unsorted_segment_prod, "unsorted_segment_prod")
unsorted_segment_sum = _unsorted(segments.unsorted_segment_sum, "unsorted_segment_sum")
unsorted_segment_sqrt_n = _unsorted(segments.unsorted_segment_sqrt_n, "unsorted_segment_sqrt_n")
