"""Runs that wait: time limits, cancellation, deadlocks that are reported, variables that nobody's update is lost of."""

from __future__ import annotations

import _thread
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from threads import Started, wait_for, waiting

import polyflow as pf
from polyflow.core.hosting import current_run
from polyflow.errors import (
    CancelledError,
    DeadlineExceededError,
    DeadlockError,
    OutOfRangeError,
    SessionClosedError,
    ValueRangeError,
)
from polyflow.runtime.waiting import passive

SOON = pf.RunOptions(deadlock_after=0.05)


@pytest.fixture
def session() -> Iterator[pf.Session]:
    with pf.Session("numpy", options=SOON) as opened:
        yield opened
    assert waiting() == 0


def line(offset: int = 0) -> str:
    return f"{__file__}:{sys._getframe(1).f_lineno + offset}"


# -- time


def test_a_run_that_waits_too_long_says_for_what(session: pf.Session) -> None:
    queue = pf.FIFOQueue(3, "int64", (), name="work")
    take = queue.dequeue()
    built = line(-1)
    start = time.monotonic()
    with pytest.raises(DeadlineExceededError) as caught:
        session.run(take, options=pf.RunOptions(timeout=0.1))
    here = line(-1)
    assert 0.1 <= time.monotonic() - start < 2
    assert isinstance(caught.value, TimeoutError)
    assert str(caught.value) == (
        f"queue_dequeue: the run at {here} took longer than its 0.1 s\n"
        "  found:   it waited to take 1 element from FIFOQueue 'work' (0 of 3 elements, open)\n"
        "  operand: %work_dequeue: int64[] = queue_dequeue(queue=FIFOQueue 'work')\n"
        f"  built at: {built}"
    )


def test_a_producer_has_a_time_limit_too_and_leaves_what_fitted(session: pf.Session) -> None:
    queue = pf.FIFOQueue(2, "int64", ())
    with pytest.raises(DeadlineExceededError, match="to put 1 element into FIFOQueue"):
        session.run(queue.enqueue_many([1, 2, 3]), options=pf.RunOptions(timeout=0.05))
    assert session.run(queue.dequeue_many(2)).tolist() == [1, 2]


def test_a_prepared_call_takes_options(session: pf.Session) -> None:
    call = session.prepare(pf.FIFOQueue(3, "int64", ()).dequeue(), options=pf.RunOptions(timeout=0.05))
    for _ in range(2):
        with pytest.raises(DeadlineExceededError):
            call()


def test_a_run_that_need_not_wait_takes_options_as_well(session: pf.Session) -> None:
    w = pf.Variable(1.0)
    assert session.run(w.assign_add(1.0), options=pf.RunOptions(timeout=5.0)).tolist() == 2.0
    assert session.run(w).tolist() == 2.0


@pytest.mark.parametrize("name", ["timeout", "deadlock_after"])
def test_a_time_to_wait_is_above_zero(name: str) -> None:
    with pytest.raises(ValueRangeError) as caught:
        pf.RunOptions(**{name: 0.0})
    assert str(caught.value) == (
        f"RunOptions: {name} is no time to wait\n  found:   0.0\n  needed:  seconds above 0, or None"
    )


# -- cancelling


def test_closing_the_session_ends_the_runs_that_wait_in_it() -> None:
    session, other = pf.Session("numpy"), pf.Session("numpy")
    queue = pf.FIFOQueue(3, "int64", (), name="work")
    take = queue.dequeue()
    consumers = [Started(lambda: session.run(take)) for _ in range(3)]
    elsewhere = Started(lambda: other.run(take))
    wait_for(lambda: waiting() == 4)
    session.close()
    for each in consumers:
        assert isinstance(each.wait().error, CancelledError)
        assert "was cancelled: its session was closed\n  found:   it waited to take 1 element" in str(each.error)
    assert waiting() == 1
    other.run(queue.enqueue(5))
    assert elsewhere.wait().result.tolist() == 5
    with pytest.raises(SessionClosedError):
        session.run(take)


def test_a_keyboard_interrupt_ends_a_run_that_waits_and_takes_nothing(session: pf.Session) -> None:
    queue = pf.FIFOQueue(3, "int64", ())
    session.run(queue.enqueue(1))
    interrupt = threading.Timer(0.1, _thread.interrupt_main)
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        session.run(queue.dequeue_many(2))
    interrupt.join()
    assert waiting() == 0
    assert session.run(queue.dequeue()).tolist() == 1


# -- deadlocks


def test_a_lone_thread_that_waits_for_ever_is_told(session: pf.Session) -> None:
    queue = pf.FIFOQueue(3, "int64", (), name="work")
    take = queue.dequeue()
    with pytest.raises(DeadlockError) as caught:
        session.run(take)
    here = line(-1)
    assert str(caught.value).startswith(
        "queue_dequeue: deadlock: every thread waits, and nobody is left to go on\n"
        f"    thread 'MainThread': the run at {here} waits to take 1 element from FIFOQueue 'work' "
        "(0 of 3 elements, open)\n"
        "  try:     start the queue runners, enqueue before dequeueing, close the queue, or RunOptions(timeout=...)\n"
    )


def test_threads_that_wait_for_each_other_are_all_told_who_waits_for_what(session: pf.Session) -> None:
    left, right = pf.FIFOQueue(1, "int64", (), name="left"), pf.FIFOQueue(1, "int64", (), name="right")
    from_left = right.enqueue(left.dequeue())
    from_right = left.enqueue(right.dequeue())
    other = Started(lambda: session.run(from_left))
    with pytest.raises(DeadlockError) as caught:
        session.run(from_right)
    assert isinstance(other.wait().error, DeadlockError)
    for error in (caught.value, other.error):
        assert "to take 1 element from FIFOQueue 'left' (0 of 1 elements, open)" in str(error)
        assert "to take 1 element from FIFOQueue 'right' (0 of 1 elements, open)" in str(error)


def test_threads_of_which_the_main_thread_waits_for_the_end_are_told_as_well(session: pf.Session) -> None:
    take = pf.FIFOQueue(1, "int64", ()).dequeue()
    threads = [Started(lambda: session.run(take)) for _ in range(2)]
    for each in threads:
        each.join_for_ever()
    assert all(isinstance(each.error, DeadlockError) for each in threads)


def test_threads_whose_future_the_main_thread_waits_for_are_told_as_well(session: pf.Session) -> None:
    take = pf.FIFOQueue(1, "int64", ()).dequeue()
    with ThreadPoolExecutor(1) as pool:
        assert isinstance(pool.submit(session.run, take).exception(), DeadlockError)


def test_a_thread_that_was_just_told_to_go_on_is_waited_for() -> None:
    queue, go = pf.FIFOQueue(1, "int64", ()), threading.Event()
    put, take = queue.enqueue(1), queue.dequeue()
    session = pf.Session("numpy", options=pf.RunOptions(deadlock_after=0.02))
    session.run([put, take])  # planned before the race

    def help_when_told() -> None:
        go.wait()
        session.run(put)

    for _ in range(30):
        go.clear()
        helper = Started(help_when_told)
        go.set()
        assert session.run(take).tolist() == 1
        helper.wait()


def test_a_deadlock_across_sessions_is_seen() -> None:
    queue = pf.FIFOQueue(1, "int64", ())
    take = queue.dequeue()
    first, second = pf.Session("numpy", options=SOON), pf.Session("numpy", options=SOON)
    other = Started(lambda: first.run(take))
    with pytest.raises(DeadlockError):
        second.run(take)
    assert isinstance(other.wait().error, DeadlockError)


def test_a_thread_that_may_still_help_is_waited_for(session: pf.Session) -> None:
    queue = pf.FIFOQueue(3, "int64", ())
    put, take = queue.enqueue(1), queue.dequeue()

    def late() -> None:
        time.sleep(0.3)  # much longer than it takes to report a deadlock
        session.run(put)

    helper = Started(late)
    assert session.run(take).tolist() == 1
    assert helper.wait().error is None


def test_a_run_with_a_time_limit_may_still_help_once_its_time_is_over(session: pf.Session) -> None:
    queue, empty = pf.FIFOQueue(3, "int64", ()), pf.FIFOQueue(3, "int64", ())
    put, take, never = queue.enqueue(1), queue.dequeue(), empty.dequeue()

    def late() -> None:
        with pytest.raises(DeadlineExceededError):
            session.run(never, options=pf.RunOptions(timeout=0.3))
        session.run(put)

    helper = Started(late)
    assert session.run(take).tolist() == 1
    assert helper.wait().error is None


def test_a_daemon_thread_older_than_the_session_does_not_count() -> None:
    end = threading.Event()
    daemon = threading.Thread(target=end.wait, daemon=True)
    daemon.start()
    try:
        with pf.Session("numpy", options=SOON) as session, pytest.raises(DeadlockError):
            session.run(pf.FIFOQueue(3, "int64", ()).dequeue())
    finally:
        end.set()
        daemon.join()


def test_a_passive_thread_does_not_count(session: pf.Session) -> None:
    end = threading.Event()

    def wait() -> None:
        with passive():
            end.wait()

    thread = Started(wait)
    with pytest.raises(DeadlockError):
        session.run(pf.FIFOQueue(3, "int64", ()).dequeue())
    end.set()
    thread.wait()


@pytest.mark.parametrize(("after", "error"), [(0.05, DeadlockError), (None, CancelledError)], ids=["on", "off"])
def test_reports_of_deadlocks_can_be_switched_off(after: float | None, error: type[Exception]) -> None:
    take = pf.FIFOQueue(3, "int64", ()).dequeue()
    session = pf.Session("numpy", options=pf.RunOptions(deadlock_after=after))
    consumer = Started(lambda: session.run(take))
    with passive():
        time.sleep(0.25)
    session.close()
    assert isinstance(consumer.wait().error, error)


# -- variables


def test_a_run_that_waits_lets_others_use_the_session(session: pf.Session) -> None:
    queue, w = pf.FIFOQueue(3, "float32", ()), pf.Variable(1.0)
    product, grow, put = queue.dequeue() * w.handle, w.assign_add(1.0), queue.enqueue(10.0)
    consumer = Started(lambda: session.run(product))
    wait_for(lambda: waiting() == 1)
    assert session.run(grow).tolist() == 2.0
    session.run(put)
    assert consumer.wait().result.tolist() == 10.0, "the value that the variable had when the run started"
    assert session.run(w.handle).tolist() == 2.0


def test_updates_by_runs_that_wait_are_not_lost(session: pf.Session) -> None:
    queue, w = pf.FIFOQueue(1, "int64", ()), pf.Variable(0)
    put, take, plain = queue.enqueue(w.assign_add(1)), queue.dequeue(), w.assign_add(1000)
    producers = [Started(lambda: [session.run(put) for _ in range(25)]) for _ in range(4)]
    others = [Started(lambda: [session.run(plain) for _ in range(25)]) for _ in range(2)]
    call = session.prepare(plain)
    others.append(Started(lambda: [call() for _ in range(25)]))
    taken = [session.run(take).tolist() for _ in range(100)]
    for each in (*producers, *others):
        assert each.wait().error is None
    assert session.run(w.handle).tolist() == 75 * 1000 + 100
    assert len(set(taken)) == 100


def test_runs_that_wait_for_a_variable_that_is_held_are_told_so(session: pf.Session) -> None:
    queue, w = pf.FIFOQueue(1, "int64", (), name="work"), pf.Variable(0, name="w")
    held, put = w.assign_add(queue.dequeue()), queue.enqueue(w.assign_add(1))
    consumer = Started(lambda: session.run(held))
    wait_for(lambda: waiting() == 1)
    with pytest.raises(DeadlockError) as caught:
        session.run(put)
    assert "waits to write variable 'w', which the run at" in str(caught.value)
    assert "waits to take 1 element from FIFOQueue 'work'" in str(caught.value)
    assert isinstance(consumer.wait().error, DeadlockError)


def test_a_function_may_not_write_what_the_run_that_calls_it_writes(session: pf.Session) -> None:
    w = pf.Variable(0, name="w")
    inner = w.assign_add(5)

    def write() -> Any:
        return session.run(inner)

    with pytest.raises(DeadlockError, match=r"waits to write variable 'w', which the run at .*, in the same thread"):
        session.run(w.assign_add(pf.py_func(write, [], pf.int64)))
    assert session.run(w.handle).tolist() == 0


def test_a_run_that_fails_writes_nothing_and_gives_its_variables_back(session: pf.Session) -> None:
    w = pf.Variable(1.0)
    queue = pf.FIFOQueue(1, "float32", ())
    with pytest.raises(DeadlineExceededError):
        session.run(w.assign(queue.dequeue()), options=pf.RunOptions(timeout=0.05))
    assert session.run(w.handle).tolist() == 1.0
    assert session.run(w.assign(3.0)).tolist() == 3.0


def test_a_run_of_which_one_thread_failed_ends_in_the_others(session: pf.Session) -> None:
    # What an executor with several threads does, played by a function that has the run at hand.
    runs: list[Any] = []
    keep = pf.py_func(lambda: runs.append(current_run()), [], [])
    take = pf.FIFOQueue(1, "int64", ()).dequeue()
    consumer = Started(lambda: session.run([keep, take]))
    wait_for(lambda: waiting() == 1)
    runs[0].cancel()
    assert isinstance(consumer.wait().error, CancelledError)
    assert "was cancelled: another operation of it failed" in str(consumer.error)


def test_a_function_may_ask_whether_its_run_is_to_end() -> None:
    def work() -> None:
        for _ in range(500):
            current_run().check()  # type: ignore[union-attr]
            time.sleep(0.01)

    with pytest.raises(DeadlineExceededError, match=r"took longer than its 0.05 s"):
        pf.Session("numpy").run(pf.py_func(work, [], []), options=pf.RunOptions(timeout=0.05))


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_a_run_that_waits_keeps_the_value_of_a_variable_that_others_replace(backend: str) -> None:
    queue, w = pf.FIFOQueue(3, "float32", (2,)), pf.Variable([1.0, 2.0])
    product, grow, put = queue.dequeue() * w.handle, w.assign_add([1.0, 1.0]), queue.enqueue([[10.0, 10.0]])
    session = pf.Session(backend)
    consumer = Started(lambda: session.run(product))
    wait_for(lambda: waiting() == 1)
    for _ in range(3):
        session.run(grow)
    session.run(put)
    assert consumer.wait().result.tolist() == [10.0, 20.0]
    assert session.run(w.handle).tolist() == [4.0, 5.0]


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_a_variable_can_be_read_while_a_run_that_writes_it_waits_and_when_that_has_failed(backend: str) -> None:
    queue, w = pf.FIFOQueue(3, "float32", (2,)), pf.Variable([1.0, 2.0])
    step, close = w.assign_add(queue.dequeue()), queue.close()
    session = pf.Session(backend)
    consumer = Started(lambda: session.run(step))
    wait_for(lambda: waiting() == 1)
    assert session.run(w.handle).tolist() == [1.0, 2.0]
    session.run(close)
    assert isinstance(consumer.wait().error, OutOfRangeError)
    assert session.run(w.handle, options=SOON).tolist() == [1.0, 2.0]
    assert session.run(w.assign_add([1.0, 1.0]), options=SOON).tolist() == [2.0, 3.0]
