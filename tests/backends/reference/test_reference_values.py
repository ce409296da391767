"""Rounding to float dtypes, wrapping around of integers, conversions and bytes of the reference backend."""

from __future__ import annotations

import math
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polyflow_reference import namespace as xp
from polyflow_reference.array import frombytes
from polyflow_reference.buffers import view
from polyflow_reference.values import fit
from reference_oracle import ALL, COMPLEXES, FLOATS, INTEGERS, assert_same, samples, to_numpy, to_reference

from polyflow.core.dtypes import DTYPES
from polyflow.errors import DTypeError, ShapeError, ValueRangeError

every_example_the_same = settings(derandomize=True, max_examples=100, deadline=None)
doubles = st.floats(allow_nan=False) | st.floats(-1e5, 1e5) | st.floats(-1e-40, 1e-40) | st.floats(-1e-5, 1e-5)


@every_example_the_same
@given(st.lists(doubles, max_size=8))
def test_floats_round_to_the_nearest_and_overflow_to_infinity(values: list[float]) -> None:
    with np.errstate(over="ignore"):
        for dtype in ("float16", "float32"):
            assert fit(values, DTYPES[dtype]) == np.array(values, "float64").astype(dtype).tolist()


@every_example_the_same
@given(st.lists(doubles.filter(lambda v: abs(v) < 3e38 and (v == 0.0 or abs(v) > 1e-40)), max_size=8))
def test_bfloat16_keeps_eight_bits(values: list[float]) -> None:
    for value, rounded in zip(values, fit(values, DTYPES["bfloat16"]), strict=True):
        unit = 2.0 ** max(math.frexp(value)[1] - 8, -133)
        assert abs(rounded - value) <= unit / 2
        assert (rounded / unit).is_integer()


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1 + 2**-8, 1.0), (1 + 3 * 2**-8, 1 + 2**-6), (3.4e38, math.inf), (-0.0, -0.0), (2.0**-134, 0.0),
     (2.0**-133, 2.0**-133)],
)  # fmt: skip
def test_bfloat16_at_ties_and_ends(value: float, expected: float) -> None:
    (rounded,) = fit([value], DTYPES["bfloat16"])
    assert (rounded, math.copysign(1.0, rounded)) == (expected, math.copysign(1.0, expected))


@pytest.mark.parametrize(("value", "expected"), [(65519.9, 65504.0), (65520.0, math.inf), (-65520.0, -math.inf)])
def test_float16_overflows_halfway_to_the_next_power(value: float, expected: float) -> None:
    assert fit([value, 1.0], DTYPES["float16"]) == [expected, 1.0]


@every_example_the_same
@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(2**53, 2**54), min_size=1, max_size=8))
def test_integers_become_floats_rounded_once(values: list[int]) -> None:
    x = np.array(values, "int64")
    for dtype in ("float32", "float64"):
        assert_same(xp.astype(to_reference(x), DTYPES[dtype]), x.astype(dtype))


def test_a_python_integer_is_rounded_once_to_float32() -> None:
    value = 2**60 + 2**36 + 1  # a double would first round it to a tie, and the tie to even
    assert xp.asarray(value, dtype=xp.float32).item() == float(np.array(value, "int64").astype("float32"))
    assert xp.asarray(value, dtype=xp.float32).item() == 2.0**60 + 2.0**37


@pytest.mark.parametrize("source", ["bool", *INTEGERS])
@pytest.mark.parametrize("target", ALL)
def test_integers_convert_as_in_numpy(source: str, target: str) -> None:
    x = samples(source, 20)
    with np.errstate(over="ignore"):
        expected = x.astype(target)
    assert_same(xp.astype(to_reference(x), DTYPES[target]), expected)


@pytest.mark.parametrize("source", FLOATS)
@pytest.mark.parametrize("target", [*INTEGERS, *FLOATS, *COMPLEXES, "bool"])
def test_floats_in_range_convert_as_in_numpy(source: str, target: str) -> None:
    x = np.array([0.0, 0.5, 1.0, 1.7, 100.9] + ([-0.0, -1.7] if not target.startswith("u") else []), source)
    assert_same(xp.astype(to_reference(x), DTYPES[target]), x.astype(target))


def test_floats_out_of_range_become_the_nearest_integer_and_nan_zero() -> None:
    x = xp.asarray([math.inf, -math.inf, math.nan, 300.0, -1.0])
    assert xp.astype(x, xp.uint8).tolist() == [255, 0, 0, 255, 0]
    assert xp.astype(x, xp.int64).tolist() == [2**63 - 1, -(2**63), 0, 300, -1]


def test_complex_numbers_do_not_become_real_ones() -> None:
    with pytest.raises(DTypeError, match="real"):
        xp.astype(xp.asarray([1j]), xp.float32)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_arithmetic_wraps_around(dtype: str) -> None:
    limits = np.iinfo(dtype)
    x = np.array([limits.max, limits.min, limits.max], dtype)
    y = np.array([1, 1, limits.max], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same(to_reference(x) + to_reference(y), x + y)
        assert_same(to_reference(x) * to_reference(y), x * y)
        assert_same(to_reference(y) - to_reference(x), y - x)


def test_every_operation_on_float32_is_rounded() -> None:
    x = np.float32(0.1)
    y = to_reference(np.array([0.1], "float32"))
    assert (y + y + y).tolist() == [float(x + x + x)]
    assert (y * y / y).tolist() == [float(x * x / x)]


@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 2)])
def test_bytes_go_out_and_come_back(dtype: str, shape: tuple[int, ...]) -> None:
    x = samples(dtype, *shape)
    assert to_reference(x).tobytes() == x.tobytes()
    assert_same(frombytes(x.tobytes(), DTYPES[dtype], shape), x)


def test_bfloat16_bytes_are_the_upper_half_of_float32() -> None:
    x = xp.asarray([1.0, -2.5, math.inf], dtype=xp.bfloat16)
    assert x.tobytes() == np.array([1.0, -2.5, math.inf], "float32").view("uint16")[1::2].tobytes()
    assert frombytes(x.tobytes(), xp.bfloat16, (3,)).tolist() == [1.0, -2.5, math.inf]


def test_bytes_that_do_not_fill_the_shape_are_refused() -> None:
    with pytest.raises(ShapeError, match="fill"):
        frombytes(bytes(8), xp.float32, (3,))
    with pytest.raises(ShapeError, match="divide"):
        frombytes(bytes(7), xp.float32, (1,))


@pytest.mark.parametrize("dtype", ALL)
def test_asarray_takes_buffers(dtype: str) -> None:
    x = samples(dtype, 2, 3)
    assert_same(xp.asarray(x), x)
    assert_same(xp.asarray(x.T), x.T)


def test_asarray_takes_bytes_and_python_arrays() -> None:
    assert xp.asarray(bytearray([1, 2])).dtype is xp.uint8
    assert xp.asarray(memoryview(bytes(8)).cast("d")).dtype is xp.float64


@pytest.mark.parametrize("dtype", ["bool", *INTEGERS, *FLOATS[1:]])
def test_arrays_are_shown_as_buffers(dtype: str) -> None:
    x = samples(dtype, 2, 3)
    shown = view(to_reference(x).values, (2, 3), DTYPES[dtype])
    assert (shown.shape, shown.tolist()) == ((2, 3), x.tolist())
    if sys.version_info >= (3, 12):  # where a class can take part in the buffer protocol
        assert memoryview(to_reference(x)).tolist() == x.tolist()


@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize("shape", [(), (2, 3), (0, 2)])
def test_numpy_takes_arrays(dtype: str, shape: tuple[int, ...]) -> None:
    x = samples(dtype, *shape)
    taken = np.asarray(to_reference(x))
    assert (taken.dtype, taken.shape) == (x.dtype, x.shape)
    np.testing.assert_array_equal(taken, x)


def test_operators_do_not_mix_with_arrays_of_numpy() -> None:
    for call in (lambda x: x + np.ones(1), lambda x: np.ones(1) + x):
        with pytest.raises(TypeError):
            call(xp.asarray([1.0]))


def test_what_a_memoryview_cannot_show_is_refused() -> None:
    for values, shape, dtype in (([1j], (1,), "complex64"), ([], (0,), "float32")):
        with pytest.raises(BufferError, match="tobytes"):
            view(values, shape, DTYPES[dtype])


def test_python_scalars_take_the_default_dtypes() -> None:
    dtypes = [xp.asarray(value).dtype for value in (True, 1, 1.0, 1j, [True, 1], [1, 2.0], [1.0, 2j], [])]
    assert [dtype.name for dtype in dtypes] == [
        "bool", "int64", "float32", "complex64", "int64", "float32", "complex64", "float32",
    ]  # fmt: skip


@pytest.mark.parametrize(("value", "dtype"), [(256, "uint8"), (-1, "uint8"), (2**63, "int64"), (128, "int8")])
def test_integers_that_do_not_fit_are_refused(value: int, dtype: str) -> None:
    with pytest.raises(ValueRangeError, match="does not fit"):
        xp.asarray(value, dtype=DTYPES[dtype])


def test_ragged_sequences_are_refused() -> None:
    with pytest.raises(ShapeError, match="differ in shape"):
        xp.asarray([[1, 2], [3]])


@pytest.mark.parametrize("value", ["text", None, object()])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(DTypeError):
        xp.asarray(value)


@pytest.mark.parametrize("value", [1, -2.5, True])
def test_python_conversions_of_one_element(value: float) -> None:
    x = xp.asarray(value, dtype=xp.float64) if isinstance(value, float) else xp.asarray(value)
    assert (bool(x), int(x), float(x), complex(x)) == (bool(value), int(value), float(value), complex(value))


def test_only_integers_are_indices() -> None:
    assert [10, 20, 30][xp.asarray(1)] == 20
    with pytest.raises(TypeError):
        [10][xp.asarray(0.0)]
    with pytest.raises(TypeError):
        [10][xp.asarray(False)]


def test_an_array_of_several_elements_has_no_truth_value() -> None:
    with pytest.raises(ValueError, match="rank 1"):
        bool(xp.asarray([1, 2]))
    with pytest.raises(TypeError, match="rank 1"):
        float(xp.asarray([1.0]))


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_number_is_shown_as_short_as_its_dtype_allows(dtype: str) -> None:
    assert repr(xp.asarray([0.1, 1e-3], dtype=DTYPES[dtype])) == f"Array([0.1, 0.001], {dtype})"


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_finfo_is_numpys(name: str) -> None:
    found, expected = xp.finfo(DTYPES[name]), np.finfo(name)
    for field in ("bits", "eps", "max", "min", "smallest_normal"):
        assert getattr(found, field) == float(getattr(expected, field))
        assert type(getattr(found, field)) in (int, float)


@pytest.mark.parametrize("name", INTEGERS)
def test_iinfo_is_numpys(name: str) -> None:
    found, expected = xp.iinfo(DTYPES[name]), np.iinfo(name)
    assert (found.bits, found.min, found.max) == (expected.bits, expected.min, expected.max)


def test_elements_are_unchanged_by_what_is_made_of_them() -> None:
    x = xp.asarray([3.0, 1.0, 2.0])
    y = xp.sort(x)
    y[0] = 9.0
    x += 1
    assert (x.tolist(), y.tolist()) == ([4.0, 2.0, 3.0], [9.0, 2.0, 3.0])
    assert to_numpy(x).dtype == "float32"


@pytest.mark.parametrize(("value", "message"), [(0.5, "change the dtype"), ([[1], [2]], "change the shape")])
def test_in_place_operators_keep_dtype_and_shape(value: object, message: str) -> None:
    x = xp.asarray([1, 2])
    with pytest.raises((TypeError, ValueError), match=message):
        x += value if isinstance(value, float) else xp.asarray(value)


def test_a_foreign_operand_is_left_to_its_own_operator() -> None:
    class Foreign:
        def __radd__(self, other: object) -> str:
            return "foreign"

    assert xp.asarray([1]) + Foreign() == "foreign"
    with pytest.raises(TypeError, match="unsupported operand"):
        xp.asarray([1]) + "text"


@pytest.mark.parametrize("version", ["2021.12", "2025.12", None])
def test_the_namespace_is_found_from_an_array(version: str | None) -> None:
    assert xp.asarray(1).__array_namespace__(api_version=version) is xp


def test_an_unknown_revision_or_device_is_refused() -> None:
    with pytest.raises(ValueRangeError, match="1999"):
        xp.asarray(1).__array_namespace__(api_version="1999.01")
    with pytest.raises(ValueRangeError, match="gpu"):
        xp.zeros(1, device="gpu")
