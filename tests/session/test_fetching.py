"""What can be fetched, and the structure in which it comes back."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pytest
from programs import plain

import polyflow as pf
from polyflow.errors import FetchError

Pair = namedtuple("Pair", "left right")


@pytest.fixture
def session() -> pf.Session:
    return pf.Session()


@pytest.mark.parametrize("prepared", [False, True], ids=["run", "prepared"])
def test_values_come_back_in_the_structure_of_the_fetches(session: pf.Session, prepared: bool) -> None:
    a, b = pf.constant(1, name="a"), pf.constant(2, name="b")
    w = pf.Variable(3.0)
    fetches = {
        "list": [a, (b, a)],
        "pair": Pair(a, {"deep": w}),
        "name": "b",
        7: "a:0",
        "operation": b.operation,
        "none": [],
        "empty": {},
    }
    found = session.prepare(fetches)() if prepared else session.run(fetches)
    assert found == {
        "list": [1, (2, 1)],
        "pair": Pair(1, {"deep": 3.0}),
        "name": 2,
        7: 1,
        "operation": None,
        "none": [],
        "empty": {},
    }
    assert isinstance(found["list"][1], tuple)
    assert isinstance(found["pair"], Pair)


def test_one_fetch_comes_back_bare_and_a_list_of_one_as_a_list(session: pf.Session) -> None:
    a = pf.constant(1)
    assert session.run(a) == 1
    assert session.run([a]) == [1]
    assert session.run((a,)) == (1,)
    assert session.prepare(a)() == 1
    assert session.prepare([a])() == [1]


def test_no_fetches_are_no_values(session: pf.Session) -> None:
    assert session.run([]) == []
    assert session.run({}) == {}
    assert session.run(()) == ()
    assert session.prepare([])() == []


def test_a_fetch_named_twice_comes_twice(session: pf.Session) -> None:
    a = pf.constant([1, 2])
    assert [each.tolist() for each in session.run([a, a, "constant"])] == [[1, 2]] * 3


def test_an_ordered_dictionary_keeps_its_order(session: pf.Session) -> None:
    a, b = pf.constant(1), pf.constant(2)
    assert list(session.run(OrderedDict(z=a, a=b)).items()) == [("z", 1), ("a", 2)]


@pytest.mark.parametrize("prepared", [False, True], ids=["run", "prepared"])
def test_an_operation_runs_and_its_value_is_none(session: pf.Session, prepared: bool) -> None:
    w = pf.Variable(1.0)
    step = pf.group(w.assign_add(1.0))
    run = session.prepare(step) if prepared else lambda: session.run(step)
    assert run() is None
    assert run() is None
    assert session.run(w.handle) == 3.0


def test_operations_and_tensors_mix_in_any_order(session: pf.Session) -> None:
    w = pf.Variable(1.0)
    read = w.value()
    step = w.assign_add(1.0)
    for _ in range(2):
        found = session.run([step.operation, read, step.operation, step, "Variable"])
        assert found[0] is None
        assert found[2] is None
    assert found[1:2] + found[3:] == [2.0, 3.0, 2.0]


def test_the_name_of_an_operation_with_several_outputs_is_fetched_as_an_operation(session: pf.Session) -> None:
    parts = pf.unstack(pf.constant([1, 2]), name="parts")
    assert session.run(["parts", "parts:1", parts[0]]) == [None, 2, 1]


def test_fetches_come_back_as_arrays_of_the_backend() -> None:
    jax = pytest.importorskip("jax")
    x = pf.constant([1.0, 2.0]) * 2
    assert isinstance(pf.Session("numpy").run(x), np.ndarray)
    assert isinstance(pf.Session("jax").run(x), jax.Array)
    assert type(pf.Session("reference").run(x)).__module__.startswith("polyflow_reference")


@pytest.mark.parametrize(
    "fetch",
    [None, 3, 2.5, object(), {1, 2}, np.ones(2), b"x", pf.add, pf.float32, [None], {"a": [1]}, iter([])],
    ids=plain,
)
def test_what_is_nothing_of_a_graph_cannot_be_fetched(session: pf.Session, fetch: Any) -> None:
    for use in (session.run, session.prepare, session.explain):
        with pytest.raises(FetchError, match="a fetch is nothing of a graph") as caught:
            use(fetch)
        assert "needed:  a tensor, a variable, a name, an operation" in str(caught.value)


def test_a_misspelt_name_gets_a_hint(session: pf.Session) -> None:
    pf.constant(1, name="accuracy")
    with pytest.raises(
        FetchError, match=r"fetch: no operation 'acuracy' in the graph\n  try:     did you mean 'accuracy'\?"
    ):
        session.run("acuracy")


@pytest.mark.parametrize(
    "element", [lambda t: t, lambda t: t.operation, lambda t: [t]], ids=["tensor", "operation", "list"]
)
def test_an_element_of_another_graph_cannot_be_fetched(session: pf.Session, element: Any) -> None:
    with pf.Graph().as_default():
        foreign = pf.constant(1, name="foreign")
    with pytest.raises(FetchError) as caught:
        session.run(element(foreign))
    text = str(caught.value)
    assert text.startswith("fetch 'foreign")
    assert "belongs to another graph than the session" in text
    assert f"built at: {__file__}:" in text
    assert "try:     Session(graph=...) with the graph that it was built in" in text


def test_a_variable_of_another_graph_cannot_be_fetched(session: pf.Session) -> None:
    with pf.Graph().as_default():
        foreign = pf.Variable(1, name="foreign")
    with pytest.raises(FetchError, match="belongs to another graph"):
        session.run(foreign)


def test_a_list_of_tensors_that_grows_between_runs_is_planned_anew(session: pf.Session) -> None:
    fetches = [pf.constant(1)]
    assert session.run(fetches) == [1]
    fetches.append(pf.constant(2))
    assert session.run(fetches) == [1, 2]


def test_assignment_to_elements_is_seen_by_a_session_that_ran_the_tensor_before() -> None:
    x = pf.placeholder("float32", (2,))
    y = x + 0
    session = pf.Session()
    assert session.run(y, {x: [1.0, 2.0]}).tolist() == [1.0, 2.0]
    y[0] = 9
    assert session.run(y, {x: [1.0, 2.0]}).tolist() == [9.0, 2.0]
    assert session.run({"y": [y, y.operation]}, {x: [1.0, 2.0]})["y"][1] is None


def test_a_placeholder_is_fed_by_its_object_also_after_assignment_to_its_elements() -> None:
    x = pf.placeholder("float32", (2,))
    x[0] = 5
    session = pf.Session()
    assert session.run(x, {x: [1.0, 2.0]}).tolist() == [5.0, 2.0]
    assert session.prepare(x, [x])([1.0, 2.0]).tolist() == [5.0, 2.0]
