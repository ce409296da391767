"""``polyflow conform``: run the kit on a backend and say what came of it."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from polyflow.errors import BackendError
from polyflow.extension.manager import Extensions, extensions
from polyflow_conformance.page import comparison_page
from polyflow_conformance.report import Kit, Report, families_of, groups_of, reports_to_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--backend", metavar="NAME", help="the backend to prove")
    chosen.add_argument("--all", action="store_true", help="prove every backend that is installed and loads")
    parser.add_argument("-k", dest="expression", default="", metavar="TEXT", help="only ops whose name contains TEXT")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to FILE")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write a Markdown page that compares the backends")


def run(arguments: argparse.Namespace) -> int:
    """Run the kit; 1 where a case failed."""
    installed = extensions()
    names = _loadable(installed) if arguments.all else [arguments.backend]
    kit = Kit(installed)
    reports = [_prove(kit, name, arguments.expression) for name in names]
    if arguments.json is not None:
        arguments.json.write_text(reports[0].to_json() if len(reports) == 1 else reports_to_json(reports))
    if arguments.page is not None:
        options = f" -k {arguments.expression}" if arguments.expression else ""
        which = "--all" if arguments.all else f"--backend {arguments.backend}"
        arguments.page.write_text(comparison_page(reports, f"polyflow conform {which}{options} --page FILE"))
    return 1 if any(each.failures for each in reports) else 0


def _loadable(installed: Extensions) -> list[str]:
    names = []
    for name in installed.backend_entries:
        try:
            installed.backend(name)
        except BackendError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
        else:
            names.append(name)
    return names


def _prove(kit: Kit, name: str, expression: str) -> Report:
    """Run every check on one backend, and print what came of it."""
    backend = kit.extensions.backend(name)
    _, distribution = kit.extensions.backend_entries[name]
    total = len(kit.op_names(expression))
    results = []
    start = time.perf_counter()
    for done, found in enumerate(kit.run_all(backend, expression), 1):
        results.extend(found)
        _show_progress(done, total)
    families, groups = families_of(kit.extensions), groups_of(kit.extensions)
    report = Report(backend.name, distribution, results, families, groups)
    print(report.matrix())
    for failure in report.failures:
        print(f"\nFAILED {failure.check}: {failure.case}\n  {failure.failure}")
    passed = len(results) - len(report.failures)
    seconds = time.perf_counter() - start
    print(f"\n{backend.name} ({distribution}): {passed} passed, {len(report.failures)} failed, {seconds:.1f} s")
    return report


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        filled = 40 * done // total
        end = "\n" if done == total else ""
        print(f"\r[{'#' * filled}{' ' * (40 - filled)}] {done}/{total} ops", end=end, file=sys.stderr, flush=True)
