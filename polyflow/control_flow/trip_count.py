"""How often a loop runs, where its condition compares a counter with a bound and both are known beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.tensor import Tensor

_ORDER = {
    "less": lambda start, bound, step: -((start - bound) // step) if step > 0 else None,
    "less_equal": lambda start, bound, step: (bound - start) // step + 1 if step > 0 else None,
    "greater": lambda start, bound, step: -((bound - start) // -step) if step < 0 else None,
    "greater_equal": lambda start, bound, step: (start - bound) // -step + 1 if step < 0 else None,
    "not_equal": lambda start, bound, step: (bound - start) // step if not (bound - start) % step else None,
}  # fmt: skip
_MIRRORED = {
    "less": "greater", "less_equal": "greater_equal", "greater": "less", "greater_equal": "less_equal",
    "not_equal": "not_equal",
}  # fmt: skip


def trip_count(
    condition: Program, body: Program, operands: Sequence[Tensor], carried: int, limit: int | None
) -> int | None:
    """The number of iterations, ``None`` where it depends on data.

    It is found for ``counter < bound`` and its like, where the counter is an integer that starts at a constant and
    changes by a constant in each iteration.
    """
    test = condition.results[0].operation
    name = test.op.full_name
    if name not in _ORDER or len(test.inputs) != 2:
        return None
    outside = dict(zip(condition.parameters, operands, strict=True))
    place, bound = _counter(condition, test.inputs[0], carried), _value(test.inputs[1], outside, carried, condition)
    if place is None or bound is None:
        place, bound = _counter(condition, test.inputs[1], carried), _value(test.inputs[0], outside, carried, condition)
        name = _MIRRORED[name]
    if place is None or bound is None:
        return None
    start, step = _constant(operands[place]), _step(body, place, operands, carried)
    if start is None or not step:
        return None
    count = _ORDER[name](start, bound, step)
    if count is None or (name == "not_equal" and count < 0):
        return None
    last = start + max(count, 0) * step
    if abs(last) >= 2 ** (operands[place].type.known_dtype.bits - 1):  # it wraps around before it gets there
        return None
    count = max(int(count), 0)
    return count if limit is None else min(count, limit)


def _counter(program: Program, tensor: Tensor, carried: int) -> int | None:
    """The place of a carried integer."""
    places = {each: place for place, each in enumerate(program.parameters[:carried])}
    place = places.get(tensor)
    is_counter = place is not None and tensor.type.shape == () and tensor.type.known_dtype.kind == "int"
    return place if is_counter else None


def _step(body: Program, place: int, operands: Sequence[Tensor], carried: int) -> int | None:
    """What the body adds to a carried integer."""
    made = body.results[place].operation
    if made.op.full_name not in ("add", "subtract") or len(made.inputs) != 2:
        return None
    outside = dict(zip(body.parameters, operands, strict=True))
    counter = body.parameters[place]
    first, second = made.inputs
    if first is counter:
        step = _value(second, outside, carried, body)
        return -step if step is not None and made.op.full_name == "subtract" else step
    if second is counter and made.op.full_name == "add":
        return _value(first, outside, carried, body)
    return None


def _value(tensor: Tensor, outside: dict[Tensor, Tensor], carried: int, program: Program) -> int | None:
    """The integer that a constant of the program, or an operand that is the same in each iteration, holds."""
    if tensor in outside:
        if tensor in set(program.parameters[:carried]):
            return None
        tensor = outside[tensor]
    return _constant(tensor)


def _constant(tensor: Tensor) -> int | None:
    """The value of an integer constant without dimensions, through casts."""
    while tensor.operation.op.full_name in ("astype", "identity") and tensor.type.known_dtype.kind == "int":
        tensor = tensor.operation.inputs[0]
    if tensor.operation.op is not constant_op or tensor.type.shape != () or tensor.type.known_dtype.kind != "int":
        return None
    value: Any = tensor.operation.attributes["value"].tolist()
    return int(value)
