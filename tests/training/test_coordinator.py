"""``Coordinator``: threads that stop together."""

from __future__ import annotations

import sys
import threading
import time

import pytest
from threads import Started, wait_for

import polyflow as pf
from polyflow.errors import ExecutionError, OutOfRangeError


def test_threads_stop_when_one_of_them_asks_to() -> None:
    coordinator = pf.train.Coordinator()
    rounds: list[int] = []

    def work(number: int) -> None:
        while not coordinator.should_stop():
            rounds.append(number)
            if len(rounds) > 20:
                coordinator.request_stop()
            time.sleep(0.001)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for each in threads:
        each.start()
    coordinator.join(threads)
    assert coordinator.joined
    assert not any(each.is_alive() for each in threads)


def test_the_first_error_comes_to_the_thread_that_joins() -> None:
    coordinator = pf.train.Coordinator()

    def fail() -> None:
        with coordinator.stop_on_exception():
            raise KeyError("first")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    coordinator.request_stop(ValueError("second"))
    with pytest.raises(KeyError, match="first"):
        coordinator.join([thread])
    coordinator.raise_requested_exception()  # once


def test_an_error_may_be_given_as_the_interpreter_tells_it() -> None:
    coordinator = pf.train.Coordinator()
    try:
        raise ValueError("told")
    except ValueError:
        coordinator.request_stop(sys.exc_info())
    with pytest.raises(ValueError, match="told"):
        coordinator.join([])


def test_the_end_of_the_input_is_no_error() -> None:
    coordinator = pf.train.Coordinator()
    with coordinator.stop_on_exception():
        raise OutOfRangeError("no more")
    assert coordinator.should_stop()
    coordinator.join([])
    strict = pf.train.Coordinator(clean_stop_exception_types=())
    strict.request_stop(OutOfRangeError("no more"))
    with pytest.raises(OutOfRangeError):
        strict.join([])


def test_a_thread_that_does_not_stop_is_named() -> None:
    coordinator = pf.train.Coordinator()
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="stubborn")
    thread.start()
    coordinator.register_thread(thread)
    coordinator.request_stop()
    try:
        with pytest.raises(ExecutionError) as caught:
            coordinator.join(stop_grace_period_secs=0.05)
        assert str(caught.value) == (
            "1 threads did not stop within 0.05 s\n"
            "  found:   stubborn\n"
            "  try:     threads look at coordinator.should_stop(), or have a larger stop_grace_period_secs"
        )
        coordinator.join([thread], stop_grace_period_secs=0.05, ignore_live_threads=True)
    finally:
        end.set()
        thread.join()


def test_waiting_for_a_stop_ends_with_it_or_with_its_time() -> None:
    coordinator = pf.train.Coordinator()
    assert not coordinator.wait_for_stop(0.01)
    waiter = Started(coordinator.wait_for_stop)
    wait_for(lambda: waiter.is_running)
    coordinator.request_stop()
    assert waiter.wait().result is True


def test_a_coordinator_can_be_used_again() -> None:
    coordinator = pf.train.Coordinator()
    coordinator.request_stop(ValueError("old"))
    coordinator.clear_stop()
    assert not coordinator.should_stop()
    coordinator.request_stop()
    coordinator.join([])
