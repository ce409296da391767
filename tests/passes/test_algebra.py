"""Rewrites that are exact in floating point happen; all others must not."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np
import pytest
from programs import context, program_of

import polyflow as pf
from polyflow.core.printer import format_program
from polyflow.core.verifier import verify
from polyflow.passes.algebra import Algebra
from polyflow.passes.dead_code import DeadCode


def simplified(fetches: Any, *feeds: pf.Tensor) -> str:
    program = DeadCode()(Algebra()(program_of(fetches, *feeds), context()), context())
    verify(program)
    return format_program(program)


def is_gone(y: pf.Tensor, x: pf.Tensor) -> bool:
    return simplified(y, x).splitlines()[1:] == [f"  return %{x.operation.name}"]


def test_identities_go() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    y = pf.reshape(pf.identity(pf.astype(+x, "float32")), (2,))
    assert simplified(pf.sin(y, name="s"), x) == "program(%x: float32[2]):\n  %s: float32[2] = sin(%x)\n  return %s"


def test_an_identity_that_changes_the_type_stays() -> None:
    x = pf.placeholder("float32", (2, 3), name="x")
    assert "astype" in simplified(pf.astype(x, "float64"), x)
    assert "reshape" in simplified(pf.reshape(x, (3, 2)), x)
    assert "broadcast_to" in simplified(pf.broadcast_to(x, (1, 2, 3)), x)


@pytest.mark.parametrize("shape", [(2, 2), (3, 3, 3)], ids=str)
@pytest.mark.parametrize(
    "op",
    [
        lambda x: pf.permute_dims(x, (1, 0, *range(2, x.ndim))),
        lambda x: pf.matrix_transpose(x),
        lambda x: pf.flip(x),
        lambda x: pf.roll(x, shift=1),
        lambda x: pf.moveaxis(x, 0, 1),
        lambda x: pf.tril(x),
        lambda x: pf.sort(x),
        lambda x: pf.cumulative_sum(x, axis=0),
        lambda x: x[::-1],
    ],
)
def test_an_op_that_keeps_the_type_but_moves_elements_stays(op: Any, shape: tuple[int, ...]) -> None:
    x = pf.placeholder("float32", shape, name="x")
    assert not is_gone(op(x), x)


GONE = {
    "x * 1": lambda x: x * 1, "1 * x": lambda x: 1 * x, "x / 1": lambda x: x / 1, "x ** 1": lambda x: x**1,
    "x - 0": lambda x: x - 0, "x + -0.0": lambda x: x + -0.0, "-0.0 + x": lambda x: -0.0 + x,
    "-(-x)": lambda x: operator.neg(-x),
}  # fmt: skip
KEPT = {
    "x + 0.0": lambda x: x + 0.0, "0.0 + x": lambda x: 0.0 + x, "x - -0.0": lambda x: x - -0.0,
    "0 - x": lambda x: 0 - x, "x * 0": lambda x: x * 0, "x * -1": lambda x: x * -1, "1 / x": lambda x: 1 / x,
    "1 ** x": lambda x: 1**x, "x ** 0": lambda x: x**0, "x - x": lambda x: x - x, "x / x": lambda x: x / x,
    "-x": lambda x: -x, "x + 1": lambda x: x + 1, "1 - x": lambda x: 1 - x, "abs x": abs, "x // 1": lambda x: x // 1,
    "x % 1": lambda x: x % 1, "(x + 1) - 1": lambda x: (x + 1) - 1, "x * 2 / 2": lambda x: x * 2 / 2,
    "exp log x": lambda x: pf.exp(pf.log(x)), "sqrt square x": lambda x: pf.sqrt(pf.square(x)),
    "1 / (1 / x)": lambda x: 1 / (1 / x),
}  # fmt: skip


@pytest.mark.parametrize("name", GONE)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_what_changes_nothing_goes(name: str, dtype: str) -> None:
    x = pf.placeholder(dtype, (2,), name="x")
    assert is_gone(GONE[name](x), x)


@pytest.mark.parametrize("name", KEPT)
def test_what_changes_a_zero_an_infinity_or_a_rounding_stays(name: str) -> None:
    x = pf.placeholder("float32", (2,), name="x")
    assert not is_gone(KEPT[name](x), x)


REAL = ("x // 1", "x % 1")
SPECIAL = [0.0, -0.0, 1.0, -1.5, np.inf, -np.inf, np.nan, 1e-45, 3e38]


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        (name, dtype)
        for name in (*GONE, *KEPT)
        for dtype in ("float32", "complex64")
        if name not in REAL or dtype == "float32"
    ],
)
def test_passes_change_no_bit_of_any_special_value(name: str, dtype: str) -> None:
    numbers = SPECIAL if dtype == "float32" else [complex(*pair) for pair in itertools.product(SPECIAL[:6], repeat=2)]
    values = np.array(numbers, dtype)
    x = pf.placeholder(dtype, values.shape, name="x")
    y = (GONE | KEPT)[name](x)
    plain, optimised = (pf.Session(optimise=each).run(y, {x: values}) for each in (False, True))
    np.testing.assert_array_equal(plain, optimised)
    parts = [(plain, optimised)] if dtype == "float32" else [(plain.real, optimised.real), (plain.imag, optimised.imag)]
    for left, right in parts:
        known = ~np.isnan(left)
        np.testing.assert_array_equal(np.signbit(left[known]), np.signbit(right[known]))


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64"])
def test_neutral_integers_go_whatever_their_zero(dtype: str) -> None:
    x = pf.placeholder(dtype, (2,), name="x")
    for y in (x + 0, 0 + x, x - 0, x * 1, x**1, x << 0, x | 0, x ^ 0):
        assert is_gone(y, x), y


def test_an_integer_divided_by_one_becomes_a_float() -> None:
    x = pf.placeholder("int32", (2,), name="x")
    assert "return %astype" in simplified(x / 1, x)


def test_a_neutral_element_that_broadcasts_the_other_operand_stays() -> None:
    x = pf.placeholder("float32", (3,), name="x")
    assert "multiply" in simplified(x * pf.ones((2, 3)) * pf.constant([[1.0, 1.0, 1.0]]), x)
    assert is_gone(x * pf.constant([1.0, 1.0, 1.0]), x)


def test_a_neutral_element_that_promotes_the_other_operand_leaves_the_cast() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    text = simplified(x * pf.constant(1.0, "float64"), x)
    assert "astype" in text
    assert "multiply" not in text


def test_a_uniform_constant_with_one_other_element_stays() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    assert "multiply" in simplified(x * pf.constant([1.0, 1.0000001]), x)
    assert "add" in simplified(x + pf.constant([-0.0, 0.0]), x)


def test_true_is_not_taken_for_one_in_another_dtype() -> None:
    x = pf.placeholder("bool", (2,), name="x")
    assert is_gone(pf.logical_and(x, True), x)
    assert is_gone(pf.logical_or(x, False), x)
    assert not is_gone(pf.logical_and(x, False), x)
    assert not is_gone(pf.logical_or(x, True), x)


def test_an_involution_twice_goes_and_an_idempotent_op_twice_is_once() -> None:
    x = pf.placeholder("bool", (2,), name="x")
    assert is_gone(~(~x), x)
    y = pf.placeholder("float32", (2, 3), name="y")
    assert simplified(pf.floor(pf.floor(pf.floor(y))), y).count("floor(") == 1
    assert simplified(abs(abs(y)), y).count("abs(") == 1
    assert is_gone(pf.matrix_transpose(pf.matrix_transpose(y)), y)


def test_three_negations_are_one() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    assert simplified(operator.neg(operator.neg(-x)), x).count("negative(") == 1


def test_an_involution_twice_with_other_attributes_stays() -> None:
    x = pf.placeholder("float32", (2, 2), name="x")
    assert simplified(pf.flip(pf.flip(x, axis=0), axis=1), x).count("flip(") == 2
    assert is_gone(pf.flip(pf.flip(x, axis=1), axis=1), x)


def test_an_idempotent_op_on_another_axis_stays() -> None:
    x = pf.placeholder("float32", (2, 2), name="x")
    assert simplified(pf.sort(pf.sort(x, axis=0), axis=1), x).count("sort(") == 2
    assert simplified(pf.tril(pf.tril(x, k=1), k=0), x).count("tril(") == 2


def test_the_absolute_value_of_a_complex_absolute_value_is_real_once() -> None:
    x = pf.placeholder("complex64", (2,), name="x")
    assert simplified(abs(abs(x)), x).count("abs(") == 1
    assert pf.Session().run(abs(abs(x)), {x: np.array([3 + 4j, -1], "complex64")}).tolist() == [5.0, 1.0]


# -- what ops declare of themselves


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (lambda x: pf.permute_dims(pf.permute_dims(x, (1, 2, 0)), (0, -1, 1)), "permute_dims(%x, axes=(1, 0, 2))"),
        (lambda x: pf.reshape(pf.reshape(x, (6, 4)), (24,)), "reshape(%x, shape=(24,))"),
        (lambda x: pf.broadcast_to(pf.broadcast_to(x, (5, 2, 3, 4)), (6, 5, 2, 3, 4)), "shape=(6, 5, 2, 3, 4))"),
        (lambda x: pf.sum(pf.broadcast_to(x, (5, 2, 3, 4)), axis=0), "multiply(%x, %sum/1)"),
        (lambda x: x**2, "square(%x)"),
        (lambda x: x**-1.0, "reciprocal(%x)"),
    ],
)
def test_an_op_knows_a_simpler_form(call: Any, wanted: str) -> None:
    x = pf.placeholder("float32", (2, 3, 4), name="x")
    text = simplified(call(x), x)
    assert wanted in text
    value = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    found, plain = (pf.Session(optimise=each).run(call(x), {x: value}) for each in (True, False))
    np.testing.assert_allclose(found, plain, rtol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: pf.reshape(pf.reshape(x, (4, 6)), (2, 3, 4)),
        lambda x: pf.permute_dims(pf.permute_dims(x, (1, 2, 0)), (2, 0, 1)),
        lambda x: pf.where(True, x, 0.0),
        lambda x: pf.where([[[False]]], 0.0, x),
    ],
)
def test_what_an_op_says_changes_nothing_goes(call: Any) -> None:
    x = pf.placeholder("float32", (2, 3, 4), name="x")
    assert is_gone(call(x), x)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: pf.sum(pf.broadcast_to(x, (5, 2, 3, 4)), axis=(0, 1)),
        lambda x: pf.sum(pf.broadcast_to(pf.astype(x, "complex64"), (5, 2, 3, 4)), axis=0),
        lambda x: pf.sum(pf.broadcast_to(pf.astype(x, "float16"), (5, 2, 3, 4)), axis=0),
        lambda x: pf.sum(pf.broadcast_to(pf.astype(x, "int32"), (5, 2, 3, 4)), axis=0),
        lambda x: pf.sum(pf.broadcast_to(x, (0, 2, 3, 4)), axis=0),
    ],
)
def test_sums_of_other_repetitions_stay(call: Any) -> None:
    x = pf.placeholder("float32", (2, 3, 4), name="x")
    assert "sum(" in simplified(call(x), x)


def test_the_gradient_of_a_square_is_one_product() -> None:
    x = pf.placeholder("float32", (3,), name="x")
    text = pf.Session().explain(pf.gradients(pf.sum(x**2), x), {x: [1.0, 2.0, 3.0]}).split("after passes")[1]
    assert "pow" not in text.split("return")[0].replace("gradients/pow", "")
    assert text.split("return")[0].count(" = ") == 2


def test_an_error_that_depends_on_data_is_not_simplified_away() -> None:
    x = pf.placeholder("float64", (None,), name="x")
    y = pf.take(x, pf.nonzero(x)[0])
    reshaped = pf.reshape(pf.reshape(y, (2, 3)), (-1,))
    repeated = pf.broadcast_to(pf.broadcast_to(y, (1,)), (3,))
    with pytest.raises(pf.errors.ExecutionError, match="reshape failed"):
        pf.Session().run(reshaped, {x: np.ones(8)})
    with pytest.raises(pf.errors.ExecutionError, match="broadcast_to failed"):
        pf.Session().run(repeated, {x: np.ones(3)})
    assert pf.Session(check=True).run(reshaped, {x: np.ones(6)}).tolist() == [1.0] * 6


def test_new_operations_have_names_of_their_own() -> None:
    x = pf.placeholder("float32", (3,), name="x")
    y = pf.sum(pf.broadcast_to(x, (5, 3)), axis=0, name="s")
    z = pf.multiply(x, 2.0, name="s/1")
    found = pf.Session(check=True).run([y, z], {x: np.ones(3, "float32")})
    assert [each.tolist() for each in found] == [[5.0] * 3, [2.0] * 3]
