"""``python -m benchmarks``: paired measurements against what a user would take instead.

``run`` measures (``--full`` everything at length), ``check`` compares a fresh run with the committed results and fails
where something got worse, ``page`` writes docs/benchmarks.md, its plots and README's table from them, ``list`` names
every benchmark.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import machine
from benchmarks.checking import changes, lost, table
from benchmarks.declared import Benchmark
from benchmarks.registry import benchmarks
from benchmarks.results import FAILED, FOLDER, MEASURED, Results, read, write
from benchmarks.running import FULL, QUICK, figures, run

PAGE = Path("docs/benchmarks.md")
README = Path("README.md")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 1 where a benchmark failed, or got worse under ``check``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("command", nargs="?", default="run", choices=["run", "check", "page", "list"])
    parser.add_argument("--full", action="store_true", help="everything, at length; else the quick ones, in short")
    parser.add_argument("-k", dest="only", default="", metavar="TEXT", help="only what has TEXT in its key")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write (run; with -k: into) or read (check, page) it")
    parser.add_argument("--save", action="store_true", help="write them where those of this class of machine are kept")
    options = parser.parse_args(arguments)
    chosen = [each for each in benchmarks() if options.only.lower() in each.key.lower()]
    if options.command == "list":
        print(*(f"{each.key}{bar_text(each)}" for each in chosen), sep="\n")
        return 0
    committed = options.json or FOLDER / f"{machine.machine_class(machine.describe())}.json"
    if options.command == "page":
        from benchmarks.front import write_front
        from benchmarks.page import write_page

        write_page(read(committed), PAGE)
        write_front(read(committed), README)
        return 0
    if options.command == "check":
        return check(committed, chosen)
    found = run(chosen, FULL if options.full else QUICK)
    if options.json is not None or options.save:
        write(merged(read(committed), found) if options.only and committed.exists() else found, committed)
    return int(any(each.status == FAILED for each in found.figures))


def merged(old: Results, new: Results) -> Results:
    """The old results with the figures that were measured anew in their place, without benchmarks that are no more; of
    a fresh machine, the fresh ones."""
    if old.machine != new.machine or old.mode != new.mode:
        return new
    found = old.by_key() | new.by_key()
    return replace(old, figures=[found[each.key] for each in benchmarks() if each.key in found])


def check(path: Path, chosen: Sequence[Benchmark]) -> int:
    """Measure, and what looks worse once more at length: what is worse both times fails."""
    if not path.exists():
        print(f"no results of a machine like this one are committed ({path.name}); make bench-full writes them")
        return 1
    committed = read(path)
    known = committed.by_key()
    fresh = run([each for each in chosen if each.key in known and known[each.key].status == MEASURED], QUICK)
    suspects = {each.key for each in changes(committed, fresh.figures) if each.is_worse}
    if suspects:
        print(f"\n{len(suspects)} seem worse and are measured again, at length.", flush=True)
        again = {each.key: each for each in figures([one for one in chosen if one.key in suspects], FULL)}
        fresh.figures = [again.get(each.key, each) for each in fresh.figures]
    return judge(committed, fresh)


def judge(committed: Results, fresh: Results) -> int:
    """Print the table of changes; 1 where one is worse, or failed."""
    found = changes(committed, fresh.figures)
    print(f"\n{table(sorted(found, key=lambda each: not each.is_worse))}\n")
    failed = lost(committed, fresh.figures)
    for each in failed:
        print(f"FAILED {each.key}: {each.reason}")
    worse = [each for each in found if each.is_worse]
    print(f"{len(found)} compared with the results of {committed.date}: {len(worse)} worse, {len(failed)} failed.")
    return int(bool(worse or failed))


def bar_text(each: Benchmark) -> str:
    """The bar of a benchmark, for the list."""
    if each.bar is None:
        return ""
    return f"  <= {each.bar.limit:g}" + ("" if each.bar.of == "ratio" else f" ms ({each.bar.of})")


if __name__ == "__main__":
    sys.exit(main())
