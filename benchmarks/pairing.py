"""Interleaved timing: A and B in turn, in one process, so that the machine's moods fall on both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True)
class Comparison:
    """Times per call in microseconds, and the ratio of each pair of rounds."""

    ours: float
    theirs: float
    ratio: float
    low: float
    """The first quartile of the ratios."""
    high: float
    """The third quartile of the ratios."""


def compare(ours: Work, theirs: Work, *, rounds: int = 31, seconds: float = 0.03) -> Comparison:
    """Medians over ``rounds`` pairs, each long enough to last about ``seconds``."""
    for work in (ours, theirs):
        _time(work, 3)
    count = max(1, int(seconds / max(_time(theirs, 3) / 3, 1e-9)))
    pairs = []
    for number in range(rounds):
        if number % 2:  # whoever goes second finds warmer or colder caches: take turns
            b, a = _time(theirs, count), _time(ours, count)
        else:
            a, b = _time(ours, count), _time(theirs, count)
        pairs.append((a, b))
    ratios = [a / b for a, b in pairs]
    low, _, high = statistics.quantiles(ratios, n=4)
    scale = 1e6 / count
    return Comparison(
        statistics.median(a for a, _ in pairs) * scale,
        statistics.median(b for _, b in pairs) * scale,
        statistics.median(ratios),
        low,
        high,
    )


def _time(work: Work, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        work()
    return time.perf_counter() - start
