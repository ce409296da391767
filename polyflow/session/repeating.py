"""A program of many runs: the program of one as the body of a loop over its feeds, variables carried along."""

from __future__ import annotations

from typing import Any

from polyflow.control_flow.structured import loop_op
from polyflow.core.program import Program
from polyflow.core.program_builder import ProgramBuilder
from polyflow.core.specialise import Specialised


def repeated(specialised: Specialised, steps: int, xp: Any) -> Specialised:
    """The program of so many runs one after the other: feeds and fetches stacked, variables handed on."""
    program = specialised.program
    feed_count, fetch_count = len(specialised.feeds), len(program.results) - len(specialised.writes)
    feeds, reads = program.parameters[:feed_count], program.parameters[feed_count:]
    after = dict(zip(specialised.writes, program.results[fetch_count:], strict=True))
    pairs = list(zip(specialised.reads, reads, strict=True))
    carried = [(variable, parameter) for variable, parameter in pairs if variable in after]
    constants = [parameter for variable, parameter in pairs if variable not in after]
    fed = [variable for variable in specialised.writes if variable not in specialised.reads]
    body = Program(
        (*(parameter for _, parameter in carried), *feeds, *constants),
        program.operations,
        (*(after[variable] for variable, _ in carried), *program.results[:fetch_count], *map(after.__getitem__, fed)),
    )
    builder = ProgramBuilder(xp)
    stacked = [
        builder.parameter(each.type.with_shape((steps, *each.type.known_shape)), each.operation.name) for each in feeds
    ]
    held = {parameter: builder.parameter(parameter.type, parameter.operation.name) for parameter in reads}
    operands = (*(held[each] for _, each in carried), *stacked, *(held[each] for each in constants))
    attributes = {"body": body, "carried": len(carried), "scanned": len(feeds), "length": steps}
    made = builder.add(loop_op, operands, {**loop_op.signature.defaults, **attributes}, "steps")
    finals = dict(zip((variable for variable, _ in carried), made.outputs, strict=False))
    stacks = made.outputs[len(carried) :]
    finals.update(
        (variable, xp.getitem(each, key=(-1,))) for variable, each in zip(fed, stacks[fetch_count:], strict=True)
    )
    results = [*stacks[:fetch_count], *(finals[each] for each in specialised.writes)]
    return Specialised(builder.finish(results), specialised.feeds, specialised.reads, specialised.writes)
