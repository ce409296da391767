"""Operations of neural networks in NumPy by hand, each in the forms that an expert would try; the fastest counts.

Every call returns memory of its own. A form may keep nothing between calls but what depends on shapes alone.

Forms "with small buffers" make those of ufuncs shorter than a row: NumPy then broadcasts without copying what is
broadcast into them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks.declared import Work
from benchmarks.operations import operands
from benchmarks.peers import numpy_convolution as convolution

Array = Any  # numpy.ndarray


def work(name: str, form: str) -> Work:
    """A call of one form on the operands of the benchmark."""
    arrays, function = operands(name), FORMS[name][form]
    return lambda: function(*arrays)


@contextmanager
def _small_buffers() -> Iterator[None]:
    before = np.setbufsize(256)
    try:
        yield
    finally:
        np.setbufsize(before)


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


def greatest_by_halves_of_images(x: Array) -> Array:
    """Eight images at a time, so that the halves stay in the cache; with small buffers for the long rows."""
    result = np.empty((x.shape[0], x.shape[1] // 2, x.shape[2] // 2, x.shape[3]), x.dtype)
    for start in range(0, len(x), 8):
        images = x[start : start + 8]
        with _small_buffers():
            half = np.maximum(images[:, ::2], images[:, 1::2])
        np.maximum(half[:, :, ::2], half[:, :, 1::2], out=result[start : start + 8])
    return result


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


def mean_by_halves_of_images(x: Array) -> Array:
    result = np.empty((x.shape[0], x.shape[1] // 2, x.shape[2] // 2, x.shape[3]), x.dtype)
    for start in range(0, len(x), 8):
        images, part = x[start : start + 8], result[start : start + 8]
        with _small_buffers():
            half = images[:, ::2] + images[:, 1::2]
        np.add(half[:, :, ::2], half[:, :, 1::2], out=part)
        part *= np.float32(0.25)
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


def softmax_with_small_buffers(x: Array) -> Array:
    greatest = x.max(axis=-1, keepdims=True)
    with _small_buffers():
        result = x - greatest
    np.exp(result, out=result)
    total = result.sum(axis=-1, keepdims=True)
    with _small_buffers():
        result *= 1 / total
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


def normalized_with_small_buffers(x: Array, scale: Array, offset: Array) -> Array:
    """Rows by the hundred; ``scale`` and ``offset`` eight times over, so that they meet long runs."""
    count, width = x.shape
    result, ones = np.empty_like(x), np.ones(width, x.dtype)
    long_scale, long_offset = np.tile(scale, 8), np.tile(offset, 8)
    with _small_buffers():
        for start in range(0, count, 256):
            rows, part = x[start : start + 256], result[start : start + 256]
            np.subtract(rows, (np.vecdot(rows, ones) / np.float32(width))[:, None], out=part)
            variance = np.vecdot(part, part)[:, None] / np.float32(width)
            part *= 1 / np.sqrt(variance + np.float32(1e-6))
            part = part.reshape(-1, 8 * width)
            part *= long_scale
            part += long_offset
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
        "columns": convolution.convolution_by_columns,
        "columns, 4 images": convolution.convolution_by_images,
        "taps": convolution.convolution_by_taps,
        "rows, 4 images": convolution.convolution_by_rows,
    },
    "conv2d by its filters": {
        "columns": convolution.filters_by_columns,
        "columns, 4 images": convolution.filters_by_images,
        "taps": convolution.filters_by_taps,
        "rows, 4 images": convolution.filters_by_rows,
    },
    "conv2d by its images": {
        "columns": convolution.images_by_columns,
        "columns, 4 images": convolution.images_by_images,
        "taps": convolution.images_by_taps,
        "rows, 4 images": convolution.images_by_rows,
    },
    "max_pool": {
        "reshape": greatest_by_reshape,
        "quarters": greatest_by_quarters,
        "halves": greatest_by_halves,
        "halves, 8 images": greatest_by_halves_of_images,
    },
    "avg_pool": {
        "reshape": mean_by_reshape,
        "quarters": mean_by_quarters,
        "halves": mean_by_halves,
        "halves, 8 images": mean_by_halves_of_images,
    },
    "softmax": {
        "plain": softmax_plain,
        "in place": softmax_in_place,
        "32 rows": softmax_by_rows,
        "small buffers": softmax_with_small_buffers,
    },
    "layer_norm": {
        "plain": normalized_plain,
        "in place": normalized_in_place,
        "64 rows": normalized_by_rows,
        "256 rows, small buffers": normalized_with_small_buffers,
    },
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
