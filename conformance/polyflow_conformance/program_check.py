"""What is asked of a program: its values and derivatives, and that neither passes nor executors change them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import polyflow
from polyflow.core.dtypes import float64
from polyflow.core.literal import Literal
from polyflow.extension import Backend
from polyflow_conformance import forward_check, gradient_check
from polyflow_conformance.checks import ORACLE
from polyflow_conformance.judging import exception_of, missing_capability
from polyflow_conformance.programs import POINT, Program
from polyflow_conformance.results import Result, refused
from polyflow_conformance.running import GraphOfCases
from polyflow_conformance.snippets import function_script
from polyflow_conformance.tolerance import difference

ULPS = 2**14
"""How far values of a program may be from the oracle's: dozens of operations add up what each may be off."""


def check_program(program: Program, backend: Backend) -> list[Result]:
    """Each thing that is asked, one result."""
    if float64 not in backend.dtypes:
        return [Result("values", program.name, "program", reason="no dtype float64")]
    return [_result(program, check, function, backend) for check, function in CHECKS.items()]


def _result(program: Program, check: str, function: Callable[..., str | None], backend: Backend) -> Result:
    found: str | Exception | None
    try:
        found = function(program.function, backend)
    except Exception as error:
        found = error
    if found is None:
        return Result(check, program.name, "program")
    lacking = missing_capability(found, backend) if isinstance(found, Exception) else None
    if lacking is not None:
        return Result(check, program.name, "program", reason=lacking)
    text = refused(found) if isinstance(found, Exception) else found
    call = f"program({check!r}, {program.name}, {backend.name!r})"
    title = f"{check} of {program.name}"
    script = partial(function_script, program.function, call, title, backend.name, text)
    return Result(check, program.name, "program", text, exception=exception_of(found), script=script)


class _Built:
    """A program with its first gradient, of a fed vector."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.graph = GraphOfCases()
        with self.graph.graph.as_default():
            self.x = self.graph.placeholder(POINT)
            self.y = function(self.x)
            (self.gradient,) = polyflow.gradients(polyflow.sum(self.y), self.x, unconnected_gradients="zero")

    def run(self, backend: Backend | str, **options: Any) -> list[Literal]:
        with polyflow.Session(backend, self.graph.graph, **options) as session:
            feeds = {self.x: session.backend.from_literal(POINT, session.device)}
            found = session.run([self.y, self.gradient], feeds)
            return [session.backend.to_literal(each) for each in found]


def _wrong_values(function: Callable[[Any], Any], backend: Backend) -> str | None:
    built = _Built(function)
    return _unlike(built.run(backend), built.run(ORACLE, optimise=False))


def _changed_by_passes(function: Callable[[Any], Any], backend: Backend) -> str | None:
    built = _Built(function)
    return _unlike(built.run(backend, check=True), built.run(backend, optimise=False))


def _changed_by_dataflow(function: Callable[[Any], Any], backend: Backend) -> str | None:
    built = _Built(function)
    return _unlike(built.run(backend, executor="dataflow", inter_op_threads=2), built.run(backend))


def _wrong_slopes(function: Callable[[Any], Any], backend: Backend) -> str | None:
    graph = GraphOfCases()
    with graph.graph.as_default():
        probes = []
        for order in (1, 2):
            x = graph.placeholder(POINT)
            probe = gradient_check.probe_of(order, [function(x)], [x], order, graph, reach=0.25)
            probes += [probe] if probe is not None else []
    found = gradient_check.wrong_slopes(probes, graph, backend)
    return next((f"order {order}: {wrong}" for order, wrong in found.items() if wrong is not None), None)


def _wrong_tangents(function: Callable[[Any], Any], backend: Backend) -> str | None:
    graph = GraphOfCases()
    with graph.graph.as_default():
        probe = forward_check.probe_of("it", function, [graph.placeholder(POINT)], graph)
    return forward_check.wrong_tangents([probe] if probe else [], graph, backend).get("it")


def _unlike(found: list[Literal], expected: list[Literal]) -> str | None:
    for name, got, wanted in zip(("value", "gradient"), found, expected, strict=True):
        wrong = difference(wanted, got, ULPS)
        if wrong is not None:
            return f"{name}: {wrong}"
    return None


CHECKS: dict[str, Callable[[Callable[[Any], Any], Backend], str | None]] = {
    "values": _wrong_values,
    "passes": _changed_by_passes,
    "dataflow": _changed_by_dataflow,
    "gradient": _wrong_slopes,
    "forward": _wrong_tangents,
}
