"""Loops and branches that a user wires by hand from the primitives of dataflow graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ControlFlowError, DTypeError, ExecutionError, GradientError

flow = pf.dataflow
BACKENDS = ["numpy", "reference", "jax"]


def powers(base: Any, limit: Any, frame: str = "powers", parallel_iterations: int = 10) -> Any:
    """The first power of ``base`` that is not below ``limit``, and the exponent."""

    def enter(value: Any, **options: Any) -> Any:
        return flow.enter(value, frame_name=frame, parallel_iterations=parallel_iterations, **options)

    again, count_again = flow.back_edge("float32", ()), flow.back_edge("int32", ())
    power = flow.merge([enter(base), again]).output
    count = flow.merge([enter(pf.constant(1, "int32")), count_again]).output
    goes_on = flow.loop_cond(power < enter(limit, is_constant=True))
    done, go = flow.switch(power, goes_on)
    count_done, count_go = flow.switch(count, goes_on)
    again.bind(flow.next_iteration(go * enter(base, is_constant=True)))
    count_again.bind(flow.next_iteration(count_go + 1))
    return flow.exit(done), flow.exit(count_done)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loop_wired_by_hand_runs_on_every_backend(backend: str) -> None:
    a = pf.placeholder("float32", ())
    found = pf.Session(backend).run(powers(a, pf.constant(10.0)), {a: 1.5})
    assert [each.tolist() for each in map(np.asarray, found)] == [11.390625, 6]


@pytest.mark.parametrize("parallel_iterations", [1, 3])
def test_a_loop_in_a_loop_has_a_frame_of_its_own(parallel_iterations: int) -> None:
    again, total_again = flow.back_edge("float32", ()), flow.back_edge("float32", ())
    x = flow.merge([flow.enter(pf.constant(2.0), frame_name="outer"), again]).output
    total = flow.merge([flow.enter(pf.constant(0.0), frame_name="outer"), total_again]).output
    goes_on = flow.loop_cond(x < 5)
    x_done, x_go = flow.switch(x, goes_on)
    total_done, total_go = flow.switch(total, goes_on)
    limit = flow.enter(pf.constant(20.0), frame_name="outer", is_constant=True)
    power, _ = powers(x_go, limit, "inner", parallel_iterations)
    again.bind(flow.next_iteration(x_go + 1))
    total_again.bind(flow.next_iteration(total_go + power))
    assert pf.Session().run([flow.exit(x_done), flow.exit(total_done)]) == [5.0, 32.0 + 27.0 + 64.0]


@pytest.mark.parametrize(("value", "which"), [(3.0, 1), (-3.0, 0)])
def test_a_merge_passes_on_what_is_alive_and_says_which(value: float, which: int) -> None:
    x = pf.placeholder("float32", ())
    no, yes = flow.switch(x, x > 0)
    found = pf.Session().run(flow.merge([-no, yes]), {x: value})
    assert found == (3.0, which)
    assert found.value_index.dtype == np.int32


def test_what_depends_on_a_dead_value_does_not_run() -> None:
    seen: list[str] = []

    def note(word: str, x: Any) -> Any:
        return pf.py_func(lambda value: seen.append(word) or value, [x], pf.float32, shape=())

    x = pf.placeholder("float32", ())
    no, yes = flow.switch(x, x > 0)
    loop, _ = powers(note("dead", yes), pf.constant(10.0))  # a loop that is never entered
    merged = flow.merge([note("alive", no), loop]).output
    assert pf.Session().run(merged, {x: -1.0}) == -1.0
    assert seen == ["alive"]


def test_structured_constructs_stand_in_a_frame_wired_by_hand() -> None:
    again = flow.back_edge("float32", ())
    x = flow.merge([flow.enter(pf.constant(1.0), frame_name="loop"), again]).output
    done, go = flow.switch(x, flow.loop_cond(x < 100))
    doubled = pf.cond(go > 10, lambda: go * 3, lambda: pf.fori_loop(0, 2, lambda i, y: y * 2, go))
    again.bind(flow.next_iteration(doubled))
    assert pf.Session().run(flow.exit(done)) == 144.0


def test_wiring_stands_in_the_body_of_a_structured_loop() -> None:
    x = pf.placeholder("float32", ())
    total = pf.fori_loop(1, 4, lambda i, y: y + powers(pf.astype(i, "float32") + 1, x)[0], 0.0)
    assert pf.Session().run(total, {x: 10.0}) == 16.0 + 27.0 + 16.0


def test_a_merge_takes_a_constant_too() -> None:
    assert pf.Session().run(flow.merge([pf.constant(1.0), pf.constant(2.0)]).output) in (1.0, 2.0)


def test_explain_shows_the_wiring() -> None:
    text = pf.Session().explain(powers(pf.constant(2.0, name="two"), pf.constant(10.0))[0])
    assert "frame powers, 10 iterations at once:" in text
    assert "= loop_cond(" in text


# -- what is refused


def test_a_dead_value_cannot_be_fetched() -> None:
    no, _ = flow.switch(pf.constant(1.0), pf.constant(True))
    with pytest.raises(ExecutionError, match="switch has no value: it is on a way that the run did not take"):
        pf.Session().run(no)


def test_the_straight_executor_refuses_primitives_with_the_remedy() -> None:
    merged = flow.merge(flow.switch(pf.constant(1.0), pf.constant(True))).output
    with pytest.raises(ControlFlowError) as caught:
        pf.Session(executor="straight").run(merged)
    text = str(caught.value)
    assert "runs under the dataflow executor only" in text
    assert "test_wiring.py" in text
    assert 'try:     Session(executor="dataflow")' in text


def test_a_back_edge_that_nobody_bound_is_named() -> None:
    x = flow.merge([flow.enter(pf.constant(1.0), frame_name="loop"), flow.back_edge("float32", ())]).output
    with pytest.raises(ControlFlowError, match=r"a back edge was never bound\n  built at: .*test_wiring"):
        pf.Session().run(flow.exit(x))


def test_a_back_edge_is_bound_once_and_to_what_goes_on() -> None:
    edge = flow.back_edge("float32", ())
    with pytest.raises(ControlFlowError, match="a back edge is bound to what goes to the next iteration"):
        edge.bind(pf.constant(1.0))
    edge.bind(flow.next_iteration(pf.constant(1.0)))
    with pytest.raises(ControlFlowError, match="the back edge is bound already"):
        edge.bind(flow.next_iteration(pf.constant(1.0)))


def test_values_of_different_frames_do_not_meet() -> None:
    x = pf.placeholder("float32", ())
    inside = flow.enter(pf.constant(1.0), frame_name="loop")
    with pytest.raises(ControlFlowError, match="the operands are in different frames\n  found:   'loop' and 'none'"):
        pf.Session().run(flow.exit(inside + x), {x: 1.0})


def test_nothing_leaves_a_frame_that_is_in_none() -> None:
    with pytest.raises(ControlFlowError, match="what leaves a frame must be in one"):
        pf.Session().run(flow.exit(pf.constant(1.0)))


def test_primitives_check_their_operands() -> None:
    with pytest.raises(DTypeError, match=r"dataflow\.switch: pred is no truth value"):
        flow.switch(pf.constant(1.0), pf.constant(1.0))
    with pytest.raises(DTypeError, match=r"dataflow\.loop_cond: pred is no truth value"):
        flow.loop_cond(pf.constant([True]))
    with pytest.raises(DTypeError, match=r"dataflow\.merge: dtypes differ"):
        flow.merge([pf.constant(1.0, "float32"), pf.constant(1, "int32")])


def test_primitives_have_no_gradient_and_say_what_has() -> None:
    x = pf.placeholder("float32", ())
    power, _ = powers(x, pf.constant(10.0))
    with pytest.raises(GradientError, match="while_loop"):
        pf.Session().run(pf.gradients(power, x), {x: 1.5})


def test_primitives_have_no_kernel_but_a_refusal() -> None:
    with pytest.raises(
        ControlFlowError, match='runs in a graph, under the dataflow executor\n  try:     executor="data'
    ):
        flow.switch.kernel_rule(np, np.float32(1.0), np.True_)
