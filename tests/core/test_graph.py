"""The graph: names, scopes, control, lookup, finality, size."""

from __future__ import annotations

import sys
import threading
import time
from random import Random
from typing import Any

import pytest

import polyflow as pf
from polyflow.core.graph import Graph, get_default_graph, reset_default_graph
from polyflow.errors import FinalizedGraphError, GraphError, UnknownNameError


def test_operations_stand_in_the_order_in_which_they_were_made(graph: Graph) -> None:
    x = pf.constant(1.0, name="x")
    y = pf.negative(x, name="y")
    assert graph.operations == (x.operation, y.operation)
    assert graph.get_operations() == [x.operation, y.operation]
    assert [each.position for each in graph.operations] == [0, 1]
    assert len(graph) == 2


def test_names_are_unique_whatever_the_user_asks_for(graph: Graph) -> None:
    for name in ("a", "a", "a_1", "a", "a_1", "a_1_1", "a_2", "a"):
        pf.constant(1, name=name)
    names = [each.name for each in graph.operations]
    assert names == ["a", "a_1", "a_1_1", "a_2", "a_1_2", "a_1_1_1", "a_2_1", "a_3"]
    assert len(set(names)) == len(names)


def test_a_name_is_numbered_only_if_it_is_taken(graph: Graph) -> None:
    random, taken = Random(0), set()
    wishes = ("a", "a_0", "a_1", "a_01", "a_2", "a_3", "a_1_1", "a_", "_1", "a_\N{ARABIC-INDIC DIGIT ONE}", "1")
    for _ in range(300):
        wish = random.choice(wishes)
        found = graph.unique_name(wish)
        assert found not in taken
        assert found.startswith(f"{wish}_") if wish in taken else found == wish
        taken.add(found)


def test_a_name_scope_stands_before_the_names_made_inside(graph: Graph) -> None:
    with graph.name_scope("outer") as outer:
        a = pf.constant(1, name="a")
        with graph.name_scope("inner") as inner:
            b = pf.constant(1, name="b")
            with graph.name_scope(None):
                c = pf.constant(1, name="c")
        d = pf.constant(1, name="d")
    e = pf.constant(1, name="a")
    assert (outer, inner) == ("outer/", "outer/inner/")
    assert [each.name for each in (a, b, c, d, e)] == ["outer/a:0", "outer/inner/b:0", "c:0", "outer/d:0", "a:0"]


def test_a_name_scope_entered_twice_gets_a_number(graph: Graph) -> None:
    with graph.name_scope("s") as first:
        pass
    with graph.name_scope("s") as second:
        pass
    assert (first, second) == ("s/", "s_1/")


def test_scopes_are_left_when_their_body_fails(graph: Graph) -> None:
    one = pf.constant(1)
    with pytest.raises(KeyError), graph.name_scope("s"), graph.device("gpu:0"), graph.control_dependencies([one]):
        raise KeyError
    after = pf.constant(1, name="after")
    assert (after.name, after.device, after.operation.control_inputs) == ("after:0", None, ())


def test_control_dependencies_add_up_until_they_are_lifted(graph: Graph) -> None:
    a, b = pf.constant(1), pf.constant(2)
    with graph.control_dependencies([a]):
        with graph.control_dependencies([b.operation, a]):
            both = pf.constant(3)
            with graph.control_dependencies(None):
                none = pf.constant(4)
        one = pf.constant(5)
    assert both.operation.control_inputs == (a.operation, b.operation)
    assert none.operation.control_inputs == ()
    assert one.operation.control_inputs == (a.operation,)


def test_a_variable_is_a_control_input_by_its_value(graph: Graph) -> None:
    w = pf.Variable(1.0)
    with graph.control_dependencies([w]):
        x = pf.constant(1)
    assert x.operation.control_inputs == (w.operation,)


@pytest.mark.parametrize("kind", ["tensor", "operation"])
def test_a_control_input_of_another_graph_is_refused(graph: Graph, kind: str) -> None:
    with Graph().as_default():
        foreign = pf.constant(1, name="foreign")
    value: Any = foreign if kind == "tensor" else foreign.operation
    with pytest.raises(GraphError, match=r"foreign.* belongs to another graph"), graph.control_dependencies([value]):
        pass


def test_a_device_wish_is_recorded_and_the_innermost_wins(graph: Graph) -> None:
    with graph.device("cpu:0"):
        a = pf.constant(1)
        with graph.device("gpu:1"):
            b = pf.constant(1)
        with graph.device(None):
            c = pf.constant(1)
    assert [each.device for each in (a, b, c)] == ["cpu:0", "gpu:1", None]


def test_elements_are_found_by_name(graph: Graph) -> None:
    x = pf.constant(1, name="x")
    halves = pf.unstack(pf.constant([1, 2]), name="halves")
    assert graph.get_operation_by_name("x") is x.operation
    assert graph.get_tensor_by_name("x") is x
    assert graph.get_tensor_by_name("x:0") is x
    assert graph.get_tensor_by_name("halves:1") is halves[1]


@pytest.mark.parametrize("name", ["x:1", "x:-1", "x:a", "x:0:0", "x: 0"])
def test_a_tensor_with_a_wrong_index_is_not_found(graph: Graph, name: str) -> None:
    pf.constant(1, name="x")
    with pytest.raises(UnknownNameError, match="no tensor"):
        graph.get_tensor_by_name(name)


def test_a_misspelt_name_gets_a_hint_and_is_a_key_error(graph: Graph) -> None:
    pf.constant(1, name="weights")
    with pytest.raises(KeyError) as caught:
        graph.get_operation_by_name("wieghts")
    assert str(caught.value) == "no operation 'wieghts' in the graph\n  try:     did you mean 'weights'?"


def test_a_finalized_graph_takes_no_operation_but_runs(graph: Graph) -> None:
    x = pf.placeholder("float32", ())
    w = pf.Variable(2.0)
    (g,) = pf.gradients(x * w, x)
    graph.finalize()
    size = len(graph)
    with pytest.raises(
        FinalizedGraphError, match=r"^negative: the graph is finalized\n  built at: .*\n  try:     build before"
    ):
        -x  # noqa: B018
    assert graph.finalized
    with pf.Session() as session:
        assert session.run([g, w, "Variable"], {x: 1.0})[0] == 2.0
        assert session.prepare(g, [x])(1.0) == 2.0
        session.explain(g, {x: 1.0})
    assert len(graph) == size


def test_tensors_of_two_graphs_do_not_meet(graph: Graph) -> None:
    x = pf.constant(1.0, name="here")
    with Graph().as_default():
        y = pf.constant(1.0, name="there")
    with pytest.raises(GraphError) as caught:
        x + y
    text = str(caught.value)
    assert text.startswith("there:0 belongs to another graph\n")
    assert text.count(f"{__file__}:") == 2
    assert "try:     build it inside `with graph.as_default():`" in text


def test_an_empty_graph_is_the_default_as_well_as_a_full_one() -> None:
    empty = Graph()
    with empty.as_default():
        assert get_default_graph() is empty
        assert pf.placeholder().graph is empty
        assert pf.Session().graph is empty


def test_a_session_is_opened_on_an_empty_graph_when_one_is_given() -> None:
    empty = Graph()
    assert pf.Session(graph=empty).graph is empty


def test_as_default_is_a_plain_call_that_stays() -> None:
    before = get_default_graph()
    with before.as_default():
        other = Graph()
        other.as_default()
        assert get_default_graph() is other
    assert get_default_graph() is before


def test_as_default_gives_the_old_default_back_also_after_an_error() -> None:
    before = get_default_graph()
    with pytest.raises(ZeroDivisionError), Graph().as_default():
        raise ZeroDivisionError
    assert get_default_graph() is before


def test_nested_defaults_return_in_order() -> None:
    a, b = Graph(), Graph()
    with a.as_default() as first:
        with b.as_default() as second:
            assert get_default_graph() is b
        assert get_default_graph() is a
    assert (first, second) == (a, b)


def test_the_default_graph_of_a_thread_is_its_own(graph: Graph) -> None:
    found: list[Graph] = []
    thread = threading.Thread(target=lambda: found.append(get_default_graph()))
    thread.start()
    thread.join()
    assert found[0] is not graph


def test_resetting_starts_over_with_an_empty_graph() -> None:
    old = get_default_graph()
    pf.constant(1)
    reset_default_graph()
    try:
        assert get_default_graph() is not old
        assert len(get_default_graph()) == 0
    finally:
        old.as_default()


def test_threads_may_build_on_one_graph(graph: Graph) -> None:
    def build() -> None:
        with graph.as_default():
            for _ in range(200):
                pf.constant(1.0, name="c")

    threads = [threading.Thread(target=build) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len({each.name for each in graph.operations}) == len(graph) == 800
    assert [each.position for each in graph.operations] == list(range(800))


def test_collections_are_kept_by_name(graph: Graph) -> None:
    a, b = pf.Variable(1.0), pf.Variable(2.0, trainable=False)
    graph.add_to_collection("losses", a)
    assert graph.get_collection("losses") == [a] or graph.get_collection("losses")[0] is a
    assert [each is have for each, have in zip(pf.global_variables(), (a, b), strict=True)] == [True, True]
    assert [each is a for each in pf.trainable_variables()] == [True]
    graph.get_collection("losses").clear()
    assert len(graph.get_collection("losses")) == 1


def test_a_hundred_thousand_chained_operations_are_built_in_linear_time_without_recursion() -> None:
    def build(count: int) -> float:
        with Graph().as_default():
            x = pf.placeholder("float32", (2,))
            start = time.process_time()  # not that of a clock, which tells of other processes too
            for _ in range(count):
                x = pf.sin(x)
            return time.process_time() - start

    assert sys.getrecursionlimit() < 50_000
    build(1000)
    small, large = min(build(5_000) for _ in range(3)), build(100_000)
    # Were it quadratic, it would be 400 times as much; the garbage collector takes its share of large graphs.
    assert large < 20 * small * 6, f"5,000 operations take {small:.3f} s, 100,000 take {large:.3f} s"


def test_a_name_asked_for_often_is_numbered_in_linear_time(graph: Graph) -> None:
    start = time.process_time()
    for _ in range(20_000):
        graph.unique_name("same")
    assert time.process_time() - start < 2.0
    assert graph.unique_name("same") == "same_20000"


def test_a_graph_says_how_large_it_is(graph: Graph) -> None:
    pf.constant(1)
    assert repr(graph) == "<Graph of 1 operations>"


def test_operations_made_after_a_search_are_found_by_name(graph: Graph) -> None:
    x = pf.constant(1.0, name="x")
    assert graph.get_operation_by_name("x") is x.operation
    y = pf.negative(x, name="y")
    assert graph.get_operation_by_name("y") is y.operation
    assert graph.get_operation_by_name("x") is x.operation
