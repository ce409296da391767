"""Gradients of pooling in JAX: XLA's padding puts zeros between elements too, which spares gathering them.

``max_pool`` and ``avg_pool`` themselves are the generic kernels: XLA makes one loop of their slices, on the CPU no
slower than ``lax.reduce_window``. What stands here is there faster than its transposes for all but tiny images.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from polyflow.core.shapes import Windows, windows
from polyflow.extension import Kernel


def max_pool_gradient(
    x: Any, g: Any, /, *, ksize: Any, strides: Any = None, padding: Any = "SAME", data_format: str = "NHWC"
) -> Any:
    """The op of that name."""
    over = windows(ksize, ksize if strides is None else strides, padding, data_format)
    number = _chosen(x, over)
    parts = [jnp.where(number == each, g, 0) for each in range(_elements(over))]
    return _untapped(parts, over, x.shape)


def avg_pool_gradient(
    g: Any,
    /,
    *,
    size: tuple[int, int],
    ksize: Any,
    strides: Any = None,
    padding: Any = "SAME",
    data_format: str = "NHWC",
) -> Any:
    """The op of that name."""
    over = windows(ksize, ksize if strides is None else strides, padding, data_format)
    shape = list(g.shape)
    for axis, length in zip(over.axes, size, strict=True):
        shape[axis] = length
    part = g / _members(over, shape, g.dtype)
    if all(stride >= (window or 0) for stride, window in zip(over.strides, over.sizes, strict=True)):
        return _untapped([part] * _elements(over), over, shape)
    # Windows overlap: one axis after the other has the fewer sums.
    for place, axis in enumerate(over.axes):
        single = Windows((axis,), (over.sizes[place],), (over.strides[place],), (1,), (over.pads(shape)[place],))
        part = _untapped([part] * (over.sizes[place] or 0), single, shape)
    return part


KERNELS: dict[str, Kernel] = {"nn.max_pool_gradient": max_pool_gradient, "nn.avg_pool_gradient": avg_pool_gradient}


def _elements(over: Windows) -> int:
    return prod(each or 0 for each in over.sizes)


def _offsets(over: Windows) -> Iterator[tuple[int, ...]]:
    return product(*(range(each or 0) for each in over.sizes))


def _chosen(x: Any, over: Windows) -> Any:
    """Which element of each window ``max_pool`` chooses: its number, in row-major order."""
    pads, counts = over.pads(x.shape), over.counts(x.shape)
    least = -np.inf if jnp.issubdtype(x.dtype, jnp.floating) else np.iinfo(x.dtype).min
    around = [(0, 0)] * x.ndim
    for axis, pair in zip(over.axes, pads, strict=True):
        around[axis] = pair
    full = jnp.pad(x, around, constant_values=least)
    taps, numbers = [], []
    for number, element in enumerate(_offsets(over)):
        index = [slice(None)] * x.ndim
        is_inside: Any = np.ones((1,) * x.ndim, np.bool_)
        for axis, (before, _), start, stride, count in zip(over.axes, pads, element, over.strides, counts, strict=True):
            index[axis] = slice(start, start + max(((count or 0) - 1) * stride + 1, 0), stride)
            places = np.arange(count or 0) * stride + start - before
            row = (places >= 0) & (places < x.shape[axis])
            is_inside = is_inside & row.reshape([-1 if each == axis else 1 for each in range(x.ndim)])
        taps.append(full[tuple(index)])
        # Padding is equal to the greatest where all elements are least: its higher number makes it lose.
        numbers.append(np.where(is_inside, number, number + _elements(over)).astype(np.int32))
    values = jnp.stack(taps)
    operands = values, jnp.broadcast_to(np.stack(numbers), values.shape)
    starts = jnp.asarray(least, x.dtype), jnp.asarray(np.iinfo(np.int32).max, np.int32)
    return lax.reduce(operands, starts, _greater, (0,))[1]


def _greater(left: Any, right: Any) -> Any:
    """Of two pairs (value, number) the one with the greater value, NaN above all; of equals the lower number."""
    (left_value, left_number), (right_value, right_number) = left, right
    left_is_nan, right_is_nan = left_value != left_value, right_value != right_value
    is_greater = (left_value > right_value) | (left_is_nan & ~right_is_nan)
    is_equal = (left_value == right_value) | (left_is_nan & right_is_nan)
    chosen = is_greater | (is_equal & (left_number < right_number))
    return jnp.where(chosen, left_value, right_value), jnp.where(chosen, left_number, right_number)


def _untapped(parts: Sequence[Any], over: Windows, shape: Sequence[int]) -> Any:
    """Each part put back in images of ``shape`` where its element of the windows was read, and summed."""
    total: Any = None
    for element, part in zip(_offsets(over), parts, strict=True):
        edges = [(0, 0, 0)] * part.ndim
        for axis, (before, _), start, stride in zip(over.axes, over.pads(shape), element, over.strides, strict=True):
            length = max((part.shape[axis] - 1) * stride + 1, 0)
            edges[axis] = (start - before, shape[axis] - (start - before) - length, stride - 1)
        placed = lax.pad(part, jnp.zeros((), part.dtype), edges)
        total = placed if total is None else total + placed
    return total


def _members(over: Windows, shape: Sequence[int], dtype: Any) -> Any:
    """How many elements of each window lie inside the image, in a form that broadcasts."""
    total: Any = np.ones((1,) * len(shape), dtype)
    numbers = zip(over.axes, over.pads(shape), over.counts(shape), over.sizes, over.strides, strict=True)
    for axis, (before, _), count, window, stride in numbers:
        starts = np.arange(count or 0) * stride - before
        inside = np.minimum(starts + (window or 0), shape[axis]) - np.maximum(starts, 0)
        total = total * inside.astype(dtype).reshape([-1 if each == axis else 1 for each in range(len(shape))])
    return total
