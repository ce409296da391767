"""Convolution in NumPy: windows as strided views, one matrix product for as many images as fit the cache."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from polyflow.core.shapes import windows
from polyflow.extension import Kernel

Array = np.ndarray[Any, Any]

_BLOCK = 1 << 19  # bytes of gathered windows that are multiplied at once: they are read again while still in the cache
_WIDEST = 2  # outputs for each channel, up to which windows of gradients cost less than adding up where filters read


def conv2d(
    x: Array,
    filters: Array,
    /,
    *,
    strides: Any = 1,
    padding: Any = "SAME",
    data_format: str = "NHWC",
    dilations: Any = 1,
    groups: int = 1,
) -> Array:
    """The op of that name."""
    image = _channels_last(x, data_format)
    over = _geometry(image.shape, filters.shape[:2], strides, padding, data_format, dilations)
    return _channels_back(_convolved(image, over, _by_group(filters, groups)), data_format)


def conv2d_input_gradient(
    filters: Array,
    g: Array,
    /,
    *,
    size: tuple[int, int],
    strides: Any = 1,
    padding: Any = "SAME",
    data_format: str = "NHWC",
    dilations: Any = 1,
    groups: int = 1,
) -> Array:
    """The op of that name: a convolution with the filters turned around, or for each filter tap one product, added
    where the tap had read."""
    height, width, channels, outputs = filters.shape
    g = _channels_last(g, data_format)
    over = _geometry((g.shape[0], *size, 0), (height, width), strides, padding, data_format, dilations)
    back = _turned(over, size)
    if back is not None and outputs <= _WIDEST * channels * groups:
        shares = filters[::-1, ::-1].reshape(height, width, channels, groups, outputs // groups)
        weights = shares.transpose(3, 0, 1, 4, 2).reshape(groups, height * width * (outputs // groups), channels)
        return _channels_back(_convolved(g, back, weights), data_format)
    rows = _rows(g, groups).transpose(1, 0, 2)
    weights = filters.reshape(height, width, channels, groups, outputs // groups).transpose(0, 1, 3, 4, 2)
    weights = np.ascontiguousarray(weights)
    (top, bottom), (left, right) = over.pads
    full = np.zeros((g.shape[0], size[0] + top + bottom, size[1] + left + right, groups, channels), g.dtype)
    for row, column, place in _places(over, (height, width)):
        product = np.matmul(rows, weights[row, column]).reshape(groups, *g.shape[:3], channels)
        full[place] += product.transpose(1, 2, 3, 0, 4)
    inside = full[:, top : top + size[0], left : left + size[1]]
    return _channels_back(inside.reshape(*inside.shape[:3], groups * channels), data_format)


def conv2d_filter_gradient(
    x: Array,
    g: Array,
    /,
    *,
    size: tuple[int, int],
    strides: Any = 1,
    padding: Any = "SAME",
    data_format: str = "NHWC",
    dilations: Any = 1,
    groups: int = 1,
) -> Array:
    """The op of that name: the windows, transposed, times the gradients of what they gave."""
    x, g = _channels_last(x, data_format), _channels_last(g, data_format)
    over = _geometry(x.shape, size, strides, padding, data_format, dilations)
    views = _windows(_padded(x, over), over, groups)
    channels, outputs = views.shape[-1], g.shape[3]
    total = np.zeros((groups, size[0] * size[1] * channels, outputs // groups), np.result_type(x, g))
    for images, matrices in _matrices(views):
        total += np.matmul(matrices.transpose(0, 2, 1), _rows(g[images], groups).transpose(1, 0, 2))
    return total.transpose(1, 0, 2).reshape(*size, channels, outputs)


KERNELS: dict[str, Kernel] = {
    "nn.conv2d": conv2d,
    "nn.conv2d_input_gradient": conv2d_input_gradient,
    "nn.conv2d_filter_gradient": conv2d_filter_gradient,
}


class Geometry(NamedTuple):
    """How windows lie over images of NHWC, for height and for width."""

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    counts: tuple[int, ...]


@cache
def _geometry(
    shape: tuple[int, ...], sizes: Any, strides: Any, padding: Any, data_format: str, dilations: Any
) -> Geometry:
    over = windows(sizes, strides, padding, data_format, dilations)._replace(axes=(1, 2))
    counts: Any = over.counts(shape)
    return Geometry(sizes, over.strides, over.dilations, over.pads(shape), counts)


def _turned(over: Geometry, size: tuple[int, int]) -> Geometry | None:
    """How the filters lie over the gradients of what they gave, each of which went to the elements that a window of
    gradients gathers; ``None`` where windows skipped elements, or there was more padding than a filter reaches."""
    reaches = [(size_ - 1) * dilation for size_, dilation in zip(over.sizes, over.dilations, strict=True)]
    pads = [
        (reach - before, length + before - count)
        for reach, (before, _), length, count in zip(reaches, over.pads, size, over.counts, strict=True)
    ]
    if over.strides != (1, 1) or any(each < 0 for pair in pads for each in pair):
        return None
    return over._replace(pads=tuple(pads), counts=size)


def _convolved(image: Array, over: Geometry, weights: Array) -> Array:
    """Images of NHWC convolved with ``weights`` of shape (groups, elements of a window, outputs of a group)."""
    groups, _, share = weights.shape
    views = _windows(_padded(image, over), over, groups)
    y = np.empty((*views.shape[1:4], groups * share), np.result_type(image, weights))
    if _are_taps_cheap(views):
        _add_taps(views[0], weights[0], y)
        return y
    for images, matrices in _matrices(views):
        np.matmul(matrices, weights, out=_rows(y[images], groups).transpose(1, 0, 2))
    return y


def _are_taps_cheap(views: Array) -> bool:
    """Whether a product for each place of the filters costs less than gathering windows: measured, rows of images have
    to be long for it, and there have to be some channels, and not many places."""
    groups, _, _, columns, height, width, channels = views.shape
    return bool(groups == 1 and 1 < height * width <= 9 and channels >= 8 and columns >= 14)


def _add_taps(views: Array, weights: Array, y: Array) -> None:
    """Write into ``y`` the sum of the products for each place of the filters, a few images at a time."""
    _, _, _, height, width, channels = views.shape
    taps = weights.reshape(height, width, channels, y.shape[3])
    step = max(1, 2 * _BLOCK // max(y[:1].nbytes, 1))
    room = np.empty_like(y[:step])
    for start in range(0, len(y), step):
        part = y[start : start + step]
        for row, column in np.ndindex(height, width):
            tap, product = views[start : start + step, :, :, row, column], room[: len(part)]
            if row == column == 0:
                np.matmul(tap, taps[row, column], out=part)
            else:
                part += np.matmul(tap, taps[row, column], out=product)


def _channels_last(x: Array, data_format: str) -> Array:
    return x if data_format == "NHWC" else x.transpose(0, 2, 3, 1)


def _channels_back(x: Array, data_format: str) -> Array:
    return x if data_format == "NHWC" else x.transpose(0, 3, 1, 2)


def _padded(x: Array, over: Geometry) -> Array:
    (top, bottom), (left, right) = over.pads
    if not (top or bottom or left or right):
        return x
    batch, height, width, channels = x.shape
    result = np.zeros((batch, height + top + bottom, width + left + right, channels), x.dtype)
    result[:, top : top + height, left : left + width] = x
    return result


def _windows(x: Array, over: Geometry, groups: int) -> Array:
    """A view of padded images of shape (groups, batch, counts, sizes, channels of a group)."""
    batch, row, column, channel = x.strides
    share = x.shape[3] // groups
    shape = (groups, x.shape[0], *over.counts, *over.sizes, share)
    steps = (share * channel, batch, row * over.strides[0], column * over.strides[1])
    return as_strided(x, shape, (*steps, row * over.dilations[0], column * over.dilations[1], channel), writeable=False)


def _matrices(views: Array) -> Iterator[tuple[slice, Array]]:
    """For a few images at a time, their windows as the rows of one matrix for each group, written over by the next.

    This copies, in runs as long as a window's row, unless windows are single elements.
    """
    groups, batch, *rest = views.shape
    step = min(max(1, _BLOCK // max(views.nbytes // max(batch, 1), 1)), batch)
    pixels, elements = rest[0] * rest[1], rest[2] * rest[3] * rest[4]
    room = np.empty((groups, step, *rest), views.dtype) if rest[2:4] != [1, 1] else None
    for start in range(0, batch, step or 1):
        part = views[:, start : start + step]
        count = part.shape[1]
        if room is not None:
            room[:, :count] = part
            part = room[:, :count]
        yield slice(start, start + step), part.reshape(groups, count * pixels, elements)


def _rows(images: Array, groups: int) -> Array:
    """The pixels one below the other, with their channels by groups: a view where the images are contiguous."""
    batch, height, width, channels = images.shape
    return images.reshape(batch * height * width, groups, channels // groups)


def _by_group(filters: Array, groups: int) -> Array:
    outputs = filters.shape[3] // groups
    elements = filters.shape[0] * filters.shape[1] * filters.shape[2]
    return filters.reshape(elements, groups, outputs).transpose(1, 0, 2)


def _places(over: Geometry, sizes: tuple[int, int]) -> list[tuple[int, int, tuple[slice, slice, slice]]]:
    """For each filter tap the index of what it reads in padded images."""
    result = []
    for row in range(sizes[0]):
        for column in range(sizes[1]):
            starts = (row * over.dilations[0], column * over.dilations[1])
            ends = [s + max((n - 1) * d + 1, 0) for s, n, d in zip(starts, over.counts, over.strides, strict=True)]
            vertical, horizontal = map(slice, starts, ends, over.strides)
            result.append((row, column, (slice(None), vertical, horizontal)))
    return result
