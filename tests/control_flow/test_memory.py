"""The memory of the gradient of a loop: proportional to the steps, or to their square root with ``checkpoint``."""

from __future__ import annotations

import pytest

import polyflow as pf
from benchmarks.memory import gradient, numpy_bytes

SIZE = 2_000
STATE = 8 * SIZE


def test_a_gradient_keeps_one_state_for_each_step() -> None:
    few, many = (numpy_bytes(count, False, SIZE) / STATE for count in (100, 400))
    assert 100 <= few <= 115
    assert (many - few) / 300 == pytest.approx(1.0, abs=0.05)


def test_a_gradient_with_checkpoint_keeps_states_for_the_square_root_of_the_steps() -> None:
    few, many = (numpy_bytes(count, True, SIZE) / STATE for count in (100, 1600))
    assert few <= 5 * 100**0.5
    assert 2.5 <= many / few <= 4.5  # sqrt(16) and a constant; in proportion it would be 16


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_both_give_the_same_gradient(engine: str) -> None:
    kept, less = (gradient(engine, 3, checkpoint)(50) for checkpoint in (False, True))
    assert kept == pytest.approx(less, rel=1e-12)


def test_loop_variables_that_start_as_one_array_do_not_share_its_memory() -> None:
    x = pf.placeholder("float64", (3,), name="x")
    start = x * 2.0

    def body(i: pf.Tensor, a: pf.Tensor, b: pf.Tensor) -> tuple[pf.Tensor, ...]:
        return i + 1, pf.index_set(a, pf.sum(a), i, key=("index",)), pf.index_add(b, 5.0, i, key=("index",))

    _, a, b = pf.while_loop(lambda i, *_: i < 2, body, [0, start, start])
    for optimise in (True, False):
        found = pf.Session("numpy", optimise=optimise).run([a, b], {x: [1.0, 2.0, 3.0]})
        assert [each.tolist() for each in found] == [[12.0, 22.0, 6.0], [7.0, 9.0, 6.0]]
