"""Many sessions on one graph, of different backends, in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow as pf


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Run ``work`` in threads; what one raises is raised here."""
    errors: list[BaseException] = []
    gate = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            gate.wait()
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if errors:
        raise errors[0]


def test_sessions_on_one_graph_share_nothing() -> None:
    w = pf.Variable(1.0)
    step = w.assign_add(1.0)
    sessions = [pf.Session(backend) for backend in ("numpy", "numpy", "reference", "jax")]
    for count, session in enumerate(sessions, 1):
        for _ in range(count):
            session.run(step)
    assert [float(session.run(w.handle)) for session in sessions] == [2.0, 3.0, 4.0, 5.0]


def test_closing_one_session_leaves_the_others_alone() -> None:
    w = pf.Variable(1.0)
    first, second = pf.Session(), pf.Session()
    first.run(w.assign(2.0))
    second.run(w.assign(3.0))
    first.close()
    assert second.run(w.handle) == 3.0


def test_sessions_of_several_graphs_are_used_in_turn() -> None:
    sessions = []
    for value in (1.0, 2.0):
        with pf.Graph().as_default():
            x = pf.placeholder("float32", (), name="x")
            pf.add(x, value, name="y")
            sessions.append(pf.Session())
    assert [session.run("y", {"x": 10.0}) for session in sessions * 2] == [11.0, 12.0] * 2


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("prepared", [False, True], ids=["run", "prepared"])
def test_eight_threads_on_one_session_lose_no_update(backend: str, prepared: bool) -> None:
    w = pf.Variable(0.0)
    x = pf.placeholder("float32", ())
    step = w.assign_add(x)
    session = pf.Session(backend)
    call = session.prepare(step, [x]) if prepared else lambda value: session.run(step, {x: value})
    one = np.float32(1)

    def work(_: int) -> None:
        for _ in range(50):
            call(one)

    in_threads(8, work)
    assert float(session.run(w.handle)) == 400.0


def test_eight_threads_initialise_a_variable_once() -> None:
    a = pf.Variable(1.0)
    b = pf.Variable(a * 2)
    step = b.assign_add(1.0)
    session = pf.Session()
    in_threads(8, lambda _: session.run(step))
    assert session.run([a, b.handle]) == [1.0, 10.0]


def test_eight_threads_plan_and_run_different_signatures_of_one_session() -> None:
    x = pf.placeholder()
    y = pf.sum(x * x)
    session = pf.Session()

    def work(number: int) -> None:
        for size in range(1, 15):
            value = np.full(size + number, 2.0)
            assert session.run(y, {x: value}) == 4.0 * (size + number)

    in_threads(8, work)


def test_each_thread_has_its_own_default_graph_and_session() -> None:
    results: dict[int, Any] = {}

    def work(number: int) -> None:
        with pf.Graph().as_default(), pf.Session() as session:
            x = pf.constant(float(number))
            assert pf.get_default_graph() is session.graph
            results[number] = (x * 2).eval()

    in_threads(8, work)
    assert results == {number: 2.0 * number for number in range(8)}


def test_sessions_of_different_backends_run_in_threads() -> None:
    x = pf.placeholder("float64", (2, 2))
    (g,) = pf.gradients(pf.sum(pf.matmul(x, x)), x)
    value = np.array([[1.0, 2.0], [3.0, 4.0]])
    found: dict[str, Any] = {}

    def work(number: int) -> None:
        backend = ("numpy", "reference", "jax")[number]
        with pf.Session(backend, graph=x.graph) as session:
            for _ in range(5):
                found[backend] = session.run(g, {x: value}).tolist()

    in_threads(3, work)
    assert found["numpy"] == found["reference"] == found["jax"] == [[7.0, 11.0], [9.0, 13.0]]


def test_a_jax_session_leaves_the_width_of_jax_numbers_alone() -> None:
    jnp = pytest.importorskip("jax.numpy")
    x = pf.placeholder("float64", (2,))
    assert pf.Session("jax").run(x * 2, {x: [1.0, 2.0]}).dtype == "float64"
    assert jnp.ones(2).dtype == "float32"


def test_a_session_in_a_thread_of_its_own_runs_sixty_four_bits() -> None:
    x = pf.placeholder("int64", (2,))
    session = pf.Session("jax")
    found: list[Any] = []
    in_threads(1, lambda _: found.append(session.run(x + 2**40, {x: [1, 2]})))
    assert found[0].tolist() == [2**40 + 1, 2**40 + 2]
