"""Streams: new numbers in each run, the same sequence in all sessions and on all backends, whatever else is built."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ArgumentError

BACKENDS = ["numpy", "jax", "reference"]


def sequence(tensor: Any, count: int = 3, backend: str = "numpy") -> list[Any]:
    with pf.Session(backend, tensor.graph) as session:
        return [np.asarray(session.run(tensor)).tolist() for _ in range(count)]


def in_graph(build: Callable[[], Any], seed: int | None = None) -> Any:
    with pf.Graph(seed).as_default():
        return build()


def draw(name: str | None = None, **options: Any) -> Any:
    return pf.random.bernoulli((40,), name=name, **options)


def test_each_run_draws_new_numbers() -> None:
    found = sequence(draw(), 5)
    assert all(one != other for one, other in itertools.combinations(found, 2))


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_session_and_backend_has_the_same_sequence(backend: str) -> None:
    x = pf.random.uniform((5,))
    assert sequence(x) == sequence(x, backend=backend) == sequence(x, backend=backend)


def test_the_first_numbers_stay_those_of_this_version() -> None:
    x = pf.random.randint((4,), 0, 1000)
    assert sequence(x, 2) == FIRST


FIRST = [[775, 756, 362, 846], [772, 376, 933, 447]]


def test_the_key_of_a_run_is_the_first_key_folded_with_the_number_of_runs() -> None:
    x = pf.random.uniform((3,), name="x")
    start = x.graph.get_tensor_by_name("x/stream/start:0")
    for number, found in enumerate(sequence(x, 3)):
        expected = pf.random.uniform((3,), key=pf.random.fold_in(start, number))
        assert found == pf.Session().run(expected).tolist()


def test_an_unrelated_operation_changes_nothing() -> None:
    def alone() -> Any:
        return draw("noise")

    def with_others() -> Any:
        pf.Variable(pf.random.normal((3,)))
        draw("other")
        pf.constant(1.0, name="noise")
        return draw("noise")

    assert sequence(in_graph(alone)) == sequence(in_graph(with_others))


def test_running_another_operation_changes_nothing() -> None:
    x, y = draw(), draw()
    session = pf.Session()
    found = []
    for _ in range(3):
        session.run(y)
        found.append(session.run(x).tolist())
        session.run(y)
    assert found == sequence(x)


def test_operations_of_one_kind_have_streams_of_their_own() -> None:
    x, y = draw(), draw()
    assert sequence(x) != sequence(y)
    with pf.name_scope("layer"):
        z = draw()
    assert sequence(z) != sequence(x)


def test_seeds_of_graphs_and_operations_choose_streams() -> None:
    assert sequence(in_graph(draw)) == sequence(in_graph(draw, 0))
    assert sequence(in_graph(draw, 1)) != sequence(in_graph(draw, 2))

    def seeded() -> Any:
        pf.set_random_seed(2)
        return draw()

    assert sequence(in_graph(seeded)) == sequence(in_graph(draw, 2))


def test_an_operations_seed_takes_the_place_of_its_name() -> None:
    x, y, z = draw("x", seed=1), draw("y", seed=1), draw("z", seed=2)
    assert sequence(x) == sequence(y) != sequence(z)
    assert sequence(in_graph(lambda: draw(seed=1), 5)) != sequence(x)


def test_fetches_of_one_run_see_one_draw() -> None:
    x = pf.random.uniform((4,))
    twice, fetched = pf.Session().run([x * 2, x])
    assert twice.tolist() == (fetched * 2).tolist()


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_the_stream_advances_once_a_run(backend: str) -> None:
    x = draw()
    parts = [x, pf.logical_not(x), pf.sum(pf.astype(x, pf.float32))]
    session = pf.Session(backend)
    found = [np.asarray(session.run(parts)[0]).tolist() for _ in range(3)]
    assert found == sequence(x)


@pytest.mark.parametrize("backend", BACKENDS)
def test_prepared_calls_and_runs_share_the_stream(backend: str) -> None:
    x = draw()
    session = pf.Session(backend)
    prepared = session.prepare(x)
    mixed = [prepared(), session.run(x), prepared(), prepared()]
    assert [np.asarray(each).tolist() for each in mixed] == sequence(x, 4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_initial_values_are_drawn_once_a_session(backend: str) -> None:
    w = pf.Variable(pf.random.uniform((4,)), name="w")
    session = pf.Session(backend)
    first = np.asarray(session.run(w)).tolist()
    assert np.asarray(session.run(w)).tolist() == first
    assert np.asarray(pf.Session(backend).run(w)).tolist() == first
    assert pf.Session().run(w).tolist() == first
    session.run(w.initializer)
    assert np.asarray(session.run(w)).tolist() != first


def test_the_counter_waits_for_no_control_dependency() -> None:
    steps = pf.Variable(0)
    with pf.control_dependencies([steps.assign_add(1)]):
        x = draw()
    session = pf.Session()
    found = [session.run([x, steps])[0].tolist() for _ in range(2)]
    assert found == sequence(in_graph(draw), 2)
    assert session.run(steps).tolist() == 2


def test_a_draw_in_another_graph_takes_that_graphs_stream() -> None:
    other = pf.Graph(seed=3)
    bound = other.constant(2.0)
    x = pf.random.uniform((3,), 0.0, bound)
    assert x.graph is other
    with other.as_default():
        assert len(pf.global_variables()) == 1
    assert pf.global_variables() == []


def test_streams_are_not_trained() -> None:
    draw()
    assert pf.trainable_variables() == []


def test_a_key_and_a_seed_are_too_much() -> None:
    with pytest.raises(ArgumentError, match="not both"):
        pf.random.uniform((2,), key=pf.random.key(0), seed=1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_of_a_step_are_those_of_the_numbers_it_drew(backend: str) -> None:
    mean, stddev = pf.Variable(1.0), pf.Variable(2.0)
    x = pf.random.normal((6,), mean, stddev)
    gradients = pf.gradients(pf.sum(x * x), [mean, stddev])
    session = pf.Session(backend)
    for _ in range(2):
        drawn, *found = [np.asarray(each) for each in session.run([x, *gradients])]
        np.testing.assert_allclose(found[0], 2 * drawn.sum(), rtol=1e-5)
        np.testing.assert_allclose(found[1], (2 * drawn * (drawn - 1) / 2).sum(), rtol=1e-5)
