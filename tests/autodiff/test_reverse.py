"""Reverse accumulation: what every gradient rule would have to repeat, against finite differences in float64."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs import finite_differences, program_of, specialised

import polyflow as pf
from polyflow.core.declaration import NoGradient, define_op
from polyflow.core.dtypes import DType
from polyflow.core.types import TensorType
from polyflow.errors import GradientError

RNG = np.random.default_rng(0)


def check(function: Callable[..., Any], *arguments: Any, tolerance: float = 1e-6) -> None:
    """Compare the gradients of ``function``, written on polyflow, with finite differences of itself."""
    points = [np.asarray(each, np.float64) for each in arguments]
    xs = [pf.placeholder("float64", each.shape) for each in points]
    y = function(*xs)
    with pf.Session() as session:
        found = session.run(pf.gradients(y, xs, unconnected_gradients="zero"), dict(zip(xs, points, strict=True)))
        value = session.prepare(y, xs)
        expected = finite_differences(lambda *values: np.array(value(*[each.copy() for each in values])), *points)
    for have, need in zip(found, expected, strict=True):
        np.testing.assert_allclose(have, need, rtol=tolerance, atol=tolerance)


A, B, M, V = RNG.normal(size=(2, 3)), RNG.normal(size=(3,)), RNG.normal(size=(3, 3)), RNG.uniform(0.5, 2, size=(3,))

CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "diamond": (lambda x: pf.sin(x) * pf.cos(x) + pf.exp(x), (V,)),
    "deep diamond": (lambda x: (lambda a: (lambda b: a * b + b * b)(pf.sin(a)))(pf.exp(x)), (V,)),
    "shared subexpression": (lambda x: (lambda s: s * s + pf.log(s) / s)(pf.sum(x * x)), (V,)),
    "the same operand twice": (lambda x: x * x + x / x + pf.atan2(x, x) - x, (V,)),
    "matmul(x, x)": (lambda x: pf.matmul(x, x), (M,)),
    "matmul(x, x.T)": (lambda x: pf.matmul(x, pf.matrix_transpose(x)) ** 2, (A,)),
    "cube of a matrix": (lambda x: x @ x @ x, (M,)),
    "broadcast rows": (lambda x, y: pf.sin(x) * y, (A, B)),
    "broadcast columns": (lambda x, y: x * pf.exp(y), (A, RNG.normal(size=(2, 1)))),
    "broadcast both": (lambda x, y: x * y, (RNG.normal(size=(2, 1)), RNG.normal(size=(1, 3)))),
    "broadcast a scalar": (lambda x, y: pf.sin(x * y), (A, 0.7)),
    "broadcast one element": (lambda x, y: x * y, (A, [[0.3]])),
    "broadcast three ranks": (lambda x, y, z: x * y + z, (RNG.normal(size=(2, 1, 3)), A, 2.0)),
    "broadcast of itself": (lambda x: x * pf.sum(x, axis=0) + x[0], (A,)),
    "unused operand": (lambda x, y: pf.sin(x), (B, A)),
    "off-path consumer": (lambda x: (pf.exp(x) * 0 + pf.floor(x), pf.square(x))[1], (B,)),
    "cut by comparison": (lambda x: pf.where(x > 0, x * x, -x), (B,)),
    "division chain": (lambda x: 1 / (1 + 1 / (1 + x)), (V,)),
    "several axes": (lambda x: pf.sum(pf.mean(x, axis=0, keepdims=True) * x, axis=-1), (A,)),
    "power": (lambda x, y: x**y, (V, B)),
    "reuse at two depths": (lambda x: pf.tanh(x) + pf.tanh(pf.tanh(x) + x), (B,)),
    "through slices": (lambda x: x[0] * x[1] + x[::-1][0], (A,)),
    "empty": (lambda x: pf.sum(x) * 2, (np.zeros((0, 3)),)),
}


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    function, arguments = CASES[name]
    check(function, *arguments)


@pytest.mark.parametrize(
    "name", ["diamond", "matmul(x, x)", "broadcast rows", "the same operand twice", "power", "shared subexpression"]
)
def test_second_derivatives_are_those_of_finite_differences(name: str) -> None:
    function, arguments = CASES[name]

    def first(*xs: Any) -> Any:
        return sum(pf.sum(pf.sin(each)) for each in pf.gradients(function(*xs), list(xs)))

    check(first, *arguments, tolerance=1e-5)


def test_a_gradient_is_accumulated_once_for_each_use() -> None:
    x = pf.placeholder("float64", ())
    y = x + x + x + x * x
    assert pf.Session().run(pf.gradients(y, x)[0], {x: 5.0}) == 13.0


def test_a_chain_of_doublings_does_not_blow_up() -> None:
    x = pf.placeholder("float64", ())
    y = x
    for _ in range(100):
        y = y + y
    (g,) = pf.gradients(y, x)
    assert len(program_of(g, x)) < 600
    assert pf.Session().run(g, {x: 1.0}) == 2.0**100


def test_a_chain_of_products_does_not_blow_up() -> None:
    x = pf.placeholder("float64", ())
    y = x
    for _ in range(60):
        y = y * pf.sin(y)
    (g,) = pf.gradients(y, x)
    assert len(program_of(g, x)) < 1000


def test_a_chain_of_fifty_thousand_operations_is_differentiated_without_recursion_in_linear_time() -> None:
    seconds = []
    for depth in (5_000, 50_000):
        with pf.Graph().as_default():
            x = y = pf.placeholder("float64", ())
            for _ in range(depth):
                y = pf.sin(y)
            (g,) = pf.gradients(y, x)
            start = time.process_time()
            program = program_of(g, x)
            seconds.append(time.process_time() - start)
            assert len(program) <= 3 * depth + 3
    assert seconds[1] < 40 * seconds[0], f"ten times the operations took {seconds[1] / seconds[0]:.0f} times as long"


def test_a_deep_chain_runs_and_has_the_right_gradient() -> None:
    x = y = pf.placeholder("float64", ())
    for _ in range(3000):
        y = pf.sin(y)
    value, expected = 1.0, 1.0
    for _ in range(3000):
        expected *= np.cos(value)
        value = np.sin(value)
    assert pf.Session().run(pf.gradients(y, x)[0], {x: 1.0}) == pytest.approx(expected, rel=1e-10)


@define_op(dtypes="floating")
def without_gradient(x: TensorType, /) -> TensorType:
    """An op nobody differentiated."""
    return x


@define_op(dtypes="floating")
def with_reason(x: TensorType, /) -> TensorType:
    """An op that cannot be differentiated."""
    return x


with_reason.no_gradient("it is a riddle")


def rule_gives(result: Callable[[Any, Any, Any], Any]) -> Any:
    @define_op(name="odd", dtypes="floating")
    def odd(x: TensorType, y: TensorType, /) -> TensorType:
        return x

    odd.gradient(result)
    return odd


def test_a_missing_gradient_is_an_error_that_names_op_line_and_remedy() -> None:
    x = pf.placeholder("float64", ())
    (g,) = pf.gradients(without_gradient(x, name="lost"), x)
    with pytest.raises(GradientError) as caught:
        specialised([g], x)
    text = str(caught.value)
    assert text.startswith("without_gradient has no gradient, and 'lost' is on the way of one\n  built at: " + __file__)
    assert "try:     polyflow.stop_gradient(...) around it, or @polyflow.RegisterGradient('without_gradient')" in text


def test_a_missing_gradient_gives_its_reason() -> None:
    x = pf.placeholder("float64", ())
    (g,) = pf.gradients(with_reason(x), x)
    with pytest.raises(GradientError, match="it has none because it is a riddle"):
        specialised([g], x)


def test_an_op_without_a_gradient_off_the_path_does_no_harm() -> None:
    x, c = pf.placeholder("float64", ()), pf.constant(2.0, "float64")
    y = x * without_gradient(c) + pf.stop_gradient(without_gradient(x))
    (g,) = pf.gradients(y, x)
    specialised([g], x)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (lambda xp, operation, g: g, "found:   1 gradients\n  needed:  one for each of 2 operands"),
        (lambda xp, operation, g: (g, g, g), "found:   3 gradients"),
        (lambda xp, operation, g: (xp.astype(g, "float32"), g), "gave a gradient of the wrong dtype"),
        (lambda xp, operation, g: (xp.ones((3,), dtype=g.dtype), g), "gave a gradient of the wrong shape"),
    ],
)
def test_a_rule_that_breaks_its_contract_is_named(rule: Any, text: str) -> None:
    x, y = pf.placeholder("float64", (2,)), pf.placeholder("float64", (2,))
    z = rule_gives(rule)(x, y)
    with pytest.raises(GradientError) as caught:
        specialised(pf.gradients(z, [x, y]), x, y)
    assert text in str(caught.value)
    assert "odd" in str(caught.value)
    assert f"built at: {__file__}:" in str(caught.value)


def test_an_error_inside_a_rule_names_the_op_that_is_differentiated() -> None:
    x, y = pf.placeholder("float64", (2,), name="x"), pf.placeholder("float64", (2,))
    z = rule_gives(lambda xp, operation, g: (xp.reshape(g, (3,)), g))(x, y, name="culprit")
    with pytest.raises(ValueError, match=r"the gradient rule of odd failed for 'culprit'"):
        specialised(pf.gradients(z, [x, y]), x, y)


def test_a_rule_may_give_a_number_for_a_gradient() -> None:
    x, y = pf.placeholder("float64", (2,)), pf.placeholder("float64", (2,))
    z = rule_gives(lambda xp, operation, g: (2.0, None))(x, y)
    z.operation.op.kernel(lambda xp, x, y: x)
    found = pf.Session().run(pf.gradients(z, [x, y], unconnected_gradients="zero"), {x: [1.0, 2.0], y: [1.0, 2.0]})
    assert [each.tolist() for each in found] == [[2.0, 2.0], [0.0, 0.0]]


@pytest.mark.parametrize("dtype", [pf.float16, pf.float32, pf.float64], ids=str)
def test_a_gradient_has_the_dtype_of_what_it_belongs_to(dtype: DType) -> None:
    x, w = pf.placeholder(dtype, (2,)), pf.placeholder("float32", (2,))
    grads = pf.gradients(pf.sum(x * w * 2), [x, w])
    found = pf.Session().run(grads, {x: np.ones(2, str(dtype)), w: np.ones(2, "float32")})
    assert [each.dtype.name for each in found] == [str(dtype), "float32"]


def test_a_cast_on_the_way_casts_the_gradient_back() -> None:
    x = pf.placeholder("float32", (2,))
    y = pf.astype(pf.sin(pf.astype(x, "float64")), "float32")
    found = pf.Session().run(pf.gradients(y, x)[0], {x: [0.0, 1.0]})
    np.testing.assert_allclose(found, np.cos([0.0, 1.0]), rtol=1e-6)
    assert found.dtype == "float32"


def test_zeros_stand_for_outputs_that_nobody_used() -> None:
    x = pf.placeholder("float64", (3,))
    parts = pf.unstack(x)
    assert pf.Session().run(pf.gradients(parts[1] * 5, x)[0], {x: np.ones(3)}).tolist() == [0.0, 5.0, 0.0]


def test_an_operand_whose_gradient_nobody_knows_is_refused_and_the_others_are_not() -> None:
    @define_op(name="mixed")
    def mixed(a: TensorType, x: TensorType, /) -> TensorType:
        return x

    mixed.gradient(lambda xp, operation, g: (NoGradient("no formula is known"), g * 3))
    mixed.kernel(lambda xp, a, x: x * 3)
    a, x = pf.placeholder("float32", (), name="a"), pf.placeholder("float32", (), name="x")
    session = pf.Session("numpy")
    assert session.run(pf.gradients(mixed(a, x), x), {a: 1.0, x: 2.0}) == [3.0]
    with pytest.raises(GradientError) as caught:
        session.run(pf.gradients(mixed(a, x, name="y"), a), {a: 1.0, x: 2.0})
    text = str(caught.value)
    assert text.startswith("mixed has no gradient with respect to 'a:0'\n  operand: number 0 of 'y'\n")
    assert "found:   no formula is known" in text
    assert "try:     polyflow.stop_gradient(...) around that operand" in text


def test_the_operand_without_a_gradient_is_named_wherever_it_stands() -> None:
    @define_op
    def halved(a: TensorType, x: TensorType, /) -> TensorType:
        return a

    halved.gradient(lambda xp, operation, g: (g / 2, NoGradient("no formula is known")))
    halved.kernel(lambda xp, a, x: a / 2)
    a, x = pf.placeholder("float32", (), name="a"), pf.placeholder("float32", (), name="x")
    with pytest.raises(GradientError, match="with respect to 'x:0'\n  operand: number 1 of 'halved'"):
        pf.Session("numpy").run(pf.gradients(halved(a, x), x), {a: 1.0, x: 2.0})
