"""Slices, splits and masks in TensorFlow's words equal NumPy's indexing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from symbolic import BACKENDS, run

import polyflow as pf
from polyflow.errors import ShapeError

X = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_slice_is_the_block_from_begin_of_the_size_given(backend: str) -> None:
    found = run(lambda x: pf.slice(x, [0, 1, 2], [2, -1, 1]), X, backend=backend)
    assert np.array_equal(found, X[0:2, 1:, 2:3])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("begin", "place"), [(1, 1), (9, 2), (-5, 0)], ids=["inside", "behind", "before"])
def test_a_slice_whose_begin_is_a_tensor_is_moved_inside(backend: str, begin: int, place: int) -> None:
    found = run(lambda x, b: pf.slice(x, [0, b, 1], [2, 1, -1 + 3]), X, np.int64(begin), backend=backend)
    assert np.array_equal(found, X[:, place : place + 1, 1:3])


CASES: list[tuple[dict[str, Any], Any]] = [
    ({"begin": [0, 1], "end": [2, 3]}, np.s_[0:2, 1:3]),
    ({"begin": [-1, 0], "end": [0, 3], "strides": [-1, 2], "end_mask": 1}, np.s_[-1::-1, 0:3:2]),
    ({"begin": [0, 0], "end": [0, 2], "ellipsis_mask": 1}, np.s_[..., 0:2]),
    ({"begin": [1, 0, 1], "end": [2, 0, 3], "new_axis_mask": 2, "shrink_axis_mask": 1}, np.s_[1, None, 1:3]),
    ({"begin": [5, 1], "end": [6, 9], "begin_mask": 1, "end_mask": 2}, np.s_[:6, 1:]),
]


@pytest.mark.parametrize(("given", "key"), CASES, ids=[str(key) for _, key in CASES])
def test_a_strided_slice_is_the_key_that_its_masks_spell(given: dict[str, Any], key: Any) -> None:
    begin, end, strides = given.pop("begin"), given.pop("end"), given.pop("strides", None)
    found = run(lambda x: pf.strided_slice(x, begin, end, strides, **given), X)
    assert np.array_equal(found, X[key])
    given.update(begin=begin, end=end, strides=strides)


@pytest.mark.parametrize("backend", BACKENDS)
def test_splits_of_a_tensor_of_unknown_type_are_as_many_as_asked(backend: str) -> None:
    found = run(lambda x: [*pf.split(x, 2, axis=-1), *pf.split(x, [1, -1], axis=1)], X, backend=backend)
    expected = [*np.split(X, 2, axis=-1), *np.split(X, [1], axis=1)]
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_a_split_that_does_not_come_out_even_is_refused_at_the_user_s_line() -> None:
    x = pf.placeholder("float32", (5,))
    with pytest.raises(ShapeError, match=r"split\(float32\[5\]\): 5 elements do not split into 2 equal parts"):
        pf.split(x, 2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_boolean_mask_keeps_what_is_true_along_an_axis(backend: str) -> None:
    mask = np.asarray([True, False, True])
    assert np.array_equal(run(lambda x: pf.boolean_mask(x, mask, axis=1), X, backend=backend), X[:, mask])


def test_reverse_names_its_axes_by_position() -> None:
    assert np.array_equal(run(lambda x: pf.reverse(x, [0, -1]), X), X[::-1, :, ::-1])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
def test_padding_mirrors_as_numpy_does(backend: str, mode: str) -> None:
    pairs = ((1, 0), (2, 1), (3, 3))
    assert np.array_equal(run(lambda x: pf.pad(x, pairs, mode=mode), X, backend=backend), np.pad(X, pairs, mode=mode))


@pytest.mark.parametrize(
    "options", [{}, {"exclusive": True}, {"reverse": True}, {"exclusive": True, "reverse": True}], ids=str
)
def test_running_sums_leave_out_the_element_or_start_at_the_end(options: dict[str, bool]) -> None:
    expected = np.zeros_like(X)
    for place in np.ndindex(X.shape):
        i = place[1]
        start, stop = (0, i + 1) if not options.get("reverse") else (i, 3)
        chosen = [k for k in range(start, stop) if k != i or not options.get("exclusive")]
        expected[place] = sum(X[place[0], k, place[2]] for k in chosen)
    assert np.array_equal(run(lambda x: pf.cumsum(x, 1, **options), X), expected)
    assert run(lambda x: pf.cumsum(x, **options), np.arange(3, dtype="int8")).dtype == np.int8
