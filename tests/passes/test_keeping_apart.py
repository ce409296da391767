"""What is computed anew, inside of calls that a compiler does not merge with what was computed before."""

from __future__ import annotations

import numpy as np
import pytest
from programs import program_of

import polyflow as pf
from polyflow.control_flow.structured import call_op
from polyflow.core.printer import format_program
from polyflow.core.verifier import verify
from polyflow.passes.keeping_apart import kept_apart
from polyflow.passes.liveness import Liveness
from polyflow.passes.rematerialisation import rematerialised


def test_operations_that_follow_one_another_are_one_call_which_waits_for_what_was_made_last() -> None:
    x = pf.placeholder("float32", (8, 8), name="x")
    y = pf.tanh(x * 2.0)
    a = pf.matmul(y, y)
    program = program_of(pf.matmul(a, pf.exp(a)) * y, x)
    made = rematerialised(program, Liveness(program).peak - 1, call_op)
    verify(made.program)
    assert format_program(made.program).splitlines() == [
        "program(%x: float32[8, 8]):",
        "  %constant: float32[] = constant(value=2.0)",
        "  %multiply: float32[8, 8] = multiply(%x, %constant)",
        "  %tanh: float32[8, 8] = tanh(%multiply)",
        "  %matmul: float32[8, 8] = matmul(%tanh, %tanh)",
        "  %exp: float32[8, 8] = exp(%matmul)",
        "  %matmul_1: float32[8, 8] = matmul(%matmul, %exp)",
        "  %tanh/again_1/call: float32[8, 8] = call(%x, %matmul_1, recompute=True)",
        "    body = program(%operand_0: float32[8, 8], %operand_1: float32[8, 8]):",
        "      %constant: float32[] = constant(value=2.0)",
        "      %multiply/again_1: float32[8, 8] = multiply(%operand_0, %constant)",
        "      %tanh/again_1: float32[8, 8] = tanh(%multiply/again_1)",
        "      return %tanh/again_1",
        "  %multiply_1: float32[8, 8] = multiply(%matmul_1, %tanh/again_1/call)",
        "  return %multiply_1",
    ]


def test_the_same_operation_twice_is_in_two_calls() -> None:
    x = pf.placeholder("float32", (8,), name="x")
    program = program_of(pf.sin(x) + pf.sin(x * 1.0), x)
    first, second = (each for each in program.operations if each.op.name == "sin")
    made = kept_apart(program, {first.name: first, second.name: first}, call_op)
    assert sum(each.op is call_op for each in made.operations) == 2
    verify(made)


def test_nothing_to_keep_apart_leaves_a_program_as_it_is() -> None:
    x = pf.placeholder("float32", (8,), name="x")
    program = program_of(pf.sin(x), x)
    assert kept_apart(program, {}, call_op) is program


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "bool", "complex64"])
def test_jax_does_not_merge_what_is_in_a_call(dtype: str) -> None:
    with pf.Graph().as_default() as graph:
        x = pf.placeholder(dtype, (64, 64), name="x")
        makers = {"bool": lambda a: pf.cumulative_sum(pf.astype(a, "int32"), axis=0) > 3}
        function = makers.get(dtype, lambda a: pf.matmul(a, a))
        y = function(x)
        again = pf.checkpoint(function)(x)
    session = pf.Session("jax", graph)
    values = np.eye(64).astype(dtype)
    one, other = session.run([y, again], {x: values})
    np.testing.assert_array_equal(one, other)
    compiled = session._plan([y, again], {x: x.type}).function
    while not hasattr(compiled, "as_text"):  # what looks after arguments and results stands around it
        compiled = compiled.args[0] if hasattr(compiled, "args") else compiled.__wrapped__
    assert "conditional(" in compiled.as_text()  # type: ignore[attr-defined]
