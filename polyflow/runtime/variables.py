"""The values of variables: one store a session, one cell a variable."""

from __future__ import annotations

from typing import Any

from polyflow.core.primitives import constant_op
from polyflow.core.tensor import Operation
from polyflow.extension.backend import Backend
from polyflow.extension.lacks import lack_of

Cell = list[Any]
"""A list with the variable's array, or an empty one before the variable has a value."""


class VariableStore:
    """The cells of one session."""

    def __init__(self) -> None:
        self._cells: dict[Operation, Cell] = {}

    def cell(self, variable: Operation) -> Cell:
        """The cell of ``variable``, which is the same list for as long as the session lives."""
        return self._cells.setdefault(variable, [])

    def clear(self) -> None:
        """Forget every value."""
        for cell in self._cells.values():
            cell.clear()


def initial_constant(variable: Operation, backend: Backend, device: str) -> Cell:
    """The initial value of ``variable`` if it is a constant that ``backend`` holds: it needs no plan. Else nothing."""
    initial = variable.attributes["initial_value"]
    made = initial.operation
    if made.op is not constant_op or initial.type.weak or lack_of(made, backend) is not None:
        return []
    return [backend.guard(backend.from_literal(made.attributes["value"], device))]
