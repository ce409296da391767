"""The checks of single ops: values, types, memory, refusals. Each returns a result for every case it looked at."""

from __future__ import annotations

from collections.abc import Sequence

import polyflow
from polyflow.core.declaration import Op, Trait
from polyflow.core.dtypes import DTYPES, uint8
from polyflow.core.graph import Graph
from polyflow.core.literal import Literal
from polyflow.core.samples import ErrorSample
from polyflow.core.tensor import Tensor
from polyflow.core.types import accepts
from polyflow.extension import Backend
from polyflow_conformance.cases import Case, error_cases, one_of_each, special_cases, value_cases, varied
from polyflow_conformance.judging import case_result
from polyflow_conformance.results import Result
from polyflow_conformance.running import GraphOfCases, Outcome, outputs_of, run_cases, turned
from polyflow_conformance.tolerance import difference
from polyflow_conformance.tolerances import Group, group_of

ORACLE = "reference"
"""The backend whose values are right by definition."""

VARIED = "samples behind the second of an op are tried in all floats and in one dtype of every other kind"


class Values:
    """Values equal the oracle's, inferred types the actual ones; operands and earlier results are left alone."""

    def __init__(self, *, every_dtype: bool = False) -> None:
        self.every_dtype = every_dtype
        """Whether engines that compile get every sample in every dtype too."""
        self._expected: dict[Op, dict[str, Outcome]] = {}

    def __call__(self, op: Op, backend: Backend) -> list[Result]:
        cases = _cases(op, backend, is_varied=backend.is_compiled and not self.every_dtype)
        outcomes = run_cases(cases, backend)
        expected = self.oracle(op) if backend.name != ORACLE else {}
        results = []
        for case, outcome in outcomes.items():
            results.append(case_result(case, "types", backend, type_failure(outcome)))
            if outcome.error is not None:
                continue
            if case.id in expected and holds_values(expected[case.id]):
                results.append(case_result(case, "values", backend, value_failure(case, outcome, expected[case.id])))
            results.append(case_result(case, "operands", backend, outcome.touched))
            results.append(case_result(case, "kept", backend, outcome.overwritten))
        return results

    def oracle(self, op: Op) -> dict[str, Outcome]:
        """What the oracle says to the cases of ``op``, by their names; asked once."""
        if op not in self._expected:
            oracle = polyflow.Session(ORACLE).backend
            outcomes = run_cases(_cases(op, oracle), oracle)
            self._expected[op] = {case.id: outcome for case, outcome in outcomes.items()}
        return self._expected[op]


def _cases(op: Op, backend: Backend, *, is_varied: bool = False) -> list[Case]:
    dtypes = [each for each in DTYPES.values() if each in backend.dtypes]
    cases = value_cases(op, dtypes)
    return [*(varied(cases) if is_varied else cases), *special_cases(op, dtypes)]


def type_failure(outcome: Outcome) -> str | Exception | None:
    """What is wrong with the types of the results, or the error that came instead of them."""
    if outcome.error is not None:
        return outcome.error
    for index, (inferred, value) in enumerate(zip(outcome.inferred, outcome.values, strict=True)):
        if not accepts(inferred, value.type):
            return f"result {index} is {value.type}, inferred was {inferred}"
    return None


def holds_values(expected: Outcome) -> bool:
    """Whether anything is there to be compared: results without elements have a type and no value."""
    return expected.error is not None or any(each.size for each in expected.compared)


def value_failure(case: Case, outcome: Outcome, expected: Outcome) -> str | None:
    """What is wrong with the values of a case."""
    if expected.error is not None:
        return f"the oracle failed: {expected.error}"
    return wrong_values(outcome.compared, expected.compared, group_of(case.op), is_complex=case.is_complex)


def wrong_values(
    found: Sequence[Literal], expected: Sequence[Literal], group: Group, *, is_complex: bool
) -> str | None:
    """What of ``found`` is further from ``expected`` than the group of the op allows."""
    if len(found) != len(expected):
        return f"{len(found)} results instead of {len(expected)}"
    for index, (wanted, got) in enumerate(zip(expected, found, strict=True)):
        wrong = difference(wanted, got, group.ulps(wanted.dtype, is_complex=is_complex), group.is_elementwise)
        if wrong is not None:
            return f"result {index}: {wrong}"
    return None


def check_memory(op: Op, backend: Backend) -> list[Result]:
    """Results share no memory with operands, but those of ops that say so: writing into operands changes no result.

    Asked of libraries whose arrays can be written into, in two dtypes of each sample, and without passes, since what
    these replace by an operand is that operand.
    """
    if op.has_trait(Trait.VIEW) or op.has_trait(Trait.IDENTITY) or op.has_trait(Trait.EFFECT):
        return []
    if not _is_writable(backend):
        return []
    cases = [each for each in _cases(op, backend) if each.sample.prepare is None]
    chosen = dict.fromkeys([*one_of_each(cases), *one_of_each(cases, uint8)])  # of which many results are operands
    return [case_result(each, "memory", backend, memory_failure(each, backend)) for each in chosen]


def _is_writable(backend: Backend) -> bool:
    dtype = min(backend.dtypes, key=str)  # any: a backend need not have a certain one
    zeros = Literal(dtype, (2,), bytes(2 * dtype.itemsize))
    array = backend.copy(backend.from_literal(zeros, backend.devices()[0]))
    try:
        array[...] = backend.from_literal(turned(zeros), backend.devices()[0])
    except Exception:  # in whichever way a library says that its arrays do not change
        return False
    return True


def memory_failure(case: Case, backend: Backend) -> str | Exception | None:
    """What is wrong with the memory of the case's results, or the error that came instead."""
    alone = GraphOfCases()
    try:
        with alone.graph.as_default():
            outputs = outputs_of(case, alone)
        return shared(alone, outputs, backend)
    except Exception as error:
        return error


def shared(alone: GraphOfCases, outputs: Sequence[Tensor], backend: Backend) -> str | None:
    """Which of the results changes when operands are written into."""
    with polyflow.Session(backend, alone.graph, optimise=False) as session:
        feeds = {
            tensor: backend.copy(backend.from_literal(value, session.device)) for tensor, value in alone.feeds.items()
        }
        found = session.run(outputs, feeds)
        before = [backend.to_literal(each) for each in found]
        for tensor, value in alone.feeds.items():
            feeds[tensor][...] = backend.from_literal(_another(value), session.device)
        after = [backend.to_literal(each) for each in found]
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        if old.data != new.data:
            return f"result {index} changes with an operand, of which the op's traits say nothing"
    return None


def _another(value: Literal) -> Literal:
    """Other elements: from last to first, or where that changes nothing the first with another lowest bit."""
    found = turned(value)
    if found.data != value.data or not value.data:
        return found
    return Literal(value.dtype, value.shape, bytes([value.data[0] ^ 1]) + value.data[1:])


def check_errors(op: Op, backend: Backend) -> list[Result]:
    """Samples that must be refused are, with the error declared: while building, and when types come with the feeds."""
    results = []
    for case in error_cases(op, backend.dtypes):
        results.append(case_result(case, "errors", backend, error_failure(case, backend, is_typed=True)))
        if op.signature.output_count is not None:  # else the number of results needs types while building
            results.append(case_result(case, "late errors", backend, error_failure(case, backend, is_typed=False)))
    return results


def error_failure(case: Case, backend: Backend, *, is_typed: bool) -> str | None:
    """What is wrong with the way in which the case is refused: while building, or when types come with the feeds."""
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
                arrays = {key: session.backend.from_literal(each, session.device) for key, each in feeds.items()}
                session.run(result, arrays)
    except sample.error as error:
        text = str(error)
        if sample.text not in text:
            return f"the error does not say {sample.text!r}: {text}"
        return None if "built at" in text else f"the error does not name the user's line: {text}"
    except Exception as error:
        return f"{type(error).__name__} instead of {sample.error.__name__}: {error}"
    return f"no error; {sample.error.__name__} was expected"
