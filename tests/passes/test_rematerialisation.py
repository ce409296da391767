"""Rematerialisation: values freed and computed anew, so that fewer bytes are alive; never what must run once."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import program_of

import polyflow as pf
from polyflow.core.printer import format_program
from polyflow.core.program import Program
from polyflow.core.verifier import verify
from polyflow.passes.dead_code import DeadCode
from polyflow.passes.liveness import Liveness, bytes_of
from polyflow.passes.rematerialisation import Remade, rematerialised

ROWS = 8
VALUE = 4 * ROWS * ROWS
"""Bytes of one value of the chains."""


def chain(layers: int, has_weights: bool = True) -> Program:
    """The gradient of so many layers of ``tanh``, each of a product or of the one before."""
    with pf.Graph().as_default():
        x = h = pf.placeholder("float32", (ROWS, ROWS), name="x")
        weights = [pf.placeholder("float32", (ROWS, ROWS), name=f"w{each}") for each in range(layers * has_weights)]
        for place in range(layers):
            h = pf.tanh(h @ weights[place] if has_weights else h)
        return program_of(pf.gradients(pf.sum(h), x), x, *weights)


def values(program: Program) -> float:
    """The peak of ``program`` in values of a chain, parameters left out."""
    life = Liveness(program)
    return (life.peak - sum(bytes_of(each.type) for each in life.lasting)) / VALUE


def within(program: Program, count: float) -> Remade:
    """``program`` with so many values alive at most."""
    lasting = sum(bytes_of(each.type) for each in Liveness(program).lasting)
    made = rematerialised(program, lasting + int(count * VALUE))
    verify(made.program)
    assert made.peak == Liveness(made.program).peak
    return made


def test_a_value_is_computed_once_more_right_before_it_is_read_late() -> None:
    x = pf.placeholder("float32", (ROWS, ROWS), name="x")
    y = pf.tanh(x)
    a = pf.matmul(y, y)
    program = program_of(pf.matmul(a, pf.exp(a)) * y, x)
    assert values(program) == 4.0
    assert format_program(within(program, 3.0).program).splitlines() == [
        "program(%x: float32[8, 8]):",
        "  %tanh: float32[8, 8] = tanh(%x)",
        "  %matmul: float32[8, 8] = matmul(%tanh, %tanh)",
        "  %exp: float32[8, 8] = exp(%matmul)",
        "  %matmul_1: float32[8, 8] = matmul(%matmul, %exp)",
        "  %tanh/again_1: float32[8, 8] = tanh(%x)",
        "  %multiply: float32[8, 8] = multiply(%matmul_1, %tanh/again_1)",
        "  return %multiply",
    ]


@pytest.mark.parametrize("has_weights", [True, False], ids=["products", "elementwise"])
def test_a_chain_needs_no_more_recomputation_than_it_must(has_weights: bool) -> None:
    program = chain(60, has_weights)
    full = values(program)
    made = within(program, 0.4 * full)
    tanhs = [each for each in made.anew if each.op.name == "tanh"]
    kept = 0.4 * full
    assert full - kept - 1 <= len(tanhs) <= full - kept + 3  # one for each value that is not kept
    assert set(Counter(made.anew).values()) == {1}
    assert {each.op.name for each in made.anew} <= {"tanh", "matmul"}


def test_with_less_memory_values_are_computed_several_times() -> None:
    program = chain(60)
    often = [Counter(within(program, count).anew) for count in (30, 12, 8)]
    assert [max(each.values()) for each in often] == sorted(max(each.values()) for each in often)
    assert max(often[0].values()) == 1
    assert max(often[-1].values()) > 1
    assert values(within(program, 8).program) <= 8


def test_a_program_that_fits_is_left_alone() -> None:
    program = chain(5)
    made = rematerialised(program, Liveness(program).peak)
    assert made.program is program
    assert made.anew == ()


def test_a_limit_out_of_reach_is_come_near_and_not_kept() -> None:
    program = chain(20)
    made = rematerialised(program, 1)
    assert 1 < made.peak <= Liveness(program).peak


def test_cheap_values_go_before_dear_ones_of_the_same_size() -> None:
    x = pf.placeholder("float32", (64, 64), name="x")
    dear, cheap = pf.matmul(x, x), pf.exp(x)
    late = pf.sum(pf.sin(pf.cos(x)))
    program = program_of(pf.sum(dear * late) + pf.sum(cheap * late), x)
    made = rematerialised(program, Liveness(program).peak - 1)
    assert [each.op.name for each in made.anew] == ["exp"]


def test_effects_calls_of_python_and_loops_never_run_twice() -> None:
    x = pf.placeholder("float32", (64,), name="x")
    kept = [
        pf.py_func(np.sin, [x], "float32"),
        pf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, pf.sin(v)), [0, x])[1],
    ]
    late = pf.sum(pf.sin(pf.cos(pf.exp(x))))
    program = program_of([pf.sum(each) * late + pf.sum(each * late) for each in kept], x)
    made = rematerialised(program, 1)
    assert not {each.op.name for each in made.anew} & {"py_func", "loop"}


def test_results_are_never_computed_anew() -> None:
    x = pf.placeholder("float32", (64,), name="x")
    y = pf.tanh(x)
    program = program_of([y, pf.sum(pf.sin(pf.cos(x)) * pf.sum(y)) + pf.sum(y)], x)
    assert program.results[0].operation not in rematerialised(program, 1).anew


def test_what_is_computed_anew_for_the_body_of_a_loop_stays_in_it() -> None:
    x = pf.placeholder("float32", (64,), name="x")
    w = pf.placeholder("float32", (64, 64), name="w")

    def body(i: Any, v: Any) -> Any:
        a = pf.tanh(v)
        b = pf.sin(pf.matmul(w, pf.cos(pf.matmul(w, a))))
        return i + 1, a * pf.sum(b)

    program = DeadCode()(program_of(pf.while_loop(lambda i, _: i < 3, body, [0, x])[1], x, w), None)  # type: ignore[arg-type]
    made = rematerialised(program, Liveness(program).peak - 200)
    assert [each.op.name for each in made.anew] == ["tanh"]
    assert made.peak < Liveness(program).peak
    verify(made.program)
    assert [each.op.name for each in made.program.operations] == [each.op.name for each in program.operations]


def test_the_time_is_in_proportion_to_the_operations() -> None:
    def seconds(layers: int) -> float:
        program = chain(layers, has_weights=False)
        start = time.process_time()
        within(program, 0.4 * layers)
        return time.process_time() - start

    assert any(seconds(2000) < 24 * seconds(250) for _ in range(5))  # 8 times as many; by squares it would be 64


# -- programs that nobody thought of

MAKERS = [
    lambda a, b: a + b,
    lambda a, b: pf.tanh(a),
    lambda a, b: pf.matmul(a, b) * 0.1,
    lambda a, b: pf.matrix_transpose(a),
    lambda a, b: pf.reshape(pf.matrix_transpose(a), (ROWS, ROWS)),
    lambda a, b: pf.broadcast_to(pf.sum(a, axis=0), (ROWS, ROWS)),
    lambda a, b: pf.cumulative_sum(a, axis=0),
    lambda a, b: pf.index_add(a, b[0], 1, key=("index",)),
    lambda a, b: pf.concat([a[:2], b[2:]], axis=0),
    lambda a, b: pf.stack(pf.unstack(a)),
    lambda a, b: a * pf.random.uniform((ROWS, ROWS), seed=3),
    lambda a, b: pf.cond(pf.sum(a) > 0, lambda: pf.sin(a), lambda: b),
    lambda a, b: pf.fori_loop(0, 2, lambda i, v: pf.sin(v) + a, b),
    lambda a, b: pf.checkpoint(lambda u: pf.sin(pf.exp(-u * u)))(a),
]


@settings(max_examples=40, deadline=None)
@given(
    choices=st.lists(
        st.tuples(st.integers(0, len(MAKERS) - 1), st.integers(0, 40), st.integers(0, 40)), min_size=3, max_size=24
    ),
    part=st.floats(0.1, 1.0),
    has_gradient=st.booleans(),
    optimise=st.booleans(),
)
def test_any_program_gives_the_same_bits_with_less_memory(
    choices: list[tuple[int, int, int]], part: float, has_gradient: bool, optimise: bool
) -> None:
    with pf.Graph().as_default() as graph:
        x = pf.placeholder("float32", (ROWS, ROWS), name="x")
        variable = pf.Variable(np.full((ROWS, ROWS), 0.25, "float32"))
        found: list[Any] = [x, variable.value()]
        for kind, left, right in choices:
            found.append(MAKERS[kind](found[left % len(found)], found[right % len(found)]))
        loss = pf.sum(found[-1] * found[-2])
        fetches = [loss, found[-1], variable.assign(found[-1] * 0.5)]
        fetches += pf.gradients(loss, [x]) if has_gradient else []
        fetches = [each for each in fetches if each is not None]
    fed = {x: np.linspace(-1, 1, ROWS * ROWS, dtype="float32").reshape(ROWS, ROWS)}
    plain = pf.Session("numpy", graph, optimise=optimise)
    peak = Liveness(plain._plan(fetches, {x: x.type}).program).peak
    limit = max(int(part * peak), 1)
    limited = pf.Session("numpy", graph, optimise=optimise, check=True, memory_limit=limit)
    try:
        plan = limited._plan(fetches, {x: x.type})
    except pf.errors.ResourceExhaustedError as error:
        possible = int(str(error).split("memory_limit=")[2].split()[0])
        limited = pf.Session("numpy", graph, optimise=optimise, check=True, memory_limit=possible)
        plan, limit = limited._plan(fetches, {x: x.type}), possible
    assert Liveness(plan.program).peak <= limit
    for _ in range(2):
        for one, other in zip(plain.run(fetches, fed), limited.run(fetches, fed), strict=True):
            np.testing.assert_array_equal(one, other)
