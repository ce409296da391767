"""Square brackets, ``take`` and ``take_along_axis`` of the reference backend against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from polyflow_reference import namespace as xp
from reference_oracle import assert_same, to_reference

every_example_the_same = settings(derandomize=True, max_examples=60, deadline=None)
SHAPE = (3, 4, 2)


def counted(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(np.prod(shape, dtype=int)).reshape(shape)


def as_key(key: Any) -> Any:
    """A NumPy key with its arrays as arrays of the reference backend."""
    if isinstance(key, tuple):
        return tuple(map(as_key, key))
    return to_reference(key) if isinstance(key, np.ndarray) else key


@every_example_the_same
@given(st.data())
def test_ints_slices_ellipsis_and_newaxis(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4))
    key = data.draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    assert_same(to_reference(counted(shape))[key], counted(shape)[key])


@every_example_the_same
@given(st.data())
def test_integer_arrays(data: st.DataObject) -> None:
    key = data.draw(hnp.integer_array_indices(SHAPE, result_shape=hnp.array_shapes(max_dims=2, max_side=3)))
    assert_same(to_reference(counted(SHAPE))[as_key(key)], counted(SHAPE)[key])


MIXED = [
    (np.array([0, 2]),),
    (np.array([0, -1]), 1),
    (np.array([0, 2]), slice(None), np.array([1, 0])),
    (slice(1, None), np.array([[0], [3]]), 0),
    (slice(None), np.array([1, 2]), slice(None, None, -1)),
    (..., np.array([1, 0, 1])),
    (np.array([1]), None, np.array([2])),
    (None, np.array([1, 1]), ..., 0),
    (0, slice(None), np.array([0, 1])),
    (np.array(1), np.array([0, 1])),
    (counted(SHAPE) % 3 == 0,),
    (counted((3, 4)) % 5 == 0, np.array([1])),
    (np.array([True, False, True]),),
    (slice(None), np.array([True, False, True, False]), 1),
    (np.array([True, False, True]), ..., np.array([0, 1])),
    (np.array(True),),
    (np.array(False), ..., 0),
    (np.zeros((0,), int),),
    (np.zeros((3, 4), bool),),
]  # fmt: skip


@pytest.mark.parametrize("key", MIXED, ids=repr)
def test_keys_that_mix_arrays_and_slices_follow_numpy(key: tuple[Any, ...]) -> None:
    assert_same(to_reference(counted(SHAPE))[as_key(key)], counted(SHAPE)[key])


@pytest.mark.parametrize("key", MIXED, ids=repr)
def test_assignment_reaches_what_the_key_selects(key: tuple[Any, ...]) -> None:
    expected, found = counted(SHAPE), to_reference(counted(SHAPE))
    new = -1 - counted(expected[key].shape)
    expected[key] = new
    found[as_key(key)] = to_reference(new)
    assert_same(found, expected)


@every_example_the_same
@given(st.data())
def test_assignment_of_scalars_and_broadcast_arrays(data: st.DataObject) -> None:
    key = data.draw(hnp.basic_indices(SHAPE))
    expected, found = counted(SHAPE), to_reference(counted(SHAPE))
    expected[key], found[key] = 77, 77
    assert_same(found, expected)
    row = counted((2,))
    if expected[key].shape[-1:] == (2,):
        expected[key], found[key] = row, to_reference(row)
        assert_same(found, expected)


def test_an_array_may_be_assigned_to_its_own_reverse() -> None:
    x = xp.asarray([1, 2, 3])
    x[::-1] = x
    assert x.tolist() == [3, 2, 1]


def test_assignment_keeps_the_dtype_of_the_array() -> None:
    x = xp.zeros(3, dtype=xp.float32)
    x[0], x[1] = 1, xp.asarray(0.1, dtype=xp.float16)
    assert (x.dtype, x.tolist()[0]) == (xp.float32, 1.0)
    for value in (1j, xp.asarray(1.0, dtype=xp.float64)):
        with pytest.raises(TypeError):
            x[2] = value


@pytest.mark.parametrize(
    "key",
    [3, -4, (0, 4), (0, 0, 0, 0), (..., ...), np.array([3]), np.zeros((4, 4), bool), (0, np.array([True]))],
    ids=repr,
)
def test_keys_out_of_range_raise_an_index_error(key: Any) -> None:
    with pytest.raises(IndexError):
        to_reference(counted(SHAPE))[as_key(key)]


@pytest.mark.parametrize("key", [1.0, "a", np.array([0.5])], ids=repr)
def test_keys_of_another_type_are_refused(key: Any) -> None:
    with pytest.raises(TypeError, match="index"):
        to_reference(counted(SHAPE))[as_key(key)]


def test_integers_of_other_libraries_are_indices() -> None:
    x = counted(SHAPE)
    for key in ((np.int8(1),), (np.uint64(2), np.array([0, 1])), (slice(np.int64(1), None),)):
        assert_same(to_reference(x)[as_key(key)], x[key])


def test_iteration_goes_along_the_first_axis() -> None:
    assert [row.tolist() for row in xp.asarray([[1, 2], [3, 4]])] == [[1, 2], [3, 4]]
    assert len(xp.zeros((5, 0))) == 5
    with pytest.raises(TypeError, match="rank 0"):
        iter(xp.asarray(1)).__next__()


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("indices", [[0, 1, 1], [-1, 0], []])
def test_take(axis: int, indices: list[int]) -> None:
    chosen = np.array(indices, "int64")
    assert_same(
        xp.take(to_reference(counted(SHAPE)), to_reference(chosen), axis=axis), counted(SHAPE).take(chosen, axis)
    )


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_take_along_axis_undoes_argsort(axis: int) -> None:
    x = np.random.default_rng(0).integers(0, 9, SHAPE)
    order = np.argsort(x, axis=axis, stable=True)
    found = xp.take_along_axis(to_reference(x), xp.argsort(to_reference(x), axis=axis), axis=axis)
    assert_same(found, np.take_along_axis(x, order, axis))


def test_take_along_axis_broadcasts_the_other_axes() -> None:
    x, indices = counted((3, 1, 4)), np.array([[[0, -1], [2, 2]]])
    assert_same(xp.take_along_axis(to_reference(x), to_reference(indices)), np.take_along_axis(x, indices, -1))


def test_where_picks_and_promotes() -> None:
    condition = np.array([[True], [False]])
    x, y = np.array([1, 2], "int8"), np.array([3, 4], "int16")
    assert_same(xp.where(to_reference(condition), to_reference(x), to_reference(y)), np.where(condition, x, y))
    assert xp.where(xp.asarray(True), 1, 2.5).item() == 1.0


def test_nonzero_lists_indices_in_row_major_order() -> None:
    x = np.array([[0, 1, 2], [3, 0, 4]])
    for found, expected in zip(xp.nonzero(to_reference(x)), np.nonzero(x), strict=True):
        assert_same(found, expected)
