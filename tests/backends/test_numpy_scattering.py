"""Adding to places in NumPy: by whatever road, each element gets its updates in their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from polyflow_numpy.pooling import avg_pool
from polyflow_numpy.scattering import add_at

from polyflow.core.keys import INDEX

GENERATOR = np.random.default_rng(0)


def one_by_one(x: Any, updates: Any, *indices: Any) -> Any:
    result = np.array(x)
    np.add.at(result, indices, updates)
    return result


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8", "complex64", "float16"])
@pytest.mark.parametrize("width", [1, 3, 9, 64])
@pytest.mark.parametrize(
    "choose",
    [
        lambda: GENERATOR.integers(0, 3000, 1400),
        lambda: GENERATOR.integers(-20, 20, 1400),
        lambda: np.zeros(600, np.int32),
        lambda: np.arange(-20, 100, dtype=np.int8),
        lambda: np.array([[3, -3000], [5, 3]]),
    ],
    ids=["few twice", "most twice, some negative", "all the same", "none twice", "of rank 2"],
)
def test_rows_get_their_updates_in_order_to_the_last_bit(choose: Callable[[], Any], width: int, dtype: str) -> None:
    x = GENERATOR.normal(0, 30, (3000, width)).astype(dtype)
    rows = choose()
    updates = GENERATOR.normal(0, 30, (*rows.shape, width)).astype(dtype)
    found = add_at(np.array(x), updates, rows, key=(INDEX,))
    np.testing.assert_array_equal(found, one_by_one(x, updates, rows), strict=True)


@pytest.mark.parametrize(
    ("shape", "indices", "updates"),
    [
        ((7, 5, 20), ([0, 6, 0, -7], [1, -1, 1, 1]), (4, 20)),
        ((7, 5, 20), ([[0], [6]], [1, -1, 4]), (2, 3, 20)),
        ((7, 5, 20), ([0, 6, 0],), ()),
        ((7, 5, 20), ([0, 6, 0],), (5, 1)),
        ((7,), ([0, 6, 0],), (3,)),
        ((7, 0), ([0, 6, 0],), (3, 0)),
        ((7, 9), ([],), (0, 9)),
    ],
    ids=["two axes", "two axes, broadcast", "one number", "broadcast", "elements", "empty rows", "no rows"],
)
def test_places_of_every_shape_get_their_updates(
    shape: tuple[int, ...], indices: tuple[Any, ...], updates: tuple[int, ...]
) -> None:
    x, given = GENERATOR.normal(size=shape), np.asarray(GENERATOR.normal(size=updates))
    places = [np.array(each, np.int64) for each in indices]
    found = add_at(np.array(x), given, *places, key=(INDEX,) * len(places))
    np.testing.assert_array_equal(found, one_by_one(x, given, *places), strict=True)


def test_an_array_in_another_order_of_memory_gets_its_updates() -> None:
    x, updates = np.asfortranarray(GENERATOR.normal(size=(30, 20))), GENERATOR.normal(size=(3, 20))
    rows = np.array([1, 29, 1])
    wanted = one_by_one(x, updates, rows)
    assert add_at(x, updates, rows, key=(INDEX,)) is x
    np.testing.assert_array_equal(x, wanted)


@pytest.mark.parametrize("row", [3, -4])
@pytest.mark.parametrize("width", [2, 20])
def test_a_row_that_is_not_there_is_refused_before_anything_is_added(row: int, width: int) -> None:
    x = np.zeros((3, width))
    with pytest.raises(IndexError, match=f"index {row} is out of bounds for axis 0 with size 3"):
        add_at(x, np.ones((2, width)), np.array([0, row]), key=(INDEX,))
    assert not x.any()


def test_the_mean_of_windows_of_one_element_is_not_written_into_the_images() -> None:
    x = GENERATOR.normal(size=(2, 4, 4, 3))
    kept = x.copy()
    found = avg_pool(x, ksize=1, strides=2)
    found += 1
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(found, kept[:, ::2, ::2] + 1)
