"""Hunting in several processes: each makes the mutants anew, since a fault is code, and hunts for its share."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from functools import cache, partial

from polyflow_conformance.kit import Kit
from polyflow_conformance.mutants.coverage import Coverage
from polyflow_conformance.mutants.hunt import Hunter, Verdict
from polyflow_conformance.mutants.mutant import Mutant
from polyflow_conformance.mutants.planting import mutants_of, world_of_default
from polyflow_conformance.process_settings import remember_environment

Told = tuple[int, dict[str, str], bool, int, float]


def hunt_in_processes(
    mutants: Sequence[Mutant], coverage: Coverage, jobs: int, progress: Callable[[int, int], None]
) -> list[Verdict]:
    """The verdicts, in the order of the mutants."""
    found = {}
    context = multiprocessing.get_context("spawn")  # libraries with threads do not survive a fork
    with context.Pool(jobs, remember_environment, (remember_environment(),)) as pool:
        work = partial(_hunt, coverage.uses, coverage.seconds)
        jobs_ = list(enumerate(each.id for each in mutants))
        for done, (number, killers, is_complete, met, seconds) in enumerate(pool.imap_unordered(work, jobs_), 1):
            found[number] = Verdict(mutants[number], killers, is_complete, met, seconds)
            progress(done, len(mutants))
    return [found[number] for number in range(len(mutants))]


@cache
def _hunter() -> tuple[Hunter, dict[str, Mutant]]:
    world = world_of_default()
    by_name = {each.id: each for some in mutants_of(world).values() for each in some}
    return Hunter(world, Kit(world.extensions)), by_name


def _hunt(uses: dict[str, frozenset[str]], seconds: dict[str, float], job: tuple[int, str]) -> Told:
    hunter, by_name = _hunter()
    hunter.coverage = Coverage(uses, seconds)
    number, name = job
    found = hunter.hunt(by_name[name])
    return number, found.killers, found.is_complete, found.met, found.seconds
