"""Sorting along an axis. NaN counts as larger than every number: in descending order it comes first."""

from __future__ import annotations

from typing import Any

from polyflow_reference.array import Array
from polyflow_reference.operands import require
from polyflow_reference.searching import INDEX_DTYPE
from polyflow_reference.shapes import normal_axis
from polyflow_reference.slices import map_slices
from polyflow_reference.values import Values


def sort(x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    """The elements in order along an axis.

    >>> sort(Array.of([3, 1, 2])), sort(Array.of([3, 1, 2]), descending=True)
    (Array([1, 2, 3], int64), Array([3, 2, 1], int64))
    """
    require("sort", "real", x.dtype)
    return map_slices(lambda vector: [vector[k] for k in _order(vector, descending)], x, normal_axis(axis, x.ndim))


def argsort(x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    """The indices that put the elements in order along an axis; equals keep theirs.

    >>> argsort(Array.of([3, 1, 2]))
    Array([1, 2, 0], int64)
    """
    require("argsort", "real", x.dtype)
    return map_slices(lambda vector: _order(vector, descending), x, normal_axis(axis, x.ndim), INDEX_DTYPE)


def _order(vector: Values, descending: bool) -> list[int]:
    def key(position: int) -> tuple[bool, Any]:
        value = vector[position]
        if value != value:
            return (not descending, 0)
        return (descending, -value if descending else value)

    return sorted(range(len(vector)), key=key)
