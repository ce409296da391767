"""``session.explain``: every stage of a plan as text."""

from __future__ import annotations

import pytest

import polyflow as pf
from polyflow.errors import FeedError


def test_every_stage_is_shown() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    y = pf.add(pf.sin(x, name="s") * 1, pf.sin(x, name="t"), name="y")
    text = pf.Session().explain(y)
    assert (
        text
        == (
            "specialised program\n"
            "program(%x: float32[2]):\n"
            "  %s: float32[2] = sin(%x)\n"
            "  %constant: float32[] = constant(value=1.0)\n"
            "  %multiply: float32[2] = multiply(%s, %constant)\n"
            "  %t: float32[2] = sin(%x)\n"
            "  %y: float32[2] = add(%multiply, %t)\n"
            "  return %y\n"
            "\n"
            "after passes\n"
            "program(%x: float32[2]):\n"
            "  %s: float32[2] = sin(%x)\n"
            "  %y: float32[2] = add(%s, %s)\n"
            "  return %y\n"
            "\n"
            "generated function\n"
        )
        + text.split("generated function\n")[1]
    )
    decisions = text.split("decisions\n")[1]
    assert "backend numpy, device cpu" in decisions
    assert "algebra: 5 -> 4 operations" in decisions
    assert "dead code: " in decisions


def test_the_generated_function_calls_one_kernel_a_line() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    source = pf.Session().explain(pf.exp(pf.sin(x))).split("generated function\n")[1].split("\n\n")[0]
    assert source == ("def program(p0):\n    v1 = k_sin(p0)\n    v1 = k_exp(v1)\n    return (v1,)")


def test_placeholders_of_unknown_type_are_explained_for_a_feed() -> None:
    x = pf.placeholder(name="x")
    session = pf.Session()
    with pytest.raises(FeedError, match="placeholder 'x' is needed and was not fed"):
        session.explain(x * 2)
    assert "program(%x: float32[3]):" in session.explain(x * 2, {x: [1.0, 2.0, 3.0]})


def test_variables_that_are_replaced_are_counted() -> None:
    w, v = pf.Variable(1.0), pf.Variable(2.0)
    assert "1 variables replaced in each run" in pf.Session().explain([w.assign(v * 2)])


def test_explaining_runs_nothing() -> None:
    w = pf.Variable(1.0)
    step = w.assign(5.0)
    with pf.Session() as session:
        session.explain(step)
        assert session.run(w.handle) == 1.0


def test_operations_and_names_are_explained() -> None:
    w = pf.Variable(1.0)
    step = pf.group(w.assign_add(1.0), name="step")
    assert "assigned" in pf.Session().explain("step")
    assert "assigned" in pf.Session().explain([step])
