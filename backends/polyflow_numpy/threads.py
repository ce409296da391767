"""Several threads for the parts of one piece of work, started for it and gone after it."""

from __future__ import annotations

import os
from _thread import allocate_lock, start_new_thread
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from polyflow_numpy.quiet import quiet

FEWEST = 2
"""Parts for which another thread is worth its start."""
MOST = 8
"""Threads; more of them would wait for one another between two operations, where only one may run."""


def in_threads(work: Callable[[int], None], parts: Sequence[int]) -> None:
    """Call ``work`` on each of ``parts``, in as many threads as there are processors where there are many parts.

    Whoever is free takes the next part, so that a thread that starts late, or shares its processor, holds nobody up.
    An error of one of them ends all.
    """
    count = min(processors(), MOST, len(parts) // FEWEST) if len(parts) >= 2 * FEWEST else 1
    if count < 2:
        for each in parts:
            work(each)
        return
    left, errors = deque(parts), list[BaseException]()

    def run() -> None:
        try:
            for each in _taken(left):
                work(each)
        except BaseException as error:
            errors.append(error)
            left.clear()

    helpers = [_Helper(run) for _ in range(count - 1)]
    run()
    for helper in helpers:
        helper.wait()
    if errors:
        raise errors[0]


def _taken(left: deque[int]) -> Iterator[int]:
    """What is left, each to one thread only."""
    while True:
        try:
            part = left.popleft()
        except IndexError:
            return
        yield part


class _Helper:
    """A thread that runs ``run``, under NumPy settings of its own; nobody waits for one that has not begun."""

    def __init__(self, run: Callable[[], None]) -> None:
        self._run: Any = quiet(run)
        self._has_begun = False
        self._end = allocate_lock()
        self._end.acquire()
        with suppress(RuntimeError):  # no more threads, or the interpreter is about to end
            start_new_thread(self._work, ())

    def _work(self) -> None:
        self._has_begun = True
        try:
            self._run()
        finally:
            self._end.release()

    def wait(self) -> None:
        """Until it is done, if it has begun; else it will find nothing to do."""
        if self._has_begun:
            self._end.acquire()


def processors() -> int:
    """How many threads may work at once: what ``OMP_NUM_THREADS`` says, as to BLAS, but no more than the processors
    that this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return min(int(asked), usable) if asked.isdecimal() and int(asked) else usable
