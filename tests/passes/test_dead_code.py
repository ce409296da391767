"""Dead code goes, effects stay."""

from __future__ import annotations

from programs import context, program_of

import polyflow as pf
from polyflow.core.declaration import Trait, define_op
from polyflow.core.printer import format_program
from polyflow.core.program import Program
from polyflow.core.types import TensorType
from polyflow.passes.dead_code import DeadCode


@define_op(traits=Trait.EFFECT)
def shout(x: TensorType, /) -> TensorType:
    """``x``, said aloud."""
    return x


def test_dead_code_drops_what_no_result_needs() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    program = program_of([pf.sin(x, name="live"), pf.cos(pf.exp(x, name="e"), name="dead")], x)
    before = Program(program.parameters, program.operations, program.results[:1])
    assert format_program(before) == (
        "program(%x: float32[2]):\n"
        "  %live: float32[2] = sin(%x)\n"
        "  %e: float32[2] = exp(%x)\n"
        "  %dead: float32[2] = cos(%e)\n"
        "  return %live"
    )
    assert format_program(DeadCode()(before, context())) == (
        "program(%x: float32[2]):\n  %live: float32[2] = sin(%x)\n  return %live"
    )


def test_dead_code_keeps_effects_and_what_they_read() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    program = program_of([shout(pf.exp(x, name="e"), name="loud"), x], x)
    before = Program(program.parameters, program.operations, program.results[1:])
    assert format_program(DeadCode()(before, context())) == (
        "program(%x: float32[2]):\n  %e: float32[2] = exp(%x)\n  %loud: float32[2] = shout(%e)\n  return %x"
    )


def test_dead_code_keeps_assignments() -> None:
    w = pf.Variable([1.0, 2.0], name="w")
    program = program_of(w.assign_add([1.0, 1.0]))
    assert [each.op.name for each in DeadCode()(program, context()).operations] == ["constant", "add", "assigned"]


def test_dead_code_keeps_an_operation_of_which_one_result_is_read() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    program = program_of(pf.unstack(x)[1], x)
    assert DeadCode()(program, context()) is program


def test_dead_code_keeps_parameters_that_nobody_reads() -> None:
    x, y = pf.placeholder("float32", (), name="x"), pf.placeholder("float32", (), name="y")
    assert format_program(DeadCode()(program_of(x, x, y), context())).startswith(
        "program(%x: float32[], %y: float32[]):"
    )


def test_dead_code_returns_the_same_program_where_all_is_alive() -> None:
    x = pf.placeholder("float32", ())
    program = program_of(pf.sin(x), x)
    assert DeadCode()(program, context()) is program
