"""Bodies around host operations: what lies between is compiled, and nobody can tell but by the time it takes."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import DTypeError, ExecutionError, GradientError

FEED = np.asarray([0.5, -1.0, 2.0], "float32")


@pytest.fixture
def x() -> pf.Tensor:
    return pf.placeholder("float32", (3,), name="x")


def tripled(value: Any) -> pf.Tensor:
    return pf.py_func(lambda v: v * np.float32(3), [value], "float32", gradient=lambda operation, g: g * 3.0)


def both(fetches: Any, feeds: Any) -> tuple[Any, Any]:
    """What NumPy makes of them, which compiles nothing, and what JAX does."""
    wanted, found = (pf.Session(engine).run(fetches, feeds) for engine in ("numpy", "jax"))
    return wanted, found


def check_alike(fetches: list[Any], feeds: Any) -> None:
    for right, value in zip(*both(fetches, feeds), strict=True):
        assert value.dtype.name == right.dtype.name
        np.testing.assert_allclose(np.asarray(value), right, rtol=1e-5)


def test_a_body_is_compiled_before_and_after_its_host_function(x: pf.Tensor) -> None:
    y = pf.fori_loop(0, 4, lambda i, a: pf.tanh(tripled(pf.sin(a) * 2.0) + 1.0) * a, x)
    text = pf.Session("jax").explain(y)
    assert "run operation by operation but for 2 stretches in it: 'fori_loop/body/py_func' runs on the host" in text
    assert "region=" in text
    assert "k_sin(p0)" in text, "the code of a stretch is shown"
    check_alike([y], {x: FEED})


@pytest.mark.parametrize(
    "build",
    [
        lambda x: pf.while_loop(
            lambda i, a: (i < 20) & (pf.sum(a * a) < 1e6), lambda i, a: (i + 1, tripled(a) - pf.cos(a) * 0.5), [0, x]
        ),
        lambda x: [pf.scan(lambda a, e: (tripled(a * e) + e) * 0.1, x, pf.constant(1.0))],
        lambda x: [
            pf.cond(pf.sum(x) > 0.0, lambda: tripled(pf.exp(x) + 1.0) * x, lambda: pf.sin(x) * 2.0),
            pf.cond(pf.sum(x) < 0.0, lambda: tripled(pf.exp(x) + 1.0) * x, lambda: pf.sin(x) * 2.0),
        ],
        lambda x: [
            pf.fori_loop(0, 3, lambda i, a: pf.fori_loop(0, 2, lambda j, b: tripled(b * 0.1 + x) * x, pf.sin(a) + a), x)
        ],
        lambda x: [
            pf.fori_loop(
                0, 3, lambda i, a: tripled(pf.fori_loop(0, 5, lambda j, b: pf.sin(b) * x + 1.0, a) * 0.1) + a * x, x
            )
        ],
        lambda x: [pf.fori_loop(0, 5, lambda i, a: tripled(a) * 0.2 + pf.astype(i, "float32") * x, x)],
        lambda x: pf.gradients(pf.sum(pf.fori_loop(0, 3, lambda i, a: pf.sin(tripled(a) * x) + a, x)), [x]),
        lambda x: [pf.fori_loop(0, 3, lambda i, a: tripled(pf.astype(pf.astype(a, "float64") * 2.0, "float32")), x)],
    ],
    ids=["while", "scan", "cond", "host inside twice", "compiled loop inside", "counter", "gradient", "wide types"],
)
def test_results_are_those_of_an_engine_that_compiles_nothing(build: Any, x: pf.Tensor) -> None:
    check_alike(list(build(x)), {x: FEED})


def test_effects_keep_their_order(x: pf.Tensor) -> None:
    seen: list[Any] = []

    def note(name: str) -> Any:
        return lambda v: seen.append((name, round(float(v), 3)))

    def body(i: Any, a: Any) -> Any:
        first = pf.py_func(note("first"), [pf.sum(a) * 2.0], [], name="first")
        with pf.control_dependencies([first]):
            b = pf.tanh(a) + a
        second = pf.py_func(note("second"), [pf.sum(b) - 1.0], [], name="second")
        with pf.control_dependencies([second]):
            return b * 2.0

    y = pf.fori_loop(0, 3, body, x)
    wanted, found = both(y, {x: FEED})
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert [name for name, _ in seen] == ["first", "second"] * 6
    np.testing.assert_allclose([v for _, v in seen[6:]], [v for _, v in seen[:6]], atol=2e-3)


def test_an_error_names_the_operation_the_line_and_the_iteration(x: pf.Tensor) -> None:
    def fails_late(v: Any) -> Any:
        if v[0] > 4:
            raise ValueError("too much")
        return v

    def body(i: Any, a: Any) -> Any:
        return pf.py_func(fails_late, [a * 2.0 + 0.0 * x], "float32", shape=(3,)) + pf.abs(a) * 0.0

    here = f"{__file__}:{sys._getframe().f_lineno - 2}"
    with pytest.raises(ExecutionError, match="raised ValueError: too much") as caught:
        pf.Session("jax").run(pf.fori_loop(0, 9, body, x), {x: FEED})
    assert f"built at: {here}" in str(caught.value)
    assert "iteration 3" in str(caught.value)


def test_what_a_function_returns_is_checked_and_no_gradient_is_made_up(x: pf.Tensor) -> None:
    y = pf.fori_loop(0, 2, lambda i, a: pf.py_func(lambda v: v > 0, [pf.sin(a) * 2.0], "float32") + 1.0, x)
    with pytest.raises(ExecutionError, match=r"DTypeError: .* returned another dtype than declared") as caught:
        pf.Session("jax").run(y, {x: FEED})
    assert isinstance(caught.value.__cause__, DTypeError)
    with pytest.raises(GradientError, match="has no gradient"):
        pf.Session("jax").run(pf.gradients(pf.sum(y), [x]), {x: FEED})


def test_shapes_may_depend_on_data(x: pf.Tensor) -> None:
    def body(i: Any, a: Any) -> Any:
        positive = a[a > 0]
        return a - pf.sum(pf.exp(positive * 0.1) * 0.25)

    check_alike([pf.fori_loop(0, 3, body, x)], {x: FEED})


def test_queues_and_variables_work_in_bodies_that_are_compiled_in_part() -> None:
    w = pf.Variable(1.0)
    queue = pf.FIFOQueue(10, "float32", ())
    fill = queue.enqueue_many([np.asarray([1.0, 2.0, 3.0], "float32")])

    def body(i: Any, total: Any) -> Any:
        taken = queue.dequeue()
        return total * 0.5 + taken * w.assign_add(taken * 2.0)

    total = pf.fori_loop(0, 3, body, pf.constant(0.0))
    found = []
    for engine in ("numpy", "jax"):
        with pf.Session(engine) as session:
            session.run(fill)
            found.append([float(session.run(total)), float(session.run(w))])
    assert found[0] == pytest.approx(found[1])
    assert found[0][1] == 13.0


def test_many_runs_with_a_host_function_are_compiled_between(x: pf.Tensor) -> None:
    w = pf.Variable(np.ones(3, "float32"))
    loss = pf.sum(pf.tanh(tripled(x * 2.0) * w) ** 2)
    train = pf.train.GradientDescentOptimizer(0.1).minimize(loss)
    batches = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    with pf.Session("jax") as alone, pf.Session("jax") as together:
        wanted = [float(alone.run([loss, train], {x: each})[0]) for each in batches]
        found = together.run_many([loss, train], {x: batches})[0]
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
        np.testing.assert_allclose(together.run(w), alone.run(w), rtol=1e-6)
        plan = together.many_plan([loss, train], {x: together.convert_feed(x, batches[0])[1]}, 5)
    assert any("but for 2 stretches in it" in each for each in plan.notes)
