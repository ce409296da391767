"""Operations of neural networks in NumPy by hand, each in the forms that an expert would try; the fastest counts.

Every call returns memory of its own. A form may keep nothing between calls but what depends on shapes alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.declared import Work
from benchmarks.operations import FILTERS, operands

Array = Any  # numpy.ndarray


def work(name: str, form: str) -> Work:
    """A call of one form on the operands of the benchmark."""
    arrays, function = operands(name), FORMS[name][form]
    return lambda: function(*arrays)


# -- convolution, 3 x 3, zeros around


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


def _turned(filters: Array) -> Array:
    return np.ascontiguousarray(filters[::-1, ::-1].transpose(0, 1, 3, 2))


def images_by_columns(filters: Array, g: Array) -> Array:
    """The convolution of the gradient with the filters turned around."""
    return convolution_by_columns(g, _turned(filters))


def images_by_images(filters: Array, g: Array) -> Array:
    return convolution_by_images(g, _turned(filters))


def images_by_taps(filters: Array, g: Array) -> Array:
    batch, height, width, _ = g.shape
    full = np.zeros((batch, height + 2, width + 2, filters.shape[2]), g.dtype)
    for row in range(3):
        for column in range(3):
            full[:, row : row + height, column : column + width] += g @ filters[row, column].T
    return np.ascontiguousarray(full[:, 1:-1, 1:-1])


# -- pooling, 2 x 2


def greatest_by_reshape(x: Array) -> Array:
    batch, height, width, channels = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def greatest_by_quarters(x: Array) -> Array:
    result = np.maximum(x[:, ::2, ::2], x[:, ::2, 1::2])
    np.maximum(result, x[:, 1::2, ::2], out=result)
    return np.maximum(result, x[:, 1::2, 1::2], out=result)


def greatest_by_halves(x: Array) -> Array:
    """Rows first: their memory lies together."""
    half = np.maximum(x[:, ::2], x[:, 1::2])
    return np.maximum(half[:, :, ::2], half[:, :, 1::2])


def mean_by_reshape(x: Array) -> Array:
    batch, height, width, channels = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))


def mean_by_quarters(x: Array) -> Array:
    result = x[:, ::2, ::2] + x[:, ::2, 1::2]
    result += x[:, 1::2, ::2]
    result += x[:, 1::2, 1::2]
    result *= np.float32(0.25)
    return result


def mean_by_halves(x: Array) -> Array:
    half = x[:, ::2] + x[:, 1::2]
    result = half[:, :, ::2] + half[:, :, 1::2]
    result *= np.float32(0.25)
    return result


# -- softmax, normalization, attention


def softmax_plain(x: Array) -> Array:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def softmax_in_place(x: Array) -> Array:
    result = x - x.max(axis=-1, keepdims=True)
    np.exp(result, out=result)
    result /= result.sum(axis=-1, keepdims=True)
    return result


def softmax_by_rows(x: Array) -> Array:
    """A few rows at a time, in place, so that they stay in the cache."""
    result = np.empty_like(x)
    for start in range(0, len(x), 32):
        rows, part = x[start : start + 32], result[start : start + 32]
        np.subtract(rows, rows.max(axis=-1, keepdims=True), out=part)
        np.exp(part, out=part)
        part *= 1 / part.sum(axis=-1, keepdims=True)
    return result


def normalized_plain(x: Array, scale: Array, offset: Array) -> Array:
    distance = x - x.mean(axis=-1, keepdims=True)
    variance = (distance * distance).mean(axis=-1, keepdims=True)
    return distance / np.sqrt(variance + np.float32(1e-6)) * scale + offset


def normalized_in_place(x: Array, scale: Array, offset: Array) -> Array:
    result = x - x.mean(axis=-1, keepdims=True)
    variance = np.einsum("ij,ij->i", result, result)[:, None] / np.float32(x.shape[-1])
    result *= 1 / np.sqrt(variance + np.float32(1e-6))
    result *= scale
    result += offset
    return result


def normalized_by_rows(x: Array, scale: Array, offset: Array) -> Array:
    result, width, ones = np.empty_like(x), np.float32(x.shape[-1]), np.ones(x.shape[-1], x.dtype)
    for start in range(0, len(x), 64):
        rows, part = x[start : start + 64], result[start : start + 64]
        np.subtract(rows, (rows @ ones / width)[:, None], out=part)
        variance = np.einsum("ij,ij->i", part, part)[:, None] / width
        part *= 1 / np.sqrt(variance + np.float32(1e-6))
        part *= scale
        part += offset
    return result


def attention_plain(query: Array, key: Array, value: Array) -> Array:
    return softmax_plain(query @ key.swapaxes(-1, -2) / np.float32(query.shape[-1] ** 0.5)) @ value


def attention_in_place(query: Array, key: Array, value: Array) -> Array:
    """The division by the sum after the product with the values, which is smaller."""
    logits = (query * np.float32(query.shape[-1] ** -0.5)) @ key.swapaxes(-1, -2)
    logits -= logits.max(axis=-1, keepdims=True)
    np.exp(logits, out=logits)
    result = logits @ value
    result /= logits.sum(axis=-1, keepdims=True)
    return result


def attention_by_heads(query: Array, key: Array, value: Array) -> Array:
    """A head at a time, so that its logits stay in the cache."""
    result = np.empty((*query.shape[:-1], value.shape[-1]), query.dtype)
    for place in np.ndindex(query.shape[:-2]):
        logits = (query[place] * np.float32(query.shape[-1] ** -0.5)) @ key[place].T
        logits -= logits.max(axis=-1, keepdims=True)
        np.exp(logits, out=logits)
        part = np.matmul(logits, value[place], out=result[place])
        part /= logits.sum(axis=-1, keepdims=True)
    return result


# -- tables


def looked_up(table: Array, ids: Array) -> Array:
    return table[ids]


def taken(table: Array, ids: Array) -> Array:
    return table.take(ids, axis=0)


def taken_without_check(table: Array, ids: Array) -> Array:
    return table.take(ids, axis=0, mode="wrap")


def added_at(table: Array, ids: Array, rows: Array) -> Array:
    result = table.copy()
    np.add.at(result, ids, rows)
    return result


def added_sorted(table: Array, ids: Array, rows: Array) -> Array:
    """Updates of one row brought together, summed, and added once."""
    order = np.argsort(ids, kind="stable")
    places = ids[order]
    starts = np.flatnonzero(np.concatenate(([True], places[1:] != places[:-1])))
    result = table.copy()
    result[places[starts]] += np.add.reduceat(rows[order], starts, axis=0)
    return result


def added_in_loop(table: Array, ids: Array, rows: Array) -> Array:
    """A row at a time."""
    result = table.copy()
    for place, row in zip(ids.tolist(), rows, strict=True):
        result[place] += row
    return result


def added_in_rounds(table: Array, ids: Array, rows: Array) -> Array:
    """The first update of each row at once, then the second ones, and so on."""
    order = np.argsort(ids, kind="stable")
    places = ids[order]
    starts = np.flatnonzero(np.concatenate(([True], places[1:] != places[:-1])))
    rank = np.arange(len(places)) - np.repeat(starts, np.diff(np.append(starts, len(places))))
    result = table.copy()
    for turn in range(int(rank.max()) + 1):
        chosen = order[rank == turn]
        result[ids[chosen]] += rows[chosen]
    return result


FORMS: dict[str, dict[str, Any]] = {
    "conv2d": {
        "columns": convolution_by_columns,
        "columns, 4 images": convolution_by_images,
        "taps": convolution_by_taps,
    },
    "conv2d by its filters": {
        "columns": filters_by_columns,
        "columns, 4 images": filters_by_images,
        "taps": filters_by_taps,
    },
    "conv2d by its images": {
        "columns": images_by_columns,
        "columns, 4 images": images_by_images,
        "taps": images_by_taps,
    },
    "max_pool": {"reshape": greatest_by_reshape, "quarters": greatest_by_quarters, "halves": greatest_by_halves},
    "avg_pool": {"reshape": mean_by_reshape, "quarters": mean_by_quarters, "halves": mean_by_halves},
    "softmax": {"plain": softmax_plain, "in place": softmax_in_place, "32 rows": softmax_by_rows},
    "layer_norm": {"plain": normalized_plain, "in place": normalized_in_place, "64 rows": normalized_by_rows},
    "attention": {"plain": attention_plain, "in place": attention_in_place, "by heads": attention_by_heads},
    "embedding_lookup": {"index": looked_up, "take": taken, "take, wrap": taken_without_check},
    "scatter_add": {
        "add.at": added_at,
        "sorted, reduceat": added_sorted,
        "loop": added_in_loop,
        "rounds": added_in_rounds,
    },
}
"""By operation: every form by its name."""
