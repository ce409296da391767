"""Arrays joined, cut apart and repeated."""

from __future__ import annotations

import math
from collections.abc import Sequence

from polyflow.errors import ArgumentError, ShapeError, ValueRangeError, message
from polyflow_reference.array import Array
from polyflow_reference.operands import common_dtype
from polyflow_reference.shapes import normal_axis


def concat(arrays: Sequence[Array], /, *, axis: int | None = 0) -> Array:
    """The arrays one after the other along an axis; with ``axis=None``, their elements in one vector.

    >>> concat([Array.of([[1, 2]]), Array.of([[3, 4]])])
    Array([[1, 2], [3, 4]], int64)
    """
    if not arrays:
        raise ArgumentError(message("concat: no arrays", needed="at least one"))
    dtype = common_dtype(*arrays)
    parts = [x.cast(dtype) for x in arrays]
    if axis is None:
        parts, axis = [Array(x.values, (x.size,), dtype) for x in parts], 0
    first = parts[0]
    axis = normal_axis(axis, first.ndim)
    if any(_others(x, axis) != _others(first, axis) for x in parts):
        shapes = " and ".join(str(x.shape) for x in arrays)
        raise ShapeError(message("concat: shapes differ", found=shapes, needed=f"the same but for axis {axis}"))
    # A row-major array is runs of equal length, one for each index of the axes before: the runs are interleaved.
    lengths = [math.prod(x.shape[axis:]) for x in parts]
    values = [
        value
        for run in range(math.prod(first.shape[:axis]))
        for x, length in zip(parts, lengths, strict=True)
        for value in x.values[run * length : (run + 1) * length]
    ]
    total = sum(x.shape[axis] for x in parts)
    return Array(values, (*first.shape[:axis], total, *first.shape[axis + 1 :]), dtype)


def _others(x: Array, axis: int) -> tuple[int, ...]:
    return (*x.shape[:axis], -1, *x.shape[axis + 1 :])


def stack(arrays: Sequence[Array], /, *, axis: int = 0) -> Array:
    """The arrays, which have the same shape, side by side along a new axis.

    >>> stack([Array.of([1, 2]), Array.of([3, 4])], axis=1)
    Array([[1, 3], [2, 4]], int64)
    """
    if not arrays:
        raise ArgumentError(message("stack: no arrays", needed="at least one"))
    if len({x.shape for x in arrays}) > 1:
        raise ShapeError(message("stack: shapes differ", found=" and ".join(str(x.shape) for x in arrays)))
    axis = normal_axis(axis, arrays[0].ndim + 1)
    return concat([Array(x.values, (*x.shape[:axis], 1, *x.shape[axis:]), x.dtype) for x in arrays], axis=axis)


def unstack(x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    """The slices of an array along an axis.

    >>> unstack(Array.of([[1, 2], [3, 4]]))
    (Array([1, 2], int64), Array([3, 4], int64))
    """
    before = (slice(None),) * normal_axis(axis, x.ndim)
    return tuple(x[(*before, k)] for k in range(x.shape[axis]))


def repeat(x: Array, repeats: int | Array, /, *, axis: int | None = None) -> Array:
    """Each element several times along an axis; with ``axis=None``, in one vector.

    >>> repeat(Array.of([1, 2]), 2), repeat(Array.of([1, 2]), Array.of([0, 3]))
    (Array([1, 1, 2, 2], int64), Array([2, 2, 2], int64))
    """
    if axis is None:
        x, axis = Array(x.values, (x.size,), x.dtype), 0
    axis = normal_axis(axis, x.ndim)
    length = x.shape[axis]
    counts = list(repeats.values) if isinstance(repeats, Array) else [repeats]
    if len(counts) == 1:
        counts *= length
    if len(counts) != length:
        raise ShapeError(message("repeat: as many counts as elements are needed", found=len(counts), needed=length))
    if any(count < 0 for count in counts):
        raise ValueRangeError(message("repeat: a count is negative", found=min(counts), needed="zero or more"))
    return _along(x, axis, [k for k, count in enumerate(counts) for _ in range(count)])


def tile(x: Array, repetitions: Sequence[int], /) -> Array:
    """Copies of the whole array side by side, so many along each axis.

    >>> tile(Array.of([1, 2]), (2, 2))
    Array([[1, 2, 1, 2], [1, 2, 1, 2]], int64)
    """
    rank = max(x.ndim, len(repetitions))
    result = Array(list(x.values), (1,) * (rank - x.ndim) + x.shape, x.dtype)
    for axis, count in enumerate((1,) * (rank - len(repetitions)) + tuple(repetitions)):
        if count != 1:
            result = _along(result, axis, list(range(result.shape[axis])) * count)
    return result


def _along(x: Array, axis: int, positions: list[int]) -> Array:
    """The slices of ``x`` at these positions of an axis."""
    inner = math.prod(x.shape[axis + 1 :])
    run = x.shape[axis] * inner
    values = [
        value
        for start in range(0, run * math.prod(x.shape[:axis]), run or 1)
        for position in positions
        for value in x.values[start + position * inner : start + (position + 1) * inner]
    ]
    return Array(values, (*x.shape[:axis], len(positions), *x.shape[axis + 1 :]), x.dtype)
