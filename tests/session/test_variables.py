"""State: the order of reads and writes, initial values, and whose memory is whose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import DTypeError, ShapeError
from polyflow.extension import NamespaceBackend

BACKENDS = ["numpy", "reference", "jax"]


def listed(value: Any) -> Any:
    """Arrays as lists."""
    return [listed(each) for each in value] if isinstance(value, list | tuple) else value.tolist()


# -- order


@pytest.mark.parametrize("backend", BACKENDS)
def test_reads_and_writes_take_effect_in_the_order_in_which_they_were_created(backend: str) -> None:
    w = pf.Variable(1.0)
    log = [w.read_value(), w.assign(2.0), w.read_value(), w.assign_add(10.0), w * 2, w.assign(w * w), w.read_value()]
    with pf.Session(backend) as session:
        assert listed(session.run(log[::-1])[::-1]) == [1.0, 2.0, 2.0, 12.0, 24.0, 144.0, 144.0]
        assert listed(session.run(w.read_value())) == 144.0


def test_the_order_of_the_fetches_does_not_matter() -> None:
    w = pf.Variable(1.0)
    a, b, c = w.assign_add(1.0), w.assign(w * 10), w.assign_sub(3.0)
    for order in ([a, b, c], [c, b, a], [b, a, c, a]):
        with pf.Session() as session:
            session.run(order)
            assert session.run(w) == 17.0


def test_a_write_that_does_not_run_changes_no_read() -> None:
    w = pf.Variable(1.0)
    w.assign(100.0)
    after = w * 2
    w.assign(1000.0)
    assert pf.Session().run(after) == 2.0


def test_control_dependencies_run_what_was_not_fetched(graph: pf.Graph) -> None:
    w = pf.Variable(1.0)
    step = w.assign_add(1.0)
    with graph.control_dependencies([step]):
        y = pf.constant(5.0) * 2
    with pf.Session() as session:
        assert session.run(y) == 10.0
        assert session.run(w.handle) == 2.0


def test_control_dependencies_never_undo_the_order_of_creation(graph: pf.Graph) -> None:
    w = pf.Variable(1.0)
    before = w * 10
    step = w.assign(5.0)
    with graph.control_dependencies([step]):
        after = w * 10
        still_before = pf.identity(before)
    assert pf.Session().run([after, still_before]) == [50.0, 10.0]


def test_a_read_after_a_control_dependency_sees_the_write_on_its_own(graph: pf.Graph) -> None:
    w = pf.Variable(1.0)
    step = w.assign_add(4.0)
    with graph.control_dependencies([step]):
        read = w.read_value()
    with pf.Session() as session:
        assert [session.run(read) for _ in range(2)] == [5.0, 9.0]


def test_chains_of_control_dependencies_run_once_each(graph: pf.Graph) -> None:
    w = pf.Variable(0.0)
    first = w.assign_add(1.0)
    with graph.control_dependencies([first]):
        second = w.assign_add(10.0)
    with graph.control_dependencies([first, second]):
        done = pf.no_op()
    with pf.Session() as session:
        session.run([done, first, second])
        assert session.run(w.handle) == 11.0


def test_a_tuple_of_tensors_waits_for_all_of_them() -> None:
    w = pf.Variable(1.0)
    (x,) = pf.tuple([pf.constant(3.0)], control_inputs=[w.assign(7.0)])
    with pf.Session() as session:
        assert session.run(x) == 3.0
        assert session.run(w.handle) == 7.0


def test_two_variables_exchange_their_values() -> None:
    for backend in BACKENDS:
        with pf.Graph().as_default():
            a, b = pf.Variable([1.0]), pf.Variable([2.0])
            old_a, old_b = a.value(), b.value()
            swap = pf.group(a.assign(old_b), b.assign(old_a))
            with pf.Session(backend) as session:
                for expected in ([[2.0], [1.0]], [[1.0], [2.0]], [[2.0], [1.0]]):
                    session.run(swap)
                    assert listed(session.run([a, b])) == expected


@pytest.mark.parametrize("backend", BACKENDS)
def test_variables_that_were_given_one_value_go_their_own_ways(backend: str) -> None:
    a, b, c = pf.Variable([1.0, 2.0]), pf.Variable([0.0, 0.0]), pf.Variable([5.0, 5.0])
    total = a + c
    same = pf.group(a.assign(total), b.assign(total))
    copy = c.assign(b.value())
    step = b.assign_add([10.0, 10.0])
    with pf.Session(backend) as session:
        session.run(same)
        session.run(copy)
        session.run(step)
        session.run(step)
        assert listed(session.run([a, b, c])) == [[6.0, 7.0], [26.0, 27.0], [6.0, 7.0]]


# -- initial values


def test_a_variable_takes_its_initial_value_at_first_use() -> None:
    w = pf.Variable([1, 2])
    with pf.Session() as session:
        assert session.run(w.assign_add([1, 1])).tolist() == [2, 3]


def test_an_initial_value_may_depend_on_other_variables_in_any_depth() -> None:
    a = pf.Variable(2.0)
    b = pf.Variable(a * 10)
    c = pf.Variable(b + a)
    assert pf.Session().run([c, a, b]) == [22.0, 2.0, 20.0]
    assert pf.Session().run(c * 1.5) == 33.0


def test_a_chain_of_a_thousand_initial_values_needs_no_recursion() -> None:
    w = pf.Variable(0.0)
    for _ in range(1000):
        w = pf.Variable(w + 1.0)
    assert pf.Session().run(w) == 1000.0


def test_a_variable_is_initialised_once_from_what_the_other_holds_then() -> None:
    a = pf.Variable(1.0)
    b = pf.Variable(a * 2)
    step = a.assign(50.0)
    with pf.Session() as session:
        session.run(step)
        assert session.run(b) == 100.0
        session.run(a.assign(7.0))
        assert session.run(b) == 100.0


def test_a_variable_and_the_one_it_is_made_from_do_not_share_memory() -> None:
    for backend in BACKENDS:
        with pf.Graph().as_default():
            a = pf.Variable([1.0, 2.0])
            b = pf.Variable(a.value())
            steps = pf.group(a.assign_add([1.0, 1.0])), pf.group(b.assign_add([5.0, 5.0]))
            with pf.Session(backend) as session:
                session.run(b)
                for step in steps * 2:
                    session.run(step)
                assert listed(session.run([a, b])) == [[3.0, 4.0], [11.0, 12.0]]


def test_variables_of_one_constant_do_not_share_memory() -> None:
    for backend in BACKENDS:
        with pf.Graph().as_default():
            start = pf.constant([1.0, 2.0])
            a, b = pf.Variable(start), pf.Variable(start)
            steps = pf.group(a.assign_add([1.0, 1.0])), pf.group(b.assign_add([5.0, 5.0]))
            with pf.Session(backend) as session:
                for step in steps * 2:
                    session.run(step)
                assert listed(session.run([a, b, start])) == [[3.0, 4.0], [11.0, 12.0], [1.0, 2.0]]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_initial_value_that_is_a_constant_needs_no_plan(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = pf.Variable([1.0, 2.0]), pf.Variable(np.arange(3))
    c = pf.Variable(a * 2.0)
    session, planned = pf.Session(backend), []
    plan = session._plan
    monkeypatch.setattr(session, "_plan", lambda elements, *rest: (planned.append(elements), plan(elements, *rest))[1])
    assert listed(session.run([a, b, c])) == [[1.0, 2.0], [0, 1, 2], [2.0, 4.0]]
    assert len(planned) == 2, "the run, and the initial value of c"


def test_a_constant_that_the_backend_cannot_hold_is_no_initial_value() -> None:
    backend = NamespaceBackend("small", np)
    backend.dtypes = backend.dtypes - {pf.float64}
    w = pf.Variable(np.zeros(2))
    with pytest.raises(DTypeError, match="backend 'small' has no dtype float64"):
        pf.Session(backend).run(w)


def test_the_initializer_resets() -> None:
    w = pf.Variable([1.0, 2.0])
    reset = w.initializer
    with pf.Session() as session:
        session.run(w.assign([5.0, 6.0]))
        session.run(reset)
        assert session.run(w.handle).tolist() == [1.0, 2.0]


def test_an_initial_value_may_be_a_function_or_a_tensor() -> None:
    assert pf.Session().run(pf.Variable(lambda: pf.ones((2,)) * 3)).tolist() == [3.0, 3.0]
    assert pf.Session().run(pf.Variable(pf.zeros((2,), dtype="int8"))).dtype == "int8"


@pytest.mark.parametrize(
    "value", [[1, 2], lambda: pf.constant([1, 2]), lambda: [1, 2]], ids=["list", "tensor", "function"]
)
def test_the_dtype_of_a_variable_is_the_one_asked_for(value: Any) -> None:
    w = pf.Variable(value, dtype="float64")
    assert w.dtype is pf.float64
    assert pf.Session().run(w).dtype == "float64"


def test_an_initial_value_of_unknown_type_is_refused() -> None:
    with pytest.raises(
        ShapeError, match=r"variable 'w': the type of its initial value is not known\n  found:   float32\[\?\]"
    ) as caught:
        pf.Variable(pf.placeholder("float32", (None,)), name="w")
    assert f"built at: {__file__}:" in str(caught.value)


# -- assigned values


def test_numbers_and_lists_take_the_dtype_of_the_variable() -> None:
    w = pf.Variable([1.5, 2.5], dtype="float64")
    s = pf.Variable(1.0, dtype="float16")
    with pf.Session() as session:
        assert session.run(w.assign([1, 2])).dtype == "float64"
        assert session.run(w.assign([0.1, 0.2])).tolist() == [0.1, 0.2]
        assert session.run(s.assign(3)).dtype == "float16"


@pytest.mark.parametrize("value", [lambda: pf.constant([1, 2]), lambda: np.ones(2, "float64")], ids=["tensor", "array"])
def test_a_value_of_another_dtype_is_not_cast_in_silence(value: Any) -> None:
    w = pf.Variable([1.0, 2.0])
    with pytest.raises(DTypeError, match="assign: the value has another dtype than the variable") as caught:
        w.assign(value())
    assert "needed:  float32" in str(caught.value)


def test_a_fraction_is_not_assigned_to_an_integer() -> None:
    w = pf.Variable(1)
    with pytest.raises(DTypeError):
        pf.Session().run(w.assign(1.5))


@pytest.mark.parametrize("value", [[1.0, 2.0, 3.0], 1.0, [[1.0, 2.0]]], ids=repr)
def test_a_value_of_another_shape_is_refused(value: Any) -> None:
    with pytest.raises(ShapeError, match=r"(?s)assign: the value has another shape than the variable.*needed:  \(2,\)"):
        pf.Variable([1.0, 2.0]).assign(value)


def test_a_value_whose_shape_only_a_feed_reveals_is_checked_then() -> None:
    w, x = pf.Variable([1.0, 2.0]), pf.placeholder()
    step = w.assign(x)
    with pf.Session() as session:
        assert session.run(step, {x: [3.0, 4.0]}).tolist() == [3.0, 4.0]
        with pytest.raises(ShapeError, match="another shape than the variable"):
            session.run(step, {x: [3.0]})
        assert session.run(w.handle).tolist() == [3.0, 4.0]


# -- memory


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("prepared", [False, True], ids=["run", "prepared"])
def test_a_fetched_value_is_not_changed_by_later_runs(backend: str, prepared: bool) -> None:
    w = pf.Variable([1.0, 2.0])
    views = [w.value(), pf.identity(w), pf.reshape(w, (2, 1)), w[::-1]]
    step = w.assign_add([1.0, 1.0])
    new_views = [w.value(), pf.reshape(w, (1, 2))]
    for options in ({}, {"optimise": False}):
        with pf.Session(backend, **options) as session:  # type: ignore[arg-type]
            fetches = [*views, step, *new_views]
            run = (
                session.prepare(fetches) if prepared else lambda session=session, fetches=fetches: session.run(fetches)
            )
            first = run()
            kept = listed(first)
            for _ in range(3):
                run()
            assert (
                listed(first)
                == kept
                == [[1.0, 2.0], [1.0, 2.0], [[1.0], [2.0]], [2.0, 1.0], [2.0, 3.0], [2.0, 3.0], [[2.0, 3.0]]]
            )


FETCHES = {
    "the variable": lambda w: w.handle,
    "a read": lambda w: w.read_value(),
    "an identity": pf.identity,
    "a reshape": lambda w: pf.reshape(w, (2, 2)),
    "a slice": lambda w: w[1:],
    "a transpose of a reshape": lambda w: pf.matrix_transpose(pf.reshape(w, (2, 2))),
    "a broadcast": lambda w: pf.broadcast_to(w, (3, 4)),
    "one of several": lambda w: pf.unstack(pf.reshape(w, (2, 2)))[1],
    "one of two broadcast": lambda w: pf.broadcast_arrays(pf.zeros((4,)), w)[1],
    "a custom gradient": lambda w: pf.custom_gradient(lambda x: (x, lambda g: g))(w),
    "the real part": lambda w: pf.real(w),
    "a padding of nothing": lambda w: pf.pad(w, 0),
    "a concatenation of one": lambda w: pf.concat([w]),
}


@pytest.mark.parametrize("name", FETCHES)
@pytest.mark.parametrize("when", ["initial", "written before", "written in the run"])
def test_a_fetched_value_cannot_change_the_session(name: str, when: str) -> None:
    w = pf.Variable([1.0, 2.0, 3.0, 4.0])
    before = FETCHES[name](w)
    step = w.assign_add([1.0, 1.0, 1.0, 1.0])
    after = FETCHES[name](w)
    for options in ({}, {"optimise": False}):
        with pf.Session(**options) as session:  # type: ignore[arg-type]
            if when == "written before":
                session.run(step)
            found = session.run([after, step])[0] if when == "written in the run" else session.run(before)
            expected = session.run(w.handle).tolist()
            try:
                found[...] = 99.0
            except ValueError as error:
                assert "read-only" in str(error)  # noqa: PT017
            assert session.run(w.handle).tolist() == expected


def test_the_result_of_an_assignment_cannot_change_the_session() -> None:
    w = pf.Variable([1.0, 2.0])
    step = w.assign_add([1.0, 1.0])
    for run in (lambda session: session.run(step), lambda session: session.prepare(step)()):
        with pf.Session() as session:
            with pytest.raises(ValueError, match="read-only"):
                run(session)[...] = 99.0
            assert session.run(w.handle).tolist() == [2.0, 3.0]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "make",
    [lambda x: x, lambda x: pf.reshape(pf.reshape(x, (2, 1)), (2,)), lambda x: x[:]],
    ids=["array", "reshape", "slice"],
)
@pytest.mark.parametrize("prepared", [False, True], ids=["run", "prepared"])
def test_an_array_that_was_assigned_may_be_changed_by_its_owner(backend: str, make: Any, prepared: bool) -> None:
    w, x = pf.Variable([0.0, 0.0]), pf.placeholder("float32", (2,))
    step = w.assign(make(x))
    array = np.array([1.0, 2.0], "float32")
    for options in ({}, {"optimise": False}):
        with pf.Session(backend, **options) as session:  # type: ignore[arg-type]
            array[:] = [1.0, 2.0]
            session.prepare(step, [x])(array) if prepared else session.run(step, {x: array})
            array[:] = 99.0
            assert listed(session.run(w.handle)) == [1.0, 2.0]


def test_a_jax_array_that_was_assigned_is_not_given_away() -> None:
    jnp = pytest.importorskip("jax.numpy")
    w, x = pf.Variable([0.0, 0.0]), pf.placeholder("float32", (2,))
    assign, step = w.assign(x), w.assign_add([1.0, 1.0])
    array = jnp.asarray([1.0, 2.0])
    with pf.Session("jax") as session:
        for _ in range(2):
            session.run(assign.operation, {x: array})
            session.run(step)
            session.run(step)
            assert array.tolist() == [1.0, 2.0]
        assert session.run(w.handle).tolist() == [3.0, 4.0]


def test_the_array_of_an_initial_value_may_be_changed_by_its_owner() -> None:
    array = np.array([1.0, 2.0], "float32")
    w = pf.Variable(array)
    array[:] = 99.0
    session = pf.Session()
    assert session.run(w).tolist() == [1.0, 2.0]
    array[:] = 77.0
    assert session.run(w).tolist() == [1.0, 2.0]


def test_closing_forgets_the_variables() -> None:
    w = pf.Variable(1.0)
    first = pf.Session()
    first.run(w.assign(5.0))
    first.close()
    assert pf.Session().run(w.handle) == 1.0


def test_a_variable_is_shown_with_its_type() -> None:
    assert repr(pf.Variable([1.0], name="w")) == "<Variable 'w' float32[1]>"


def test_the_initializer_is_one_operation_however_often_it_is_asked_for() -> None:
    w = pf.Variable([1.0])
    first = w.initializer
    count = len(pf.get_default_graph())
    assert w.initializer is first
    assert len(pf.get_default_graph()) == count
