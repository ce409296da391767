"""``vmap`` of control flow: equal to a loop over the examples, gradients included."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ControlFlowError
from tests.control_flow.programs import POINT, PROGRAMS

POINTS = np.stack([POINT, POINT * 1.15, POINT + np.asarray([0.1, 0.05, 0.4, -0.3])])
SIZES_DIFFER = ("growing_array", "growing_shape")
"""Programs whose values differ in size from example to example, or from iteration to iteration."""
NAMES = [each for each in PROGRAMS if each not in SIZES_DIFFER]


@pytest.mark.parametrize("name", NAMES)
def test_many_examples_give_what_each_gives(name: str) -> None:
    function = pf.function(PROGRAMS[name])
    wanted = np.stack([function(point) for point in POINTS])
    found = pf.vmap(PROGRAMS[name])(POINTS)
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_of_many_examples_are_those_of_each(name: str, backend: str) -> None:
    slope = pf.grad(lambda x: pf.sum(PROGRAMS[name](x)))
    wanted = np.stack([slope(point) for point in POINTS])
    found = pf.vmap(slope, backend=backend)(POINTS)
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-11)


def test_what_happens_besides_is_refused_where_examples_part() -> None:
    def noisy(x: pf.Tensor) -> pf.Tensor:
        return pf.cond(x > 0, lambda: pf.py_func(lambda a: a, [x], "float64"), lambda: x)

    with pytest.raises(ControlFlowError, match=r"vmap: 'cond' takes branches that differ .*\n  found:   py_func"):
        pf.vmap(noisy)(np.asarray([1.0, -1.0]))
