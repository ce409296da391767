"""Queues in sessions: order, capacity, closing, and elements that nobody loses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from threads import Started, wait_for, waiting

import polyflow as pf
from polyflow.errors import CancelledError, DeadlineExceededError, OutOfRangeError

BACKENDS = ["numpy", "reference", "jax"]
BRIEFLY = pf.RunOptions(timeout=0.05)


@pytest.fixture(params=BACKENDS)
def session(request: pytest.FixtureRequest) -> Any:
    with pf.Session(request.param) as opened:
        yield opened


def listed(value: Any) -> Any:
    """The elements of a backend's arrays, in the structure that they come in."""
    if isinstance(value, list):
        return [listed(each) for each in value]
    if isinstance(value, dict):
        return {name: listed(each) for name, each in value.items()}
    return value.tolist()


# -- order


def test_a_fifo_queue_gives_elements_back_in_the_order_they_came(session: Any) -> None:
    queue = pf.FIFOQueue(10, "int64", ())
    session.run(queue.enqueue_many([1, 2]))
    session.run(queue.enqueue(3))
    dequeue = queue.dequeue()
    assert [session.run(dequeue).tolist() for _ in range(3)] == [1, 2, 3]


def test_several_components_stay_together(session: Any) -> None:
    queue = pf.FIFOQueue(10, ["int64", "float32"], [(), (2,)])
    session.run(queue.enqueue([1, [1.0, 2.0]]))
    session.run(queue.enqueue_many([[2, 3], [[3.0, 4.0], [5.0, 6.0]]]))
    assert listed(session.run(queue.dequeue())) == [1, [1.0, 2.0]]
    assert listed(session.run(queue.dequeue_many(2))) == [[2, 3], [[3.0, 4.0], [5.0, 6.0]]]


def test_named_components_go_in_and_come_out_as_dicts(session: Any) -> None:
    queue = pf.FIFOQueue(3, ["int64", "float32"], [(), ()], names=["label", "weight"])
    session.run(queue.enqueue({"weight": 0.5, "label": 7}))
    assert listed(session.run(queue.dequeue())) == {"label": 7, "weight": 0.5}


def test_a_priority_queue_gives_the_smallest_priority_first_and_equal_ones_in_order(session: Any) -> None:
    queue = pf.PriorityQueue(10, "int64", ())
    session.run(queue.enqueue_many([[2, 1, 2, 1], [20, 10, 21, 11]]))
    assert listed(session.run(queue.dequeue_many(4))) == [[1, 1, 2, 2], [10, 11, 20, 21]]


def test_a_shuffle_queue_has_the_same_order_for_the_same_seed_on_every_backend() -> None:
    def order(seed: int, backend: str) -> list[int]:
        with pf.Graph().as_default():
            queue = pf.RandomShuffleQueue(100, 0, "int64", (), seed=seed)
            session = pf.Session(backend)
            session.run(queue.enqueue_many(list(range(20))))
            return session.run(queue.dequeue_many(20)).tolist()

    first = order(1, "numpy")
    assert sorted(first) == list(range(20)) != first
    assert first == order(1, "reference")
    assert first != order(2, "numpy")


def test_a_shuffle_queue_keeps_its_minimum_until_it_is_closed(session: Any) -> None:
    queue = pf.RandomShuffleQueue(10, 3, "int64", (), seed=3)
    session.run(queue.enqueue_many([1, 2, 3, 4]))
    taken = [session.run(queue.dequeue()).tolist()]
    with pytest.raises(DeadlineExceededError):
        session.run(queue.dequeue(), options=BRIEFLY)
    session.run(queue.close())
    taken += session.run(queue.dequeue_many(3)).tolist()
    assert sorted(taken) == [1, 2, 3, 4]


def test_a_padding_queue_pads_each_dimension_to_the_longest(session: Any) -> None:
    queue = pf.PaddingFIFOQueue(10, "int64", [(None, None)])
    x = pf.placeholder("int64", (None, None))
    for value in ([[1, 2, 3]], [[4], [5]]):
        session.run(queue.enqueue(x), {x: value})
    assert session.run(queue.dequeue_many(2)).tolist() == [[[1, 2, 3], [0, 0, 0]], [[4, 0, 0], [5, 0, 0]]]


def test_elements_are_copies_of_what_was_fed() -> None:
    queue = pf.FIFOQueue(3, "float32", (2,))
    x = pf.placeholder("float32", (2,))
    session, fed = pf.Session("numpy"), np.array([1.0, 2.0], "float32")
    session.run(queue.enqueue(x), {x: fed})
    fed[:] = 0
    assert session.run(queue.dequeue()).tolist() == [1.0, 2.0]


def test_the_number_of_elements_may_be_a_tensor(session: Any) -> None:
    queue = pf.FIFOQueue(10, "int64", ())
    n = pf.placeholder("int64", ())
    session.run(queue.enqueue_many([1, 2, 3]))
    assert session.run(queue.dequeue_many(n), {n: 2}).tolist() == [1, 2]
    assert session.run(queue.dequeue_many(0)).tolist() == []


def test_what_is_dequeued_can_be_computed_with(session: Any) -> None:
    queue = pf.FIFOQueue(3, "float32")
    session.run(queue.enqueue([[1.0, 2.0]]))
    x = queue.dequeue()
    assert session.run(pf.sum(x * x, axis=-1)).tolist() == 5.0


def test_reads_and_writes_of_a_queue_in_one_run_happen_in_program_order(session: Any) -> None:
    queue = pf.FIFOQueue(3, "int64", ())
    before, put, after, taken = queue.size(), queue.enqueue(5), queue.size(), queue.dequeue()
    found = session.run([taken, after, put, before])
    assert [each if each is None else each.tolist() for each in found] == [5, 1, None, 0]


def test_two_sessions_share_no_elements() -> None:
    queue = pf.FIFOQueue(3, "int64", ())
    first, second = pf.Session("numpy"), pf.Session("numpy")
    first.run(queue.enqueue(1))
    assert (first.run(queue.size()).tolist(), second.run(queue.size()).tolist()) == (1, 0)


# -- waiting


def test_a_full_queue_makes_a_producer_wait_until_there_is_room(session: Any) -> None:
    queue = pf.FIFOQueue(2, "int64", ())
    put, size, take = queue.enqueue_many([1, 2, 3, 4]), queue.size(), queue.dequeue()
    producer = Started(lambda: session.run(put))
    wait_for(lambda: session.run(size).tolist() == 2)
    assert producer.is_running
    assert [session.run(take).tolist() for _ in range(2)] == [1, 2]
    assert producer.wait().error is None
    assert [session.run(take).tolist() for _ in range(2)] == [3, 4]


def test_more_elements_than_the_capacity_can_be_dequeued_at_once(session: Any) -> None:
    queue = pf.FIFOQueue(2, "int64", ())
    put, take = queue.enqueue_many([1, 2, 3, 4, 5]), queue.dequeue_many(5)
    producer = Started(lambda: session.run(put))
    assert session.run(take).tolist() == [1, 2, 3, 4, 5]
    assert producer.wait().error is None


def test_those_who_wait_are_served_in_the_order_they_came() -> None:
    session = pf.Session("numpy")
    queue = pf.FIFOQueue(10, "int64", ())
    three, one, size = queue.dequeue_many(3), queue.dequeue(), queue.size()
    session.run(queue.enqueue_many([1, 2]))
    first = Started(lambda: session.run(three).tolist())
    wait_for(lambda: waiting() == 1)
    second = Started(lambda: session.run(one).tolist())
    wait_for(lambda: waiting() == 2)
    assert session.run(size).tolist() == 2, "nothing is taken before there is enough"
    session.run(queue.enqueue_many([3, 4]))
    assert (first.wait().result, second.wait().result) == ([1, 2, 3], 4)


def test_many_producers_and_consumers_lose_and_double_nothing() -> None:
    session = pf.Session("numpy")
    queue = pf.FIFOQueue(3, "int64", ())
    x = pf.placeholder("int64", ())
    put, take = queue.enqueue(x), queue.dequeue()
    producers = [Started(lambda start=start: [session.run(put, {x: start + i}) for i in range(50)]) for start in
                 (0, 100, 200, 300)]  # fmt: skip
    consumers = [Started(lambda: [session.run(take).tolist() for _ in range(50)]) for _ in range(4)]
    for each in producers:
        assert each.wait().error is None
    found = [each.wait().result for each in consumers]
    assert sorted(each for taken in found for each in taken) == [
        start + i for start in (0, 100, 200, 300) for i in range(50)
    ]
    for taken in found:
        for start in (0, 100, 200, 300):
            mine = [each for each in taken if start <= each < start + 100]
            assert mine == sorted(mine), "what one producer put in order comes out in order"


# -- closing


def test_a_closed_queue_gives_what_is_left_and_then_says_that_it_is_empty(session: Any) -> None:
    queue = pf.FIFOQueue(5, "int64", ())
    session.run(queue.enqueue_many([1, 2, 3]))
    assert not session.run(queue.is_closed())
    session.run(queue.close())
    assert session.run(queue.is_closed())
    assert session.run(queue.dequeue()).tolist() == 1
    with pytest.raises(OutOfRangeError) as caught:
        session.run(queue.dequeue_many(3))
    assert "queue_dequeue: FIFOQueue 'fifo_queue' is closed and has too few elements" in str(caught.value)
    assert "found:   2 elements\n  needed:  3 elements" in str(caught.value)
    assert isinstance(caught.value, EOFError)
    assert session.run(queue.dequeue_up_to(3)).tolist() == [2, 3]
    with pytest.raises(OutOfRangeError):
        session.run(queue.dequeue_up_to(3))


def test_a_closed_queue_takes_nothing_more(session: Any) -> None:
    queue = pf.FIFOQueue(5, "int64", ())
    session.run(queue.close())
    with pytest.raises(CancelledError) as caught:
        session.run(queue.enqueue(1))
    assert "queue_enqueue: FIFOQueue 'fifo_queue' is closed: it takes no more elements" in str(caught.value)
    assert f"built at: {__file__}" in str(caught.value)


def test_closing_lets_what_waits_for_room_go_on(session: Any) -> None:
    queue = pf.FIFOQueue(1, "int64", ())
    put, take, close = queue.enqueue_many([1, 2]), queue.dequeue(), queue.close()
    producer = Started(lambda: session.run(put))
    wait_for(lambda: waiting() == 1)
    session.run(close)
    assert [session.run(take).tolist() for _ in range(2)] == [1, 2]
    assert producer.wait().error is None
    with pytest.raises(OutOfRangeError):
        session.run(take)


def test_cancelling_ends_what_waits_for_room(session: Any) -> None:
    queue = pf.FIFOQueue(1, "int64", ())
    put, take, cancel = queue.enqueue_many([1, 2]), queue.dequeue(), queue.cancel()
    producer = Started(lambda: session.run(put))
    wait_for(lambda: waiting() == 1)
    session.run(cancel)
    assert isinstance(producer.wait().error, CancelledError)
    assert "what waited to be put into it was cancelled" in str(producer.error)
    assert session.run(take).tolist() == 1


def test_closing_ends_a_consumer_that_waits(session: Any) -> None:
    queue = pf.FIFOQueue(5, "int64", ())
    take, up_to, put, close = queue.dequeue_many(3), queue.dequeue_up_to(3), queue.enqueue(1), queue.close()
    session.run(put)
    consumer = Started(lambda: session.run(take))
    wait_for(lambda: waiting() == 1)
    session.run(close)
    assert isinstance(consumer.wait().error, OutOfRangeError)
    assert session.run(up_to).tolist() == [1]


def test_a_consumer_whose_time_is_over_leaves_the_elements_in_their_order(session: Any) -> None:
    queue = pf.FIFOQueue(2, "int64", ())
    session.run(queue.enqueue_many([1, 2]))
    with pytest.raises(DeadlineExceededError):
        session.run(queue.dequeue_many(5), options=BRIEFLY)
    assert session.run(queue.dequeue_many(2)).tolist() == [1, 2]


def test_a_queue_is_gone_with_its_session_but_not_from_the_graph() -> None:
    queue = pf.FIFOQueue(2, "int64", ())
    with pf.Session("numpy") as session:
        session.run(queue.close())
    with pf.Session("numpy") as session:
        assert not session.run(queue.is_closed())
