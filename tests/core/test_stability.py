"""Logarithms of exponentials are found without computing these, on every backend, with their gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import polyflow as pf

FAR = np.array([-1000.0, -1.0, 0.0, 1.0, 1000.0])
SIGMOID = 1 / (1 + np.exp(-FAR.clip(-700, 700)))
FORMS: dict[str, tuple[Callable[[pf.Tensor], pf.Tensor], np.ndarray, np.ndarray]] = {
    "log(exp)": (lambda x: pf.log(pf.exp(x)), FAR, np.ones(5)),
    "log(1 + exp)": (lambda x: pf.log(1 + pf.exp(x)), np.logaddexp(FAR, 0), SIGMOID),
    "log(exp + 1)": (lambda x: pf.log(pf.exp(x) + 1.0), np.logaddexp(FAR, 0), SIGMOID),
    "log1p(exp)": (lambda x: pf.log1p(pf.exp(x)), np.logaddexp(FAR, 0), SIGMOID),
    "log(sigmoid)": (lambda x: pf.log(pf.nn.sigmoid(x)), -np.logaddexp(-FAR, 0), 1 - SIGMOID),
    "log(softmax)": (
        lambda x: pf.log(pf.nn.softmax(x)),
        FAR - 1000.0,
        np.array([1.0, 1.0, 1.0, 1.0, -4.0]),
    ),
}


@pytest.mark.parametrize("backend", ["numpy", "jax", "reference"])
@pytest.mark.parametrize(("call", "value", "slope"), FORMS.values(), ids=FORMS)
def test_values_and_gradients_do_not_overflow(
    call: Callable[[pf.Tensor], pf.Tensor], value: np.ndarray, slope: np.ndarray, backend: str
) -> None:
    x = pf.placeholder("float64", (5,), name="x")
    y = call(x)
    for optimise in (True, False):
        found, gradient = pf.Session(backend, optimise=optimise).run([y, *pf.gradients(y, x)], {x: FAR})
        np.testing.assert_allclose(np.asarray(found.tolist()), value, rtol=1e-14, atol=1e-300)
        np.testing.assert_allclose(np.asarray(gradient.tolist()), slope, rtol=1e-12, atol=1e-300)


def test_inside_loops_and_functions_too() -> None:
    x = pf.placeholder("float64", (), name="x")
    y = pf.fori_loop(0, 3, lambda i, a: pf.log(1 + pf.exp(a)) + 1.0, x)
    assert pf.Session().run(y, {x: 1000.0}) == 1003.0
    assert pf.grad(lambda x: pf.log1p(pf.exp(x)))(1000.0) == 1.0


@pytest.mark.parametrize(
    "call",
    [
        lambda x: pf.log(2 + pf.exp(x)),
        lambda x: pf.log(1 + pf.sin(x)),
        lambda x: pf.log(pf.ones((2, 1)) + pf.exp(x)),
        lambda x: pf.log(pf.exp(pf.astype(x, "complex64"))),
        lambda x: pf.log1p(1 + x),
    ],
)
def test_other_logarithms_stay(call: Callable[[pf.Tensor], pf.Tensor]) -> None:
    x = pf.placeholder("float32", (2,), name="x")
    text = pf.Session(optimise=False).explain(call(x), {x: [0.5, 1.0]})
    assert "= log" in text
    assert "softplus" not in text


def test_a_value_that_is_fed_is_what_the_logarithm_is_taken_of() -> None:
    x = pf.placeholder("float32", (), name="x")
    e = pf.exp(x)
    assert pf.Session().run(pf.log(e), {e: 1.0}) == 0.0


def test_gradients_with_respect_to_what_is_left_out_are_there() -> None:
    x = pf.placeholder("float64", (3,), name="x")
    e, p = pf.exp(x), pf.nn.softmax(x)
    loss = -pf.sum(pf.log(p) * np.array([1.0, 0.0, 0.0])) + pf.sum(p * p)
    plus = 1.0 + pf.exp(x * 2.0)
    gradients = [*pf.gradients(pf.log(e), e), *pf.gradients(loss, p), *pf.gradients(pf.log(plus), plus)]
    by_e, by_p, by_plus = pf.Session().run(gradients, {x: np.zeros(3)})
    assert by_e.tolist() == [1.0, 1.0, 1.0]
    np.testing.assert_allclose(by_p, [2 / 3 - 3, 2 / 3, 2 / 3])
    assert by_plus.tolist() == [0.5, 0.5, 0.5]
