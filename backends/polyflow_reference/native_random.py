"""Python's own generator for sessions with ``rng="native"``: the Mersenne Twister, started at the key of each draw."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

from polyflow.core.dtypes import DType
from polyflow.extension import Kernel
from polyflow.ops.random_standard import MANTISSA
from polyflow_reference.array import Array


def bits(key: Array, shape: tuple[int, ...], dtype: DType, /) -> Array:
    """The op of that name."""
    return _filled(key, shape, dtype, lambda generator: generator.getrandbits(dtype.bits))


def standard_uniform(key: Array, shape: tuple[int, ...], dtype: DType, /) -> Array:
    """The op of that name; only as many bits as the dtype holds, since rounding would reach 1."""
    places = MANTISSA[dtype.name]
    return _filled(key, shape, dtype, lambda generator: generator.getrandbits(places) * 2.0**-places)


def standard_normal(key: Array, shape: tuple[int, ...], dtype: DType, /) -> Array:
    """The op of that name, by the method of Box and Muller.

    >>> from polyflow.core.dtypes import float32, uint32
    >>> standard_normal(Array.fitted([0, 1], (2,), uint32), (3,), float32).shape
    (3,)
    """
    return _filled(key, shape, dtype, lambda generator: generator.gauss())


def _filled(key: Array, shape: tuple[int, ...], dtype: DType, draw: Callable[[Random], Any]) -> Array:
    first, second = key.values
    generator = Random(first << 32 | second)
    return Array.fitted([draw(generator) for _ in range(math.prod(shape))], shape, dtype)


KERNELS: dict[str, Kernel] = {
    "random.bits": bits,
    "random.standard_normal": standard_normal,
    "random.standard_uniform": standard_uniform,
}
