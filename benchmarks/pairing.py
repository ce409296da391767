"""Interleaved measuring: A B B A, again and again, so that the machine's moods fall on both sides alike."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = Callable[[], object]
Meter = Callable[[int], float]
"""What so many calls of a side took: seconds, or bytes."""


@dataclass(frozen=True)
class Comparison:
    """Medians of a call in microseconds (or bytes), and the ratios of the pairs of rounds."""

    ours: float
    theirs: float
    ratio: float
    low: float
    """The first quartile of the ratios."""
    high: float
    """The third quartile of the ratios."""
    difference: float
    """The median of what a call of ours takes more than one of theirs, pair by pair."""
    pairs: int = 0


def compare(
    ours: Meter, theirs: Meter, *, rounds: int = 31, seconds: float = 0.03, budget: float = 60.0, scale: float = 1e6
) -> Comparison:
    """Medians over ``rounds`` rounds A B B A, in each of which a side works twice for about ``seconds``.

    Rounds end early when ``budget`` seconds are spent, but not before the fifth. ``seconds`` of 0 is one call a time.
    ``scale`` brings what the meters tell to microseconds, or leaves bytes what they are. A single round is A B.
    """
    counts = [calls_in(each, seconds) if seconds else 1 for each in (ours, theirs)]
    pairs: list[tuple[float, float]] = []
    end = time.perf_counter() + budget
    while len(pairs) < rounds and (len(pairs) < 5 or time.perf_counter() < end):
        a = ours(counts[0])
        b = theirs(counts[1])
        if rounds > 1:
            b = (b + theirs(counts[1])) / 2
            a = (a + ours(counts[0])) / 2
        pairs.append((scale * a / counts[0], scale * b / counts[1]))
    ratios = [a / b for a, b in pairs]
    low, _, high = statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    return Comparison(
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(ratios),
        low,
        high,
        statistics.median(a - b for a, b in pairs),
        len(pairs),
    )


def calls_in(meter: Meter, seconds: float) -> int:
    """How many calls last about so long; at least one."""
    once = meter(1)
    few = 1 if once > seconds / 3 else 3
    return max(1, int(seconds / max(meter(few) / few, 1e-9)))


def fastest(meters: Mapping[str, Meter], seconds: float) -> str:
    """The name of the one whose call is shortest, each measured thrice in turn."""
    if len(meters) == 1:
        return next(iter(meters))
    counts = {name: calls_in(meter, seconds) for name, meter in meters.items()}
    found: dict[str, list[float]] = {name: [] for name in meters}
    for _ in range(3):
        for name, meter in meters.items():
            found[name].append(meter(counts[name]) / counts[name])
    return min(found, key=lambda name: statistics.median(found[name]))


def clock(work: Work) -> Meter:
    """Seconds on the wall."""

    def elapsed(count: int) -> float:
        start = time.perf_counter()
        for _ in range(count):
            work()
        return time.perf_counter() - start

    return elapsed


def clock_apart(work: Work) -> Meter:
    """The same for calls that leave much behind: each begins when what the last one left is collected."""

    def elapsed(count: int) -> float:
        seconds = 0.0
        for _ in range(count):
            gc.collect()
            start = time.perf_counter()
            kept = work()
            seconds += time.perf_counter() - start
            del kept
        return seconds

    return elapsed


def balance(work: Work) -> Meter:
    """Bytes that calls leave allocated, their results alive."""

    def held(count: int) -> float:
        gc.collect()
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            kept = [work() for _ in range(count)]
            gc.collect()
            found = tracemalloc.get_traced_memory()[0] - before
            del kept
            return float(found)
        finally:
            tracemalloc.stop()

    return held
