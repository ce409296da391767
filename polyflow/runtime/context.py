"""The runs of a session that may wait: who they are, what they hold, and what the session keeps for them.

Such a run works on the values that variables have when it starts, and writes them when it ends; while it lasts it holds
the variables that it writes, so that no other run's update is lost. Whoever wants to write one of them waits.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from polyflow.core.declaration import Trait
from polyflow.core.location import Location
from polyflow.core.nested import every_operation
from polyflow.core.operators import later
from polyflow.core.program import Program
from polyflow.core.tensor import Operation
from polyflow.errors import CancelledError, DeadlineExceededError, DeadlockError, PolyflowError, message
from polyflow.runtime.options import RunOptions
from polyflow.runtime.waiting import LOCK, WaitingRun, wait_until, wake

if TYPE_CHECKING:
    from polyflow.core.hosting import QueueSpec
    from polyflow.runtime.queues import Queue

_running = later("polyflow.core.hosting", "running")  # for runs that may wait, which few do


def runs_on_host(program: Program) -> bool:
    """Whether an operation of ``program``, or of a body in it, runs Python on the host."""
    return any(each.op.has_trait(Trait.HOST) for each in every_operation(program))


_CLOSED = "its session was closed"


class HostState:
    """What one session keeps for its runs that may wait."""

    def __init__(self) -> None:
        self.holders: dict[Operation, RunContext] = {}
        """The variables that a run in progress will write."""
        self.queues: dict[QueueSpec, Queue] = {}
        self.resources: dict[object, Any] = {}
        self.gate = threading.Condition(LOCK)
        """Notified when variables are given back."""
        self._runs: set[RunContext] = set()
        self._is_closed = False
        self._bystanders = weakref.WeakSet(each for each in threading.enumerate() if each.daemon)

    @contextmanager
    def run(self, options: RunOptions, location: Location | None, writes: Iterable[Operation]) -> Iterator[RunContext]:
        """A run that writes the variables ``writes``; it starts when nobody else holds any of them."""
        run = RunContext(self, options, location)
        self._bystanders.discard(threading.current_thread())
        with LOCK:
            self._runs.add(run)
            if self._is_closed:  # after it was seen to be open
                run.cancelled_by = _CLOSED
        try:
            self._hold(run, list(writes))
            with _running(run):
                yield run
        finally:
            with LOCK:
                self._runs.discard(run)
                held = [each for each, holder in self.holders.items() if holder is run]
                for each in held:
                    del self.holders[each]
                if held:
                    self.gate.notify_all()

    def _hold(self, run: RunContext, writes: list[Operation]) -> None:
        if not writes:
            return

        def is_free() -> bool:
            return self.holders.keys().isdisjoint(writes)

        def describe() -> str:
            held = {each.name: self.holders[each] for each in writes if each in self.holders}
            return " and ".join(f"to write variable {name!r}, which {holder} holds" for name, holder in held.items())

        with LOCK:
            if any(self.holders[each].thread is run.thread for each in writes if each in self.holders):
                raise DeadlockError(
                    message(
                        f"deadlock: {run} waits {describe()}, in the same thread",
                        remedy="do not write a variable from a host function of a run that writes it",
                    )
                )
            wait_until(run, is_free, self.gate, describe)
            self.holders.update(dict.fromkeys(writes, run))

    def is_bystander(self, thread: threading.Thread) -> bool:
        """Whether ``thread`` is a daemon older than the session that has run nothing here that could wait."""
        return thread in self._bystanders

    def close(self) -> None:
        """Cancel the runs in progress, and forget everything."""
        with LOCK:
            self._is_closed = True
            mine = set(self._runs)
            for each in mine:
                each.cancelled_by = _CLOSED
            wake(lambda run: run in mine)
            self.queues.clear()
            self.resources.clear()


class RunContext(WaitingRun):
    """One run in progress; kernels find it by :func:`polyflow.core.hosting.current_run`."""

    def __init__(self, state: HostState, options: RunOptions, location: Location | None) -> None:
        self.options = options
        self.location = location
        self.thread = threading.current_thread()
        self.deadline = None if options.timeout is None else time.monotonic() + options.timeout
        self.deadlock_after = options.deadlock_after
        self.cancelled_by = ""
        """Why it is to end; empty while it is not."""
        self._state = state

    def queue(self, spec: QueueSpec) -> Queue:
        """The state that the session has of a queue."""
        from polyflow.runtime.queues import Queue  # which few programs have

        with LOCK:
            if spec not in self._state.queues:
                self._state.queues[spec] = Queue(spec)
            return self._state.queues[spec]

    def resource(self, key: object, make: Callable[[], Any]) -> Any:
        """What the session keeps under ``key`` from run to run, made at first use."""
        with LOCK:
            if key not in self._state.resources:
                self._state.resources[key] = make()
            return self._state.resources[key]

    def check(self) -> None:
        """Raise ``CancelledError`` or ``DeadlineExceededError`` if the run must end."""
        error = self.ending(None)
        if error is not None:
            raise error

    def cancel(self, why: str = "another operation of it failed") -> None:
        """End the waiting of all its threads."""
        with LOCK:
            self.cancelled_by = self.cancelled_by or why
            wake(lambda run: run is self)

    def check_cancelled(self) -> None:
        """Raise ``CancelledError`` if the session was closed meanwhile."""
        if self.cancelled_by:
            raise self._cancelled(None)

    def ending(self, what: str | None) -> PolyflowError | None:
        """Why the run must end instead of waiting for ``what``, if it must."""
        if self.cancelled_by:
            return self._cancelled(what)
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return DeadlineExceededError(
                message(f"{self} took longer than its {self.options.timeout} s", found=what and f"it waited {what}")
            )
        return None

    def _cancelled(self, what: str | None) -> CancelledError:
        summary = f"{self} was cancelled: {self.cancelled_by}"
        return CancelledError(message(summary, found=what and f"it waited {what}"))

    def is_bystander(self, thread: threading.Thread) -> bool:
        """Whether ``thread`` has nothing to do with the run's session."""
        return self._state.is_bystander(thread)

    def __str__(self) -> str:
        return "the run" if self.location is None else f"the run at {self.location}"
