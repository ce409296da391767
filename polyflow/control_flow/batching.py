"""Loops and branches for many examples at once: their bodies are batched, and what examples do not share is masked.

A loop goes on for as long as one example wants it; the others keep what they had. Where examples take different
branches, all branches are computed and the right results chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from polyflow.autodiff.batching import Batcher, Value
from polyflow.control_flow.structured import absent, absent_rows, call_op
from polyflow.core import building
from polyflow.core.batching import batch_size, ranked
from polyflow.core.nested import bodies, first_stack, has_effect
from polyflow.core.program import Program
from polyflow.core.program_builder import ProgramBuilder
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.errors import ControlFlowError, message


class _Body(NamedTuple):
    """A body while it is written for many examples."""

    builder: ProgramBuilder
    parameters: list[Tensor]
    results: list[Value]
    batcher: Batcher

    def spread(self, place: int) -> Tensor:
        """A result with the batch in front, repeated if it is the same for all."""
        with building.overriding(self.builder):
            return self.batcher.spread(self.results[place]).tensor


def _batched(xp: Any, program: Program, flags: Sequence[bool], size: int) -> _Body:
    """``program`` for ``size`` examples; parameters with a flag have the batch in front."""
    builder = ProgramBuilder(xp)
    batcher = Batcher(builder, _Example(program), size)  # type: ignore[arg-type]
    parameters = []
    for parameter, flag in zip(program.parameters, flags, strict=True):
        type = parameter.type
        wide = TensorType(type.dtype, (size, *type.known_shape)) if flag else type
        parameters.append(builder.parameter(wide, parameter.operation.name))
        batcher.values[parameter] = Value(parameters[-1], flag)
    with building.overriding(builder):
        results = batcher.results(program.results)
    return _Body(builder, parameters, results, batcher)


class _Example:
    """What a batcher asks of the program of one example."""

    def __init__(self, program: Program) -> None:
        self._writer = next((each.operation.owner for each in (*program.parameters, *program.results)), None)
        self.operations = program.operations

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


def _finish(body: _Body, results: Sequence[Tensor]) -> Program:
    return Program(tuple(body.builder.parameters), tuple(body.builder.operations), tuple(results))


# -- calls and branches


def batched_call(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The program for all examples."""
    body = _batched(xp, operation.attributes["body"], batched, batch_size(inputs, batched))
    program = _finish(body, [body.spread(place) for place in range(len(body.results))])
    return _apply(operation, inputs, {"body": program})


def batched_branch(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """One branch where all examples take the same, else all of them and a choice."""
    size = batch_size(inputs, batched)
    programs = operation.attributes["programs"]
    made = [_batched(xp, each, batched[1:], size) for each in programs]
    wide = [_finish(each, [each.spread(place) for place in range(len(each.results))]) for each in made]
    if not batched[0]:
        return _apply(operation, inputs, {"programs": tuple(wide)})
    _refuse_effects(operation, "takes branches that differ from example to example")
    builder: Any = building.builder_of(inputs)
    found = [builder.apply(call_op, list(inputs[1:]), {"body": each, "recompute": False}, None, None) for each in wide]
    number = xp.astype(inputs[0], xp.int64)
    results = []
    for place in range(len(operation.outputs)):
        # What only one branch computes is read by that branch alone on the way back: there is nothing to choose.
        owners = [which for which, each in enumerate(programs) if each.results[place].operation.op not in _NOTHING]
        chosen = found[owners[0] if owners else 0][place]
        for which in owners[1:]:
            chosen = xp.where(ranked(xp, number == which, chosen.ndim - 1), found[which][place], chosen)
        results.append(chosen)
    return tuple(results)


_NOTHING = (absent, absent_rows)


def _refuse_effects(operation: Any, what: str) -> None:
    effect = next((each for body in bodies(operation) for each in body.operations if has_effect(each)), None)
    if effect is not None:
        raise ControlFlowError(
            message(
                f"vmap: {operation.name!r} {what}, and does something besides giving a result",
                found=f"{effect.op.full_name}, built at {effect.location}",
                where=operation.location,
                remedy="polyflow.map_fn, which takes the examples one after the other",
            )
        )


def _apply(operation: Any, inputs: Sequence[Any], changed: Any) -> Any:
    builder: Any = building.builder_of(inputs)
    return builder.apply(operation.op, list(inputs), {**operation.attributes, **changed}, None, operation.device)


# -- loops


def batched_loop(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The loop for all examples, as often as the one that runs most often."""
    attributes = operation.attributes
    size = batch_size(inputs, batched)
    carried, scanned = attributes["carried"], attributes["scanned"]
    total = len(attributes["body"].parameters)
    flags = list(batched[:total])
    while True:  # until what is carried is batched as it comes out
        body = _batched(xp, attributes["body"], flags, size)
        more = [place for place in range(carried) if body.results[place].is_batched and not flags[place]]
        test = _tested(xp, operation, flags, size)
        is_masked = (test is not None and test.results[0].is_batched) or any(batched[total:])
        if is_masked:
            more += [place for place in range(carried) if not flags[place]]
        if not more:
            break
        for place in more:
            flags[place] = True
    operands = [
        _placed(xp, each, flags[place], batched[place], carried <= place < carried + scanned, size)
        for place, each in enumerate(inputs[:total])
    ]
    results = [body.spread(place) if flags[place] else body.results[place].tensor for place in range(carried)]
    results += [body.spread(place) for place in range(carried, len(body.results))]
    rest = list(inputs[total:])
    if is_masked:
        _refuse_effects(operation, "runs more often for some examples than for others")
        outputs = _masked(xp, operation, body, results, flags, operands, rest, size)
    else:
        changed = {
            "body": _finish(body, results),
            "condition": None if test is None else _finish(test, [test.results[0].tensor]),
        }
        outputs = _apply(operation, [*operands, *rest], changed)
    return _outputs(xp, operation, list(outputs), size)


def _tested(xp: Any, operation: Any, flags: Sequence[bool], size: int) -> _Body | None:
    test = operation.attributes["condition"]
    if test is None:
        return None
    carried, scanned = operation.attributes["carried"], operation.attributes["scanned"]
    return _batched(xp, test, [*flags[:carried], *flags[carried + scanned :]], size)


def _placed(xp: Any, tensor: Any, flag: bool, is_batched: bool, is_scanned: bool, size: int) -> Any:
    """An operand with its batch where the loop wants it: behind the axis that is gone along."""
    if flag and not is_batched:
        return xp.broadcast_to(tensor, (size, *tensor.type.static_shape))
    if not is_scanned or not is_batched:
        return tensor
    made = tensor.operation
    if made.op.full_name == "moveaxis" and (made.attributes["source"], made.attributes["destination"]) == (1, 0):
        return made.inputs[0]  # the stack of a loop, as it came out
    return xp.moveaxis(tensor, 0, 1)


def _outputs(xp: Any, operation: Any, outputs: list[Any], size: int) -> Any:
    """The outputs with the batch in front, those that are the same for all repeated."""
    first = first_stack(operation)
    found = []
    for place, (output, single) in enumerate(zip(outputs, operation.outputs, strict=True)):
        if place >= first:
            found.append(xp.moveaxis(output, 1, 0))
        elif output.ndim == single.ndim:
            found.append(xp.broadcast_to(output, (size, *output.type.static_shape)))
        else:
            found.append(output)
    return tuple(found)


def _masked(
    xp: Any,
    operation: Any,
    body: _Body,
    results: Sequence[Tensor],
    flags: Sequence[bool],
    operands: Sequence[Any],
    rest: Sequence[Any],
    size: int,
) -> list[Any]:
    """A loop in which examples that are done keep their values; with it, each example's own number of iterations."""
    attributes = operation.attributes
    carried = attributes["carried"]
    builder = body.builder
    done = builder.parameter(TensorType(xp.int64, (size,)), "iterations")
    with building.overriding(builder):
        if attributes["condition"] is not None:
            active, extra = _inline(xp, operation, body, flags, size), []
        else:
            place = builder.parameter(TensorType(xp.int64, ()), "place")
            count = builder.parameter(TensorType(xp.int64, (size,)), "count")
            active, extra = place < count, [place]
        states = [
            xp.where(ranked(xp, active, new.ndim - 1), new, old)
            for new, old in zip(results[:carried], body.parameters[:carried], strict=True)
        ]
        counted = done + xp.astype(active, xp.int64)
        moved = [each + (-1 if attributes["reverse"] else 1) for each in extra]
    finals = [*states, counted, *moved, *results[carried:]]
    parameters = [*body.parameters[:carried], done, *extra, *body.parameters[carried:]]
    zeros = xp.zeros((size,), dtype=xp.int64)
    if attributes["condition"] is not None:
        program = Program(tuple(parameters), tuple(builder.operations), tuple(finals))
        test = _any(xp, operation, flags, size)
        starts = [*operands[:carried], zeros, *operands[carried:]]
        changed = {"body": program, "condition": test, "carried": carried + 1}
        made = list(_apply(operation, starts, changed))
        return [*made[:carried], made[carried], *made[carried + 2 :]]
    program = Program((*parameters, count), tuple(builder.operations), tuple(finals))
    counts = rest[0] if rest[0].ndim else xp.broadcast_to(rest[0], (size,))
    longest = xp.max(counts)
    first = longest - 1 if attributes["reverse"] else xp.zeros((), dtype=xp.int64)
    starts = [*operands[:carried], zeros, first, *operands[carried:], counts, longest]
    changed = {"body": program, "carried": carried + 2}
    made = list(_apply(operation, starts, changed))
    return [*made[:carried], *made[carried + 2 :]]


def _inline(xp: Any, operation: Any, body: _Body, flags: Sequence[bool], size: int) -> Tensor:
    """The condition of each example, computed in the body."""
    test: Program = operation.attributes["condition"]
    carried, scanned = operation.attributes["carried"], operation.attributes["scanned"]
    batcher = Batcher(body.builder, _Example(test), size)  # type: ignore[arg-type]
    places = (*range(carried), *range(carried + scanned, len(flags)))
    for parameter, place in zip(test.parameters, places, strict=True):
        batcher.values[parameter] = Value(body.parameters[place], flags[place])
    return batcher.spread(batcher.results(test.results)[0]).tensor


def _any(xp: Any, operation: Any, flags: Sequence[bool], size: int) -> Program:
    """The condition for all: that of one of them holds."""
    test = _tested(xp, operation, flags, size)
    assert test is not None, "a loop that is masked by its condition has one"
    carried = operation.attributes["carried"]
    with building.overriding(test.builder):
        result = xp.any(test.spread(0))
        done = test.builder.parameter(TensorType(xp.int64, (size,)), "iterations")
    parameters = (*test.parameters[:carried], done, *test.parameters[carried:])
    return Program(parameters, tuple(test.builder.operations), (result,))
