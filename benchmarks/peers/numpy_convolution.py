"""Convolution of 3 x 3 with zeros around, and its gradients, in NumPy by hand; see ``numpy_operations.py``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.operations import FILTERS

Array = Any  # numpy.ndarray


def _padded(x: Array) -> Array:
    result = np.zeros((x.shape[0], x.shape[1] + 2, x.shape[2] + 2, x.shape[3]), x.dtype)
    result[:, 1:-1, 1:-1] = x
    return result


def _columns(x: Array) -> Array:
    """The windows as rows of a matrix."""
    batch, height, width, channels = x.shape
    windows = sliding_window_view(_padded(x), (3, 3), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
    return windows.reshape(batch * height * width, 9 * channels)


def convolution_by_columns(x: Array, filters: Array) -> Array:
    return (_columns(x) @ filters.reshape(-1, filters.shape[3])).reshape(*x.shape[:3], -1)


def convolution_by_images(x: Array, filters: Array) -> Array:
    """A product for each few images, so that their windows stay in the cache."""
    flat = filters.reshape(-1, filters.shape[3])
    result = np.empty((*x.shape[:3], filters.shape[3]), x.dtype)
    for start in range(0, len(x), 4):
        part = result[start : start + 4]
        np.matmul(_columns(x[start : start + 4]), flat, out=part.reshape(-1, flat.shape[1]))
    return result


def convolution_by_taps(x: Array, filters: Array) -> Array:
    """A product for each place of the filter, added up."""
    padded, (_, height, width, _) = _padded(x), x.shape
    result = None
    for row in range(3):
        for column in range(3):
            part = padded[:, row : row + height, column : column + width] @ filters[row, column]
            result = part if result is None else np.add(result, part, out=result)
    return result


def convolution_by_rows(x: Array, filters: Array) -> Array:
    """A product for each row of the filter, with what that row reads gathered once for all three, four images at a
    time; of matrices that are small enough for BLAS to take as they lie."""
    batch, height, width, channels = x.shape
    taps = filters.reshape(3, 3 * channels, -1)
    padded = np.zeros((4, height + 2, width + 2, channels), x.dtype)
    views = sliding_window_view(padded, 3, axis=2).transpose(0, 1, 2, 4, 3)
    windows = np.empty(views.shape, x.dtype)
    result = np.empty((batch, height, width, taps.shape[2]), x.dtype)
    room = np.empty((4, 2, height * width // 2, taps.shape[2]), x.dtype)
    for start in range(0, batch, 4):
        padded[:, 1:-1, 1:-1] = x[start : start + 4]
        windows[...] = views
        rows = [windows[:, row : row + height].reshape(4, 2, height * width // 2, -1) for row in range(3)]
        part = result[start : start + 4].reshape(room.shape)
        np.matmul(rows[0], taps[0], out=part)
        part += np.matmul(rows[1], taps[1], out=room)
        part += np.matmul(rows[2], taps[2], out=room)
    return result


def filters_by_columns(x: Array, g: Array) -> Array:
    return (_columns(x).T @ g.reshape(-1, g.shape[3])).reshape(FILTERS)


def filters_by_images(x: Array, g: Array) -> Array:
    total = np.zeros((9 * x.shape[3], g.shape[3]), x.dtype)
    for start in range(0, len(x), 4):
        total += _columns(x[start : start + 4]).T @ g[start : start + 4].reshape(-1, g.shape[3])
    return total.reshape(FILTERS)


def filters_by_taps(x: Array, g: Array) -> Array:
    padded, (_, height, width, _) = _padded(x), x.shape
    flat = g.reshape(-1, g.shape[3])
    result = np.empty(FILTERS, x.dtype)
    for row in range(3):
        for column in range(3):
            part = padded[:, row : row + height, column : column + width].reshape(-1, x.shape[3])
            np.matmul(part.T, flat, out=result[row, column])
    return result


def filters_by_rows(x: Array, g: Array) -> Array:
    """What each row of the filter reads, gathered once for all three, four images at a time."""
    batch, height, width, channels = x.shape
    padded = np.zeros((4, height + 2, width + 2, channels), x.dtype)
    views = sliding_window_view(padded, 3, axis=2).transpose(0, 1, 2, 4, 3)
    windows = np.empty(views.shape, x.dtype)
    total = np.zeros((3, 3 * channels, g.shape[3]), x.dtype)
    for start in range(0, batch, 4):
        padded[:, 1:-1, 1:-1] = x[start : start + 4]
        windows[...] = views
        part = g[start : start + 4].reshape(8, height * width // 2, -1)
        for row in range(3):
            read = windows[:, row : row + height].reshape(8, height * width // 2, -1)
            total[row] += np.matmul(read.transpose(0, 2, 1), part).sum(axis=0)
    return total.reshape(FILTERS)


def _turned(filters: Array) -> Array:
    return np.ascontiguousarray(filters[::-1, ::-1].transpose(0, 1, 3, 2))


def images_by_columns(filters: Array, g: Array) -> Array:
    """The convolution of the gradient with the filters turned around."""
    return convolution_by_columns(g, _turned(filters))


def images_by_images(filters: Array, g: Array) -> Array:
    return convolution_by_images(g, _turned(filters))


def images_by_rows(filters: Array, g: Array) -> Array:
    return convolution_by_rows(g, _turned(filters))


def images_by_taps(filters: Array, g: Array) -> Array:
    batch, height, width, _ = g.shape
    full = np.zeros((batch, height + 2, width + 2, filters.shape[2]), g.dtype)
    for row in range(3):
        for column in range(3):
            full[:, row : row + height, column : column + width] += g @ filters[row, column].T
    return np.ascontiguousarray(full[:, 1:-1, 1:-1])
