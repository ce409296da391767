"""What must be refused: calls that make no sense, and all that a backend declares that it cannot do."""

from __future__ import annotations

from functools import partial
from typing import Any

import polyflow as pf
from polyflow.core.declaration import Op
from polyflow.core.dtypes import DTYPES
from polyflow.errors import KernelError
from polyflow.extension import Backend
from polyflow.extension.capabilities import capabilities_of
from polyflow.extension.kernels import find_kernel
from polyflow_conformance.cases import value_cases
from polyflow_conformance.judging import case_result
from polyflow_conformance.replay import ran, refused
from polyflow_conformance.results import Result
from polyflow_conformance.running import run_cases


def check_missing(op: Op, backend: Backend) -> list[Result]:
    """An op that the backend declares missing, or has no kernel for and need not, is refused in the right words."""
    capabilities = capabilities_of(backend)
    needs_one = not op.is_nested and op.expansion_rule is None
    without = not capabilities.is_complete and needs_one and find_kernel(op, backend) is None
    if not capabilities.lacks(op.full_name) and not without:
        return []
    cases = list(value_cases(op, [each for each in DTYPES.values() if each in backend.dtypes]))[:1]
    return [
        case_result(each, "missing", backend, _wrong_refusal(outcome.error, op, backend))
        for each, outcome in run_cases(cases, backend).items()
    ]


def _wrong_refusal(error: Exception | None, op: Op, backend: Backend) -> str | None:
    if not isinstance(error, KernelError):
        return f"KernelError was expected for an op that is declared missing; {error or 'a value'} came"
    text = str(error)
    for part in (f"backend {backend.name!r} has no kernel", "built at"):
        if part not in text:
            return f"the error does not say {part!r}: {text}"
    return None if op.full_name in error.ops or op.expansion_rule else f"the error does not name {op.full_name}: {text}"


def a_dtype_that_is_not_declared_is_refused(backend: Any) -> None:
    has = pf.Session(backend).backend
    for dtype in DTYPES.values():
        if dtype not in has.dtypes:
            x = pf.placeholder(dtype, (1,))
            text = f"backend {has.name!r} has no dtype {dtype}"
            session, y = pf.Session(backend), pf.identity(x)
            refused(pf.errors.DTypeError, text, partial(session.run, y, {x: [0]}))


def a_shape_that_depends_on_data_works_or_is_refused(backend: Any) -> None:
    x = pf.placeholder("int64", (4,))
    session, places = pf.Session(backend), pf.nonzero(x)[0] * 2
    if capabilities_of(session.backend).dynamic_shapes:
        assert ran(session, places, {x: [0, 5, 0, 7]}) == [2, 6], ran(session, places, {x: [0, 5, 0, 7]})
        assert ran(session, places, {x: [0, 0, 0, 0]}) == [], ran(session, places, {x: [0, 0, 0, 0]})
    else:
        text = f"backend {session.backend.name!r} has no shapes that depend on data"
        refused(pf.errors.KernelError, text, lambda: session.run(places, {x: [0, 5, 0, 7]}))


def a_placeholder_that_is_not_fed_is_named(backend: Any) -> None:
    x = pf.placeholder("float32", (2,), name="rate")
    refused(pf.errors.FeedError, "placeholder 'rate' is needed and was not fed", lambda: pf.Session(backend).run(x * 2))


def a_feed_of_the_wrong_shape_is_refused(backend: Any) -> None:
    x = pf.placeholder("float32", (2,), name="rate")
    call = lambda: pf.Session(backend).run(x * 2, {x: [1.0, 2.0, 3.0]})  # noqa: E731
    refused(pf.errors.FeedError, "feed of 'rate:0' has the wrong shape", call)
    refused(pf.errors.FeedError, "float32[3]", call)


def a_feed_of_the_wrong_dtype_is_refused(backend: Any) -> None:
    x = pf.placeholder("float32", (2,), name="rate")
    with pf.Session(backend) as session:
        whole = session.run(pf.constant([1, 2], dtype="int32"))
        refused(pf.errors.FeedError, "feed of 'rate:0' has the wrong dtype", lambda: session.run(x * 2, {x: whole}))


def an_unknown_name_is_refused(backend: Any) -> None:
    pf.placeholder("float32", (2,), name="rate")
    with pf.Session(backend) as session:
        refused(pf.errors.FetchError, "no operation 'rat' in the graph", lambda: session.run("rat"))
        refused(pf.errors.FeedError, "no operation 'rat' in the graph", lambda: session.run("rate", {"rat": 1.0}))


def a_closed_session_refuses_to_run(backend: Any) -> None:
    session = pf.Session(backend)
    session.close()
    refused(pf.errors.SessionClosedError, "the session is closed", lambda: session.run(pf.constant(1.0)))


def an_assertion_that_does_not_hold_ends_the_run(backend: Any) -> None:
    x = pf.placeholder("float32", ())
    with pf.control_dependencies([pf.Assert(x > 0.0, [x])]):
        y = x * 2.0
    with pf.Session(backend) as session:
        assert ran(session, y, {x: 2.0}) == 4.0
        refused(pf.errors.InvalidArgumentError, "-3", lambda: session.run(y, {x: -3.0}))


def an_error_on_the_way_names_the_operation_and_the_line(backend: Any) -> None:
    x = pf.placeholder("float32", ())
    y = pf.py_func(lambda value: 1 // 0, [x * 2.0], "float32")
    with pf.Session(backend) as session:
        for text in ("py_func failed while it ran", "ZeroDivisionError", "built at"):
            refused(pf.errors.ExecutionError, text, lambda: session.run(y, {x: 1.0}))


def a_nan_is_reported_where_it_is_made_if_that_is_asked(backend: Any) -> None:
    x = pf.placeholder("float32", ())
    y, options = pf.log(x * 1.0) + 1.0, pf.RunOptions(check_numerics=True)
    with pf.Session(backend) as session:
        assert ran(session, y, {x: 1.0}, options=options) == 1.0
        for text in ("log", "NaN"):
            refused(pf.errors.NumericsError, text, lambda: session.run(y, {x: -1.0}, options=options))


PROBES = (
    a_dtype_that_is_not_declared_is_refused, a_shape_that_depends_on_data_works_or_is_refused,
    a_placeholder_that_is_not_fed_is_named, a_feed_of_the_wrong_shape_is_refused,
    a_feed_of_the_wrong_dtype_is_refused, an_unknown_name_is_refused, a_closed_session_refuses_to_run,
    an_assertion_that_does_not_hold_ends_the_run, an_error_on_the_way_names_the_operation_and_the_line,
    a_nan_is_reported_where_it_is_made_if_that_is_asked,
)  # fmt: skip
