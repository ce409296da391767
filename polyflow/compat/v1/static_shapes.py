"""Shapes as TensorFlow 1 programs compute them: what of a shape tensor is known while the graph is built."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from polyflow.core.primitives import constant_op
from polyflow.core.tensor import Tensor
from polyflow.ops.ordering import identity
from polyflow.ops.shaped import placeholder_with_default

Dims = list[int | None]


def static_dims(shape: Any) -> Dims | None:
    """The dimensions of a shape, ``None`` for each that only a run knows, or ``None`` for an unknown rank.

    The shape is a number, a list of numbers and tensors, or a tensor.

    >>> import polyflow.compat.v1 as tf
    >>> x = tf.placeholder(tf.float32, [None, 3])
    >>> static_dims([tf.shape(x)[0], 2]), static_dims(tf.shape(x)), static_dims(tf.constant([2, 3]) * 2)
    ([None, 2], [None, 3], [4, 6])
    """
    if hasattr(shape, "__tensor__"):
        known = _value(shape.__tensor__())
        if isinstance(known, list):
            return known
        rows = shape.shape
        return [None] * rows[0] if rows is not None and len(rows) == 1 and rows[0] is not None else None
    if hasattr(shape, "tolist"):
        shape = shape.tolist()
    return [_number(each) for each in ([shape] if isinstance(shape, int) else shape)]


def fixed_shape(shape: Any) -> tuple[int, ...] | None:
    """The shape as numbers, where all of it is known while the graph is built.

    >>> fixed_shape([2, 3]), fixed_shape([None, 3])
    ((2, 3), None)
    """
    dims = static_dims(shape)
    return None if dims is None or None in dims else tuple(each for each in dims if each is not None)


def known_numbers(value: Any) -> Any:
    """A tensor of whole numbers that are known, such as an axis or an order of axes, as numbers; else ``value``.

    >>> import polyflow.compat.v1 as tf
    >>> x = tf.placeholder(tf.float32, [None, 3])
    >>> known_numbers(tf.constant(1)), known_numbers([tf.rank(x), 0]), known_numbers(tf.range(tf.rank(x)))
    (1, (2, 0), (0, 1))
    """
    if isinstance(value, list | tuple):
        return tuple(map(known_numbers, value))
    if not hasattr(value, "__tensor__"):
        return value
    found = _value(value.__tensor__())
    if isinstance(found, list):
        return value if None in found else tuple(found)
    return value if found is None else found


def with_dims(x: Tensor, dims: Dims | None) -> Tensor:
    """``x``, of which the graph knows that it has these dimensions.

    >>> import polyflow.compat.v1 as tf
    >>> with_dims(tf.placeholder(tf.float32), [None, 3]).shape
    (None, 3)
    """
    if dims is None or x.dtype is None or x.shape == tuple(dims):
        return x
    return placeholder_with_default(x, shape=tuple(dims), name="known_shape")  # type: ignore[no-any-return]


def _number(each: Any) -> int | None:
    if hasattr(each, "__tensor__"):
        found = _value(each.__tensor__())
        return found if isinstance(found, int) else None
    return None if each is None else operator.index(each)


def _value(tensor: Tensor) -> int | Dims | None:
    """The number, or the numbers, that a tensor holds; ``None`` for what is not known."""
    operation = tensor.operation
    if operation.op is constant_op:
        found = operation.attributes["value"].tolist()
        return found if _is_whole(found) else None
    if operation.op.full_name == "shape":
        return None if operation.inputs[0].shape is None else list(operation.inputs[0].shape)
    if operation.op.full_name == "rank":
        return None if operation.inputs[0].shape is None else len(operation.inputs[0].shape)
    if operation.op.full_name == "arange":
        return _counted(operation.attributes)
    if operation.op is identity or operation.op.full_name == "astype":
        return _value(operation.inputs[0])
    inputs = [_value(each) for each in operation.inputs]
    rule = _RULES.get(operation.op.full_name)
    return None if rule is None else rule(operation, *inputs)


def _counted(attributes: Any) -> Dims | None:
    start, stop, step = (attributes[each] for each in ("start", "stop", "step"))
    first, end = (0, start) if stop is None else (start, stop)
    return list(range(first, end, step)) if _is_whole([first, end, step]) else None


def _is_whole(found: Any) -> bool:
    each_is = [type(each) is int for each in found] if isinstance(found, list) else [type(found) is int]
    return all(each_is)


def _pairwise(function: Callable[[int, int], int]) -> Callable[..., Any]:
    def rule(_: Any, left: Any, right: Any) -> Any:
        if isinstance(left, list) or isinstance(right, list):
            rows = [each if isinstance(each, list) else None for each in (left, right)]
            length = max(len(row) for row in rows if row is not None)
            lines = [[each] * length if row is None else row for each, row in zip((left, right), rows, strict=True)]
            return [rule(_, a, b) for a, b in zip(*lines, strict=True)] if len(set(map(len, lines))) == 1 else None
        return None if left is None or right is None else function(left, right)

    return rule


def _indexed(operation: Any, numbers: Any) -> Any:
    key = operation.attributes["key"]
    if not isinstance(numbers, list) or len(key) != 1 or not isinstance(key[0], int | slice):
        return None
    return numbers[key[0]]


def _joined(_: Any, *parts: Any) -> Any:
    return [size for part in parts for size in part] if all(isinstance(each, list) for each in parts) else None


def _stacked(_: Any, *parts: Any) -> Any:
    return None if any(isinstance(each, list) for each in parts) else list(parts)


_RULES: dict[str, Callable[..., Any]] = {
    "add": _pairwise(operator.add),
    "subtract": _pairwise(operator.sub),
    "multiply": _pairwise(operator.mul),
    "stack": _stacked,
    "concat": _joined,
    "getitem": _indexed,
}
