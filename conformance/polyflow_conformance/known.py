"""Known failures: ``conformance.toml`` beside a backend's package, each with its kind, its reason and its exception.

    [[known]]
    case = "core/magnitudes/nextafter/values/nextafter-special-float16"
    kind = "never"
    reason = "the library takes the first of two equal numbers"
    upstream = "https://example.org/issues/1"
    exception = "AssertionError"

``case`` is the name of a result, in which ``*`` stands for anything. A case that passes although it is named fails, and
so does one that fails with another exception than the one named: the file says what is, not what is forgiven.
"""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from polyflow.errors import ValueRangeError, message
from polyflow.extension import BackendEntry
from polyflow_conformance.results import FAILED, PASSED, WRONG, Result

KINDS = {
    "notimpl": "the library has nothing that would do it",
    "notyet": "it is to be mended",
    "never": "it is not going to be",
}
FILE = "conformance.toml"
_KEYS = {"case", "kind", "reason", "exception", "upstream"}


@dataclass(frozen=True)
class Known:
    """One known failure."""

    case: str
    kind: str
    reason: str
    exception: str = WRONG
    upstream: str = ""


def read_known(path: Path) -> list[Known]:
    """The known failures of a file; ``ValueRangeError`` where an entry is not as it must be."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("known", [])
    found = []
    for number, entry in enumerate(entries):
        wrong = set(entry) - _KEYS or {"case", "kind", "reason"} - set(entry)
        if wrong or entry["kind"] not in KINDS or not all(isinstance(each, str) for each in entry.values()):
            raise ValueRangeError(
                message(
                    f"{path}: entry {number} is no known failure",
                    found=repr(entry),
                    needed=f"case, kind ({', '.join(KINDS)}), reason, and perhaps exception and upstream, all texts",
                )
            )
        found.append(Known(**entry))
    return found


def known_of(entry: BackendEntry | None) -> list[Known]:
    """The known failures of a backend: of the file beside the module that makes it."""
    module = getattr(getattr(entry, "factory", None), "__module__", None)
    spec = importlib.util.find_spec(module) if module else None
    if spec is None or spec.origin is None:
        return []
    path = Path(spec.origin).parent / FILE
    return read_known(path) if path.exists() else []


def applied(known: Sequence[Known], results: Iterable[Result]) -> list[Result]:
    """The results, those that are known to fail marked as such, and those that pass against what is known as failed."""
    return [_applied(known, each) for each in results]


def _applied(known: Sequence[Known], result: Result) -> Result:
    entry = next((each for each in known if fnmatchcase(result.id, each.case)), None)
    if entry is None or result.status not in (PASSED, FAILED):
        return result
    if result.status == PASSED:
        return replace(result, failure=f"it passes, but {FILE} knows it to fail: {entry.reason}")
    if result.exception != entry.exception:
        return replace(result, failure=f"{FILE} knows {entry.exception}, this is another failure: {result.failure}")
    reason = f"{entry.kind}: {entry.reason}" + (f" ({entry.upstream})" if entry.upstream else "")
    return replace(result, reason=reason)
