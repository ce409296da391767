"""``py_func``: Python functions as operations, their types, gradients and errors."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ArgumentError, ExecutionError, GradientError, OutOfRangeError

BACKENDS = ["numpy", "reference", "jax"]


@pytest.fixture(params=BACKENDS)
def session(request: pytest.FixtureRequest) -> Any:
    with pf.Session(request.param) as opened:
        yield opened


def line(offset: int = 0) -> str:
    return f"{__file__}:{sys._getframe(1).f_lineno + offset}"


def test_a_function_gets_the_arrays_of_its_inputs_and_its_result_goes_on(session: Any) -> None:
    x = pf.placeholder("float32", (None,))
    y = pf.py_func(lambda x: x + x, [x], pf.float32) * 10
    assert session.run(y, {x: [1.0, 2.0]}).tolist() == [20.0, 40.0]


def test_a_function_may_have_several_results_of_different_types(session: Any) -> None:
    x = pf.constant([3.0, 1.0])
    ordered, count = pf.py_func(
        lambda x: (sorted(x.tolist()), len(x.tolist())), [x], [pf.float32, pf.int64], shape=[(2,), ()]
    )
    assert [each.tolist() for each in session.run([ordered, count])] == [[1.0, 3.0], 2]
    assert (ordered.shape, count.dtype) == ((2,), pf.int64)


def test_a_function_without_result_is_an_operation(session: Any) -> None:
    seen: list[Any] = []
    note = pf.py_func(lambda x: seen.append(x.tolist()), [pf.constant([1, 2])], [])
    assert isinstance(note, pf.Operation)
    assert session.run(note) is None
    assert seen == [[1, 2]]


def test_the_dtype_may_stand_in_the_annotation(session: Any) -> None:
    def length(x: Any) -> pf.int64:  # type: ignore[valid-type]
        return len(x.tolist())

    assert session.run(pf.py_func(length, [pf.constant([1.0, 2.0])], shape=())).tolist() == 2


def test_a_function_that_declares_nothing_is_refused() -> None:
    with pytest.raises(ArgumentError) as caught:
        pf.py_func(len, [1.0])
    assert str(caught.value) == (
        "py_func: what len returns is not declared\n"
        "  needed:  the dtype of its result, or a list of those of several\n"
        f"  built at: {line(-4)}\n"
        "  try:     py_func(func, inp, polyflow.float32, shape=...)"
    )


def test_a_stateful_function_runs_in_each_run_and_a_pure_one_may_be_left_out(session: Any) -> None:
    calls: list[str] = []

    def call(name: str) -> Any:
        return pf.py_func(lambda x: (calls.append(name), x)[1], [x], pf.float32, stateful=name == "stateful")

    x = pf.placeholder("float32", ())
    first, second = call("stateful"), call("pure")
    with pf.control_dependencies([first, second]):
        y = x + 1
    for _ in range(2):
        session.run(y, {x: 1.0})
    assert calls == ["stateful", "stateful"]


def test_functions_run_in_the_order_in_which_they_were_built(session: Any) -> None:
    order: list[int] = []
    operations = [pf.py_func(lambda place=place: order.append(place), [], []) for place in range(5)]
    session.run(operations[::-1])
    assert order == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_a_function_gets_arrays_of_numpy_where_a_backend_has_none_that_python_reads_fast(backend: str) -> None:
    kinds: list[type] = []
    session = pf.Session(backend)
    session.run(pf.py_func(lambda *xs: kinds.extend(map(type, xs)), [pf.constant([1.0]), pf.constant(2)], []))
    assert kinds == [np.ndarray, np.ndarray]


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_a_function_cannot_write_into_its_operands(backend: str) -> None:
    def write(x: Any) -> Any:
        x[0] = 5.0
        return x

    x = pf.constant([1.0, 2.0])
    with pytest.raises(ExecutionError, match="write raised ValueError: assignment destination is read-only"):
        pf.Session(backend).run(pf.py_func(write, [x], pf.float32))


def test_what_a_function_returns_is_copied() -> None:
    buffer = np.zeros(2, "float32")

    def fill() -> Any:
        buffer[:] += 1
        return buffer

    session, y = pf.Session("numpy"), pf.py_func(fill, [], pf.float32, shape=(2,))
    first, second = session.run(y), session.run(y)
    assert (first.tolist(), second.tolist()) == ([1.0, 1.0], [2.0, 2.0])


# -- gradients


def test_a_gradient_function_builds_the_gradient_and_may_use_python_itself(session: Any) -> None:
    def cube_gradient(operation: Any, g: Any) -> Any:
        (x,) = operation.inputs
        return g * pf.py_func(lambda x: [3 * each * each for each in x.tolist()], [x], pf.float32)

    x = pf.placeholder("float32", (2,))
    y = pf.py_func(lambda x: x * x * x, [x], pf.float32, gradient=cube_gradient)
    (gradient,) = pf.gradients(pf.sum(2 * y), x)
    assert session.run(gradient, {x: [1.0, 2.0]}).tolist() == [6.0, 24.0]


def test_a_gradient_for_some_of_several_operands_is_enough(session: Any) -> None:
    x, n = pf.placeholder("float32", ()), pf.placeholder("int64", ())
    y = pf.py_func(
        lambda x, n: x.tolist() ** n.tolist(), [x, n], pf.float32, shape=(), gradient=lambda operation, g: (g * 7, None)
    )
    assert session.run(pf.gradients(y, x)[0], {x: 2.0, n: 3}).tolist() == 7.0


def test_a_function_without_gradient_says_so_when_one_is_asked_for(session: Any) -> None:
    def opaque(x: Any) -> Any:
        return x

    x = pf.placeholder("float32", ())
    y = pf.py_func(opaque, [x], pf.float32)
    here = line(-1)
    with pytest.raises(GradientError) as caught:
        session.run(pf.gradients(y, x)[0], {x: 2.0})
    assert "the Python function test_a_function_without_gradient_says_so_when_one_is_asked_for.<locals>.opaque" in str(
        caught.value
    )
    assert f"has no gradient\n  built at: {here}\n  try:     py_func(..., gradient=function)" in str(caught.value)


# -- errors


def test_an_error_of_the_function_names_it_the_operation_and_the_line(session: Any) -> None:
    def halve(x: Any) -> Any:
        raise ValueError("cannot be halved")

    y = pf.py_func(halve, [pf.constant(3.0)], pf.float32, name="half")
    here = line(-1)
    with pytest.raises(ExecutionError) as caught:
        session.run(y)
    text = str(caught.value)
    assert text.startswith("py_func failed while it ran: ExecutionError: ")
    assert "<locals>.halve raised ValueError: cannot be halved\n  operand: %half: float32[] = py_func(" in text
    assert text.endswith(f"  built at: {here}")
    assert isinstance(caught.value.__cause__.__cause__, ValueError)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (
            lambda: np.zeros(2),
            "another dtype than declared\n  found:   float64\n  needed:  float32\n  try:     convert",
        ),
        (lambda: np.zeros(3, "float32"), "another shape than declared\n  found:   (3,)\n  needed:  (2,)\n  try:  "),
        (lambda: "text", "returned is no array"),
        (lambda: "1.0", "returned is no array"),
        (lambda: None, "returned is no array"),
        (lambda: [[1.0], [None]], "returned is no array"),
    ],
    ids=["dtype", "shape", "no array", "a number as text", "None", "None in lists"],
)
def test_a_result_of_another_type_than_declared_is_refused(returned: Any, expected: str) -> None:
    with pytest.raises(ExecutionError) as caught:
        pf.Session("numpy").run(pf.py_func(returned, [], pf.float32, shape=(2,)))
    assert expected in str(caught.value)


def test_another_number_of_results_than_declared_is_refused(session: Any) -> None:
    y = pf.py_func(lambda: (1.0, 2.0, 3.0), [], [pf.float32, pf.float32])
    with pytest.raises(
        ExecutionError, match=r"another number of results than Tout declares\n  found:   3\n  needed:  2"
    ):
        session.run(y)


def test_as_many_shapes_as_dtypes_are_needed() -> None:
    with pytest.raises(ArgumentError, match="one shape is needed for each result\n  found:   1 shapes\n  needed:  2"):
        pf.py_func(lambda: (1.0, 2.0), [], [pf.float32, pf.float32], shape=[()])


def test_a_shape_may_be_open_in_a_dimension(session: Any) -> None:
    counts = iter([1, 3])
    y = pf.py_func(lambda: [1.0] * next(counts), [], pf.float32, shape=(None,))
    total = pf.sum(y)
    assert [session.run(total).tolist() for _ in range(2)] == [1.0, 3.0]


def test_a_generator_that_has_no_more_ends_the_run_as_the_end_of_input(session: Any) -> None:
    numbers = iter([1.0, 2.0])
    y = pf.py_func(lambda: next(numbers), [], pf.float32)
    assert [session.run(y).tolist() for _ in range(2)] == [1.0, 2.0]
    with pytest.raises(OutOfRangeError, match="has no more values: it raised StopIteration"):
        session.run(y)


def test_a_function_may_use_the_session_that_runs_it(session: Any) -> None:
    double = pf.constant(4.0) * 2
    y = pf.py_func(lambda: session.run(double), [], pf.float32)
    assert session.run(y).tolist() == 8.0


def test_a_function_runs_at_once_on_arrays() -> None:
    xp = pf.eager("numpy")
    assert float(xp.py_func(lambda x: x + 1, [xp.asarray([1.0])], pf.float32)[0]) == 2.0
