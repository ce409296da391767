"""Functions of arrays, traced once for each signature."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ArgumentError, BackendError, GraphError, SymbolicValueError

X = np.asarray([1.0, 2.0, 3.0])


def counted() -> tuple[Any, list[int]]:
    calls: list[int] = []

    def square(x: Any, scale: Any = 1, *, shift: Any = 0) -> Any:
        calls.append(1)
        return x * x * scale + shift

    return square, calls


def test_it_is_traced_once_for_each_signature() -> None:
    square, calls = counted()
    function = pf.function(square)
    np.testing.assert_array_equal(function(X), X * X)
    np.testing.assert_array_equal(function(X + 1), (X + 1) ** 2)
    assert (len(calls), function.compilations) == (1, 1)
    function(X[:2])
    function(X.astype(np.float32))
    assert (len(calls), function.compilations) == (3, 3)


def test_numbers_with_a_point_are_traced_and_whole_ones_are_not() -> None:
    square, calls = counted()
    function = pf.function(square)
    assert function(X, 2.0)[1] == 8.0
    assert function(X, 0.5)[1] == 2.0
    assert len(calls) == 1
    assert [function(X, each)[1] for each in (2, 3, True)] == [8.0, 12.0, 4.0]
    assert function(X, 1)[1] == 4.0
    assert len(calls) == 5  # 1 and True are two signatures


@pytest.mark.parametrize(
    ("argument", "beside", "dtype"),
    [
        (0.5, np.float32(1), "float32"),
        (0.1, np.float64(1), "float64"),
        (0.5, np.int8(1), "float32"),
        (2j, np.float64(1), "complex128"),
        (2j, np.float32(1), "complex64"),
        (0.5, None, "float32"),
    ],
    ids=str,
)
def test_a_number_takes_the_dtype_of_the_arrays_beside_it(argument: complex, beside: Any, dtype: str) -> None:
    found = pf.function(lambda x, y: x * 1)(argument, beside)
    assert found.dtype == dtype
    assert found == np.asarray(argument, dtype)


def test_a_number_loses_nothing_beside_float64() -> None:
    assert pf.function(lambda x, y: x + y)(0.1, np.float64(0)) == 0.1


def test_static_arguments_are_taken_by_value() -> None:
    def power(x: Any, exponent: Any, *, offset: float) -> Any:
        return x**exponent if exponent > 0 else x * 0 + offset

    function = pf.function(power, static_argnums=[1], static_argnames=["offset"])
    np.testing.assert_allclose(function(X, 0.5, offset=1.0), np.sqrt(X))
    np.testing.assert_allclose(function(X, -1.0, offset=7.0), [7.0, 7.0, 7.0])


def test_structures_go_in_and_come_out() -> None:
    def function(parameters: Any, *, options: Any) -> Any:
        w, (b, c) = parameters["w"], parameters["rest"]
        return {"sum": [w + b, c], "name": options["name"], "none": None, "number": 3}

    found = pf.function(function)({"w": X, "rest": (X, [X])}, options={"name": "n", "flag": False})
    np.testing.assert_array_equal(found["sum"][0], 2 * X)
    np.testing.assert_array_equal(found["sum"][1][0], X)
    assert (found["name"], found["none"], found["number"]) == ("n", None, 3)


def test_a_new_signature_is_logged_with_what_changed(caplog: pytest.LogCaptureFixture) -> None:
    square, _ = counted()
    function = pf.function(square)
    with caplog.at_level(logging.INFO, "polyflow"):
        function(X)
        function(X)
        function(X[:2])
        function(X[:2], shift=4)
        function(X[:2], shift=5)
    assert [each.getMessage() for each in caplog.records] == [
        "square: traced for the first time",
        "square: traced again, 2 times by now: x was float64[3], is float64[2]",
        "square: traced again, 3 times by now: the structure of the arguments was ((*,), {}), is ((*,), {'shift': *})",
        "square: traced again, 4 times by now: shift was 4, is 5",
    ]


def test_explain_shows_the_program_and_graph_is_the_latest_trace() -> None:
    function = pf.function(lambda x, n: pf.sum(x) * n)
    with pytest.raises(GraphError, match="has no graph before its first call"):
        function.graph  # noqa: B018
    text = function.explain(X, 2)
    assert "traced for (x: float64[3], n: 2)" in text
    assert "program(%x: float64[3])" in text
    assert [each.op.name for each in function.graph.operations][:2] == ["placeholder", "sum"]


@pytest.mark.parametrize("backend", ["numpy", "jax", "reference"])
def test_it_runs_on_every_backend(backend: str) -> None:
    function = pf.function(lambda x: pf.cumulative_sum(x) / 2, backend=backend)
    np.testing.assert_array_equal(np.asarray(function(X).tolist()), np.cumsum(X) / 2)


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(BackendError):
        pf.function(lambda x: x, backend="nunpy")(X)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_eager_arrays_come_out_where_they_go_in(backend: str) -> None:
    xp = pf.eager(backend)
    found, name = pf.function(lambda x: (x + 1, "name"))(xp.asarray(X))
    assert found.__array_namespace__() is xp
    assert found.tolist() == [2.0, 3.0, 4.0] if hasattr(found, "tolist") else float(found[0]) == 2.0
    assert name == "name"


def test_on_tensors_it_adds_to_their_graph() -> None:
    x = pf.placeholder("float64", (3,))
    y = pf.function(lambda a, b: a * b)(x, 2.0)
    assert y.graph is x.graph
    np.testing.assert_array_equal(pf.Session().run(y, {x: X}), 2 * X)


def test_functions_call_functions() -> None:
    inner = pf.function(lambda x: x + 1)
    outer = pf.function(lambda x: inner(x) * inner(np.ones(3)))
    np.testing.assert_array_equal(outer(X), (X + 1) * 2)
    assert inner.compilations == 0


def test_it_decorates() -> None:
    @pf.function(backend="jax")
    def double(x: Any) -> Any:
        """Twice x."""
        return x + x

    assert (double.__name__, double.__doc__) == ("double", "Twice x.")
    np.testing.assert_array_equal(double(X), 2 * X)


def test_variables_made_inside_are_refused() -> None:
    with pytest.raises(GraphError, match=r"(?s)<lambda> makes a variable while it is traced.*make the variable out"):
        pf.function(lambda x: x * pf.Variable(1.0))(X)


def test_variables_of_another_graph_are_refused() -> None:
    w = pf.Variable(X, name="w")
    with pytest.raises(GraphError, match=r"(?s)uses w:0, a variable of another graph.*session.run\(w\)"):
        pf.function(lambda x: x * w)(X)
    with pytest.raises(GraphError, match="a variable of another graph"):
        pf.function(lambda x: w.assign(x))(X)


def test_tensors_of_another_graph_are_refused() -> None:
    y = pf.constant(X, name="y")
    with pytest.raises(GraphError, match=r"(?s)uses y:0, a tensor of another graph.*pass its value as an argument"):
        pf.function(lambda x: x * y)(X)


def test_variables_are_used_on_tensors_of_their_graph() -> None:
    w = pf.Variable(X)
    x = pf.placeholder("float64", (3,))
    y = pf.function(lambda x: x * w)(x)
    np.testing.assert_array_equal(pf.Session().run(y, {x: X}), X * X)


def test_what_cannot_be_hashed_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"(?s)argument b cannot be traced for.*set.*functools.partial"):
        pf.function(lambda a, b: a)(X, {1, 2})


def test_a_question_to_a_value_names_the_line_that_asked() -> None:
    with pytest.raises(SymbolicValueError, match=r"(?s)used as a condition.*test_function.py.*polyflow.where"):
        pf.function(lambda x: x if x[0] > 0 else -x)(X)


def test_assigning_to_elements_leaves_the_callers_array() -> None:
    def first_to_zero(x: Any) -> Any:
        x[0] = 0.0
        return x

    x = X.copy()
    np.testing.assert_array_equal(pf.function(first_to_zero)(x), [0.0, 2.0, 3.0])
    np.testing.assert_array_equal(x, X)
