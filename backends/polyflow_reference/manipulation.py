"""Other shapes for the same elements: reshaping, reordering, broadcasting. Joining and repeating are in ``joining``."""

from __future__ import annotations

from collections.abc import Sequence

from polyflow.errors import ArgumentError, AxisError, ShapeError, ValueRangeError, message
from polyflow_reference.array import Array
from polyflow_reference.shapes import (
    as_shape,
    broadcast_places,
    broadcast_shapes,
    normal_axes,
    normal_axis,
    resolve_unknown,
)


def reshape(x: Array, /, shape: Sequence[int], *, copy: bool | None = None) -> Array:
    """The elements in row-major order in another shape, in which one -1 stands for what is left.

    >>> reshape(Array.of([1, 2, 3, 4]), (2, -1))
    Array([[1, 2], [3, 4]], int64)
    """
    dimensions = resolve_unknown((shape,) if isinstance(shape, int) else shape, x.size)
    return Array(list(x.values) if copy else x.values, dimensions, x.dtype)


def permute_dims(x: Array, /, axes: Sequence[int]) -> Array:
    """The axes in another order: axis k of the result is axis axes[k] of x.

    >>> permute_dims(Array.of([[1, 2, 3]]), (1, 0))
    Array([[1], [2], [3]], int64)
    """
    order = normal_axes(axes, x.ndim)
    if len(order) != x.ndim:
        raise AxisError(message("permute_dims: not every axis is named", found=axes, needed=f"{x.ndim} axes"))
    return x.rearranged(order)


def moveaxis(x: Array, source: int | Sequence[int], destination: int | Sequence[int], /) -> Array:
    """Some axes moved to other places, the rest in their order.

    >>> moveaxis(Array.of([[[1, 2, 3]]]), 2, 0).shape
    (3, 1, 1)
    """
    sources, destinations = normal_axes(source, x.ndim), normal_axes(destination, x.ndim)
    if len(sources) != len(destinations):
        raise ArgumentError(
            message("moveaxis: as many sources as destinations are needed", found=f"{source} and {destination}")
        )
    moved = dict(zip(destinations, sources, strict=True))
    rest = (axis for axis in range(x.ndim) if axis not in sources)
    return x.rearranged([moved[axis] if axis in moved else next(rest) for axis in range(x.ndim)])


def expand_dims(x: Array, /, axis: int | Sequence[int]) -> Array:
    """New axes of length one, at these places of the result.

    >>> expand_dims(Array.of([1, 2]), 0)
    Array([[1, 2]], int64)
    """
    count = 1 if isinstance(axis, int) else len(axis)
    axes = normal_axes(axis, x.ndim + count)
    dimensions = iter(x.shape)
    shape = tuple(1 if k in axes else next(dimensions) for k in range(x.ndim + count))
    return Array(list(x.values), shape, x.dtype)


def squeeze(x: Array, /, axis: int | Sequence[int]) -> Array:
    """The array without these axes, which have length one.

    >>> squeeze(Array.of([[1, 2]]), 0)
    Array([1, 2], int64)
    """
    axes = normal_axes(axis, x.ndim)
    if any(x.shape[k] != 1 for k in axes):
        raise ShapeError(message("squeeze: an axis is longer than one", found=f"axis {axis} of shape {x.shape}"))
    return Array(list(x.values), tuple(n for k, n in enumerate(x.shape) if k not in axes), x.dtype)


def broadcast_to(x: Array, /, shape: Sequence[int]) -> Array:
    """The elements, repeated to fill a larger shape.

    >>> broadcast_to(Array.of([1, 2]), (2, 2))
    Array([[1, 2], [1, 2]], int64)
    """
    target = as_shape(shape)
    return x.picked(broadcast_places(x.shape, target), target)


def broadcast_arrays(*arrays: Array) -> tuple[Array, ...]:
    """The arrays, each repeated to fill the shape in which all meet.

    >>> broadcast_arrays(Array.of([1, 2]), Array.of([[3], [4]]))[0]
    Array([[1, 2], [1, 2]], int64)
    """
    shape = broadcast_shapes(*(x.shape for x in arrays))
    return tuple(broadcast_to(x, shape) for x in arrays)


def flip(x: Array, /, *, axis: int | Sequence[int] | None = None) -> Array:
    """The elements in reverse order along some axes, by default all.

    >>> flip(Array.of([1, 2, 3]))
    Array([3, 2, 1], int64)
    """
    axes = normal_axes(axis, x.ndim)
    return x[tuple(slice(None, None, -1) if k in axes else slice(None) for k in range(x.ndim))]


def roll(x: Array, /, shift: int | Sequence[int], *, axis: int | Sequence[int] | None = None) -> Array:
    """The elements moved along some axes; those that leave at the end come in at the front.

    >>> roll(Array.of([1, 2, 3]), 1)
    Array([3, 1, 2], int64)
    """
    if axis is None:
        if not isinstance(shift, int):
            raise ArgumentError(message("roll: several shifts need several axes", found=shift))
        return Array(_rolled(list(x.values), shift), x.shape, x.dtype)
    axes = tuple(normal_axis(a, x.ndim) for a in ((axis,) if isinstance(axis, int) else axis))
    shifts = (shift,) * len(axes) if isinstance(shift, int) else tuple(shift)
    if len(shifts) != len(axes):
        raise ValueRangeError(message("roll: as many shifts as axes are needed", found=f"{shift} and {axis}"))
    result = x
    for amount, k in zip(shifts, axes, strict=True):
        order = Array.of(_rolled(list(range(x.shape[k])), amount)) if x.shape[k] else slice(None)
        result = result[(*(slice(None),) * k, order)]
    return Array(list(result.values), x.shape, x.dtype)


def _rolled(values: list[int], shift: int) -> list[int]:
    cut = -shift % len(values) if values else 0
    return values[cut:] + values[:cut]
