"""What a session is given: errors name what was meant, and what belongs to a process stays in it."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ArgumentError, BackendError, FeedError, SessionClosedError, ValueRangeError


def placeholder() -> Any:
    return pf.placeholder("float32", (2,), name="x")


@pytest.mark.parametrize("value", [[1.0, 2.0], np.ones(2, "float32"), 3], ids=["list", "array", "number"])
def test_feeds_that_are_no_dict_are_refused(value: Any) -> None:
    x = placeholder()
    session = pf.Session()
    for call in (session.run, session.explain):
        with pytest.raises(FeedError) as caught:
            call(pf.sum(x), value)
        text = str(caught.value)
        assert text.startswith(f"feeds\n  found:   {type(value).__name__}: {value!r}\n")
        assert "needed:  a dict from tensors, variables or names to values\n" in text
        assert text.endswith("try:     session.run(fetches, {x: value})")


def test_options_that_are_none_of_a_run_are_refused() -> None:
    x = placeholder()
    session = pf.Session()
    calls: list[Callable[[], Any]] = [
        lambda: session.run(x, {x: [1, 2]}, 3),  # type: ignore[arg-type]
        lambda: session.prepare(x, [x], 3),  # type: ignore[arg-type]
        lambda: pf.Session(options=3),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(
            ArgumentError, match=r"options of a run\n  found:   3\n  needed:  polyflow\.RunOptions, or None"
        ):
            call()


@pytest.mark.parametrize("name", ["timeout", "deadlock_after"])
@pytest.mark.parametrize("value", ["a", [1], 0, float("nan")])
def test_a_time_that_is_none_is_refused(value: Any, name: str) -> None:
    with pytest.raises(ValueRangeError) as caught:
        pf.RunOptions(**{name: value})
    text = f"RunOptions: {name} is no time to wait\n  found:   {value!r}\n  needed:  seconds above 0, or None"
    assert str(caught.value) == text


@pytest.mark.parametrize("value", ["a", 0, 1.5, True])
def test_counts_that_are_none_are_refused(value: Any) -> None:
    with pytest.raises(ValueRangeError) as caught:
        pf.Session(inter_op_threads=value)
    assert str(caught.value) == f"inter_op_threads\n  found:   {value!r}\n  needed:  1 or more, or None"
    for name in ("steps", "chunk"):
        with pytest.raises(ArgumentError) as refused:
            pf.Session().run_many(pf.constant(1.0), **{name: value})
        assert str(refused.value) == f"run_many: {name}\n  found:   {value!r}\n  needed:  1 or more, or None"


@pytest.mark.parametrize("value", [None, 3, pf.Session], ids=["None", "number", "class"])
def test_what_is_no_backend_is_refused(value: Any) -> None:
    needed = "needed:  a name that `polyflow backends` lists, or a backend object"
    with pytest.raises(BackendError) as caught:
        pf.Session(value)
    assert str(caught.value) == f"not a backend\n  found:   {value!r}\n  {needed}"
    with pytest.raises(BackendError, match="not a backend\n  found:   "):
        pf.Session(fallback=[value])


def test_a_fallback_that_is_no_sequence_is_refused() -> None:
    with pytest.raises(BackendError, match="fallback\n  found:   3\n  needed:  a sequence of backends"):
        pf.Session(fallback=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "remedy"),
    [
        (lambda x, w: x, "[x]"),
        (lambda x, w: w, "[w]"),
        (lambda x, w: "x", "['x']"),
        (lambda x, w: {x: [1.0, 2.0]}, "list(feeds); the values are given in each call"),
    ],
    ids=["tensor", "variable", "name", "dict"],
)
def test_a_call_is_prepared_for_a_sequence_of_feeds(make: Any, remedy: str) -> None:
    x, w = placeholder(), pf.Variable(1.0, name="w")
    with pytest.raises(ArgumentError) as caught:
        pf.Session().prepare(pf.sum(x) * w, make(x, w))
    text = str(caught.value)
    assert text.startswith(f"prepare: feeds\n  found:   {type(make(x, w)).__name__}: ")
    assert text.endswith(f"needed:  a sequence of what is fed\n  try:     {remedy}")


def test_a_placeholder_that_is_missed_is_asked_for_in_the_words_of_the_call() -> None:
    x = pf.placeholder(name="x")
    session = pf.Session()
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: session.run(x * 2), "session.run(fetches, {x: value})"),
        (lambda: session.explain(x * 2), "session.explain(fetches, {x: value})"),
        (session.prepare(x * 2), "session.prepare(fetches, feeds), with x among the feeds"),
    ]
    for call, remedy in calls:
        with pytest.raises(FeedError, match="placeholder 'x' is needed and was not fed") as caught:
            call()
        assert str(caught.value).endswith(f"try:     {remedy}")


def test_what_belongs_to_a_graph_or_session_is_not_pickled() -> None:
    x = placeholder()
    session = pf.Session()
    for each in (x, x.operation, session.graph, session):
        for way in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(ArgumentError) as caught:
                way(each)
            assert str(caught.value).startswith(f"{type(each).__name__} objects cannot be pickled or copied\n  try: ")
    with pytest.raises(ArgumentError, match="cannot be pickled"):
        pickle.dumps(pf.Variable(1.0))


@pytest.mark.parametrize("engine", ["numpy", "jax", "reference"])
@pytest.mark.parametrize("way", ["run", "prepare"])
@pytest.mark.parametrize("is_read", [True, False], ids=["reads", "writes"])
def test_closing_ends_the_calls_of_other_threads_with_one_error(is_read: bool, way: str, engine: str) -> None:
    x, w = placeholder(), pf.Variable([0.0, 0.0])
    step = w.assign_add(x) if is_read else w.assign(x)
    session, value = pf.Session(engine), np.ones(2, "float32")
    prepared = session.prepare(step, [x])
    call = prepared if way == "prepare" else lambda each: session.run(step, {x: each})
    call(value)
    started, found = threading.Barrier(4), []

    def work() -> None:
        started.wait()
        try:
            while True:
                call(value)
        except Exception as error:
            found.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for each in threads:
        each.start()
    started.wait()
    session.close()
    for each in threads:
        each.join()
    assert [type(each) for each in found] == [SessionClosedError] * 3


@pytest.mark.parametrize("is_read", [True, False], ids=["reads", "writes"])
def test_a_prepared_call_that_began_before_the_session_was_closed_says_so(is_read: bool) -> None:
    x, w = placeholder(), pf.Variable([0.0, 0.0])
    session, value = pf.Session(), np.ones(2, "float32")
    call = session.prepare(w.assign_add(x) if is_read else w.assign(x), [x])
    call(value)
    call(value)
    _, begun = call._latest
    session.close()
    with pytest.raises(SessionClosedError, match="the session is closed"):
        begun((value,))
    with pytest.raises(SessionClosedError, match="the session is closed"):
        session.cell(w.operation)
