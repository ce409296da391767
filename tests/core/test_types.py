"""Tensor types: what is known of a value before there is one."""

from __future__ import annotations

import pytest

import polyflow as pf
from polyflow.core.types import UNKNOWN, TensorType, accepts, format_shape
from polyflow.errors import ShapeError


@pytest.mark.parametrize(
    ("type", "text"),
    [
        (TensorType(pf.float32, (None, 3)), "float32[?, 3]"),
        (TensorType(pf.int8, ()), "int8[]"),
        (TensorType(None, (2,)), "?[2]"),
        (TensorType(pf.bool, None), "bool[...]"),
        (UNKNOWN, "?[...]"),
        (TensorType(pf.int64, (), weak=True), "int64[]"),
    ],
    ids=str,
)
def test_a_type_is_written_with_question_marks_for_what_is_unknown(type: TensorType, text: str) -> None:
    assert str(type) == text


@pytest.mark.parametrize(("shape", "text"), [((), "()"), ((1,), "(1,)"), ((None, 2), "(?, 2)"), (None, "(...)")])
def test_a_shape_is_written_as_python_writes_tuples(shape: tuple[int | None, ...] | None, text: str) -> None:
    assert format_shape(shape) == text


F = pf.float32


@pytest.mark.parametrize(
    ("declared", "actual", "expected"),
    [
        (UNKNOWN, TensorType(F, (2,)), True),
        (TensorType(F, None), TensorType(F, (2, 3)), True),
        (TensorType(F, None), TensorType(pf.float64, (2, 3)), False),
        (TensorType(None, (None, 3)), TensorType(F, (0, 3)), True),
        (TensorType(F, (None, 3)), TensorType(F, (3,)), False),
        (TensorType(F, (None, 3)), TensorType(F, (2, 4)), False),
        (TensorType(F, ()), TensorType(F, (1,)), False),
        (TensorType(F, (2,)), TensorType(F, (None,)), False),
        (TensorType(F, (2,)), TensorType(F, None), False),
        (TensorType(F, ()), TensorType(F, (), weak=True), True),
    ],
)
def test_a_declared_type_accepts_what_it_promised(declared: TensorType, actual: TensorType, expected: bool) -> None:
    assert accepts(declared, actual) is expected


def test_a_type_with_an_unknown_dimension_is_ranked_but_not_static() -> None:
    type = TensorType(F, (None, 3))
    assert (type.is_ranked, type.is_static, type.rank, type.size) == (True, False, 2, None)


def test_the_size_of_a_scalar_is_one_and_of_an_empty_axis_zero() -> None:
    assert TensorType(F, ()).size == 1
    assert TensorType(F, (3, 0)).size == 0


def test_the_static_shape_of_an_unknown_dimension_is_refused_with_the_shape() -> None:
    with pytest.raises(ShapeError, match=r"found:   \(\?, 3\)"):
        TensorType(F, (None, 3)).static_shape  # noqa: B018


@pytest.mark.parametrize("change", [lambda t: t.with_dtype(pf.int8), lambda t: t.with_shape([2])])
def test_a_changed_type_is_no_longer_weak(change: object) -> None:
    assert not change(TensorType(F, (), weak=True)).weak  # type: ignore[operator]


def test_types_are_equal_and_hash_alike_when_all_parts_are() -> None:
    assert TensorType(F, (2,)) == TensorType(F, (2,))
    assert hash(TensorType(F, (2,))) == hash(TensorType(F, (2,)))
    assert TensorType(F, (), weak=True) != TensorType(F, ())
