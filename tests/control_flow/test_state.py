"""State in bodies: variables that branches and loops read and write, in the order of the program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ControlFlowError

ENGINES = ["numpy", "jax", "reference"]


def values(found: Any) -> Any:
    return [each.tolist() for each in found] if isinstance(found, list | tuple) else found.tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_only_the_branch_that_is_taken_assigns(engine: str) -> None:
    x = pf.placeholder("float32", (), name="x")
    w, v = pf.Variable(1.0), pf.Variable(1.0)
    y = pf.cond(x > 0, lambda: w.assign_add(x), lambda: v.assign_sub(x))
    with pf.Session(engine) as session:
        assert values(session.run(y, {x: 2.0})) == 3.0
        assert values(session.run([w, v])) == [3.0, 1.0]
        assert values(session.run(y, {x: -2.0})) == 3.0
        assert values(session.run([w, v])) == [3.0, 3.0]


@pytest.mark.parametrize("engine", ENGINES)
def test_branches_that_return_nothing_run_for_what_they_assign(engine: str) -> None:
    x = pf.placeholder("float32", (), name="x")
    w = pf.Variable(1.0)
    step = pf.cond(x > 0, lambda: w.assign(x).operation, lambda: pf.no_op())
    with pf.Session(engine) as session:
        for value, wanted in ((5.0, 5.0), (-1.0, 5.0), (7.0, 7.0)):
            assert session.run(step, {x: value}) is None
            assert values(session.run(w)) == wanted


@pytest.mark.parametrize("engine", ENGINES)
def test_each_iteration_sees_what_the_one_before_assigned(engine: str) -> None:
    w = pf.Variable(1.0)

    def body(i: Any, seen: Any) -> Any:
        before = w.read_value()
        w.assign(w * 2.0)
        return i + 1, seen + before * 100 + w

    _, seen = pf.while_loop(lambda i, _: i < 3, body, [0, 0.0])
    after = w.read_value()
    with pf.Session(engine) as session:
        assert values(session.run([seen, after])) == [100 + 2 + 200 + 4 + 400 + 8, 8.0]
        assert values(session.run(w)) == 8.0


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_read_after_a_loop_is_what_it_left(engine: str) -> None:
    w = pf.Variable(1.0)
    w_before = w * 1.0
    (i,) = pf.while_loop(lambda i: i < 4, lambda i: (w.assign_add(1.0), i + 1)[1:], [0])
    w_after = w * 1.0
    with pf.Session(engine) as session:
        assert values(session.run([i, w_before, w_after])) == [4, 1.0, 5.0]


@pytest.mark.parametrize("engine", ENGINES)
def test_variables_are_written_through_loops_in_branches_in_loops(engine: str) -> None:
    w = pf.Variable(0)

    def outer(i: Any) -> Any:
        def inner() -> Any:
            return pf.while_loop(lambda j: j < i, lambda j: (w.assign_add(10), j + 1)[1:], [0])[0]

        pf.cond(i % 2 == 1, inner, lambda: pf.astype(w.assign_add(1), "int64"))
        return i + 1

    (i,) = pf.while_loop(lambda i: i < 4, outer, [0])
    with pf.Session(engine) as session:
        assert values(session.run([i, w.read_value()])) == [4, 1 + 10 + 1 + 30]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_training_loop_inside_the_graph_learns(engine: str) -> None:
    w = pf.Variable(np.float64(0.0))
    optimizer = pf.train.GradientDescentOptimizer(0.25)

    def body(i: Any) -> Any:
        with pf.control_dependencies([optimizer.minimize((w - 3.0) ** 2)]):
            return i + 1

    (i,) = pf.while_loop(lambda i: i < 40, body, [0])
    with pf.Session(engine) as session:
        session.run(i)
        np.testing.assert_allclose(values(session.run(w)), 3.0, rtol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_gradient_by_a_variable_takes_in_every_value_it_had_in_a_loop(engine: str) -> None:
    w = pf.Variable(np.float64(2.0))
    x = pf.placeholder("float64", (), name="x")

    def body(i: Any, total: Any) -> Any:
        total = total + w * w
        w.assign(w + 1.0)
        return i + 1, total

    _, total = pf.while_loop(lambda i, _: i < 3, body, [0, x])
    slope, by_x = pf.gradients(total, [w, x])
    with pf.Session(engine) as session:
        assert values(session.run([total, slope, by_x], {x: 1.0})) == [1 + 4 + 9 + 16, 4 + 6 + 8, 1.0]


@pytest.mark.parametrize("engine", ENGINES)
def test_control_dependencies_reach_from_a_body_to_the_graph_around(engine: str) -> None:
    w = pf.Variable(1.0)
    first = w.assign(5.0)
    read = w.read_value()

    def body() -> Any:
        with pf.control_dependencies([first]):
            return pf.identity(pf.constant(2.0))

    y = pf.cond(pf.constant(True), body, lambda: 0.0)
    with pf.Session(engine) as session:
        session.run(y)
        assert values(session.run(w)) == 5.0
        assert values(session.run(read)) == 5.0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_variable_made_in_a_body_is_made_once_outside(engine: str) -> None:
    made: list[pf.Variable] = []

    def body(i: Any) -> Any:
        made.append(pf.Variable(0, name="count"))
        made[-1].assign_add(1)
        return i + 1

    (i,) = pf.while_loop(lambda i: i < 5, body, [0], name="loop")
    assert [each.name for each in made] == ["loop/body/count:0"]
    with pf.Session(engine) as session:
        session.run(i)
        assert values(session.run(made[0])) == 5


@pytest.mark.parametrize("engine", ENGINES)
def test_random_numbers_differ_from_iteration_to_iteration_and_not_from_engine_to_engine(engine: str) -> None:
    def body(i: Any, array: Any) -> Any:
        return i + 1, array.write(i, pf.random.uniform(()))

    array = pf.TensorArray("float32", size=4)
    drawn = pf.while_loop(lambda i, _: i < 4, body, [0, array], name="draws")[1].stack()
    with pf.Session(engine) as session:
        first, second = values(session.run(drawn)), values(session.run(drawn))
    assert len({*first, *second}) == 8
    with pf.Session("numpy") as session:
        assert values(session.run(drawn)) == first


def test_two_sessions_over_one_graph_never_meet_in_a_loop() -> None:
    w = pf.Variable(0)
    (i,) = pf.while_loop(lambda i: i < 3, lambda i: (w.assign_add(1), i + 1)[1:], [0])
    with pf.Session() as first, pf.Session() as second:
        first.run(i)
        first.run(i)
        second.run(i)
        assert values(first.run(w)) == 6
        assert values(second.run(w)) == 3


def test_a_condition_that_writes_is_refused() -> None:
    w = pf.Variable(0)
    (i,) = pf.while_loop(lambda i: w.assign_add(1) < 3, lambda i: i + 1, [0])
    with pytest.raises(
        ControlFlowError, match=r"while_loop: the condition writes variable Variable:0\n.*\n.*in the body"
    ):
        pf.Session().run(i)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_optimizer_that_keeps_slots_works_in_a_body(engine: str) -> None:
    def trained(in_body: bool) -> Any:
        w = pf.Variable([1.0, 2.0])
        optimizer = pf.train.AdamOptimizer(0.1)

        def step(i: Any) -> Any:
            with pf.control_dependencies([optimizer.minimize(pf.sum(w * w), var_list=[w])]):
                return i + 1

        if in_body:
            with pf.Session(engine) as session:
                session.run(pf.while_loop(lambda i: i < 4, step, [0]))
                return session.run(w).tolist()
        once = optimizer.minimize(pf.sum(w * w), var_list=[w])
        with pf.Session(engine) as session:
            for _ in range(4):
                session.run(once)
            return session.run(w).tolist()

    assert trained(in_body=True) == pytest.approx(trained(in_body=False), rel=1e-6)
