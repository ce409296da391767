"""A program for a compiler cut into segments: what it compiles, and between them what has to run on the host.

On the host run operations that are Python (``Trait.HOST``), and those whose results have a size that depends on data.
Everything else is compiled: ahead of time where all sizes are known, else when the sizes of the operands have been
seen, once for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from polyflow.core.declaration import Trait
from polyflow.core.inference import infer
from polyflow.core.nested import bodies, every_operation, first_stack
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.errors import PolyflowError
from polyflow.runtime.levels import by_level, constants_of


class Segment(NamedTuple):
    """A part of a program."""

    program: Program
    """Its parameters are values of the whole program, and its results values that are needed later."""
    takes: tuple[Tensor, ...]
    """What the parameters stand for."""
    on_host: str
    """Why it runs operation by operation; empty where it is compiled."""
    is_elsewhere: bool = False
    """Whether other backends run it."""

    @property
    def is_static(self) -> bool:
        """Whether the sizes of all its values are known."""
        values = (each for operation in every_operation(self.program) for each in operation.outputs)
        return all(each.type.is_static for each in (*self.program.parameters, *values))


def host_reason(operation: Operation, has_callbacks: bool = False) -> str:
    """Why ``operation`` cannot be compiled; empty where it can.

    ``has_callbacks`` says whether a compiled loop or branch can call another backend.
    """
    for inner in every_operation(Program((), (operation,), ())):
        if inner.op.has_trait(Trait.ELSEWHERE) and (inner is operation or not has_callbacks):
            return f"{inner.name!r} runs on another backend ({inner.location})"
        if inner.op.has_trait(Trait.HOST):
            return f"{inner.name!r} runs on the host ({inner.location})"
        if not inner.op.is_nested and _makes_sizes(inner):
            return f"the shape of {inner.name!r} depends on data ({inner.location})"
        if inner.op.is_nested and inner is not operation and not _is_static(inner):
            return f"the shape of {inner.name!r} depends on data ({inner.location})"
    if operation.op.is_nested and not _is_static(operation):
        return f"shapes change inside {operation.name!r} ({operation.location})"
    return ""


def _is_static(operation: Operation) -> bool:
    if all(each.type.is_static for each in operation.outputs) or _has_room(operation):
        return True
    if operation.op.name != "branch":
        return False
    every = zip(*[program.results for program in bodies(operation)], strict=True)
    return all(all(map(_is_sized, results)) and len({each.type for each in results}) == 1 for results in every)


def _is_sized(tensor: Tensor) -> bool:
    """Whether the shape of a result is known once those of the operands are."""
    return tensor.type.is_static or tensor.operation.op.name == "absent_rows" or _has_room(tensor.operation)


def _has_room(operation: Operation) -> bool:
    """Whether the stacks of a loop have a length that its operands tell."""
    attributes = operation.attributes
    if "has_room" not in attributes:
        return False
    states = operation.outputs[: attributes["carried"]]
    if not all(each.type.is_static for each in states):
        return False
    is_known = attributes["length"] is not None or attributes["limit"] is not None
    sized = is_known or attributes["has_room"] or attributes["scanned"]
    stacks = operation.outputs[first_stack(operation) :]
    return not stacks or bool(sized)


def _makes_sizes(operation: Operation) -> bool:
    """Whether sizes of results are unknown even where those of all operands are known."""
    if all(each.type.is_static for each in operation.outputs):
        return False
    if all(each.type.is_static for each in operation.inputs):
        return True
    try:
        known = [
            TensorType(each.type.dtype, tuple([size or 1 for size in each.type.known_shape]))
            for each in operation.inputs
        ]
        return not all(each.is_static for each in infer(operation.op, known, operation.attributes).outputs)
    except PolyflowError:
        return True


def cut(program: Program, has_callbacks: bool = False) -> list[Segment]:
    """The segments of ``program``, in the order in which they run.

    Each operation runs as early as it can, so that there are as few of them as possible; operations that do something
    besides giving a result keep their order. ``has_callbacks`` says whether a compiled loop can call another backend.
    """
    reasons: dict[Operation, str] = {}
    ragged: set[Tensor] = set()
    for operation in program.operations:
        reason = host_reason(operation, has_callbacks)
        if not reason and not ragged.isdisjoint(operation.inputs):
            reason = f"{operation.name!r} reads values that differ in shape ({operation.location})"
        if reason and operation.op.is_nested:
            ragged.update(each for each in operation.outputs if None in each.type.known_shape[1:])
        reasons[operation] = reason

    def kind_of(operation: Operation) -> int:
        if operation.op.has_trait(Trait.ELSEWHERE):
            return _ELSEWHERE
        return _ON_HOST if reasons[operation] else _COMPILED

    constants = constants_of(program)
    needed = set(program.results)
    segments: list[Segment] = []
    for kind, operations in reversed(by_level(program, kind_of, 3)):
        reason = "; ".join(dict.fromkeys(filter(None, (reasons[each] for each in operations))))
        made = {each for operation in operations for each in operation.outputs}
        reads = dict.fromkeys(each for operation in operations for each in operation.inputs if each not in made)
        own = [constants[each] for each in reads if each in constants]
        takes = tuple([each for each in reads if each not in constants])
        results = tuple([each for operation in operations for each in operation.outputs if each in needed])
        inside = Program(takes, (*own, *operations), results)
        segments.append(Segment(inside, takes, reason, kind == _ELSEWHERE))
        needed.update(takes)
    segments.reverse()
    return segments


_COMPILED, _ON_HOST, _ELSEWHERE = range(3)


def run_in_order(
    program: Program, segments: Sequence[Segment], functions: Sequence[Callable[..., tuple[Any, ...]]], constant: Any
) -> Callable[..., tuple[Any, ...]]:
    """A function of the program's parameters that calls the ``functions`` of the segments one after the other.

    ``constant(operation)`` is the array of a constant that is itself a result.
    """
    slots = {each: place for place, each in enumerate(program.parameters)}
    steps: list[tuple[Callable[..., tuple[Any, ...]], list[int]]] = []
    for segment, function in zip(segments, functions, strict=True):
        steps.append((function, [slots[each] for each in segment.takes]))
        for each in segment.program.results:
            slots[each] = len(slots)
    last: dict[int, int] = {}
    for index, (_, places) in enumerate(steps):
        last.update(dict.fromkeys(places, index))
    fixed = {each: constant(each.operation) for each in program.results if each not in slots}
    results = [(slots.get(each), fixed.get(each)) for each in program.results]
    kept = {place for place, _ in results if place is not None}
    freed = [
        [place for place, end in last.items() if end == index and place not in kept] for index in range(len(steps))
    ]

    def run(*arguments: Any) -> tuple[Any, ...]:
        values = list(arguments)
        for (function, places), ended in zip(steps, freed, strict=True):
            values.extend(function(*[values[place] for place in places]))
            for place in ended:
                values[place] = None
        return tuple([value if place is None else values[place] for place, value in results])

    return run
