"""Distinct elements, and membership. Each NaN is distinct from all others; -0.0 and 0.0 are one."""

from __future__ import annotations

from typing import Any, NamedTuple

from polyflow.core.dtypes import bool_
from polyflow_reference.array import Array
from polyflow_reference.comparisons import logical_not
from polyflow_reference.elementwise import elementwise
from polyflow_reference.operands import Operand, meet
from polyflow_reference.searching import INDEX_DTYPE


class UniqueAll(NamedTuple):
    """What :func:`unique_all` returns."""

    values: Array
    indices: Array
    inverse_indices: Array
    counts: Array


class UniqueCounts(NamedTuple):
    """What :func:`unique_counts` returns."""

    values: Array
    counts: Array


class UniqueInverse(NamedTuple):
    """What :func:`unique_inverse` returns."""

    values: Array
    inverse_indices: Array


def unique_all(x: Array, /) -> UniqueAll:
    """The distinct elements in order, where each stands first, which one each element is, and how often each is there.

    >>> unique_all(Array.of([2, 1, 2])).inverse_indices
    Array([1, 0, 1], int64)
    """
    occurrences: dict[Any, list[int]] = {}
    for place, value in enumerate(x.values):
        occurrences.setdefault(value if value == value else _Distinct(value), []).append(place)
    ordered = sorted(occurrences.items(), key=lambda entry: _key(entry[1][0], x))
    inverse = [0] * x.size
    for number, (_, found) in enumerate(ordered):
        for place in found:
            inverse[place] = number
    count = (len(ordered),)
    return UniqueAll(
        Array([x.values[found[0]] for _, found in ordered], count, x.dtype),
        Array([found[0] for _, found in ordered], count, INDEX_DTYPE),
        Array(inverse, x.shape, INDEX_DTYPE),
        Array([len(found) for _, found in ordered], count, INDEX_DTYPE),
    )


class _Distinct:
    """A key equal to itself only, since one NaN object is found in a dictionary although it is not equal to itself."""

    def __init__(self, value: object) -> None:
        self.value = value


def _key(place: int, x: Array) -> tuple[bool, Any, Any]:
    value = x.values[place]
    if value != value:
        return (True, 0, 0)
    return (False, value.real, value.imag) if x.dtype.is_complex else (False, value, 0)


def unique_counts(x: Array, /) -> UniqueCounts:
    """The distinct elements in order, and how often each is there.

    >>> unique_counts(Array.of([2, 1, 2])).counts
    Array([1, 2], int64)
    """
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Array, /) -> UniqueInverse:
    """The distinct elements in order, and which of them each element of x is.

    >>> unique_inverse(Array.of([2, 1, 2])).values
    Array([1, 2], int64)
    """
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: Array, /) -> Array:
    """The distinct elements in order.

    >>> unique_values(Array.of([2, 1, 2]))
    Array([1, 2], int64)
    """
    return unique_all(x).values


def isin(x1: Operand, x2: Operand, /, *, invert: bool = False) -> Array:
    """Whether each element of x1 equals one of x2, or with ``invert`` none; NaN equals none.

    >>> isin(Array.of([1, 2, 3]), Array.of([3, 1]))
    Array([True, False, True], bool)
    """
    elements, table = meet("isin", "any", x1, x2)
    known = {value for value in table.values if value == value}
    result = elementwise(lambda value: value in known, elements, dtype=bool_)
    return logical_not(result) if invert else result
