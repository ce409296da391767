"""Programs as text."""

from __future__ import annotations

from programs import program_of, specialised

import polyflow as pf
from polyflow.core.printer import format_operation, format_program, tensor_name


def test_the_text_of_a_program_is_complete_and_always_the_same() -> None:
    x = pf.placeholder("float32", (2, 3), name="x")
    w = pf.Variable([1.0, 2.0, 3.0], name="w")
    y = pf.sum(x * w, axis=-1, name="total")
    expected = (
        "program(%x: float32[2, 3], %w: float32[3]):\n"
        "  %multiply: float32[2, 3] = multiply(%x, %w)\n"
        "  %total: float32[2] = sum(%multiply, axis=1, dtype=float32)\n"
        "  return %total"
    )
    assert format_program(program_of(y, x)) == expected
    assert format_program(program_of(y, x)) == expected


def test_attributes_that_have_their_default_are_left_out() -> None:
    x = pf.placeholder("float32", (2, 3), name="x")
    assert format_operation(pf.max(x, axis=None, keepdims=False, name="m").operation) == "%m: float32[] = max(%x)"
    assert "keepdims=True" in format_operation(pf.max(x, keepdims=True).operation)


def test_the_index_is_written_where_an_operation_has_several_outputs() -> None:
    parts = pf.unstack(pf.placeholder("float32", (2,), name="x"), name="parts")
    assert [tensor_name(each) for each in parts] == ["%parts:0", "%parts:1"]
    assert format_operation(parts[0].operation) == "%parts:0: float32[], %parts:1: float32[] = unstack(%x)"


def test_optional_operands_that_are_absent_leave_no_trace() -> None:
    text = format_operation(pf.clip(pf.placeholder("float32", (2,), name="x"), None, 1.0, name="c").operation)
    assert "absent" not in text
    assert text.startswith("%c: float32[2] = clip(%x, %")


def test_an_operation_without_results_is_written_as_a_call() -> None:
    assert format_operation(pf.no_op("nothing")) == "no_op()"


def test_a_program_without_results_says_so() -> None:
    assert format_program(specialised([], targets=[pf.no_op()]).program) == "program():\n  return nothing"


def test_large_constants_are_written_as_their_type() -> None:
    assert "constant(value=<int64[100]>)" in format_program(program_of(pf.constant(list(range(100)))))


def test_ops_of_a_namespace_are_written_with_it() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    assert "= nn.relu(%x)" in format_program(program_of(pf.nn.relu(x), x))
