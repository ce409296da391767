"""What a check found in one case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

PASSED, FAILED, UNSUPPORTED, KNOWN = "passed", "failed", "unsupported", "known"
STATUSES = (PASSED, FAILED, UNSUPPORTED, KNOWN)
WRONG = "AssertionError"
"""The exception of a failure that raised none: what was found is wrong."""


@dataclass(frozen=True)
class Result:
    """One case: passed, failed, not supported by what the backend declares, or a failure that is known."""

    check: str
    op: str
    """The op, or the program or probe, that was tried."""
    case: str
    failure: str | None = None
    """What was wrong, or ``None``."""
    level: str = ""
    family: str = ""
    reason: str | None = None
    """Why it is not supported, or known to fail."""
    exception: str = WRONG
    """The class of the error that a failure raised."""
    script: Callable[[], str] | None = field(default=None, compare=False, repr=False)
    """Writes a script that reproduces the failure alone."""

    @property
    def status(self) -> str:
        """One of ``STATUSES``."""
        if self.reason is None:
            return PASSED if self.failure is None else FAILED
        return UNSUPPORTED if self.failure is None else KNOWN

    @property
    def has_passed(self) -> bool:
        """Whether nothing is to be mended: it passed, or it is declared that it cannot."""
        return self.status != FAILED

    @property
    def id(self) -> str:
        """What ``conformance.toml`` and ``-k`` select by, such as ``core/arithmetic/add/values/add-0-float32``."""
        return f"{self.level}/{self.family}/{self.op}/{self.check}/{self.case}"

    def snippet(self) -> str | None:
        """A script that reproduces the failure alone; ``None`` for what has not failed."""
        return None if self.failure is None or self.script is None else self.script()


class NotSupported(Exception):
    """Raised by a probe of what the backend declares that it cannot do."""


def refused(error: BaseException) -> str:
    """An error as the text of a failure."""
    return f"{type(error).__name__}: {error}"
