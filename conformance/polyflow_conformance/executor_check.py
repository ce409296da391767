"""The same op under every executor and without passes: neither is to change what it gives.

Asked in one dtype of each sample, of backends that do not compile; of those that do, each program would be compiled
three times over, and the programs of the level ``control`` ask the same of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polyflow
from polyflow.core.declaration import Op, Trait
from polyflow.core.dtypes import DTYPES
from polyflow.core.literal import Literal
from polyflow.extension import Backend
from polyflow_conformance.cases import Case, one_of_each, special_cases, value_cases
from polyflow_conformance.checks import wrong_values
from polyflow_conformance.differences import failures
from polyflow_conformance.judging import case_result
from polyflow_conformance.results import Result
from polyflow_conformance.running import GraphOfCases, arrays_of, outputs_of
from polyflow_conformance.tolerances import group_of

WAYS: dict[str, dict[str, Any]] = {
    "without passes": {"optimise": False},
    "by dataflow": {"executor": "dataflow", "inter_op_threads": 2, "optimise": False},
}


def check_executors(op: Op, backend: Backend) -> list[Result]:
    """The results of one case of each sample."""
    if backend.is_compiled or op.has_trait(Trait.EFFECT):
        return []
    dtypes = [each for each in DTYPES.values() if each in backend.dtypes]
    cases = [*value_cases(op, dtypes), *special_cases(op, dtypes)]
    if not op.has_trait(Trait.IDENTITY):  # else passes leave nothing of it, and this is where its kernel runs at all
        cases = one_of_each(cases)
    found = failures(cases, lambda some: executor_failures(some, backend))
    return [case_result(case, "executors", backend, failure) for case, failure in found.items()]


def executor_failures(cases: Sequence[Case], backend: Backend) -> dict[Case, str | None]:
    """What is wrong with each case, all in one program."""
    graph = GraphOfCases()
    with graph.graph.as_default():
        outputs = [case.compared(outputs_of(case, graph)) for case in cases]
    ways = {name: _run(graph, outputs, backend, options) for name, options in {"": {}, **WAYS}.items()}
    found: dict[Case, str | None] = dict.fromkeys(cases)
    for name in WAYS:
        for case, got, expected in zip(cases, ways[name], ways[""], strict=True):
            wrong = wrong_values(got, expected, group_of(case.op), is_complex=case.is_complex)
            found[case] = found[case] or (None if wrong is None else f"{name}: {wrong}")
    return found


def _run(graph: GraphOfCases, outputs: Sequence[Any], backend: Backend, options: Any) -> list[list[Literal]]:
    with polyflow.Session(backend, graph.graph, **options) as session:
        read = session.backend.to_literal
        return [[read(each) for each in group] for group in session.run(outputs, arrays_of(graph.feeds, session))]
