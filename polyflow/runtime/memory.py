"""Whose memory is whose in a program that runs operation by operation: what may be written over, what stays a list."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

from polyflow.core.nested import first_stack
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.traversal import last_uses
from polyflow.extension.backend import Backend


def listed(program: Program) -> set[Tensor]:
    """The stacks that only loops of the same program read, element by element: lists of their elements will do."""
    found: set[Tensor] = set()
    if not any(map(is_loop, program.operations)):
        return found
    for operation in program.operations:
        if is_loop(operation):
            carried = operation.attributes["carried"]
            found.update(operation.outputs[first_stack(operation) :])
            scanned = range(carried, carried + operation.attributes["scanned"])
            found.difference_update(each for place, each in enumerate(operation.inputs) if place not in scanned)
        else:
            found.difference_update(operation.inputs)
    return found.difference(program.results)


def owned(program: Program, backend: Backend, given: Set[Tensor] = frozenset()) -> set[Tensor]:
    """The values that have memory of their own, which nothing else can share: arrays, not scalars, read by kernels that
    return memory of their own. ``given`` are parameters that are handed over to the program."""
    found: set[Tensor] = set(given)
    for operation in program.operations:
        if operation.op.full_name in backend.fresh or operation.op.full_name == "fused":
            found.update([each for each in operation.outputs if each.type.is_static and each.type.shape])
        elif is_loop(operation):
            states = owned_states(operation, backend)
            found.difference_update(each for place, each in enumerate(operation.inputs) if place not in states)
            found.update(operation.outputs[place] for place in states)
        else:
            found.difference_update(operation.inputs)
    return found


def written_over(
    operation: Operation, freed: Sequence[Tensor], reusable: Set[Tensor], backend: Backend
) -> Tensor | None:
    """The operand among those ``freed`` whose memory the result of ``operation`` takes over, if any."""
    if operation.op.full_name not in backend.in_place:
        return None
    type = operation.outputs[0].type
    return next((each for each in freed if each in reusable and each.type == type), None)


def rooms(program: Program, backend: Backend) -> dict[Tensor, int]:
    """For results that are written in place, the first value in their memory, with the place of the result: given room
    for that value, the program leaves its result there."""
    reusable, ends = owned(program, backend), last_uses(program.operations)
    order = {each: place for place, each in enumerate(program.operations)}
    kept = {*program.results, *program.parameters}
    found: dict[Tensor, int] = {}
    for number, result in enumerate(program.results):
        first: Tensor | None = None
        value: Tensor | None = result if result.operation in order else None
        while value is not None and value.operation.op.full_name in backend.in_place:
            first, operation = value, value.operation
            freed = [each for each in operation.inputs if ends[each] == order[operation] and each not in kept]
            value = written_over(operation, freed, reusable, backend)
        if first is not None:
            found[first] = number
    return found


def owned_states(operation: Operation, backend: Backend) -> frozenset[int]:
    """The carried values of a loop that each iteration changes in the memory of the one before."""
    if not backend.updating:
        return frozenset()
    body: Program = operation.attributes["body"]
    chosen = {
        place
        for place in range(operation.attributes["carried"])
        if _root(body.results[place], backend) is body.parameters[place]
        and body.results[place] is not body.parameters[place]
        and sum(each is body.results[place] for each in body.results) == 1
    }
    while chosen:
        found = owned(body, backend, {body.parameters[place] for place in chosen})
        lost = {place for place in chosen if body.results[place] not in found}
        if not lost:
            break
        chosen -= lost
    return frozenset(chosen)


def _root(tensor: Tensor, backend: Backend) -> Tensor:
    """What ``tensor`` was before kernels changed some of its elements."""
    while True:
        operation = tensor.operation
        if operation.op.full_name in backend.updating:
            tensor = operation.inputs[0]
        elif is_loop(operation) and tensor.index in owned_states(operation, backend):
            tensor = operation.inputs[tensor.index]
        else:
            return tensor


def is_loop(operation: Any) -> bool:
    """Whether ``operation`` runs a body again and again."""
    return operation.op.is_nested and "carried" in operation.attributes
