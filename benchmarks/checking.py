"""Whether a fresh run is worse than the committed one, by more than the spread of the two.

A ratio is worse when it is above the committed median by more than the largest of: the distance between the committed
quartiles, that between the fresh ones, and 5 % of the committed median. Only ratios of pairs are compared, never times:
they hold on a machine that is busier today, and roughly on another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.results import MEASURED, Figure, Results

LEAST = 0.05
"""Of the committed median: what is never called worse."""


@dataclass(frozen=True)
class Change:
    """A benchmark in two runs."""

    key: str
    committed: float
    fresh: float
    allowed: float
    """The fresh ratio may be as large as this."""

    @property
    def is_worse(self) -> bool:
        """Whether it got worse by more than the spread."""
        return self.fresh > self.allowed


def change(committed: Figure, fresh: Figure) -> Change:
    """The two ratios, and how large the fresh one may be."""
    spread = max(committed.high - committed.low, fresh.high - fresh.low, LEAST * committed.ratio)
    return Change(fresh.key, committed.ratio, fresh.ratio, committed.ratio + spread)


def changes(committed: Results, fresh: Iterable[Figure]) -> list[Change]:
    """Of all that were measured both times."""
    known = committed.by_key()
    pairs = [(known[each.key], each) for each in fresh if each.key in known]
    return [change(old, new) for old, new in pairs if old.status == new.status == MEASURED]


def lost(committed: Results, fresh: Iterable[Figure]) -> list[Figure]:
    """What was measured when the results were committed and failed now."""
    known = committed.by_key()
    return [each for each in fresh if each.status == "failed" and each.key in known]


def table(found: Iterable[Change]) -> str:
    """The changes as a table of Markdown."""
    lines = ["| benchmark | committed | fresh | allowed | |", "|---|---|---|---|---|"]
    lines += [
        f"| {each.key} | {each.committed:.3f} | {each.fresh:.3f} | {each.allowed:.3f} "
        f"| {'**worse**' if each.is_worse else 'ok'} |"
        for each in found
    ]
    return "\n".join(lines)
