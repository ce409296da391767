"""Walking graphs and programs without recursion: ancestors, users, what depends on what."""

from __future__ import annotations

from collections.abc import Container, Iterable
from operator import attrgetter

from polyflow.core.tensor import Operation, Tensor


def ancestors(
    operations: Iterable[Operation], *, stop: Container[Tensor] = (), control: bool = True
) -> list[Operation]:
    """``operations`` and everything they depend on, in the order of creation.

    The walk does not pass through a tensor of ``stop``; ``control`` says whether it follows control inputs.
    """
    seen: set[Operation] = set()
    waiting = list(operations)
    while waiting:
        operation = waiting.pop()
        if operation in seen:
            continue
        seen.add(operation)
        waiting.extend([each.operation for each in operation.inputs if each.operation not in seen and each not in stop])
        if control and operation.control_inputs:
            waiting.extend([each for each in operation.control_inputs if each not in seen])
    return sorted(seen, key=attrgetter("position"))


def last_uses(operations: Iterable[Operation]) -> dict[Tensor, int]:
    """For each tensor, the place in the sequence of the last operation that reads it."""
    return {tensor: place for place, operation in enumerate(operations) for tensor in operation.inputs}
