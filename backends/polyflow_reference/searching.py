"""Where elements are: the largest and smallest, those that are not zero, those that a condition picks."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Any, Literal

from polyflow.core.dtypes import DType, bool_, int64
from polyflow.errors import ArgumentError, DTypeError, ShapeError, ValueRangeError, message
from polyflow_reference.array import Array
from polyflow_reference.operands import Operand, common_dtype, require, scalar_array
from polyflow_reference.reductions import Axis, reduce
from polyflow_reference.shapes import broadcast_shapes, normal_axes, strides
from polyflow_reference.values import Values

INDEX_DTYPE: DType = int64


def argmax(x: Array, /, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the first largest element, or of the first NaN if there is one.

    >>> argmax(Array.of([[1, 5], [4, 2]]), axis=1)
    Array([1, 0], int64)
    """
    return _position("argmax", lambda candidate, best: candidate > best, x, axis, keepdims)


def argmin(x: Array, /, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the first smallest element, or of the first NaN if there is one.

    >>> argmin(Array.of([[1, 5], [4, 2]]), axis=1)
    Array([0, 1], int64)
    """
    return _position("argmin", lambda candidate, best: candidate < best, x, axis, keepdims)


def _position(name: str, is_better: Callable[[Any, Any], bool], x: Array, axis: int | None, keepdims: bool) -> Array:
    require(name, "real", x.dtype)
    if any(x.shape[a] == 0 for a in normal_axes(axis, x.ndim)):
        raise ValueRangeError(message(f"{name}: no elements to choose from", found=f"shape {x.shape}, axis {axis}"))

    def first_best(values: Values) -> int:
        best = 0
        for position, value in enumerate(values):
            if value != value:
                return position
            if is_better(value, values[best]):
                best = position
        return best

    return reduce(first_best, x, axis, keepdims, INDEX_DTYPE)


def count_nonzero(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The number of elements that are not zero; NaN is not.

    >>> count_nonzero(Array.of([[0, 5], [4, 2]]), axis=1)
    Array([1, 2], int64)
    """
    return reduce(lambda values: sum(map(bool, values)), x, axis, keepdims, INDEX_DTYPE)


def nonzero(x: Array, /) -> tuple[Array, ...]:
    """The indices of the elements that are not zero, one vector for each axis, in row-major order.

    >>> nonzero(Array.of([[0, 5], [4, 0]]))
    (Array([0, 1], int64), Array([1, 0], int64))
    """
    if x.ndim == 0:
        raise ShapeError(message("nonzero: an array of rank 0 has no indices", needed="rank 1 or more"))
    found = [place for place, value in enumerate(x.values) if value]
    return tuple(
        Array([place // step % dimension for place in found], (len(found),), INDEX_DTYPE)
        for dimension, step in zip(x.shape, strides(x.shape), strict=True)
    )


def where(condition: Array, x1: Operand, x2: Operand, /) -> Array:
    """The elements of x1 where the condition holds, and those of x2 elsewhere.

    >>> where(Array.of([True, False]), Array.of([1, 2]), 0)
    Array([1, 0], int64)
    """
    if not isinstance(condition, Array) or condition.dtype is not bool_:
        found = condition.dtype if isinstance(condition, Array) else type(condition).__name__
        raise DTypeError(message("where: the condition is no array of truth values", found=found, needed="dtype bool"))
    dtype = common_dtype(x1, x2)
    first, second = (x.cast(dtype) if isinstance(x, Array) else scalar_array(x, dtype) for x in (x1, x2))
    shape = broadcast_shapes(condition.shape, first.shape, second.shape)
    columns = zip(condition.stretched(shape), first.stretched(shape), second.stretched(shape), strict=True)
    return Array([a if holds else b for holds, a, b in columns], shape, dtype)


def searchsorted(
    x1: Array, x2: Operand, /, *, side: Literal["left", "right"] = "left", sorter: Array | None = None
) -> Array:
    """Where each element of x2 goes into the sorted vector x1: before its equals, or after them with ``side="right"``.

    >>> searchsorted(Array.of([1, 3, 3, 5]), Array.of([3, 4]))
    Array([1, 3], int64)
    """
    if x1.ndim != 1:
        raise ShapeError(message("searchsorted: x1 is no vector", found=f"rank {x1.ndim}", needed="rank 1"))
    if side not in ("left", "right"):
        raise ArgumentError(message("searchsorted: unknown side", found=repr(side), needed="'left' or 'right'"))
    dtype = common_dtype(x1, x2)
    require("searchsorted", "real", dtype)
    table = x1.cast(dtype).values
    if sorter is not None:
        table = [table[place] for place in sorter.values]
    wanted = x2.cast(dtype) if isinstance(x2, Array) else scalar_array(x2, dtype)
    search = bisect.bisect_left if side == "left" else bisect.bisect_right
    keys = [(value != value, value) for value in table]  # NaN sorts behind every number
    places = [search(keys, (value != value, value)) for value in wanted.values]
    return Array(places, wanted.shape, INDEX_DTYPE)
