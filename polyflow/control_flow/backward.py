"""The way back through a body: a program of gradients, and what it needs of the way there.

Where a gradient rule reads a value of the body, the value is kept: the body gives it as a further result, and the
program of gradients takes it as a parameter. Constants are made anew, operands of the body are handed on, and with
``recompute`` everything but what the body starts with is computed once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.autodiff.reverse import accumulate_gradients, filled_like
from polyflow.control_flow.structured import absent, absent_rows, widen
from polyflow.core import building
from polyflow.core.nested import bodies
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.program_builder import ProgramBuilder
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.traversal import ancestors

_CHEAP = 12
"""How many operations on constants are made anew rather than kept, for one value."""


class BackwardBuilder(ProgramBuilder):
    """Writes the program of the gradients of a body."""

    def __init__(self, xp: Any, body: Program, shared: Sequence[Tensor], recompute: bool) -> None:
        super().__init__(xp)
        self.body = body
        self.recompute = recompute
        self.kept: dict[Tensor, Tensor] = {}
        """By value of the body that was needed, the parameter that holds it."""
        self._shared = set(shared)
        """Parameters of the body that are the same in each run of it."""
        self._writer = writer_of(body)
        self._mapped: dict[Tensor, Tensor] = {}
        self._copies: dict[Operation, Operation] = {}

    def resolve(self, tensor: Tensor) -> Tensor:
        """What stands here for a value of the body."""
        if tensor.operation.owner is not self._writer and isinstance(self._writer, ProgramBuilder):
            tensor = self._writer.as_tensor(tensor)  # of the graph that the body was made from
        if tensor not in self._mapped:
            found = self._made_anew(tensor)
            self._mapped[tensor] = self._keep(tensor) if found is None else found
        return self._mapped[tensor]

    def _keep(self, tensor: Tensor) -> Tensor:
        self.kept[tensor] = self.parameter(tensor.type, tensor.operation.name)
        return self.kept[tensor]

    def _made_anew(self, tensor: Tensor) -> Tensor | None:
        """The value computed once more; ``None`` where it is to be kept."""
        operation = tensor.operation
        if operation in self._copies:  # it has got this output since the copy was made
            return _output_of(self._copies[operation], operation, tensor.index)
        if operation.op is constant_op:
            return self._again(operation).outputs[0]
        given = set(self.body.parameters)
        if tensor in given:
            return None
        needed = [each for each in ancestors([operation], stop=given) if each.outputs[0] not in given]
        if not self.recompute:
            sources = {each for one in needed for each in one.inputs if each in given}
            is_cheap = len(needed) <= _CHEAP and not any(bodies(each) for each in needed)
            if not is_cheap or not sources <= self._shared:
                return None
        for each in needed:
            if each.outputs and each.outputs[0] not in self._mapped:
                self._again(each)
        return self._mapped[tensor]

    def _again(self, operation: Operation) -> Operation:
        """A copy of an operation of the body."""
        inputs = tuple([self.resolve(each) for each in operation.inputs])
        if operation.op is constant_op and operation.attributes["weak"]:
            made = self.add(constant_op, (), operation.attributes)
        else:
            location, self.location = self.location, operation.location
            types = tuple([each.type for each in operation.outputs])
            made = self._operation(operation.op, inputs, dict(operation.attributes), types, operation.name)
            self.operations.append(made)
            self.location = location
            self._copies[operation] = made
        self._mapped.update(zip(operation.outputs, made.outputs, strict=True))
        return made

    def gradients(self, results: Sequence[tuple[Tensor, Tensor]], parameters: Sequence[Tensor]) -> list[Tensor | None]:
        """The gradients with respect to ``parameters`` of the body, given those of some of its results."""
        scope = self.scope
        with building.overriding(self):
            found = accumulate_gradients(self, [y for y, _ in results], [g for _, g in results], parameters)
        self.scope = scope
        return found

    def or_zeros(self, gradient: Tensor | None, like: Tensor) -> Tensor:
        """``gradient``, zeros of the type of ``like`` for ``None``."""
        if gradient is not None:
            return gradient
        with building.overriding(self):
            return filled_like(self, self.resolve(like) if not like.type.is_static else like, "zeros")


def _output_of(copy: Operation, original: Operation, index: int) -> Tensor:
    """The output of ``copy`` that holds what output ``index`` holds of the operation that it was copied from."""
    programs, own = (_giving(each) for each in (original, copy))
    behind = len(original.outputs) - len(programs[0].results)  # a loop with a condition counts its iterations
    first = original.attributes.get("carried", 0)  # what a loop carries is no stack, though it may be stacked as well
    for place, program in enumerate(programs):
        value = program.results[index - behind]
        if value.operation.op in (absent, absent_rows):
            continue
        for where in range(first, len(own[place].results)):
            if own[place].results[where] is value:
                return copy.outputs[where + behind]
        (output,) = widen(copy, place, [value], current(own[place]))
        return output
    raise AssertionError("an output that no program computes")


def _giving(operation: Operation) -> tuple[Program, ...]:
    """The programs whose results an operation gives: not the condition of a loop."""
    found: tuple[Program, ...] = operation.attributes.get("programs") or (operation.attributes["body"],)
    return found


def writer_of(program: Program) -> Any:
    """What the program was written by, and can be written on by."""
    for tensor in (*program.parameters, *program.results):
        if tensor.operation.owner is not None:
            return tensor.operation.owner
    return None


def current(program: Program) -> Program:
    """The program with all operations that its writer has added by now."""
    writer = writer_of(program)
    if isinstance(writer, ProgramBuilder) and len(writer.operations) > len(program.operations):
        return Program(program.parameters, tuple(writer.operations), program.results)
    return program


def reached(body: Program, results: Sequence[Tensor]) -> set[Tensor]:
    """The parameters of the body that ``results`` depend on by differentiable values."""
    given = set(body.parameters)
    found = {each for each in results if each in given}
    seen: set[Tensor] = set()
    waiting = [each for each in results if each.type.known_dtype.is_differentiable]
    while waiting:
        tensor = waiting.pop()
        if tensor in seen:
            continue
        seen.add(tensor)
        if tensor in given:
            found.add(tensor)
            continue
        waiting += [each for each in tensor.operation.inputs if each.type.known_dtype.is_differentiable]
    return {each for each in found if each.type.known_dtype.is_differentiable}
