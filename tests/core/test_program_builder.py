"""Writing a program: names, casts, shared constants."""

from __future__ import annotations

import pytest

import polyflow as pf
from polyflow.core.literal import literal
from polyflow.core.printer import format_program
from polyflow.core.program_builder import ProgramBuilder
from polyflow.core.types import TensorType
from polyflow.errors import PolyflowError
from polyflow.extension.manager import extensions


@pytest.fixture
def builder() -> ProgramBuilder:
    return ProgramBuilder(extensions().namespace)


def test_operators_on_tensors_of_a_program_add_to_the_program(builder: ProgramBuilder, graph: pf.Graph) -> None:
    x = builder.parameter(TensorType(pf.float32, (2,)), "x")
    y = builder.xp.sin(x) * 2 + x
    assert len(graph) == 0
    assert format_program(builder.finish([y])) == (
        "program(%x: float32[2]):\n"
        "  %sin: float32[2] = sin(%x)\n"
        "  %constant_1: float32[] = constant(value=2.0)\n"
        "  %multiply: float32[2] = multiply(%sin, %constant_1)\n"
        "  %add: float32[2] = add(%multiply, %x)\n"
        "  return %add"
    )


def test_operands_are_cast_to_the_dtype_in_which_they_meet(builder: ProgramBuilder) -> None:
    x = builder.parameter(TensorType(pf.int8, (2,)), "x")
    y = builder.parameter(TensorType(pf.float64, (2,)), "y")
    builder.xp.add(x, y)
    assert [each.op.name for each in builder.operations] == ["astype", "add"]
    assert {each.dtype for each in builder.operations[1].inputs} == {pf.float64}


def test_small_constants_are_made_once_and_large_ones_once_for_each_value_given(builder: ProgramBuilder) -> None:
    small, large = literal([1.0] * 4), literal([1.0] * 100)
    assert builder.constant(small) is builder.constant(literal([1.0] * 4))
    assert builder.constant(large) is builder.constant(large)
    assert builder.constant(large) is not builder.constant(literal([1.0] * 100))


@pytest.mark.parametrize("other", [literal(1), literal(1.0, "float64"), literal(True), literal([1.0])])
def test_constants_of_another_type_are_other_constants(builder: ProgramBuilder, other: object) -> None:
    assert builder.constant(literal(1.0)) is not builder.constant(other)  # type: ignore[arg-type]


def test_zeros_of_either_sign_are_two_constants(builder: ProgramBuilder) -> None:
    assert builder.constant(literal(0.0)) is not builder.constant(literal(-0.0))


def test_weak_and_strong_constants_are_two(builder: ProgramBuilder) -> None:
    assert builder.as_tensor(1.0) is not builder.constant(literal(1.0))


def test_names_are_unique_across_scopes(builder: ProgramBuilder) -> None:
    x = builder.parameter(TensorType(pf.float32, ()), "x")
    for scope in ("", "a/", "a/", ""):
        builder.scope = scope
        builder.xp.sin(x)
    builder.scope = ""
    builder.xp.cos(builder.xp.sin(x))
    names = [each.name for each in builder.operations]
    assert names == ["sin", "a/sin", "a/sin_1", "sin_1", "sin_2", "cos"]


def test_a_name_made_by_numbering_does_not_clash_with_one_asked_for(builder: ProgramBuilder) -> None:
    type = TensorType(pf.float32, ())
    names = [builder.parameter(type, name).operation.name for name in ("x", "x", "x_1", "x_1", "x")]
    assert len(set(names)) == 5


def test_a_tensor_of_nowhere_is_refused(builder: ProgramBuilder) -> None:
    with pytest.raises(LookupError, match="is no tensor of this program"):
        builder.as_tensor(pf.constant(1))


def test_a_number_that_does_not_fit_names_the_op(builder: ProgramBuilder) -> None:
    x = builder.parameter(TensorType(pf.uint8, (2,)), "x")
    with pytest.raises(PolyflowError, match=r"^subtract\(uint8\[2\], int64\[\]\): a number is outside its dtype"):
        builder.xp.subtract(x, -1)


def test_casting_to_the_same_dtype_adds_nothing(builder: ProgramBuilder) -> None:
    x = builder.parameter(TensorType(pf.float32, ()), "x")
    assert builder.cast(x, pf.float32) is x
    assert builder.operations == []
