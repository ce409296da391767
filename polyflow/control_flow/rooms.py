"""Room for what loops keep, on engines that want to know the size of everything before a program starts.

A loop that keeps values for its gradient, and runs as often as its data says, is first run for the number of its
iterations alone: whatever that number does not depend on is dropped from the run that counts. The number, rounded up to
a power of two, becomes the length of an array, and the loop, given that array, writes into as much room. So the program
is cut after the count, and what follows is compiled once for each power of two. Loops inside loops have room for the
largest number of iterations that any run of them needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.control_flow.structured import absent_rows, branch_op, call_op, loop_op
from polyflow.core.declaration import define_op
from polyflow.core.dtypes import bool_, int64
from polyflow.core.literal import literal
from polyflow.core.nested import bodies, first_stack, has_effect
from polyflow.core.primitives import constant_op, placeholder_op
from polyflow.core.program import Program
from polyflow.core.pruning import prune
from polyflow.core.rewriting import with_inputs
from polyflow.core.samples import Sample, values
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.extension.manager import extensions

FEW = 256
"""A largest number of iterations for which there is room without counting."""
_COUNT = TensorType(int64, ())


@define_op
def loop_room(count: TensorType, /) -> TensorType:
    """An array whose length is ``count`` rounded up to a power of two: how much a loop may keep.

    >>> import polyflow as pf
    >>> from polyflow.control_flow.rooms import loop_room
    >>> pf.Session().run(loop_room(pf.constant(5))).shape
    (8,)
    """
    return TensorType(bool_, (None,))


loop_room.no_gradient("its elements mean nothing")


@loop_room.kernel
def loop_room_kernel(xp: Any, count: Any) -> Any:
    size = 1
    while size < int(count):
        size *= 2
    return xp.zeros((size,), dtype=xp.bool)


@loop_room.samples
def loop_room_samples() -> Any:
    yield Sample(values(5, "int64"))
    yield Sample(values(0, "int64"))


def _keeps(operation: Operation) -> bool:
    """Whether ``operation`` is a loop that keeps values and does not know how many."""
    if operation.op is not loop_op:
        return False
    attributes = operation.attributes
    if len(operation.outputs) == first_stack(operation) or attributes["length"] is not None or attributes["scanned"]:
        return False
    return not attributes["has_room"] and (attributes["limit"] is None or attributes["limit"] > FEW)


def _needy(operation: Operation) -> int:
    """How many loops in ``operation``, itself included, keep values and do not know how many."""
    if not operation.op.is_nested or has_effect(operation):
        return 0  # what does something else besides cannot be run to count, and is not compiled anyway
    return _keeps(operation) + sum(_needy(each) for body in bodies(operation) for each in body.operations)


def with_rooms(program: Program) -> Program:
    """The program in which rooms are made before the operations that need them; the same object where none does."""
    if not any(_needy(each) for each in program.operations):
        return program
    writer = _Writer()
    replaced: dict[Tensor, Tensor] = {}
    for operation in program.operations:
        current = with_inputs(operation, replaced)
        if _needy(operation):
            writer.location = operation.location
            rooms = [writer.add(loop_room, (count,)).output for count in _counts(writer, current)]
            made = _roomy(current, rooms)
            writer.operations.append(made)
            replaced.update(zip(operation.outputs, made.outputs, strict=True))
        else:
            writer.operations.append(current)
            if current is not operation:
                replaced.update(zip(operation.outputs, current.outputs, strict=True))
    results = tuple([replaced.get(each, each) for each in program.results])
    return prune(Program(program.parameters, tuple(writer.operations), results))


class _Writer:
    """Collects operations, new ones under names that nothing else has."""

    def __init__(self, prefix: str = "count") -> None:
        self.operations: list[Operation] = []
        self.location: Any = None
        """The user's line that new operations are credited to."""
        self._prefix = prefix
        self._count = 0

    def add(self, op: Any, inputs: Sequence[Tensor], attributes: Any = None, types: Any = None) -> Operation:
        self._count += 1
        attributes = {**op.signature.defaults, **(attributes or {})}
        if types is None:
            made = op.rule(*[each.type for each in inputs])
            types = made if isinstance(made, tuple) else (made,)
        name = f"rooms/{self._prefix}/{op.name}_{self._count}"
        operation = Operation(op, name, tuple(inputs), attributes, tuple(types), location=self.location)
        self.operations.append(operation)
        return operation

    def constant(self, value: int) -> Tensor:
        snapshot = literal(value, int64)
        return self.add(constant_op, (), {"value": snapshot, "weak": False}, (snapshot.type,)).output


# -- counting


def _counts(writer: _Writer, operation: Operation) -> list[Tensor]:
    """For each needy loop in ``operation`` the largest number of iterations that it makes, added to ``writer``."""
    if operation.op is loop_op:
        return _counts_of_loop(writer, operation)
    programs = bodies(operation)
    counted = [_counting(program) for program in programs]
    total = sum(len(counts) for _, counts in counted)
    made: list[Program] = []
    before = 0
    for operations, counts in counted:
        zeros = _Writer("zero")
        zero = zeros.constant(0)
        after = total - before - len(counts)
        program = programs[len(made)]
        results = (*[zero] * before, *counts, *[zero] * after)
        made.append(Program(program.parameters, (*zeros.operations, *operations), results))
        before += len(counts)
    if operation.op is branch_op:
        attributes: dict[str, Any] = {"programs": tuple(made)}
    else:
        attributes = {**operation.attributes, "body": made[0]}
    return list(writer.add(operation.op, operation.inputs, attributes, [_COUNT] * total).outputs)


def _counts_of_loop(writer: _Writer, operation: Operation) -> list[Tensor]:
    attributes = operation.attributes
    body: Program = attributes["body"]
    carried = attributes["carried"]
    operations, inner = _counting(body)
    steps = _Writer("largest")
    xp = extensions().ops
    held = [_parameter(f"largest_{place}") for place in range(len(inner))]
    largest = [
        steps.add(xp["maximum"], (before, count), None, (_COUNT,)).output
        for before, count in zip(held, inner, strict=True)
    ]
    parameters = (*body.parameters[:carried], *held, *body.parameters[carried:])
    results = (*body.results[:carried], *largest)
    test: Program | None = attributes["condition"]
    if test is not None:
        test = Program((*test.parameters[:carried], *held, *test.parameters[carried:]), test.operations, test.results)
    zeros = [writer.constant(0) for _ in held]
    inputs = (*operation.inputs[:carried], *zeros, *operation.inputs[carried:])
    changes = {
        "body": Program(parameters, (*operations, *steps.operations), results),
        "condition": test,
        "carried": carried + len(held),
    }
    states = [each.type for each in operation.outputs[:carried]]
    types = [*states, *[_COUNT] * len(held), *([] if test is None else [_COUNT])]
    found: list[Tensor] = []
    if not _keeps(operation) or test is not None or held:
        made = writer.add(loop_op, inputs, {**attributes, **changes}, types)
        found = list(made.outputs[carried : carried + len(held)])
        if _keeps(operation) and test is not None:
            return [made.outputs[carried + len(held)], *found]
    if _keeps(operation):
        return [operation.inputs[-1], *found]
    return found


def _counting(program: Program) -> tuple[tuple[Operation, ...], list[Tensor]]:
    """The operations of ``program`` with those that count, and the counts."""
    writer = _Writer()
    counts: list[Tensor] = []
    for operation in program.operations:
        writer.operations.append(operation)
        if _needy(operation):
            counts += _counts(writer, operation)
    return tuple(writer.operations), counts


def _parameter(name: str) -> Tensor:
    attributes = {"dtype": int64, "shape": ()}
    return Operation(placeholder_op, name, (), attributes, (_COUNT,)).output


# -- handing the rooms on


def _roomy(operation: Operation, rooms: Sequence[Tensor]) -> Operation:
    """``operation`` with ``rooms`` for its needy loops, in the order in which they were counted."""
    if not rooms:
        return operation
    attributes = dict(operation.attributes)
    if operation.op is loop_op:
        own = list(rooms[:1]) if _keeps(operation) else []
        inner = list(rooms[len(own) :])
        place = len(attributes["body"].parameters)
        attributes["body"] = _with_parameters(attributes["body"], inner)
        if attributes["condition"] is not None:
            attributes["condition"] = _with_more(attributes["condition"], len(inner))
        attributes["has_room"] = bool(own)
        inputs = (*operation.inputs[:place], *inner, *operation.inputs[place:], *own)
        return operation.changed(inputs=inputs, attributes=attributes)
    inputs = (*operation.inputs, *rooms)
    if operation.op is call_op:
        attributes["body"] = _with_parameters(attributes["body"], rooms)
        return operation.changed(inputs=inputs, attributes=attributes)
    programs = []
    before = 0
    for program in attributes["programs"]:
        count = sum(_needy(each) for each in program.operations)
        programs.append(_with_parameters(program, rooms, before, count))
        before += count
    attributes["programs"] = _with_absent_rows(operation, programs, len(rooms))
    return operation.changed(inputs=inputs, attributes=attributes)


def _with_absent_rows(operation: Operation, programs: Sequence[Program], count: int) -> tuple[Program, ...]:
    """The programs of a branch, each with as many rows of nothing as another one has room for."""
    before, made = 0, list(programs)
    for owner, program in enumerate(operation.attributes["programs"]):
        rooms: dict[Operation, int] = {}
        for each in program.operations:
            if _keeps(each):
                rooms[each] = before
            before += _needy(each)
        for place, result in enumerate(program.results):
            room = rooms.get(result.operation)
            if room is None or None in result.type.known_shape[1:] or result.type.is_static:
                continue
            for other in range(len(made)):
                if other != owner:
                    made[other] = _sized(made[other], place, result.type, count - room)
    return tuple(made)


def _sized(program: Program, place: int, type: TensorType, from_end: int) -> Program:
    """``program`` whose absent result at ``place`` has the length of the parameter counted from the end."""
    room = program.parameters[-from_end]
    name = f"absent_rows_{place}"
    attributes = {"dtype": type.dtype, "row": type.known_shape[1:]}
    made = Operation(absent_rows, name, (room,), attributes, (type,), position=len(program.operations))
    results = list(program.results)
    results[place] = made.output
    return Program(program.parameters, (*program.operations, made), tuple(results))


def _room(place: int) -> Tensor:
    type = TensorType(bool_, (None,))
    return Operation(placeholder_op, f"room_{place}", (), {"dtype": bool_, "shape": (None,)}, (type,)).output


def _with_more(program: Program, count: int) -> Program:
    more = tuple([_room(place) for place in range(count)])
    return Program((*program.parameters, *more), program.operations, program.results)


def _with_parameters(program: Program, rooms: Sequence[Tensor], start: int = 0, count: int | None = None) -> Program:
    """``program`` with a parameter for each of ``rooms``, ``count`` of which, from ``start`` on, are for its loops."""
    more = [_room(place) for place in range(len(rooms))]
    rest = more[start : len(more) if count is None else start + count]
    replaced: dict[Tensor, Tensor] = {}
    operations = []
    for operation in program.operations:
        current = with_inputs(operation, replaced)
        needed = _needy(operation)
        if needed:
            current = _roomy(current, rest[:needed])
            rest = rest[needed:]
        operations.append(current)
        if current is not operation:
            replaced.update(zip(operation.outputs, current.outputs, strict=True))
    results = tuple([replaced.get(each, each) for each in program.results])
    return Program((*program.parameters, *more), tuple(operations), results)
