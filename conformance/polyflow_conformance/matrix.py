"""The matrix of ops and backends that both pages show: what was proved of an op, one mark for each dtype and check."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from polyflow_conformance.report import Report
from polyflow_conformance.results import FAILED, KNOWN, PASSED, UNSUPPORTED, Result

DTYPES = {
    "bool": "b", "int8": "i1", "int16": "i2", "int32": "i4", "int64": "i8", "uint8": "u1", "uint16": "u2",
    "uint32": "u4", "uint64": "u8", "float16": "f2", "bfloat16": "bf", "float32": "f4", "float64": "f8",
    "complex64": "c8", "complex128": "c16",
}  # fmt: skip
"""Short names of the dtypes, by kind and bytes."""
FIXED, FIRST, SECOND, FORWARD, OTHER = "fix", "d", "d2", "fw", "etc"
MARKS = {
    **{short: f"values and types in {name}" for name, short in DTYPES.items()},
    FIXED: "values and types where a sample leaves no choice of dtype, and programs",
    FIRST: "reverse mode of first order, against finite differences",
    SECOND: "reverse mode of second order",
    FORWARD: "forward mode, and that it is the transpose of reverse mode",
    OTHER: "everything else: memory, executors, drawn calls, errors, probes",
}
"""What is asked for each mark, in the order in which they stand."""
_WORST = (FAILED, KNOWN, PASSED, UNSUPPORTED)


class Row(NamedTuple):
    """One op, program or probe, with the status of each mark on each backend."""

    op: str
    family: str
    cells: tuple[dict[str, str], ...]

    @property
    def takes(self) -> list[str]:
        """The marks that there are on some backend, in order."""
        return [mark for mark in MARKS if any(mark in cell for cell in self.cells)]

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to say but that it passes."""
        return {status for cell in self.cells for status in cell.values()} <= {PASSED}


def rows_of(reports: Sequence[Report]) -> list[Row]:
    """A row for each op, program and probe, families together, in the order in which they were proved."""
    by_report = [_by_op(each.results) for each in reports]
    families: dict[str, dict[str, None]] = {}
    for report in reports:
        for each in report.results:
            families.setdefault(each.family, {}).setdefault(each.op)
    return [
        Row(op, family, tuple(_cell(found.get((family, op), ())) for found in by_report))
        for family, ops in families.items()
        for op in ops
    ]


def _by_op(results: Iterable[Result]) -> dict[tuple[str, str], list[Result]]:
    found: dict[tuple[str, str], list[Result]] = {}
    for each in results:
        found.setdefault((each.family, each.op), []).append(each)
    return found


def _cell(results: Iterable[Result]) -> dict[str, str]:
    """By mark the worst status of its results; not supported only where nothing else was found."""
    found: dict[str, str] = {}
    for each in results:
        mark = mark_of(each)
        if mark not in found or _WORST.index(each.status) < _WORST.index(found[mark]):
            found[mark] = each.status
    return found


def mark_of(result: Result) -> str:
    """The mark that a result counts for."""
    if result.check in ("values", "types"):
        return DTYPES.get(result.case.rpartition("-")[2], FIXED)
    if result.check == "forward":
        return FORWARD
    if result.check.startswith("gradient"):
        return SECOND if result.check.endswith("2") else FIRST
    return OTHER


class KnownFailure(NamedTuple):
    """Cases that are known to fail for one reason."""

    cases: tuple[str, ...]
    kind: str
    reason: str
    upstream: str


def known_failures(report: Report) -> list[KnownFailure]:
    """What is known to fail, by reason.

    >>> known = Result("values", "f", "f-0-int8", "it is 1", "core", "all", "never: it is so (https://example.org/1)")
    >>> known_failures(Report("mine", "", [known]))[0]
    KnownFailure(cases=('core/all/f/values/f-0-int8',), kind='never', reason='it is so', upstream='https://example.org/1')
    """
    by_reason: dict[str, list[str]] = {}
    for each in report.results:
        if each.status == KNOWN:
            by_reason.setdefault(each.reason or "", []).append(each.id)
    found = []
    for text, cases in by_reason.items():
        parts = re.fullmatch(r"(?:(\w+): )?(.*?)(?: \((\S+)\))?", text, re.DOTALL)
        kind, reason, upstream = parts.groups() if parts else (None, text, None)
        found.append(KnownFailure(tuple(cases), kind or "", reason, upstream or ""))
    return found


def made_of(report: Report) -> str:
    """When a backend was proved and with what, in words; empty where nobody has taken it down.

    >>> made_of(Report("mine", "", [], made="2026-11-22", versions={"numpy": "2.4.6", "Python": "3.11.7"}))
    '2026-11-22, numpy 2.4.6, Python 3.11.7'
    """
    return ", ".join([*([report.made] if report.made else []), *(f"{k} {v}" for k, v in report.versions.items())])
