"""The dtypes and how they meet, against NumPy, ml_dtypes and the table of the standard."""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pytest

import polyflow as pf
from polyflow.core.dtypes import (
    CATEGORIES,
    DTYPES,
    STANDARD_DTYPES,
    accumulator,
    as_dtype,
    complex_dtype,
    in_category,
    integer_range,
    promote,
    real_dtype,
)
from polyflow.errors import DTypeError

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "bfloat16", "float32", "float64")
COMPLEX = ("complex64", "complex128")
SAME_KIND_IN_NUMPY = [
    (left, right)
    for group in (INTEGERS, ("float16", "float32", "float64"), COMPLEX, ("float32", "float64", *COMPLEX))
    for left, right in itertools.product(group, group)
    if {left, right} not in [{"uint64", signed} for signed in ("int8", "int16", "int32", "int64")]
]


@pytest.mark.parametrize(("left", "right"), sorted(set(SAME_KIND_IN_NUMPY)))
def test_dtypes_of_one_kind_promote_as_in_numpy(left: str, right: str) -> None:
    assert promote(DTYPES[left], DTYPES[right]).name == np.promote_types(left, right).name


@pytest.mark.parametrize(("left", "right"), list(itertools.product(("bool", *INTEGERS), (*FLOATS, *COMPLEX))))
def test_an_integer_or_bool_takes_the_dtype_of_the_float_it_meets(left: str, right: str) -> None:
    assert promote(DTYPES[left], DTYPES[right]) is DTYPES[right]


@pytest.mark.parametrize("name", DTYPES)
def test_bool_promotes_to_whatever_it_meets(name: str) -> None:
    assert promote(DTYPES["bool"], DTYPES[name]) is DTYPES[name]


@pytest.mark.parametrize(("left", "right"), list(itertools.combinations(DTYPES, 2)))
def test_promotion_is_symmetric(left: str, right: str) -> None:
    results = []
    for pair in ((left, right), (right, left)):
        try:
            results.append(promote(DTYPES[pair[0]], DTYPES[pair[1]]))
        except DTypeError:
            results.append(None)
    assert results[0] is results[1]


@pytest.mark.parametrize("signed", ["int8", "int16", "int32", "int64"])
def test_uint64_does_not_promote_with_a_signed_integer(signed: str) -> None:
    with pytest.raises(DTypeError, match=rf"{signed} and uint64|uint64 and {signed}"):
        promote(DTYPES["uint64"], DTYPES[signed])


def test_promotion_is_associative_where_all_pairs_promote() -> None:
    for a, b, c in itertools.product(DTYPES.values(), repeat=3):
        try:
            left, right = promote(promote(a, b), c), promote(a, promote(b, c))
        except DTypeError:
            continue
        # An integer leaves no trace of its width in a float, so grouping matters there alone.
        if len({each.kind for each in (a, b, c)} & {"int", "uint"}) == 0:
            assert left is right, (a, b, c)


@pytest.mark.parametrize(("left", "right"), [("float16", "bfloat16"), ("bfloat16", "float16")])
def test_the_two_half_precisions_meet_in_float32(left: str, right: str) -> None:
    assert promote(DTYPES[left], DTYPES[right]) is pf.float32


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (float, "float32"), (int, "int64"), (bool, "bool"), (complex, "complex64"), ("bool", "bool"), ("bool_", "bool"),
        (np.float64, "float64"), (np.dtype("int8"), "int8"), (np.bool_, "bool"), (np.dtype(">f4"), "float32"),
        ("torch.float32", "float32"), (pf.float16, "float16"),
    ],
    ids=str,
)  # fmt: skip
def test_a_dtype_is_found_by_many_names(value: object, name: str) -> None:
    assert as_dtype(value) is DTYPES[name]


def test_a_dtype_of_ml_dtypes_is_found() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    assert as_dtype(np.dtype(ml_dtypes.bfloat16)) is pf.bfloat16


@pytest.mark.parametrize("value", ["float31", None, 3, "", np.dtype("<U1"), np.dtype(object), [], str], ids=repr)
def test_what_names_no_dtype_is_refused(value: object) -> None:
    with pytest.raises(DTypeError, match="not a dtype"):
        as_dtype(value)


def test_a_misspelt_dtype_gets_a_hint() -> None:
    with pytest.raises(DTypeError, match="did you mean 'float32'"):
        as_dtype("flaot32")


@pytest.mark.parametrize("name", DTYPES)
def test_a_dtype_survives_pickling_and_copying_as_the_same_object(name: str) -> None:
    dtype = DTYPES[name]
    assert pickle.loads(pickle.dumps(dtype)) is dtype
    assert copy.deepcopy(dtype) is dtype
    assert copy.copy(dtype) is dtype


@pytest.mark.parametrize("name", [*INTEGERS])
def test_the_range_of_an_integer_dtype_is_that_of_numpy(name: str) -> None:
    information = np.iinfo(name)
    assert integer_range(DTYPES[name]) == (information.min, information.max)


@pytest.mark.parametrize("name", [each.name for each in STANDARD_DTYPES])
def test_the_item_size_is_that_of_numpy(name: str) -> None:
    assert DTYPES[name].itemsize == np.dtype(name).itemsize


@pytest.mark.parametrize("name", [each.name for each in STANDARD_DTYPES if each.kind != "bool"])
def test_sums_accumulate_in_at_least_the_default_integer(name: str) -> None:
    expected = {"int": "int64", "uint": "uint64"}.get(DTYPES[name].kind, name)
    assert accumulator(DTYPES[name]).name == expected


def test_the_standard_has_thirteen_dtypes() -> None:
    assert len(STANDARD_DTYPES) == 13


@pytest.mark.parametrize("name", FLOATS)
def test_the_parts_of_the_complex_dtype_hold_the_float(name: str) -> None:
    parts = real_dtype(complex_dtype(DTYPES[name]))
    assert promote(parts, DTYPES[name]) is parts


@pytest.mark.parametrize("category", CATEGORIES)
def test_categories_are_unions_of_kinds(category: str) -> None:
    members = [each for each in DTYPES.values() if in_category(each, category)]
    assert {each.kind for each in members} == set(CATEGORIES[category])


@pytest.mark.parametrize("name", DTYPES)
def test_a_dtype_is_printed_by_its_name(name: str) -> None:
    assert (str(DTYPES[name]), repr(DTYPES[name])) == (name, f"polyflow.{name}")
