"""The functions that prepared calls are written as: what they look at, what they leave when something fails."""

from __future__ import annotations

import threading
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import FeedError, SessionClosedError
from polyflow.session.prepared_code import Fetches, matcher, runner

Pair = namedtuple("Pair", ["a", "b"])


def deep(depth: int) -> Any:
    """A list in a list in a list ..."""
    return pf.constant(1.0) if depth == 0 else [deep(depth - 1)]


@pytest.mark.parametrize(
    "shape",
    [
        lambda a, b: a,
        lambda a, b: [a],
        lambda a, b: (a,),
        lambda a, b: (),
        lambda a, b: [a, a, [b, ()]],
        lambda a, b: {"x": a, "y's": (b, {"z": []})},
        lambda a, b: {1: a, ("k",): b},
        lambda a, b: [Pair(a, (b,))],
    ],
    ids=["one", "list", "tuple", "nothing", "nested", "dict", "keys", "named"],
)
def test_fetches_come_in_the_structure_in_which_run_gives_them(shape: Any) -> None:
    session = pf.Session("numpy")
    x = pf.placeholder("float32", ())
    fetches, feed = shape(x + 1, x * 2), np.float32(3)
    call = session.prepare(fetches, [x])
    expected = session.run(fetches, {x: feed})
    for _ in range(3):
        assert call(feed) == expected
        assert type(call(feed)) is type(expected)


def test_structures_deeper_than_the_parser_reads_are_put_together_all_the_same() -> None:
    session = pf.Session("numpy")
    fetches = deep(150)
    assert session.prepare(fetches)() == session.run(fetches)


def test_operations_have_no_value_among_those_that_have() -> None:
    w = pf.Variable(1.0)
    step = w.assign_add(1.0)
    call = pf.Session("numpy").prepare([step.operation, step, {"again": step.operation}])
    assert [call(), call()] == [[None, 2.0, {"again": None}], [None, 3.0, {"again": None}]]


def test_the_latest_types_are_left_and_come_back() -> None:
    x = pf.placeholder(None, None)
    call = pf.Session("numpy").prepare(x + x, [x])
    values = [np.ones(2), np.ones(2), np.ones(3), np.ones(3, "int8"), np.float32(1), np.float32(1), np.ones(2)]
    for value in values:
        found = call(value)
        assert (found.dtype, found.shape) == (value.dtype, value.shape)


def test_an_array_of_the_other_byte_order_is_not_taken_for_the_latest() -> None:
    x = pf.placeholder("float32", (2,))
    call = pf.Session("numpy").prepare(x + x, [x])
    good = np.ones(2, "float32")
    for _ in range(2):
        assert call(good).tolist() == call(good.astype(">f4")).tolist() == [2.0, 2.0]
        with pytest.raises(FeedError, match="wrong shape"):
            call(np.ones((2, 1), "float32"))


def test_a_closed_session_refuses_the_types_of_the_latest_call() -> None:
    x = pf.placeholder("float32", ())
    session = pf.Session("numpy")
    call = session.prepare(pf.Variable(1.0) + x, [x])
    for _ in range(2):
        call(np.float32(1))
    session.close()
    with pytest.raises(SessionClosedError):
        call(np.float32(1))


def test_a_backend_that_looks_at_more_than_dtype_and_shape_is_asked_each_time() -> None:
    class Wary(type(pf.Session("numpy").backend)):  # type: ignore[misc]
        asked = 0

        def type_of(self, value: Any) -> Any:
            self.asked += 1
            return super().type_of(value)

    backend = Wary()
    x = pf.placeholder("float32", ())
    call = pf.Session(backend).prepare(x + x, [x])
    for _ in range(3):
        call(np.float32(1))
    before = backend.asked
    call(np.float32(1))
    assert backend.asked == before + 1


@pytest.mark.parametrize("name", ["numpy", "jax"])
def test_a_fetch_that_cannot_be_guarded_leaves_the_variable_as_the_run_left_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = pf.Variable(np.ones(3, "float32"))
    session = pf.Session(name)
    guard = session.backend.guard

    def failing(array: Any) -> Any:
        if failures:
            raise MemoryError(failures.pop())
        return guard(array)

    failures: list[str] = []
    monkeypatch.setattr(session.backend, "guard", failing)
    call = session.prepare(w.assign_add(np.ones(3, "float32")))
    call()
    failures.append("no room")
    with pytest.raises(MemoryError, match="no room"):
        call()
    assert np.asarray(call()).tolist() == [4.0, 4.0, 4.0]


def test_a_function_that_fails_writes_nothing_and_gives_the_lock_back() -> None:
    cell, lock = [1], threading.Lock()

    def failing(value: int, old: int) -> Any:
        if value < 0:
            raise ArithmeticError(value)
        return old, old + value

    call = runner(
        failing, 1, [cell], [cell], Fetches([True], lambda leaves: leaves[0], (), id), lock, lambda: True,
        lambda error: ValueError(f"explained: {error}"), lambda values: None,
    )  # fmt: skip
    assert call((2,)) == 1
    with pytest.raises(ValueError, match="explained: -1") as caught:
        call((-1,))
    assert isinstance(caught.value.__cause__, ArithmeticError)
    assert cell == [3]
    assert not lock.locked()


def test_a_call_that_is_not_free_is_left_to_what_waits_without_the_lock() -> None:
    lock = threading.Lock()
    call = runner(
        lambda: pytest.fail("it ran"), 0, [], [], Fetches([], lambda leaves: list(leaves), (), id), lock,
        lambda: False, lambda error: error, lambda values: (lock.locked(), values),
    )  # fmt: skip
    assert call(()) == (False, ())


def test_a_matcher_counts_values() -> None:
    assert matcher(())(())
    assert not matcher(())((1,))
    assert not matcher((np.ones(1),))(())
