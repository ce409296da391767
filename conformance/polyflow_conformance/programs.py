"""Programs that every backend must run alike: what they compute, and where they stand in the matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from polyflow.core.dtypes import float64
from polyflow_conformance.composite_programs import COMPOSITE
from polyflow_conformance.control_programs import CONTROL
from polyflow_conformance.replay import array

POINT = array("float64", (4,), [0.6, -0.4, 1.3, 0.9])
"""Where the programs are tried: they are smooth there."""


@dataclass(frozen=True)
class Program:
    """A function of a float64 vector of four."""

    level: str
    family: str
    function: Callable[[Any], Any]

    @property
    def name(self) -> str:
        return self.function.__name__


PROGRAMS = (
    *(Program("autodiff", "composition", each) for each in COMPOSITE),
    *(Program("control", "control flow", each) for each in CONTROL),
)
assert POINT.dtype is float64
