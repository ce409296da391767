"""Indices outside their axis, which a compiled engine does not look at: found in a run with ``check_numerics``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from polyflow.core.keys import split_key
from polyflow.core.shapes import single_axis
from polyflow.core.tensor import Operation
from polyflow.errors import AxisError, message

_ALONG_AXIS = ("take", "take_along_axis")


def check_bounds(operation: Operation, operands: Sequence[Any], xp: Any) -> None:
    """Raise ``AxisError`` where an operand of ``operation`` is an index that lies outside its axis."""
    for place, axis in _indices(operation, operands):
        size, index = operands[0].shape[axis], xp.reshape(xp.asarray(operands[place]), (-1,))
        if not index.shape[0]:
            continue
        lowest, highest = int(xp.min(index)), int(xp.max(index))
        if lowest < -size or highest >= size:
            found = highest if highest >= size else lowest
            raise AxisError(
                message(
                    f"index {found} is out of range for axis {axis} of size {size}",
                    needed=f"-{size} <= index < {size}" if size else "an axis that is not empty",
                )
            )


def _indices(operation: Operation, operands: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """The places of the operands that are indices, each with the axis of the first operand that it speaks of."""
    if operation.op.full_name in _ALONG_AXIS:
        yield 1, single_axis(operation.attributes["axis"], len(operands[0].shape))
    elif operation.op.full_name in ("getitem", "index_add", "index_set"):
        key: Any = operation.attributes["key"]
        first = len(operands) - sum(isinstance(each, str) for each in key)
        masks = [each.type.known_dtype.kind == "bool" for each in operation.inputs[first:]]
        spans = [len(each.shape) if is_mask else 1 for each, is_mask in zip(operands[first:], masks, strict=True)]
        for part in split_key(key, len(operands[0].shape), spans):
            if part.kind == "index" and not masks[part.value]:
                yield first + part.value, part.axis
