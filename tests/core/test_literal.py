"""Literals: bytes of Python numbers, lists and arrays, compared with what NumPy stores."""

from __future__ import annotations

import enum
import math
from typing import Any

import numpy as np
import pytest
from programs import plain

import polyflow as pf
from polyflow.core.dtypes import DTYPES, STANDARD_DTYPES, DType
from polyflow.core.literal import Literal, is_array_like, literal
from polyflow.errors import DTypeError, PolyflowError, ShapeError, ValueRangeError

NUMBERS = [0.0, -0.0, 1.0, -1.5, 3.14159, 1e-8, 65504.0, 65519.9, 65520.0, 1e10, 3.4028235e38, 3.5e38, 1e-46, 5e-324,
           math.inf, -math.inf, math.nan]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", ["float16", "float32", "float64", "complex64", "complex128"])
def test_a_number_is_rounded_as_numpy_rounds_it(number: float, name: str) -> None:
    with np.errstate(over="ignore"):
        expected = np.array(number).astype(name)
    assert np.array_equal(np.frombuffer(literal(number, name).data, name), expected.reshape(1), equal_nan=True)
    if not math.isnan(number):
        assert literal(number, name).data == expected.tobytes()


@pytest.mark.parametrize("number", [*NUMBERS, 1 + 2**-8, 1 + 3 * 2**-8, 3.38e38, 3.3961775e38])
def test_a_number_is_rounded_to_bfloat16_as_ml_dtypes_rounds_it(number: float) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    with np.errstate(over="ignore"):
        expected = np.array(number, "float32").astype(ml_dtypes.bfloat16)
    found = literal(number, "bfloat16")
    if math.isnan(number):
        assert math.isnan(found.tolist())  # type: ignore[arg-type]
    else:
        assert found.data == expected.tobytes()


@pytest.mark.parametrize("dtype", STANDARD_DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3)], ids=str)
def test_an_array_of_numpy_comes_back_as_it_went_in(dtype: DType, shape: tuple[int, ...]) -> None:
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype.name)
    found = literal(array)
    assert (found.dtype, found.shape) == (dtype, shape)
    assert found.tolist() == array.tolist()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3).T,
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12.0)[::-2],
        np.broadcast_to(np.float32(2), (2, 2)),
        np.arange(6, dtype=">i4").reshape(2, 3),
        np.array([1.5, -2.0], ">f8"),
        np.array([1 + 2j], ">c8"),
        np.array([True, False]),
    ],
    ids=lambda array: f"{array.dtype.str}{array.strides}",
)
def test_strides_and_byte_order_do_not_change_the_elements(array: Any) -> None:
    assert literal(array).tolist() == array.tolist()


def test_a_literal_is_a_snapshot() -> None:
    array = np.ones(3)
    found = literal(array)
    array[:] = 7
    assert found.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("value", "dtype", "shape"),
    [
        (True, "bool", ()),
        (1, "int64", ()),
        (1.0, "float32", ()),
        (1j, "complex64", ()),
        ([], "float32", (0,)),
        ([[], []], "float32", (2, 0)),
        ([True, False], "bool", (2,)),
        ([True, 2], "int64", (2,)),
        ([1, 2.5], "float32", (2,)),
        ([1, 2.5, 1j], "complex64", (3,)),
        (((1, 2), [3, 4]), "int64", (2, 2)),
        (np.float64(1), "float64", ()),
        ([np.float64(1.0), np.float64(2.0)], "float64", (2,)),
        ([np.float64(1.0), 2], "float64", (2,)),
        ([np.float32(1.0), 2.5], "float32", (2,)),
        ([np.int8(1), True], "int8", (2,)),
        ([np.ones(2), np.zeros(2)], "float64", (2, 2)),
    ],
    ids=plain,
)
def test_python_numbers_take_the_default_dtypes_and_arrays_keep_theirs(
    value: object, dtype: str, shape: tuple[int, ...]
) -> None:
    found = literal(value)
    assert (found.dtype.name, found.shape) == (dtype, shape)


@pytest.mark.parametrize("value", [[[1, 2], [3]], [1, [2]], [[], [1]], [[[1]], [[1], [2]]]], ids=plain)
def test_a_ragged_list_is_refused(value: object) -> None:
    with pytest.raises(ShapeError, match="ragged"):
        literal(value)


@pytest.mark.parametrize(
    "value", [None, "a", b"a", {1: 2}, {1}, object(), [None], ["a"], range(3), np.array(["a"])], ids=plain
)
def test_what_is_no_value_of_a_tensor_is_refused(value: object) -> None:
    with pytest.raises(DTypeError):
        literal(value)


@pytest.mark.parametrize("number", [1.5, math.nan, math.inf, -math.inf, 1e-300])
def test_a_number_that_is_no_integer_does_not_become_one(number: float) -> None:
    with pytest.raises(DTypeError, match="int32"):
        literal(number, "int32")


@pytest.mark.parametrize(
    ("number", "name"), [(128, "int8"), (-129, "int8"), (-1, "uint8"), (2**63, "int64"), (2**64, "uint64")]
)
def test_a_number_outside_its_dtype_is_refused_with_the_range(number: int, name: str) -> None:
    low, high = np.iinfo(name).min, np.iinfo(name).max
    with pytest.raises(ValueRangeError, match=f"needed:  {name}: {low} to {high}"):
        literal(number, name)


@pytest.mark.parametrize("name", ["float16", "float32", "float64", "complex64"])
def test_an_int_that_no_float_reaches_is_refused(name: str) -> None:
    with pytest.raises(PolyflowError):
        literal(10**400, name)


@pytest.mark.parametrize("name", ["int32", "int64", "uint8"])
def test_an_int_that_no_float_reaches_does_not_become_an_integer(name: str) -> None:
    with pytest.raises(ValueRangeError):
        literal(10**400, name)


@pytest.mark.parametrize("name", ["float32", "int32", "bool"])
def test_a_complex_number_does_not_become_real(name: str) -> None:
    with pytest.raises(DTypeError):
        literal([1j], name)


def test_an_array_is_not_cast_in_silence() -> None:
    with pytest.raises(DTypeError) as caught:
        literal(np.ones(2, "float64"), "float32")
    assert str(caught.value) == (
        "an array is not cast in silence\n"
        "  found:   float64\n"
        "  needed:  float32\n"
        "  try:     give the dtype that is meant: array.astype('float32')"
    )


def test_an_enumeration_of_ints_is_refused_or_read_but_never_a_key_error() -> None:
    class Colour(enum.IntEnum):
        RED = 1

    try:
        assert literal([Colour.RED, 2]).tolist() == [1, 2]
    except PolyflowError as error:
        assert "Colour" in str(error)  # noqa: PT017


@pytest.mark.parametrize("name", DTYPES)
def test_a_literal_of_numbers_reads_back_as_those_numbers(name: str) -> None:
    numbers = {"bool": [True, False], "complex": [1 + 2j, -3.5j]}.get(DTYPES[name].kind, [0, 1, 7])
    assert literal([numbers], name).tolist() == [numbers]


@pytest.mark.parametrize(
    ("value", "expected"),
    [([1.0, 1.0], 1.0), ([1.0, 2.0], None), ([], None), ([0.0, -0.0], None), (3, 3), ([True, True], True)],
    ids=plain,
)
def test_a_uniform_value_is_the_one_that_every_element_has(value: object, expected: object) -> None:
    assert literal(value).uniform_value == expected


def test_the_sign_of_a_uniform_zero_is_kept() -> None:
    assert math.copysign(1, literal([-0.0, -0.0]).uniform_value) == -1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"), [(2, "2"), ([1, 2], "(1, 2)"), ([[1.5]], "((1.5))"), ([0] * 9, "<int64[9]>")]
)
def test_a_literal_is_written_short(value: object, text: str) -> None:
    assert str(literal(value)) == text


def test_a_jax_array_is_read() -> None:
    jnp = pytest.importorskip("jax.numpy")
    assert literal(jnp.asarray([1.0, 2.0])).tolist() == [1.0, 2.0]
    assert literal(jnp.asarray([1.0, 2.0], dtype="bfloat16")) == literal([1.0, 2.0], "bfloat16")


@pytest.mark.parametrize(
    "value", [1, 1.0, True, 1j, [1], np.ones(1), np.float32(1), Literal(pf.bool, (), b"\1")], ids=plain
)
def test_numbers_lists_and_arrays_can_be_read(value: object) -> None:
    assert is_array_like(value)


@pytest.mark.parametrize("value", [None, "a", b"a", {}, object(), bytearray(b"a")], ids=plain)
def test_text_and_objects_cannot_be_read(value: object) -> None:
    assert not is_array_like(value)


def test_a_list_nested_deeper_than_the_recursion_limit_is_read() -> None:
    value: Any = 1
    for _ in range(2000):
        value = [value]
    assert literal(value).shape == (1,) * 2000
