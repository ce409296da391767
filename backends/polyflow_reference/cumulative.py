"""Running sums and products, and differences of neighbours."""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from polyflow.core.dtypes import DType, accumulator, as_dtype
from polyflow.errors import ArgumentError, ValueRangeError, message
from polyflow_reference import complex_functions
from polyflow_reference.arithmetic import subtract
from polyflow_reference.array import Array
from polyflow_reference.joining import concat
from polyflow_reference.operands import require
from polyflow_reference.shapes import normal_axis
from polyflow_reference.slices import map_slices
from polyflow_reference.values import PYTHON_TYPES, Values


def cumulative_sum(
    x: Array, /, *, axis: int | None = None, dtype: DType | None = None, include_initial: bool = False
) -> Array:
    """The sums of the elements up to each one along an axis, after a zero if ``include_initial``.

    >>> cumulative_sum(Array.of([1, 2, 3]))
    Array([1, 3, 6], int64)
    """
    return _cumulative("cumulative_sum", operator.add, 0, x, axis, dtype, include_initial)


def cumulative_prod(
    x: Array, /, *, axis: int | None = None, dtype: DType | None = None, include_initial: bool = False
) -> Array:
    """The products of the elements up to each one along an axis, after a one if ``include_initial``.

    >>> cumulative_prod(Array.of([2, 3, 4]), include_initial=True)
    Array([1, 2, 6, 24], int64)
    """
    times = complex_functions.multiply if x.dtype.is_complex else operator.mul
    return _cumulative("cumulative_prod", times, 1, x, axis, dtype, include_initial)


def _cumulative(
    name: str,
    function: Callable[[Any, Any], Any],
    neutral: int,
    x: Array,
    axis: int | None,
    dtype: DType | None,
    include_initial: bool,
) -> Array:
    if axis is None and x.ndim != 1:
        raise ArgumentError(
            message(f"{name}: the axis is not named", found=f"rank {x.ndim}", needed="axis=..., or rank 1")
        )
    target = accumulator(x.dtype) if dtype is None else as_dtype(dtype)
    require(name, "numeric", target)
    initial = [PYTHON_TYPES[target.kind](neutral)] if include_initial else []

    def running(values: Values) -> Values:
        return initial + list(accumulate(values, function))

    return map_slices(running, x.cast(target), normal_axis(axis or 0, x.ndim))


def diff(
    x: Array, /, *, axis: int = -1, n: int = 1, prepend: Array | None = None, append: Array | None = None
) -> Array:
    """The n-th differences of neighbours along an axis, x[i + 1] - x[i].

    >>> diff(Array.of([1, 4, 9])), diff(Array.of([1, 4, 9]), n=2)
    (Array([3, 5], int64), Array([2], int64))
    """
    if n < 0:
        raise ValueRangeError(message("diff: the order is negative", found=n, needed="zero or more"))
    axis = normal_axis(axis, x.ndim)
    if n == 0:
        return Array(list(x.values), x.shape, x.dtype)
    result = concat([part for part in (prepend, x, append) if part is not None], axis=axis)
    before = (slice(None),) * axis
    for _ in range(n):
        later, earlier = result[(*before, slice(1, None))], result[(*before, slice(None, -1))]
        result = subtract(later, earlier)
    return result
