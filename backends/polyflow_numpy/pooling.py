"""Pooling in NumPy: along one axis after the other, whole rows of a few images at a time, written in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from math import prod
from typing import Any

import numpy as np

from polyflow.core.shapes import Windows, windows
from polyflow.extension import Kernel
from polyflow_numpy.quiet import LONG, on_long_rows

Array = np.ndarray[Any, Any]

_ROOM = 1 << 19  # bytes of what is left of a few images between the two axes


def max_pool(
    x: Array, /, *, ksize: Any, strides: Any = None, padding: Any = "SAME", data_format: str = "NHWC"
) -> Array:
    """The op of that name."""
    over = windows(ksize, ksize if strides is None else strides, padding, data_format)
    return _reduced(np.maximum, _padded(x, over, _least(x)), over)


def max_pool_gradient(
    x: Array, g: Array, /, *, ksize: Any, strides: Any = None, padding: Any = "SAME", data_format: str = "NHWC"
) -> Array:
    """The op of that name."""
    over = windows(ksize, ksize if strides is None else strides, padding, data_format)
    full = np.zeros(_padded_shape(x.shape, over), g.dtype)
    sizes: Any = over.sizes
    overlap = any(stride < size for stride, size in zip(over.strides, sizes, strict=True))
    for hit, place in _hits(x, over):
        part = _selected(g, hit)
        full[place] = full[place] + part if overlap else part
    return full[_inside(x, over)]


def max_pool_chosen(
    x: Array, values: Array, /, *, ksize: Any, strides: Any = None, padding: Any = "SAME", data_format: str = "NHWC"
) -> Array:
    """The op of that name."""
    over = windows(ksize, ksize if strides is None else strides, padding, data_format)
    full = _padded(values, over, 0)
    result: Array | None = None
    for hit, place in _hits(x, over):
        if result is None:
            result = np.zeros(hit.shape, values.dtype)
        result += _selected(full[place], hit)
    assert result is not None, "a window has elements"
    return result


def avg_pool(
    x: Array, /, *, ksize: Any, strides: Any = None, padding: Any = "SAME", data_format: str = "NHWC"
) -> Array:
    """The op of that name."""
    over = windows(ksize, ksize if strides is None else strides, padding, data_format)
    members = _members(x.shape, over, x.dtype)
    if over.sizes == (1, 1):  # read where they are
        return _divided(_reduced(np.add, _padded(x, over, 0), over), members, None)
    if not isinstance(members, int):
        total = _reduced(np.add, _padded(x, over, 0), over)
        return _divided(total, members, total)
    return _reduced(np.add, _padded(x, over, 0), over, lambda total: _divided(total, members, total))


def _divided(total: Array, members: Any, out: Array | None) -> Array:
    if isinstance(members, int) and members & (members - 1) == 0:  # a power of two: the product is exact too
        mean: Array = np.multiply(total, total.dtype.type(1 / members), out=out)
    else:
        mean = np.divide(total, members, out=out)
    return mean


def avg_pool_gradient(
    g: Array,
    /,
    *,
    size: tuple[int, int],
    ksize: Any,
    strides: Any = None,
    padding: Any = "SAME",
    data_format: str = "NHWC",
) -> Array:
    """The op of that name."""
    over = windows(ksize, ksize if strides is None else strides, padding, data_format)
    shape = list(g.shape)
    for axis, length in zip(over.axes, size, strict=True):
        shape[axis] = length
    part: Array = g / _members(tuple(shape), over, g.dtype)
    pads, counts = over.pads(shape), over.counts(shape)
    for axis, (before, after), count, window, stride in _each_axis(over, pads, counts):
        full_shape = [*part.shape]
        full_shape[axis] = before + shape[axis] + after
        full = np.zeros(full_shape, g.dtype)
        for start in range(window):
            full[_along(axis, start, count, stride)] += part
        part = full[_along(axis, before, shape[axis], 1)]
    return part


KERNELS: dict[str, Kernel] = {
    "nn.max_pool": max_pool,
    "nn.max_pool_gradient": max_pool_gradient,
    "nn.max_pool_chosen": max_pool_chosen,
    "nn.avg_pool": avg_pool,
    "nn.avg_pool_gradient": avg_pool_gradient,
}


def _selected(x: Array, chosen: Array) -> Array:
    """``where(chosen, x, 0)`` as a product of bits, which costs a sixth and keeps infinities apart."""
    bits: Array = np.multiply(x.view(f"i{x.itemsize}"), chosen)
    return bits.view(x.dtype)


def _each_axis(over: Windows, pads: Any, counts: Any) -> Iterator[tuple[int, tuple[int, int], int, int, int]]:
    sizes: Any = over.sizes
    return zip(over.axes, pads, counts, sizes, over.strides, strict=True)


def _along(axis: int, start: int, count: int, stride: int) -> tuple[slice, ...]:
    return (slice(None),) * axis + (slice(start, start + max((count - 1) * stride + 1, 0), stride),)


def _least(x: Array) -> Any:
    return np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf


@cache
def _padded_shape(image: tuple[int, ...], over: Windows) -> tuple[int, ...]:
    shape = list(image)
    for axis, (before, after) in zip(over.axes, over.pads(image), strict=True):
        shape[axis] += before + after
    return tuple(shape)


def _inside(x: Array, over: Windows) -> tuple[slice, ...]:
    """Where the image lies in its padded form."""
    index = [slice(None)] * x.ndim
    for axis, (before, _) in zip(over.axes, over.pads(x.shape), strict=True):
        index[axis] = slice(before, before + x.shape[axis])
    return tuple(index)


def _padded(x: Array, over: Windows, value: Any) -> Array:
    shape = _padded_shape(x.shape, over)
    if shape == x.shape:
        return x
    result = np.full(shape, value, x.dtype)
    result[_inside(x, over)] = x
    return result


def _reduced(ufunc: Callable[..., Any], x: Array, over: Windows, finish: Callable[[Array], Any] | None = None) -> Array:
    """``ufunc`` over each window of padded images, in new memory unless a window is one element; ``finish`` changes
    that in place while it is in the cache."""
    counts = _counts(x.shape, over)
    step = _images_at_once(x, over)
    if step < len(x):
        return _by_images(ufunc, x, over, counts, step, finish)
    places = _taps(x.shape, over)
    if places:
        x = _joined(ufunc, [x[each] for each in places])
    else:
        for axis, _, count, window, stride in _each_axis(over, over.axes, counts):
            x = _joined(ufunc, [x[_along(axis, start, count, stride)] for start in range(window)])
    if finish is not None:
        finish(x)
    return x


def _images_at_once(x: Array, over: Windows) -> int:
    """How many images are worked on at a time, so that what the first axis leaves of them stays in the cache; all of
    them where windows lie along one axis only, or where an image is too large."""
    left = x.nbytes // max(len(x) * over.strides[0], 1)
    return max(_ROOM // max(left, 1), 1) if 1 not in over.sizes and left <= 4 * _ROOM else len(x)


def _by_images(
    ufunc: Callable[..., Any],
    x: Array,
    over: Windows,
    counts: Sequence[int],
    step: int,
    finish: Callable[[Array], Any] | None,
) -> Array:
    """Along the first axis, where whole rows lie together, then along the second; ``step`` images at a time."""
    sizes: Any = over.sizes
    places = [
        [_along(axis, start, count, stride) for start in range(window)]
        for axis, count, window, stride in zip(over.axes, counts, sizes, over.strides, strict=True)
    ]
    shape = list(x.shape)
    shape[over.axes[0]] = counts[0]
    room = np.empty((step, *shape[1:]), x.dtype)
    shape[over.axes[1]] = counts[1]
    result = np.empty(shape, x.dtype)
    first = on_long_rows(ufunc) if prod(x.shape[over.axes[1] :]) >= LONG else ufunc
    for start in range(0, len(x), step):
        images = x[start : start + step]
        rows = _joined(first, [images[each] for each in places[0]], room[: len(images)])
        part = _joined(ufunc, [rows[each] for each in places[1]], result[start : start + step])
        if finish is not None:
            finish(part)
    return result


def _joined(ufunc: Callable[..., Any], parts: Sequence[Array], out: Array | None = None) -> Array:
    """``ufunc`` of the first two parts, of that and the third, and so on; a single part is itself."""
    if len(parts) == 1:
        return parts[0]
    result: Array = ufunc(parts[0], parts[1], out=out)
    for each in parts[2:]:
        ufunc(result, each, out=result)
    return result


@cache
def _taps(shape: tuple[int, ...], over: Windows) -> list[tuple[slice, ...]]:
    """Where each element of the windows lies in padded images of ``shape``, if going over these is the least work.

    One axis after the other takes fewer steps, but the first of them over all columns that the windows cover.
    """
    sizes: Any = over.sizes
    if sizes[0] * sizes[1] - 1 > (sizes[0] - 1) * over.strides[1] + sizes[1] - 1:
        return []
    return [_place(len(shape), over, tap, _counts(shape, over)) for tap in np.ndindex(*sizes)]


def _counts(shape: tuple[int, ...], over: Windows) -> list[int]:
    """How many windows fit along each spatial axis of padded images: none where there was nothing to be padded."""
    sizes: Any = over.sizes
    triples = zip(over.axes, sizes, over.strides, strict=True)
    return [max((shape[axis] - size) // stride + 1, 0) for axis, size, stride in triples]


def _place(rank: int, over: Windows, tap: Sequence[int], counts: Sequence[int]) -> tuple[slice, ...]:
    """Where one element of all windows lies in padded images."""
    index = [slice(None)] * rank
    for axis, start, count, stride in zip(over.axes, tap, counts, over.strides, strict=True):
        index[axis] = _along(0, start, count, stride)[0]
    return tuple(index)


def _hits(x: Array, over: Windows) -> Iterator[tuple[Array, tuple[slice, ...]]]:
    """For each element of a window: in which windows it is the one chosen, and where it lies in padded images."""
    least = _least(x)
    full = _padded(x, over, least)
    greatest = _reduced(np.maximum, full, over)
    has_nan = x.dtype.kind == "f" and bool(np.isnan(greatest).any())
    # Padding is equal to the greatest only where all elements are least: there its places are ruled out one by one.
    is_pad_equal = full is not x and bool((greatest == least).any())
    inside = _padded(np.ones(x.shape, np.bool_), over, False) if is_pad_equal else None
    free = np.ones(greatest.shape, np.bool_)
    counts: Any = over.counts(x.shape)
    sizes: Any = over.sizes
    for row, column in np.ndindex(*sizes):
        place = _place(x.ndim, over, (row, column), counts)
        tap = full[place]
        hit = tap == greatest
        if has_nan:
            hit |= tap != tap
        if inside is not None:
            hit &= inside[place]
        hit &= free
        free ^= hit
        yield hit, place


@cache
def _members(shape: tuple[int, ...], over: Windows, dtype: Any) -> Any:
    """How many elements of each window lie inside the image, in a form that broadcasts."""
    pads, counts = over.pads(shape), over.counts(shape)
    total: Any = 1
    for axis, (before, after), count, window, stride in _each_axis(over, pads, counts):
        if not (before or after):
            total = total * window
            continue
        starts = np.arange(count) * stride - before
        inside = np.minimum(starts + window, shape[axis]) - np.maximum(starts, 0)
        total = total * inside.astype(dtype).reshape([count if place == axis else 1 for place in range(len(shape))])
    return total
