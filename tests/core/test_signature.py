"""Signatures: which parameters are operands, and the two ways between a call and (operands, attributes)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.core.dtypes import DType
from polyflow.core.signature import (
    Axis,
    DTypeLike,
    NewAxis,
    ShapeLike,
    Signature,
    Slice,
    freeze,
    normal_attributes,
)
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, AxisError, DTypeError, ValueRangeError


def plain(x: TensorType, y: TensorType, /) -> TensorType: ...


def with_attribute(x: TensorType, /, *, axis: Axis = None, keepdims: bool = False) -> TensorType: ...


def with_required(x: TensorType, shape: ShapeLike, /) -> TensorType: ...


def with_optional(x: TensorType, low: TensorType | None = None, high: TensorType | None = None, /) -> TensorType: ...


def with_sequence(arrays: Sequence[TensorType], /, *, axis: Axis = 0) -> TensorType: ...


def with_variadic(*arrays: TensorType, indexing: str = "xy") -> tuple[TensorType, ...]: ...


def with_keyword_operand(x: TensorType, /, *, prepend: TensorType | None = None, n: int = 1) -> TensorType: ...


def nothing(*, dtype: DTypeLike = None) -> TensorType: ...


def two(x: TensorType, /) -> tuple[TensorType, TensorType]: ...


def none(x: TensorType, /) -> tuple[()]: ...


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "operands", "attributes"),
    [
        (plain, (1, 2), {}, [1, 2], {}),
        (plain, (1,), {"y": 2}, [1, 2], {}),
        (plain, (), {"y": 2, "x": 1}, [1, 2], {}),
        (with_attribute, (1,), {}, [1], {"axis": None, "keepdims": False}),
        (with_attribute, (1,), {"axis": [0, 1]}, [1], {"axis": (0, 1), "keepdims": False}),
        (with_required, (1, [2, 3]), {}, [1], {"shape": (2, 3)}),
        (with_required, (1,), {"shape": np.int32(4)}, [1], {"shape": 4}),
        (with_optional, (1,), {}, [1], {"absent": ("low", "high")}),
        (with_optional, (1, None, 3), {}, [1, 3], {"absent": ("low",)}),
        (with_optional, (1, 2, 3), {}, [1, 2, 3], {}),
        (with_sequence, ([1, 2, 3],), {"axis": -1}, [1, 2, 3], {"axis": -1}),
        (with_sequence, ([],), {}, [], {"axis": 0}),
        (with_variadic, (1, 2), {}, [1, 2], {"indexing": "xy"}),
        (with_variadic, (), {}, [], {"indexing": "xy"}),
        (with_keyword_operand, (1,), {"prepend": 2, "n": 3}, [1, 2], {"n": 3}),
        (with_keyword_operand, (1,), {}, [1], {"n": 1, "absent": ("prepend",)}),
        (nothing, (), {"dtype": pf.int8}, [], {"dtype": pf.int8}),
    ],
)
def test_a_call_is_taken_apart(function: Any, args: Any, kwargs: Any, operands: Any, attributes: Any) -> None:
    found = Signature("f", function).bind(args, kwargs)
    assert (found[0], dict(found[1])) == (operands, attributes)


@pytest.mark.parametrize(
    ("function", "args", "kwargs"),
    [
        (plain, ("a", "b"), {}),
        (with_attribute, ("a",), {"axis": 1}),
        (with_required, ("a", (2,)), {}),
        (with_optional, ("a", None, "c"), {}),
        (with_sequence, (["a", "b"],), {"axis": 1}),
        (with_variadic, ("a", "b", "c"), {"indexing": "ij"}),
        (with_keyword_operand, ("a",), {"prepend": "p", "n": 2}),
        (with_keyword_operand, ("a",), {}),
    ],
)
def test_a_function_of_the_signature_gets_back_what_the_call_gave(function: Any, args: Any, kwargs: Any) -> None:
    signature = Signature("f", function)
    positional, keywords = signature.arguments(*signature.bind(args, kwargs))
    assert signature.bind(tuple(positional), keywords) == signature.bind(args, kwargs)


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "text"),
    [
        (plain, (1,), {}, "no argument for y"),
        (plain, (1, 2, 3), {}, "3 positional arguments"),
        (plain, (1, 2), {"z": 3}, "an unknown argument 'z'"),
        (plain, (1, 2), {"x": 3}, "a second argument 'x'"),
        (with_required, (1,), {}, "no argument for shape"),
        (with_sequence, (), {}, "no argument for arrays"),
        (with_sequence, (1,), {}, "arrays = int"),
        (with_attribute, (1, 2), {}, "2 positional arguments"),
    ],
)
def test_a_call_that_does_not_fit_says_what_is_wrong(function: Any, args: Any, kwargs: Any, text: str) -> None:
    with pytest.raises(ArgumentError, match=text) as caught:
        Signature("f", function).bind(args, kwargs)
    assert str(caught.value).startswith("f: the call does not match its signature\n  found:")


def test_too_many_arguments_are_told_which_ones_go_by_keyword() -> None:
    with pytest.raises(ArgumentError) as caught:
        Signature("f", with_attribute).bind((1, 2), {})
    assert "  needed:  at most 1, and by keyword axis, keepdims\n" in f"{caught.value}\n"
    with pytest.raises(ArgumentError) as caught:
        Signature("f", plain).bind((1, 2, 3), {})
    assert "  needed:  at most 2\n" in f"{caught.value}\n"


def test_binding_does_not_hand_out_the_defaults_to_be_changed() -> None:
    signature = Signature("f", with_attribute)
    first = signature.bind((1,), {})[1]
    assert dict(first) == {"axis": None, "keepdims": False}
    assert signature.bind((1,), {"axis": 1})[1]["axis"] == 1
    assert signature.bind((1,), {})[1]["axis"] is None


@pytest.mark.parametrize(
    ("function", "count"), [(plain, 1), (two, 2), (none, 0), (with_variadic, None), (with_sequence, 1)]
)
def test_the_annotation_says_how_many_results_there_are(function: Any, count: int | None) -> None:
    assert Signature("f", function).output_count == count


@pytest.mark.parametrize(
    ("function", "count", "attributes", "names"),
    [
        (plain, 2, {}, ["x", "y"]),
        (with_sequence, 3, {}, ["arrays[0]", "arrays[1]", "arrays[2]"]),
        (with_variadic, 0, {}, []),
        (with_optional, 2, {"absent": ("low",)}, ["x", "high"]),
    ],
)
def test_operands_have_names_for_messages(function: Any, count: int, attributes: Any, names: list[str]) -> None:
    assert Signature("f", function).operand_names(count, attributes) == names


@pytest.mark.parametrize(
    ("value", "frozen"),
    [
        ([1, [2, 3]], (1, (2, 3))),
        (slice(1, None, np.int64(2)), Slice(1, None, 2)),
        (np.int8(3), 3),
        ((slice(None),), (Slice(None, None, None),)),
        (None, None),
        ("a", "a"),
        (1.5, 1.5),
    ],
    ids=repr,
)
def test_an_attribute_is_frozen_to_a_hashable_value(value: object, frozen: object) -> None:
    assert freeze(value) == frozen
    hash(freeze(value))


@pytest.mark.parametrize("value", [True, 1, 1.0, np.int64(1)])
def test_freezing_keeps_bool_int_and_float_apart(value: object) -> None:
    expected = {bool: bool, int: int, float: float}.get(type(value), int)
    assert type(freeze(value)) is expected


X = TensorType(pf.float32, (2, 3, 4))


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("axis", -1, 2),
        ("axis", (-1, 0), (2, 0)),
        ("axis", None, None),
        ("new axis", -1, 3),
        ("new axis", (0, -1), (0, 4)),
        ("dtype", "int8", pf.int8),
        ("dtype", float, pf.float32),
        ("dtype", None, None),
        ("shape", 3, (3,)),
        ("shape", (2, -1), (2, -1)),
        ("shape", (), ()),
    ],
)
def test_attributes_are_brought_to_normal_form(form: str, value: object, expected: object) -> None:
    assert normal_attributes([("a", form)], [X], {"a": value, "b": [1]}) == {"a": expected, "b": [1]}


@pytest.mark.parametrize(
    ("form", "value", "error"),
    [
        ("axis", 3, AxisError),
        ("axis", (0, 0), AxisError),
        ("axis", 1.0, ArgumentError),
        ("axis", "x", ArgumentError),
        ("axis", (0, 1.0), ArgumentError),
        ("new axis", 4, AxisError),
        ("dtype", "float31", DTypeError),
        ("shape", (2, 1.0), ValueRangeError),
        ("shape", "ab", ValueRangeError),
        ("shape", True, ValueRangeError),
    ],
)
def test_an_attribute_without_a_normal_form_is_refused(form: str, value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        normal_attributes([("a", form)], [X], {"a": value})


def test_every_dtype_attribute_takes_all_the_names_of_dtypes() -> None:
    for name in ("int8", pf.int8, np.int8, np.dtype("int8")):
        assert isinstance(normal_attributes([("a", "dtype")], [X], {"a": name})["a"], DType)


def test_new_axes_need_no_axis_in_their_annotation_to_be_counted_from_the_result() -> None:
    def inserted(x: TensorType, /, *, axis: NewAxis = 0) -> TensorType: ...

    assert Signature("f", inserted).forms == (("axis", "new axis"),)


@pytest.mark.parametrize("name", ["written", "as_objects", "quoted", "wrapped"])
def test_annotations_are_understood_in_every_form_that_python_has(name: str) -> None:
    def written(x: TensorType, /, *, y: TensorType | None = None, count: int = 1) -> tuple[TensorType, TensorType]:
        return x, x

    def changed(**annotations: object) -> Any:
        def function(x: Any, /, *, y: Any = None, count: int = 1) -> Any:
            return x, x

        function.__annotations__ = annotations
        return function

    as_objects = changed(x=TensorType, y=TensorType | None, count=int, **{"return": tuple[TensorType, TensorType]})
    quoted = changed(
        x="'TensorType'", y="'TensorType | None'", count="'int'", **{"return": "tuple[TensorType, TensorType]"}
    )
    forms = {"written": written, "as_objects": as_objects, "quoted": quoted, "wrapped": contextmanager(written)}
    signature = Signature("op", forms[name])
    assert [each.role for each in signature.parameters] == ["operand", "optional", "attribute"]
    assert signature.output_count == 2
