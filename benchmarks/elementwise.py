"""A chain of twelve cheap elementwise operations on four million numbers, bound by memory, and the same by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

import polyflow as pf
from benchmarks.declared import Work

SIZE = 4_000_000


def chain(xp: Any, x: Any, y: Any) -> Any:
    """Twelve operations, in any namespace."""
    a = x * y + 1.0
    b = a - x
    c = b * b + y
    d = c * 0.5 - a
    e = xp.maximum(xp.abs(d), x)
    return (e * e - y) * 2.0


def data() -> tuple[Any, Any]:
    """The two arrays."""
    random = np.random.default_rng(0)
    return random.random(SIZE, dtype=np.float32), random.random(SIZE, dtype=np.float32)


def polyflow_chain() -> Work:
    """A prepared call on NumPy."""
    with pf.Graph().as_default() as graph:
        x, y = pf.placeholder("float32", (SIZE,), name="x"), pf.placeholder("float32", (SIZE,), name="y")
        run = pf.Session("numpy", graph).prepare(chain(pf, x, y), [x, y])
    arrays = data()
    return lambda: run(*arrays)


def numpy_chain() -> Work:
    """One operation after the other, as the formula stands."""
    arrays = data()
    return lambda: chain(np, *arrays)


def numpy_in_place() -> Work:
    """The same with ``out=`` wherever a value is not needed any more."""
    x, y = data()
    one, half, two = np.float32(1.0), np.float32(0.5), np.float32(2.0)

    def run() -> Any:
        a = x * y
        a += one
        c = a - x
        np.multiply(c, c, out=c)
        c += y
        c *= half
        c -= a
        np.abs(c, out=c)
        np.maximum(c, x, out=c)
        np.multiply(c, c, out=c)
        c -= y
        c *= two
        return c

    return run
