"""The checks: what is asked of an op on a backend. Each returns a result for every case it looked at."""

from __future__ import annotations

import polyflow
from polyflow.core.declaration import Op
from polyflow.core.dtypes import DTYPES, DType
from polyflow.core.graph import Graph
from polyflow.core.literal import Literal
from polyflow.core.samples import ErrorSample
from polyflow.core.tensor import Tensor
from polyflow.core.types import accepts
from polyflow.extension import Backend
from polyflow_conformance.cases import Case, error_cases, value_cases
from polyflow_conformance.results import Result
from polyflow_conformance.running import Outcome, run_cases
from polyflow_conformance.tolerance import difference
from polyflow_conformance.tolerances import group_of

ORACLE = "reference"
"""The backend whose values are right by definition."""


class Values:
    """Values equal the oracle's; inferred types equal the actual ones."""

    def __init__(self) -> None:
        self._expected: dict[Op, dict[str, Outcome]] = {}

    def __call__(self, op: Op, backend: Backend) -> list[Result]:
        cases = list(value_cases(op, _dtypes(backend)))
        outcomes = run_cases(cases, backend) if cases else {}
        expected = self._oracle(op) if backend.name != ORACLE else {}
        results = []
        for case, outcome in outcomes.items():
            results.append(Result("types", op.full_name, case.id, _type_failure(outcome)))
            if outcome.error is None and case.id in expected:
                failure = _value_failure(case, outcome, expected[case.id])
                results.append(Result("values", op.full_name, case.id, failure))
        return results

    def _oracle(self, op: Op) -> dict[str, Outcome]:
        if op not in self._expected:
            oracle = polyflow.Session(ORACLE).backend
            outcomes = run_cases(list(value_cases(op, _dtypes(oracle))), oracle)
            self._expected[op] = {case.id: outcome for case, outcome in outcomes.items()}
        return self._expected[op]


def _dtypes(backend: Backend) -> list[DType]:
    return [each for each in DTYPES.values() if each in backend.dtypes]


def _type_failure(outcome: Outcome) -> str | None:
    if outcome.error is not None:
        return f"{type(outcome.error).__name__}: {outcome.error}"
    for index, (inferred, value) in enumerate(zip(outcome.inferred, outcome.values, strict=True)):
        if not accepts(inferred, value.type):
            return f"result {index} is {value.type}, inferred was {inferred}"
    return None


def _value_failure(case: Case, outcome: Outcome, expected: Outcome) -> str | None:
    if expected.error is not None:
        return f"the oracle failed: {expected.error}"
    if len(outcome.compared) != len(expected.compared):
        return f"{len(outcome.compared)} results instead of {len(expected.compared)}"
    group = group_of(case.op)
    for index, (wanted, found) in enumerate(zip(expected.compared, outcome.compared, strict=True)):
        wrong = difference(wanted, found, group.ulps(wanted.dtype, is_complex=case.is_complex), group.is_elementwise)
        if wrong is not None:
            return f"result {index}: {wrong}"
    return None


def check_errors(op: Op, backend: Backend) -> list[Result]:
    """Samples that must be refused are, with the error declared: while building, and when types come with the feeds."""
    results = []
    for case in error_cases(op):
        results.append(Result("errors", op.full_name, case.id, _error_failure(case, backend, is_typed=True)))
        if op.signature.output_count is not None:  # else the number of results needs types while building
            failure = _error_failure(case, backend, is_typed=False)
            results.append(Result("errors", op.full_name, f"{case.id}-run", failure))
    return results


def _error_failure(case: Case, backend: Backend, *, is_typed: bool) -> str | None:
    sample = case.sample
    assert isinstance(sample, ErrorSample)
    graph = Graph()
    feeds: dict[Tensor, Literal] = {}

    def placeholder(value: Literal) -> Tensor:
        tensor = polyflow.placeholder(value.dtype, value.shape) if is_typed else polyflow.placeholder()
        feeds[tensor] = value
        return tensor

    try:
        with graph.as_default():
            result = case.call(placeholder)
        if not is_typed:
            with polyflow.Session(backend, graph) as session:
                session.run(
                    result, {key: session.backend.from_literal(each, session.device) for key, each in feeds.items()}
                )
    except sample.error as error:
        text = str(error)
        if sample.text not in text:
            return f"the error does not say {sample.text!r}: {text}"
        return None if "built at" in text else f"the error does not name the user's line: {text}"
    except Exception as error:
        return f"{type(error).__name__} instead of {sample.error.__name__}: {error}"
    return f"no error; {sample.error.__name__} was expected"
