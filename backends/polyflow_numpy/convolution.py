"""Convolution in NumPy: windows as strided views, one matrix product for as many images as fit the cache."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from polyflow.core.shapes import windows
from polyflow.extension import Kernel

Array = np.ndarray[Any, Any]

_BLOCK = 1 << 21  # bytes of gathered windows that are multiplied at once: they are read again while still in the cache


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
    views = _windows(_padded(image, over), over, groups)
    weights = _by_group(filters, groups)
    outputs = filters.shape[3]
    y = np.empty((*views.shape[1:4], outputs), np.result_type(x, filters))
    for start, stop in _blocks(views):
        part = y[start:stop].reshape(-1, groups, outputs // groups).transpose(1, 0, 2)
        np.matmul(_matrices(views[:, start:stop]), weights, out=part)
    return _channels_back(y, data_format)


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
    """The op of that name: for each filter tap one product, added where the tap had read."""
    height, width, channels, outputs = filters.shape
    g = _channels_last(g, data_format)
    over = _geometry((g.shape[0], *size, 0), (height, width), strides, padding, data_format, dilations)
    rows = g.reshape(-1, groups, outputs // groups).transpose(1, 0, 2)
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
    for start, stop in _blocks(views):
        rows = g[start:stop].reshape(-1, groups, outputs // groups).transpose(1, 0, 2)
        total += np.matmul(_matrices(views[:, start:stop]).transpose(0, 2, 1), rows)
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


def _matrices(views: Array) -> Array:
    """The windows as the rows of one matrix for each group: this copies, in runs as long as a window's row."""
    elements = views.shape[4] * views.shape[5] * views.shape[6]
    return views.reshape(views.shape[0], views.shape[1] * views.shape[2] * views.shape[3], elements)


def _by_group(filters: Array, groups: int) -> Array:
    outputs = filters.shape[3] // groups
    elements = filters.shape[0] * filters.shape[1] * filters.shape[2]
    return filters.reshape(elements, groups, outputs).transpose(1, 0, 2)


def _blocks(views: Array) -> list[tuple[int, int]]:
    """Ranges of the batch whose windows fill a block each."""
    batch = views.shape[1]
    bytes_each = views.nbytes // max(batch, 1)
    step = max(1, _BLOCK // max(bytes_each, 1))
    return [(start, min(start + step, batch)) for start in range(0, batch, step)]


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
