"""Functions that bring their own gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import GradientError


def run(fetches: Any, feeds: Any = None) -> Any:
    return pf.Session().run(fetches, feeds)


@pf.custom_gradient
def log1pexp(x: Any) -> Any:
    e = pf.exp(x)
    return pf.log(1 + e), lambda g: g * (1 - 1 / (1 + e))


def test_the_given_gradient_is_used_where_the_derived_one_would_overflow() -> None:
    x = pf.placeholder("float32", ())
    y, (g,) = log1pexp(x), pf.gradients(log1pexp(x), x)
    assert run([y, g], {x: 1.0}) == [pytest.approx(1.3132617), pytest.approx(0.7310586)]
    assert run(g, {x: 100.0}) == 1.0


def test_a_gradient_function_may_use_what_the_function_computed_and_is_differentiated_in_its_turn() -> None:
    @pf.custom_gradient
    def squared_exp(x: Any) -> Any:
        e = pf.exp(x)
        return e * e, lambda g: g * 2 * e * e

    x = pf.placeholder("float64", ())
    y = squared_exp(x)
    for order in (1, 2, 3):
        (y,) = pf.gradients(y, x)
        assert run(y, {x: 0.5}) == pytest.approx(2**order * np.e)


def test_the_gradient_that_is_given_wins_even_when_it_is_wrong() -> None:
    double = pf.custom_gradient(lambda x: (x, lambda g: 2 * g))
    x = pf.placeholder("float64", ())
    assert run(pf.gradients(double(double(x)), x)[0], {x: 1.0}) == 4.0


def test_the_second_derivative_is_that_of_the_given_gradient() -> None:
    odd = pf.custom_gradient(lambda x: (pf.sin(x), lambda g: g * x**3))
    x = pf.placeholder("float64", ())
    (g,) = pf.gradients(odd(x), x)
    (h,) = pf.gradients(g, x)
    assert run([g, h], {x: 2.0}) == [8.0, 12.0]


def test_several_arguments_and_results_keep_their_order() -> None:
    @pf.custom_gradient
    def swap(x: Any, y: Any) -> Any:
        return (y, x), lambda gy, gx: (10 * gx, 100 * gy)

    x, y = pf.placeholder("float64", ()), pf.placeholder("float64", ())
    a, b = swap(x, y)
    assert run([a, b, *pf.gradients(a * 2 + b * 3, [x, y])], {x: 1.0, y: 5.0}) == [5.0, 1.0, 30.0, 200.0]


def test_a_list_of_results_stays_a_list() -> None:
    f = pf.custom_gradient(lambda x: ([x, x], lambda a, b: a + b))
    assert isinstance(f(pf.constant(1.0)), list)


def test_a_result_nobody_used_has_a_gradient_of_zeros() -> None:
    f = pf.custom_gradient(lambda x: ((x, x * 2), lambda a, b: a * 5 + b * 7))
    x = pf.placeholder("float64", ())
    assert run(pf.gradients(f(x)[1], x)[0], {x: 1.0}) == 7.0


def test_none_for_an_argument_means_that_no_gradient_flows() -> None:
    f = pf.custom_gradient(lambda x, n: (x * n, lambda g: (g * n, None)))
    x, n = pf.placeholder("float64", ()), pf.placeholder("float64", ())
    found = run(pf.gradients(f(x, n), [x, n], unconnected_gradients="zero"), {x: 2.0, n: 3.0})
    assert found == [3.0, 0.0]


def test_integers_and_python_numbers_may_be_arguments() -> None:
    f = pf.custom_gradient(lambda x, n: (x * n, lambda g: (g * 11, None)))
    x = pf.placeholder("float64", (2,))
    y = f(x, [1, 2]) + f(x, 3)
    assert run(pf.gradients(y, x)[0], {x: [1.0, 1.0]}).tolist() == [22.0, 22.0]


def test_a_closure_over_a_variable_is_no_argument() -> None:
    w = pf.Variable(4.0)
    f = pf.custom_gradient(lambda x: (x * w, lambda g: g * w * 100))
    x = pf.placeholder("float32", ())
    assert run(pf.gradients(f(x), x)[0], {x: 1.0}) == 400.0


def test_a_closure_over_a_tensor_that_nothing_else_needs_is_computed() -> None:
    z = pf.placeholder("float32", ())
    far = pf.sin(pf.exp(z))
    f = pf.custom_gradient(lambda x: (x, lambda g: g * far))
    x = pf.placeholder("float32", ())
    assert run(pf.gradients(f(x), x)[0], {x: 1.0, z: 0.0}) == pytest.approx(np.sin(1.0))


def test_a_closure_over_a_placeholder_that_is_not_fed_says_so() -> None:
    z = pf.placeholder("float32", (), name="z")
    f = pf.custom_gradient(lambda x: (x, lambda g: g * z))
    x = pf.placeholder("float32", ())
    with pytest.raises(ValueError, match="placeholder 'z' is needed and was not fed"):
        run(pf.gradients(f(x), x)[0], {x: 1.0})


def test_custom_gradients_nest() -> None:
    inner = pf.custom_gradient(lambda x: (x * x, lambda g: g * 1000))
    outer = pf.custom_gradient(
        lambda x: (inner(x), lambda g: pf.gradients(inner(x), x)[0] * g if False else g * inner(x))
    )
    x = pf.placeholder("float64", ())
    (g,) = pf.gradients(outer(x), x)
    (h,) = pf.gradients(g, x)
    assert run([g, h], {x: 3.0}) == [9.0, 1000.0]


def test_the_function_keeps_its_name_and_manual() -> None:
    assert log1pexp.__name__ == "log1pexp"
    assert log1pexp(pf.constant(1.0)).operation.name.startswith("log1pexp")


def test_a_placeholder_without_a_type_may_be_an_argument() -> None:
    x = pf.placeholder()
    (g,) = pf.gradients(log1pexp(x), x)
    assert run(g, {x: [0.0, 0.0]}).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    "answer",
    [lambda x: x, lambda x: (x,), lambda x: (x, x), lambda x: None],
    ids=["tensor", "one", "two tensors", "None"],
)
def test_a_function_that_returns_no_gradient_function_is_refused_at_the_users_line(answer: Any) -> None:
    with pytest.raises(GradientError, match=r"needed:  \(y, gradient\)") as caught:
        pf.custom_gradient(answer)(pf.constant(1.0))
    assert f"built at: {__file__}:" in str(caught.value)


def test_a_gradient_function_that_returns_too_many_gradients_is_refused() -> None:
    f = pf.custom_gradient(lambda x: (x, lambda g: (g, g)))
    x = pf.placeholder("float64", ())
    with pytest.raises(GradientError, match=r"found:   2 gradients\n  needed:  1, one for each argument"):
        run(pf.gradients(f(x), x)[0], {x: 1.0})


def test_the_same_function_may_be_used_twice_with_other_closures() -> None:
    def scaled(factor: float) -> Any:
        return pf.custom_gradient(lambda x: (x * 1.0, lambda g: g * factor))

    x = pf.placeholder("float64", ())
    assert run(pf.gradients(scaled(2.0)(x) + scaled(5.0)(x), x)[0], {x: 1.0}) == 7.0


def test_jax_compiles_custom_gradients() -> None:
    x = pf.placeholder("float32", ())
    assert float(pf.Session("jax").run(pf.gradients(log1pexp(x), x)[0], {x: 100.0})) == 1.0
