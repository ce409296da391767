"""Prepared calls: as ``run``, without what is the same in each call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ArgumentError, FeedError


def test_a_prepared_call_gives_what_run_gives() -> None:
    x, y = pf.placeholder("float32", (2,)), pf.placeholder("float32", (2,))
    z = x * 2 + y
    session = pf.Session()
    a, b = np.array([1, 2], "float32"), np.array([3, 4], "float32")
    assert session.prepare(z, [x, y])(a, b).tolist() == session.run(z, {x: a, y: b}).tolist() == [5.0, 8.0]


def test_the_values_are_in_the_order_of_the_feeds() -> None:
    x, y = pf.placeholder("float32", (), name="x"), pf.placeholder("float32", (), name="y")
    session = pf.Session()
    assert session.prepare(x - y, [x, y])(5.0, 3.0) == 2.0
    assert session.prepare(x - y, ["y:0", "x"])(5.0, 3.0) == -2.0


def test_lists_numbers_and_arrays_may_alternate() -> None:
    x = pf.placeholder("float32", (2,))
    double = pf.Session().prepare(x * 2, [x])
    for value in ([1, 2], np.array([1, 2], "float32"), (1.0, 2.0), [np.float32(1), 2], [True, 2]):
        assert double(value).tolist() == [2.0, 4.0]


def test_the_signature_may_change_from_call_to_call() -> None:
    x = pf.placeholder()
    total = pf.Session().prepare(pf.sum(x * 2), [x])
    for value, expected, dtype in [
        (np.ones(3, "float32"), 6.0, "float32"),
        (np.ones((2, 2), "float64"), 8.0, "float64"),
        ([1, 2], 6, "int64"),
        (np.ones(3, "float32"), 6.0, "float32"),
        (2.5, 5.0, "float32"),
        (np.ones(0, "int8"), 0, "int64"),
    ]:
        found = total(value)
        assert (found, found.dtype.name) == (expected, dtype)


def test_a_prepared_call_sees_and_makes_changes_of_variables() -> None:
    w = pf.Variable(1.0)
    x = pf.placeholder("float32", ())
    session = pf.Session()
    step = session.prepare(w.assign_add(x), [x])
    read = session.prepare(w.handle)
    assert [step(1.0), step(2.0), read()] == [2.0, 4.0, 4.0]
    session.run(w.assign(10.0))
    assert [read(), step(0.5), session.run(w.handle)] == [10.0, 10.5, 10.5]


@pytest.mark.parametrize("values", [(), (1.0,), (1.0, 2.0, 3.0)])
def test_too_few_or_too_many_values_are_refused(values: Any) -> None:
    x, y = pf.placeholder("float32", (), name="x"), pf.placeholder("float32", (), name="y")
    call = pf.Session().prepare(x + y, [x, y])
    with pytest.raises(ArgumentError, match=rf"found:   {len(values)}\n  needed:  2: x:0, y:0"):
        call(*values)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.ones(3, "float32"), "has the wrong shape"),
        (np.ones(2, "float64"), "has the wrong dtype"),
        ([1, 2, 3], "has the wrong shape"),
        (np.array(["a", "b"]), "not a dtype"),
        (None, "not a value of a tensor"),
    ],
    ids=["shape", "dtype", "list", "text", "None"],
)
def test_a_wrong_value_is_refused_in_every_call_and_spoils_none(value: Any, text: str) -> None:
    x = pf.placeholder("float32", (2,), name="x")
    double = pf.Session().prepare(x * 2, [x])
    good = np.ones(2, "float32")
    for _ in range(2):
        assert double(good).tolist() == [2.0, 2.0]
        with pytest.raises(FeedError, match=text) as caught:
            double(value)
        assert "'x:0'" in str(caught.value)


def test_what_cannot_be_fetched_or_fed_is_refused_when_preparing() -> None:
    x = pf.placeholder("float32", (), name="x")
    session = pf.Session()
    with pytest.raises(ValueError, match="no operation 'z'"):
        session.prepare("z")
    with pytest.raises(FeedError, match="cannot be fed"):
        session.prepare(x, [x.operation])


def test_a_placeholder_that_is_not_among_the_feeds_is_missed_at_the_call() -> None:
    x, y = pf.placeholder("float32", (), name="x"), pf.placeholder("float32", (), name="y")
    call = pf.Session().prepare(x + y, [x])
    with pytest.raises(FeedError, match="placeholder 'y' is needed and was not fed"):
        call(1.0)


def test_a_prepared_call_says_what_it_takes() -> None:
    x = pf.placeholder("float32", (), name="x")
    assert repr(pf.Session().prepare(x, [x])) == "<Prepared call of (x:0) on numpy>"


def test_jax_prepares_calls_that_replace_variables() -> None:
    w = pf.Variable([1.0, 2.0])
    x = pf.placeholder("float32", (2,))
    step = w.assign_add(x)
    session = pf.Session("jax")
    call = session.prepare([step, w.handle], [x])
    history = [call([1.0, 1.0]) for _ in range(3)]
    assert [[each.tolist() for each in pair] for pair in history] == [
        [[2.0, 3.0], [1.0, 2.0]], [[3.0, 4.0], [2.0, 3.0]], [[4.0, 5.0], [3.0, 4.0]],
    ]  # fmt: skip


def test_jax_prepares_calls_in_sixty_four_bits() -> None:
    x = pf.placeholder("float64", (2,))
    call = pf.Session("jax").prepare(x / 3, [x])
    for value in ([1.0, 2.0], np.array([1.0, 2.0])):
        found = call(value)
        assert found.dtype == "float64"
        np.testing.assert_allclose(found, np.array([1.0, 2.0]) / 3, rtol=1e-15)
