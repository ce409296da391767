"""What each pass saves and what it costs: the same session with and without it."""

from __future__ import annotations

from typing import Any

import numpy as np

import polyflow as pf
from benchmarks.declared import Work
from benchmarks.pass_programs import PROGRAMS
from polyflow.extension.manager import Extensions
from polyflow.passes.liveness import Liveness


def without(name: str | None) -> Extensions:
    """All that is installed but one pass."""
    found = Extensions()
    kept = tuple(each for each in found.passes if each.name != name)
    found.__dict__["passes"] = kept  # where the cached property keeps what it found
    return found


def run(program: str, left_out: str | None) -> Work:
    """A prepared call of the program on NumPy, planned without the pass."""
    graph, fetches, feeds, values = PROGRAMS[program]()
    call = pf.Session("numpy", graph, extensions=without(left_out)).prepare(fetches, feeds)
    return lambda: [np.asarray(each) for each in call(*values) if each is not None]


def plan(program: str, left_out: str | None) -> Work:
    """The plan for it made anew, without the pass, and run once."""
    graph, fetches, feeds, values = PROGRAMS[program]()
    extensions = without(left_out)
    fed = dict(zip(feeds, values, strict=True))

    def work() -> Any:
        found = pf.Session("numpy", graph, extensions=extensions).run(fetches, fed)
        return [np.asarray(each) for each in found if each is not None]

    return work


def limited(program: str, part: float | None) -> Work:
    """A prepared call of the program on NumPy, in this part of the memory that is planned for it beyond its feeds."""
    graph, fetches, feeds, values = PROGRAMS[program]()
    plain = pf.Session("numpy", graph)._plan(fetches, {each: each.type for each in feeds})
    fed = sum(each.nbytes for each in values)
    limit = None if part is None else fed + int(part * (Liveness(plain.program).peak - fed))
    call = pf.Session("numpy", graph, memory_limit=limit).prepare(fetches, feeds)
    return lambda: [np.asarray(each) for each in call(*values)]
