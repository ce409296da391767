"""The checks: what is asked of an op on a backend. Each returns a result for every case it looked at."""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import polyflow
from polyflow.core.declaration import Op
from polyflow.core.dtypes import STANDARD_DTYPES, DType, float64
from polyflow.core.graph import Graph
from polyflow.core.literal import Literal, literal
from polyflow.core.samples import ErrorSample
from polyflow.core.tensor import Tensor
from polyflow.core.types import accepts
from polyflow.extension import Backend
from polyflow_conformance.cases import Case, error_cases, gradient_cases, value_cases
from polyflow_conformance.running import GraphOfCases, Outcome, run_cases
from polyflow_conformance.tolerance import difference, flat, ulps_of

ORACLE = "reference"
"""The backend whose values are right by definition."""


@dataclass(frozen=True)
class Result:
    """What one check found in one case."""

    check: str
    op: str
    case: str
    failure: str | None

    @property
    def has_passed(self) -> bool:
        return self.failure is None


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
                results.append(Result("values", op.full_name, case.id, _value_failure(op, outcome, expected[case.id])))
        return results

    def _oracle(self, op: Op) -> dict[str, Outcome]:
        if op not in self._expected:
            oracle = polyflow.Session(ORACLE).backend
            outcomes = run_cases(list(value_cases(op, _dtypes(oracle))), oracle)
            self._expected[op] = {case.id: outcome for case, outcome in outcomes.items()}
        return self._expected[op]


def _dtypes(backend: Backend) -> list[DType]:
    return [each for each in STANDARD_DTYPES if each in backend.dtypes]


def _type_failure(outcome: Outcome) -> str | None:
    if outcome.error is not None:
        return f"{type(outcome.error).__name__}: {outcome.error}"
    for index, (inferred, value) in enumerate(zip(outcome.inferred, outcome.values, strict=True)):
        if not accepts(inferred, value.type):
            return f"result {index} is {value.type}, inferred was {inferred}"
    return None


def _value_failure(op: Op, outcome: Outcome, expected: Outcome) -> str | None:
    if expected.error is not None:
        return f"the oracle failed: {expected.error}"
    if len(outcome.values) != len(expected.values):
        return f"{len(outcome.values)} results instead of {len(expected.values)}"
    for index, (wanted, found) in enumerate(zip(expected.values, outcome.values, strict=True)):
        wrong = difference(wanted, found, ulps_of(op.full_name))
        if wrong is not None:
            return f"result {index}: {wrong}"
    return None


def check_gradients(op: Op, backend: Backend) -> list[Result]:
    """Reverse-mode gradients, first and second order, against central differences along random directions."""
    if float64 not in backend.dtypes:
        return []
    results = []
    for case in gradient_cases(op):
        for order in (1, 2):
            failure = _guarded(partial(_gradient_failure, case, backend, order))
            results.append(Result(f"gradient {order}", op.full_name, case.id, failure))
    return results


def _gradient_failure(case: Case, backend: Backend, order: int) -> str | None:
    """Compare ``<f'(x), v>`` with a difference quotient of f; for order 2, f is itself a directional derivative."""
    graph = GraphOfCases()
    generator = random.Random(f"{case.id}/{order}")
    step = 1e-3
    with graph.graph.as_default():
        at: list[Tensor] = []

        def operand(value: Literal) -> Tensor:
            tensor = graph.placeholder(value)
            if value.dtype is float64:
                at.append(tensor)
            return tensor

        outputs = [each for each in _call(case, operand) if each.dtype is float64]
        if not outputs or not at:
            return None
        function = _weighted_sum(outputs, [_random(generator, each) for each in outputs])
        if order == 2:
            first = polyflow.gradients(function, at, unconnected_gradients="zero")
            function = _weighted_sum(first, [_random(generator, each) for each in at])
        directions = {each: [generator.gauss(0, 1) for _ in flat(graph.feeds[each])] for each in at}
        slopes = polyflow.gradients(function, at, unconnected_gradients="zero")
    with polyflow.Session(backend, graph.graph) as session:
        start = {tensor: flat(value) for tensor, value in graph.feeds.items()}

        def feeds(distance: float) -> dict[Tensor, Any]:
            moved: dict[Tensor, Any] = {}
            for tensor, value in graph.feeds.items():
                if tensor in directions:
                    direction = directions[tensor]
                    numbers = [x + distance * d for x, d in zip(start[tensor], direction, strict=True)]
                    value = Literal(float64, value.shape, literal(numbers, float64).data)
                moved[tensor] = session.backend.from_literal(value, session.device)
            return moved

        run = session.prepare([function, *slopes], list(graph.feeds))
        values = {k: run(*feeds(k * step).values()) for k in (-2, -1, 0, 1, 2)}
        read = session.backend.to_literal
        f = {k: flat(read(found[0]))[0] for k, found in values.items()}
        quotient = (8 * (f[1] - f[-1]) - (f[2] - f[-2])) / (12 * step)
        found = sum(
            sum(a * b for a, b in zip(flat(read(slope)), direction, strict=True))
            for slope, direction in zip(values[0][1:], directions.values(), strict=True)
        )
    scale = max(abs(quotient), abs(found), max(map(abs, f.values())), 1.0)
    if abs(found - quotient) <= 1e-7 * scale:
        return None
    return f"directional derivative {found!r}, by differences {quotient!r}"


def _call(case: Case, operand: Callable[[Literal], Tensor]) -> list[Tensor]:
    result = case.call(operand)
    return list(result) if isinstance(result, list | tuple) else [result]


def _random(generator: random.Random, like: Tensor) -> Tensor:
    """Weights for the elements of ``like``: random, or its own elements where their number depends on data."""
    if not like.type.is_static:
        return like
    shape = like.type.static_shape
    count = like.type.size or 0
    numbers = [generator.uniform(0.5, 1.5) for _ in range(count)]
    return polyflow.constant(Literal(float64, shape, literal(numbers, float64).data))


def _weighted_sum(tensors: Sequence[Tensor], weights: Sequence[Tensor]) -> Tensor:
    parts = [polyflow.sum(tensor * weight) for tensor, weight in zip(tensors, weights, strict=True)]
    total: Tensor = reduce(operator.add, parts)
    return total


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


def _guarded(check: Callable[[], str | None]) -> str | None:
    try:
        return check()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
