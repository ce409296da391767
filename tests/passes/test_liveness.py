"""Liveness: the bytes that a program holds, operation by operation; an upper bound of what NumPy allocates for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import context, program_of

import polyflow as pf
from benchmarks.memory import peak
from polyflow.passes.fusion import Fusion
from polyflow.passes.liveness import BLOCK, Liveness, gaps, inner_bytes

KIB = 1024


def vector(name: str, kib: int = 1) -> Any:
    """A placeholder of so many KiB."""
    return pf.placeholder("float32", (256 * kib,), name=name)


def profile(fetches: Any, *feeds: Any) -> list[float]:
    """The KiB at each operation, and at the end."""
    return [each / KIB for each in Liveness(program_of(fetches, *feeds)).profile]


def test_operands_and_results_are_alive_together_and_a_value_goes_behind_its_last_reader() -> None:
    x = vector("x")
    y = pf.sin(x)
    z = pf.cos(y)
    assert profile(pf.exp(z), x) == [2.0, 3.0, 3.0, 2.0]


def test_parameters_and_constants_count_from_the_beginning_and_results_to_the_end() -> None:
    x, unread = vector("x"), vector("unread", 4)
    first = pf.sin(x)
    last = pf.add(pf.cos(x), np.ones(256, "float32"))
    assert profile([first, last], x, unread) == [7.0, 8.0, 8.0, 9.0, 8.0]


@pytest.mark.parametrize(
    ("view", "own"),
    [
        (lambda a: pf.matrix_transpose(a), 0),
        (lambda a: pf.reshape(a, (256,)), 0),
        (lambda a: pf.broadcast_to(a, (4, 16, 16)), 0),
        (lambda a: pf.reshape(pf.matrix_transpose(a), (256,)), 1),
        (lambda a: a[:8, :], 0.5),
        (lambda a: pf.floor(a), 1),
        (lambda a: a * 1, 1),
    ],
    ids=["transposed", "reshaped", "broadcast", "a view of a view, which may be a copy", "a part", "rounded", "new"],
)
def test_a_view_takes_no_memory_and_keeps_alive_what_it_is_a_view_of(view: Any, own: float) -> None:
    x = pf.placeholder("float32", (16, 16), name="x")
    a = pf.sin(x)
    found = profile([pf.sum(view(a)), pf.sum(pf.cos(x))], x)
    assert max(found[:-2]) == pytest.approx(2.0 + own, abs=0.01)


def test_a_value_whose_size_depends_on_data_counts_as_nothing() -> None:
    x = vector("x")
    assert max(profile(pf.sum(pf.nonzero(x)[0]), x)) == pytest.approx(1.0, abs=0.01)


def test_a_loop_needs_what_its_body_does_and_a_branch_what_the_larger_one_does() -> None:
    x = vector("x")
    looped = pf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, pf.sin(v) + pf.cos(v)), [0, x])[1]
    (loop,) = (each for each in program_of(looped, x).operations if each.op.name == "loop")
    assert inner_bytes(loop) / KIB == pytest.approx(3.0, abs=0.1)
    either = pf.cond(pf.sum(x) > 0, lambda: pf.sum(pf.sin(x)), lambda: pf.sum(pf.sin(x) + pf.cos(x)))
    (branch,) = (each for each in program_of(either, x).operations if each.op.name == "branch")
    assert inner_bytes(branch) / KIB == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize(("size", "blocks"), [(1, 1), (4, 2), (64, 16)], ids=["small", "middle", "large"])
def test_what_is_fused_needs_blocks_of_what_it_computes(size: int, blocks: int) -> None:
    x = vector("x", size * BLOCK // KIB)
    program = Fusion()(program_of(pf.sin(pf.cos(x)) + pf.exp(x), x), context("numpy"))
    (fused,) = (each for each in program.operations if each.op.name == "fused")
    assert inner_bytes(fused) == 3 * blocks * BLOCK


def test_gaps_are_where_nobody_reads() -> None:
    assert list(gaps([2, 3, 7, 8, 10])) == [(3, 7), (8, 10)]


@settings(max_examples=25, deadline=None)
@given(choices=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=14))
def test_numpy_allocates_no_more_than_is_planned(choices: list[tuple[int, int, int]]) -> None:
    with pf.Graph().as_default() as graph:
        x = pf.placeholder("float32", (512, 512), name="x")
        values = [x]
        for kind, left, right in choices:
            a, b = values[left % len(values)], values[right % len(values)]
            makers = [
                lambda a, b: a + b,
                lambda a, b: a * 0.5,
                lambda a, b: pf.matmul(a, b) * 0.01,
                lambda a, b: pf.matrix_transpose(a),
                lambda a, b: pf.tanh(a),
                lambda a, b: pf.flip(a, axis=0) - b,
            ]
            values.append(makers[kind](a, b))
        fetches = [pf.sum(each) for each in values[-3:]]
    session = pf.Session("numpy", graph)
    call = session.prepare(fetches, [x])
    fed = np.linspace(-1, 1, 512 * 512, dtype="float32").reshape(512, 512)
    call(fed)
    plan = session._plan(fetches, {x: x.type})
    assert (
        peak(lambda: call(fed)) <= Liveness(plan.program).peak - fed.nbytes + 200 * KIB
    )  # Python's own objects, NumPy's buffers
