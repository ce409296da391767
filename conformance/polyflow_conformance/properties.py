"""Properties tried by hypothesis: shapes, broadcasting, axes and dtypes that nobody thought of, against the oracle.

Each example is a list of calls of one op that run in one program, so that a backend that compiles does so once for all
of them. Examples are drawn from a fixed seed; hypothesis mixes in constants of modules that are loaded, so that other
commands may meet other calls. A failure is shrunk to one small call.
"""

from __future__ import annotations

import importlib.util
import math
import random
from collections.abc import Sequence
from dataclasses import replace

import polyflow
from polyflow.core.declaration import Op
from polyflow.core.dtypes import DType
from polyflow.core.literal import Literal
from polyflow.core.samples import Sample
from polyflow.extension import Backend
from polyflow_conformance.cases import Case
from polyflow_conformance.checks import ORACLE, type_failure, value_failure, wrong_values
from polyflow_conformance.differences import literal_of
from polyflow_conformance.judging import case_result, missing_capability
from polyflow_conformance.results import Result
from polyflow_conformance.running import GraphOfCases, Outcome, outputs_of, run_cases
from polyflow_conformance.tolerance import flat
from polyflow_conformance.tolerances import Group, group_of

HAS_HYPOTHESIS = importlib.util.find_spec("hypothesis") is not None
WITHOUT = "hypothesis is not installed: pip install polyflow[conformance]"
CALLS = 6
"""Calls in one example."""
EXAMPLES = 8
"""Examples of each op where programs are not compiled."""
COMPILED = 2
"""Examples where they are: the simplest there is, and another one."""

Failure = tuple[Case, str, str | Exception]
"""A call, the check that finds something wrong with it, and what that is."""


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
        case, check, wrong = failure
        return [case_result(case, check, backend, wrong)]
    if trial.compared == 0 and trial.lacking is None:
        return [Result("properties", op.full_name, "drawn", f"{ORACLE} ran none of the calls drawn")]
    return [Result("properties", op.full_name, "drawn", reason=None if trial.compared else trial.lacking)]


class _Trial:
    """Runs drawn calls, and counts those of which something was learnt."""

    def __init__(self, op: Op, backend: Backend) -> None:
        self.op = op
        self.backend = backend
        self.compared = 0
        self.lacking: str | None = None
        """What the backend declares that it lacks, where that kept a call from being compared."""

    def __call__(self, samples: Sequence[tuple[Sample, DType | None]]) -> Failure | None:
        """The first of the calls that is wrong."""
        cases = [Case(self.op, f"drawn{number}", sample, dtype) for number, (sample, dtype) in enumerate(samples)]
        expected = run_cases(cases, polyflow.Session(ORACLE).backend)
        for case, outcome in (expected if self.backend.name == ORACLE else run_cases(cases, self.backend)).items():
            if expected[case].error is not None:
                continue  # a call that makes no sense anywhere
            check, wrong = "types", type_failure(outcome)
            if wrong is None:
                check, wrong = "values", value_failure(case, outcome, expected[case])
                if wrong is not None and not group_of(self.op).is_elementwise:
                    wrong = beyond_movement(case, outcome, expected[case])
            lacking = missing_capability(wrong, self.backend) if isinstance(wrong, Exception) else None
            if wrong is not None and lacking is None:
                return case, check, wrong
            self.lacking = lacking or self.lacking
            self.compared += lacking is None
        return None


NUDGE = 8
"""By how many units in the last place of its largest element an operand is moved: what algorithms with small backward
errors do to it."""
WIDEST = 2**20
"""Times its tolerance that an op is allowed at most, where its results move as far."""


def beyond_movement(case: Case, outcome: Outcome, expected: Outcome) -> str | None:
    """What is wrong with the values of a call, if they may be off by four times as much as the oracle's results move
    when its operands hardly move: nothing where these move out of all proportion.

    The tolerances are those of samples, which are well conditioned; drawn calls need not be. Source: N. Higham,
    "Accuracy and Stability of Numerical Algorithms", section 1.5, on backward errors.
    """
    graph = GraphOfCases()
    with graph.graph.as_default():
        outputs = case.compared(outputs_of(case, graph))
    graph.feeds = {tensor: _nudged(value) for tensor, value in graph.feeds.items()}
    moved = [polyflow.Session(ORACLE).backend.to_literal(each) for each in graph.run(ORACLE, outputs)]
    own, factor = group_of(case.op), 1
    while wrong_values(moved, expected.compared, _wider(own, factor), is_complex=case.is_complex) is not None:
        factor *= 2
        if factor > WIDEST:
            return None
    return wrong_values(outcome.compared, expected.compared, _wider(own, 4 * factor), is_complex=case.is_complex)


def _wider(group: Group, factor: int) -> Group:
    return replace(group, half=group.half * factor, real=group.real * factor, complex=group.complex * factor)


def _nudged(value: Literal) -> Literal:
    if not value.dtype.is_differentiable:
        return value
    elements = flat(value)
    largest = max((abs(each) for each in elements if math.isfinite(abs(each))), default=0.0)
    step = NUDGE * float(polyflow.finfo(value.dtype).eps) * largest
    generator = random.Random(value.size)  # no pattern, which may be one that a result does not depend on
    nudged = [each + step * generator.uniform(-1, 1) for each in elements]
    return literal_of(nudged, value.dtype, value.shape)
