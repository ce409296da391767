"""Running cases on a backend: all cases of an op in one program, one by one only where that fails.

The program runs twice, first on operands with their elements turned round, then on those of the cases. What the second
run gives must be right whatever the first left behind, operands must be as they were, and what the first run gave must
not have changed since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polyflow
from polyflow.core.declaration import Op, Trait
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
    touched: str | None = None
    """Which operand the runs have changed."""
    overwritten: str | None = None
    """Which result of the first run the second has changed."""


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
            return session.run(fetches, arrays_of(self.feeds, session))


def arrays_of(feeds: Mapping[Tensor, Literal], session: Any) -> dict[Tensor, Any]:
    """The feeds as arrays of the session's backend, on its device."""
    return {tensor: session.backend.from_literal(value, session.device) for tensor, value in feeds.items()}


def session_of(backend: Backend | str, graph: Graph, op: Op) -> Any:
    """A session in which programs of ``op`` run: without passes if these would leave nothing of it."""
    return polyflow.Session(backend, graph, optimise=not op.has_trait(Trait.IDENTITY))


def turned(value: Literal) -> Literal:
    """The elements from last to first."""
    width = value.dtype.itemsize
    data = value.data
    pieces = [data[start : start + width] for start in range(len(data) - width, -1, -width)]
    return Literal(value.dtype, value.shape, b"".join(pieces))


def outputs_of(case: Case, cases: GraphOfCases) -> list[Tensor]:
    """The results of the case's op, added to the graph."""
    result = case.call(cases.placeholder)
    return list(result) if isinstance(result, list | tuple) else [result]


def run_cases(cases: Sequence[Case], backend: Backend) -> dict[Case, Outcome]:
    """The outcome of each case on ``backend``."""
    if not cases:
        return {}
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
    outputs, operands = [], []
    with together.graph.as_default():
        for case in cases:
            known = len(together.feeds)
            outputs.append(outputs_of(case, together))
            operands.append(list(together.feeds)[known:])
        compared = [case.compared(each) for case, each in zip(cases, outputs, strict=True)]
    fetches = list(zip(outputs, compared, strict=True))
    read = backend.to_literal
    with session_of(backend, together.graph, cases[0].op) as session:
        others = {tensor: turned(value) for tensor, value in together.feeds.items()}
        try:
            first = session.run(fetches, arrays_of(others, session))
            before = [[read(each) for each in arrays] for arrays, _ in first]
        except Exception:  # what samples must fulfil, others need not
            first, before = [], []
        feeds = arrays_of(together.feeds, session)
        found = session.run(fetches, feeds)
    outcomes = {}
    for number, (case, tensors, (arrays, unique)) in enumerate(zip(cases, outputs, found, strict=True)):
        values = tuple(map(read, arrays))
        overwritten = _changed(before[number], list(map(read, first[number][0])), "result") if first else None
        was = [together.feeds[each] for each in operands[number]]
        now = [read(feeds[each]) for each in operands[number]]
        outcomes[case] = Outcome(
            values,
            values if case.sample.invariant is None else tuple(map(read, unique)),
            tuple(each.type for each in tensors),
            touched=_changed(was, now, "operand"),
            overwritten=overwritten,
        )
    return outcomes


def _changed(before: Sequence[Literal], after: Sequence[Literal], what: str) -> str | None:
    """Which of several arrays has changed, and how."""
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        if old.data != new.data:
            return f"{what} {index} was {old.tolist()!r:.60} and is {new.tolist()!r:.60}"
    return None
