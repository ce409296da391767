"""What a program does not need, dropped: operations that no result needs, and what nobody reads of loops and branches.

A loop loses the carried values that neither its condition nor a result depends on, and values that no iteration changes
become constants of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polyflow.core.nested import first_stack, has_effect
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType


def prune(program: Program) -> Program:
    """The program without what nobody reads; the same object where all of it is needed."""
    needed = set(program.results)
    kept: list[Operation] = []
    changed: dict[Operation, Slim] = {}
    for operation in reversed(program.operations):
        wanted = [each in needed for each in operation.outputs]
        if not any(wanted) and not has_effect(operation):
            continue
        kept.append(operation)
        rule = _SLIMMED.get(operation.op.name) if operation.op.is_nested else None
        slim = None if rule is None else rule(operation, wanted)
        if slim is None:
            needed.update(operation.inputs)
        else:
            changed[operation] = slim
            needed.update(slim.inputs)
            needed.update(slim.instead.values())
    if not changed and len(kept) == len(program.operations):
        return program
    kept.reverse()
    if not changed:
        return Program(program.parameters, tuple(kept), program.results)
    return _rebuilt(program, kept, changed)


class Slim:
    """A smaller operation that takes the place of one."""

    def __init__(
        self,
        inputs: Sequence[Tensor],
        attributes: Mapping[str, Any],
        places: Mapping[int, int],
        types: Sequence[TensorType],
        instead: Mapping[int, Tensor],
    ) -> None:
        self.inputs = tuple(inputs)
        self.attributes = attributes
        self.places = places
        """For each output that stays, its place among the new ones."""
        self.types = tuple(types)
        self.instead = instead
        """For outputs that are operands unchanged, those operands."""


def _rebuilt(program: Program, kept: Sequence[Operation], changed: Mapping[Operation, Slim]) -> Program:
    replaced: dict[Tensor, Tensor] = {}
    operations = []
    for operation in kept:
        slim = changed.get(operation)
        source = operation.inputs if slim is None else slim.inputs
        inputs = tuple([replaced.get(each, each) for each in source])
        if slim is None and all(a is b for a, b in zip(inputs, source, strict=True)):
            operations.append(operation)
            continue
        if slim is None:
            operations.append(operation.changed(inputs=inputs))
            replaced.update(zip(operation.outputs, operations[-1].outputs, strict=True))
            continue
        made = operation.changed(inputs=inputs, attributes=slim.attributes, types=slim.types)
        operations.append(made)
        for old, new in slim.places.items():
            replaced[operation.outputs[old]] = made.outputs[new]
        for old, tensor in slim.instead.items():
            replaced[operation.outputs[old]] = replaced.get(tensor, tensor)
    results = tuple([replaced.get(each, each) for each in program.results])
    return Program(program.parameters, tuple(operations), results)


# -- what is left of each kind of operation


def _slim_loop(operation: Operation, wanted: Sequence[bool]) -> Slim | None:
    attributes = operation.attributes
    body: Program = attributes["body"]
    test: Program | None = attributes["condition"]
    carried, scanned = attributes["carried"], attributes["scanned"]
    first = first_stack(operation)
    total = len(body.parameters)
    slim_test = None if test is None else prune(test)
    tested = _places_read_by_test(slim_test, carried, scanned, total)
    # A value that no iteration changes is a constant of the loop.
    still = {place for place in range(carried) if _stays(operation, body, place)}
    stacks = [place for place in range(carried, len(body.results)) if wanted[first + place - carried]]
    needed = {place for place in range(carried) if wanted[place] or place in tested} - still
    while True:
        order = sorted(needed)
        results = tuple([body.results[each] for each in (*order, *stacks)])
        slim_body = prune(Program(body.parameters, body.operations, results))
        used = _read(slim_body)
        read = {place for place, each in enumerate(body.parameters) if each in used}
        more = {place for place in read if place < carried} - still - needed
        if not more:
            break
        needed |= more
    elements = [place for place in range(carried, carried + scanned) if place in read]
    if scanned and not elements and attributes["length"] is None and not attributes["is_counted"]:
        elements = [carried]  # what is scanned says how many iterations there are
    constants = [place for place in (*sorted(still), *range(carried + scanned, total)) if place in read | tested]
    chosen = [*order, *elements, *constants]
    is_same = chosen == list(range(total)) and len(stacks) == len(body.results) - carried
    if is_same and slim_body.operations is body.operations and slim_test is test:
        return None
    places = {place: where for where, place in enumerate(order)}
    if test is not None:
        places[carried] = len(order)
    for place in stacks:
        places[first + place - carried] = len(places)
    changes = {
        "body": Program(tuple([body.parameters[each] for each in chosen]), slim_body.operations, slim_body.results),
        "condition": slim_test and _with_places(slim_test, [*order, *constants], carried, scanned),
        "carried": len(order),
        "scanned": len(elements),
    }
    return Slim(
        [*(operation.inputs[each] for each in chosen), *operation.inputs[total:]],
        {**attributes, **changes},
        places,
        [operation.outputs[each].type for each in places],
        {place: operation.inputs[place] for place in still if wanted[place]},
    )


def _stays(operation: Operation, body: Program, place: int) -> bool:
    parameter = body.parameters[place]
    return body.results[place] is parameter and operation.inputs[place].type == parameter.type


def _places_read_by_test(test: Program | None, carried: int, scanned: int, total: int) -> set[int]:
    """The places among the body's parameters of those that the condition reads."""
    if test is None:
        return set()
    used = _read(test)
    places = (*range(carried), *range(carried + scanned, total))
    return {place for place, each in zip(places, test.parameters, strict=True) if each in used}


def _with_places(test: Program, places: Sequence[int], carried: int, scanned: int) -> Program:
    """The condition with the parameters that stand at ``places`` among those of the body."""
    parameters = [test.parameters[each if each < carried else each - scanned] for each in places]
    return Program(tuple(parameters), test.operations, test.results)


def _slim_branch(operation: Operation, wanted: Sequence[bool]) -> Slim | None:
    programs: tuple[Program, ...] = operation.attributes["programs"]
    places = [place for place, is_wanted in enumerate(wanted) if is_wanted]
    slim = [prune(Program(p.parameters, p.operations, tuple([p.results[each] for each in places]))) for p in programs]
    used = [_read(each) for each in slim]
    operands = [
        place
        for place in range(len(operation.inputs) - 1)
        if any(program.parameters[place] in read for program, read in zip(programs, used, strict=True))
    ]
    is_same = all(a.operations is b.operations for a, b in zip(slim, programs, strict=True))
    if is_same and len(places) == len(wanted) and len(operands) == len(operation.inputs) - 1:
        return None
    made = tuple(
        [Program(tuple([each.parameters[place] for place in operands]), each.operations, each.results) for each in slim]
    )
    inputs = [operation.inputs[0], *(operation.inputs[1 + place] for place in operands)]
    return _slim(operation, inputs, {**operation.attributes, "programs": made}, places)


def _slim_call(operation: Operation, wanted: Sequence[bool]) -> Slim | None:
    body: Program = operation.attributes["body"]
    places = [place for place, is_wanted in enumerate(wanted) if is_wanted]
    slim = prune(Program(body.parameters, body.operations, tuple([body.results[each] for each in places])))
    used = _read(slim)
    operands = [place for place, each in enumerate(body.parameters) if each in used]
    if slim.operations is body.operations and len(places) == len(wanted) and len(operands) == len(operation.inputs):
        return None
    made = Program(tuple([body.parameters[place] for place in operands]), slim.operations, slim.results)
    inputs = [operation.inputs[place] for place in operands]
    return _slim(operation, inputs, {**operation.attributes, "body": made}, places)


def _slim(operation: Operation, inputs: Sequence[Tensor], attributes: Mapping[str, Any], places: Sequence[int]) -> Slim:
    types = [operation.outputs[each].type for each in places]
    return Slim(inputs, attributes, {place: where for where, place in enumerate(places)}, types, {})


def _read(program: Program) -> set[Tensor]:
    """What the operations and results of a program read."""
    return {each for operation in program.operations for each in operation.inputs}.union(program.results)


_SLIMMED: dict[str, Callable[[Operation, Sequence[bool]], Slim | None]] = {
    "loop": _slim_loop,
    "branch": _slim_branch,
    "call": _slim_call,
}
