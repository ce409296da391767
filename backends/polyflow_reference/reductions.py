"""Reductions: one number for each group of elements along some axes.

All of them collect the groups first. Floats add up exactly (``math.fsum``) and are rounded once, to the result's dtype.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from polyflow.core.dtypes import DEFAULT_DTYPES, DType, accumulator, as_dtype, bool_, real_dtype
from polyflow.errors import ValueRangeError, message
from polyflow_reference import complex_functions, real_functions
from polyflow_reference.array import Array
from polyflow_reference.operands import require
from polyflow_reference.shapes import normal_axes, places, strides, without
from polyflow_reference.values import PYTHON_TYPES, Values

Axis = int | Sequence[int] | None


def groups(x: Array, axes: tuple[int, ...]) -> list[Values]:
    """The elements that are reduced to one, for each index of the axes that stay.

    >>> groups(Array.of([[1, 2], [3, 4]]), (0,))
    [[1, 3], [2, 4]]
    """
    steps = strides(x.shape)
    stay = [axis for axis in range(x.ndim) if axis not in axes]
    starts = places(tuple(x.shape[a] for a in stay), tuple(steps[a] for a in stay))
    moves = places(tuple(x.shape[a] for a in axes), tuple(steps[a] for a in axes))
    if not starts or len(moves) == x.size:
        return [x.values] * len(starts)
    step = moves[1] - moves[0] if len(moves) > 1 else 1
    if moves == tuple(range(0, step * len(moves), step)):  # evenly spaced: a slice is quicker
        return [x.values[start : start + step * len(moves) : step] for start in starts]
    return [[x.values[start + move] for move in moves] for start in starts]


def reduce(
    function: Callable[[Values], Any], x: Array, axis: Axis, keepdims: bool, dtype: DType | None = None
) -> Array:
    """``function`` of each group of elements along ``axis``.

    >>> reduce(len, Array.of([[1, 2], [3, 4]]), 0, False)
    Array([2, 2], int64)
    """
    axes = normal_axes(axis, x.ndim)
    dtype = dtype or x.dtype
    python_type = PYTHON_TYPES[dtype.kind]  # of no elements, the sum and the product are integers
    results = [python_type(function(group)) for group in groups(x, axes)]
    return Array.fitted(results, without(x.shape, axes, keepdims=keepdims), dtype)


def total(values: Sequence[Any]) -> Any:
    """The exact sum of numbers, rounded to a double; integers are not rounded.

    >>> total([0.1] * 10), total([1, 2])
    (1.0, 3)
    """
    if not values or isinstance(values[0], int):
        return builtins.sum(values)
    if isinstance(values[0], complex):
        return complex(total([z.real for z in values]), total([z.imag for z in values]))
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # infinities, or a partial sum beyond the largest double
        return builtins.sum(values)


def sum(x: Array, /, *, axis: Axis = None, dtype: DType | None = None, keepdims: bool = False) -> Array:
    """The sums of the elements; integers add up in 64 bits.

    >>> sum(Array.of([[1, 2], [3, 4]]), axis=0)
    Array([4, 6], int64)
    """
    x = _accumulated("sum", x, dtype)
    return reduce(total, x, axis, keepdims)


def prod(x: Array, /, *, axis: Axis = None, dtype: DType | None = None, keepdims: bool = False) -> Array:
    """The products of the elements; integers multiply in 64 bits.

    >>> prod(Array.of([2.0, 3.0, 4.0]))
    Array(24.0, float32)
    """
    x = _accumulated("prod", x, dtype)
    return reduce(_product, x, axis, keepdims)


def _product(values: Values) -> Any:
    if values and isinstance(values[0], complex):
        result = 1 + 0j
        for value in values:
            result = complex_functions.multiply(result, value)
        return result
    return math.prod(values)


def _accumulated(name: str, x: Array, dtype: DType | None) -> Array:
    target = accumulator(x.dtype) if dtype is None else as_dtype(dtype)
    require(name, "numeric", target)
    return x.cast(target)


def mean(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The arithmetic means, sum / n; NaN for no elements.

    >>> mean(Array.of([[1.0, 2.0], [3.0, 6.0]]), axis=1)
    Array([1.5, 4.5], float32)
    """
    return reduce(_average, _floating("mean", x), axis, keepdims)


def _average(values: Values) -> Any:
    return _ratio(total(values), len(values))


def _ratio(numerator: Any, count: float) -> Any:
    if isinstance(numerator, complex):
        return complex(_ratio(numerator.real, count), _ratio(numerator.imag, count))
    return real_functions.divide(numerator, float(count))


def var(x: Array, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """The variances, sum(|x - mean(x)| ** 2) / (n - correction).

    >>> var(Array.of([1.0, 2.0, 3.0, 4.0]))
    Array(1.25, float32)
    """
    x = _floating("var", x)
    return reduce(lambda values: _variance(values, correction), x, axis, keepdims, real_dtype(x.dtype))


def std(x: Array, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """The standard deviations, the square roots of the variances.

    >>> std(Array.of([1.0, 2.0, 3.0, 4.0]), correction=1)
    Array(1.2909944, float32)
    """
    x = _floating("std", x)
    root = real_functions.sqrt
    return reduce(lambda values: root(_variance(values, correction)), x, axis, keepdims, real_dtype(x.dtype))


def _variance(values: Values, correction: float) -> float:
    center = _average(values)
    deviations = [value - center for value in values]
    squares = [d.real * d.real + d.imag * d.imag for d in deviations]
    return float(_ratio(total(squares), builtins.max(len(values) - correction, 0.0)))


def _floating(name: str, x: Array) -> Array:
    require(name, "numeric", x.dtype)
    return x.cast(DEFAULT_DTYPES[float]) if x.dtype.is_integer else x


def max(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest elements; NaN where there is one.

    >>> max(Array.of([[1, 5], [4, 2]]), axis=1)
    Array([5, 4], int64)
    """
    return _extreme("max", builtins.max, x, axis, keepdims)


def min(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest elements; NaN where there is one.

    >>> min(Array.of([[1, 5], [4, 2]]), axis=1)
    Array([1, 2], int64)
    """
    return _extreme("min", builtins.min, x, axis, keepdims)


def _extreme(name: str, function: Callable[[Values], Any], x: Array, axis: Axis, keepdims: bool) -> Array:
    require(name, "real", x.dtype)
    if builtins.any(x.shape[a] == 0 for a in normal_axes(axis, x.ndim)):
        raise ValueRangeError(message(f"{name}: no elements to choose from", found=f"shape {x.shape}, axis {axis}"))
    return reduce(lambda values: math.nan if _has_nan(values) else function(values), x, axis, keepdims)


def _has_nan(values: Values) -> bool:
    return builtins.any(map(operator.ne, values, values))


def all(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether all elements are true, that is not zero; true for none.

    >>> all(Array.of([[True, False], [True, True]]), axis=1)
    Array([False, True], bool)
    """
    return reduce(builtins.all, x, axis, keepdims, bool_)


def any(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether at least one element is true, that is not zero; false for none.

    >>> any(Array.of([[True, False], [False, False]]), axis=1)
    Array([True, False], bool)
    """
    return reduce(builtins.any, x, axis, keepdims, bool_)
