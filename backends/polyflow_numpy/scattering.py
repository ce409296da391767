"""Adding to places of an array in NumPy: the places of a block of updates at once where all of them differ.

``numpy.add.at`` takes an index at a time, and for whole rows a slow road. What is here adds in the same order, so that
the bits are the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from polyflow.core.keys import INDEX, native_key

Array = Any  # numpy.ndarray

_BLOCK = 512
"""Updates that are looked at together: some hundred rows stay in the cache, and few places come twice."""
_NARROW = 8
"""Elements of a row up to which one index for each element is cheaper than looking for places that come twice."""


def add_at(result: Array, updates: Array, /, *indices: Array, key: tuple[Any, ...]) -> Any:
    """``result``, in which ``updates`` have been added where ``key`` says, each as often as its place is named."""
    place = native_key(key, indices)
    if not indices or (len(indices) == 1 and indices[0].dtype.kind == "b"):  # no element is chosen twice
        result[place] += updates
        return result
    rows = _rows_named(result, indices, key)
    if rows is None or not result.flags.c_contiguous or updates.dtype != result.dtype:
        np.add.at(result, place, updates)
        return result
    depth = len(indices)
    table = result.reshape(int(np.prod(result.shape[:depth])), -1)
    given = np.broadcast_to(updates, (*rows.shape, *result.shape[depth:])).reshape(rows.size, -1)
    _add_rows(table, rows.reshape(-1), given)
    return result


def _rows_named(x: Array, indices: tuple[Array, ...], key: tuple[Any, ...]) -> Array | None:
    """The rows that indices of the first axes name, counted over all of these axes, none of them negative.

    ``None`` where ``key`` has other parts, where an index is out of bounds, and where there is nothing to name.
    """
    if key != (INDEX,) * len(indices) or x.size == 0 or any(each.dtype.kind != "i" for each in indices):
        return None
    rows: Any = None
    for size, index in zip(x.shape, indices, strict=False):
        index = index.astype(np.intp, copy=False)
        least = index.min() if index.size else -size - 1
        if least < -size or index.max() >= size:
            return None
        index = np.where(index < 0, index + size, index) if least < 0 else index
        rows = index if rows is None else rows * size + index
    return rows


def _add_rows(table: Array, rows: Array, updates: Array) -> None:
    """Add each row of ``updates`` to the row of ``table`` that it names, in their order."""
    if table.shape[1] <= _NARROW:
        _add_elements(table, rows, updates)
        return
    order = np.arange(min(_BLOCK, rows.size))
    first = np.empty(len(table), np.intp)  # of a block, where it names a row first; only those are ever read
    for start in range(0, rows.size, _BLOCK):
        part, given = rows[start : start + _BLOCK], updates[start : start + _BLOCK]
        count = order[: len(part)]
        first[part[::-1]] = count[::-1]
        (again,) = (first[part] != count).nonzero()
        if 2 * len(again) > len(part):
            _add_elements(table, part, given)
            continue
        # Of two values for one place the last stays, which backwards is that of the first update.
        table[part[::-1]] = np.add(table.take(part, 0), given)[::-1]
        if len(again):
            _add_elements(table, part[again], given[again])


def _add_elements(table: Array, rows: Array, updates: Array) -> None:
    """The same by an index for each element, for which ``numpy.add.at`` has a fast road, some rows at a time."""
    width = table.shape[1]
    elements, within, step = table.reshape(-1), np.arange(width), max(1, _BLOCK * 64 // width)
    for start in range(0, len(rows), step):
        places = rows[start : start + step, None] * width + within
        np.add.at(elements, places.reshape(-1), updates[start : start + step].reshape(-1))
