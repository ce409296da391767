"""Probes of state: whatever executes, reads and writes take effect in the order of the program."""

from __future__ import annotations

from typing import Any

import polyflow as pf
from polyflow_conformance.replay import array, ran, special_array, suppress


def a_variable_of_every_dtype_keeps_its_value_between_runs(backend: Any) -> None:
    for dtype in pf.Session(backend).backend.dtypes:
        value = special_array(dtype)
        with pf.Graph().as_default(), pf.Session(backend) as session:
            x, w = pf.placeholder(dtype, value.shape), pf.Variable(pf.zeros(value.shape, dtype=dtype))
            session.run(w.assign(x), {x: session.backend.from_literal(value, session.device)})
            for _ in range(2):
                found = session.backend.to_literal(session.run(w))
                assert found.data == value.data, f"{found.tolist()} instead of {value.tolist()}"


def a_prepared_call_writes_as_a_run_does(backend: Any) -> None:
    x, count = pf.placeholder("float32", ()), pf.Variable(1.0)
    with pf.Session(backend) as session:
        step = session.prepare(count.assign_add(x), [x])
        found = [session.backend.to_literal(step(by)).tolist() for by in (1.0, 2.0, 3.0)]
        assert ran(session, count) == 7.0, ran(session, count)
    assert found == [2.0, 4.0, 7.0], found


def many_runs_in_one_call_do_what_they_do_alone(backend: Any) -> None:
    x, w = pf.placeholder("float32", ()), pf.Variable(1.0)
    step = w.assign(w * 2.0 + x)
    with pf.Session(backend) as session:
        read = session.backend.to_literal
        found = [read(session.run_many(step, {x: [1.0, 2.0, 3.0]})).tolist(), ran(session, w)]
        found += [read(session.run_many(step, [{x: 1.0}, {x: 2.0}])).tolist(), ran(session, w)]
    assert found == [[3.0, 8.0, 19.0], 19.0, [39.0, 80.0], 80.0], found


def reads_and_writes_follow_the_order_of_the_program(backend: Any) -> None:
    """In whichever order they are fetched."""
    for order in (1, -1):
        with pf.Graph().as_default(), pf.Session(backend) as session:
            w = pf.Variable(1.0)
            log = [w.read_value(), w.assign(2.0), w.read_value(), w.assign_add(10.0), w * 2, w.assign(w * w), w * 1]
            found = ran(session, log[::order])[::order]
            assert found == [1.0, 2.0, 2.0, 12.0, 24.0, 144.0, 144.0], found
            assert ran(session, w) == 144.0, ran(session, w)


def a_write_that_does_not_run_changes_nothing(backend: Any) -> None:
    w = pf.Variable(1.0)
    w.assign(100.0)
    after = w * 2
    w.assign(1000.0)
    with pf.Session(backend) as session:
        assert ran(session, after) == 2.0, ran(session, after)


def a_control_dependency_runs_what_is_not_fetched(backend: Any) -> None:
    w = pf.Variable(1.0)
    with pf.control_dependencies([w.assign_add(4.0)]):
        read = w.read_value()
    with pf.Session(backend) as session:
        found = [ran(session, read) for _ in range(2)]
    assert found == [5.0, 9.0], found


def two_variables_can_be_exchanged(backend: Any) -> None:
    a, b = pf.Variable([1.0, 2.0]), pf.Variable([3.0, 4.0])
    old_a, old_b = a.read_value(), b.read_value()
    steps = [a.assign(old_b), b.assign(old_a)]
    with pf.Session(backend) as session:
        session.run(steps)
        found = ran(session, [a, b])
    assert found == [[3.0, 4.0], [1.0, 2.0]], found


def sessions_share_no_variable(backend: Any) -> None:
    w = pf.Variable([1.0, 1.0])
    step = w.assign_add([1.0, 2.0])
    with pf.Session(backend) as one, pf.Session(backend, pf.get_default_graph()) as other:
        one.run(step)
        one.run(step)
        found = ran(one, w), ran(other, w)
    assert found == ([3.0, 5.0], [1.0, 1.0]), found


def a_value_that_was_fetched_stays_when_the_variable_changes(backend: Any) -> None:
    w = pf.Variable([1.0, 2.0, 3.0])
    step = w.assign(w * 10.0)
    with pf.Session(backend) as session:
        held = session.run([w, step])
        for _ in range(3):
            session.run(step)
        found = [session.backend.to_literal(each).tolist() for each in held]
    assert found[1] == [10.0, 20.0, 30.0], found


def writing_into_what_was_fetched_changes_no_variable(backend: Any) -> None:
    w = pf.Variable([1.0, 2.0, 3.0])
    with pf.Session(backend) as session:
        for held in session.run([w, w.assign(w * 10.0)]):
            try:
                held[...] = session.backend.from_literal(array("float32", (3,), [7, 7, 7]), session.device)
            except Exception:  # what cannot be written into changes nothing anyway
                continue
        found = ran(session, w)
    assert found == [10.0, 20.0, 30.0], found


def a_variable_is_not_the_array_that_it_was_given(backend: Any) -> None:
    x, w, other = pf.placeholder("float32", (2,)), pf.Variable([0.0, 0.0]), pf.Variable([5.0, 6.0])
    steps = [w.assign(x), other.assign(x), w.assign(pf.add(w.read_value(), [1.0, 1.0]))]
    with pf.Session(backend) as session:
        fed = session.backend.copy(session.backend.from_literal(array("float32", (2,), [1.0, 2.0]), session.device))
        session.run(steps, {x: fed})
        assert session.backend.to_literal(fed).tolist() == [1.0, 2.0], session.backend.to_literal(fed).tolist()
        with suppress(Exception):  # what cannot be written into changes nothing anyway
            fed[...] = session.backend.from_literal(array("float32", (2,), [8, 9]), session.device)
        found = ran(session, [w, other])
    assert found == [[2.0, 3.0], [1.0, 2.0]], found


def a_run_that_fails_writes_nothing(backend: Any) -> None:
    w, x = pf.Variable(1.0), pf.placeholder("float32", ())
    with pf.control_dependencies([w.assign(2.0)]):
        checked = pf.Assert(x > 0.0, [x])
    with pf.control_dependencies([checked]):
        step = w.assign(w.read_value() + 5.0)
    with pf.Session(backend) as session:
        try:
            session.run(step, {x: -1.0})
        except pf.errors.InvalidArgumentError:
            assert ran(session, w) == 1.0, ran(session, w)
        assert ran(session, step, {x: 1.0}) == 7.0


def only_the_branch_that_is_taken_assigns(backend: Any) -> None:
    x = pf.placeholder("float32", ())
    w, v = pf.Variable(1.0), pf.Variable(1.0)
    y = pf.cond(x > 0, lambda: w.assign_add(x), lambda: v.assign_sub(x))
    with pf.Session(backend) as session:
        found = [ran(session, y, {x: 2.0}), ran(session, [w, v]), ran(session, y, {x: -2.0}), ran(session, [w, v])]
    assert found == [3.0, [3.0, 1.0], 3.0, [3.0, 3.0]], found


def each_iteration_sees_what_the_one_before_assigned(backend: Any) -> None:
    w = pf.Variable(1.0)

    def body(i: Any, seen: Any) -> Any:
        before = w * 1
        w.assign(before * 2.0)
        return i + 1, seen + before * 100 + w * 1

    seen = pf.while_loop(lambda i, _: i < 3, body, [0, 0.0])[1]
    with pf.Session(backend) as session:
        found = [*ran(session, [seen, w.read_value()]), ran(session, w)]
    assert found == [714.0, 8.0, 8.0], found


def descent_goes_the_same_way_everywhere(backend: Any) -> None:
    w = pf.Variable([4.0, -8.0])
    (gradient,) = pf.gradients(pf.sum(w * w), w)
    step = w.assign_sub(0.25 * gradient)
    with pf.Session(backend) as session:
        found = [ran(session, step) for _ in range(3)]
    assert found == [[2.0, -4.0], [1.0, -2.0], [0.5, -1.0]], found


def python_functions_run_once_each_in_their_order(backend: Any) -> None:
    log: list[str] = []
    x = pf.placeholder("float32", ())
    steps = [pf.py_func(lambda value, word=word, log=log: log.append(word), [x], []) for word in ("a", "b", "c")]
    with pf.Session(backend) as session:
        session.run(steps[::-1], {x: 1.0})
        session.run([steps[2], steps[0]], {x: 1.0})
    assert log == ["a", "b", "c", "a", "c"], log


def the_dataflow_executor_keeps_the_order_too(backend: Any) -> None:
    for _ in range(10):
        log: list[str] = []
        with pf.Graph().as_default(), pf.Session(backend, executor="dataflow", inter_op_threads=4) as session:
            w = pf.Variable(1.0)
            steps = [w.read_value(), w.assign(2.0), w.read_value(), w.assign(w.read_value() * 5.0), w.read_value()]
            host = [pf.py_func(lambda value, word=word, log=log: log.append(word), [w], []) for word in "abcd"]
            found = ran(session, steps)
            session.run(host[::-1])
        assert (found, log) == ([1.0, 2.0, 2.0, 10.0, 10.0], [*"abcd"]), (found, log)


PROBES = (
    a_variable_of_every_dtype_keeps_its_value_between_runs, a_prepared_call_writes_as_a_run_does,
    many_runs_in_one_call_do_what_they_do_alone, reads_and_writes_follow_the_order_of_the_program,
    a_write_that_does_not_run_changes_nothing,
    a_control_dependency_runs_what_is_not_fetched, two_variables_can_be_exchanged, sessions_share_no_variable,
    a_value_that_was_fetched_stays_when_the_variable_changes, writing_into_what_was_fetched_changes_no_variable,
    a_variable_is_not_the_array_that_it_was_given, a_run_that_fails_writes_nothing,
    only_the_branch_that_is_taken_assigns, each_iteration_sees_what_the_one_before_assigned,
    descent_goes_the_same_way_everywhere, python_functions_run_once_each_in_their_order,
    the_dataflow_executor_keeps_the_order_too,
)  # fmt: skip
