"""Figures: what came of each benchmark, in memory and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from benchmarks.declared import Benchmark, threads_text

SCHEMA = 1
FOLDER = Path(__file__).parent / "results"

MEASURED, MISSING, FAILED, LEFT_OUT = "measured", "not installed", "failed", "left out of the quick run"


@dataclass
class Figure:
    """One benchmark's outcome. Times are microseconds a call; ratios are ours / theirs, pair by pair."""

    key: str
    name: str
    group: str
    peer: str
    threads: str
    status: str
    reason: str = ""
    """Which modules are not installed, or how it failed."""
    ours: str = ""
    """The side of ours that was compared, the fastest."""
    theirs: str = ""
    measure: str = "time"
    units: int = 1
    pairs: int = 0
    ours_median: float = 0.0
    theirs_median: float = 0.0
    ratio: float = 0.0
    low: float = 0.0
    high: float = 0.0
    difference: float = 0.0
    bar: float | None = None
    bar_of: str = "ratio"

    @property
    def shown(self) -> float:
        """What the bar is held against: the ratio, milliseconds, or microseconds or bytes of a unit."""
        if self.bar_of == "ratio":
            return self.ratio
        if self.bar_of == "unit":
            return self.ours_median / self.units
        return (self.difference if self.bar_of == "difference" else self.ours_median) / 1000

    @property
    def counted_in(self) -> str:
        """What :attr:`shown` counts, with a blank before; nothing for a ratio."""
        if self.bar_of != "unit":
            return "" if self.bar_of == "ratio" else " ms"
        return " B" if self.measure == "bytes" else " us"

    @property
    def is_met(self) -> bool | None:
        """Whether the bar is cleared; ``None`` where there is none, or nothing was measured."""
        if self.bar is None or self.status != MEASURED:
            return None
        return self.shown <= self.bar


@dataclass
class Results:
    """A run of the benchmarks on one machine."""

    machine: dict[str, Any]
    versions: dict[str, str]
    date: str
    mode: str
    load: float
    figures: list[Figure] = field(default_factory=list)

    def by_key(self) -> dict[str, Figure]:
        """The figures, to be looked up."""
        return {each.key: each for each in self.figures}


def figure(benchmark: Benchmark, status: str, reason: str = "", found: dict[str, Any] | None = None) -> Figure:
    """The figure of a benchmark, from what its process reported."""
    bar = benchmark.bar
    made = Figure(
        benchmark.key,
        benchmark.name,
        benchmark.group,
        benchmark.peer,
        threads_text(benchmark.threads),
        status,
        reason,
        measure=benchmark.measure,
        units=benchmark.units,
        bar=None if bar is None else bar.limit,
        bar_of="ratio" if bar is None else bar.of,
    )
    if found is not None:
        made.ours, made.theirs, made.pairs = found["ours_label"], found["theirs_label"], found["pairs"]
        made.ours_median, made.theirs_median = _rounded(found["ours"]), _rounded(found["theirs"])
        made.ratio, made.low, made.high = (_rounded(found[each]) for each in ("ratio", "low", "high"))
        made.difference = _rounded(found["difference"])
    return made


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


def write(results: Results, path: Path) -> None:
    """As JSON, one figure a line, so that a change reads well."""
    head = {name: value for name, value in asdict(results).items() if name != "figures"}
    lines = [json.dumps(asdict(each)) for each in results.figures]
    text = json.dumps({"schema": SCHEMA, **head}, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text[:-2] + ',\n "figures": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n", encoding="utf-8")


def read(path: Path) -> Results:
    """What ``write`` wrote; ``ValueError`` for a file of another schema."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if data.get("schema") != SCHEMA:
        raise ValueError(f"{path} has schema {data.get('schema')}, not {SCHEMA}: measure anew with make bench-full")
    known = {each.name for each in fields(Figure)}
    figures = [Figure(**{name: value for name, value in each.items() if name in known}) for each in data["figures"]]
    return Results(**{name: data[name] for name in ("machine", "versions", "date", "mode", "load")}, figures=figures)
