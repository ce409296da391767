"""The dataflow executor: what runs at once, what is bounded, what dies, and how a run ends."""

from __future__ import annotations

import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import CancelledError, DeadlineExceededError, DeadlockError, ExecutionError, ValueRangeError
from polyflow.runtime import dataflow_kernels

BACKENDS = ["numpy", "reference"]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def pure(function: Callable[..., Any], x: Any) -> Any:
    """A function on the host that may run at any time, and in any thread."""
    return pf.py_func(function, [x], pf.float32, stateful=False, shape=())


def effect(function: Callable[..., Any], x: Any) -> Any:
    """A function on the host that runs in the order of the program."""
    return pf.py_func(function, [x], pf.float32, shape=())


def dataflow(threads: int, backend: str = "numpy") -> pf.Session:
    """A session that runs what is built as it is: folding would run pure functions of constants beforehand."""
    return pf.Session(backend, executor="dataflow", inter_op_threads=threads, optimise=False)


class Meter:
    """Counts how many calls of it there are at once."""

    def __init__(self, meeting: int) -> None:
        self.meeting = meeting
        """How many must meet before any of them goes on."""
        self.now = self.most = 0
        self._arrival = threading.Condition()

    def __call__(self, value: Any) -> Any:
        with self._arrival:
            self.now += 1
            self.most = max(self.most, self.now)
            self._arrival.notify_all()
            met = self._arrival.wait_for(lambda: self.most >= self.meeting, timeout=10)
            assert met, f"only {self.most} calls at once"
        time.sleep(0.002)  # for a further one to come, if it may
        with self._arrival:
            self.now -= 1
        return value


# -- what runs at once


@pytest.mark.parametrize("backend", BACKENDS)
def test_operations_that_do_not_need_each_other_run_at_once(backend: str) -> None:
    meter = Meter(3)
    x = pf.constant(1.0)
    parts = [pure(meter, x + each) for each in (1.0, 2.0, 3.0)]
    with dataflow(3, backend) as session:
        assert session.run(parts[0] + parts[1] * parts[2]) == 14.0


def test_no_more_threads_work_than_the_session_allows() -> None:
    meter = Meter(2)
    parts = [pure(meter, pf.constant(float(each))) for each in range(6)]
    dataflow(2).run(parts)
    assert meter.most == 2


def test_one_thread_is_enough_for_everything() -> None:
    meter = Meter(1)
    total = pf.sum(pf.map_fn(lambda x: pure(meter, x), pf.constant([1.0, 2.0, 3.0])))
    assert dataflow(1).run(total) == 6.0
    assert meter.most == 1


@pytest.mark.parametrize("bound", [1, 2, 4])
def test_as_many_iterations_are_in_flight_as_the_loop_allows(bound: int) -> None:
    meter = Meter(bound)
    elements = pf.constant([float(each) for each in range(12)])
    squares = pf.map_fn(lambda x: pure(meter, x * x), elements, parallel_iterations=bound)
    found = dataflow(8).run(squares)
    assert found.tolist() == [float(each * each) for each in range(12)]
    assert meter.most == bound


def test_iterations_overlap_only_as_far_as_their_values_let_them() -> None:
    meter = Meter(1)
    total = pf.while_loop(lambda i, x: i < 6, lambda i, x: (i + 1, pure(meter, x + 1)), [0, 0.0])[1]
    assert dataflow(4).run(total) == 6.0
    assert meter.most == 1


def test_an_inner_loop_has_iterations_of_its_own_in_each_iteration_of_the_outer() -> None:
    meter = Meter(4)

    def row(i: Any) -> Any:
        return pf.map_fn(lambda j: pure(meter, 10 * i + j), pf.constant([1.0, 2.0]), parallel_iterations=2)

    table = pf.map_fn(row, pf.constant([1.0, 2.0, 3.0, 4.0]), parallel_iterations=2)
    found = dataflow(8).run(table)
    assert found.tolist() == [[11.0, 12.0], [21.0, 22.0], [31.0, 32.0], [41.0, 42.0]]
    assert meter.most == 4


def test_kernels_run_under_the_same_settings_in_every_thread() -> None:
    x = pf.placeholder("float32", (dataflow_kernels.LARGE + 1,))
    parts = [pf.log(x * each) for each in (0.0, -1.0, 0.0, -1.0)]  # warnings are errors here
    found = dataflow(4).run(parts, {x: np.ones(x.shape, "float32")})
    assert [np.isnan(each[0]) or each[0] for each in found] == [-np.inf, True, -np.inf, True]


@pytest.mark.parametrize("backend", [*BACKENDS, "jax"])
def test_wide_types_are_wide_in_every_thread(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataflow_kernels, "LARGE", -1)
    x = pf.placeholder("float64", (3,))
    parts = [pf.sum(x / each + pf.ones((3,), dtype="float64")) for each in (3.0, 7.0, 9.0, 11.0)]
    value = np.asarray([1.0, 2.0, 4.0])
    session = dataflow(4, backend)
    feed = value.tolist()
    for _ in range(5):
        found = session.run(parts, {x: feed})
        assert all("float64" in str(each.dtype) for each in found)
        expected = [np.sum(value / each + 1) for each in (3.0, 7.0, 9.0, 11.0)]
        np.testing.assert_allclose([float(each) for each in found], expected, rtol=1e-15)


@pytest.mark.parametrize("threads", [1, 2])
def test_values_are_dropped_when_nobody_needs_them_any_more(threads: int) -> None:
    megabyte = 1 << 20
    x = pf.placeholder("float32", (megabyte // 4,))
    y = x
    for _ in range(40):
        y = y + 1
    loop = pf.while_loop(lambda i, z: i < 40, lambda i, z: (i + 1, z + 1), [0, y], parallel_iterations=2)[1]
    session = dataflow(threads)
    value = np.ones(x.shape, "float32")
    session.run(loop, {x: value})
    tracemalloc.start()
    session.run(loop, {x: value})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * megabyte


# -- effects and dead tokens


def test_effects_keep_their_order_through_branches_and_iterations() -> None:
    seen: list[str] = []

    def note(word: str) -> Callable[[Any], Any]:
        def add(value: Any) -> Any:
            time.sleep(0.001)
            seen.append(f"{word}{value:g}")
            return value

        return add

    def body(i: Any, x: Any) -> Any:
        even = pf.cond(pf.equal(i % 2, 0), lambda: effect(note("even"), i), lambda: i)
        return i + 1, x + effect(note("body"), i) + 0 * even

    first = effect(note("first"), pf.constant(0.0))
    loop = pf.while_loop(lambda i, x: effect(note("test"), i) < 3, body, [0.0, 0.0])
    last = effect(note("last"), pf.constant(0.0))
    dataflow(8).run([last, loop, first])
    assert seen == [
        "first0", "test0", "even0", "body0", "test1", "body1", "test2", "even2", "body2", "test3", "last0",
    ]  # fmt: skip


def test_of_the_branches_only_the_one_taken_runs() -> None:
    seen: list[float] = []
    x = pf.placeholder("float32", ())

    def arm(number: float) -> Callable[[], Any]:
        return lambda: pf.while_loop(
            lambda i: i < 3, lambda i: pure(lambda value: seen.append(number) or value, i) + 1, [x * 0]
        )[0]

    chosen = pf.switch_case(pf.astype(x, "int32"), [arm(0.0), arm(1.0), arm(2.0)])
    with pf.Session(executor="dataflow") as session:
        for number in (2, 0, 1):
            seen.clear()
            assert session.run(chosen, {x: number}) == 3.0
            assert seen == [number] * 3


def test_a_body_of_constants_runs_only_in_iterations_that_happen() -> None:
    x = pf.placeholder("float32", ())

    def fail(_: Any) -> Any:
        raise AssertionError("the iteration did not happen")

    loop = pf.while_loop(lambda y: y > 0, lambda y: pure(fail, pf.constant(1.0)), [x])[0]
    branch = pf.cond(x > 0, lambda: pure(fail, pf.constant(1.0)), lambda: pf.constant(2.0))
    found = pf.Session(executor="dataflow", optimise=False).run([loop, branch], {x: -1.0})
    assert found == [-1.0, 2.0]


def test_a_limit_keeps_the_condition_from_being_asked_again() -> None:
    asked: list[float] = []
    loop = pf.while_loop(
        lambda i: effect(lambda value: asked.append(float(value)) or value, i) < 100,
        lambda i: i + 1,
        [0.0],
        maximum_iterations=2,
    )[0]
    for executor in ("straight", "dataflow"):
        asked.clear()
        assert pf.Session(executor=executor).run(loop) == 2.0
        assert asked == [0.0, 1.0]


# -- state


def written_in_a_loop(x: Any, a: Any, b: Any) -> list[Any]:
    def body(i: Any) -> Any:
        before = a.assign(pf.tanh(a + b))
        pf.cond(b > 0, lambda: b.assign_sub(before), lambda: b.assign_add(i))
        return i + 1

    first = a.assign_add(b)
    loop = pf.while_loop(lambda i: i < 3, body, [x], parallel_iterations=4)[0]
    with pf.control_dependencies([loop]):
        last = b.assign(b * a)
    return [first, loop, last]


def written_in_turn(x: Any, a: Any, b: Any) -> list[Any]:
    found = []
    for step in range(4):
        found += [a.read_value() * b, a.assign(b + step), b.assign_sub(a * 0.5 + x), b.read_value()]
    return found


def written_in_loops_in_loops(x: Any, a: Any, b: Any) -> list[Any]:
    def outer(i: Any) -> Any:
        def inner(j: Any) -> Any:
            a.assign(a * 0.5 + b)
            return j + 1

        pf.while_loop(lambda j: j < 2, inner, [x], parallel_iterations=3)
        b.assign_add(a.read_value() - i)
        return i + 1

    return [pf.while_loop(lambda i: i < 3, outer, [x], parallel_iterations=3)[0], a.read_value() + b]


def read_before_and_after_by_independent_operations(x: Any, a: Any, b: Any) -> list[Any]:
    before = [pf.sin(a + number) for number in range(6)]
    exchanged = [a.assign(b * 2.0), b.assign(x + 3.0)]
    after = [pf.cos(a * b + number) for number in range(6)]
    return [*before, *exchanged, *after]


@pytest.mark.parametrize(
    "build",
    [
        written_in_a_loop,
        written_in_turn,
        written_in_loops_in_loops,
        read_before_and_after_by_independent_operations,
    ],
)
def test_a_thousand_runs_in_eight_threads_end_in_one_state(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataflow_kernels, "LARGE", -1)  # every operation may go to another thread
    x = pf.placeholder("float32", ())
    a, b = pf.Variable(1.0), pf.Variable(2.0)
    fetches = [*build(x, a, b), a.value(), b.value()]
    expected = pf.Session().run(fetches, {x: 0.0})
    found = set()
    plans: dict[Any, Any] = {}
    for _ in range(1000):
        session = dataflow(8)
        session._plans = plans  # which take most of the time, and depend on nothing but the graph
        found.add(tuple(float(each) for each in session.run(fetches, {x: 0.0})))
    assert found == {tuple(float(each) for each in expected)}


# -- errors, and other ends


def test_an_error_says_which_loop_and_which_iteration_of_it() -> None:
    def fail(value: Any) -> Any:
        if value == 12:
            raise ValueError("twelve is too much")
        return value

    outer = pf.while_loop(
        lambda i: i < 5,
        lambda i: (
            pf.while_loop(lambda j: j < 10 * i + 5, lambda j: pure(fail, j) + 1, [10 * i], name="inner")[0] * 0 + i + 1
        ),
        [0.0],
        name="outer",
    )[0]
    with pytest.raises(ExecutionError) as caught:
        dataflow(4).run(outer)
    text = str(caught.value)
    assert "twelve is too much" in text
    assert "it was in iteration 1 of outer, built at" in text
    assert ", in iteration 2 of " in text
    assert "test_dataflow.py" in text.split("built at")[-1]
    with pytest.raises(ExecutionError) as straight:
        pf.Session().run(outer)
    assert str(straight.value) == text


def test_an_error_ends_what_waits_elsewhere_in_the_run() -> None:
    queue = pf.FIFOQueue(3, "float32", ())

    def fail(_: Any) -> Any:
        time.sleep(0.02)
        raise ValueError("no")

    session = dataflow(2)
    with pytest.raises(ExecutionError, match="ValueError: no"):
        session.run([queue.dequeue(), pure(fail, pf.constant(1.0))])


def test_threads_without_work_do_not_hide_a_deadlock() -> None:
    queue = pf.FIFOQueue(3, "float32", (), name="empty")
    meter = Meter(2)
    fetches = [queue.dequeue(), *(pure(meter, pf.constant(each)) for each in (1.0, 2.0))]
    with pytest.raises(DeadlockError, match="'empty'"):
        dataflow(3).run(fetches, options=pf.RunOptions(deadlock_after=0.05))


def test_many_threads_may_run_one_session() -> None:
    counter = pf.Variable(0.0)
    session = dataflow(2)
    step = pf.fori_loop(0, 3, lambda i, x: counter.assign_add(1.0), 0.0)
    threads = [threading.Thread(target=lambda: [session.run(step) for _ in range(20)]) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert session.run(counter) == 8 * 20 * 3


def endless() -> Any:
    return pf.while_loop(lambda i: i >= 0, lambda i: i * 1, [pf.constant(1.0)])[0]


def test_a_run_ends_when_its_time_is_over() -> None:
    session = pf.Session(executor="dataflow")
    with pytest.raises(DeadlineExceededError, match=r"took longer than its 0\.05 s"):
        session.run(endless(), options=pf.RunOptions(timeout=0.05))
    assert session.run(pf.constant(1.0) + 1) == 2.0


def test_closing_the_session_ends_its_runs() -> None:
    session = pf.Session(executor="dataflow")
    timer = threading.Timer(0.05, session.close)
    timer.start()
    with pytest.raises(CancelledError):
        session.run(endless())
    timer.join()


def test_an_interruption_ends_the_run_and_leaves_the_session_as_it_was() -> None:
    import _thread

    counter = pf.Variable(1.0)
    session = dataflow(4)
    waits = [pure(lambda value: time.sleep(0.1) or value, pf.constant(float(each))) for each in range(3)]
    timer = threading.Timer(0.03, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        session.run([counter.assign_add(1.0), endless(), *waits])
    timer.join()
    assert session.run(counter) == 1.0


def test_an_executor_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueRangeError, match="no such executor\n  found:   'eager'"):
        pf.Session(executor="eager")
    with pytest.raises(ValueRangeError, match="inter_op_threads\n  found:   0"):
        dataflow(0)


def test_explain_shows_the_lowered_program_and_who_runs_it() -> None:
    x = pf.placeholder("float32", ())
    text = dataflow(3).explain(pf.fori_loop(0, 3, lambda i, y: y * x, x))
    assert "lowered program\ndataflow(" in text
    assert "next_iteration(" in text
    assert "dataflow executor, 3 threads at most" in text
