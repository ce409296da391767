"""The loop that passes share."""

from __future__ import annotations

from programs import program_of

import polyflow as pf
from polyflow.core.literal import literal
from polyflow.core.printer import format_program
from polyflow.core.program import Program
from polyflow.core.rewriting import Rewriter, rewrite, with_inputs
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.verifier import verify


def chain() -> Program:
    x = pf.placeholder("float32", (2,), name="x")
    return program_of(pf.cos(pf.sin(pf.negative(x, name="n"), name="s"), name="c"), x)


def without(name: str) -> object:
    def rule(rewriter: Rewriter, operation: Operation) -> tuple[Tensor, ...] | None:
        return (operation.inputs[0],) if operation.op.name == name else None

    return rule


def test_a_rule_that_keeps_everything_keeps_the_operations_themselves() -> None:
    program = chain()
    result = rewrite(program, lambda rewriter, operation: None)
    assert result is program


def test_a_rule_that_only_drops_an_operation_gives_another_program() -> None:
    program = chain()
    result = rewrite(program, lambda rewriter, operation: operation.outputs if operation.name == "c" else None)
    assert [each.name for each in result.operations] == ["n", "s"]


def test_a_replacement_is_seen_by_all_that_follow() -> None:
    assert format_program(rewrite(chain(), without("sin"))) == (  # type: ignore[arg-type]
        "program(%x: float32[2]):\n  %n: float32[2] = negative(%x)\n  %c: float32[2] = cos(%n)\n  return %c"
    )


def test_a_result_that_is_replaced_is_replaced_in_the_results() -> None:
    result = rewrite(chain(), without("cos"))  # type: ignore[arg-type]
    assert format_program(result).endswith("return %s")


def test_a_rule_sees_the_operands_that_are_already_replaced() -> None:
    seen: dict[str, list[str]] = {}

    def rule(rewriter: Rewriter, operation: Operation) -> tuple[Tensor, ...] | None:
        seen[operation.op.name] = [each.operation.op.name for each in operation.inputs]
        return (operation.inputs[0],) if operation.op.name in ("negative", "sin") else None

    rewrite(chain(), rule)
    assert seen == {"negative": ["placeholder"], "sin": ["placeholder"], "cos": ["placeholder"]}


def test_a_constant_takes_the_name_and_line_of_what_it_replaces() -> None:
    def rule(rewriter: Rewriter, operation: Operation) -> tuple[Tensor, ...] | None:
        return (rewriter.constant(literal([1.0, 2.0]), like=operation),) if operation.op.name == "sin" else None

    result = rewrite(chain(), rule)
    verify(result)
    assert "  %s: float32[2] = constant(value=(1.0, 2.0))\n" in format_program(result)
    assert (
        result.operations[1].location == chain().operations[1].location
        or result.operations[1].location.file == __file__
    )


def test_the_program_that_went_in_is_not_changed() -> None:
    program = chain()
    before = format_program(program)
    rewrite(program, without("negative"))  # type: ignore[arg-type]
    assert format_program(program) == before


def test_an_operation_whose_inputs_stay_is_the_same_object() -> None:
    operation = chain().operations[1]
    assert with_inputs(operation, {}) is operation


def test_a_remade_operation_keeps_what_is_known_of_it(graph: pf.Graph) -> None:
    x, y = pf.placeholder("float32", ()), pf.placeholder("float32", ())
    with graph.device("cpu:0"):
        operation = pf.sin(x, name="s").operation
    remade = with_inputs(operation, {x: y})
    assert remade.inputs == (y,)
    for part in ("op", "name", "attributes", "device", "location", "position", "origin"):
        assert getattr(remade, part) == getattr(operation, part)
