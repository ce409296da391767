"""``polyflow conform``: run the kit on a backend and say what came of it."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from polyflow.extension.manager import extensions
from polyflow_conformance.report import Kit, Report, families_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("--backend", required=True, metavar="NAME", help="the backend to prove")
    parser.add_argument("-k", dest="expression", default="", metavar="TEXT", help="only ops whose name contains TEXT")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to FILE")


def run(arguments: argparse.Namespace) -> int:
    """Run the kit; 1 where a case failed."""
    installed = extensions()
    backend = installed.backend(arguments.backend)
    _, distribution = installed.backend_entries[arguments.backend]
    kit = Kit(installed)
    total = len(kit.op_names(arguments.expression))
    results = []
    start = time.perf_counter()
    for done, found in enumerate(kit.run_all(backend, arguments.expression), 1):
        results.extend(found)
        _show_progress(done, total)
    families = families_of(installed)
    report = Report(backend.name, distribution, results, families)
    print(report.matrix())
    for failure in report.failures:
        print(f"\nFAILED {failure.check}: {failure.case}\n  {failure.failure}")
    passed = len(results) - len(report.failures)
    seconds = time.perf_counter() - start
    print(f"\n{backend.name} ({distribution}): {passed} passed, {len(report.failures)} failed, {seconds:.1f} s")
    if arguments.json is not None:
        arguments.json.write_text(report.to_json())
    return 1 if report.failures else 0


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        filled = 40 * done // total
        end = "\n" if done == total else ""
        print(f"\r[{'#' * filled}{' ' * (40 - filled)}] {done}/{total} ops", end=end, file=sys.stderr, flush=True)
