"""Random bits on NumPy: Threefry in place, in blocks that stay in the cache, and in Python's integers for few of them.

The definition is in ``polyflow.ops.random_bits``; the bits are the same.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from polyflow.core.dtypes import as_dtype
from polyflow.extension import Kernel
from polyflow.ops.error_inverse import PIECES_32, PIECES_64, erfinv_kernel, evaluate
from polyflow.ops.random_bits import PARITY, ROTATIONS, threefry_words
from polyflow.ops.random_standard import drawn_bits, normal_of_uniform
from polyflow_numpy import namespace

Array = np.ndarray[Any, Any]

BLOCK = 32768
"""Elements of a block: three buffers of them fit into the cache."""
FEW = 4
"""Below so many elements Python's integers are faster than calls of NumPy."""
_MASK = 0xFFFFFFFF


def bits(key: Array, shape: tuple[int, ...], dtype: Any, /) -> Array:
    """The op of that name."""
    count = math.prod(shape)
    found = np.empty(count, dtype)
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        first, second = _threefry(key, start, stop)
        if found.dtype.itemsize == 8:
            np.left_shift(first, 32, out=found[start:stop], dtype=np.uint64)
            found[start:stop] |= second
        elif found.dtype.itemsize == 4:
            np.bitwise_xor(first, second, out=found[start:stop])
        else:
            found[start:stop] = first ^ second  # cut off at the dtype's width
    return found.reshape(shape)


def split(key: Array, num: tuple[int, ...], /) -> Array:
    """The op of that name."""
    count = math.prod(num)
    found = np.empty((count, 2), np.uint32)
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        found[start:stop, 0], found[start:stop, 1] = _threefry(key, start, stop)
    return found.reshape((*num, 2))


def fold_in(key: Array, data: Array, /) -> Array:
    """The op of that name."""
    return np.array(threefry_words(int(key[0]), int(key[1]), int(data) & _MASK), np.uint32)


def _threefry(key: Array, start: int, stop: int) -> tuple[Array, Array]:
    """The two words of the counters ``range(start, stop)``, among which the upper half does not change."""
    one, two = int(key[0]), int(key[1])
    if stop - start < FEW:
        pairs = np.array([threefry_words(one, two, counter) for counter in range(start, stop)], np.uint32)
        return pairs[:, 0], pairs[:, 1]
    words = (one, two, one ^ two ^ PARITY)
    first = np.full(stop - start, (one + (start >> 32)) & _MASK, np.uint32)
    second = np.arange(stop - start, dtype=np.uint32)
    second += np.uint32((start + two) & _MASK)
    spare = np.empty_like(second)
    for group in range(5):
        for places in ROTATIONS[group % 2]:
            np.add(first, second, out=first)
            np.left_shift(second, places, out=spare)
            np.right_shift(second, 32 - places, out=second)
            np.bitwise_or(second, spare, out=second)
            np.bitwise_xor(second, first, out=second)
        np.add(first, np.uint32(words[(group + 1) % 3]), out=first)
        np.add(second, np.uint32((words[(group + 2) % 3] + group + 1) & _MASK), out=second)
    return first, second


def standard_uniform(key: Array, shape: tuple[int, ...], dtype: Any, /) -> Array:
    """The op of that name."""
    width, places = drawn_bits(as_dtype(dtype))
    drawn = bits(key, shape, np.dtype(f"uint{width}"))
    np.right_shift(drawn, width - places, out=drawn)
    found: Array = drawn.astype(dtype)
    np.multiply(found, np.asarray(2.0**-places, dtype), out=found)
    return found


def standard_normal(key: Array, shape: tuple[int, ...], dtype: Any, /) -> Array:
    """The op of that name."""
    found: Array = normal_of_uniform(namespace, standard_uniform(key, shape, dtype), dtype, erfinv)
    return found


def erfinv(x: Array, /) -> Any:
    """The op of that name, in blocks; the polynomials of the tails only for what lies there."""
    if x.size < BLOCK or x.dtype not in (np.float32, np.float64):
        return erfinv_kernel(np, x)
    pieces = PIECES_64 if x.dtype == np.float64 else PIECES_32
    flat, found = x.reshape(-1), np.empty(x.size, x.dtype)
    for start in range(0, x.size, BLOCK):
        part = flat[start : start + BLOCK]
        w = -np.log1p(-part * part)
        ratio = evaluate(np, pieces[0], w)
        for before, piece in pairwise(pieces):
            (far,) = np.nonzero(~(w < before.end))
            ratio[far] = evaluate(np, piece, w[far])
        found[start : start + BLOCK] = np.where(np.abs(part) == 1, part * np.inf, ratio * part)
    return found.reshape(x.shape)


KERNELS: dict[str, Kernel] = {
    "erfinv": erfinv,
    "random.bits": bits,
    "random.standard_normal": standard_normal,
    "random.standard_uniform": standard_uniform,
    "random.split": split,
    "random.fold_in": fold_in,
}
