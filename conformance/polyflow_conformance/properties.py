"""Properties tried by hypothesis: shapes, broadcasting, axes and dtypes that nobody thought of, against the oracle.

Each example is a list of calls of one op that run in one program, so that a backend that compiles does so once for all
of them. Examples are drawn from a fixed seed; hypothesis mixes in constants of modules that are loaded, so that other
commands may meet other calls. A failure is shrunk to one small call.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import polyflow
from polyflow.core.declaration import Op
from polyflow.core.dtypes import DType
from polyflow.core.literal import Literal
from polyflow.core.samples import Sample
from polyflow.extension import Backend
from polyflow_conformance.cases import Case, samples_of
from polyflow_conformance.checks import ORACLE, type_failure, value_failure, wrong_values
from polyflow_conformance.differences import literal_of
from polyflow_conformance.judging import case_result, missing_capability
from polyflow_conformance.results import Result
from polyflow_conformance.running import GraphOfCases, Outcome, outputs_of, run_cases
from polyflow_conformance.tolerance import flat
from polyflow_conformance.tolerances import group_of

HAS_HYPOTHESIS = importlib.util.find_spec("hypothesis") is not None
WITHOUT = "hypothesis is not installed: pip install polyflow[conformance]"
CALLS = 6
"""Calls in one example."""
EXAMPLES = 8
"""Examples of each op where programs are not compiled."""
COMPILED = 2
"""Examples where they are: the simplest there is, and another one."""

Failure = tuple[Case, str | Exception]


def check_properties(op: Op, backend: Backend) -> list[Result]:
    """The op at drawn shapes, axes and dtypes; none for ops of which :mod:`undrawn` says why.

    The oracle itself is held to the types that are inferred.
    """
    if not HAS_HYPOTHESIS:
        return []
    from polyflow_conformance import strategies  # needs hypothesis

    dtypes = [each for each in backend.dtypes if each in polyflow.Session(ORACLE).backend.dtypes]
    calls = strategies.calls_of(op, sorted(dtypes, key=str))
    if calls is None:
        return []
    trial = _Trial(op, backend)
    failure = strategies.falsified(trial, calls, CALLS, COMPILED if backend.is_compiled else EXAMPLES)
    if failure is not None:
        case, wrong = failure
        return [case_result(case, "values", backend, wrong)]
    if trial.compared == 0 and trial.lacking is None:
        return [Result("properties", op.full_name, "drawn", f"{ORACLE} ran none of the calls drawn")]
    return [Result("properties", op.full_name, "drawn", reason=None if trial.compared else trial.lacking)]


class _Trial:
    """Runs drawn calls, and counts those of which something was learnt."""

    def __init__(self, op: Op, backend: Backend) -> None:
        self.op = op
        self.backend = backend
        self.compared = 0
        self.may_be_ill = any(getattr(each, "prepare", None) is not None for each in samples_of(op))
        """Whether samples have their operands prepared, since not all can be computed well."""
        self.lacking: str | None = None
        """What the backend declares that it lacks, where that kept a call from being compared."""

    def __call__(self, samples: Sequence[tuple[Sample, DType | None]]) -> Failure | None:
        """The first of the calls that is wrong."""
        cases = [Case(self.op, f"drawn{number}", sample, dtype) for number, (sample, dtype) in enumerate(samples)]
        expected = run_cases(cases, polyflow.Session(ORACLE).backend)
        for case, outcome in (expected if self.backend.name == ORACLE else run_cases(cases, self.backend)).items():
            if expected[case].error is not None:
                continue  # a call that makes no sense anywhere
            wrong = type_failure(outcome)
            if wrong is None:
                wrong = value_failure(case, outcome, expected[case])
                if wrong is not None and self.may_be_ill and is_ill_conditioned(case, expected[case]):
                    continue
            lacking = missing_capability(wrong, self.backend) if isinstance(wrong, Exception) else None
            if wrong is not None and lacking is None:
                return case, wrong
            self.lacking = lacking or self.lacking
            self.compared += lacking is None
        return None


NUDGE = 4
"""Units in the last place by which operands are moved to see how well a call can be computed."""


def is_ill_conditioned(case: Case, expected: Outcome) -> bool:
    """Whether the oracle's own results move further than the tolerance of the op when its operands hardly move.

    Of such a call no backend can be asked for more: its rounding is a movement of that size. Source: N. Higham,
    "Accuracy and Stability of Numerical Algorithms", section 1.5, on backward errors.
    """
    graph = GraphOfCases()
    with graph.graph.as_default():
        outputs = case.compared(outputs_of(case, graph))
    graph.feeds = {tensor: _nudged(value) for tensor, value in graph.feeds.items()}
    found = graph.run(ORACLE, outputs)
    read = polyflow.Session(ORACLE).backend.to_literal
    group = group_of(case.op)
    return (
        wrong_values([read(each) for each in found], expected.compared, group, is_complex=case.is_complex) is not None
    )


def _nudged(value: Literal) -> Literal:
    if not value.dtype.is_differentiable:
        return value
    step = NUDGE * float(polyflow.finfo(value.dtype).eps)
    elements = [each * (1 + (step if place % 2 else -step)) for place, each in enumerate(flat(value))]
    return literal_of(elements, value.dtype, value.shape)
