"""Lowering: programs before and after, as texts."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest
from programs import context, program_of

import polyflow as pf
from polyflow.control_flow.lowering import lower
from polyflow.core.dataflow import format_dataflow
from polyflow.core.printer import format_program
from polyflow.extension.manager import extensions
from polyflow.passes.pipeline import run_passes

DECLARED = ", func=<class 'float'>, Tout=(polyflow.float32,), shapes=((),)"
"""What a host function says of its results."""


def texts(fetches: Any, *feeds: pf.Tensor) -> tuple[str, str]:
    """The program of ``fetches`` after the passes, before and after lowering."""
    program, _ = run_passes(program_of(fetches, *feeds), extensions().passes, context())
    found = format_program(program), format_dataflow(lower(program))
    return tuple([each.replace(DECLARED, "") for each in found])  # type: ignore[return-value]


def branch(x: Any) -> Any:
    return pf.cond(x > 0, lambda: x * 2, lambda: pf.constant(1.0), name="choice")


def loop(x: Any) -> Any:
    return pf.while_loop(lambda p: p <= 10, lambda p: p * x, [x], name="powers")[0]


def limited(x: Any) -> Any:
    return pf.while_loop(lambda p: p <= 10, lambda p: p * x, [x], name="powers", maximum_iterations=3)[0]


def rows(x: Any) -> Any:
    return pf.map_fn(lambda element: element + x, pf.constant([1.0, 2.0]), name="rows", parallel_iterations=4)


def note(x: Any, name: str) -> Any:
    return pf.py_func(float, [x], pf.float32, shape=(), name=name)


def effects(x: Any) -> Any:
    first = note(x, "first")
    inside = pf.cond(x > 0, lambda: note(x, "inside"), lambda: x, name="choice")
    return [note(x, "last"), inside, first]


CASES = {
    "branch": (
        branch,
        """
        program(%x: float32[]):
          %constant: float32[] = constant(value=0.0)
          %greater: bool[] = greater(%x, %constant)
          %choice: float32[] = branch(%greater, %x)
            programs[0] = program(%x: float32[]):
              %choice/false_fn/constant: float32[] = constant(value=1.0)
              return %choice/false_fn/constant
            programs[1] = program(%choice/true_fn/x: float32[]):
              %constant: float32[] = constant(value=2.0)
              %choice/true_fn/multiply: float32[] = multiply(%choice/true_fn/x, %constant)
              return %choice/true_fn/multiply
          return %choice
        """,
        """
        dataflow(%x):
          %constant = constant(value=0.0)
          %greater: bool[] = greater(%x, %constant)
          %choice/number = number(%greater, count=2)
          %choice/switch:0, %choice/switch:1 = switch(%x, %choice/number)
          %choice/false_fn/constant = constant(value=1.0)
          %choice/value = identity(%choice/false_fn/constant) after %choice/switch:0
          %constant_1 = constant(value=2.0)
          %choice/true_fn/multiply: float32[] = multiply(%choice/switch:1, %constant_1)
          %choice: float32[] = merge(%choice/value, %choice/true_fn/multiply)
          return %choice
        """,
    ),
    "loop": (
        loop,
        """
        program(%x: float32[]):
          %powers:0: float32[], %powers:1: int64[] = loop(%x, %x, carried=1)
            body = program(%powers/body/variable_0: float32[], %powers/body/x: float32[]):
              %powers/body/multiply: float32[] = multiply(%powers/body/variable_0, %powers/body/x)
              return %powers/body/multiply
            condition = program(%powers/cond/variable_0: float32[], %x: float32[]):
              %constant: float32[] = constant(value=10.0)
              %powers/cond/less_equal: bool[] = less_equal(%powers/cond/variable_0, %constant)
              return %powers/cond/less_equal
          return %powers:0
        """,
        """
        dataflow(%x):
          frame powers, 10 iterations at once:
            %powers/variable_0/enter = enter(%x)
            %powers/variable_0: float32[] = merge(%powers/variable_0/enter, %powers/variable_0/next)
            %powers/constant = enter(%x, is_constant=True)
            %constant = constant(value=10.0)
            %powers/cond/less_equal: bool[] = less_equal(%powers/variable_0, %constant)
            %powers/goes_on = loop_cond(%powers/cond/less_equal)
            %powers/switch:0, %powers/switch:1 = switch(%powers/variable_0, %powers/goes_on)
            %powers/body/multiply: float32[] = multiply(%powers/switch:1, %powers/constant)
            %powers/variable_0/next = next_iteration(%powers/body/multiply)
            %powers/exit: float32[] = exit(%powers/switch:0)
          return %powers/exit
        """,
    ),
    "limited": (
        limited,
        """
        program(%x: float32[]):
          %powers:0: float32[], %powers:1: int64[] = loop(%x, %x, carried=1, limit=3)
            body = program(%powers/body/variable_0: float32[], %powers/body/x: float32[]):
              %powers/body/multiply: float32[] = multiply(%powers/body/variable_0, %powers/body/x)
              return %powers/body/multiply
            condition = program(%powers/cond/variable_0: float32[], %x: float32[]):
              %constant: float32[] = constant(value=10.0)
              %powers/cond/less_equal: bool[] = less_equal(%powers/cond/variable_0, %constant)
              return %powers/cond/less_equal
          return %powers:0
        """,
        """
        dataflow(%x):
          frame powers, 10 iterations at once:
            %powers/variable_0/enter = enter(%x)
            %powers/variable_0: float32[] = merge(%powers/variable_0/enter, %powers/variable_0/next)
            %number_0 = constant(value=0)
            %powers/counter/enter = enter(%number_0)
            %powers/counter = merge(%powers/counter/enter, %powers/counter/next)
            %powers/constant = enter(%x, is_constant=True)
            %number_3 = constant(value=3)
            %powers/below = below(%powers/counter, %number_3)
            %powers/switch:0, %powers/switch:1 = switch(%powers/variable_0, %powers/below)
            %powers/value = identity(%number_0) after %powers/switch:0
            %constant = constant(value=10.0)
            %powers/cond/less_equal: bool[] = less_equal(%powers/switch:1, %constant)
            %powers = merge(%powers/value, %powers/cond/less_equal)
            %powers/goes_on = loop_cond(%powers)
            %powers/switch_1:0, %powers/switch_1:1 = switch(%powers/variable_0, %powers/goes_on)
            %powers/switch_2:0, %powers/switch_2:1 = switch(%powers/counter, %powers/goes_on)
            %powers/body/multiply: float32[] = multiply(%powers/switch_1:1, %powers/constant)
            %powers/increment = increment(%powers/switch_2:1)
            %powers/variable_0/next = next_iteration(%powers/body/multiply)
            %powers/counter/next = next_iteration(%powers/increment)
            %powers/exit: float32[] = exit(%powers/switch_1:0)
          return %powers/exit
        """,
    ),
    "rows": (
        rows,
        """
        program(%x: float32[]):
          %constant: float32[2] = constant(value=(1.0, 2.0))
          %rows: float32[2] = loop(%constant, %x, carried=0, scanned=1, length=2, parallel_iterations=4)
            body = program(%rows/body/element: float32[], %rows/body/x: float32[]):
              %rows/body/add: float32[] = add(%rows/body/element, %rows/body/x)
              return %rows/body/add
          return %rows
        """,
        """
        dataflow(%x):
          %constant = constant(value=(1.0, 2.0))
          %number_2 = constant(value=2)
          %rows/empty = new_stack()
          %number_0 = constant(value=0)
          frame rows, 4 iterations at once:
            %rows/counter/enter = enter(%number_0)
            %rows/counter = merge(%rows/counter/enter, %rows/counter/next)
            %rows/stack/enter = enter(%rows/empty)
            %rows/stack = merge(%rows/stack/enter, %rows/stack/next)
            %rows/constant = enter(%x, is_constant=True)
            %rows/below = below(%rows/counter, %number_2)
            %rows/goes_on = loop_cond(%rows/below)
            %rows/switch:0, %rows/switch:1 = switch(%rows/counter, %rows/goes_on)
            %rows/switch_1:0, %rows/switch_1:1 = switch(%rows/stack, %rows/goes_on)
            %rows/element = element(%constant, %rows/switch:1, %number_2, reverse=False)
            %rows/body/add: float32[] = add(%rows/element, %rows/constant)
            %rows/increment = increment(%rows/switch:1)
            %rows/push = push(%rows/switch_1:1, %rows/body/add)
            %rows/counter/next = next_iteration(%rows/increment)
            %rows/stack/next = next_iteration(%rows/push)
            %rows/stack/exit = exit(%rows/switch_1:0)
          %rows: float32[2] = stack(%rows/stack/exit, reverse=False, as_list=False)
          return %rows
        """,
    ),
    "effects": (
        effects,
        """
        program(%x: float32[]):
          %first: float32[] = py_func(%x)
          %constant: float32[] = constant(value=0.0)
          %greater: bool[] = greater(%x, %constant)
          %choice: float32[] = branch(%greater, %x)
            programs[0] = program(%choice/false_fn/x: float32[]):
              return %choice/false_fn/x
            programs[1] = program(%choice/true_fn/x: float32[]):
              %choice/true_fn/inside: float32[] = py_func(%choice/true_fn/x)
              return %choice/true_fn/inside
          %last: float32[] = py_func(%x)
          return %last, %choice, %first
        """,
        """
        dataflow(%x):
          %first: float32[] = py_func(%x)
          %constant = constant(value=0.0)
          %greater: bool[] = greater(%x, %constant)
          %choice/number = number(%greater, count=2)
          %choice/switch:0, %choice/switch:1 = switch(%x, %choice/number)
          %choice/done = token() after %first
          %choice/switch_1:0, %choice/switch_1:1 = switch(%choice/done, %choice/number)
          %choice/true_fn/inside: float32[] = py_func(%choice/switch:1) after %choice/switch_1:1
          %choice/done_1 = token() after %choice/true_fn/inside
          %choice/done_2 = merge(%choice/switch_1:0, %choice/done_1)
          %choice: float32[] = merge(%choice/switch:0, %choice/true_fn/inside)
          %last: float32[] = py_func(%x) after %choice/done_2
          return %last, %choice, %first
        """,
    ),
}


@pytest.mark.parametrize(("build", "before", "after"), CASES.values(), ids=CASES)
def test_lowering_makes_routes_of_branches_and_loops(build: Any, before: str, after: str) -> None:
    x = pf.placeholder("float32", (), name="x")
    found = texts(build(x), x)
    assert found == (dedent(before).strip(), dedent(after).strip())


def test_a_call_is_its_operations() -> None:
    x = pf.placeholder("float32", (), name="x")
    _, after = texts(pf.checkpoint(lambda x: x * x)(x), x)
    assert after.splitlines() == [
        "dataflow(%x):",
        "  %lambda/multiply: float32[] = multiply(%x, %x)",
        "  return %lambda/multiply",
    ]


def test_a_stack_that_only_loops_read_stays_a_list() -> None:
    x = pf.placeholder("float32", (), name="x")
    _, after = texts(pf.gradients(loop(x), x), x)
    assert "stack(%powers/stack/exit, reverse=False, as_list=True)" in after
