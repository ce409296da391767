"""Pruning: what nobody reads goes, out of loops and branches too."""

from __future__ import annotations

from typing import Any

import polyflow as pf
from polyflow.core.program import Program
from polyflow.core.pruning import prune
from polyflow.core.tensor import Operation
from tests.programs import program_of


def only(program: Program, name: str) -> Operation:
    (found,) = [each for each in program.operations if each.op.name == name]
    return found


def loop_of(fetch: Any, *feeds: pf.Tensor) -> Operation:
    return only(prune(program_of(fetch, *feeds)), "loop")


def names(program: Program) -> list[str]:
    return [each.op.full_name for each in program.operations]


def test_a_program_that_is_all_needed_is_the_same_object() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    y = pf.while_loop(lambda v: pf.sum(v) < 5, lambda v: v * 2, [x])[0]
    program = program_of(pf.cond(pf.sum(y) > 0, lambda: y, lambda: -y), x)
    assert prune(program) is program


def test_a_loop_loses_the_values_that_neither_its_condition_nor_a_result_depends_on() -> None:
    x = pf.placeholder("float32", (), name="x")
    step = lambda i, a, b, c: (i + 1, a * 2, b + a, pf.sin(c))  # noqa: E731
    i, a, b, _ = pf.while_loop(lambda i, *_: pf.cos(pf.astype(i, "float32")) > 0, step, [0, x, x, x])
    assert loop_of(i, x).attributes["carried"] == 1
    assert loop_of(a, x).attributes["carried"] == 2
    assert loop_of(b, x).attributes["carried"] == 3
    assert "sin" not in names(loop_of(b, x).attributes["body"])


def test_a_value_that_no_iteration_changes_is_a_constant_of_the_loop() -> None:
    x, n = pf.placeholder("float32", (), name="x"), pf.placeholder("int64", (), name="n")
    found = pf.while_loop(lambda i, n, v, s: i < n, lambda i, n, v, s: (i + 1, n, v * s, s), [0, n, x, x])
    program = prune(program_of([found[2], found[3]], x, n))
    loop = only(program, "loop")
    assert loop.attributes["carried"] == 2
    assert len(loop.inputs) == 4
    assert program.results[1] is program.parameters[0]
    assert [float(each) for each in pf.Session(check=True).run(found[1:], {x: 2.0, n: 3})] == [3, 16.0, 2.0]


def test_an_effect_in_a_body_keeps_the_loop_and_what_it_needs() -> None:
    x = pf.placeholder("float32", (), name="x")

    def step(i: Any, v: Any) -> Any:
        with pf.control_dependencies([pf.Print(v, [v], output_stream=None).operation]):
            return i + 1, v * 2

    i = pf.while_loop(lambda i, _: i < 3, step, [0, x])[0]
    assert loop_of(i, x).attributes["carried"] >= 1
    assert "print" in " ".join(names(loop_of(i, x).attributes["body"]))


def test_branches_lose_results_and_operands_that_nobody_reads() -> None:
    x, y = pf.placeholder("float32", (), name="x"), pf.placeholder("float32", (), name="y")
    a, _ = pf.cond(x > 0, lambda: (x, pf.sin(y)), lambda: (-x, pf.cos(y)))
    branch = only(prune(program_of(a, x, y)), "branch")
    assert len(branch.outputs) == 1
    assert len(branch.inputs) == 2
    assert [names(each) for each in branch.attributes["programs"]] == [["negative"], []]
