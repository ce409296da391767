"""``while_loop`` and ``fori_loop``: structures, shapes, counts, what is refused, and what the programs look like."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ArgumentError, ControlFlowError, DTypeError, ExecutionError, ShapeError
from tests.programs import program_of

ENGINES = ["numpy", "jax", "reference"]


def value(fetch: Any, feeds: Any = None, engine: str = "numpy", **options: Any) -> Any:
    with pf.Session(engine, check=True, **options) as session:
        found = session.run(fetch, feeds or {})
        return [each.tolist() for each in found] if isinstance(found, list | tuple) else found.tolist()


class Pair(NamedTuple):
    a: Any
    b: Any


@pytest.mark.parametrize("engine", ENGINES)
def test_the_result_has_the_structure_of_the_loop_variables(engine: str) -> None:
    state = [Pair(1, {"x": [2.0, (3,)]}), 0]
    found = pf.while_loop(
        lambda pair, i: i < 3,
        lambda pair, i: (Pair(pair.a * 2, {"x": [pair.b["x"][0] + 0.5, (pair.b["x"][1][0] + i,)]}), i + 1),
        state,
    )
    assert isinstance(found[0], Pair)
    assert value([found[0].a, found[0].b["x"][0], found[0].b["x"][1][0], found[1]], engine=engine) == [8, 3.5, 6, 3]


def test_a_body_may_return_its_only_variable_bare() -> None:
    assert value(pf.while_loop(lambda i: i < 5, lambda i: i + 2, [0])[0]) == 6
    assert value(pf.while_loop(lambda i: i < 5, lambda i: [i + 2], (0,))[0]) == 6


@pytest.mark.parametrize("engine", ENGINES)
def test_types_that_the_graph_does_not_know_are_known_when_it_runs(engine: str) -> None:
    x = pf.placeholder(name="x")
    y = pf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * 2), [0, x])[1]
    (slope,) = pf.gradients(y, x)
    for array in (np.ones((2, 3), "float32"), np.float64(3.0)):
        with pf.Session(engine) as session:
            found = session.run([y, slope], {x: array})
            assert str(found[0].dtype).endswith(str(array.dtype))
            np.testing.assert_array_equal(np.asarray(found[0].tolist()), 8 * array)
            np.testing.assert_array_equal(np.asarray(found[1].tolist()), 8 * np.ones_like(array))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("start", "goes_on", "step", "count"),
    [
        (0, lambda i: i < 10, 3, 4), (0, lambda i: i <= 9, 3, 4), (10, lambda i: i > 0, -4, 3),
        (10, lambda i: i >= 0, -5, 3), (0, lambda i: i != 6, 2, 3), (5, lambda i: i < 5, 1, 0),
        (9, lambda i: i < 5, 1, 0), (0, lambda i: i < 7, 7, 1),
    ],
)  # fmt: skip
def test_a_count_that_is_known_beforehand_is_found(
    start: int, goes_on: Any, step: int, count: int, engine: str
) -> None:
    i, n = pf.while_loop(lambda i, n: goes_on(i), lambda i, n: (i + step, n + 1), [start, 0])
    (loop,) = [each for each in program_of(n).operations if each.op.name == "loop"]
    assert loop.attributes["length"] == count
    assert value([i, n], engine=engine) == [start + count * step, count]


@pytest.mark.parametrize(
    "goes_on", [lambda i, x: i < x, lambda i, x: pf.cos(pf.astype(i, "float32")) > 0], ids=["fed", "computed"]
)
def test_a_count_that_depends_on_data_is_left_to_the_run(goes_on: Any) -> None:
    x = pf.placeholder("int64", (), name="x")
    i = pf.while_loop(lambda i: goes_on(i, x), lambda i: i + 1, [0])[0]
    (loop,) = [each for each in program_of(i, x).operations if each.op.name == "loop"]
    assert loop.attributes["length"] is None
    assert value(i, {x: 2}) == 2


def test_a_counter_that_would_wrap_around_is_not_counted_beforehand() -> None:
    i = pf.while_loop(lambda i: i < 127, lambda i: i + 2, [pf.constant(0, dtype="int8")], maximum_iterations=70)[0]
    (loop,) = [each for each in program_of(i).operations if each.op.name == "loop"]
    assert loop.attributes["length"] is None
    assert value(i) == 140 - 256


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("limit", [0, 1, 3, 100])
def test_a_loop_stops_after_its_largest_number_of_iterations(limit: int, engine: str) -> None:
    x = pf.placeholder("float64", (), name="x")
    y = pf.while_loop(lambda v: v < 1000, lambda v: v * x, [x], maximum_iterations=limit)[0]
    (slope,) = pf.gradients(y, x)
    count = min(limit, 9)
    assert value([y, slope], {x: 2.0}, engine) == [2.0 ** (count + 1), (count + 1) * 2.0**count]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_invariant_lets_a_shape_change(engine: str) -> None:
    x = pf.placeholder("float32", (1, 2), name="x")
    grown = pf.while_loop(
        lambda i, v: i < 3, lambda i, v: (i + 1, pf.concat([v, v])), [0, x], shape_invariants=[(), (None, 2)]
    )[1]
    assert grown.shape == (None, 2)
    assert value(grown, {x: [[1.0, 2.0]]}, engine) == [[1.0, 2.0]] * 8


@pytest.mark.parametrize("engine", ENGINES)
def test_loops_nest_deeper_than_python_lets_blocks_nest(engine: str) -> None:
    def nested(depth: int, v: Any) -> Any:
        if depth == 0:
            return v + 1
        return pf.while_loop(lambda i, u: i < 1, lambda i, u: (i + 1, nested(depth - 1, u)), [0, v])[1]

    x = pf.placeholder("float64", (), name="x")
    y = nested(24, x)
    assert value([y, *pf.gradients(y, x)], {x: 1.0}, engine) == [2.0, 1.0]


def test_only_what_the_gradient_needs_is_kept_and_nothing_without_one() -> None:
    x = pf.placeholder("float64", (3,), name="x")
    y = pf.while_loop(lambda i, v: i < 5, lambda i, v: (i + 1, pf.sin(v) * 2), [0, x])[1]
    slope = pf.gradients(y, x)
    program = program_of([y], x)
    (loop,) = [each for each in program.operations if each.op.name == "loop"]
    assert len(loop.outputs) == 2
    with pf.Session() as session:
        text = session.explain([y, *slope], {x: np.zeros(3)})
    assert text.count(".append(") == 1  # v, of which sin takes the cosine on the way back


def test_fori_loop_takes_tensors_for_bounds() -> None:
    n = pf.placeholder("int64", (), name="n")
    total = pf.fori_loop(n, 2 * n, lambda i, total: total + i, 0)
    for engine in ENGINES:
        assert value(total, {n: 4}, engine) == 4 + 5 + 6 + 7


def test_eager_values_loop_at_once() -> None:
    for engine in ENGINES:
        xp = pf.eager(engine)
        i, v = pf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * 2.0), [xp.asarray(0), xp.asarray(1.5)])
        assert (int(i), float(v)) == (3, 12.0)
        assert float(pf.cond(v > 5, lambda v=v: v, lambda v=v: -v)) == 12.0
        assert [float(each) for each in pf.scan(lambda a, e: a + e, xp.asarray([1.0, 2.0, 3.0]))] == [1.0, 3.0, 6.0]


# -- what is refused


def loop(body: Any = lambda i: i + 1, cond: Any = lambda i: i < 3, start: Any = (0,), **options: Any) -> Any:
    return pf.while_loop(cond, body, list(start), **options)


@pytest.mark.parametrize(
    ("build", "error", "text"),
    [
        (lambda: loop(start=[]), ArgumentError, "while_loop: loop_vars\n  found:   \\[\\]"),
        (lambda: loop(body=3), ArgumentError, "while_loop: cond and body are functions"),
        (lambda: loop(maximum_iterations=-1), ArgumentError, "while_loop: maximum_iterations\n  found:   -1"),
        (lambda: loop(parallel_iterations=0), ArgumentError, "while_loop: parallel_iterations\n  found:   0"),
        (
            lambda: loop(lambda i: (i, i)), ControlFlowError,
            r"the body returns another structure than that of loop_vars\n  found:   \(\*, \*\)\n  needed:  \[\*\]",
        ),
        (
            lambda: loop(lambda i: i * 0.5, start=[pf.constant(0)]), DTypeError,
            r"variable_0 another dtype\n  found:   float32\[\]\n  needed:  int64\[\]\n.*\n  try:     polyflow.astype",
        ),
        (
            lambda: loop(lambda v: pf.concat([v, v]), lambda v: pf.all(v < 3), [pf.constant([1.0])]), ShapeError,
            r"another shape\n  found:   float32\[2\]\n  needed:  float32\[1\]\n.*\n  try:     shape_invariants",
        ),
        (
            lambda: loop(shape_invariants=[(2,)]), ShapeError,
            r"does not start with its shape invariant\n  found:   \(\)\n  needed:  \(2,\)",
        ),
        (
            lambda: loop(shape_invariants=[(), ()]), ControlFlowError,
            "shape_invariants do not have the structure of loop_vars",
        ),
        (lambda: loop(cond=lambda i: (i < 3, i)), ControlFlowError, "the condition gives no truth value"),
        (lambda: loop(cond=lambda i: None), ControlFlowError, "found:   nothing: the function returned None"),
    ],
    ids=[
        "none", "no function", "limit", "parallel", "structure", "dtype", "shape", "invariant", "invariants", "pair",
        "nothing",
    ],
)  # fmt: skip
def test_what_makes_no_loop_is_refused_while_building(build: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        build()


@pytest.mark.parametrize("engine", ["numpy", "jax", "reference"])
def test_a_condition_may_be_pythons_own_truth_value(engine: str) -> None:
    never = pf.while_loop(lambda i: False, lambda i: i + 1, [1])[0]
    always = pf.while_loop(lambda i: True, lambda i: i + 1, [1], maximum_iterations=3)[0]
    assert [int(each) for each in pf.Session(engine).run([never, always])] == [1, 4]


def test_a_condition_that_is_no_bool_is_refused_when_types_are_known() -> None:
    with pytest.raises(DTypeError, match=r"the condition is no truth value\n  found:   int64\[\]\n  needed:  bool\[\]"):
        pf.Session().run(loop(cond=lambda i: i))
    x = pf.placeholder("float32", (2,), name="x")
    wrong = loop(lambda v: v * 2, lambda v: v < 3, [x])
    with pytest.raises(DTypeError, match=r"found:   bool\[2\]\n.*\n.*\n  try:     polyflow.all"):
        pf.Session().run(wrong, {x: [1.0, 2.0]})


@pytest.mark.parametrize("engine", ["numpy", "reference"])
def test_an_error_in_a_body_names_the_loop_and_the_iteration(engine: str) -> None:
    x = pf.placeholder("int64", (3,), name="x")
    found = pf.while_loop(lambda i, v: i < 9, lambda i, v: (i + 1, v + pf.take(x, i)), [0, 0], name="reading")[1]
    with pytest.raises(
        ExecutionError, match=r"(?s)take failed while it ran.*found:   it was in iteration 3 of reading"
    ):
        pf.Session(engine).run(found, {x: [1, 2, 3]})
