"""Probes: short functions of a backend that raise ``AssertionError`` where it is wrong.

What no single op shows is asked by probes: the order of state, streams of random numbers, refusals, devices, threads.
The source of a probe is the script that reproduces its failure, so it stays short and uses nothing of its module but
what :mod:`polyflow_conformance.replay` has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from polyflow.core.graph import Graph
from polyflow.extension import Backend
from polyflow_conformance import device_probes, process_probes, random_probes, refusals, state_probes
from polyflow_conformance.judging import exception_of, missing_capability
from polyflow_conformance.results import Result, refused
from polyflow_conformance.snippets import function_script


@dataclass(frozen=True)
class Probe:
    """A function of a backend, with the place that it has in the matrix."""

    level: str
    family: str
    function: Callable[[Backend], Any]

    @property
    def name(self) -> str:
        """What is asked, which is the name of the function."""
        return self.function.__name__

    def run(self, backend: Backend) -> list[Result]:
        """The one result."""
        try:
            with Graph().as_default():
                self.function(backend)
        except Exception as error:
            return [self._result(backend, error)]
        return [Result("probe", self.name, "probe")]

    def _result(self, backend: Backend, error: Exception) -> Result:
        lacking = missing_capability(error, backend)
        if lacking is not None:
            return Result("probe", self.name, "probe", reason=lacking)
        text = (str(error) or "an assertion failed") if isinstance(error, AssertionError) else refused(error)
        call = f"{self.name}({backend.name!r})"
        script = partial(function_script, self.function, call, self.name, backend.name, text)
        return Result("probe", self.name, "probe", text, exception=exception_of(error), script=script)


def _of(level: str, family: str, functions: Sequence[Callable[[Backend], Any]]) -> list[Probe]:
    return [Probe(level, family, each) for each in functions]


PROBES = (
    *_of("state", "variables", state_probes.PROBES),
    *_of("random", "streams", random_probes.PROBES),
    *_of("errors", "refusals", refusals.PROBES),
    *_of("devices", "devices", device_probes.PROBES),
    *_of("devices", "process", process_probes.PROBES),
)
