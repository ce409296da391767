"""Properties tried by hypothesis: shapes, broadcasting, axes and dtypes that nobody thought of, against the oracle.

Each example is a list of calls of one op that run in one program, so that a backend that compiles does so once for all
of them. Examples are drawn from a fixed seed and are the same in every run; a failure is shrunk to one small call.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import partial
from typing import Any

import polyflow
from polyflow.core.declaration import Op
from polyflow.core.samples import Sample
from polyflow.extension import Backend
from polyflow_conformance.cases import Case
from polyflow_conformance.checks import ORACLE, type_failure, value_failure
from polyflow_conformance.judging import case_result, missing_capability
from polyflow_conformance.results import Result
from polyflow_conformance.running import run_cases

HAS_HYPOTHESIS = importlib.util.find_spec("hypothesis") is not None
WITHOUT = "hypothesis is not installed: pip install polyflow[conformance]"
CALLS = 6
"""Calls in one example."""
EXAMPLES = 4
"""Examples of each op, where programs are not compiled; one where they are."""

Failure = tuple[Case, str | Exception]


def check_properties(op: Op, backend: Backend) -> list[Result]:
    """The op at drawn shapes, axes and dtypes; none for ops of which the kit does not know what they take."""
    if not HAS_HYPOTHESIS or not op.is_total:
        return []
    from polyflow_conformance import strategies  # needs hypothesis

    dtypes = [each for each in backend.dtypes if each in polyflow.Session(ORACLE).backend.dtypes]
    calls = strategies.calls_of(op, sorted(dtypes, key=str))
    if calls is None or backend.name == ORACLE:
        return []
    failure = strategies.falsified(partial(_failure, op, backend), calls, CALLS, 1 if backend.is_compiled else EXAMPLES)
    if failure is None:
        return [Result("properties", op.full_name, "drawn")]
    case, wrong = failure
    return [case_result(case, "values", backend, wrong)]


def _failure(op: Op, backend: Backend, samples: Sequence[tuple[Sample, Any]]) -> Failure | None:
    """The first of the calls that is wrong."""
    cases = [Case(op, f"drawn{number}", sample, dtype) for number, (sample, dtype) in enumerate(samples)]
    oracle = polyflow.Session(ORACLE).backend
    expected = run_cases(cases, oracle)
    for case, outcome in run_cases(cases, backend).items():
        if expected[case].error is not None:
            continue  # a call that makes no sense anywhere
        wrong = type_failure(outcome) or value_failure(case, outcome, expected[case])
        lacking = missing_capability(wrong, backend) if isinstance(wrong, Exception) else None
        if wrong is not None and lacking is None:
            return case, wrong
    return None
