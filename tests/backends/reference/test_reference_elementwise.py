"""Elementwise functions of the reference backend against NumPy, across dtypes and shapes."""

from __future__ import annotations

import numpy as np
import pytest
from polyflow_reference import namespace as xp
from reference_oracle import (
    ALL,
    COMPLEXES,
    FLOATS,
    INTEGERS,
    NUMERIC,
    assert_close,
    assert_same,
    samples,
    to_reference,
)

from polyflow.errors import ArgumentError, DTypeError, ShapeError, ValueRangeError

UNARY = ("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
         "cosh", "tanh", "asinh", "acosh", "atanh")  # fmt: skip
IN_THE_DOMAIN = {"asin": np.tanh, "acos": np.tanh, "atanh": np.tanh, "acosh": np.cosh, "log": np.abs, "log2": np.abs,
                 "log10": np.abs, "sqrt": np.abs, "log1p": np.abs}  # fmt: skip


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_real_function_is_that_of_double_precision_rounded_once(name: str, dtype: str) -> None:
    x = samples(dtype, 40)
    x = IN_THE_DOMAIN.get(name, lambda v: v)(x.astype("float64")).astype(dtype)
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(x.astype("float64")).astype(dtype)
    assert_close(getattr(xp, name)(to_reference(x)), expected, ulps=1 if dtype != "float64" else 4)


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", COMPLEXES)
def test_a_complex_function_is_that_of_numpy(name: str, dtype: str) -> None:
    x = samples(dtype, 40)
    expected = getattr(np, name)(x.astype("complex128")).astype(dtype)
    assert_close(getattr(xp, name)(to_reference(x)), expected, ulps=16, scale=0.1)


@pytest.mark.parametrize("name", ["asin", "acos", "atan", "asinh", "acosh", "atanh", "log", "sqrt"])
def test_branch_cuts_are_continuous_from_the_side_of_the_sign_of_zero(name: str) -> None:
    parts = [-2.0, -0.5, -0.0, 0.0, 0.5, 2.0]
    x = np.array([complex(a, b) for a in parts for b in parts if a and b])
    x = np.concatenate([x, [complex(a, b) for a in (-2.0, 2.0) for b in (-0.0, 0.0)]])
    assert_close(getattr(xp, name)(to_reference(x)), getattr(np, name)(x), ulps=8, scale=1.0)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "maximum", "minimum", "less", "less_equal", "greater",
                                  "greater_equal", "equal", "not_equal"])  # fmt: skip
@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS])
def test_arithmetic_and_comparison_are_exact(name: str, dtype: str) -> None:
    x, y = samples(dtype, 5, 4), samples(dtype, 4, seed=1)
    y[:2] = x[0, :2]
    with np.errstate(over="ignore"):
        expected = getattr(np, name)(x, y)
    assert_same(getattr(xp, name)(to_reference(x), to_reference(y)), expected)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "pow"])
@pytest.mark.parametrize("dtype", COMPLEXES)
def test_complex_arithmetic(name: str, dtype: str) -> None:
    x, y = samples(dtype, 5, 4), samples(dtype, 5, 1, seed=1)
    assert_close(getattr(xp, name)(to_reference(x), to_reference(y)), getattr(np, name)(x, y), ulps=64)


@pytest.mark.parametrize("name", ["divide", "floor_divide", "remainder", "atan2", "hypot", "copysign", "logaddexp",
                                  "nextafter"])  # fmt: skip
@pytest.mark.parametrize("dtype", FLOATS)
def test_real_functions_of_two_arguments(name: str, dtype: str) -> None:
    x, y = samples(dtype, 5, 4), samples(dtype, 5, 1, seed=1)
    function = {"atan2": np.arctan2}.get(name) or getattr(np, name)
    wide = ("float64", "float64") if name in ("atan2", "hypot", "logaddexp") else (dtype, dtype)
    expected = function(x.astype(wide[0]), y.astype(wide[1])).astype(dtype)
    assert_close(getattr(xp, name)(to_reference(x), to_reference(y)), expected, ulps=2)


@pytest.mark.parametrize("dtype", FLOATS)
def test_real_powers(dtype: str) -> None:
    x, y = np.abs(samples(dtype, 5, 4)), samples(dtype, 5, 1, seed=1)
    expected = (x.astype("float64") ** y.astype("float64")).astype(dtype)
    assert_close(xp.pow(to_reference(x), to_reference(y)), expected, ulps=2)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_division_floors_and_by_zero_is_zero(dtype: str) -> None:
    x, y = samples(dtype, 30), samples(dtype, 30, seed=1)
    y[:3] = 0
    y[3:] |= 1
    with np.errstate(all="ignore"):
        quotient, rest = x // y, x % y
    assert_same(xp.floor_divide(to_reference(x), to_reference(y)), quotient)
    assert_same(xp.remainder(to_reference(x), to_reference(y)), rest)
    assert xp.floor_divide(to_reference(x), to_reference(y)).tolist()[:3] == [0, 0, 0]


def test_the_most_negative_integer_wraps_around() -> None:
    lowest = to_reference(np.array([-128], "int8"))
    assert [f(lowest).tolist() for f in (xp.negative, xp.abs)] == [[-128], [-128]]
    assert xp.floor_divide(lowest, -1).tolist() == [-128]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_powers_wrap_around(dtype: str) -> None:
    x, y = samples(dtype, 30), np.arange(30).astype(dtype) % 7
    assert_same(xp.pow(to_reference(x), to_reference(y)), x**y)


def test_an_integer_to_a_negative_power_is_its_truncated_reciprocal() -> None:
    x = xp.asarray([1, -1, -1, 0, 5])
    assert xp.pow(x, xp.asarray([-3, -3, -2, -1, -1])).tolist() == [1, -1, 1, 0, 0]


@pytest.mark.parametrize("name", ["bitwise_and", "bitwise_or", "bitwise_xor"])
@pytest.mark.parametrize("dtype", ["bool", *INTEGERS])
def test_bits_of_two_operands(name: str, dtype: str) -> None:
    x, y = samples(dtype, 20), samples(dtype, 20, seed=1)
    assert_same(getattr(xp, name)(to_reference(x), to_reference(y)), getattr(np, name)(x, y))


@pytest.mark.parametrize("dtype", ["bool", *INTEGERS])
def test_inverted_bits(dtype: str) -> None:
    x = samples(dtype, 20)
    assert_same(xp.bitwise_invert(to_reference(x)), ~x)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_shifts_up_to_and_beyond_the_width(dtype: str) -> None:
    bits = np.iinfo(dtype).bits
    x, y = samples(dtype, 6, 1), np.array([0, 1, bits - 1, bits, 100], dtype)
    left = xp.bitwise_left_shift(to_reference(x), to_reference(y))
    right = xp.bitwise_right_shift(to_reference(x), to_reference(y))
    with np.errstate(all="ignore"):
        assert_same(left, np.left_shift(x, y))
        assert_same(right, np.right_shift(x, y))
    assert left.tolist()[0][3:] == [0, 0]
    assert [row[3:] for row in right.tolist()] == [[-1, -1] if value < 0 else [0, 0] for value in x[:, 0]]


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "round"])
@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS])
def test_roundings(name: str, dtype: str) -> None:
    x = samples(dtype, 20) if dtype in INTEGERS else np.array([-2.5, -1.5, -0.5, -0.2, -0.0, 0.0, 0.5, 1.5, 2.7], dtype)
    assert_same(getattr(xp, name)(to_reference(x)), getattr(np, name)(x))


@pytest.mark.parametrize("name", ["abs", "negative", "positive", "square", "sign", "conj", "real", "imag"])
@pytest.mark.parametrize("dtype", NUMERIC)
def test_parts_and_signs(name: str, dtype: str) -> None:
    x = samples(dtype, 20)
    expected = getattr(np, name)(x)
    found = getattr(xp, name)(to_reference(x))
    if dtype in COMPLEXES:
        assert_close(found, expected, ulps=4)
    else:
        assert_same(found, expected)


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite"])
@pytest.mark.parametrize("dtype", NUMERIC)
def test_questions_about_specials(name: str, dtype: str) -> None:
    x = samples(dtype, 6)
    if dtype in (*FLOATS, *COMPLEXES):
        x[:3] = [np.nan, np.inf, -np.inf]
    assert_same(getattr(xp, name)(to_reference(x)), getattr(np, name)(x))


def test_logic_of_truth_values() -> None:
    x, y = np.array([True, True, False, False]), np.array([True, False, True, False])
    for name in ("logical_and", "logical_or", "logical_xor"):
        assert_same(getattr(xp, name)(to_reference(x), to_reference(y)), getattr(np, name)(x, y))
    assert_same(xp.logical_not(to_reference(x)), ~x)


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS])
def test_clip(dtype: str) -> None:
    x = samples(dtype, 20)
    low, high = np.sort(samples(dtype, 2, seed=3))
    assert_same(xp.clip(to_reference(x), to_reference(low), to_reference(high)), np.clip(x, low, high))
    assert_same(xp.clip(to_reference(x)), x)


def test_clip_takes_python_integers_beyond_the_dtype_as_its_ends() -> None:
    assert xp.clip(xp.asarray([0, 200], dtype=xp.uint8), -5, 1000).tolist() == [0, 200]


def test_clip_is_nan_where_an_operand_is() -> None:
    assert str(xp.clip(xp.asarray([xp.nan, 1.0]), 0.0, xp.nan).tolist()) == "[nan, nan]"


@pytest.mark.parametrize("shapes", [((3, 1), (1, 4)), ((2, 3, 1), (3, 4)), ((), (2, 2)), ((0, 1), (1, 3)), ((1,), ())])
def test_operands_broadcast(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    x, y = samples("float64", *shapes[0]), samples("float64", *shapes[1], seed=1)
    assert_same(to_reference(x) * to_reference(y), x * y)


def test_shapes_that_do_not_broadcast_are_refused() -> None:
    with pytest.raises(ShapeError, match="broadcast"):
        xp.add(xp.zeros(2), xp.zeros(3))


@pytest.mark.parametrize("left", ALL)
@pytest.mark.parametrize("right", ALL)
def test_dtypes_of_one_kind_promote_as_in_numpy(left: str, right: str) -> None:
    x, y = np.ones(1, left), np.ones(1, right)
    if x.dtype.kind != y.dtype.kind and not (x.dtype.kind in "iu" and y.dtype.kind in "iu"):
        return
    expected = np.result_type(x, y)
    if expected.kind == "f" and x.dtype.kind != "f":
        with pytest.raises(DTypeError, match="promote"):
            xp.result_type(to_reference(x), to_reference(y))
        return
    assert xp.result_type(to_reference(x), to_reference(y)).name == expected.name


@pytest.mark.parametrize(
    ("dtype", "scalar", "expected"),
    [("int8", 1, "int8"), ("float16", 1, "float16"), ("float64", 0.5, "float64"), ("int8", 0.5, "float32"),
     ("bool", 1, "int64"), ("float64", 1j, "complex128"), ("float16", 1j, "complex64"), ("int32", 1j, "complex64")],
)  # fmt: skip
def test_python_scalars_are_weak(dtype: str, scalar: complex, expected: str) -> None:
    assert xp.result_type(getattr(xp, dtype), scalar).name == expected


def test_a_python_integer_out_of_range_is_refused() -> None:
    with pytest.raises(ValueRangeError, match="does not fit uint8"):
        xp.asarray([1], dtype=xp.uint8) + 256


@pytest.mark.parametrize("name", ["sin", "exp", "sqrt", "divide"])
def test_integers_take_the_default_float_dtype_where_floats_are_needed(name: str) -> None:
    x = xp.asarray([1, 2])
    result = xp.divide(x, x) if name == "divide" else getattr(xp, name)(x)
    assert result.dtype is xp.float32


@pytest.mark.parametrize(
    ("function", "operands"),
    [("add", ([True], [True])), ("less", ([1j], [1j])), ("bitwise_and", ([1.0], [1.0])), ("logical_not", ([1],)),
     ("floor", ([1j],)), ("remainder", ([1j], [1j]))],
)  # fmt: skip
def test_dtypes_outside_the_domain_are_refused(function: str, operands: tuple[list[complex], ...]) -> None:
    with pytest.raises(DTypeError, match=function):
        getattr(xp, function)(*map(xp.asarray, operands))


def test_two_scalars_make_no_array() -> None:
    with pytest.raises(ArgumentError, match="no operand is an array"):
        xp.add(1, 2)
