"""The gradient of a loop: a loop from the last iteration to the first, over the values that the first loop kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.autodiff.reverse import filled_like
from polyflow.control_flow.backward import BackwardBuilder, current, reached
from polyflow.control_flow.structured import loop_op, widen
from polyflow.core import building
from polyflow.core.nested import first_stack
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor


def loop_gradient(xp: Any, operation: Operation, g: Sequence[Tensor | None]) -> tuple[Tensor | None, ...]:
    """What each iteration gives back: to the carried values before it, to its elements, to the constants."""
    builder: Any = building.overriding_builder()
    attributes = operation.attributes
    body = current(attributes["body"])
    carried, scanned = attributes["carried"], attributes["scanned"]
    first = first_stack(operation)
    states, elements = body.parameters[:carried], body.parameters[carried : carried + scanned]
    constants = body.parameters[carried + scanned :]
    stacked = [(y, h) for y, h in zip(body.results[carried:], g[first:], strict=True) if h is not None]
    known = [place for place in range(carried) if g[place] is not None]
    places = _places(body, carried, known, [y for y, _ in stacked])
    wanted = reached(body, [*(body.results[place] for place in places), *(y for y, _ in stacked)])
    summed = [each for each in constants if each in wanted]
    scattered = [each for each in elements if each in wanted]

    back = BackwardBuilder(xp, body, constants, attributes["recompute"])
    back.location = builder.location
    state_gradients = [back.parameter(states[place].type, f"g{place}") for place in places]
    sums = [back.parameter(each.type, "sum") for each in summed]
    parts = [back.parameter(y.type, "g_y") for y, _ in stacked]
    seeds = [
        *((body.results[place], each) for place, each in zip(places, state_gradients, strict=True)),
        *zip((y for y, _ in stacked), parts, strict=True),
        *zip(summed, sums, strict=True),
    ]
    asked = [*(states[place] for place in places), *summed, *scattered]
    found = [back.or_zeros(each, x) for each, x in zip(back.gradients(seeds, asked), asked, strict=True)]

    fixed, gone_over = set(constants), set(elements)
    kept = [each for each in back.kept if each not in fixed and each not in gone_over]
    stacks = _stacks(operation, kept, current(attributes["body"])) if kept else ()
    operands = dict(zip(body.parameters, operation.inputs, strict=False))
    handed = [each for each in back.kept if each in fixed]
    rescanned = [each for each in back.kept if each in gone_over]
    # In the order that a loop takes them: carried values, what is scanned, constants.
    program = Program(
        (
            *state_gradients, *sums,
            *(back.kept[each] for each in kept), *(back.kept[each] for each in rescanned), *parts,
            *(back.kept[each] for each in handed),
        ),
        tuple(back.operations),
        tuple(found),
    )  # fmt: skip
    starts = [
        *(_or_zeros(builder, g[place], operation.outputs[place]) for place in places),
        *(filled_like(builder, operands[each], "zeros") for each in summed),
    ]
    scans = [*stacks, *(operands[each] for each in rescanned), *(h for _, h in stacked)]
    count = _count(operation)
    made = builder.add(
        loop_op,
        tuple([builder.as_tensor(each) for each in (*starts, *scans, *(operands[each] for each in handed), *count)]),
        {
            **loop_op.signature.defaults,
            "body": program,
            "carried": len(starts),
            "scanned": len(scans),
            "length": attributes["length"],
            "is_counted": bool(count),
            "reverse": not attributes["reverse"],
            "parallel_iterations": attributes["parallel_iterations"],
        },
        operation.name,
    )
    gradients = dict(zip(asked, made.outputs, strict=True))
    given = [gradients.get(each) for each in body.parameters]
    return (*given, *(None for _ in operation.inputs[len(given) :]))


def _places(body: Program, carried: int, places: Sequence[int], stacked: Sequence[Tensor]) -> list[int]:
    """The carried values through which gradients can flow, given where they come from after the last iteration."""
    found = [place for place in places if body.parameters[place].type.known_dtype.is_differentiable]
    while True:
        wanted = reached(body, [*(body.results[place] for place in found), *stacked])
        more = [place for place in range(carried) if body.parameters[place] in wanted and place not in found]
        if not more:
            return sorted(found)
        found += more


def _stacks(operation: Operation, kept: Sequence[Tensor], body: Program) -> list[Tensor]:
    """The stacks of the values that were needed, kept by the loop from now on if they were not."""
    carried = operation.attributes["carried"]
    known = dict(zip(body.results[carried:], operation.outputs[first_stack(operation) :], strict=True))
    missing = [each for each in kept if each not in known]
    if missing:
        known |= dict(zip(missing, widen(operation, 0, missing, body), strict=True))
    return [known[each] for each in kept]


def _count(operation: Operation) -> tuple[Tensor, ...]:
    """How many iterations there were, where that depends on data."""
    attributes = operation.attributes
    if attributes["condition"] is not None:
        return (operation.outputs[attributes["carried"]],)
    if attributes["is_counted"]:
        return (operation.inputs[len(operation.inputs) - 1 - attributes["has_room"]],)
    return ()


def _or_zeros(builder: Any, gradient: Tensor | None, like: Tensor) -> Tensor:
    return filled_like(builder, like, "zeros") if gradient is None else gradient
