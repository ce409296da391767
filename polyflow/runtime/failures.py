"""What went wrong in an operation while a program ran, as the user of the program is to read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.core.declaration import Op, Trait
from polyflow.core.printer import format_operation
from polyflow.core.tensor import Operation
from polyflow.errors import ExecutionError, NumericsError, PolyflowError, message
from polyflow.runtime.numerics import NotFinite


def described(operation: Operation, error: Exception, loops: Sequence[tuple[Operation, Any]]) -> PolyflowError:
    """The error of ``operation``, in iterations of ``loops``, outermost first, as its user is to read it."""
    if isinstance(error, NotFinite):
        return _described_numerics(operation, error, loops)
    return ExecutionError(_message(what_failed(operation.op, error), operation, loops))


def what_failed(op: Op, error: Exception) -> str:
    """The first line of the message: which op failed, and how."""
    return f"{op.full_name} failed while it ran: {type(error).__name__}: {error}"


def _described_numerics(
    operation: Operation, error: NotFinite, loops: Sequence[tuple[Operation, Any]]
) -> NumericsError:
    if operation.op.has_trait(Trait.ELSEWHERE):  # in a checked program each is one operation
        operation = operation.attributes["region"].program.operations[-1]
    origin = operation.origin
    belongs = "" if origin is None else f"; it belongs to the gradient of {origin.name!r}, built at {origin.location}"
    what = f"check_numerics: {operation.op.full_name} is the first operation that made {error}{belongs}"
    return NumericsError(_message(what, operation, loops))


def _message(what: str, operation: Operation, loops: Sequence[tuple[Operation, Any]]) -> str:
    return message(what, operand=format_operation(operation), found=_in_loops(loops), where=operation.location)


def _in_loops(loops: Sequence[tuple[Operation, Any]]) -> str | None:
    """In which iteration of which loop an operation failed, the outermost first; ``None`` outside of loops."""
    places = ("" if loop.location is None else f", built at {loop.location}" for loop, _ in loops)
    inside = [f"iteration {count} of {loop.name}{place}" for (loop, count), place in zip(loops, places, strict=True)]
    return f"it was in {', in '.join(inside)}" if inside else None
