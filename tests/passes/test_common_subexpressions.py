"""The same op on the same operands is computed once; what only looks the same is not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from programs import context, program_of

import polyflow as pf
from polyflow.core.declaration import Trait, define_op
from polyflow.core.printer import format_program
from polyflow.core.types import TensorType
from polyflow.core.verifier import verify
from polyflow.passes.common_subexpressions import CommonSubexpressions, attribute_key


@define_op(traits=Trait.EFFECT)
def draw(x: TensorType, /) -> TensorType:
    """Another number each time."""
    return x


@define_op
def with_attribute(x: TensorType, /, *, value: Any = None) -> TensorType:
    """An op whose attribute matters to the last bit."""
    return x


def merged(fetches: Any, *feeds: pf.Tensor) -> str:
    program = CommonSubexpressions()(program_of(fetches, *feeds), context())
    verify(program)
    return format_program(program)


def count(fetches: Any, name: str, *feeds: pf.Tensor) -> int:
    program = CommonSubexpressions()(program_of(fetches, *feeds), context())
    return sum(each.op.name == name for each in program.operations)


def test_a_repetition_uses_the_first_results_and_so_does_what_follows_it() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    a = pf.exp(pf.sin(x, name="s1"), name="e1")
    b = pf.exp(pf.sin(x, name="s2"), name="e2")
    assert merged(pf.add(a, b, name="sum"), x) == (
        "program(%x: float32[2]):\n"
        "  %s1: float32[2] = sin(%x)\n"
        "  %e1: float32[2] = exp(%s1)\n"
        "  %sum: float32[2] = add(%e1, %e1)\n"
        "  return %sum"
    )


def test_results_that_are_equal_are_returned_twice() -> None:
    x = pf.placeholder("float32", (), name="x")
    assert merged([pf.sin(x, name="a"), pf.sin(x, name="b")], x).endswith("return %a, %a")


def test_operands_of_a_commutative_op_are_exchanged() -> None:
    x, y = pf.placeholder("float32", ()), pf.placeholder("float32", ())
    assert count([x + y, y + x], "add", x, y) == 1
    assert count([x * y, y * x], "multiply", x, y) == 1


def test_operands_of_other_ops_are_not_exchanged() -> None:
    x, y = pf.placeholder("float32", (2, 2)), pf.placeholder("float32", (2, 2))
    for op in (pf.subtract, pf.divide, pf.matmul, pf.pow, pf.less):
        assert count([op(x, y), op(y, x)], op.name, x, y) == 2


def test_effects_are_never_merged() -> None:
    x = pf.placeholder("float32", (), name="x")
    assert count([draw(x), draw(x)], "draw", x) == 2


def test_what_depends_on_two_effects_is_not_merged_either() -> None:
    x = pf.placeholder("float32", (), name="x")
    assert count([pf.sin(draw(x)), pf.sin(draw(x))], "sin", x) == 2


DIFFERENT = [
    (1, 1.0), (1, True), (0, False), (0.0, -0.0), (1.0, True), (1, 1 + 0j), (0j, -0j), (complex(0, -0.0), 0j),
    ((1,), (1.0,)), ((1,), (True,)), ((0.0,), (-0.0,)), (((1,),), ((True,),)), ("1", 1), (None, 0), ((), None),
    (math.inf, -math.inf), (0.1, 0.1 + 2**-56), (pf.float32, pf.float64), ((1, 2), (2, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), DIFFERENT, ids=repr)
def test_attributes_that_differ_in_type_or_sign_keep_operations_apart(left: Any, right: Any) -> None:
    x = pf.placeholder("float32", (), name="x")
    assert count([with_attribute(x, value=left), with_attribute(x, value=right)], "with_attribute", x) == 2


@pytest.mark.parametrize(
    "value", [1, 1.0, True, -0.0, math.nan, (1, (2.0, None)), "a", pf.int8, slice(1, None)], ids=repr
)
def test_equal_attributes_are_merged(value: Any) -> None:
    x = pf.placeholder("float32", (), name="x")
    assert count([with_attribute(x, value=value), with_attribute(x, value=value)], "with_attribute", x) == 1


def test_a_numpy_number_as_attribute_can_be_a_key() -> None:
    assert attribute_key({"a": np.float64(0.0)}) != attribute_key({"a": np.float64(-0.0)})


def test_the_same_op_on_other_dtypes_stays() -> None:
    x, y = pf.placeholder("float32", (2,)), pf.placeholder("float64", (2,))
    assert count([pf.sin(x), pf.sin(y)], "sin", x, y) == 2
    assert count([pf.astype(x, "int8"), pf.astype(x, "int16")], "astype", x) == 2


def test_constants_of_other_dtypes_signs_or_shapes_stay() -> None:
    constants = [pf.constant(0.0), pf.constant(-0.0), pf.constant(0), pf.constant(False), pf.constant([0.0])]
    assert count([*constants, pf.constant(0.0)], "constant") == 5


def test_reads_before_and_after_a_write_are_not_merged() -> None:
    w = pf.Variable(1.0)
    x = pf.placeholder("float32", ())
    before = w * x
    written = w.assign(x)
    after = w * x
    with pf.Session() as session:
        assert session.run([before, written, after], {x: 3.0}) == [3.0, 3.0, 9.0]


def test_the_shape_of_zeros_keeps_them_apart() -> None:
    assert count([pf.zeros((2,)), pf.zeros((3,)), pf.zeros((2,), dtype="int8"), pf.zeros(2)], "zeros") == 3
