"""What an op that runs Python on the host and the session that runs it know of each other.

A session makes its run known to the kernels of such ops (``Trait.HOST``) by a context variable, for as long as the run
lasts. What waits and how is the runtime's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from polyflow.core.location import Location
from polyflow.core.types import TensorType
from polyflow.errors import ExecutionError, message

Element = tuple[Any, ...]
"""What a queue holds one of: a backend's array for each component."""


class QueueSpec:
    """A queue as the graph knows it; its elements are in the sessions."""

    def __init__(
        self,
        kind: str,
        name: str,
        capacity: int | None,
        types: tuple[TensorType, ...],
        min_after_dequeue: int = 0,
        seed: int = 0,
        location: Location | None = None,
    ) -> None:
        self.kind = kind
        """``"FIFOQueue"``, ``"RandomShuffleQueue"``, ``"PriorityQueue"`` or ``"PaddingFIFOQueue"``."""
        self.name = name
        self.capacity = capacity
        """``None`` where there is no bound."""
        self.types = types
        """Of the components of an element; a shape that was not declared becomes that of the first element built."""
        self.min_after_dequeue = min_after_dequeue
        self.seed = seed
        self.location = location

    def __repr__(self) -> str:
        return f"{self.kind} {self.name!r}"


class QueueState(Protocol):
    """A queue in a session."""

    is_closed: bool

    def put(self, run: Any, elements: Sequence[Element]) -> None:
        """Add elements one after the other, waiting for room."""
        ...

    def take(self, run: Any, count: int, is_up_to: bool) -> list[Element]:
        """Remove ``count`` elements, waiting for them; with ``is_up_to`` fewer once the queue is closed."""
        ...

    def close(self, cancel_pending: bool) -> None:
        """Refuse further elements; with ``cancel_pending`` also those that wait for room."""
        ...

    def __len__(self) -> int: ...


class HostRun(Protocol):
    """One run of a session, as kernels on the host see it."""

    def queue(self, spec: QueueSpec) -> QueueState:
        """The state that the session has of a queue."""
        ...

    def resource(self, key: object, make: Callable[[], Any]) -> Any:
        """What the session keeps under ``key`` from run to run, made at first use."""
        ...

    def check(self) -> None:
        """Raise if the run has been cancelled or its time is over."""
        ...


_current: ContextVar[HostRun | None] = ContextVar("polyflow_run", default=None)


def current_run() -> HostRun | None:
    """The run that the current thread works for; ``None`` outside a session's run."""
    return _current.get()


def needed_run(what: str) -> HostRun:
    """The current run, for an op that cannot do without; ``ExecutionError`` where there is none."""
    run = _current.get()
    if run is None:
        raise ExecutionError(message(f"{what} is kept by a session", found="no session is running", remedy="Session"))
    return run


@contextmanager
def running(run: HostRun) -> Iterator[None]:
    """While this context lasts, kernels called in this thread find ``run``."""
    token = _current.set(run)
    try:
        yield
    finally:
        _current.reset(token)
