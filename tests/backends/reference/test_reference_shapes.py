"""Creation, manipulation and joining of arrays of the reference backend against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from polyflow_reference import namespace as xp
from reference_oracle import assert_close, assert_same, to_reference

from polyflow.errors import ArgumentError, AxisError, ShapeError, ValueRangeError

X = np.arange(24).reshape(2, 3, 4)


def both(function: Any, *arrays: np.ndarray, **options: Any) -> None:
    """A function that NumPy has under the same name gives the same in both."""
    found = getattr(xp, function)(*map(to_reference, arrays), **options)
    expected = getattr(np, function)(*arrays, **options)
    if isinstance(expected, (tuple, list)):
        assert isinstance(found, tuple)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    else:
        assert_same(found, expected)


@pytest.mark.parametrize(
    ("function", "options"),
    [("reshape", {"shape": (4, -1)}), ("reshape", {"shape": (24,)}), ("permute_dims", {"axes": (2, 0, 1)}),
     ("permute_dims", {"axes": (-1, 0, 1)}), ("expand_dims", {"axis": 1}), ("expand_dims", {"axis": (0, -1)}),
     ("flip", {}), ("flip", {"axis": 1}), ("flip", {"axis": (0, -1)}), ("roll", {"shift": 5}),
     ("roll", {"shift": -1, "axis": 1}), ("roll", {"shift": (1, 2), "axis": (0, 2)}),
     ("roll", {"shift": (1, 2), "axis": (2, 2)}), ("unstack", {}), ("unstack", {"axis": -1}),
     ("matrix_transpose", {}), ("tril", {}), ("triu", {"k": 1}), ("tril", {"k": -1})],
)  # fmt: skip
def test_rearrangements(function: str, options: dict[str, Any]) -> None:
    both(function, X, **options)


@pytest.mark.parametrize(("source", "destination"), [(0, 2), (-1, 0), ((0, 1), (-1, 0))])
def test_moved_axes(source: Any, destination: Any) -> None:
    assert_same(xp.moveaxis(to_reference(X), source, destination), np.moveaxis(X, source, destination))


def test_squeezed_axes() -> None:
    x = X.reshape(2, 1, 12, 1)
    assert xp.squeeze(to_reference(x), (1, -1)).shape == (2, 12)
    with pytest.raises(ShapeError, match="longer than one"):
        xp.squeeze(to_reference(x), 0)


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_joined_arrays(axis: int | None) -> None:
    x, y = to_reference(X), to_reference(X.astype("int8") - 3)
    assert_same(xp.concat([x, y, x], axis=axis), np.concat([X, X.astype("int8") - 3, X], axis=axis))
    if axis is not None:
        assert_same(xp.stack([x, y], axis=axis), np.stack([X, X.astype("int8") - 3], axis=axis))


@pytest.mark.parametrize("axis", [0, 1, 2, None])
def test_repeated_elements(axis: int | None) -> None:
    assert_same(xp.repeat(to_reference(X), 3, axis=axis), np.repeat(X, 3, axis=axis))
    counts = np.arange(X.size if axis is None else X.shape[axis])
    assert_same(xp.repeat(to_reference(X), to_reference(counts), axis=axis), np.repeat(X, counts, axis=axis))


@pytest.mark.parametrize("repetitions", [(2,), (1, 2), (2, 1, 3), (2, 1, 1, 2), (0, 1, 1), ()])
def test_tiles(repetitions: tuple[int, ...]) -> None:
    assert_same(xp.tile(to_reference(X), repetitions), np.tile(X, repetitions))


def test_broadcast_arrays_and_shapes() -> None:
    both("broadcast_arrays", np.arange(3), np.arange(2).reshape(2, 1), np.array(7))
    assert_same(xp.broadcast_to(xp.arange(3), (2, 3)), np.broadcast_to(np.arange(3), (2, 3)))
    assert xp.broadcast_shapes((2, 1), (0,) * 0, (1, 3)) == (2, 3)
    for shapes in (((2,), (3,)), ((2, 3), (2, 4))):
        with pytest.raises(ShapeError):
            xp.broadcast_shapes(*shapes)
    with pytest.raises(ShapeError):
        xp.broadcast_to(xp.zeros((2, 3)), (3,))


@pytest.mark.parametrize("indexing", ["xy", "ij"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_grids(indexing: str, count: int) -> None:
    both("meshgrid", *(np.arange(2 + k) for k in range(count)), indexing=indexing)


@pytest.mark.parametrize("bounds", [(5,), (2, 7), (7, 2, -2), (0, 1, 0.1), (1, -1, -0.5), (3, 3), (5, 1), (-3.5, 4)])
def test_ranges(bounds: tuple[float, ...]) -> None:
    dtype = "int64" if all(isinstance(bound, int) for bound in bounds) else "float32"
    assert_close(xp.arange(*bounds), np.arange(*bounds).astype(dtype), ulps=1)


def test_a_range_of_large_integers_is_exact() -> None:
    assert xp.arange(2**62, 2**62 + 3).tolist() == [2**62, 2**62 + 1, 2**62 + 2]
    assert xp.arange(2**53 + 1, 0, -(2**53)).tolist() == [2**53 + 1, 1]


SPANS = [(0.0, 1.0, 5), (-2.0, 3.0, 7), (1.0, 1.0, 3), (1.0, 2.0, 1), (0.0, 1.0, 0)]


@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize(
    ("start", "stop", "num"), [(0.0, 1.0, 5), (-2.0, 3.0, 7), (1.0, 1.0, 3), (1.0, 2.0, 1), (0.0, 1.0, 0)]
)
def test_evenly_spaced_numbers(start: float, stop: float, num: int, endpoint: bool) -> None:
    expected = np.linspace(start, stop, num, endpoint=endpoint).astype("float32")
    assert_close(xp.linspace(start, stop, num, endpoint=endpoint), expected, ulps=1, scale=1.0)


def test_evenly_spaced_numbers_end_where_asked_and_may_be_complex() -> None:
    assert xp.linspace(0.1, 0.7, 11, dtype=xp.float64).tolist()[-1] == 0.7
    assert xp.linspace(0, 1j, 3).tolist() == [0j, 0.5j, 1j]


@pytest.mark.parametrize(("rows", "columns", "k"), [(3, None, 0), (2, 4, 1), (4, 2, -1), (3, 3, 5), (0, 2, 0)])
def test_ones_on_a_diagonal(rows: int, columns: int | None, k: int) -> None:
    assert_same(xp.eye(rows, columns, k=k), np.eye(rows, columns, k=k, dtype="float32"))


def test_filled_arrays() -> None:
    x = to_reference(X.astype("int16"))
    assert_same(xp.zeros((2, 3), dtype=xp.int8), np.zeros((2, 3), "int8"))
    assert_same(xp.ones(2), np.ones(2, "float32"))
    assert_same(xp.full((2,), True), np.full((2,), True))
    assert_same(xp.full_like(x, 3), np.full_like(X.astype("int16"), 3))
    assert_same(xp.ones_like(x, dtype=xp.float64), np.ones_like(X, "float64"))
    assert xp.empty_like(x).shape == X.shape


@pytest.mark.parametrize(
    ("call", "error"),
    [(lambda x: xp.expand_dims(x, 4), AxisError), (lambda x: xp.permute_dims(x, (0, 1)), AxisError),
     (lambda x: xp.permute_dims(x, (0, 0, 1)), AxisError), (lambda x: xp.reshape(x, (5, -1)), ShapeError),
     (lambda x: xp.reshape(x, (-1, -1)), ShapeError), (lambda x: xp.concat([x, x[:, :2]]), ShapeError),
     (lambda x: xp.stack([x, x[0]]), ShapeError), (lambda x: xp.concat([]), ArgumentError),
     (lambda x: xp.flip(x, axis=3), AxisError), (lambda x: xp.arange(0, 1, 0), ValueRangeError),
     (lambda x: xp.zeros(-1), ValueRangeError), (lambda x: xp.unstack(x, axis=5), AxisError),
     (lambda x: xp.repeat(x, -1), ValueRangeError), (lambda x: xp.tril(x[0, 0]), ShapeError),
     (lambda x: x.T, ShapeError), (lambda x: x[0, 0].mT, ShapeError),
     (lambda x: xp.asarray(x, dtype=xp.int8, copy=False), ValueError),
     (lambda x: xp.asarray([1], copy=False), ValueError)],
)  # fmt: skip
def test_calls_that_make_no_sense_are_refused(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call(to_reference(X))


def test_reshape_shares_elements_unless_a_copy_is_asked_for() -> None:
    x = xp.zeros(4)
    shared, copied = xp.reshape(x, (2, 2)), xp.reshape(x, (2, 2), copy=True)
    x[0] = 1.0
    assert (shared[0, 0].item(), copied[0, 0].item()) == (1.0, 0.0)


def test_asarray_shares_an_array_and_copies_on_request() -> None:
    x = xp.zeros(2)
    assert xp.asarray(x) is x
    y = xp.asarray(x, copy=True)
    x[0] = 1.0
    assert y.tolist() == [0.0, 0.0]
    assert xp.asarray([xp.asarray(1), xp.asarray(2.5)]).tolist() == [1.0, 2.5]
