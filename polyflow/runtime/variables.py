"""The values of variables: one store a session, one cell a variable."""

from __future__ import annotations

from typing import Any

from polyflow.core.tensor import Operation

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
