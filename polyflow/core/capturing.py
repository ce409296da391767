"""Graphs inside others: what a function builds when it is called once, with parameters for what it reaches out for."""

from __future__ import annotations

from typing import Any

from polyflow.core.graph import Graph
from polyflow.core.primitives import constant_op, placeholder_op
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType


class CapturingGraph(Graph):
    """A graph that captures the tensors of ``outer``, a graph or the program that a rule is writing."""

    def __init__(self, outer: Any, seed: int | None = None) -> None:
        super().__init__(seed)
        self.outer: Any = outer
        self.captured: dict[Tensor, Tensor] = {}
        """Parameters that stand for tensors of ``outer``, by those tensors."""

    def as_tensor(self, value: object) -> Tensor:
        """``value`` as a tensor of this graph; one of the graph around is captured."""
        convert: Any = getattr(value, "__tensor__", None)
        tensor = convert() if convert is not None else value
        if isinstance(tensor, Tensor) and tensor.operation.owner is not self:
            return self._capture(tensor)
        return super().as_tensor(tensor)

    def _capture(self, tensor: Tensor) -> Tensor:
        tensor = self.outer.as_tensor(tensor)
        operation = tensor.operation
        if operation.op is constant_op and operation.attributes["weak"]:  # a Python number is the same everywhere
            return self.add(constant_op, (), operation.attributes).output
        if tensor not in self.captured:
            self.captured[tensor] = self._held(tensor)
        return self.captured[tensor]

    def _held(self, tensor: Tensor) -> Tensor:
        """What stands here for a tensor of the graph around."""
        return self.parameter(tensor.type, tensor.operation.name)

    def parameter(self, type: TensorType, name: str) -> Tensor:
        """A placeholder for an argument, or for a tensor of the graph around; weak if it stands for a number."""
        found = self.add(placeholder_op, (), {"dtype": type.dtype, "shape": type.shape}, name).output
        found.type = type
        return found
