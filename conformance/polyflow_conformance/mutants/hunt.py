"""The hunt: a mutant meets the items of the kit until one kills it, or all that can see it have let it live."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from polyflow_conformance.kit import Item, Kit
from polyflow_conformance.known import Known, applied
from polyflow_conformance.mutants.coverage import Coverage
from polyflow_conformance.mutants.mutant import Mutant, World
from polyflow_conformance.results import FAILED, Result

LONGEST, LONGEST_OF_PROCESS = 6, 40
"""Seconds after which an item that does not end is one that has failed; those about processes take longer."""
NO_END = "no end"
"""What kills a mutant for which an item does not end, in the place of a check."""


Told = tuple[dict[str, str], bool, int, float]
"""What one process tells another of a verdict."""


@dataclass
class Verdict:
    """What became of one mutant."""

    mutant: Mutant
    killers: dict[str, str] = field(default_factory=dict)
    """By check, the first case that it failed in and how."""
    is_complete: bool = False
    """Whether it has met every item that can see it."""
    met: int = 0
    seconds: float = 0.0

    @property
    def is_killed(self) -> bool:
        """Whether some check has found it."""
        return bool(self.killers)

    @property
    def has_several(self) -> bool:
        """Whether more than one check has found it."""
        return len(self.killers) > 1

    @property
    def told(self) -> Told:
        """All but the mutant, which is code."""
        return self.killers, self.is_complete, self.met, self.seconds

    def is_of(self, check: str) -> bool:
        """Whether this check alone has found it so far."""
        return set(self.killers) == {check}


def check_of(item: Item, result: Result) -> str:
    """The check that a result is of, as tables name it: probes are checks of their own."""
    if item.check == "probe":
        return f"probe: {item.subject}"
    if item.check == "program":
        return f"program: {result.check}"
    return "properties" if item.check == "properties" else result.check


def checks_of(kit: Kit) -> list[str]:
    """Every check that there is, in the order of the kit."""
    single = [
        "values", "types", "operands", "kept", "memory", "executors", "properties", "gradient 1", "gradient 2",
        "forward", "errors", "late errors", "missing",
    ]  # fmt: skip
    programs = [f"program: {each}" for each in ("values", "passes", "dataflow", "gradient", "forward")]
    return [*single, *programs, *(f"probe: {each.subject}" for each in kit.items() if each.check == "probe")]


class Hunter:
    """Meets mutants with items."""

    def __init__(self, world: World, kit: Kit, coverage: Coverage | None = None) -> None:
        self.world = world
        self.kit = kit
        self.coverage = coverage or Coverage()
        self.items = kit.items()
        self._known: list[Known] = kit.known(world.sound.name)
        self._programs = [each for each in self.items if each.check == "program"]
        self._by_subject: dict[str, list[Item]] = {}
        for item in self.items:
            self._by_subject.setdefault(item.subject, []).append(item)

    def prime(self, items: Sequence[Item]) -> None:
        """Ask the oracle what it says to the values of these items, while nothing is broken."""
        for item in items:
            if item.check == "values":
                self.kit.prime(item.subject)

    def near(self, mutant: Mutant) -> list[Item]:
        """The items that a mutant meets first, all of them: those of its op, or probes and some of the programs."""
        if mutant.op:
            own = self._by_subject.get(mutant.op, [])
            is_refusal = any(each.startswith("rule:") for each in mutant.touches)
            return [each for each in own if each.check in ("errors", "values")] if is_refusal else own
        near = [each for each in self.items if each.check == "probe"] + self._programs[::6]
        near = [each for each in near if each.family != "process" or mutant.is_of_process]
        seers = {each.id for each in self.coverage.seers(mutant, near)} if self.coverage.uses else None
        return [each for each in near if seers is None or each.id in seers]

    def hunt(self, mutant: Mutant, *, is_brief: bool = False) -> Verdict:
        """Meet the mutant with what is near, and if it lives with everything that can see it.

        ``is_brief``: only until some check has killed it.
        """
        verdict = Verdict(mutant)
        near = self.near(mutant)
        if is_brief:  # values find the most
            near.sort(key=lambda each: (each.check != "values", self.coverage.seconds.get(each.id, 0.0)))
        self._meet(verdict, near, lambda: is_brief and verdict.is_killed)
        if not verdict.is_killed:
            self.finish(verdict, lambda: verdict.is_killed)
        return verdict

    def finish(self, verdict: Verdict, is_enough: Callable[[], bool]) -> None:
        """Meet the mutant with the rest of what can see it, until it ``is_enough``."""
        near = {each.id for each in self.near(verdict.mutant)}
        rest = [each for each in self.coverage.seers(verdict.mutant, self.items) if each.id not in near]
        self._meet(verdict, rest, is_enough)
        verdict.is_complete = not is_enough()

    def _meet(self, verdict: Verdict, items: Sequence[Item], is_enough: Callable[[], bool]) -> None:
        start = time.perf_counter()
        self.prime(items)
        with verdict.mutant.plant(self.world.sound) as backend:
            for item in items:
                if is_enough():
                    break
                verdict.met += 1
                try:
                    with limited(LONGEST_OF_PROCESS if item.family == "process" else LONGEST):
                        found = item.run(backend)
                except Endless as error:  # and what runs for ever would do so in the next item too
                    verdict.killers.setdefault(NO_END, f"{item.id}: {error}")
                    break
                for each in applied(self._known, found):
                    if each.status == FAILED:
                        verdict.killers.setdefault(check_of(item, each), f"{each.id}: {each.failure}"[:300])
        verdict.seconds += time.perf_counter() - start


class Endless(BaseException):
    """Raised inside an item that does not end; no check takes it for the error of a case."""


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise ``Endless`` where the main thread is still inside after so many seconds of processors, or ten times as many
    on the clock: what others do on the machine is no fault of a mutant."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return

    def end(*_: Any) -> None:
        raise Endless(f"no end within {seconds} s")

    limits = ((signal.SIGPROF, signal.ITIMER_PROF, seconds), (signal.SIGALRM, signal.ITIMER_REAL, 10 * seconds))
    before = [signal.signal(number, end) for number, _, _ in limits]
    for _, timer, after in limits:
        signal.setitimer(timer, after, 0.5)  # again, where a callback of Python swallows the first
    try:
        yield
    finally:
        for (number, timer, _), handler in zip(limits, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)
