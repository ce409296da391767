"""Arithmetic of shapes, against NumPy wherever everything is known."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from polyflow.core.shapes import (
    broadcast_shapes,
    normal_axes,
    normal_axis,
    product,
    reduced_shape,
    single_axis,
    windows,
)
from polyflow.errors import ArgumentError, AxisError, ShapeError, ValueRangeError

SIZES = (0, 1, 2, 3)
KNOWN = [shape for rank in range(3) for shape in itertools.product(SIZES, repeat=rank)]
OPEN = [shape for rank in range(3) for shape in itertools.product((None, 0, 1, 3), repeat=rank)]


def fill(shape: tuple[int | None, ...], size: int) -> tuple[int, ...]:
    return tuple(size if each is None else each for each in shape)


def numpy_broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None


def test_known_shapes_broadcast_as_in_numpy() -> None:
    for left, right in itertools.product(KNOWN, KNOWN):
        expected = numpy_broadcast(left, right)
        if expected is None:
            with pytest.raises(ShapeError):
                broadcast_shapes(left, right)
        else:
            assert broadcast_shapes(left, right) == expected, (left, right)


def test_three_shapes_broadcast_as_in_numpy() -> None:
    for shapes in itertools.product([(), (1,), (2,), (2, 1), (1, 3), (0, 1)], repeat=3):
        expected = numpy_broadcast(*shapes)
        if expected is not None:
            assert broadcast_shapes(*shapes) == expected


def test_the_shape_promised_for_unknown_dimensions_is_kept_by_every_size_they_may_take() -> None:
    for left, right in itertools.product(OPEN, OPEN):
        try:
            promised = broadcast_shapes(left, right)
        except ShapeError:
            promised = None
        for sizes in itertools.product(SIZES, repeat=2):
            found = numpy_broadcast(fill(left, sizes[0]), fill(right, sizes[1]))
            if promised is None:
                assert found is None, f"{left} and {right} were refused, but {sizes} fit"
            elif found is not None:
                assert len(found) == len(promised)
                assert all(need in (None, have) for need, have in zip(promised, found, strict=True)), (left, right)


def test_no_shape_broadcasts_to_that_of_a_scalar() -> None:
    assert broadcast_shapes() == ()


def test_shapes_that_do_not_broadcast_are_named_with_a_remedy() -> None:
    with pytest.raises(ShapeError) as caught:
        broadcast_shapes((2, 3), (4,))
    assert str(caught.value) == (
        "shapes (2, 3) and (4,) do not broadcast\n"
        "  needed:  from the right, sizes that are equal or 1\n"
        "  try:     reshape or expand_dims one operand so that its axes line up"
    )


@pytest.mark.parametrize(("axis", "rank", "expected"), [(0, 1, 0), (-1, 3, 2), (-3, 3, 0), (np.int64(1), 2, 1)])
def test_an_axis_is_counted_from_the_front(axis: int, rank: int, expected: int) -> None:
    assert normal_axis(axis, rank) == expected


@pytest.mark.parametrize(("axis", "rank"), [(3, 3), (-4, 3), (0, 0), (-1, 0)])
def test_an_axis_outside_the_rank_is_refused(axis: int, rank: int) -> None:
    with pytest.raises(AxisError, match=f"axis {axis} is out of range for rank {rank}"):
        normal_axis(axis, rank)


@pytest.mark.parametrize("axis", [1.0, "0", 1.5, {}])
def test_an_axis_that_is_no_whole_number_is_refused(axis: Any) -> None:
    with pytest.raises(ArgumentError, match="an axis is a whole number"):
        normal_axis(axis, 3)


@pytest.mark.parametrize("axes", [(0, 0), (0, -3), (1, -2, 2)])
def test_an_axis_named_twice_is_refused(axes: tuple[int, ...]) -> None:
    with pytest.raises(AxisError, match="names one axis twice"):
        normal_axes(axes, 3)


def test_no_axis_means_all_of_them_but_an_empty_tuple_none() -> None:
    assert normal_axes(None, 3) == (0, 1, 2)
    assert normal_axes((), 3) == ()


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (), (2, 0, 1)])
def test_a_reduction_leaves_the_shape_that_numpy_leaves(axis: Any, keepdims: bool) -> None:
    expected = np.sum(np.ones((2, 3, 4)), axis=axis, keepdims=keepdims).shape
    assert reduced_shape((2, 3, 4), axis, keepdims) == expected


def test_a_single_axis_may_be_left_out_only_for_rank_one() -> None:
    assert single_axis(None, 1) == 0
    with pytest.raises(AxisError, match="needs an axis for rank 2"):
        single_axis(None, 2)
    with pytest.raises(AxisError, match="takes one axis"):
        single_axis((0,), 2)


@pytest.mark.parametrize(
    ("sizes", "expected"), [((), 1), ((2, 3), 6), ((None, 3), None), ((None, 0), 0), ((0, None), 0), ((0, None, 2), 0)]
)
def test_a_product_with_an_unknown_size_is_known_only_when_another_is_zero(sizes: Any, expected: int | None) -> None:
    assert product(sizes) == expected


@pytest.mark.parametrize("size", range(1, 9))
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("window", [1, 2, 3])
def test_same_padding_gives_as_many_windows_as_strides_begin(size: int, stride: int, window: int) -> None:
    found = windows(window, stride, "SAME", "NHWC")
    ((before, after), _) = found.pads((1, size, size, 1))
    assert found.counts((1, size, size, 1))[0] == -(-size // stride)
    assert after - before in (0, 1)
    assert (size + before + after - window) // stride + 1 >= -(-size // stride)


def test_a_window_larger_than_the_image_is_refused() -> None:
    with pytest.raises(ShapeError, match="a window spans 5 elements, more than axis 1 has"):
        windows(3, 1, "VALID", "NHWC", 2).counts((1, 4, 9, 1))


@pytest.mark.parametrize("sizes", [0, (1, 2, 3), (2, 2, 2, 1), -1])
def test_window_sizes_that_make_no_sense_are_refused(sizes: Any) -> None:
    with pytest.raises(ValueRangeError, match="window sizes that make no sense"):
        windows(sizes, 1, "SAME", "NHWC")


@pytest.mark.parametrize("padding", ["FULL", (1, 1), ((1, -1), (0, 0)), 3])
def test_padding_that_makes_no_sense_is_refused(padding: Any) -> None:
    with pytest.raises(ValueRangeError, match="padding that makes no sense"):
        windows(2, 1, padding, "NHWC")
