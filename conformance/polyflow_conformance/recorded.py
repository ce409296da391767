"""Reports read back from the files that ``--json`` wrote, so that a page needs no second run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from polyflow.errors import ValueRangeError, message
from polyflow_conformance.kit import Kit
from polyflow_conformance.report import Report
from polyflow_conformance.results import WRONG, Result

_NEEDED = {"backend", "results", "seconds"}


def read_reports(paths: Iterable[Path], kit: Kit) -> list[Report]:
    """The reports of several files, one a backend: what several files say of one backend is put together.

    Raises ``ValueRangeError`` for a file that ``--json`` has not written.
    """
    reports: dict[str, Report] = {}
    for path in paths:
        for data in _read(path):
            found = _report(data, kit)
            known = reports.setdefault(found.backend, found)
            if known is not found:
                _add(known, found)
    return list(reports.values())


def _read(path: Path) -> list[Mapping[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _refused(path, f"{type(error).__name__}: {error}") from None
    entries = found if isinstance(found, list) else [found]
    for each in entries:
        if not isinstance(each, dict) or _NEEDED - set(each):
            raise _refused(path, "JSON of another kind")
    return entries


def _refused(path: Path, found: str) -> ValueRangeError:
    needed = "results that the kit has written"
    remedy = f"polyflow conform --backend NAME --json {path}"
    return ValueRangeError(message(f"--from: {path} holds no results", found=found, needed=needed, remedy=remedy))


def _report(data: Mapping[str, Any], kit: Kit) -> Report:
    report = kit.report(data["backend"], map(_result, data["results"]))
    report.distribution = data.get("distribution", "")
    report.notes = list(data.get("notes", ()))
    report.seconds = data["seconds"]
    report.processor_seconds = data.get("processor_seconds", 0.0)
    report.made = data.get("made", "")
    report.command = data.get("command", "")
    report.versions = dict(data.get("versions", {}))
    return report


def _result(data: Mapping[str, Any]) -> Result:
    script = data.get("snippet")
    return Result(
        data["check"],
        data["op"],
        data["case"],
        data.get("failure"),
        data["level"],
        data["family"],
        data.get("reason"),
        data.get("exception", WRONG),
        None if script is None else lambda: str(script),
    )


def _add(known: Report, found: Report) -> None:
    """Put what ``found`` holds beside what is known; of a result that both have, the later one counts."""
    results = {each.id: each for each in (*known.results, *found.results)}
    known.results = list(results.values())
    known.notes = list(dict.fromkeys([*known.notes, *found.notes]))
    known.seconds += found.seconds
    known.processor_seconds += found.processor_seconds
    known.command = known.command if known.command == found.command else ""
    known.made = max(known.made, found.made)
    known.versions |= found.versions
