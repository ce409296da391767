"""Waiting inside a run: until something is there, the time is over, the run is cancelled, or nobody is left to help.

One lock guards all that runs wait for, in every session, so that a deadlock is seen whole. It is held for a few steps
at a time, never while a kernel runs or a thread waits.

A deadlock is reported only where nothing can end it: every thread of the process waits here, none of them with a time
limit, and none could go on. A thread does not count if it cannot help by itself: it is inside :func:`passive`; it waits
without a time limit for another thread, by ``threading`` or what is built on it; or it is a daemon that was there
before the sessions concerned and has run nothing in them that could wait. Any other thread may still do what is waited
for, and so the waiting goes on.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from polyflow.errors import DeadlockError, PolyflowError, message

LOCK = threading.RLock()
"""Held while anything that a run may wait for is read or changed.

Reentrant, since only such a lock is taken back after waiting without a gap in which Ctrl-C could leave it open.
"""


class WaitingRun(Protocol):
    """What waiting asks of a run."""

    deadline: float | None
    """The ``time.monotonic()`` at which its time is over."""
    deadlock_after: float | None

    def ending(self, what: str | None) -> PolyflowError | None:
        """Why the run must end, which waits for ``what``, if it must."""
        ...

    def is_bystander(self, thread: threading.Thread) -> bool:
        """Whether ``thread`` has nothing to do with the run's session."""
        ...


class _Waiter:
    """A thread that waits here."""

    def __init__(
        self, run: WaitingRun, is_ready: Callable[[], bool], gate: threading.Condition, describe: Callable[[], str]
    ) -> None:
        self.run, self.is_ready, self.gate, self.describe = run, is_ready, gate, describe
        self.thread = threading.current_thread()
        self.since = time.monotonic()
        self.deadlock: str | None = None
        """Why nothing will end its waiting, once that is known."""


_waiters: dict[_Waiter, None] = {}
_passive: dict[threading.Thread, int] = {}


def wait_until(
    run: WaitingRun, is_ready: Callable[[], bool], gate: threading.Condition, describe: Callable[[], str]
) -> None:
    """Wait until ``is_ready()``, which is asked whenever ``gate`` is notified; the caller holds ``LOCK``.

    ``describe`` says what is waited for. Raises ``CancelledError``, ``DeadlineExceededError`` or ``DeadlockError``.
    """
    if is_ready():
        return
    waiter = _Waiter(run, is_ready, gate, describe)
    try:
        _waiters[waiter] = None
        while True:
            if waiter.deadlock is not None:  # first: each of them is told, whatever the end of another made possible
                raise DeadlockError(waiter.deadlock)
            if is_ready():
                return
            ending = run.ending(describe())
            if ending is not None:
                raise ending
            if not _report_deadlock(waiter):
                gate.wait(_patience(waiter))
    finally:
        _waiters.pop(waiter, None)


def wake(runs: Callable[[WaitingRun], bool]) -> None:
    """Let the runs that ``runs`` picks see that they are to end; the caller holds ``LOCK``."""
    for each in _waiters:
        if runs(each.run):
            each.gate.notify_all()


@contextmanager
def passive() -> Iterator[None]:
    """While this context lasts, the current thread only waits for other threads, and is no help to them."""
    thread = threading.current_thread()
    with LOCK:
        _passive[thread] = _passive.get(thread, 0) + 1
    try:
        yield
    finally:
        with LOCK:
            _passive[thread] -= 1
            if not _passive[thread]:
                del _passive[thread]


def _patience(waiter: _Waiter) -> float | None:
    """Seconds until the waiter has to look at the clock again."""
    limits = []
    if waiter.run.deadline is not None:
        limits.append(waiter.run.deadline - time.monotonic())
    if waiter.run.deadlock_after is not None:
        waited = time.monotonic() - waiter.since
        after = waiter.run.deadlock_after
        limits.append(after - waited if waited < after else after)
    return max(min(limits), 0.0) if limits else None


def _report_deadlock(waiter: _Waiter) -> bool:
    """Give every waiting run the report, if they all wait in vain."""
    now = time.monotonic()
    for each in _waiters:
        after = each.run.deadlock_after
        if each.run.deadline is not None or after is None or now - each.since < after or each.is_ready():
            return False
    if not _nobody_can_help():
        return False
    lines = [f"    thread {each.thread.name!r}: {each.run} waits {each.describe()}" for each in _waiters]
    text = message(
        "deadlock: every thread waits, and nobody is left to go on\n" + "\n".join(lines),
        remedy="start the queue runners, enqueue before dequeueing, close the queue, or RunOptions(timeout=...)",
    )
    for each in _waiters:
        each.deadlock = text
        each.gate.notify_all()
    return True


def _nobody_can_help() -> bool:
    waiting = {each.thread for each in _waiters}
    runs = [each.run for each in _waiters]
    frames = sys._current_frames()
    for thread in threading.enumerate():
        if thread in waiting or thread in _passive or all(run.is_bystander(thread) for run in runs):
            continue
        frame = frames.get(thread.ident or 0)
        if frame is None or not _only_waits(frame):
            return False
    return True


def _only_waits(frame: FrameType) -> bool:
    """Whether a thread whose innermost frame this is waits, without a time limit, for what another thread must do."""
    names = frame.f_locals
    if frame.f_code.co_filename != threading.__file__ or names.get("timeout") not in (None, -1):
        return False
    if frame.f_code.co_name in ("join", "_wait_for_tstate_lock"):
        thread = names.get("self")
        return isinstance(thread, threading.Thread) and thread.is_alive()
    if frame.f_code.co_name == "wait":  # of a Condition, on which events, futures and queues are built
        waiter = names.get("waiter")
        return waiter is not None and waiter.locked() and not names.get("gotit")
    return False
