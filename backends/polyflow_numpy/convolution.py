"""Convolution in NumPy: products of matrices whose rows are gathered from windows, or from single rows of these, for as
many images as fit the cache."""

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
_ROWS = 1 << 20  # the same of rows of windows, each gathered once for several products, or of what these come to
_SMALL = 10**6  # multiplications up to which OpenBLAS takes matrices as they lie, without ordering them anew
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
    channels, outputs = x.shape[3] // groups, g.shape[3]
    total = np.zeros((groups, size[0] * size[1] * channels, outputs // groups), np.result_type(x, g))
    if groups == 1 and over.strides[0] == 1 and _are_rows_cheap(over, channels, outputs):
        taps = total.reshape(size[0], -1, outputs)
        for images, rows in _window_rows(x, over, outputs):
            part = g[images].reshape(*rows[0].shape[:-1], outputs)
            for matrices, tap in zip(rows, taps, strict=True):
                tap += np.matmul(matrices.swapaxes(-1, -2), part).sum(axis=(0, 1))
        return taps.reshape(*size, channels, outputs)
    for images, matrices in _matrices(_windows(_padded(x, over), over, groups)):
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
    y = np.empty((len(image), *over.counts, groups * share), np.result_type(image, weights))
    if groups == 1 and _are_rows_cheap(over, image.shape[3], share):
        taps = weights[0].reshape(over.sizes[0], -1, share)
        product = None
        for images, (first, *rest) in _window_rows(image, over, share):
            part = y[images].reshape(*first.shape[:-1], share)
            product = np.empty_like(part) if product is None else product[: len(part)]
            np.matmul(first, taps[0], out=part)
            for matrices, weight in zip(rest, taps[1:], strict=True):
                part += np.matmul(matrices, weight, out=product)
        return y
    for images, matrices in _matrices(_windows(_padded(image, over), over, groups)):
        np.matmul(matrices, weights, out=_rows(y[images], groups).transpose(1, 0, 2))
    return y


def _are_rows_cheap(over: Geometry, channels: int, outputs: int) -> bool:
    """Whether a product for each row of the filters costs less than gathering whole windows: measured, there must not
    be far more to add up than there is to gather, and matrices must not be low."""
    elements = over.sizes[1] * channels
    height = over.counts[1] * _joined(over, elements * outputs)
    is_there = elements and over.counts[0]
    return bool(is_there and over.sizes[0] > 1 and outputs <= 32 + 2 * elements and height >= 14)


@cache
def _joined(over: Geometry, factor: int) -> int:
    """How many rows of windows to put into one matrix that is multiplied by one of ``factor`` numbers."""
    rows, columns = over.counts
    if over.strides[0] > 1:  # they do not lie together
        return 1
    return max((n for n in range(1, rows + 1) if rows % n == 0 and n * columns * factor <= _SMALL), default=1)


def _window_rows(image: Array, over: Geometry, outputs: int) -> Iterator[tuple[slice, list[Array]]]:
    """For a few images at a time: what each row of the filters reads, as the rows of several matrices for each image,
    written over by the next images.

    A row of an image is read by windows one above the other: it is gathered once for all of them.
    """
    batch, height, _, channels = image.shape
    (top, bottom), _ = over.pads
    rows, columns, elements = height + top + bottom, over.counts[1], over.sizes[1] * channels
    largest = max(rows * elements, over.counts[0] * outputs) * columns * image.itemsize
    step = -(-batch // max(1, round(batch * largest / _ROWS)))  # parts of about that size, as equal as can be
    gathered = np.empty((step, rows, columns, elements), image.dtype)
    gathered[:, :top] = gathered[:, top + height :] = 0
    target = gathered.reshape(step, rows, columns, over.sizes[1], channels)[:, top : top + height]
    copies = []
    for there, taps, view in _along_rows(image, over):
        if view.shape[-2] < over.sizes[1]:
            target[:, :, there] = 0
        copies.append((target[:, :, there, taps], view))
    joined = _joined(over, elements * outputs)
    reads = []
    for place in range(over.sizes[0]):
        first = place * over.dilations[0]
        read = gathered[:, first : first + (over.counts[0] - 1) * over.strides[0] + 1 : over.strides[0]]
        reads.append(read.reshape(step, over.counts[0] // joined, joined * columns, elements))
    for start in range(0, batch, step or 1):
        count = min(step, batch - start)
        for part, view in copies:
            part[:count] = view[start : start + step]
        yield slice(start, start + step), reads if count == step else [each[:count] for each in reads]


def _along_rows(image: Array, over: Geometry) -> Iterator[tuple[Any, slice, Array]]:
    """Which windows of a row read what, by which of their columns: those that lie inside all at once, those that reach
    into the padding one by one."""
    batch, height, width, channels = image.shape
    taps, stride, dilation, left = over.sizes[1], over.strides[1], over.dilations[1], over.pads[1][0]
    first = min(-(-left // stride), over.counts[1])
    end = min((width - 1 + left - (taps - 1) * dilation) // stride + 1, over.counts[1])
    if end > first:
        inside = image[:, :, first * stride - left :]
        one, row, column, channel = inside.strides
        strides = (one, row, column * stride, column * dilation, channel)
        view = as_strided(inside, (batch, height, end - first, taps, channels), strides, writeable=False)
        yield slice(first, end), slice(None), view
    for window in (*range(first), *range(max(first, end), over.counts[1])):
        start = window * stride - left
        lowest = min(max(0, -(start // dilation)), taps)
        behind = max(lowest, min(taps, (width - 1 - start) // dilation + 1))
        read = image[:, :, start + lowest * dilation :: dilation][:, :, : behind - lowest]
        yield window, slice(lowest, behind), read


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
    copy = np.empty((groups, step, *rest), views.dtype) if rest[2:4] != [1, 1] else None
    for start in range(0, batch, step or 1):
        part = views[:, start : start + step]
        count = part.shape[1]
        if copy is not None:
            copy[:, :count] = part
            part = copy[:, :count]
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
