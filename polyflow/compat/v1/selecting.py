"""``tf.where`` of TensorFlow 1, whose conditions of rank 1 choose whole rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyflow.compat.v1.literals import convert_to_tensor
from polyflow.core.declaration import define_op
from polyflow.core.location import user_location
from polyflow.core.types import UNKNOWN, TensorType, format_shape
from polyflow.errors import ShapeError, message
from polyflow.ops.joining import stack
from polyflow.ops.searching import nonzero
from polyflow.ops.searching import where as _where


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """Each element of ``x`` or of ``y``, or without them the places at which the condition is true.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.where([[True, False], [False, True]])).tolist()
    [[0, 0], [1, 1]]
    >>> tf.Session().run(tf.where([True, False], [[1, 2], [3, 4]], [[5, 6], [7, 8]])).tolist()
    [[1, 2], [7, 8]]

    A condition of rank 1 chooses rows of what has a higher rank, one for each of its elements: ``ShapeError`` where
    there are not as many. Else the three broadcast.
    """
    if x is None and y is None:
        return stack(list(nonzero(condition)), axis=1, name=name)
    condition, *choices = [convert_to_tensor(each) if _is_list(each) else each for each in (condition, x, y)]
    if any(getattr(each, "shape", ()) is None for each in (condition, *choices)):
        return where_rows(condition, *choices, name=name)
    return _where(_rows(None, condition, choices), *choices, name=name)


@define_op(takes_unknown=True)
def where_rows(condition: TensorType, x: TensorType, y: TensorType, /) -> TensorType:
    """``where`` of tensors whose ranks are known when a session runs.

    >>> import polyflow.compat.v1 as tf
    >>> x = tf.placeholder(tf.float32)
    >>> tf.Session().run(tf.where([True, False], x, -x), {x: [[1.0, 2.0], [3.0, 4.0]]}).tolist()
    [[1.0, 2.0], [-3.0, -4.0]]
    """
    return UNKNOWN


@where_rows.expansion
def where_rows_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    condition, *choices = inputs
    return builder.xp.where(_rows(builder, condition, choices), *choices)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _rows(builder: Any, condition: Any, choices: Sequence[Any]) -> Any:
    """The condition in a shape that broadcasts as TensorFlow 1 means it."""
    shapes = [tuple(getattr(each, "shape", ())) for each in choices]
    rank = max(map(len, shapes))
    if len(getattr(condition, "shape", ())) != 1 or rank < 2:
        return condition
    (length,) = condition.shape
    counts = {shape[0] for shape in shapes if len(shape) == rank}
    if length is not None and not counts <= {length, None}:
        raise ShapeError(
            message(
                "where: a condition of rank 1 chooses rows, one for each of its elements",
                found=f"a condition of {format_shape((length,))} for {', '.join(map(format_shape, shapes))}",
                needed="as many rows as elements",
                where=getattr(builder, "location", None) or user_location(),
                remedy="polyflow.where, which broadcasts",
            )
        )
    key: Any = (slice(None), *(None,) * (rank - 1))
    return condition[key]
