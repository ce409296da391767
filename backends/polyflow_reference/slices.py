"""The driver of functions that turn each vector along an axis into another: sorting, running sums, transforms."""

from __future__ import annotations

from collections.abc import Callable

from polyflow.core.dtypes import DType
from polyflow_reference.array import Array
from polyflow_reference.reductions import groups
from polyflow_reference.values import Values


def map_slices(function: Callable[[Values], Values], x: Array, axis: int, dtype: DType | None = None) -> Array:
    """``function`` of each vector along ``axis``, rounded to ``dtype`` (by default that of ``x``).

    The results have one length, which need not be that of the vectors; if there are no vectors it is taken from the
    result for zeros.

    >>> map_slices(sorted, Array.of([[3, 1], [2, 4]]), 1)
    Array([[1, 3], [2, 4]], int64)
    """
    results = [function(vector) for vector in groups(x, (axis,))]
    length = len(results[0]) if results else len(function([0] * x.shape[axis]))
    others = [k for k in range(x.ndim) if k != axis]
    shape = (*(x.shape[k] for k in others), length)
    last = Array.fitted([value for vector in results for value in vector], shape, dtype or x.dtype)
    if axis == x.ndim - 1:
        return last
    order = list(range(x.ndim - 1))
    order.insert(axis, x.ndim - 1)
    return last.rearranged(order)
