"""Reductions by segments equal loops over the rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pytest
from symbolic import BACKENDS, run, slope

import polyflow as pf

DATA = np.random.default_rng(0).normal(size=(3, 4, 2))
IDS = np.asarray([[2, 0, -1, 2], [5, 2, 0, 3], [3, 2, 7, 0]])
COUNT = 5
LOWEST, LARGEST = np.finfo("float64").min, np.finfo("float64").max

KINDS: dict[str, tuple[Any, Callable[[list[Any]], Any], float]] = {
    "sum": (pf.unsorted_segment_sum, lambda rows: sum(rows), 0.0),
    "mean": (pf.unsorted_segment_mean, lambda rows: sum(rows) / len(rows), 0.0),
    "sqrt_n": (pf.unsorted_segment_sqrt_n, lambda rows: sum(rows) / np.sqrt(len(rows)), 0.0),
    "prod": (pf.unsorted_segment_prod, lambda rows: reduce(np.multiply, rows), 1.0),
    "max": (pf.unsorted_segment_max, lambda rows: reduce(np.maximum, rows), LOWEST),
    "min": (pf.unsorted_segment_min, lambda rows: reduce(np.minimum, rows), LARGEST),
}


def by_loop(fold: Callable[[list[Any]], Any], empty: float) -> np.ndarray[Any, Any]:
    result = np.full((COUNT, 2), empty)
    for segment in range(COUNT):
        rows = [DATA[place] for place in np.ndindex(IDS.shape) if IDS[place] == segment]
        if rows:
            result[segment] = fold(rows)
    return result


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_segment_reduces_the_rows_with_its_number(backend: str, kind: str) -> None:
    op, fold, empty = KINDS[kind]
    found = run(lambda x, i: op(x, i, num_segments=COUNT), DATA, IDS, backend=backend)
    np.testing.assert_allclose(found, by_loop(fold, empty), rtol=1e-14)


@pytest.mark.parametrize("kind", ["sum", "mean", "prod", "max", "min"])
def test_sorted_segments_without_rows_have_what_tensorflow_gives_them(kind: str) -> None:
    function = getattr(pf, f"segment_{kind}")
    found = run(lambda x, i: function(x, i, num_segments=3), np.asarray([2.0, 3.0]), np.asarray([0, 2]))
    assert found.tolist() == [2.0, 1.0 if kind == "prod" else 0.0, 3.0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_elements_that_tie_for_the_largest_share_the_gradient(backend: str) -> None:
    found = slope(
        lambda x: pf.unsorted_segment_max(x, [0, 0, 0, 1], num_segments=2), [3.0, 1.0, 3.0, 4.0], backend=backend
    )
    assert found.tolist() == [0.5, 0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("zeros", "expected"),
    [([2.0, 0.0, 4.0], [0.0, 8.0, 0.0]), ([0.0, 0.0, 4.0], [0.0, 0.0, 0.0])],
    ids=["one zero", "two zeros"],
)
def test_the_gradient_of_a_product_is_right_at_zeros(zeros: list[float], expected: list[float]) -> None:
    found = slope(lambda x: pf.unsorted_segment_prod(x, [1, 1, 1], num_segments=2), zeros)
    assert found.tolist() == expected


def test_integers_keep_their_dtype_and_their_bounds() -> None:
    found = run(lambda x: pf.unsorted_segment_max(x, [1], num_segments=2), np.asarray([3], dtype="int8"))
    assert found.dtype == np.int8
    assert found.tolist() == [-128, 3]
