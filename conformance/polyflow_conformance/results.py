"""What a check found in one case."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One case, passed or failed."""

    check: str
    op: str
    case: str
    failure: str | None
    """What was wrong, or ``None``."""

    @property
    def has_passed(self) -> bool:
        return self.failure is None
