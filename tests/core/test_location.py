"""The user's line: the nearest frame outside polyflow."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest
from programs import program_of

import polyflow as pf
from polyflow.core import location
from polyflow.core.location import user_location


def line() -> int:
    """The line of the caller."""
    return sys._getframe(1).f_lineno


def test_an_operation_knows_the_file_and_line_of_its_call() -> None:
    found, expected = pf.add(1, 2), line()
    assert found.operation.location == (__file__, expected)
    assert str(found.operation.location) == f"{__file__}:{expected}"


def test_an_operator_is_credited_to_the_line_with_the_operator() -> None:
    x = pf.constant(1.0)
    found, expected = -(x + 1) * 2, line()
    assert found.operation.location == (__file__, expected)


def test_a_variable_and_its_assignments_know_their_lines() -> None:
    variable, made = pf.Variable(1.0), line()
    assigned, written = variable.assign_add(1.0), line()
    assert variable.operation.location == (__file__, made)
    assert assigned.operation.location == (__file__, written)


def test_gradients_and_optimizers_are_credited_to_the_user() -> None:
    variable = pf.Variable(1.0)
    step, expected = pf.train.GradientDescentOptimizer(0.1).minimize(variable * variable), line()
    assert step.location == (__file__, expected)


def test_composed_functions_are_credited_to_their_caller() -> None:
    (found, *_), expected = pf.unstack(pf.constant([1, 2])), line()
    assert found.operation.location == (__file__, expected)


def test_context_managers_of_the_graph_are_credited_to_the_with_statement(graph: pf.Graph) -> None:
    with pf.Graph().as_default():
        foreign = pf.constant(1)
    try:
        with graph.control_dependencies([foreign]):
            raise AssertionError("a foreign tensor was taken")
    except pf.PolyflowError as error:
        assert f"built at: {__file__}:" in str(error)  # noqa: PT017


def test_code_in_a_directory_whose_name_begins_with_polyflow_is_the_users() -> None:
    source = Path(pf.__file__).resolve().parent
    neighbour = types.ModuleType("neighbour")
    code = compile("def build(f):\n    return f()", f"{source}_of_mine/model.py", "exec")
    exec(code, neighbour.__dict__)
    assert neighbour.build(user_location) == (f"{source}_of_mine/model.py", 2)


def test_code_without_a_file_has_a_location_too() -> None:
    scope = {"pf": pf}
    exec(compile("\n\nx = pf.constant(1)", "<stdin>", "exec"), scope)
    assert str(scope["x"].operation.location) == "<stdin>:3"  # type: ignore[attr-defined]


def test_operations_that_differentiation_makes_point_at_what_they_differentiate() -> None:
    x = pf.placeholder("float32", ())
    y, expected = pf.sin(x), line()
    (g,) = pf.gradients(y, x)

    program = program_of(g, x)
    made = next(each for each in program.operations if each.op.name == "cos")
    assert made.location == (__file__, expected)
    assert made.origin is not None
    assert made.origin.op.name == "sin"


def test_each_call_has_its_own_line_however_often_it_runs() -> None:
    made = []
    for _ in range(3):
        x, first = pf.constant(1.0), line()
        y, second = pf.negative(x), line()
        made += [x.operation.location == (__file__, first), y.operation.location == (__file__, second)]
    assert all(made)


def test_lines_are_right_also_when_more_were_met_than_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(location, "_MOST", 3)
    for number in range(8):
        scope: dict[str, Any] = {"find": user_location}
        exec(compile("\n" * number + "found = find()", f"<cell {number}>", "exec"), scope)
        assert str(scope["found"]) == f"<cell {number}>:{number + 1}"
    assert len(location._places) <= 3
