"""``session.run_many``: the same as so many runs, in one loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ArgumentError, FeedError

ENGINES = ["numpy", "jax", "reference"]


class Learner:
    """A small network with everything that a run may change: weights, slots, a random stream."""

    def __init__(self) -> None:
        self.x = pf.placeholder("float64", (None, 2), name="x")
        self.w = pf.Variable(np.asarray([[0.5], [-0.3]]), name="w")
        noise = pf.random.normal((), dtype="float64") * 0.1
        self.loss = pf.mean((pf.tanh(self.x @ self.w) - 1.0 + noise) ** 2)
        self.train = pf.train.AdamOptimizer(0.05).minimize(self.loss)
        self.batches = np.random.default_rng(0).normal(size=(7, 3, 2))

    def one_by_one(self, session: pf.Session) -> list[float]:
        return [float(session.run([self.loss, self.train], {self.x: each})[0]) for each in self.batches]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("chunk", [None, 1, 3, 7, 100])
def test_losses_and_weights_are_those_of_so_many_runs(chunk: int | None, engine: str) -> None:
    learner = Learner()
    with pf.Session(engine) as alone, pf.Session(engine) as together:
        wanted = learner.one_by_one(alone)
        losses, nothing = together.run_many([learner.loss, learner.train], {learner.x: learner.batches}, chunk=chunk)
        np.testing.assert_allclose(np.asarray(losses.tolist()), wanted, rtol=1e-12)
        assert nothing is None
        np.testing.assert_allclose(together.run(learner.w).tolist(), alone.run(learner.w).tolist(), rtol=1e-12)
        np.testing.assert_allclose(learner.one_by_one(together), learner.one_by_one(alone), rtol=1e-11)


@pytest.mark.parametrize("engine", ENGINES)
def test_feeds_may_come_one_by_one(engine: str) -> None:
    learner = Learner()
    done: list[int] = []
    with pf.Session(engine) as alone, pf.Session(engine) as together:
        wanted = learner.one_by_one(alone)
        feeds = ({"x": each} for each in learner.batches)
        found = together.run_many({"loss": learner.loss, "step": learner.train}, feeds, chunk=3, progress=done.append)
        np.testing.assert_allclose(np.asarray(found["loss"].tolist()), wanted, rtol=1e-12)
    assert done == [3, 6, 7]


@pytest.mark.parametrize("engine", ENGINES)
def test_without_feeds_the_number_of_steps_is_said(engine: str) -> None:
    w = pf.Variable(1.0)
    doubled = w.assign(w * 2.0)
    with pf.Session(engine) as session:
        assert session.run_many(doubled, steps=5).tolist() == [2.0, 4.0, 8.0, 16.0, 32.0]
        assert session.run_many([w, doubled], steps=2, chunk=1)[0].tolist() == [32.0, 64.0]
        assert session.run(w).tolist() == 128.0


def test_on_a_compiled_engine_the_steps_are_one_program() -> None:
    learner = Learner()
    with pf.Session("jax") as session:
        _, type = session.convert_feed(learner.x, learner.batches[0])
        plan = session.many_plan([learner.loss, learner.train], {learner.x: type}, 7)
        assert [each.op.name for each in plan.program.operations] == ["loop"]
        assert len(plan.sources) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_host_functions_run_in_each_step(engine: str) -> None:
    seen: list[float] = []

    def note(value: Any) -> Any:
        seen.append(float(value))
        return value

    x = pf.placeholder("float32", (), name="x")
    y = pf.py_func(note, [x], "float32")
    with pf.Session(engine) as session:
        assert session.run_many(y + 1, {x: [1.0, 2.0, 3.0]}).tolist() == [2.0, 3.0, 4.0]
    assert seen == [1.0, 2.0, 3.0]


def test_what_cannot_be_repeated_is_refused() -> None:
    x, y = pf.placeholder("float32", (2,), name="x"), pf.placeholder("float32", (), name="y")
    session = pf.Session()
    with pytest.raises(ArgumentError, match="run_many: how many steps"):
        session.run_many(pf.constant(1.0))
    with pytest.raises(ArgumentError, match="run_many: chunk\n  found:   0"):
        session.run_many(x, {x: np.ones((3, 2), "float32")}, chunk=0)
    with pytest.raises(ArgumentError, match="run_many: steps\n  found:   0\n  needed:  1 or more, or None"):
        session.run_many(pf.constant(1.0), steps=0)
    with pytest.raises(ArgumentError, match="run_many: the feeds of a step\n  found:   1\n  needed:  a dict"):
        session.run_many(x, [1])
    for twice in ({x: [[1, 2]], "x": [[1, 2]]}, [{x: [1, 2], "x": [1, 2]}]):
        with pytest.raises(FeedError, match="'x:0' is fed twice"):
            session.run_many(x, twice)
    with pytest.raises(
        FeedError, match="feed of 'y:0'\n  found:   float32\\[4\\]\n  needed:  3 steps along the first axis"
    ):
        session.run_many(x + y, {x: np.ones((3, 2), "float32"), y: np.ones(4, "float32")})
    with pytest.raises(FeedError, match="feed of 'x:0' has the wrong shape\n  found:   float32\\[3\\]"):
        session.run_many(x, {x: np.ones((3, 3), "float32")})
    with pytest.raises(FeedError, match="step 1 feeds something else than the first\n  found:   y:0\n  needed:  x:0"):
        session.run_many(x, [{x: np.ones(2, "float32")}, {y: np.float32(1)}])
    with pytest.raises(ArgumentError, match="run_many: there are no steps"):
        session.run_many(x, [])


@pytest.mark.parametrize("engine", ENGINES)
def test_results_whose_shape_depends_on_data_come_stacked_if_they_are_of_one_shape(engine: str) -> None:
    x = pf.placeholder("float32", (2,), name="x")
    places = pf.nonzero(x)[0]
    found = pf.Session(engine).run_many(places, {x: [[0.0, 1.0], [2.0, 0.0], [0.0, 4.0]]}, chunk=2)
    assert found.tolist() == [[1], [0], [1]]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_variable_that_is_fed_holds_what_the_last_step_assigned(engine: str) -> None:
    w = pf.Variable(1.0)
    more = w.assign_add(0.5)
    with pf.Session(engine) as session:
        assert session.run_many(more, {w: np.asarray([1.0, 5.0, 3.0], "float32")}).tolist() == [1.5, 5.5, 3.5]
        assert session.run(w).tolist() == 3.5


def test_a_step_may_write_a_variable_that_it_does_not_read() -> None:
    w = pf.Variable(0.0)
    x = pf.placeholder("float32", (), name="x")
    assert pf.Session().run_many(w.assign(x + 1.0), {x: [1.0, 2.0]}).tolist() == [2.0, 3.0]
    assert pf.Session().run(pf.fori_loop(0, 3, lambda i, a: x + x, x), {x: 1.0}) == 2.0
