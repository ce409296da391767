"""``polyflow conform``: run the kit on a backend and say what came of it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from polyflow.errors import BackendError, ValueRangeError, message
from polyflow.extension.manager import Extensions, extensions
from polyflow.tools.writing import check_writable
from polyflow_conformance.html import html_page
from polyflow_conformance.kit import Kit
from polyflow_conformance.known import applied
from polyflow_conformance.levels import ALL, LEVELS, chosen_levels
from polyflow_conformance.page import comparison_page
from polyflow_conformance.recorded import read_reports
from polyflow_conformance.report import Report, reports_to_json
from polyflow_conformance.versions import versions_of
from polyflow_conformance.workers import Chosen, prove_in_processes

NOTHING = 5
"""The exit status where nothing was selected, as pytest's."""
SHOWN = 20
"""Failures that are printed with their scripts; the files have all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--backend", metavar="NAME", help="the backend to prove")
    chosen.add_argument("--all", action="store_true", help="prove every backend that is installed and loads")
    chosen.add_argument(
        "--from",
        dest="files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="prove nothing, and report what --json has written to these files",
    )
    levels = f"{', '.join(LEVELS)}, or all; several are joined by commas"
    parser.add_argument("--level", default=ALL, metavar="LEVEL", help=levels)
    parser.add_argument(
        "-k", dest="expression", default="", metavar="EXPR", help="only what fulfils 'linalg and not svd'"
    )
    parser.add_argument(
        "--every-dtype", action="store_true", help="each sample in each dtype also where every case is to be compiled"
    )
    parser.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="prove in N processes")
    parser.add_argument("-x", dest="fail_fast", action="store_true", help="stop at the first failure")
    parser.add_argument("--strict", action="store_true", help="take known failures (conformance.toml) for failures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to FILE")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page for readers")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write a Markdown page that compares the backends")


def run(arguments: argparse.Namespace) -> int:
    """Run the kit; 1 where a case failed, 5 where nothing was asked."""
    installed = extensions()
    chosen_levels(arguments.level.split(","))
    for each in (arguments.json, arguments.html, arguments.page):
        check_writable(each)
    if arguments.jobs < 1:
        raise ValueRangeError(message("--jobs", found=arguments.jobs, needed="1 or more"))
    kit = Kit(installed, every_dtype=arguments.every_dtype)
    if arguments.files:
        reports = read_reports(arguments.files, kit)
        for each in reports:
            _say(each)
    elif not kit.items(arguments.level.split(","), arguments.expression):
        print(_nothing(arguments, installed), file=sys.stderr)
        return NOTHING
    else:
        names = _loadable(installed) if arguments.all else [arguments.backend]
        reports = [_prove(kit, name, arguments) for name in names]
    if arguments.json is not None:
        arguments.json.write_text(reports[0].to_json() if len(reports) == 1 else reports_to_json(reports))
    command = _command(arguments, reports)
    if arguments.html is not None:
        arguments.html.write_text(html_page(reports, command), encoding="utf-8")
    if arguments.page is not None:
        arguments.page.write_text(comparison_page(reports, f"{command} --page FILE"), encoding="utf-8")
    return 1 if any(each.failures for each in reports) else 0


def _nothing(arguments: argparse.Namespace, installed: Extensions) -> str:
    """What to say where nothing is selected."""
    asked = [f"-k {arguments.expression!r}"] if arguments.expression else []
    asked += [f"--level {arguments.level}"] if arguments.level != ALL else []
    return message(
        "polyflow conform: nothing is selected, and nothing was proved",
        found="; ".join(filter(None, [" ".join(asked), installed.troubles()])),
        needed="words in the names of ops that are installed, as in -k linalg.qr",
        remedy="polyflow plugins, which lists the plugins that bring ops and what became of them",
    )


def _command(arguments: argparse.Namespace, reports: Sequence[Report] = ()) -> str:
    """What was asked for; of files, what they say of it, if they all say the same."""
    if arguments.files:
        told = {each.command for each in reports}
        if len(told) == 1 and all(told):
            return told.pop()
        return " ".join(["polyflow conform --from", *(each.name for each in arguments.files)])
    parts = ["polyflow conform", "--all" if arguments.all else f"--backend {arguments.backend}"]
    parts += [f"--level {arguments.level}"] if arguments.level != ALL else []
    parts += [f"-k {arguments.expression!r}"] if arguments.expression else []
    parts += ["--every-dtype"] if arguments.every_dtype else []
    return " ".join([*parts, *(["--strict"] if arguments.strict else [])])


def _loadable(installed: Extensions) -> list[str]:
    names = []
    for name, (entry, _) in installed.backend_entries.items():
        if entry.is_instrument:
            continue
        try:
            installed.backend(name)
        except BackendError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
        else:
            names.append(name)
    return names


def _prove(kit: Kit, name: str, arguments: argparse.Namespace) -> Report:
    """Run what is asked for on one backend, and print what came of it."""
    backend = kit.extensions.backend(name)  # which says at once where it cannot be loaded
    levels = arguments.level.split(",")
    known = [] if arguments.strict else kit.known(name)
    start, spent = time.perf_counter(), sum(os.times()[:4])
    if arguments.jobs > 1:
        chosen = Chosen(tuple(levels), arguments.expression, arguments.every_dtype)
        results, seconds = prove_in_processes(name, chosen, arguments.jobs, _progress)
        report = kit.report(name, applied(known, results))
        report.processor_seconds = seconds
    else:
        report = kit.prove(
            backend,
            levels,
            expression=arguments.expression,
            fail_fast=arguments.fail_fast,
            known=known,
            progress=_progress,
        )
        report.processor_seconds = sum(os.times()[:4]) - spent
    report.seconds = time.perf_counter() - start
    report.command = _command(arguments)
    report.made, report.versions = date.today().isoformat(), versions_of(backend)
    report.notes += getattr(backend, "notes", list)()  # what an instrument has taken down
    report.notes += kit.notes(backend)
    _say(report)
    return report


def _say(report: Report) -> None:
    print(report.matrix())
    for reason, count in sorted(report.unsupported().items()):
        print(f"not supported, as declared: {reason} ({count} cases)")
    for failure in report.failures[:SHOWN]:
        print(f"\nFAILED {failure.id}\n  {failure.failure}")
        script = failure.snippet()
        if script is not None:
            print("  to reproduce it alone:\n" + "\n".join(f"    {line}" for line in script.splitlines()))
    if len(report.failures) > SHOWN:
        print(f"\nand {len(report.failures) - SHOWN} more: see --json or --html")
    for note in report.notes:
        print(f"\nnote: {note}")
    print(f"\n{report.summary()}")


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        filled = 40 * done // total
        end = "\n" if done == total else ""
        print(f"\r[{'#' * filled}{' ' * (40 - filled)}] {done}/{total}", end=end, file=sys.stderr, flush=True)
