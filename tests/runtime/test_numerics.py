"""``RunOptions(check_numerics=True)``: the first operation that made a NaN or an infinity, wherever it stands."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import NumericsError

ENGINES = ["numpy", "jax", "reference"]
LOOKING = pf.RunOptions(check_numerics=True)


def failure(fetches: Any, feeds: Any, engine: str) -> str:
    with pf.Session(engine) as session, pytest.raises(NumericsError) as caught:
        session.run(fetches, feeds, options=LOOKING)
    return str(caught.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_operation_that_made_it_is_named_with_its_line(engine: str) -> None:
    x = pf.placeholder("float32", (2,), name="x")
    y = pf.log(x) * 2  # the line
    text = failure(pf.exp(y) + 1, {x: [1.0, -1.0]}, engine)
    assert text.startswith("check_numerics: log is the first operation that made NaN")
    assert "test_numerics.py" in text


@pytest.mark.parametrize("engine", ENGINES)
def test_inside_a_loop_the_iteration_is_named(engine: str) -> None:
    x = pf.placeholder("float64", (), name="x")
    y = pf.while_loop(lambda i, v: i < 9, lambda i, v: (i + 1, pf.sqrt(v - 1.0)), [0, x], name="search")[1]
    text = failure(y, {x: 5.0}, engine)
    assert "sqrt is the first operation that made NaN" in text
    assert "it was in iteration 3 of search, built at" in text


@pytest.mark.parametrize("engine", ENGINES)
def test_of_a_gradient_the_forward_operation_is_named(engine: str) -> None:
    w = pf.Variable(np.float64(0.0), name="w")
    step = pf.train.GradientDescentOptimizer(0.1).minimize(pf.sqrt(w * w))
    text = failure(step, {}, engine)
    assert "made an infinity; it belongs to the gradient of 'sqrt', built at" in text


@pytest.mark.parametrize("engine", ENGINES)
def test_of_the_gradient_of_a_loop_iteration_and_forward_operation_are_named(engine: str) -> None:
    x = pf.placeholder("float64", (), name="x")
    y = pf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, pf.sqrt(v) * 0.0), [0, x], name="loop")[1]
    text = failure(pf.gradients(y, x), {x: 4.0}, engine)
    assert "belongs to the gradient of" in text
    assert "sqrt" in text
    assert "it was in iteration 2 of" in text


def test_what_is_fed_is_looked_at_first() -> None:
    x = pf.placeholder("float32", (), name="x")
    assert failure(x * 2, {x: float("nan")}, "numpy").startswith(
        "check_numerics: 'x' holds NaN before anything has run"
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_an_infinity_that_the_program_says_itself_is_no_fault(engine: str) -> None:
    x = pf.placeholder("float32", (2,), name="x")
    masked = pf.where(x > 0, x, -pf.inf)
    with pf.Session(engine) as session:
        found = session.run(pf.exp(pf.max(masked)), {x: [1.0, -1.0]}, options=LOOKING)
    np.testing.assert_allclose(float(found), np.exp(1.0), rtol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_without_a_fault_gives_what_it_gives_and_writes_variables(engine: str) -> None:
    w = pf.Variable([1.0, 2.0])
    with pf.Session(engine, options=LOOKING) as session:
        for _ in range(2):
            session.run(w.assign_add([1.0, 1.0]))
        prepared = session.prepare(w * 2)
        assert [float(each) for each in prepared()] == [6.0, 8.0]
