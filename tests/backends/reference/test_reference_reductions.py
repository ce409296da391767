"""Reductions, running sums, searching, sorting and sets of the reference backend against NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from polyflow_reference import namespace as xp
from reference_oracle import COMPLEXES, FLOATS, INTEGERS, NUMERIC, assert_close, assert_same, samples, to_reference

from polyflow.core.dtypes import DTYPES
from polyflow.errors import ArgumentError, AxisError, DTypeError, ValueRangeError

AXES = [None, 0, -1, (0, 2), (1, 0), ()]
SUMMED = {"b": "int64", "i": "int64", "u": "uint64"}


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "mean", "var", "std", "any", "all", "count_nonzero"])
def test_reductions_over_axes(name: str, axis: Any, keepdims: bool) -> None:
    x = samples("float64", 2, 3, 4)
    expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
    found = getattr(xp, name)(to_reference(x), axis=axis, keepdims=keepdims)
    if name in ("sum", "prod", "mean", "var", "std"):
        assert_close(found, expected, ulps=8, scale=4.0)
    else:
        assert_same(found, expected)


@pytest.mark.parametrize("name", ["sum", "prod"])
@pytest.mark.parametrize("dtype", ["bool", *INTEGERS])
def test_integers_accumulate_in_64_bits_and_wrap_around(name: str, dtype: str) -> None:
    x = samples(dtype, 20)
    expected = getattr(np, name)(x, dtype=SUMMED[x.dtype.kind])
    assert_same(getattr(xp, name)(to_reference(x)), expected)


@pytest.mark.parametrize("dtype", FLOATS)
def test_float_sums_are_rounded_once(dtype: str) -> None:
    x = samples(dtype, 1000)
    exact = np.array(math.fsum(x.astype("float64").tolist())).astype(dtype)
    assert_same(xp.sum(to_reference(x)), exact)


@pytest.mark.parametrize("dtype", COMPLEXES)
def test_complex_reductions(dtype: str) -> None:
    x = samples(dtype, 4, 5)
    for name in ("sum", "mean", "prod", "var", "std"):
        expected = getattr(np, name)(x.astype("complex128"), axis=0)
        kind = dtype if name in ("sum", "mean", "prod") else x.real.dtype.name
        assert_close(getattr(xp, name)(to_reference(x), axis=0), expected.astype(kind), ulps=16, scale=1.0)


@pytest.mark.parametrize("name", ["sum", "prod"])
def test_a_reduction_takes_a_dtype_first(name: str) -> None:
    x = np.array([100, 100, 3], "uint8")
    for dtype in ("uint8", "float32", "complex128"):
        expected = getattr(np, name)(x, dtype=dtype)
        assert_same(getattr(xp, name)(to_reference(x), dtype=DTYPES[dtype]), expected)


@pytest.mark.parametrize("correction", [0, 1, 0.5])
def test_the_correction_of_variances(correction: float) -> None:
    x = samples("float64", 3, 5)
    for name in ("var", "std"):
        expected = getattr(np, name)(x, axis=1, ddof=correction)
        assert_close(getattr(xp, name)(to_reference(x), axis=1, correction=correction), expected, ulps=8)


def test_reductions_of_nothing() -> None:
    empty = xp.zeros((0, 3), dtype=xp.float64)
    assert xp.sum(empty, axis=0).tolist() == [0.0, 0.0, 0.0]
    assert [type(value) for value in xp.sum(empty, axis=0).tolist()] == [float] * 3
    assert (xp.prod(empty).item(), xp.all(empty).item(), xp.any(empty).item()) == (1.0, True, False)
    assert all(map(math.isnan, xp.mean(empty, axis=0).tolist()))
    assert xp.sum(empty, axis=1).shape == (0,)
    for name in ("max", "min", "argmax", "argmin"):
        with pytest.raises(ValueRangeError, match="no elements"):
            getattr(xp, name)(empty, axis=0)
        assert getattr(xp, name)(empty, axis=1).shape == (0,)


def test_nan_and_infinities_go_through_reductions() -> None:
    x = xp.asarray([1.0, math.nan, math.inf])
    for name in ("sum", "max", "min", "mean", "var", "prod"):
        assert math.isnan(getattr(xp, name)(x).item()), name
    assert xp.sum(xp.asarray([math.inf, 1.0])).item() == math.inf
    assert math.isnan(xp.sum(xp.asarray([math.inf, -math.inf])).item())
    assert xp.sum(xp.asarray([3e38, 3e38])).item() == math.inf
    assert xp.sum(xp.asarray([1e308, 1e308], dtype=xp.float64)).item() == math.inf


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_places_of_extremes(name: str, axis: int | None, keepdims: bool) -> None:
    x = np.random.default_rng(0).integers(0, 4, (4, 5)).astype("float32")
    x[1, 2] = math.nan
    expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
    assert_same(getattr(xp, name)(to_reference(x), axis=axis, keepdims=keepdims), expected)


@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod"])
@pytest.mark.parametrize("include_initial", [False, True])
@pytest.mark.parametrize("dtype", NUMERIC)
def test_running_sums_and_products(name: str, include_initial: bool, dtype: str) -> None:
    x = samples(dtype, 3, 4)
    kind = SUMMED.get(x.dtype.kind, dtype)
    for axis in (0, 1):
        expected = getattr(np, name)(x, axis=axis, dtype=kind, include_initial=include_initial)
        found = getattr(xp, name)(to_reference(x), axis=axis, include_initial=include_initial)
        assert_close(found, expected, ulps=16, scale=4.0) if dtype not in INTEGERS else assert_same(found, expected)


def test_a_running_sum_of_a_matrix_needs_an_axis() -> None:
    with pytest.raises(ArgumentError, match="axis"):
        xp.cumulative_sum(xp.zeros((2, 2)))


@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize("axis", [0, -1])
def test_differences(n: int, axis: int) -> None:
    x = samples("int16", 3, 4)
    assert_same(xp.diff(to_reference(x), n=n, axis=axis), np.diff(x, n=n, axis=axis))
    edge = x[:1] if axis == 0 else x[:, :1]
    found = xp.diff(to_reference(x), n=n, axis=axis, prepend=to_reference(edge), append=to_reference(edge))
    assert_same(found, np.diff(x, n=n, axis=axis, prepend=edge, append=edge))


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS])
@pytest.mark.parametrize("axis", [0, -1])
def test_sorted_elements(dtype: str, axis: int) -> None:
    x = samples(dtype, 4, 5)
    x[1] = x[0]
    if dtype in FLOATS:
        x[2, 1] = math.nan
    assert_same(xp.sort(to_reference(x), axis=axis), np.sort(x, axis=axis))
    assert_same(xp.argsort(to_reference(x), axis=axis), np.argsort(x, axis=axis, stable=True))


def test_a_descending_sort_is_stable_and_has_nan_first() -> None:
    x = xp.asarray([1.0, 3.0, math.nan, 3.0, 2.0])
    assert xp.argsort(x, descending=True).tolist() == [2, 1, 3, 4, 0]
    assert xp.sort(xp.asarray([0, 255, 3], dtype=xp.uint8), descending=True).tolist() == [255, 3, 0]


@pytest.mark.parametrize("side", ["left", "right"])
def test_places_in_a_sorted_vector(side: Any) -> None:
    table, wanted = np.array([1.0, 2.0, 2.0, 5.0, math.nan]), np.array([[0.0, 2.0], [9.0, math.nan]])
    found = xp.searchsorted(to_reference(table), to_reference(wanted), side=side)
    assert_same(found, np.searchsorted(table, wanted, side=side))
    order = np.array([4, 0, 3, 1, 2])
    found = xp.searchsorted(to_reference(table[np.argsort(order)]), 2.0, side=side, sorter=to_reference(order))
    assert found.item() == np.searchsorted(table, 2.0, side=side)


def test_distinct_elements() -> None:
    x = np.array([[3, 1, 3], [2, 1, 3]])
    found, expected = xp.unique_all(to_reference(x)), np.unique_all(x)
    for field in ("values", "indices", "inverse_indices", "counts"):
        assert_same(getattr(found, field), getattr(expected, field))
    assert xp.unique_inverse(to_reference(x)).inverse_indices.shape == (2, 3)
    assert xp.unique_counts(to_reference(x)).counts.tolist() == [2, 1, 3]


def test_each_nan_is_distinct_and_zeros_are_one() -> None:
    found = xp.unique_counts(xp.asarray([math.nan, 0.0, math.nan, -0.0]))
    assert str(found.values.tolist()) == "[0.0, nan, nan]"
    assert found.counts.tolist() == [2, 1, 1]
    assert xp.unique_values(xp.asarray([1j, complex(math.nan, 1), 1j])).size == 2


@pytest.mark.parametrize("invert", [False, True])
def test_membership(invert: bool) -> None:
    x, table = np.array([[1, 2], [3, 4]]), np.array([4, 1, 7])
    assert_same(xp.isin(to_reference(x), to_reference(table), invert=invert), np.isin(x, table, invert=invert))
    assert xp.isin(3, to_reference(x), invert=invert).item() is not invert
    assert xp.isin(xp.asarray([math.nan]), xp.asarray([math.nan])).tolist() == [False]


@pytest.mark.parametrize(
    ("call", "error"),
    [(lambda x: xp.sum(x, axis=2), AxisError), (lambda x: xp.sum(x, axis=(0, -2)), AxisError),
     (lambda x: xp.max(xp.astype(x, xp.complex64)), DTypeError),
     (lambda x: xp.sort(xp.astype(x, xp.complex64)), DTypeError),
     (lambda x: xp.sort(x, axis=5), AxisError), (lambda x: xp.searchsorted(x, 1.0), ValueError),
     (lambda x: xp.diff(x, n=-1), ValueRangeError), (lambda x: xp.nonzero(xp.asarray(1)), ValueError)],
)  # fmt: skip
def test_calls_that_make_no_sense_are_refused(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call(xp.zeros((2, 3)))
