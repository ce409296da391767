"""Running items in several processes: each proves a share of them, and their results come back in order."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial

from polyflow.extension.manager import extensions
from polyflow_conformance.kit import Item, Kit
from polyflow_conformance.process_settings import remember_environment
from polyflow_conformance.results import Result


@dataclass(frozen=True)
class Chosen:
    """What is to be proved."""

    levels: tuple[str, ...]
    expression: str = ""
    every_dtype: bool = False


def prove_in_processes(
    name: str, chosen: Chosen, jobs: int, progress: Callable[[int, int], None] | None = None
) -> tuple[list[Result], float]:
    """The results of the items on the backend of that name, and the processor seconds that they took together."""
    count = len(_items(chosen))
    results: dict[int, list[Result]] = {}
    seconds = 0.0
    context = multiprocessing.get_context("spawn")  # libraries with threads do not survive a fork
    with context.Pool(jobs, remember_environment, (remember_environment(),)) as pool:
        work = partial(_prove, name, chosen)
        for done, (number, found, spent) in enumerate(pool.imap_unordered(work, _spread(count, jobs)), 1):
            results[number] = [_unpacked(each, script) for each, script in found]
            seconds += spent
            if progress is not None:
                progress(done, count)
    return [each for number in sorted(results) for each in results[number]], seconds


def _spread(count: int, jobs: int) -> list[int]:
    """The numbers of the items, neighbours apart: what is dear stands together."""
    return [number for start in range(jobs) for number in range(start, count, jobs)]


@cache
def _items(chosen: Chosen) -> list[Item]:
    """The items of this process, which share what the oracle says."""
    return Kit(extensions(), every_dtype=chosen.every_dtype).items(chosen.levels, chosen.expression)


def _prove(name: str, chosen: Chosen, number: int) -> tuple[int, list[tuple[Result, str | None]], float]:
    start = sum(os.times()[:4])
    found = _items(chosen)[number].run(extensions().backend(name))
    packed = [(replace(each, script=None), each.snippet()) for each in found]
    return number, packed, sum(os.times()[:4]) - start


def _unpacked(result: Result, script: str | None) -> Result:
    return result if script is None else replace(result, script=lambda: script)
