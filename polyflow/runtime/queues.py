"""A queue in a session: elements, and the runs that wait for room or for elements, served in the order they came."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from polyflow.core.hosting import Element, QueueSpec
from polyflow.errors import CancelledError, OutOfRangeError, RunEndedError, message
from polyflow.runtime.queue_storage import make_store
from polyflow.runtime.waiting import LOCK, WaitingRun, wait_until


@dataclass(eq=False)
class _Put:
    """Elements that are to be added."""

    pending: deque[Element]
    is_done: bool = False
    error: RunEndedError | None = None


@dataclass(eq=False)
class _Take:
    """Elements that are to be removed, all at once unless the queue is too small for that."""

    count: int
    is_up_to: bool
    taken: list[Element] = field(default_factory=list)
    is_done: bool = False
    error: RunEndedError | None = None

    @property
    def missing(self) -> int:
        return self.count - len(self.taken)


class Queue:
    """The state of one queue in one session."""

    def __init__(self, spec: QueueSpec) -> None:
        self.spec = spec
        self.is_closed = False
        self._store = make_store(spec)
        self._puts: deque[_Put] = deque()
        self._takes: deque[_Take] = deque()
        self._gate = threading.Condition(LOCK)

    def put(self, run: WaitingRun, elements: Sequence[Element]) -> None:
        """Add elements one after the other, waiting for room.

        Raises ``CancelledError`` where the queue is closed, or is closed while this waits and pending puts cancelled.
        """
        attempt = _Put(deque(elements))
        with LOCK:
            if self.is_closed:
                raise self._refused("is closed: it takes no more elements")
            self._puts.append(attempt)
            try:
                self._wait(run, attempt, lambda: f"to put {_count(len(attempt.pending))} into {self}")
            finally:
                if not attempt.is_done:
                    self._puts.remove(attempt)
                    self._advance()
            if attempt.error is not None:
                raise attempt.error

    def take(self, run: WaitingRun, count: int, is_up_to: bool) -> list[Element]:
        """Remove ``count`` elements, waiting for them; with ``is_up_to`` fewer once the queue is closed, but one.

        Raises ``OutOfRangeError`` where the queue is closed and has too few. A run that ends while it waits leaves
        the elements in the queue.
        """
        attempt = _Take(count, is_up_to)
        with LOCK:
            self._takes.append(attempt)
            try:
                self._wait(run, attempt, lambda: f"to take {_count(attempt.missing)} from {self}")
            except BaseException:  # KeyboardInterrupt as well
                if not attempt.is_done:
                    self._takes.remove(attempt)
                self._store.restore(attempt.taken)
                self._advance()
                raise
            if attempt.error is not None:
                raise attempt.error
            return attempt.taken

    def close(self, cancel_pending: bool) -> None:
        """Refuse further elements; with ``cancel_pending`` also those that wait for room."""
        with LOCK:
            self.is_closed = True
            while cancel_pending and self._puts:
                put = self._puts.popleft()
                put.error = self._refused("was closed, and what waited to be put into it was cancelled")
                put.is_done = True
            self._advance()
            self._gate.notify_all()

    def __len__(self) -> int:
        return len(self._store)

    def _wait(self, run: WaitingRun, attempt: _Put | _Take, describe: Callable[[], str]) -> None:
        self._advance()
        wait_until(run, lambda: attempt.is_done, self._gate, describe)

    # -- going on as far as possible

    def _advance(self) -> None:
        """Serve those who wait, the first of each side first, until neither can go on."""
        finished = False
        while (self._puts and self._advance_put(self._puts[0])) or (self._takes and self._advance_take(self._takes[0])):
            while self._puts and self._puts[0].is_done:
                self._puts.popleft()
                finished = True
            while self._takes and self._takes[0].is_done:
                self._takes.popleft()
                finished = True
        if finished:
            self._gate.notify_all()

    def _advance_put(self, put: _Put) -> bool:
        """Add what there is room for; return whether that changed anything."""
        before = len(put.pending)
        while put.pending and not self._is_full():
            self._store.push(put.pending.popleft())
        put.is_done = not put.pending
        return put.is_done or len(put.pending) < before

    def _advance_take(self, take: _Take) -> bool:
        """Remove what may be removed; return whether that changed anything."""
        is_last = self.is_closed and not self._puts
        available = len(self._store) - (0 if self.is_closed else self.spec.min_after_dequeue)
        if available < take.missing:
            if is_last:
                return self._end_take(take)
            if not self._is_full() or available <= 0:
                return False
        for _ in range(min(take.missing, available)):
            take.taken.append(self._store.pull())
        take.is_done = not take.missing
        return True

    def _end_take(self, take: _Take) -> bool:
        """Nothing more will come: the rest of the queue, or an error."""
        left = len(take.taken) + len(self._store)
        if take.is_up_to and left:
            take.taken += [self._store.pull() for _ in range(len(self._store))]
        else:
            self._store.restore(take.taken)
            take.taken = []
            take.error = OutOfRangeError(
                message(
                    f"{self.spec} is closed and has too few elements",
                    found=_count(left),
                    needed=_count(take.count),
                )
            )
        take.is_done = True
        return True

    def _is_full(self) -> bool:
        return self.spec.capacity is not None and len(self._store) >= self.spec.capacity

    def _refused(self, why: str) -> CancelledError:
        return CancelledError(message(f"{self.spec} {why}", found=str(self)))

    def __str__(self) -> str:
        bound = "" if self.spec.capacity is None else f" of {self.spec.capacity}"
        least = f", {self.spec.min_after_dequeue} of which stay" if self.spec.min_after_dequeue else ""
        state = "closed" if self.is_closed else "open"
        return f"{self.spec} ({len(self._store)}{bound} elements{least}, {state})"


def _count(number: int) -> str:
    return "1 element" if number == 1 else f"{number} elements"
