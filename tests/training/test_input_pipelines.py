"""Queue runners, producers and batches: input pipelines that start, end, stop and leave no thread behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from threads import wait_for, waiting

import polyflow as pf
from polyflow.errors import (
    ArgumentError,
    DeadlockError,
    DTypeError,
    ExecutionError,
    OutOfRangeError,
    ShapeError,
    ValueRangeError,
)

BACKENDS = ["numpy", "reference", "jax"]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    wait_for(lambda: not [each for each in threading.enumerate() if each not in before])
    assert waiting() == 0


@pytest.fixture(params=BACKENDS)
def session(request: pytest.FixtureRequest) -> Any:
    with pf.Session(request.param, options=pf.RunOptions(deadlock_after=0.1)) as opened:
        yield opened


def fetched_to_the_end(session: pf.Session, fetches: Any) -> list[Any]:
    """The values of ``fetches`` until the input ends, with the queue runners of the graph started and stopped."""
    coordinator = pf.train.Coordinator()
    pf.train.start_queue_runners(session, coordinator)
    found = []
    try:
        while True:
            found.append(session.run(fetches))
    except OutOfRangeError:
        coordinator.request_stop()
    coordinator.join()
    return found


# -- queue runners


def test_a_queue_runner_fills_a_queue_until_it_is_stopped(session: Any) -> None:
    queue, count = pf.FIFOQueue(2, "int64", ()), pf.Variable(0)
    runner = pf.train.QueueRunner(queue, [queue.enqueue(count.assign_add(1))] * 3)
    take, coordinator = queue.dequeue(), pf.train.Coordinator()
    threads = runner.create_threads(session, coordinator, start=True)
    assert len(threads) == 4
    assert runner.create_threads(session, coordinator) == [], "they run already"
    assert sorted(session.run(take).tolist() for _ in range(30)) == list(range(1, 31))
    coordinator.request_stop()
    coordinator.join()
    assert not any(each.is_alive() for each in threads)
    assert session.run(queue.is_closed())


def test_an_error_in_an_enqueue_operation_stops_the_others_and_comes_to_join(session: Any) -> None:
    def fail() -> float:
        raise ValueError("no such file")

    queue = pf.FIFOQueue(2, "float32", ())
    fine, broken = queue.enqueue(1.0), queue.enqueue(pf.py_func(fail, [], pf.float32))
    coordinator = pf.train.Coordinator()
    pf.train.QueueRunner(queue, [fine, broken]).create_threads(session, coordinator, start=True)
    with pytest.raises(ExecutionError, match="no such file"):
        coordinator.join()


def test_without_a_coordinator_errors_are_kept_and_the_queue_is_closed(session: Any) -> None:
    def fail() -> float:
        raise ValueError("no such file")

    queue = pf.FIFOQueue(2, "float32", ())
    runner = pf.train.QueueRunner(queue, [queue.enqueue(pf.py_func(fail, [], pf.float32))])
    take = queue.dequeue()
    (thread,) = runner.create_threads(session, start=True)
    with pytest.raises(OutOfRangeError):
        session.run(take)
    thread.join()
    assert "no such file" in str(runner.exceptions_raised[0])


def test_closing_the_session_ends_its_queue_runners() -> None:
    queue = pf.FIFOQueue(2, "int64", ())
    pf.train.add_queue_runner(pf.train.QueueRunner(queue, [queue.enqueue(1)] * 2))
    coordinator, session = pf.train.Coordinator(), pf.Session("numpy")
    threads = pf.train.start_queue_runners(session, coordinator)
    wait_for(lambda: waiting() == 2)
    session.close()
    coordinator.join(threads)
    assert coordinator.should_stop()


def test_two_sessions_run_the_same_pipeline_beside_each_other() -> None:
    queue = pf.train.range_input_producer(3, num_epochs=1, shuffle=False)
    take = queue.dequeue()
    for session in (pf.Session("numpy"), pf.Session("reference")):
        assert [each.tolist() for each in fetched_to_the_end(session, take)] == [0, 1, 2]


def test_a_pipeline_of_which_nothing_was_started_is_reported(session: Any) -> None:
    take = pf.train.range_input_producer(3).dequeue()
    with pytest.raises(DeadlockError, match="start the queue runners"):
        session.run(take)


def test_queue_runners_that_starve_are_reported_through_the_coordinator(session: Any) -> None:
    empty, full = pf.FIFOQueue(1, "int64", (), name="empty"), pf.FIFOQueue(1, "int64", (), name="full")
    pf.train.add_queue_runner(pf.train.QueueRunner(full, [full.enqueue(empty.dequeue())]))
    coordinator = pf.train.Coordinator()
    pf.train.start_queue_runners(session, coordinator)
    with pytest.raises(DeadlockError, match="FIFOQueue 'empty'"):
        coordinator.join()


def test_a_queue_runner_needs_something_to_run_and_a_session() -> None:
    queue = pf.FIFOQueue(2, "int64", (), name="work")
    with pytest.raises(ValueRangeError, match="QueueRunner of FIFOQueue 'work': there is nothing to run"):
        pf.train.QueueRunner(queue, [])
    with pytest.raises(ArgumentError, match="start_queue_runners: there is no session to run in"):
        pf.train.start_queue_runners()


# -- producers


def test_a_producer_gives_its_rows_epoch_by_epoch_and_then_ends(session: Any) -> None:
    queue = pf.train.input_producer(pf.constant([[1.0, 2.0], [3.0, 4.0]]), num_epochs=2, shuffle=False)
    found = [each.tolist() for each in fetched_to_the_end(session, queue.dequeue())]
    assert found == [[1.0, 2.0], [3.0, 4.0]] * 2


def test_a_shuffled_producer_gives_each_row_once_an_epoch_in_another_order() -> None:
    queue = pf.train.range_input_producer(20, num_epochs=2, seed=1)
    take = queue.dequeue()
    orders = [[each.tolist() for each in fetched_to_the_end(pf.Session(name), take)] for name in BACKENDS]
    first, second = orders[0][:20], orders[0][20:]
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second
    assert orders[0] == orders[1], "the same on every backend"


def test_slices_of_several_tensors_stay_together(session: Any) -> None:
    numbers = pf.constant([0, 1, 2])
    x, y = pf.train.slice_input_producer([numbers, numbers * 10], num_epochs=1)
    found = [(a.tolist(), b.tolist()) for a, b in fetched_to_the_end(session, [x, y])]
    assert sorted(found) == [(0, 0), (1, 10), (2, 20)]


def test_what_a_producer_cannot_know_is_refused() -> None:
    with pytest.raises(ShapeError, match="input_producer: the type of a row is not known"):
        pf.train.input_producer(pf.placeholder())
    with pytest.raises(ShapeError, match="the tensors do not have one number of rows"):
        pf.train.slice_input_producer([pf.constant([1]), pf.constant([1, 2])])
    with pytest.raises(ValueRangeError, match="limit_epochs: no epoch is left to run"):
        pf.train.limit_epochs(pf.constant(1), 0)


def test_a_counter_ends_at_its_limit_and_stays_there(session: Any) -> None:
    counter = pf.Variable(0)
    count = pf.count_up_to(counter, 2)
    assert [session.run(count).tolist() for _ in range(2)] == [0, 1]
    for _ in range(2):
        with pytest.raises(OutOfRangeError, match="the counter has reached its limit of 2"):
            session.run(count)
    assert session.run(counter.handle).tolist() == 2


# -- batches


def test_a_batch_puts_examples_together_and_drops_an_incomplete_one(session: Any) -> None:
    index = pf.train.range_input_producer(5, num_epochs=1, shuffle=False).dequeue()
    found = fetched_to_the_end(session, pf.train.batch({"n": index, "square": index * index}, 2))
    assert [{name: each.tolist() for name, each in one.items()} for one in found] == [
        {"n": [0, 1], "square": [0, 1]},
        {"n": [2, 3], "square": [4, 9]},
    ]


def test_a_smaller_final_batch_comes_where_it_is_allowed(session: Any) -> None:
    index = pf.train.range_input_producer(5, num_epochs=1, shuffle=False).dequeue()
    batch = pf.train.batch(index, 2, allow_smaller_final_batch=True)
    assert batch.shape == (None,)
    assert [each.tolist() for each in fetched_to_the_end(session, batch)] == [[0, 1], [2, 3], [4]]


def test_batches_of_several_threads_hold_each_example_once(session: Any) -> None:
    index = pf.train.range_input_producer(23, num_epochs=2).dequeue()
    batch = pf.train.batch(index, 4, num_threads=4, capacity=8, allow_smaller_final_batch=True)
    found = [number for each in fetched_to_the_end(session, batch) for number in each.tolist()]
    assert sorted(found) == sorted([*range(23)] * 2)


def test_each_thread_of_a_batch_draws_its_own_random_numbers() -> None:
    session = pf.Session("numpy")
    noise = pf.random.uniform((), seed=1)
    batch = pf.train.batch(noise, 40, num_threads=4, capacity=4)
    coordinator = pf.train.Coordinator()
    pf.train.start_queue_runners(session, coordinator)
    found = session.run(batch).tolist()
    coordinator.request_stop()
    coordinator.join()
    assert len(set(found)) == 40


def test_a_shuffled_batch_holds_each_example_once_in_another_order(session: Any) -> None:
    index = pf.train.range_input_producer(30, num_epochs=1, shuffle=False).dequeue()
    batch = pf.train.shuffle_batch([index], 10, capacity=30, min_after_dequeue=15, seed=1)
    found = [number for (each,) in fetched_to_the_end(session, batch) for number in each.tolist()]
    assert sorted(found) == list(range(30)) != found


def test_batches_of_examples_that_come_in_bunches(session: Any) -> None:
    bunch = pf.train.limit_epochs(pf.constant([1, 2, 3]), 2)
    batch = pf.train.batch(bunch, 2, enqueue_many=True)
    assert [each.tolist() for each in fetched_to_the_end(session, batch)] == [[1, 2], [3, 1], [2, 3]]


def test_examples_of_different_shapes_are_padded_where_that_is_asked_for(session: Any) -> None:
    index = pf.train.range_input_producer(3, num_epochs=1, shuffle=False).dequeue()
    words = pf.py_func(lambda n: [7] * (int(n.tolist()) + 1), [index], pf.int64, shape=(None,))
    with pytest.raises(ShapeError, match="batch: examples may differ in shape"):
        pf.train.batch(words, 3)
    batch = pf.train.batch(words, 3, dynamic_pad=True)
    assert [each.tolist() for each in fetched_to_the_end(session, batch)] == [[[7, 0, 0], [7, 7, 0], [7, 7, 7]]]


def test_batches_join_several_sources(session: Any) -> None:
    sources = [[pf.train.limit_epochs(pf.constant(start), 3)] for start in (0, 10)]
    batch = pf.train.batch_join(sources, 2)
    found = [number for (each,) in fetched_to_the_end(session, batch) for number in each.tolist()]
    assert sorted(found) == [0, 0, 0, 10, 10, 10]
    shuffled = pf.train.shuffle_batch_join(
        [pf.train.limit_epochs(pf.constant(5), 2)] * 2, 2, capacity=10, min_after_dequeue=1
    )
    assert shuffled.shape == (2,)


def test_an_example_of_unknown_type_is_refused() -> None:
    with pytest.raises(DTypeError, match="batch: the type of an example is not known"):
        pf.train.batch(pf.placeholder(), 3)


def test_training_reads_its_batches_from_a_pipeline(session: Any) -> None:
    x, y = pf.train.slice_input_producer([pf.constant([[1.0], [2.0], [3.0]]), pf.constant([[2.0], [4.0], [6.0]])])
    inputs, targets = pf.train.batch([x, y], 3)
    w = pf.Variable([[0.0]])
    loss = pf.mean(pf.square(pf.matmul(inputs, w.value()) - targets))
    step = pf.train.GradientDescentOptimizer(0.05).minimize(loss)
    coordinator = pf.train.Coordinator()
    pf.train.start_queue_runners(session, coordinator)
    for _ in range(60):
        session.run(step)
    coordinator.request_stop()
    coordinator.join()
    assert abs(float(session.run(w.handle)[0, 0]) - 2.0) < 1e-2
