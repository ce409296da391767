"""What ``session.run`` costs: a graph that does next to nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

import polyflow as pf
from benchmarks.declared import Work

START = np.asarray([1.0, 2.0, 3.0, 4.0], np.float32)


def _built(backend: str) -> tuple[Any, Any, Any]:
    with pf.Graph().as_default() as graph:
        x = pf.placeholder("float32", (4,), name="x")
        y = x * 2.0 + 1.0
    return pf.Session(backend, graph), x, y


def small_run(backend: str) -> Work:
    """One multiplication and one addition of four numbers by ``session.run``."""
    session, x, y = _built(backend)
    return lambda: np.asarray(session.run(y, {x: START}))


def small_prepared(backend: str) -> Work:
    """The same by a prepared call."""
    session, x, y = _built(backend)
    call = session.prepare(y, [x])
    return lambda: np.asarray(call(START))


def small_numpy() -> Work:
    """The same in NumPy."""
    two, one = np.float32(2.0), np.float32(1.0)
    return lambda: START * two + one
