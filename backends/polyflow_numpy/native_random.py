"""NumPy's own generator for sessions with ``rng="native"``: Philox, started at the key of each draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyflow.core.dtypes import as_dtype
from polyflow.extension import Kernel
from polyflow.ops.random_standard import drawn_bits

Array = np.ndarray[Any, Any]


def bits(key: Array, shape: tuple[int, ...], dtype: Any, /) -> Array:
    """The op of that name."""
    largest = np.iinfo(dtype).max
    return np.asarray(_generator(key).integers(0, largest, shape, dtype, endpoint=True))


def standard_uniform(key: Array, shape: tuple[int, ...], dtype: Any, /) -> Array:
    """The op of that name; for 16 bits by whole numbers, since rounding would reach 1."""
    if np.dtype(dtype).itemsize > 2:
        return np.asarray(_generator(key).random(shape, dtype))
    _, places = drawn_bits(as_dtype(dtype))
    whole = _generator(key).integers(0, 2**places, shape, np.uint16)
    return np.asarray(whole * np.float32(2.0**-places)).astype(dtype)


def standard_normal(key: Array, shape: tuple[int, ...], dtype: Any, /) -> Array:
    """The op of that name, by the ziggurat method."""
    is_half = np.dtype(dtype).itemsize == 2
    found = np.asarray(_generator(key).standard_normal(shape, np.float32 if is_half else dtype))
    return found.astype(dtype) if is_half else found


def _generator(key: Array) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=int(key[0]) << 32 | int(key[1])))


KERNELS: dict[str, Kernel] = {
    "random.bits": bits,
    "random.standard_normal": standard_normal,
    "random.standard_uniform": standard_uniform,
}
