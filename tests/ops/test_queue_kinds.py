"""Queues in a graph: what they learn of their elements' types, and the texts of what is refused."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import polyflow as pf
from polyflow.errors import ArgumentError, DTypeError, ExecutionError, ShapeError, ValueRangeError


def line(offset: int = 0) -> str:
    return f"{__file__}:{sys._getframe(1).f_lineno + offset}"


def test_a_queue_without_shapes_has_those_of_the_first_element_built() -> None:
    queue = pf.FIFOQueue(3, ["float32", "int64"])
    assert queue.shapes == [None, None]
    queue.enqueue([pf.constant([1.0, 2.0]), 5])
    assert queue.shapes == [(2,), ()]
    x, n = queue.dequeue_many(4)
    assert (x.shape, n.shape) == ((4, 2), (4,))
    assert queue.dequeue_up_to(4)[0].shape == (None, 2)
    assert queue.dtypes == [pf.float32, pf.int64]


def test_a_dequeue_may_be_built_before_the_first_element() -> None:
    queue = pf.FIFOQueue(3, "float32")
    x = queue.dequeue()
    assert x.shape is None
    put = queue.enqueue(pf.constant([1.0, 2.0]))
    session = pf.Session()
    session.run(put)
    assert session.run(x).tolist() == [1.0, 2.0]


def test_elements_of_unknown_shape_cannot_be_dequeued() -> None:
    queue = pf.FIFOQueue(3, "float32", name="work")
    here = line(-1)
    with pytest.raises(ShapeError) as caught:
        pf.Session().run(queue.dequeue())
    assert str(caught.value).endswith(
        "FIFOQueue 'work': the shape of its elements is not known\n"
        f"  built at: {here}\n"
        "  try:     shapes=[...] where the queue is made, or enqueue something of known shape first"
    )


@pytest.mark.parametrize("shapes", [(), [()], [[]]], ids=repr)
def test_the_shape_of_a_single_component_needs_no_list(shapes: Any) -> None:
    assert pf.FIFOQueue(3, "float32", shapes).shapes == [()]
    assert pf.FIFOQueue(3, "float32", 4).shapes == [(4,)]
    assert pf.FIFOQueue(3, "float32", (2, 3)).shapes == pf.FIFOQueue(3, "float32", [(2, 3)]).shapes == [(2, 3)]


def test_an_element_of_another_dtype_is_refused() -> None:
    queue = pf.FIFOQueue(3, "float32", (), name="work")
    with pytest.raises(DTypeError) as caught:
        queue.enqueue(pf.constant(1))
    assert str(caught.value) == (
        "queue_enqueue(int64[]): FIFOQueue 'work': component 0 has another dtype than the queue's\n"
        "  found:   int64\n"
        "  needed:  float32\n"
        "  try:     polyflow.astype(value, polyflow.float32)\n"
        f"  built at: {line(-6)}"
    )


def test_an_element_of_another_shape_is_refused() -> None:
    queue = pf.FIFOQueue(3, "float32", (2,), name="work")
    with pytest.raises(ShapeError) as caught:
        queue.enqueue([[1.0, 2.0, 3.0]])
    assert "component 0 has another shape than the queue's elements\n  found:   (3,)\n  needed:  (2,)\n" in str(
        caught.value
    )
    x = pf.placeholder("float32", None)
    with pytest.raises(ShapeError, match="component 0 has another shape"):
        pf.Session().run(queue.enqueue(x), {x: 1.0})


def test_an_element_with_other_components_is_refused() -> None:
    queue = pf.FIFOQueue(3, ["float32", "float32"], [(), ()], name="work")
    with pytest.raises(ArgumentError) as caught:
        queue.enqueue([1.0, 2.0, 3.0])
    assert str(caught.value) == (
        "FIFOQueue 'work': an element has another number of components\n"
        "  found:   3\n"
        "  needed:  2\n"
        f"  built at: {line(-5)}"
    )


def test_an_element_without_its_names_is_refused() -> None:
    queue = pf.FIFOQueue(3, ["float32"], [()], names=["x"])
    with pytest.raises(ArgumentError, match=r"an element is a dict of its named components\n  found:   \['y'\]"):
        queue.enqueue({"y": 1.0})


def test_components_with_different_numbers_of_rows_are_refused() -> None:
    queue = pf.FIFOQueue(9, ["float32", "float32"], [(), ()])
    with pytest.raises(ExecutionError, match=r"components have different numbers of rows\n  found:   \[1, 2\]"):
        pf.Session().run(queue.enqueue_many([[1.0], [1.0, 2.0]]))


def test_elements_of_different_shapes_cannot_be_stacked_without_padding() -> None:
    queue = pf.FIFOQueue(9, "float32", [(None,)])
    session = pf.Session()
    session.run([queue.enqueue([[1.0]]), queue.enqueue([[1.0, 2.0]])])
    with pytest.raises(ExecutionError, match=r"elements of different shapes cannot be stacked\n  found:   \(1,\) and"):
        session.run(queue.dequeue_many(2))
    with pytest.raises(ShapeError, match="PaddingFIFOQueue 'padding_fifo_queue': shapes are needed"):
        pf.PaddingFIFOQueue(9, "float32", None)


@pytest.mark.parametrize(("capacity", "least"), [(0, 0), (3, 3), (3, -1)])
def test_a_queue_of_which_nothing_could_be_dequeued_is_refused(capacity: int, least: int) -> None:
    with pytest.raises(ValueRangeError) as caught:
        pf.RandomShuffleQueue(capacity, least, "float32")
    assert f"nothing could ever be dequeued\n  found:   capacity {capacity}, min_after_dequeue {least}" in str(
        caught.value
    )


def test_a_queue_without_bound_has_a_negative_capacity() -> None:
    queue = pf.FIFOQueue(-1, "int64", ())
    session = pf.Session()
    session.run(queue.enqueue_many(list(range(1000))))
    assert session.run(queue.size()).tolist() == 1000


def test_shapes_and_names_come_one_for_each_dtype() -> None:
    with pytest.raises(ArgumentError, match="one shape, and one name if any, is needed for each dtype\n  found:   2 "):
        pf.FIFOQueue(3, ["float32", "float32"], [()])


def test_a_queue_of_another_graph_is_refused() -> None:
    queue = pf.FIFOQueue(3, "float32", ())
    with pf.Graph().as_default(), pytest.raises(ArgumentError, match="belongs to another graph than the default one"):
        queue.dequeue()


def test_operations_of_a_queue_have_its_name() -> None:
    with pf.name_scope("input"):
        queue = pf.FIFOQueue(3, "float32", (), name="work")
        assert queue.name == "input/work"
        assert queue.enqueue(1.0).name == "input/work_enqueue"
    assert repr(queue) == "<FIFOQueue 'input/work' of float32[]>"


def test_dequeues_are_not_merged_and_gradients_do_not_ask_for_them() -> None:
    queue, w = pf.FIFOQueue(5, "float32", ()), pf.Variable(3.0)
    session = pf.Session()
    session.run(queue.enqueue_many([2.0, 5.0, 7.0]))
    first, second = queue.dequeue(), queue.dequeue()
    (gradient,) = pf.gradients(w * (first + second), w)
    assert session.run(gradient).tolist() == 7.0
    assert session.run(queue.size()).tolist() == 1


def test_a_program_shows_the_queue() -> None:
    queue = pf.FIFOQueue(5, "float32", (), name="work")
    assert "%work_dequeue: float32[] = queue_dequeue(queue=FIFOQueue 'work')" in pf.Session().explain(queue.dequeue())
