"""The gradients of a branch, which is a branch, and of a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.control_flow.backward import BackwardBuilder, current, reached
from polyflow.control_flow.structured import branch_op, call_op, widen
from polyflow.core import building
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor


def branch_gradient(xp: Any, operation: Operation, g: Sequence[Tensor | None]) -> tuple[Tensor | None, ...]:
    """The gradient of the program that was taken; for operands that it does not read, zeros."""
    builder: Any = building.overriding_builder()
    programs = [current(each) for each in operation.attributes["programs"]]
    given = [(place, each) for place, each in enumerate(g) if each is not None]
    touched = [reached(each, [each.results[where] for where, _ in given]) for each in programs]
    wanted = [
        place
        for place in range(len(operation.inputs) - 1)
        if any(each.parameters[place] in some for each, some in zip(programs, touched, strict=True))
    ]
    backs = []
    for place, program in enumerate(programs):
        back = BackwardBuilder(xp, program, program.parameters, recompute=False)
        back.location = builder.location
        parts = [back.parameter(program.results[where].type, f"g{where}") for where, _ in given]
        asked = [program.parameters[each] for each in wanted]
        seeds = [(program.results[where], part) for (where, _), part in zip(given, parts, strict=True)]
        found = [back.or_zeros(each, x) for each, x in zip(back.gradients(seeds, asked), asked, strict=True)]
        backs.append((place, back, parts, found))
    made = _add(builder, operation, programs, backs, [each for _, each in given])
    gradients = dict(zip(wanted, made, strict=True))
    return (None, *(gradients.get(place) for place in range(len(operation.inputs) - 1)))


Back = tuple[int, BackwardBuilder, list[Tensor], list[Tensor]]
"""The number of a program, its way back, the gradients that that takes, and those that it gives."""


def _add(
    builder: Any, operation: Operation, programs: Sequence[Program], backs: Sequence[Back], given: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """The branch on the way back: what any of its programs needs is an operand of all."""
    needed: list[Tensor] = []
    holders: list[tuple[int, Tensor]] = []
    """For each of ``needed``, the program that takes it, and as which parameter."""
    for place, back, _, _ in backs:
        parameters = {each: where for where, each in enumerate(programs[place].parameters)}
        kept = [each for each in back.kept if each not in parameters]
        known = _outputs(operation, place, kept) if kept else {}
        for tensor, parameter in back.kept.items():
            needed.append(operation.inputs[1 + parameters[tensor]] if tensor in parameters else known[tensor])
            holders.append((place, parameter))
    made = []
    for place, back, parts, found in backs:
        extra = [
            parameter if owner == place else back.parameter(parameter.type, "of_another_branch")
            for owner, parameter in holders
        ]
        made.append(Program((*parts, *extra), tuple(back.operations), tuple(found)))
    operands = tuple([builder.as_tensor(each) for each in (operation.inputs[0], *given, *needed)])
    return builder.add(branch_op, operands, {"programs": tuple(made)}, operation.name).outputs  # type: ignore[no-any-return]


def _outputs(operation: Operation, place: int, kept: Sequence[Tensor]) -> dict[Tensor, Tensor]:
    """The outputs that hold values of program number ``place``, added where they were not there."""
    program = current(operation.attributes["programs"][place])
    known = dict(zip(program.results, operation.outputs, strict=True))
    missing = [each for each in kept if each not in known]
    if missing:
        known |= dict(zip(missing, widen(operation, place, missing, program), strict=True))
    return known


def call_gradient(xp: Any, operation: Operation, g: Sequence[Tensor | None]) -> tuple[Tensor | None, ...]:
    """The gradient of the program that was called, with what it computed kept, or computed anew."""
    builder: Any = building.overriding_builder()
    body = current(operation.attributes["body"])
    given = [(y, h) for y, h in zip(body.results, g, strict=True) if h is not None]
    wanted = reached(body, [y for y, _ in given])
    asked = [each for each in body.parameters if each in wanted]
    back = BackwardBuilder(xp, body, (), operation.attributes["recompute"])
    back.location = builder.location
    parts = [back.parameter(y.type, "g") for y, _ in given]
    seeds = list(zip((y for y, _ in given), parts, strict=True))
    found = [back.or_zeros(each, x) for each, x in zip(back.gradients(seeds, asked), asked, strict=True)]
    operands = dict(zip(body.parameters, operation.inputs, strict=True))
    kept = [each for each in back.kept if each not in operands]
    body = current(operation.attributes["body"])
    known = dict(zip(body.results, operation.outputs, strict=True))
    missing = [each for each in kept if each not in known]
    if missing:
        known |= dict(zip(missing, widen(operation, 0, missing, body), strict=True))
    program = Program((*parts, *back.kept.values()), tuple(back.operations), tuple(found))
    needed = [operands[each] if each in operands else known[each] for each in back.kept]
    attributes = {"body": program, "recompute": operation.attributes["recompute"]}
    taken = tuple([builder.as_tensor(each) for each in (*(h for _, h in given), *needed)])
    made = builder.add(call_op, taken, attributes, operation.name).outputs
    gradients = dict(zip(asked, made, strict=True))
    return tuple([gradients.get(each) for each in body.parameters])
