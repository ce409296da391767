"""Functions that pick elements by integer indices. What square brackets do is in ``keys``."""

from __future__ import annotations

from polyflow.errors import ArgumentError, DTypeError, ShapeError, message
from polyflow_reference.array import Array
from polyflow_reference.shapes import broadcast_places, broadcast_shapes, normal_axis, places, strides


def take(x: Array, indices: Array, /, *, axis: int | None = None) -> Array:
    """The slices of x at these indices of an axis, which a vector need not name.

    >>> take(Array.of([[1, 2], [3, 4]]), Array.of([1, 0]), axis=1)
    Array([[2, 1], [4, 3]], int64)
    """
    _require_integers("take", indices)
    if axis is None and x.ndim != 1:
        raise ArgumentError(
            message("take: the axis is not named", found=f"rank {x.ndim}", needed="axis=..., or rank 1")
        )
    before = (slice(None),) * normal_axis(axis or 0, x.ndim)
    if indices.ndim == 0:
        taken = x[(*before, Array(indices.values, (1,), indices.dtype))]
        return Array(taken.values, x.shape[: len(before)] + x.shape[len(before) + 1 :], x.dtype)
    return x[(*before, indices)]


def take_along_axis(x: Array, indices: Array, /, *, axis: int = -1) -> Array:
    """For each element of ``indices``, the element of x at that index of the axis and at its own place in the others.

    >>> take_along_axis(Array.of([[1, 2], [3, 4]]), Array.of([[1], [0]]), axis=1)
    Array([[2], [3]], int64)
    """
    _require_integers("take_along_axis", indices)
    if indices.ndim != x.ndim:
        raise ShapeError(message("take_along_axis: ranks differ", found=f"{x.ndim} and {indices.ndim}"))
    axis = normal_axis(axis, x.ndim)
    length = x.shape[axis]
    others = broadcast_shapes(_with(x.shape, axis, 1), _with(indices.shape, axis, 1))
    shape = _with(others, axis, indices.shape[axis])
    # Each place in x: where the slice along the axis begins, and from there as far as the index says.
    steps = [0 if n == 1 else step for n, step in zip(_with(x.shape, axis, 1), strides(x.shape), strict=True)]
    beginnings = places(shape, tuple(steps))
    chosen = [indices.values[place] for place in broadcast_places(indices.shape, shape)]
    if any(not -length <= i < length for i in chosen):
        raise IndexError(message("take_along_axis: an index is out of range", needed=f"{-length} to {length - 1}"))
    step = strides(x.shape)[axis]
    return x.picked([start + i % length * step for start, i in zip(beginnings, chosen, strict=True)], shape)


def _with(shape: tuple[int, ...], axis: int, dimension: int) -> tuple[int, ...]:
    return (*shape[:axis], dimension, *shape[axis + 1 :])


def _require_integers(name: str, indices: Array) -> None:
    if not indices.dtype.is_integer:
        raise DTypeError(message(f"{name}: indices are no integers", found=indices.dtype, needed="an integer dtype"))
