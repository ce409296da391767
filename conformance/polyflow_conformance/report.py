"""What a run of the kit found: by family and level, as text, and as data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from polyflow_conformance.levels import LEVELS
from polyflow_conformance.results import FAILED, KNOWN, PASSED, STATUSES, UNSUPPORTED, Result
from polyflow_conformance.tolerances import Group

Cell = Counter[str]
"""How many results of each status."""


@dataclass
class Report:
    """The results of a run on one backend."""

    backend: str
    distribution: str
    results: list[Result]
    families: dict[str, str] = field(default_factory=dict)
    """The family of each op: the last part of its module's name."""
    groups: dict[str, Group] = field(default_factory=dict)
    """The tolerance of each op."""
    notes: list[str] = field(default_factory=list)
    """What a reader must know of how the kit was run."""
    seconds: float = 0.0
    processor_seconds: float = 0.0
    made: str = ""
    """The day, as in ``"2026-11-22"``."""
    command: str = ""
    """What was asked for, as it is typed."""
    versions: dict[str, str] = field(default_factory=dict)
    """Of each distribution that the backend stands on, its version."""

    @property
    def failures(self) -> list[Result]:
        """What is to be mended."""
        return [each for each in self.results if each.status == FAILED]

    @property
    def counts(self) -> Cell:
        """How many results of each status."""
        return Counter(each.status for each in self.results)

    def cells(self) -> dict[str, dict[str, Cell]]:
        """By family and level, how many results of each status."""
        found: dict[str, dict[str, Cell]] = {}
        for each in self.results:
            row = found.setdefault(each.family or each.op, {})
            row.setdefault(each.level, Counter())[each.status] += 1
        return found

    def levels(self) -> list[str]:
        """The levels of which there are results."""
        present = {each.level for each in self.results}
        return [each for each in LEVELS if each in present]

    def matrix(self) -> str:
        """Passed, failed and unsupported cases by family and level, as text."""
        cells, levels = self.cells(), self.levels()
        width = max((len(name) for name in cells), default=6) + 2
        texts = {name: [cell_text(row.get(level, Counter())) for level in levels] for name, row in cells.items()}
        widths = [
            max(len(level), *(len(row[place]) for row in texts.values())) + 2 for place, level in enumerate(levels)
        ]
        lines = [
            f"{'family':<{width}}" + "".join(f"{level:>{each}}" for level, each in zip(levels, widths, strict=True))
        ]
        for name, row in texts.items():
            lines.append(
                f"{name:<{width}}" + "".join(f"{text:>{each}}" for text, each in zip(row, widths, strict=True))
            )
        return "\n".join(lines)

    def unsupported(self) -> dict[str, int]:
        """Why cases are not supported, and how many for each reason."""
        return dict(Counter(each.reason or "" for each in self.results if each.status == UNSUPPORTED))

    def summary(self) -> str:
        """One line."""
        counts = self.counts
        parts = [f"{counts[PASSED]} passed", f"{counts[FAILED]} failed"]
        parts += [f"{counts[UNSUPPORTED]} not supported"] if counts[UNSUPPORTED] else []
        parts += [f"{counts[KNOWN]} known to fail"] if counts[KNOWN] else []
        origin = f" ({self.distribution})" if self.distribution else ""
        time = f"{self.seconds:.1f} s, {self.processor_seconds:.1f} s of processors"
        return f"{self.backend}{origin}: {', '.join(parts)}, {time}"

    def as_data(self) -> dict[str, object]:
        """All results, as JSON takes them."""
        return {
            "backend": self.backend,
            "distribution": self.distribution,
            **{status: self.counts[status] for status in STATUSES},
            "seconds": round(self.seconds, 3),
            "processor_seconds": round(self.processor_seconds, 3),
            "made": self.made,
            "command": self.command,
            "versions": self.versions,
            "notes": self.notes,
            "results": [_as_data(each) for each in self.results],
        }

    def to_json(self) -> str:
        """All results, for machines."""
        return json.dumps(self.as_data(), indent=1)


def cell_text(cell: Cell) -> str:
    """A cell of the matrix: what passed, and in words what did not."""
    if not cell:
        return "-"
    words = {FAILED: "FAILED", UNSUPPORTED: "unsupported", KNOWN: "known"}
    others = [f"{cell[status]} {word}" for status, word in words.items() if cell[status]]
    return f"{cell[PASSED]}" + (f" ({', '.join(others)})" if others else "")


def _as_data(result: Result) -> dict[str, object]:
    found: dict[str, object] = {
        "level": result.level,
        "family": result.family,
        "op": result.op,
        "check": result.check,
        "case": result.case,
        "status": result.status,
    }
    if result.reason is not None:
        found["reason"] = result.reason
    if result.failure is not None:
        found |= {"failure": result.failure, "exception": result.exception, "snippet": result.snippet()}
    return found


def reports_to_json(reports: Sequence[Report]) -> str:
    """The results of several backends, for machines."""
    return json.dumps([each.as_data() for each in reports], indent=1)
