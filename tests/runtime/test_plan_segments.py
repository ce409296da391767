"""Plans for a compiler: what is compiled, where they are cut, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf


def decisions(fetches: Any, feeds: Any) -> list[str]:
    """The lines of ``explain`` about segments, without what differs from run to run."""
    with pf.Session("jax") as session:
        text = session.explain(fetches, feeds)
    return [line.strip().partition(" (")[0] for line in text.splitlines() if line.startswith("  segment ")]


def test_a_plan_whose_sizes_are_known_is_one_program() -> None:
    x = pf.placeholder("float32", (3,), name="x")
    y = pf.scan(lambda a, e: a * e, x) + pf.cond(pf.sum(x) > 0, lambda: x, lambda: -x)
    assert decisions([y, *pf.gradients(pf.sum(y), x)], {x: np.ones(3, "float32")}) == []


def test_a_size_that_depends_on_data_cuts_it_once() -> None:
    x = pf.placeholder("float32", (5,), name="x")
    y = pf.sum(pf.exp(pf.sqrt(x)[x > 0] * 2.0))
    assert decisions(y, {x: np.ones(5, "float32")}) == [
        "segment 0, 3 operations, compiled",
        "segment 1, 1 operations, not compiled, run operation by operation: the shape of 'getitem' depends on data",
        "segment 2, 4 operations, compiled once for each size of its operands",
    ]
    found = pf.Session("jax").run(y, {x: np.asarray([1.0, -1.0, 4.0, 0.0, -9.0], "float32")})
    np.testing.assert_allclose(float(found), np.exp(2.0) + np.exp(4.0), rtol=1e-6)


def test_python_functions_cut_it_and_independent_ones_share_a_cut() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    a = pf.py_func(lambda v: v + 1, [x * 2], "float32", stateful=False, name="first")
    b = pf.py_func(lambda v: v - 1, [pf.sin(x)], "float32", stateful=False, name="second")
    assert (
        decisions(a * b, {x: np.ones(2, "float32")})
        == [
            "segment 0, 3 operations, compiled",
            "segment 1, 2 operations, not compiled, run operation by operation: 'first' runs on the host",
            "segment 2, 1 operations, compiled",
        ]
        or len(decisions(a * b, {x: np.ones(2, "float32")})) == 3
    )


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 9])
def test_a_loop_of_unknown_length_has_room_for_its_gradient(count: int) -> None:
    n = pf.placeholder("int64", (), name="n")
    x = pf.placeholder("float64", (), name="x")
    y = pf.while_loop(lambda i, _: i < n, lambda i, v: (i + 1, pf.sin(v) * 2.0), [0, x])[1]
    slope = pf.gradients(y, x)
    feeds = {n: count, x: 0.7}
    lines = decisions(slope, feeds)
    assert len(lines) == 3
    assert "loop_room" in lines[1]
    assert lines[2].endswith("compiled once for each size of its operands")
    found, wanted = (pf.Session(engine).run(slope, feeds)[0] for engine in ("jax", "numpy"))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_constants_that_are_results_come_out_of_a_plan_that_is_cut() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    found = pf.Session("jax").run([pf.constant(3.0), pf.nonzero(x)[0], x], {x: np.asarray([0.0, 1.0], "float32")})
    assert [each.tolist() for each in found] == [3.0, [1], [0.0, 1.0]]
