"""vmap of every op equals a loop over the examples, whichever of its operands are mapped."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from polyflow_conformance.cases import Case, value_cases

import polyflow as pf
from polyflow.core.declaration import Op, Trait
from polyflow.core.dtypes import STANDARD_DTYPES, float64
from polyflow.core.literal import Literal
from polyflow.core.samples import ArraySpec, map_specs
from polyflow.core.types import TensorType
from polyflow.errors import AxisError, GraphError, ShapeError, VerificationError
from polyflow.extension.manager import extensions

SIZE = 3
BACKEND = pf.Session("numpy").backend
OPS = {
    name: op
    for name, op in sorted(extensions().ops.items())
    if op.sample_rule is not None and any(each.role != "attribute" for each in op.signature.parameters)
}


def cases_of(op: Any) -> list[Case]:
    """Each sample once, in float64 where it can be."""
    found: dict[int, Case] = {}
    for case in value_cases(op, STANDARD_DTYPES):
        if case.number not in found or case.dtype is float64:
            found[case.number] = case
    return list(found.values())


def specs_of(case: Case) -> list[ArraySpec]:
    found: list[ArraySpec] = []
    for operand in case.sample.operands:
        map_specs(found.append, operand)
    named = case.sample.attributes.items()
    return found + [each for name, each in named if isinstance(each, ArraySpec) and case.is_operand(name)]


def variant(case: Case, spec: ArraySpec, number: int) -> np.ndarray:
    """The array of example ``number``: other random numbers, or the same ones in another order."""
    if spec.kind != "values":
        spec = replace(spec, seed=spec.seed + 10 * number)
    value: Literal = case.literal(spec)
    array = np.asarray(BACKEND.from_literal(value, "cpu"))
    if spec.kind != "values" or number != 1 or array.ndim == 0 or array.shape[0] == array.shape[-1] > 1:
        return array
    return array[::-1] if array.dtype.kind in "iu" else array[..., ::-1]


def example_of(case: Case) -> Any:
    def example(*arrays: Any) -> Any:
        rest = iter(arrays)
        result = case.call(lambda _: next(rest))
        return case.compared(list(result) if isinstance(result, list | tuple) else [result])

    return example


def mapped_sets(count: int) -> list[tuple[int | None, ...]]:
    """One operand alone is mapped, for each; then all of them, along other axes as well."""
    alone = [tuple(0 if place == each else None for place in range(count)) for each in range(count)]
    return alone if count < 2 else [*alone, (0,) * count]


def is_data_dependent(case: Case, arrays: Sequence[np.ndarray]) -> bool:
    with pf.Graph().as_default():
        result = example_of(case)(*[pf.constant(each) for each in arrays])
        return not all(each.type.is_static for each in result)


UNROLLED = {
    "assigned": "it stands for a session's state",
    "index_add": "a mask of each example's own that stands behind another axis",
    "repeat_each": "counts of each example's own, which change nothing only where the axis is empty",
    **dict.fromkeys(("nonzero", "unique_all", "unique_counts", "unique_inverse", "unique_values"), "sizes differ"),
}
"""Ops without effects that are done example by example for some operands, and why."""


@pytest.mark.parametrize("name", OPS)
def test_vmap_of_an_op_equals_a_loop(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "polyflow")
    for case in cases_of(OPS[name]):
        specs = specs_of(case)
        variants = [[variant(case, spec, number) for number in range(SIZE)] for spec in specs]
        example = example_of(case)
        one = pf.function(example)
        for axes in mapped_sets(len(specs)):
            arrays = [np.stack(each) if axis == 0 else each[0] for each, axis in zip(variants, axes, strict=True)]
            if is_data_dependent(case, [each[0] for each in variants]):
                try:  # the sizes may be the same for all examples: those of one mask, of one array of counts
                    found = pf.vmap(example, axes)(*arrays)
                except ShapeError as error:
                    assert "differ in size" in str(error)  # noqa: PT017
                    continue
            else:
                found = pf.vmap(example, axes)(*arrays)
            rows = [
                one(*[each[number if axis == 0 else 0] for each, axis in zip(variants, axes, strict=True)])
                for number in range(SIZE)
            ]
            for place, result in enumerate(found):
                wanted = np.stack([row[place] for row in rows])
                assert result.dtype == wanted.dtype, (case.id, axes)
                np.testing.assert_allclose(result, wanted, rtol=1e-9, atol=1e-9, err_msg=f"{case.id} {axes}")
    on_the_host = OPS[name].has_trait(Trait.EFFECT) or OPS[name].has_trait(Trait.HOST)
    assert name in UNROLLED or on_the_host or "no batching rule" not in caplog.text


@pytest.mark.parametrize("size", [0, 1])
def test_a_batch_may_hold_one_example_or_none(size: int) -> None:
    x = np.ones((size, 4, 3))
    for function in (pf.sum, lambda a: a @ pf.matrix_transpose(a), lambda a: pf.sort(a[:, 0]), pf.linalg.svdvals):
        wanted = np.stack([np.asarray(pf.function(function)(each)) for each in np.ones((1, 4, 3))])[:size]
        assert pf.vmap(function)(x).shape == wanted.shape


def test_an_op_without_a_rule_is_done_for_each_example_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    def rule(x: TensorType, /) -> TensorType:
        return x

    backwards = Op(rule, name="backwards_for_test")
    backwards.kernel(lambda xp, x: xp.flip(x))
    function = pf.vmap(backwards)
    x = np.arange(15.0).reshape(3, 5)
    with caplog.at_level(logging.INFO, "polyflow"):
        found = function(x)
    np.testing.assert_array_equal(found, x[:, ::-1])
    assert f"backwards_for_test, built at {__file__}" in caplog.text
    assert "is done 3 times" in caplog.text
    assert "vmap/unrolled_backwards_for_test/" in function.explain(x)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("dtype", ["float64", "int8"])
def test_tables_of_each_examples_own_are_searched_together(side: Any, dtype: str) -> None:
    random = np.random.default_rng(3)
    tables = np.sort(random.integers(-4, 5, (4, 7))).astype(dtype)
    sought = random.integers(-6, 7, (4, 2, 5)).astype(dtype)
    if dtype == "float64":
        tables[1, -2:], sought[1, 0, 0], sought[1, 0, 1], tables[2, 0] = np.nan, np.nan, np.inf, -0.0
        tables[2].sort()
    wanted = [np.searchsorted(table, each, side=side) for table, each in zip(tables, sought, strict=True)]
    found = pf.vmap(lambda table, each: pf.searchsorted(table, each, side=side))(tables, sought)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("dtype", ["float64", "uint8", "bool", "complex128"])
def test_membership_in_tables_of_each_examples_own(dtype: str) -> None:
    random = np.random.default_rng(4)
    tables, sought = (random.integers(0, 6, shape).astype(dtype) for shape in [(4, 2, 3), (4, 5)])
    if dtype == "float64":
        tables[0, 0, 0], sought[0, 0] = np.nan, np.nan
    wanted = [np.isin(each, table) for table, each in zip(tables, sought, strict=True)]
    np.testing.assert_array_equal(pf.vmap(lambda each, table: pf.isin(each, table))(sought, tables), wanted)


def test_each_example_draws_from_its_own_key(caplog: pytest.LogCaptureFixture) -> None:
    draws = {
        "uniform": lambda key: pf.random.uniform((2, 3), key=key),
        "normal64": lambda key: pf.random.normal((4,), dtype="float64", key=key),
        "randint": lambda key: pf.random.randint((5,), 0, 10, key=key),
        "shuffle": lambda key: pf.random.permutation(6, key=key),
        "bits": lambda key: pf.random.bits(pf.random.fold_in(pf.random.split(key, 3)[1], 7), (2,), "uint8"),
        "gamma": lambda key: pf.random.gamma((3,), 0.5, key=key),
    }
    keys = pf.function(lambda: pf.random.split(pf.random.key(5), 4))()
    with caplog.at_level(logging.INFO, "polyflow"):
        for name, draw in draws.items():
            found, one = pf.vmap(draw)(keys), pf.function(draw)
            np.testing.assert_allclose(found, [one(key) for key in keys], rtol=1e-6, err_msg=name)
    assert "no batching rule" not in caplog.text


def test_a_gradient_of_indexing_is_mapped_at_once(caplog: pytest.LogCaptureFixture) -> None:
    x = np.random.default_rng(0).normal(size=(4, 5, 3, 6))
    rows, columns = np.asarray([0, 2, 2]), np.asarray([[5], [1]])
    keys = [
        (slice(1, 4),), (0,), (..., -1), (rows,), (slice(None), slice(None, None, 2), columns),
        (rows, slice(None), columns),
    ]  # fmt: skip
    with caplog.at_level(logging.INFO, "polyflow"):
        for key in keys:
            gradient = pf.grad(lambda a, key=key: pf.sum(pf.sin(a[key]) ** 2))
            np.testing.assert_allclose(pf.vmap(gradient)(x), [gradient(each) for each in x], rtol=1e-12, atol=1e-12)
    assert "no batching rule" not in caplog.text


def test_what_is_the_same_for_all_is_computed_once() -> None:
    text = pf.vmap(lambda x, y: x * pf.exp(y), in_axes=(0, None)).explain(np.ones((5, 2)), np.ones(2))
    assert "vmap/exp: float64[2]" in text


def test_a_rule_that_gives_a_wrong_result_is_caught() -> None:
    op = extensions().ops["cumulative_sum"]
    rule = op.batching_rule
    try:
        op.batching(lambda xp, operation, inputs, batched: xp.sum(inputs[0]))
        with pytest.raises(VerificationError, match="the batching rule of cumulative_sum gave a result of the wrong"):
            pf.vmap(pf.cumulative_sum)(np.ones((2, 3)))
    finally:
        op.batching(rule)


def test_results_are_placed_where_out_axes_says() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    found = pf.vmap(lambda a: (a, a[0]), in_axes=1, out_axes=(2, -1))(x)
    np.testing.assert_array_equal(found[0], np.moveaxis(x, 1, 2))
    np.testing.assert_array_equal(found[1], x[0].T)


def test_a_result_that_is_the_same_for_all_needs_no_axis() -> None:
    x, y = np.ones((3, 2)), np.arange(2.0)
    np.testing.assert_array_equal(pf.vmap(lambda a, b: b + 1, (0, None), None)(x, y), y + 1)
    np.testing.assert_array_equal(pf.vmap(lambda a, b: b + 1, (0, None), 0)(x, y), np.stack([y + 1] * 3))
    with pytest.raises(AxisError, match="out_axes=None depends on the batch"):
        pf.vmap(lambda a: a + 1, 0, None)(x)


def test_mapped_axes_of_several_sizes_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"differ in size\n  found:   3 .* and 4"):
        pf.vmap(pf.add)(np.ones(3), np.ones(4))


def test_gradients_inside_and_outside_are_the_same() -> None:
    x = np.random.default_rng(0).normal(size=(4, 3))

    def function(row: Any) -> Any:
        return pf.sum(pf.sin(row) * pf.cumulative_prod(row)) / (1 + pf.max(row * row))

    inside = pf.vmap(pf.grad(function))(x)
    outside = pf.grad(lambda rows: pf.sum(pf.vmap(function)(rows)))(x)
    np.testing.assert_allclose(inside, outside, rtol=1e-12)
    np.testing.assert_allclose(inside, np.stack([pf.grad(function)(row) for row in x]), rtol=1e-12)


def test_vmap_nests() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 4, 3))
    table = pf.vmap(lambda a: pf.vmap(lambda b: pf.sum(a * b))(y))(x)
    np.testing.assert_allclose(table, x @ y.T, rtol=1e-12)


def test_a_custom_gradient_is_batched_inside_and_outside() -> None:
    @pf.custom_gradient
    def tenfold(x: Any, w: Any) -> Any:
        e = pf.exp(x) * w
        return e, lambda g: (10 * g * e, g * pf.exp(x))

    x, w = np.asarray([0.0, 1.0, 2.0]), np.float64(2.0)
    wanted = 10 * np.exp(x) * w
    np.testing.assert_allclose(pf.vmap(pf.grad(tenfold), (0, None))(x, w), wanted)
    total = pf.grad(lambda x, w: pf.sum(pf.vmap(tenfold, (0, None))(x, w)), (0, 1))(x, w)
    np.testing.assert_allclose(total[0], wanted)
    np.testing.assert_allclose(total[1], np.sum(np.exp(x)))


def test_a_map_in_a_graph_waits_for_types() -> None:
    x = pf.placeholder(name="x")
    y = pf.vmap(lambda row: pf.sum(row * row))(x)
    (g,) = pf.gradients(y, x)
    for value in (np.ones((2, 3)), np.ones((4, 1), np.float32)):
        total, slope = pf.Session().run([y, g], {x: value})
        np.testing.assert_array_equal(total, np.sum(value, axis=1))
        np.testing.assert_array_equal(slope, 2 * value)


def test_a_function_of_one_example_may_use_tensors_and_variables_around_it() -> None:
    w = pf.Variable(np.asarray([1.0, 2.0]), name="w")
    x = pf.placeholder("float64", (None, 2))
    loss = pf.sum(pf.vmap(lambda row: pf.sum(row * w) ** 2)(x))
    (g,) = pf.gradients(loss, w)
    value = np.asarray([[1.0, 1.0], [0.0, 3.0], [2.0, 1.0]])
    found = pf.Session().run(g, {x: value})
    np.testing.assert_allclose(found, 2 * (value @ [1.0, 2.0]) @ value)


def test_keys_are_mapped_for_random_numbers_of_each_example() -> None:
    keys = np.arange(6, dtype=np.uint32).reshape(3, 2)
    found = pf.vmap(lambda key: pf.random.uniform((4,), key=key))(keys)
    one = pf.function(lambda key: pf.random.uniform((4,), key=key))
    np.testing.assert_array_equal(found, np.stack([one(key) for key in keys]))
    with pytest.raises(GraphError, match=r"random.normal\(shape, key=key\)"):
        pf.vmap(lambda x: x + pf.random.normal((2,)))(np.ones(3))
