"""The verifier: planted faults are all caught."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from programs import program_of

import polyflow as pf
from polyflow.core.program import Program
from polyflow.core.tensor import Operation
from polyflow.core.types import TensorType
from polyflow.core.verifier import verify
from polyflow.errors import VerificationError
from polyflow.extension.manager import extensions


def good() -> Program:
    x = pf.placeholder("float32", (2,), name="x")
    return program_of([pf.sin(x, name="a") + pf.cos(x, name="b")], x)


def remade(operation: Operation, **changes: object) -> Operation:
    parts = {
        "op": operation.op, "name": operation.name, "inputs": operation.inputs, "attributes": operation.attributes,
        "types": tuple(each.type for each in operation.outputs), "location": operation.location,
    } | changes  # fmt: skip
    return Operation(**parts)  # type: ignore[arg-type]


def use_before_made(program: Program) -> Program:
    return Program(program.parameters, program.operations[::-1], program.results)


def two_of_one_name(program: Program) -> Program:
    a, b, add = program.operations
    twin = remade(b, name="a")
    return Program(program.parameters, (a, twin, remade(add, inputs=(a.output, twin.output))), (a.output,))


def name_of_a_parameter(program: Program) -> Program:
    return Program(program.parameters, (remade(program.operations[0], name="x"),), ())


def unknown_result(program: Program) -> Program:
    return Program(program.parameters, program.operations[:1], program.results)


def wrong_dtype(program: Program) -> Program:
    return Program(program.parameters, (remade(program.operations[0], types=(TensorType(pf.float64, (2,)),)),), ())


def wrong_shape(program: Program) -> Program:
    return Program(program.parameters, (remade(program.operations[0], types=(TensorType(pf.float32, (3,)),)),), ())


def missing_cast(program: Program) -> Program:
    one = pf.constant(1.0, "float64").operation
    wide = Operation(one.op, "wide", (), one.attributes, (one.output.type,))
    x = program.parameters[0]
    add = Operation(extensions().ops["add"], "sum", (x, wide.output), {}, (TensorType(pf.float64, (2,)),))
    return Program(program.parameters, (wide, add), ())


def test_a_program_that_specialisation_makes_is_right() -> None:
    verify(good())


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (use_before_made, "has not been made yet"),
        (two_of_one_name, "its name is taken"),
        (name_of_a_parameter, "its name is taken"),
        (unknown_result, "which it does not make"),
        (wrong_dtype, r"is of type float64\[2\], inferred is float32\[2\]"),
        (wrong_shape, r"is of type float32\[3\], inferred is float32\[2\]"),
        (missing_cast, "should have been cast to float64"),
    ],
)
def test_a_fault_is_caught(spoil: Callable[[Program], Program], text: str) -> None:
    with pytest.raises(VerificationError, match=text):
        verify(spoil(good()))


def test_the_message_shows_the_operation_and_the_users_line() -> None:
    with pytest.raises(VerificationError, match=r"in `%a: float64\[2\] = sin\(%x\)`") as caught:
        verify(wrong_dtype(good()))
    assert f"built at: {__file__}:" in str(caught.value)
