"""Gathering and scattering equal loops over their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from symbolic import BACKENDS, run, slope

import polyflow as pf

X = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
Array = np.ndarray[Any, Any]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("axis", "batch_dims"), [(1, 1), (3, 1), (2, 2), (3, 0), (-1, 2)])
def test_gather_takes_from_each_example_what_its_indices_say(backend: str, axis: int, batch_dims: int) -> None:
    shape = (*X.shape[:batch_dims], 2, 2)
    indices = np.random.default_rng(1).integers(0, X.shape[axis], size=shape)
    found = run(lambda x, i: pf.gather(x, i, axis=axis, batch_dims=batch_dims), X, indices, backend=backend)
    place = axis % 4 - batch_dims
    examples = [np.take(X[each], indices[each], axis=place) for each in np.ndindex(*X.shape[:batch_dims])]
    assert np.array_equal(found, np.asarray(examples).reshape(found.shape))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_gather_nd_takes_the_slice_that_each_row_names(backend: str, depth: int) -> None:
    indices = np.random.default_rng(2).integers(-2, 2, size=(3, 2, depth))
    expected = np.asarray([[X[tuple(row)] for row in rows] for rows in indices])
    assert np.array_equal(run(lambda x, i: pf.gather_nd(x, i), X, indices, backend=backend), expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_gather_nd_with_a_batch_indexes_each_example(backend: str) -> None:
    indices = np.random.default_rng(3).integers(0, 3, size=(2, 4, 2))
    expected = np.asarray([[X[b][tuple(row)] for row in rows] for b, rows in enumerate(indices)])
    assert np.array_equal(run(lambda x, i: pf.gather_nd(x, i, batch_dims=1), X, indices, backend=backend), expected)


INDICES = np.asarray([[0, 1], [2, -1], [0, 1], [1, 0]])
UPDATES = np.asarray([[1.0, -20.0], [3.0, 40.0], [-5.0, 60.0], [7.0, 80.0]])
BASE = np.arange(18.0).reshape(3, 3, 2)

SCATTERS = {
    "add": (pf.tensor_scatter_nd_add, lambda old, new: old + new),
    "sub": (pf.tensor_scatter_nd_sub, lambda old, new: old - new),
    "update": (pf.tensor_scatter_nd_update, lambda old, new: new),
    "max": (pf.tensor_scatter_nd_max, np.maximum),
    "min": (pf.tensor_scatter_nd_min, np.minimum),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", SCATTERS)
def test_scattering_applies_the_updates_one_after_the_other(backend: str, kind: str) -> None:
    function, step = SCATTERS[kind]
    expected = BASE.copy()
    for row, update in zip(INDICES, UPDATES, strict=True):
        expected[tuple(row)] = step(expected[tuple(row)], update)
    assert np.array_equal(run(function, BASE, INDICES, UPDATES, backend=backend), expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_scatter_nd_adds_to_zeros(backend: str) -> None:
    expected = np.zeros((3, 3, 2))
    for row, update in zip(INDICES, UPDATES, strict=True):
        expected[tuple(row)] += update
    assert np.array_equal(run(lambda i, u: pf.scatter_nd(i, u, (3, 3, 2)), INDICES, UPDATES, backend=backend), expected)


def test_what_an_update_replaces_gets_no_gradient_and_the_last_update_of_a_place_gets_all() -> None:
    assert slope(lambda x, u: pf.tensor_scatter_nd_update(x, [[1]], u), np.ones(3), np.ones(1)).tolist() == [1, 0, 1]
    found = slope(lambda u: pf.tensor_scatter_nd_update(np.zeros(3), [[1], [1]], u), np.ones(2))
    assert found.tolist() == [0, 1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_permutation_is_inverted(backend: str) -> None:
    p = np.random.default_rng(4).permutation(7)
    assert np.array_equal(run(pf.invert_permutation, p, backend=backend)[p], np.arange(7))


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_largest_come_first_and_of_equal_ones_the_first(backend: str) -> None:
    x = np.random.default_rng(5).integers(0, 5, size=(4, 9)).astype("float32")
    values, places = run(lambda x: pf.top_k(x, 6), x, backend=backend)
    order = np.asarray([sorted(range(9), key=lambda place: -row[place])[:6] for row in x])
    assert np.array_equal(places, order)
    assert places.dtype == np.int64
    assert np.array_equal(values, np.take_along_axis(x, order, axis=-1))


@pytest.mark.parametrize("backend", BACKENDS)
def test_in_top_k_counts_the_classes_that_are_better(backend: str) -> None:
    x = np.asarray([[1.0, 2.0, 2.0, 0.0], [np.inf, 1.0, 0.0, 0.0], [np.inf, 1.0, 0.0, 0.0], [3.0, 2.0, 1.0, 0.0]])
    found = run(lambda x, t: pf.nn.in_top_k(x, t, 2), x, np.asarray([2, 0, 1, 4]), backend=backend)
    assert found.tolist() == [True, False, True, False]
