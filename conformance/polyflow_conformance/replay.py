"""What the scripts call that the kit writes for failures: operands with values, and each check as a function.

A script builds its results in the default graph from :func:`operand`, and hands them to a method of :data:`check`,
which raises ``AssertionError`` where the backend is wrong.
"""

from __future__ import annotations

import gc
import threading
import tracemalloc
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from math import inf, nan
from typing import Any
from weakref import WeakKeyDictionary

import numpy

import polyflow
from polyflow.core.declaration import Op
from polyflow.core.dtypes import DTYPES, as_dtype
from polyflow.core.graph import get_default_graph
from polyflow.core.literal import Literal, literal
from polyflow.core.samples import Sample
from polyflow.core.tensor import Tensor
from polyflow.extension import Backend
from polyflow.extension.capabilities import capabilities_of
from polyflow.extension.manager import extensions
from polyflow_conformance import checks, executor_check, forward_check, gradient_check
from polyflow_conformance.cases import Case, samples_of, special_cases
from polyflow_conformance.process_settings import changed_settings
from polyflow_conformance.results import NotSupported
from polyflow_conformance.running import GraphOfCases, Outcome, arrays_of, run_cases, session_of, turned
from polyflow_conformance.special_values import special_values
from polyflow_conformance.tolerances import group_of

__all__ = [
    "DTYPES",
    "Any",
    "ThreadPoolExecutor",
    "array",
    "buffers",
    "capabilities_of",
    "changed_settings",
    "check",
    "gc",
    "inf",
    "late_operand",
    "nan",
    "op",
    "operand",
    "parallel",
    "partial",
    "program",
    "ran",
    "refused",
    "sample",
    "special_array",
    "suppress",
    "threading",
    "tracemalloc",
]

_values: WeakKeyDictionary[Tensor, Literal] = WeakKeyDictionary()


def late_operand(dtype: str, shape: Sequence[int], elements: Sequence[Any]) -> Tensor:
    """As :func:`operand`, but that nothing is known of its type until it is fed."""
    tensor = polyflow.placeholder()
    _values[tensor] = array(dtype, shape, elements)
    return tensor


def array(dtype: str, shape: Sequence[int], elements: Sequence[Any]) -> Literal:
    """An array of a shape, its elements in one list.

    >>> array("int32", (1, 2), [3, 4]).tolist()
    [[3, 4]]
    """
    found = as_dtype(dtype)
    return Literal(found, tuple(shape), literal(list(elements), found).data)


def operand(dtype: str, shape: Sequence[int], elements: Sequence[Any]) -> Tensor:
    """A placeholder in the default graph, which checks feed with these elements."""
    value: Literal = array(dtype, shape, elements)
    tensor = polyflow.placeholder(value.dtype, value.shape)
    _values[tensor] = value
    return tensor


def buffers(backend: str | Backend, count: int) -> list[Any]:
    """Arrays of ``count`` float32 that ``backend`` takes and that can be written into: NumPy's, and its own."""
    library = _backend(backend)
    ones = library.from_literal(array("float32", (count,), [1.0] * count), library.devices()[0])
    found = []
    for each in (numpy.ones(count, numpy.float32), library.copy(ones)):
        with suppress(Exception):  # in whichever way a library says that its arrays do not change
            each[...] = 0.0
            found.append(each)
    return found


def ran(session: polyflow.Session, fetches: Any, feeds: Any = None, **options: Any) -> Any:
    """What a run gives, as nested lists.

    >>> ran(polyflow.Session("reference"), [polyflow.constant([1, 2])])
    [[1, 2]]
    """
    found = session.run(fetches, feeds, **options)
    read = session.backend.to_literal
    return [read(each).tolist() for each in found] if isinstance(found, list | tuple) else read(found).tolist()


def _demand(text: str, error: Exception) -> None:
    if text not in str(error):
        raise AssertionError(f"the error does not say {text!r}: {error}")


def parallel(session: polyflow.Session) -> None:
    """Go on only if the backend declares that several threads may run on it at once."""
    if not capabilities_of(session.backend).parallel_runs:
        raise NotSupported("one thread at a time")


def special_array(dtype: Any) -> Literal:
    """An array of the special values of a dtype: extremes, and for floats zeros of both signs, infinities and NaN."""
    values = special_values(as_dtype(dtype))
    return array(as_dtype(dtype).name, (1, len(values)), values)


def refused(error: type[Exception], text: str, call: Callable[[], Any]) -> None:
    """``AssertionError`` unless ``call`` raises that error with ``text`` in it."""
    try:
        found = call()
    except error as refusal:
        _demand(text, refusal)
    except Exception as other:
        raise AssertionError(f"{type(other).__name__} instead of {error.__name__}: {other}") from other
    else:
        raise AssertionError(f"no error; {error.__name__} was expected, {found!r} came")


def op(name: str) -> Op:
    """The op of that full name, whichever package brings it."""
    return extensions().ops[name]


def sample(name: str, number: int) -> Sample:
    """A sample of an op."""
    return samples_of(op(name))[number]


def _case_of(results: Any, name: str) -> tuple[GraphOfCases, list[Tensor]]:
    found = GraphOfCases()
    found.graph = get_default_graph()
    found.feeds = {tensor: value for tensor, value in _values.items() if tensor.graph is found.graph}
    return found, list(results) if isinstance(results, list | tuple) else [results]


class Checks:
    """The checks by name; each takes results, a backend or its name, and the op whose tolerance counts."""

    def _run(self, results: Any, backend: str | Backend, name: str) -> Outcome:
        graph, tensors = _case_of(results, name)
        with session_of(backend, graph.graph, op(name)) as session:
            read = session.backend.to_literal
            others = {tensor: turned(value) for tensor, value in graph.feeds.items()}
            try:
                first = session.run(tensors, arrays_of(others, session))
                before = [read(each) for each in first]
            except Exception:  # what samples must fulfil, others need not
                first, before = [], []
            feeds = arrays_of(graph.feeds, session)
            found = tuple(read(each) for each in session.run(tensors, feeds))
            now = [read(each) for each in feeds.values()]
        touched = [old for old, new in zip(graph.feeds.values(), now, strict=True) if old.data != new.data]
        kept = [old for old, new in zip(before, map(read, first), strict=True) if old.data != new.data]
        return Outcome(
            found,
            found,
            tuple(each.type for each in tensors),
            touched=f"{len(touched)} operands have changed" if touched else None,
            overwritten=f"{len(kept)} results of the first run have changed" if kept else None,
        )

    def values(self, results: Any, backend: str | Backend, name: str) -> None:
        """Equal to the oracle's, as near as the op's tolerance asks."""
        found, expected = self._run(results, backend, name), self._run(results, checks.ORACLE, name)
        is_complex = any(each.dtype.is_complex for each in (*found.values, *_values.values()))
        _raise(checks.wrong_values(found.values, expected.values, group_of(op(name)), is_complex=is_complex))

    def types(self, results: Any, backend: str | Backend, name: str) -> None:
        """Those that were inferred."""
        _raise(checks.type_failure(self._run(results, backend, name)))

    def operands(self, results: Any, backend: str | Backend, name: str) -> None:
        """Left alone by the run."""
        _raise(self._run(results, backend, name).touched)

    def kept(self, results: Any, backend: str | Backend, name: str) -> None:
        """Results are left alone by the next run."""
        _raise(self._run(results, backend, name).overwritten)

    def memory(self, results: Any, backend: str | Backend, name: str) -> None:
        """Of no result is that of an operand."""
        graph, tensors = _case_of(results, name)
        _raise(checks.shared(graph, tensors, _backend(backend)))

    def gradient(self, results: Any, backend: str | Backend, name: str, order: int = 1) -> None:
        """Reverse mode against finite differences."""
        graph, tensors = _case_of(results, name)
        probe = gradient_check.probe_of("it", tensors, list(graph.feeds), order, graph)
        found = gradient_check.wrong_slopes([probe] if probe else [], graph, backend)
        _raise(found.get("it"))

    def second_gradient(self, results: Any, backend: str | Backend, name: str) -> None:
        """The gradient of the gradient against finite differences."""
        self.gradient(results, backend, name, 2)

    def forward(self, function: Callable[..., Any], operands: Sequence[Tensor], backend: str | Backend) -> None:
        """Forward mode against finite differences and against reverse mode."""
        graph, _ = _case_of([], "")
        probe = forward_check.probe_of("it", function, operands, graph)
        _raise(forward_check.wrong_tangents([probe] if probe else [], graph, backend).get("it"))

    def case(self, check: str, name: str, number: int | str, dtype: str | None, backend: str | Backend) -> None:
        """A check of one sample in one dtype, for operands that no script can write out."""
        chosen = None if dtype is None else as_dtype(dtype)
        if isinstance(number, str):
            specials = special_cases(op(name), list(DTYPES.values()) if chosen is None else [chosen])
            case = next(each for each in specials if (each.number, each.dtype) == (number, chosen))
        else:
            case = Case(op(name), number, sample(name, number), chosen)
        _raise(_failure(check, case, _backend(backend)))

    def drawn(self, name: str, backend: str | Backend) -> None:
        """The op at drawn shapes, axes and dtypes, for calls that no script can write out."""
        from polyflow_conformance.properties import check_properties  # which hypothesis is needed for

        _raise(next((each.failure for each in check_properties(op(name), _backend(backend)) if each.failure), None))

    def error(self, call: Callable[[], Any], error: type[Exception], text: str, backend: str | Backend) -> None:
        """The call is refused with that error, which says ``text`` and the line that made the call."""
        try:
            graph, tensors = _case_of(call(), "")
            graph.run(backend, tensors)
        except error as refusal:
            _demand(text, refusal)
            _demand("built at", refusal)
        else:
            raise AssertionError(f"no error; {error.__name__} was expected")


check = Checks()


def program(check: str, function: Callable[[Any], Any], backend: str | Backend) -> None:
    """A check of a program, a function of a float64 vector of four."""
    from polyflow_conformance.program_check import CHECKS  # which is made of what is here

    _raise(CHECKS[check](function, _backend(backend)))


def _failure(check: str, case: Case, backend: Backend) -> str | Exception | None:
    if check in ("errors", "late errors"):
        return checks.error_failure(case, backend, is_typed=check == "errors")
    if check == "memory":
        return checks.memory_failure(case, backend)
    if check == "forward":
        return forward_check.failures_of([case], backend).get(case)
    if check.startswith("gradient"):
        wanted = case, int(check[-1])
        return gradient_check.failures_of([wanted], backend).get(wanted)
    if check == "executors":
        return executor_check.executor_failures([case], backend)[case]
    if check == "missing":
        from polyflow_conformance.refusals import check_missing  # which is made of what is here

        return next((each.failure for each in check_missing(case.op, backend)), None)
    outcome = run_cases([case], backend)[case]
    if check == "types" or outcome.error is not None:
        return checks.type_failure(outcome)
    if check == "values":
        oracle = _backend(checks.ORACLE)
        return checks.value_failure(case, outcome, run_cases([case], oracle)[case])
    return outcome.touched if check == "operands" else outcome.overwritten


def _backend(backend: str | Backend) -> Backend:
    return extensions().backend(backend) if isinstance(backend, str) else backend


def _raise(failure: str | Exception | None) -> None:
    if isinstance(failure, Exception):
        raise failure
    if failure is not None:
        raise AssertionError(failure)
