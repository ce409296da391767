"""``Print``, ``print`` and ``Assert``: what is written, when, and what does not hold."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

import polyflow as pf
from polyflow.errors import DTypeError, InvalidArgumentError

BACKENDS = ["numpy", "reference", "jax"]


@pytest.fixture(params=BACKENDS)
def session(request: pytest.FixtureRequest) -> Any:
    with pf.Session(request.param) as opened:
        yield opened


def line(offset: int = 0) -> str:
    return f"{__file__}:{sys._getframe(1).f_lineno + offset}"


# -- printing


@pytest.mark.parametrize(
    ("value", "summarize", "expected"),
    [
        (1.5, None, "[1.5]"),
        ([1, 2, 3, 4], None, "[1 2 3...]"),
        ([1, 2, 3, 4], -1, "[1 2 3 4]"),
        ([1, 2, 3], 3, "[1 2 3]"),
        ([[1, 2], [3, 4]], 3, "[[1 2][3...]]"),
        ([[1, 2], [3, 4]], 2, "[[1 2]...]"),
        ([[1, 2], [3, 4]], 4, "[[1 2][3 4]]"),
        ([True, False], None, "[True False]"),
    ],
)
def test_values_are_written_as_tensorflow_writes_them(
    session: Any, value: Any, summarize: int | None, expected: str
) -> None:
    stream = io.StringIO()
    x = pf.constant(value)
    session.run(pf.Print(x, [x], "x = ", summarize=summarize, output_stream=stream))
    assert stream.getvalue() == f"x = {expected}\n"


def test_print_passes_its_input_on_and_writes_to_standard_error(session: Any, capsys: Any) -> None:
    x = pf.constant([1.0, 2.0])
    assert session.run(pf.Print(x, [x, pf.sum(x)], "sum: ") * 2).tolist() == [2.0, 4.0]
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "sum: [1.0 2.0][3.0]\n")


def test_gradients_pass_through_print(session: Any, capsys: Any) -> None:
    x = pf.placeholder("float32", ())
    y = pf.Print(x * x, [x])
    assert session.run(pf.gradients(y, x)[0], {x: 3.0}).tolist() == 6.0


def test_print_writes_only_the_first_times_in_each_session() -> None:
    stream = io.StringIO()
    x = pf.placeholder("float32", ())
    y = pf.Print(x, [x], first_n=2, output_stream=stream)
    for session in (pf.Session("numpy"), pf.Session("reference")):
        for value in (1.0, 2.0, 3.0):
            session.run(y, {x: value})
    assert stream.getvalue() == "[1.0]\n[2.0]\n" * 2


def test_print_is_neither_dropped_nor_merged_nor_done_when_the_plan_is_made(session: Any) -> None:
    stream = io.StringIO()
    x = pf.constant(1.0)
    first, second = (pf.Print(x, [x], output_stream=stream) for _ in range(2))
    with pf.control_dependencies([first]):
        y = second + 1
    for _ in range(2):
        session.run(y)
    assert stream.getvalue() == "[1.0]\n" * 4


def test_print_writes_words_and_tensors_where_they_stand(session: Any) -> None:
    stream = io.StringIO()
    operation = pf.print("step", pf.constant(3), "of", 10, pf.constant([0.5]), sep="|", end=".", output_stream=stream)
    assert session.run(operation) is None
    assert stream.getvalue() == "step|3|of|10|[0.5]."


# -- asserting


def test_an_assertion_that_holds_changes_nothing(session: Any) -> None:
    x = pf.placeholder("float32", (None,))
    with pf.control_dependencies([pf.Assert(x > 0, [x])]):
        y = x + 1
    assert session.run(y, {x: [1.0, 2.0]}).tolist() == [2.0, 3.0]


def test_an_assertion_that_does_not_hold_shows_the_data_and_the_line(session: Any) -> None:
    x = pf.placeholder("float32", (None,), name="x")
    check = pf.Assert(x > 0, ["x must be positive:", x, "mean", pf.mean(x)], summarize=2)
    here = line(-1)
    with pytest.raises(InvalidArgumentError) as caught:
        session.run(check, {x: [1.0, -2.0, 4.0]})
    text = str(caught.value)
    assert text.startswith(
        "assert: the assertion does not hold\n  found:   x must be positive: [1.0 -2.0...] mean [1.0]\n"
    )
    assert text.endswith(f"  built at: {here}")
    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, ValueError)


def test_a_failed_assertion_stops_what_follows_it(session: Any) -> None:
    w = pf.Variable(1.0)
    with pf.control_dependencies([pf.Assert(w.value() > 5, [])]):
        grow = w.assign_add(1.0)
    with pytest.raises(InvalidArgumentError):
        session.run(grow)
    assert session.run(w.handle).tolist() == 1.0


def test_a_condition_is_a_bool() -> None:
    with pytest.raises(DTypeError, match="a condition is true or false\n  found:   float32\n  needed:  bool"):
        pf.Assert(pf.constant(1.0), [])


HOLDS = {
    "assert_equal": ((1, 1), (1, 2), "=="),
    "assert_none_equal": ((1, 2), (1, 1), "!="),
    "assert_less": ((1, 2), (2, 2), "<"),
    "assert_less_equal": ((2, 2), (3, 2), "<="),
    "assert_greater": ((3, 2), (2, 2), ">"),
    "assert_greater_equal": ((2, 2), (1, 2), ">="),
}


@pytest.mark.parametrize("name", HOLDS)
def test_a_comparison_is_asserted(session: Any, name: str) -> None:
    good, bad, sign = HOLDS[name]
    check = getattr(pf, name)
    session.run(check(pf.constant([good[0]]), good[1]))
    with pytest.raises(InvalidArgumentError) as caught:
        session.run(check(pf.constant([bad[0]]), bad[1], message="sizes"))
    assert f"assert: sizes: x {sign} y does not hold for all elements\n" in str(caught.value)
    assert f"found:   x = [{bad[0]}] y = [{bad[1]}]" in str(caught.value)


def test_signs_are_asserted(session: Any) -> None:
    session.run([pf.assert_positive([1, 2]), pf.assert_non_negative([0, 1])])
    for check in (pf.assert_positive([0]), pf.assert_non_negative([-1])):
        with pytest.raises(InvalidArgumentError):
            session.run(check)


def test_assertions_hold_at_once_on_arrays() -> None:
    xp = pf.eager("numpy")
    assert xp.Assert(xp.asarray(True), []) is None
    with pytest.raises(InvalidArgumentError, match=r"found:   x is \[1\]"):
        xp.Assert(xp.asarray(False), ["x is", xp.asarray(1)])
