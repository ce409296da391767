"""From the graph of a body to a program: what it reaches out for as parameters, variables it writes as results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from polyflow.control_flow.body_graph import Body
from polyflow.core.dtypes import DType
from polyflow.core.program import Program
from polyflow.core.registry import OpNamespace
from polyflow.core.specialise import Specialiser
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType


@dataclass
class Outside:
    """What the bodies of one operation captured, as it is in the program around at this place."""

    builder: Any
    operands: dict[Tensor, Tensor]
    """By the tensor captured: the program's tensor, for a variable its handle."""

    @classmethod
    def of(cls, builder: Any, inputs: Sequence[Tensor], captured: Sequence[Tensor]) -> Outside:
        """``inputs`` as the bodies reach for them, Python numbers in their own dtypes."""
        return cls(builder, dict(zip(captured, inputs, strict=True)))

    def value(self, tensor: Tensor) -> Tensor:
        """The value of what was captured, of a variable at this place."""
        operand = self.operands[tensor]
        if tensor.operation.op.is_variable:
            return self.builder.variable(operand).current  # type: ignore[no-any-return]
        return self.builder.cast(operand, None) if operand.type.weak else operand

    def write(self, written: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """Give the captured variables that the bodies write the values that the operation leaves them."""
        for handle, output in zip(written, outputs, strict=True):
            self.builder.write(self.operands[handle], output, self.builder.xp.assigned)


@dataclass
class Specialised:
    """The program of a body before its parameters are put in order."""

    writer: Specialiser
    parameters: list[Tensor]
    """Of the arguments."""
    reached: dict[Tensor, Tensor]
    """By tensor captured, the parameter that holds it."""
    results: list[Tensor]

    @property
    def written(self) -> list[Tensor]:
        """The captured handles of variables that the body writes."""
        states = self.writer.variables
        return [
            tensor for tensor, parameter in self.reached.items() if parameter in states and states[parameter].is_written
        ]

    def after(self, handle: Tensor) -> Tensor:
        """The value of a captured variable at the end of the body."""
        parameter = self.reached[handle]
        state = self.writer.variables.get(parameter)
        return parameter if state is None else state.current

    def parameter(self, tensor: Tensor, type: TensorType) -> Tensor:
        """The parameter that holds what was captured; a new one that nobody reads, if this body did not."""
        if tensor not in self.reached:
            self.reached[tensor] = self.writer.parameter(type, tensor.operation.name)
        return self.reached[tensor]

    def cast_result(self, place: int, dtype: DType | None) -> None:
        """Bring result number ``place``, if it is a Python number, to ``dtype``, its own for ``None``."""
        if self.results[place].type.weak:
            self.results[place] = self.writer.cast(self.results[place], dtype)

    def program(self, parameters: Sequence[Tensor], results: Sequence[Tensor]) -> Program:
        """The program with all operations so far."""
        return Program(tuple(parameters), tuple(self.writer.operations), tuple(results))


def specialise_body(body: Body, types: Sequence[TensorType], outside: Outside, xp: OpNamespace) -> Specialised:
    """The program of ``body`` for arguments of ``types``: its results, Python numbers as such, and all that it does."""
    feeds: dict[Tensor, TensorType] = dict(zip(body.parameters, types, strict=True))
    inside = body.graph.captured
    for tensor, parameter in inside.items():
        feeds[parameter] = outside.value(tensor).type
    writer = Specialiser(body.graph, feeds, xp)
    made = dict(zip(feeds, writer.parameters, strict=True))
    writer.run([*(each.operation for each in body.results if each not in feeds), *body.graph.effects])
    results = [writer.resolve(each) for each in body.results]
    reached = {tensor: made[parameter] for tensor, parameter in inside.items()}
    return Specialised(writer, [made[each] for each in body.parameters], reached, results)
