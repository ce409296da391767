"""Running cases on a backend: all cases of an op in one program, one by one only where that fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polyflow
from polyflow.core.graph import Graph
from polyflow.core.literal import Literal
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.extension import Backend
from polyflow_conformance.cases import Case


@dataclass(frozen=True)
class Outcome:
    """What came out of one case: values and the types that were inferred for them, or an error."""

    values: tuple[Literal, ...] = ()
    compared: tuple[Literal, ...] = ()
    """What every backend must find alike: the values, or what the sample says is unique of them."""
    inferred: tuple[TensorType, ...] = ()
    error: Exception | None = None


class GraphOfCases:
    """A graph in which operands are placeholders, and the values to feed them with."""

    def __init__(self) -> None:
        self.graph = Graph()
        self.feeds: dict[Tensor, Literal] = {}

    def placeholder(self, value: Literal) -> Tensor:
        """A placeholder of the type of ``value``, which it will be fed with."""
        tensor = polyflow.placeholder(value.dtype, value.shape)
        self.feeds[tensor] = value
        return tensor

    def run(self, backend: Backend | str, fetches: Any, **options: Any) -> Any:
        """Run ``fetches`` in a session of its own."""
        with polyflow.Session(backend, self.graph, **options) as session:
            feeds = {
                tensor: session.backend.from_literal(value, session.device) for tensor, value in self.feeds.items()
            }
            return session.run(fetches, feeds)


def outputs_of(case: Case, cases: GraphOfCases) -> list[Tensor]:
    """The results of the case's op, added to the graph."""
    result = case.call(cases.placeholder)
    return list(result) if isinstance(result, list | tuple) else [result]


def run_cases(cases: Sequence[Case], backend: Backend) -> dict[Case, Outcome]:
    """The outcome of each case on ``backend``."""
    try:
        return _run_together(cases, backend)
    except Exception as error:  # some case of them fails: find out which
        if len(cases) == 1:
            return {cases[0]: Outcome(error=error)}
        outcomes: dict[Case, Outcome] = {}
        middle = len(cases) // 2
        for part in (cases[:middle], cases[middle:]):
            outcomes.update(run_cases(part, backend))
        return outcomes


def _run_together(cases: Sequence[Case], backend: Backend) -> dict[Case, Outcome]:
    together = GraphOfCases()
    with together.graph.as_default():
        outputs = [outputs_of(case, together) for case in cases]
        compared = [case.compared(each) for case, each in zip(cases, outputs, strict=True)]
    found = together.run(backend, list(zip(outputs, compared, strict=True)))
    outcomes = {}
    for case, tensors, (arrays, unique) in zip(cases, outputs, found, strict=True):
        values = tuple(backend.to_literal(each) for each in arrays)
        is_same = case.sample.invariant is None
        outcomes[case] = Outcome(
            values,
            values if is_same else tuple(backend.to_literal(each) for each in unique),
            tuple(each.type for each in tensors),
        )
    return outcomes
