"""docs/benchmarks.md: the committed figures as tables and pictures, with how they were measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.plots import draw_ratios
from benchmarks.registry import benchmarks
from benchmarks.results import FAILED, LEFT_OUT, MEASURED, MISSING, Figure, Results
from benchmarks.running import cells, ratio, summary

HEADINGS = {
    "training step": "Training steps",
    "many steps": "Many steps in one call",
    "loss and gradient": "A loss and its gradient",
    "elementwise": "Elementwise chains",
    "overhead": "The cost of a run",
    "from nothing": "Starting from nothing",
    "digits": "A convolutional network",
    "control flow": "Control flow",
    "operation": "Single operations",
    "scale": "Large graphs",
    "pass": "Passes",
}
NOTES = {
    "training step": "Forward, backward, update, the loss read. Of several engines of polyflow the fastest is taken.",
    "many steps": "Times are those of one step. By hand a step is called in a loop of Python's.",
    "loss and gradient": "All values and gradients are read.",
    "elementwise": "Times are those of one operation. NumPy uses one thread in any case.",
    "from nothing": "A new process each time. `an empty Python` is an interpreter that does nothing; PyTensor "
    "starts with empty caches, as at a user's first run, unless the row says otherwise.",
    "digits": "Times are those of one batch of 64. With two threads each library has a process of its own.",
    "operation": "On NumPy, against the fastest of several forms that an expert would write, which the table names.",
    "scale": "Per node: microseconds, in a process of its own for each side and with nothing left of the graph before, "
    "or bytes that stay allocated. JAX traces the same program; a line of Python calls `numpy.sin`; a record is an "
    "object with five slots.",
    "pass": "The same session with and without one pass: first in a program that the pass is there for, then in "
    "others, where there is little for it to do. A ratio below 1 is what a run wins by the pass; `planning` is the "
    "first run of a new session, where a ratio above 1 is what the pass costs.",
}
INTRODUCTION = """# Benchmarks

What polyflow costs and wins against what a user would take instead. `make bench` measures the quick part of it in less
than three minutes, `make bench-full` all of it, `make bench-check` fails where a ratio got worse than the committed one
by more than its spread. The peers come with `pip install "polyflow[bench]"`; what is not installed is listed as such.
"""
METHOD = """## How it is measured

- **In pairs.** Ours and theirs run in turn, A B B A, for about 30 ms each, up to 31 times in one process; a ratio is
  that of one such round, the figure is their median, the spread their quartiles. Below 1 polyflow is faster.
- **The same thing.** Before anything is timed both sides are called some times and must return the same numbers.
- **On the wall, pinned.** `one thread` is a process bound to one core, with every library told to use one thread; `two
  threads` one bound to two.
- **At their best.** A peer's program is what its own users would write; where there are several ways (forms of an
  operation, optimizers, memory layouts), the fastest is compared, and named.
- **A bar** is the most that a figure may be. Bars are goals: the page shows those that are missed.
- **Worse** means: above the committed median by more than the largest of the committed quartiles' distance, the fresh
  quartiles' distance, and 5 %; and again so in a second, longer measurement.

The files are `benchmarks/results/*.json`, one for each class of machine. Nothing here was edited by hand:
`python -m benchmarks page` writes it from them.
"""

MISSED = (
    "What was found when it was looked into, with figures of the machine above, and the command that measures them."
)


def write_page(results: Results, path: Path) -> None:
    """The page, and its pictures beside it."""
    pictures = path.parent / "pictures"
    main = [each for each in results.figures if each.group not in ("pass", "scale")]
    rest = [each for each in results.figures if each.group in ("pass", "scale")]
    draw_ratios(main, pictures / "benchmarks.png", "polyflow's time / its peer's: left of 1 polyflow is faster")
    if any(each.status == MEASURED for each in rest):
        draw_ratios(rest, pictures / "benchmarks-passes.png", "Large graphs, and a session with each pass / without it")
    path.write_text(page(results), encoding="utf-8")


def page(results: Results) -> str:
    """The text of the page."""
    parts = [INTRODUCTION, _place(results), METHOD]
    parts.append("![polyflow's time as a ratio to each peer's, with quartiles and bars](pictures/benchmarks.png)\n")
    for group, heading in HEADINGS.items():
        figures = [each for each in results.figures if each.group == group]
        if not figures:
            continue
        if group == "scale" and any(each.status == MEASURED for each in figures):
            parts.append("![the ratios of large graphs and passes](pictures/benchmarks-passes.png)\n")
        note = f"{NOTES[group]}\n\n" if group in NOTES else ""
        parts.append(f"## {heading}\n\n{note}{_table(figures)}")
    parts += _missed(results.figures)
    parts += _unmeasured(results.figures)
    return "\n".join(parts)


def _place(results: Results) -> str:
    machine = results.machine
    libraries = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return (
        f"Measured on {results.date}: {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}, Python {machine['python']}; {libraries}. Mode: {results.mode}; load before it started: "
        f"{results.load:g}.\n\n**{summary(results)}**\n"
    )


def _table(figures: Sequence[Figure]) -> str:
    lines = [
        "| work | threads | polyflow | us | peer | us | ratio | quartiles | bar |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in figures:
        start = f"| {each.name} | {each.threads.split()[0]} |"
        if each.status != MEASURED:
            lines.append(f"{start} | | {each.peer} | | {each.status} | | |")
            continue
        lines.append(f"{start} {cells(each, f'{each.peer}: {each.theirs}')} | {_bar(each)} |")
    return "\n".join(lines) + "\n"


def _bar(each: Figure) -> str:
    if each.bar is None:
        return ""
    if each.bar_of == "ratio":
        return f"{each.bar:g} {'met' if each.is_met else '**missed**'}"
    verdict = "met" if each.is_met else "**missed**"
    if each.bar_of == "unit":
        return f"{each.bar:g}{each.counted_in} allowed: {verdict}"
    what = "more than it" if each.bar_of == "difference" else "in all"
    return f"{each.shown:.0f} ms {what}, {each.bar:g} ms allowed: {verdict}"


def _missed(figures: Sequence[Figure]) -> list[str]:
    """For each bar that is missed the reason that stands beside it in the registry."""
    known = {each.key: each.bar.reason for each in benchmarks() if each.bar is not None}
    rows = [f"- **{each.name}**, {_against(each)}. {known.get(each.key) or _guess(each)}" for each in figures
            if each.is_met is False]  # fmt: skip
    return [f"## What is missed, and whose it is\n\n{MISSED}\n\n" + "\n".join(rows) + "\n"] if rows else []


def _against(each: Figure) -> str:
    if each.bar_of != "ratio":
        return f"{each.shown:.3g}{each.counted_in}, allowed {each.bar:g}"
    return f"{each.peer}, {each.threads}: {ratio(each.ratio)}, bar {each.bar:g}"


def _guess(each: Figure) -> str:
    """What the figures themselves say where nobody has said more."""
    if each.bar_of == "ratio" and each.bar is not None and each.low <= each.bar:
        return "Its quartiles reach the bar: a difference that these rounds can hardly tell."
    return "Work that is left."


def _unmeasured(figures: Sequence[Figure]) -> list[str]:
    rows = [
        f"- {each.key}: {each.status}{': ' * bool(each.reason)}{each.reason}"
        for each in figures
        if each.status in (MISSING, FAILED, LEFT_OUT)
    ]
    return ["## Not measured\n\n" + "\n".join(rows) + "\n"] if rows else []
