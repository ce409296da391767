"""``cond``, ``case`` and ``switch_case``: laziness, structures, shapes, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ArgumentError, ControlFlowError, DTypeError, InvalidArgumentError, ShapeError

ENGINES = ["numpy", "jax", "reference"]


def value(fetch: Any, feeds: Any = None, engine: str = "numpy") -> Any:
    with pf.Session(engine, check=True) as session:
        found = session.run(fetch, feeds or {})
        return [each.tolist() for each in found] if isinstance(found, list | tuple) else found.tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_only_the_branch_that_is_taken_runs(engine: str) -> None:
    log: list[str] = []

    def said(word: str) -> Any:
        def say(x: Any) -> Any:
            log.append(word)
            return x

        return lambda: pf.py_func(say, [pf.constant(1.0)], "float32")

    x = pf.placeholder("bool", (), name="x")
    y = pf.cond(x, said("yes"), said("no"))
    assert value(y, {x: True}, engine) == 1.0
    assert log == ["yes"]
    value(y, {x: False}, engine)
    assert log == ["yes", "no"]


def test_a_choice_that_python_knows_is_made_while_building() -> None:
    assert value(pf.cond(True, lambda: 1.0, lambda: 2.0) + pf.constant(0.0)) == 1.0
    assert pf.switch_case(1, [lambda: "a", lambda: "b"]) == "b"


@pytest.mark.parametrize("engine", ENGINES)
def test_branches_return_structures_and_python_numbers(engine: str) -> None:
    x = pf.placeholder("float64", (), name="x")
    y = pf.cond(x > 0, lambda: {"a": (x, [1]), "b": 2.0}, lambda: {"a": (-x, [7]), "b": x})
    assert value([y["a"][0], y["a"][1][0], y["b"]], {x: 3.0}, engine) == [3.0, 1, 2.0]
    assert value([y["a"][0], y["a"][1][0], y["b"]], {x: -3.0}, engine) == [3.0, 7, -3.0]
    assert y["b"].dtype is pf.float64


@pytest.mark.parametrize("engine", ENGINES)
def test_branches_may_differ_in_size(engine: str) -> None:
    x = pf.placeholder("float32", (3,), name="x")
    y = pf.cond(pf.sum(x) > 0, lambda: x[:2], lambda: pf.concat([x, x]))
    assert y.shape == (None,)
    assert value(y * 2, {x: [1.0, 2.0, 3.0]}, engine) == [2.0, 4.0]
    assert value(pf.sum(y), {x: [-1.0, -2.0, -3.0]}, engine) == -12.0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["int8", "int64", "uint16"])
def test_numbers_without_a_branch_take_the_default(dtype: str, engine: str) -> None:
    i = pf.placeholder(dtype, (), name="i")
    y = pf.switch_case(i, {3: lambda: 30, 1: lambda: 10}, default=lambda: -1)
    last = pf.switch_case(i, [lambda: 0, lambda: 1, lambda: 2])
    found = [value([y, last], {i: np.asarray(number, dtype)}, engine) for number in (0, 1, 2, 3, 9)]
    assert found == [[-1, 0], [10, 1], [-1, 2], [30, 2], [-1, 2]]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_true_predicate_decides(engine: str) -> None:
    x = pf.placeholder("float32", (), name="x")
    y = pf.case([(x < 10, lambda: 1), (x < 20, lambda: 2)], default=lambda: 3)
    assert [value(y, {x: each}, engine) for each in (5.0, 15.0, 25.0)] == [1, 2, 3]


@pytest.mark.parametrize("engine", ENGINES)
def test_two_true_predicates_of_an_exclusive_case_are_an_error(engine: str) -> None:
    x = pf.placeholder("float32", (), name="x")
    y = pf.case([(x < 10, lambda: 1), (x < 20, lambda: 2)], default=lambda: 3, exclusive=True)
    assert value(y, {x: 15.0}, engine) == 2
    with pytest.raises(InvalidArgumentError):
        value(y, {x: 5.0}, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_untaken_branch_leaks_no_nan_into_the_gradient(engine: str) -> None:
    x = pf.placeholder("float64", (), name="x")
    y = pf.cond(x > 0, lambda: pf.log(x), lambda: x * x)
    (slope,) = pf.gradients(y, x)
    assert value([y, slope], {x: -3.0}, engine) == [9.0, -6.0]


def test_gradients_by_tensors_inside_and_outside_of_a_branch() -> None:
    x = pf.placeholder("float64", (), name="x")

    def branch() -> Any:
        inner = x * 2
        return pf.gradients(inner * inner * x, [inner, x])

    by_inner, by_x = pf.cond(x > 0, branch, lambda: [x, x])
    assert value([by_inner, by_x], {x: 3.0}) == [36.0, 36.0 * 2 + 36.0]


@pytest.mark.parametrize(
    ("build", "error", "text"),
    [
        (lambda p: pf.cond(p, lambda: 1, None), ArgumentError, "a branch is a function without arguments"),
        (
            lambda p: pf.cond(p, lambda: 1, lambda: (1, 2)), ControlFlowError,
            r"return different structures\n  found:   true_fn returns \*\n  needed:  \(\*, \*\), as false_fn",
        ),
        (
            lambda p: pf.cond(p, lambda: pf.constant(1), lambda: pf.constant(1.0)), DTypeError,
            r"cond: result 0: the branches differ in dtype\n  found:   int64\[\]\n  needed:  float32\[\]",
        ),
        (
            lambda p: pf.cond(p, lambda: pf.constant([1.0]), lambda: pf.constant(1.0)), ShapeError,
            r"cond: result 0: the branches differ in rank",
        ),
        (lambda p: pf.cond(pf.constant([True]), lambda: 1, lambda: 2), DTypeError, "the choice between branches"),
        (lambda p: pf.cond(pf.constant(1.0), lambda: 1, lambda: 2), DTypeError, r"found:   float32\[\]"),
        (lambda p: pf.switch_case(p, []), ArgumentError, "switch_case: no branches"),
        (lambda p: pf.case([]), ArgumentError, "case: no branches"),
    ],
    ids=["function", "structure", "dtype", "rank", "shape of the choice", "dtype of the choice", "switch_case", "case"],
)  # fmt: skip
def test_what_makes_no_choice_is_refused_while_building(build: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        build(pf.placeholder("bool", (), name="p"))
