"""The hunt: mutants meet the items of the kit until one kills them, and checks are asked what only they kill."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
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

    def hunt(self, mutant: Mutant) -> Verdict:
        """Meet the mutant with what is near, and if it lives with everything that can see it."""
        verdict = Verdict(mutant)
        self._meet(verdict, self.near(mutant), lambda: False)
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


def soles(
    hunter: Hunter,
    verdicts: Sequence[Verdict],
    spare: Sequence[Mutant] = (),
    *,
    most: int = 3,
    progress: Callable[[str], None] | None = None,
) -> tuple[dict[str, list[Verdict]], list[Verdict]]:
    """By check, a mutant that this check alone kills, of those that have met everything that can see them; and the
    verdicts on those of ``spare`` that were hunted in search of one."""
    found: dict[str, list[Verdict]] = {each: [] for each in checks_of(hunter.kit)}
    searched: list[Verdict] = []
    for check, own in found.items():
        candidates = [each for each in verdicts if set(each.killers) == {check}]
        candidates.sort(key=lambda each: (not each.is_complete, _cost(hunter, each)))
        own += _first_sole(hunter, check, candidates[:most])
        if not own:
            for mutant in _promising(check, [*verdicts, *searched], spare):
                searched.append(hunter.hunt(mutant))
                own += _first_sole(hunter, check, searched[-1:])
                if own:
                    break
        if progress is not None:
            progress(f"{check}: {', '.join(each.mutant.id for each in own) or 'nothing'}")
    return found, searched


SEARCHED = 24
"""So many mutants more are hunted for a check that kills none of those drawn alone."""


def _first_sole(hunter: Hunter, check: str, candidates: Sequence[Verdict]) -> list[Verdict]:
    for verdict in candidates:
        if not verdict.is_complete and set(verdict.killers) == {check}:
            hunter.finish(verdict, partial(_has_several, verdict))
        if verdict.is_complete and set(verdict.killers) == {check}:
            return [verdict]
    return []


def _promising(check: str, verdicts: Sequence[Verdict], spare: Sequence[Mutant]) -> list[Mutant]:
    """Mutants not hunted yet, of the operators of which the check kills the most beside the fewest others."""
    known = {verdict.mutant.id for verdict in verdicts}
    others = {verdict.mutant.operator: 99 for verdict in verdicts}
    for verdict in verdicts:
        if check in verdict.killers:
            operator = verdict.mutant.operator
            others[operator] = min(others[operator], len(verdict.killers))
    left = [each for each in spare if each.id not in known and others.get(each.operator, 99) < 4]
    by_operator: dict[str, list[Mutant]] = {}
    for each in sorted(left, key=lambda each: others[each.operator]):
        by_operator.setdefault(each.operator, []).append(each)
    turns = zip_longest(*by_operator.values())
    return [each for turn in turns for each in turn if each is not None][:SEARCHED]


def _has_several(verdict: Verdict) -> bool:
    return len(verdict.killers) > 1


def _cost(hunter: Hunter, verdict: Verdict) -> float:
    seers = hunter.coverage.seers(verdict.mutant, hunter.items)
    return sum(hunter.coverage.seconds.get(each.id, 0.1) for each in seers)
