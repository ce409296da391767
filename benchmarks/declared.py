"""What a benchmark is: two sides that compute the same, how they are run, and the bar that the measure has to clear."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Work = Callable[[], object]
"""One call of a side, its result read so that nothing is left running; it returns what the sides must agree on."""

ONE, TWO, ALL = 1, 2, 0
"""Threads: a pinned core, two pinned cores, or all that the machine has."""


@dataclass(frozen=True)
class Maker:
    """A function named by its module, which is imported in the process that measures and nowhere else."""

    module: str
    function: str
    arguments: tuple[Any, ...] = ()

    def __call__(self) -> Work:
        """The side, ready to be called."""
        found: Work = getattr(importlib.import_module(f"benchmarks.{self.module}"), self.function)(*self.arguments)
        return found


@dataclass(frozen=True)
class Side:
    """One way to compute it: a backend of polyflow, or a form in which a peer's users would write it."""

    label: str
    make: Callable[[], Work]
    needs: tuple[str, ...] = ()
    """Modules that have to be installed."""

    def missing(self) -> list[str]:
        """The modules that are not installed."""
        return [each for each in self.needs if importlib.util.find_spec(each) is None]


@dataclass(frozen=True)
class Bar:
    """The most that a benchmark is to show.

    ``of`` says of what: the ``"ratio"``, the ``"difference"`` or our ``"total"`` in milliseconds, or what a ``"unit"``
    of the work takes, in microseconds or bytes.
    """

    limit: float
    of: str = "ratio"
    reason: str = ""
    """Why it is missed where it is, and whose the rest is; shown then only."""


@dataclass(frozen=True)
class Benchmark:
    """A comparison. Of several sides the fastest is taken, on both hands."""

    name: str
    group: str
    ours: tuple[Side, ...]
    peer: str
    theirs: tuple[Side, ...]
    bar: Bar | None = None
    threads: int = ONE
    pairs: int = 31
    """Pairs of rounds in a full run."""
    units: int = 1
    """How many operations, steps or nodes one call does: what is printed is per unit."""
    measure: str = "time"
    """``"time"`` (wall), or ``"bytes"``: what is allocated and still held when the call has returned."""
    is_quick: bool = True
    """Whether a quick run measures it too."""
    tolerance: float | None = 1e-4
    """By how much results may differ, relative to the largest; ``None`` where there is nothing to compare."""
    calls: int = 3
    """How many calls of each side are compared before anything is timed."""
    is_long: bool = False
    """Whether one call is a round: it lasts long, and needs no warming."""
    is_apart: bool = False
    """Whether each hand has a process of its own: libraries whose threads would wait for work on the other's cores."""

    @property
    def key(self) -> str:
        """What names it in files and on the command line."""
        return f"{self.group} / {self.name} / {self.peer} / {threads_text(self.threads)}"


def threads_text(threads: int) -> str:
    """ "one thread", "two threads" or "all threads"."""
    return {ONE: "one thread", TWO: "two threads", ALL: "all threads"}[threads]
