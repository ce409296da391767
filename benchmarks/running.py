"""Running benchmarks one after the other, each in a process of its own, and saying what comes out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks import machine
from benchmarks.declared import Benchmark
from benchmarks.processes import measured
from benchmarks.results import FAILED, LEFT_OUT, MEASURED, MISSING, Figure, Results, figure


@dataclass(frozen=True)
class Mode:
    """How long a run takes its time."""

    name: str
    pairs: int
    """At most; a benchmark may ask for fewer."""
    seconds: float
    """How long a side works at a time."""
    budget: float
    """Seconds for the pairs of one benchmark."""
    is_quick: bool


QUICK = Mode("quick", 5, 0.01, 1.5, True)
FULL = Mode("full", 31, 0.03, 8.0, False)
MODES = {each.name: each for each in (QUICK, FULL)}


def run(chosen: Iterable[Benchmark], mode: Mode) -> Results:
    """Measure, printing a row for each as it comes."""
    results = Results(machine.describe(), machine.versions(), today(), mode.name, machine.load())
    if results.load > results.machine["cores"] / 2:
        print(
            f"Others use this machine (load {results.load:g}): ratios hold roughly, those of several threads do not.\n"
        )
    print("| work | polyflow on | us | peer | us | ratio | quartiles | bar | threads |", flush=True)
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    start = time.perf_counter()
    for each in figures(chosen, mode):
        print(row(each), flush=True)
        results.figures.append(each)
    print(f"\n{summary(results)} {time.perf_counter() - start:.0f} s.", flush=True)
    return results


def figures(chosen: Iterable[Benchmark], mode: Mode) -> Iterator[Figure]:
    """The figure of each benchmark; of what is not installed and what fails too."""
    for benchmark in chosen:
        missing = _missing(benchmark)
        if missing:
            yield figure(benchmark, MISSING, ", ".join(missing))
        elif mode.is_quick and not benchmark.is_quick:
            yield figure(benchmark, LEFT_OUT)
        else:
            found = measured(benchmark, min(mode.pairs, benchmark.pairs), mode.seconds, mode.budget)
            error = found.get("error")
            yield figure(benchmark, FAILED, error) if error else figure(benchmark, MEASURED, found=found)


def _missing(benchmark: Benchmark) -> list[str]:
    """Modules without which a hand of the comparison has no side at all."""
    for sides in (benchmark.ours, benchmark.theirs):
        lacking = [each.missing() for each in sides]
        if all(lacking):
            return sorted({name for each in lacking for name in each})
    return []


def row(each: Figure) -> str:
    """A row of the table."""
    name, threads = f"{each.group}: {each.name}", each.threads.split()[0]
    if each.status != MEASURED:
        return f"| {name} | | | {each.peer} | | {each.status}{': ' * bool(each.reason)}{each.reason} | | | {threads} |"
    return f"| {name} | {cells(each, f'{each.peer} ({each.theirs})')} | {verdict(each)} | {threads} |"


def cells(each: Figure, against: str) -> str:
    """The cells of a table that hold what was measured: who on our side, the medians, the ratio, its quartiles."""
    ours, theirs = (amount(value, each) for value in (each.ours_median, each.theirs_median))
    spread = f"{ratio(each.low)} to {ratio(each.high)}"
    return f"{each.ours} | {ours} | {against} | {theirs} | {ratio(each.ratio)} | {spread}"


def amount(value: float, each: Figure) -> str:
    """A median for one unit of the benchmark, three digits: microseconds, or bytes, which say so."""
    value /= each.units
    return (f"{value:.0f}" if value >= 100 else f"{value:.3g}") + " B" * (each.measure == "bytes")


def ratio(value: float) -> str:
    """Two digits at least, and two places."""
    return f"{value:.2f}" if value >= 0.095 else f"{value:.2g}"


def verdict(each: Figure) -> str:
    """The bar, and whether it is met."""
    if each.bar is None:
        return ""
    shown = "" if each.bar_of == "ratio" else f"{each.shown:.3g} of "
    return f"{shown}{each.bar:g}{each.counted_in} {'met' if each.is_met else 'MISSED'}"


def summary(results: Results) -> str:
    """How many bars were met, and what was not measured."""
    met = [each.is_met for each in results.figures if each.is_met is not None]
    parts = [f"{sum(met)} of {len(met)} bars met."]
    for status in (MISSING, FAILED, LEFT_OUT):
        count = sum(each.status == status for each in results.figures)
        if count:
            parts.append(f"{count} {status}.")
    return " ".join(parts)


def today() -> str:
    """The date."""
    return datetime.now(UTC).date().isoformat()
