"""Those who hunt: this process alone, or several, each of which makes the mutants anew, since a fault is code."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from polyflow_conformance.kit import Kit
from polyflow_conformance.mutants.coverage import Coverage
from polyflow_conformance.mutants.hunt import Hunter, Told, Verdict
from polyflow_conformance.mutants.mutant import Mutant
from polyflow_conformance.mutants.planting import mutants_of, world_of_default
from polyflow_conformance.process_settings import remember_environment

Work = TypeVar("Work")
Done = TypeVar("Done")
Task = Callable[[Hunter, Mapping[str, Mutant], Work], Done]
"""What is done to a piece of work, with a hunter and all mutants by name."""


class Team:
    """A hunter, and how many processes hunt."""

    def __init__(self, hunter: Hunter, mutants: Iterable[Mutant], jobs: int = 1) -> None:
        self.hunter = hunter
        self.mutants = {each.id: each for each in mutants}
        """Those that can be hunted, by name."""
        self.jobs = jobs

    def each(self, task: Task[Work, Done], works: Sequence[Work]) -> Iterator[tuple[int, Done]]:
        """The place of each piece of work and what came of it, as they are done."""
        if self.jobs == 1 or len(works) < 2:
            for place, work in enumerate(works):
                yield place, task(self.hunter, self.mutants, work)
            return
        context = multiprocessing.get_context("spawn")  # libraries with threads do not survive a fork
        coverage = self.hunter.coverage
        with context.Pool(self.jobs, _begin, (remember_environment(), coverage)) as pool:
            yield from pool.imap_unordered(partial(_do, task), enumerate(works))

    def hunt(
        self,
        mutants: Sequence[Mutant],
        witnesses: Mapping[str, str],
        progress: Callable[[Verdict, int, int], None],
        brief: Collection[str] = (),
    ) -> list[Verdict]:
        """The verdicts, in the order of the mutants; those that are ``witnesses``, by name the check, meet everything
        that can see them if no other check has killed them, and those of ``brief`` only what it takes to kill them."""
        found = {}
        works = [(each.id, witnesses.get(each.id, ""), each.id in brief) for each in mutants]
        for done, (place, told) in enumerate(self.each(_hunt, works), 1):
            found[place] = Verdict(mutants[place], *told)
            progress(found[place], done, len(works))
        return [found[place] for place in range(len(mutants))]


def _hunt(hunter: Hunter, mutants: Mapping[str, Mutant], work: tuple[str, str, bool]) -> Told:
    name, check, is_brief = work
    verdict = hunter.hunt(mutants[name], is_brief=is_brief)
    if check and verdict.is_of(check) and not verdict.is_complete:
        hunter.finish(verdict, lambda: verdict.has_several)
    return verdict.told


_own: list[Team] = []
"""In a process of several: the team that it is itself."""


def _begin(environment: Mapping[str, str], coverage: Coverage) -> None:
    remember_environment(environment)
    world = world_of_default()
    mutants = [each for some in mutants_of(world).values() for each in some]
    _own.append(Team(Hunter(world, Kit(world.extensions), coverage), mutants))


def _do(task: Task[Work, Done], numbered: tuple[int, Work]) -> tuple[int, Done]:
    place, work = numbered
    return place, task(_own[0].hunter, _own[0].mutants, work)
