"""Forward mode, Jacobians and products with them go through loops and branches, on every engine that is fast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ShapeError
from tests.control_flow.programs import POINT, PROGRAMS

DIRECTION = np.asarray([0.3, -0.7, 0.2, 0.5])
WEIGHTS = np.asarray([1.0, -2.0, 0.5, 0.25])
STEP = 1e-6
UNKNOWN_SHAPES = ("growing_array", "growing_shape")
"""Programs whose arrays grow, and cannot be batched, as the Jacobian wants it."""
KINDS = (
    "power_until_large", "number_of_iterations_from_data", "choice_inside_a_loop", "loop_inside_a_choice",
    "loop_inside_a_loop", "switch", "several_values", "scan", "scan_from_the_end", "mapping", "array_of_tensors",
    "checkpointed_loop",
)  # fmt: skip
"""Programs of every kind: where a compiler takes seconds for each, these are enough."""
CASES = [("numpy", name) for name in PROGRAMS] + [("jax", name) for name in KINDS]


def weights(y: Any) -> Any:
    """A number for each element of a result, which has one dimension in some of the programs and none in others."""
    return pf.constant(WEIGHTS) if y.shape else pf.constant(WEIGHTS[0])


def all_of(name: str, engine: str) -> dict[str, Any]:
    """The value, the products with a direction and with weights, and the Jacobians, as NumPy arrays."""
    f = PROGRAMS[name]

    def weighted(x: Any) -> Any:
        y = f(x)
        return pf.sum(y * weights(y))

    def everything(x: Any) -> dict[str, Any]:
        y, pull = pf.vjp(f, x)
        (pulled,) = pull(weights(y))
        value, pushed = pf.jvp(f, (x,), (pf.constant(DIRECTION),))
        second = pf.hvp(weighted, (x,), (pf.constant(DIRECTION),))
        found = {"y": y, "pulled": pulled, "value": value, "pushed": pushed, "second": second}
        if name not in UNKNOWN_SHAPES:
            found |= {mode: pf.jacobian(f, mode=mode)(x) for mode in ("forward", "reverse")}
        return found

    found = pf.function(everything, backend=engine)(POINT)
    return {key: np.asarray(value) for key, value in found.items()}


def moved(name: str, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The value of a program and the gradient of its weighted sum, both by reverse mode alone."""
    f = PROGRAMS[name]

    def both(x: Any) -> Any:
        y = f(x)
        return y, pf.gradients(pf.sum(y * weights(y)), x)[0]

    y, gradient = pf.function(both)(point)
    return np.asarray(y), np.asarray(gradient)


@pytest.mark.parametrize(("engine", "name"), CASES, ids=[f"{engine}-{name}" for engine, name in CASES])
def test_derivatives_agree_whichever_way_they_are_taken(engine: str, name: str) -> None:
    found = all_of(name, engine)
    y, gradient = moved(name, POINT)
    above, below = moved(name, POINT + STEP * DIRECTION), moved(name, POINT - STEP * DIRECTION)
    close: dict[str, Any] = {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(found["y"], y, rtol=1e-10)
    np.testing.assert_allclose(found["value"], y, rtol=1e-10)
    np.testing.assert_allclose(found["pulled"], gradient, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found["pushed"], (above[0] - below[0]) / (2 * STEP), **close)
    np.testing.assert_allclose(found["second"], (above[1] - below[1]) / (2 * STEP), **close)
    if name not in UNKNOWN_SHAPES:
        np.testing.assert_allclose(found["forward"], found["reverse"], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found["forward"] @ DIRECTION, found["pushed"], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(
            np.tensordot(weights_of(y), found["reverse"], y.ndim), gradient, rtol=1e-9, atol=1e-12
        )


def weights_of(y: np.ndarray) -> np.ndarray:
    return WEIGHTS if y.shape else WEIGHTS[0]


@pytest.mark.parametrize("name", UNKNOWN_SHAPES)
def test_a_jacobian_of_arrays_that_grow_says_that_a_dimension_is_not_known(name: str) -> None:
    with pytest.raises(ShapeError, match=r"the batching rule of \w+ failed for .*a dimension is not known here"):
        pf.jacobian(PROGRAMS[name], mode="reverse")(POINT)
