"""Both sides must compute the same before either is timed."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.declared import Work


class DisagreementError(Exception):
    """Two sides of a benchmark computed different things, so that no ratio would mean anything."""


def results(work: Work, calls: int) -> list[Any]:
    """What the first calls return, as float64 vectors."""
    return [vector(work()) for _ in range(calls)]


def vector(value: Any) -> Any:
    """All numbers in ``value``, an array or a nested list of them, one after the other."""
    if isinstance(value, list | tuple):
        return np.concatenate([vector(each) for each in value]) if value else np.zeros(0)
    return np.array(value, dtype=np.float64).ravel()


def check(label: str, found: list[Any], peer: str, expected: list[Any], tolerance: float) -> None:
    """Raise ``DisagreementError`` where a result is further from the peer's than ``tolerance`` of its largest."""
    for number, (a, b) in enumerate(zip(found, expected, strict=True)):
        if a.shape != b.shape:
            raise DisagreementError(f"{label} returns {a.size} numbers, {peer} {b.size}")
        if not a.size:
            raise DisagreementError(f"{label} and {peer} return nothing that could be compared")
        if not np.isfinite(b).all():
            raise DisagreementError(f"{peer} returns numbers that are not finite in call {number}")
        largest = float(np.max(np.abs(b)))
        distance = float(np.max(np.abs(a - b)))
        if not distance <= tolerance * max(largest, 1e-30):
            raise DisagreementError(
                f"{label} and {peer} differ by {distance:.2g} in call {number}, where the largest number is "
                f"{largest:.2g} and {tolerance:.0e} of it is allowed"
            )
