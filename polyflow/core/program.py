"""A program: closed, typed, immutable. The one form that passes transform, backends compile and tests print."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from polyflow.core.tensor import Operation, Tensor


@dataclass(frozen=True, eq=False)
class Program:
    """Parameters, operations in an order in which they can run, and results.

    A parameter is the output of a ``placeholder`` operation that is not among ``operations``. A program is pure but for
    operations with ``Trait.EFFECT``: variables come in as parameters and go out as results.
    """

    parameters: tuple[Tensor, ...]
    operations: tuple[Operation, ...]
    results: tuple[Tensor, ...]

    @cached_property
    def is_nested(self) -> bool:
        """Whether an operation runs a program itself."""
        return any([each.op.is_nested for each in self.operations])

    def __len__(self) -> int:
        return len(self.operations)
