"""Large arrays are worked on block by block, in several threads: the same values, errors with their line."""

from __future__ import annotations

import _thread
import os
import threading
import time
import warnings
from typing import Any

import numpy as np
import pytest
from polyflow_numpy import blocks, threads
from polyflow_numpy.threads import in_threads, processors

import polyflow as pf
from polyflow.core.types import TensorType
from polyflow.errors import ExecutionError

SIZE = 70_001


@pytest.fixture(params=[1, 2, 3], ids=["one thread", "two threads", "three threads"])
def count(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(threads, "processors", lambda: request.param)
    monkeypatch.setattr(blocks, "SMALL", 1 << 10)
    monkeypatch.setattr(blocks, "LARGE", 1 << 12)
    return int(request.param)


def test_every_element_is_computed_once(count: int) -> None:
    x = pf.placeholder("float32", (SIZE,), name="x")
    y = pf.sqrt(x * x + 1.0) - x * 0.5
    value = np.random.default_rng(0).normal(size=SIZE).astype("float32")
    with pf.Session() as session:
        assert "= fused(" in session.explain(y, {x: value})
        found = session.run(y, {x: value})
    np.testing.assert_array_equal(found, np.sqrt(value * value + np.float32(1)) - value * np.float32(0.5))


def test_several_results_are_written_where_they_stay(count: int) -> None:
    x, y = (pf.placeholder("float64", (300, 300), name=name) for name in "xy")
    a = pf.exp(x) - y
    fetches = [a, a * a + y, pf.less(a, y), a]
    feeds = {each: np.random.default_rng(seed).normal(size=(300, 300)) for seed, each in enumerate((x, y))}
    with pf.Session() as session:
        assert ", r0)" in session.explain(fetches, feeds)
        found = session.run(fetches, feeds)
    value = np.exp(feeds[x]) - feeds[y]
    for each, wanted in zip(found, [value, value * value + feeds[y], value < feeds[y], value], strict=True):
        np.testing.assert_array_equal(each, wanted)


def test_slices_are_written_where_they_stay() -> None:
    x = pf.placeholder("float32", (1000, 100), name="x")
    y = pf.nn.layer_norm(x, 2.0, 1.0)
    value = np.random.default_rng(0).normal(size=(1000, 100)).astype("float32")
    with pf.Session() as session:
        assert ", r0)" in session.explain(y, {x: value})
        found = session.run(y, {x: value})
    distance = value - value.mean(1, keepdims=True)
    np.testing.assert_allclose(
        found, distance / np.sqrt((distance**2).mean(1, keepdims=True) + 1e-6) * 2 + 1, rtol=1e-4, atol=1e-5
    )


def test_what_a_function_leaves_elsewhere_is_copied() -> None:
    type = TensorType(pf.float32, (1000,))
    seen: list[Any] = []

    def function(x: Any, room: Any) -> tuple[Any]:
        seen.append(room.shape)
        return (x + 1,)

    value = np.arange(1000, dtype="float32")
    (found,) = blocks.in_blocks(function, [type], [type])(value)
    np.testing.assert_array_equal(found, value + 1)
    assert seen == [(1000,)]


def test_an_error_in_any_thread_names_the_operation(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x = pf.placeholder("float32", (SIZE,), name="x")
    y = pf.exp(x * 2.0 + 1.0) - x
    session = pf.Session()
    table = dict(session.backend.kernels)

    def fragile(value: Any, out: Any = None) -> Any:
        if value[-1] == 9.0:
            raise ValueError("too fragile")
        return np.exp(value)

    monkeypatch.setattr(session.backend, "kernels", {**table, "exp": fragile})
    value = np.zeros(SIZE, "float32")
    value[-1] = 4.0
    with pytest.raises(ExecutionError, match="exp failed while it ran: ValueError: too fragile"):
        session.run(y, {x: value})


def test_no_thread_warns_of_what_is_a_result(count: int) -> None:
    x = pf.placeholder("float32", (SIZE,), name="x")
    y = pf.log(x * 1.0) / x + 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isneginf(pf.Session().run(y, {x: np.zeros(SIZE, "float32")})).all()


def test_every_part_is_done_once_and_no_thread_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "processors", lambda: 3)
    before, seen, workers = _thread._count(), list[int](), set[int]()

    def work(part: int) -> None:
        time.sleep(0.002)
        seen.append(part)
        workers.add(threading.get_ident())

    in_threads(work, range(0, 400, 10))
    assert sorted(seen) == [*range(0, 400, 10)]
    assert len(workers) == 3
    end = time.monotonic() + 5
    while _thread._count() > before and time.monotonic() < end:
        time.sleep(0.001)
    assert _thread._count() <= before


def test_an_error_ends_the_other_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "processors", lambda: 2)
    done: list[int] = []

    def work(part: int) -> None:
        if part == 3:
            raise KeyError(part)
        time.sleep(0.001)
        done.append(part)

    with pytest.raises(KeyError, match="3"):
        in_threads(work, range(1000))
    assert len(done) < 100


def test_few_parts_are_done_by_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "processors", lambda: 8)
    workers: set[int] = set()
    in_threads(lambda part: workers.add(threading.get_ident()), range(2 * threads.FEWEST - 1))
    assert workers == {threading.get_ident()}


def test_where_no_thread_can_start_the_caller_does_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "processors", lambda: 2)
    monkeypatch.setattr(threads, "start_new_thread", refuse)
    seen: list[int] = []
    in_threads(seen.append, range(20))
    assert seen == [*range(20)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("3", 3), ("4,2", 4), (" 2 ", 2), ("0", 8), ("many", 8), ("", 8), ("64", 8)],
)
def test_the_number_of_threads_is_that_of_blas(monkeypatch: pytest.MonkeyPatch, text: str, wanted: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert processors() == wanted
