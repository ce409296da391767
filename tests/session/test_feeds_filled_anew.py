"""A run's answer is that of the values at the time of the call, whatever is written into the arrays afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ArgumentError, FeedError

ENGINES = ["numpy", "jax", "reference"]
STEPS = 8


def aligned(count: int, offset: int) -> np.ndarray[Any, Any]:
    """Zeros that lie so many bytes behind a multiple of 64, from which JAX takes arrays as they are."""
    memory = np.zeros(4 * count + 128, "uint8")
    start = -memory.__array_interface__["data"][0] % 64 + offset
    return memory[start : start + 4 * count].view("float32")


def slow(x: Any) -> Any:
    return pf.mean(pf.cumulative_sum(pf.sin(pf.sin(pf.sin(x)))))


@pytest.mark.parametrize("offset", [0, 16])
@pytest.mark.parametrize("count", [64, 25_600, 400_000], ids=["small", "100 KB", "waited for"])
@pytest.mark.parametrize("way", ["run", "prepare"])
def test_jax_has_read_a_batch_when_the_call_returns(way: str, count: int, offset: int) -> None:
    x, w = pf.placeholder("float32", (count,)), pf.Variable(0.0)
    step = [slow(x), w.assign_add(slow(x))]
    session, buffer = pf.Session("jax"), aligned(count, offset)
    prepared = session.prepare(step, [x])
    call: Callable[[Any], Any] = prepared if way == "prepare" else lambda value: session.run(step, {x: value})
    wanted = []
    for number in range(STEPS):
        buffer[...] = number
        wanted.append(float(session.run(slow(x), {x: buffer})))
    found = []
    for number in range(STEPS):
        buffer[...] = number
        found.append(call(buffer)[0])
    buffer[...] = 99
    assert [float(each) for each in found] == wanted
    assert float(session.run(w)) == pytest.approx(sum(wanted), rel=1e-5)


def test_jax_has_read_a_batch_of_unknown_size_when_the_call_returns() -> None:
    x = pf.placeholder("float32", (400_000,))
    session, buffer, found = pf.Session("jax"), aligned(400_000, 0), []
    large = x[x > -1.0]  # its size depends on data, so that what follows is compiled once for each size
    for number in range(4):
        buffer[...] = number
        found.append(session.run([pf.mean(large), pf.mean(pf.py_func(lambda a: a, [x], "float32"))], {x: buffer}))
    buffer[...] = 99
    assert [[float(each) for each in pair] for pair in found] == [[n, n] for n in range(4)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("executor", ["straight", "dataflow"])
@pytest.mark.parametrize("optimise", [True, False], ids=["passes", "no passes"])
def test_what_was_fetched_stays_when_its_feed_is_filled_anew(optimise: bool, executor: str, engine: str) -> None:
    x = pf.placeholder("float32", (4, 6))
    branch = pf.cond(pf.sum(x) > -1.0, lambda: x, lambda: x * 2)
    fetches = [x, pf.identity(x), x[:, :2], x[1], pf.reshape(x, (24,)), pf.expand_dims(x, axis=0), branch]
    session = pf.Session(engine, optimise=optimise, executor=executor)
    prepared, buffer, found = session.prepare(fetches, [x]), np.zeros((4, 6), "float32"), []
    for number in range(3):
        buffer[...] = number
        found.append([*session.run(fetches, {x: buffer}), *prepared(buffer)])
    buffer[...] = 99
    for number, arrays in enumerate(found):
        assert [np.unique(np.asarray(each.tolist())).tolist() for each in arrays] == [[number]] * len(arrays)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("options", [None, pf.RunOptions(check_numerics=True)], ids=["plain", "checked"])
def test_what_went_to_a_variable_or_beside_a_host_function_stays(options: Any, engine: str) -> None:
    count = 60 if engine == "reference" else 60_000
    x, w = pf.placeholder("float32", (count,)), pf.Variable(np.zeros(count, "float32"))
    fetches = [x, w.assign(x), pf.py_func(lambda a: a, [pf.max(x)], "float32")]
    session, buffer, found = pf.Session(engine), np.zeros(count, "float32"), []
    for number in range(4):
        buffer[...] = number
        found.append(session.run(fetches, {x: buffer}, options))
    buffer[...] = 99
    for number, arrays in enumerate(found):
        assert [np.unique(np.asarray(each.tolist())).tolist() for each in arrays] == [[number]] * 3
    assert np.unique(np.asarray(session.run(w).tolist())).tolist() == [3]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_generator_may_fill_one_array_for_each_of_many_steps(engine: str) -> None:
    x, w = pf.placeholder("float32", (3,)), pf.Variable(0.0)
    step, buffer = w.assign_add(pf.sum(x)), np.zeros(3, "float32")

    def batches() -> Iterator[dict[Any, Any]]:
        for number in range(4):
            buffer[...] = number
            yield {x: buffer}

    for chunk in (None, 3):
        with pf.Session(engine) as session:
            assert session.run_many(step, batches(), chunk=chunk).tolist() == [0.0, 3.0, 9.0, 18.0]


@pytest.mark.parametrize("engine", ENGINES)
def test_stacked_feeds_may_be_filled_anew_after_many_steps(engine: str) -> None:
    count = 30 if engine == "reference" else 150_000
    x, batches = pf.placeholder("float32", (count,)), np.ones((3, count), "float32")
    found = pf.Session(engine).run_many([x[:2], pf.mean(x)], {x: batches})
    batches[...] = 99
    assert [np.unique(np.asarray(each.tolist())).tolist() for each in found] == [[1.0], [1.0]]


def test_feeds_that_end_too_soon_or_fail_leave_what_the_steps_before_made() -> None:
    x, w = pf.placeholder("float32", (), name="x"), pf.Variable(0.0)
    step, session = w.assign_add(x), pf.Session()
    with pytest.raises(
        ArgumentError,
        match="run_many: the feeds end before the steps do\n  found:   3 of them\n  needed:  5, or no steps",
    ):
        session.run_many(step, ({x: 1.0} for _ in range(3)), steps=5)
    assert session.run(w) == 3.0

    def broken() -> Iterator[dict[Any, Any]]:
        yield from ({x: 1.0} for _ in range(2))
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        session.run_many(step, broken())
    assert session.run(w) == 5.0
    with pytest.raises(FeedError, match="feed of 'x:0' has the wrong shape"):
        session.run_many(step, iter([{x: 1.0}, {x: [1.0, 2.0]}]))
    assert session.run(w) == 6.0
    assert session.run_many(step, ({x: 1.0} for _ in range(9)), steps=2).tolist() == [7.0, 8.0]


def test_a_step_that_fails_leaves_nothing_of_its_chunk_and_says_which_it_was() -> None:
    x, w = pf.placeholder("int32", (), name="x"), pf.Variable(0)
    step = [w.assign_add(1), pf.py_func(lambda a: np.int32(6 // int(a)), [x], "int32")]
    session = pf.Session()
    with pytest.raises(pf.errors.ExecutionError) as caught:
        session.run_many(step, {x: np.asarray([1, 2, 3, 0], "int32")}, chunk=2)
    assert "found:   it was in iteration 1 of steps\n" in str(caught.value)
    assert session.run(w) == 2


def test_steps_of_other_types_are_told_apart_in_words() -> None:
    x = pf.placeholder("float32", name="x")
    steps = [{x: np.zeros(2, "float32")}, {x: np.zeros(3, "float32")}]
    with pytest.raises(FeedError) as caught:
        pf.Session().run_many(pf.sum(x), steps)
    text = "run_many: step 1 has other types than the first\n  found:   float32[3]\n  needed:  float32[2]"
    assert str(caught.value) == text


@pytest.mark.parametrize("engine", ENGINES)
def test_a_matrix_is_fed_as_the_array_that_it_is(engine: str) -> None:
    x = pf.placeholder("float32", (2, 2))
    matrix = np.asarray([[1, 2], [3, 4]], "float32").view(np.matrix)
    session = pf.Session(engine)
    assert session.run(x[0] * x[:, 1], {x: matrix}).tolist() == [2.0, 8.0]
    call = session.prepare(x[0] * x[:, 1], [x])
    assert call(matrix).tolist() == call(np.asarray(matrix)).tolist() == [2.0, 8.0]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_masked_array_is_refused(engine: str) -> None:
    x = pf.placeholder("float32", (2,), name="x")
    masked = np.ma.array([1.0, 2.0], mask=[False, True], dtype="float32")
    text = "feed of 'x:0': a masked array\n  needed:  an array with a value for every element\n  try:     array.filled"
    session = pf.Session(engine)
    with pytest.raises(FeedError, match=text):
        session.run(x, {x: masked})
    with pytest.raises(FeedError, match=text):
        session.prepare(x, [x])(masked)
    with pytest.raises(FeedError, match=text):
        session.run_many(x, {x: masked.reshape(1, 2)})
