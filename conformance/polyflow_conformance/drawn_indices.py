"""Calls of ops that read and write at indices: these must be in range, and all different where elements are set."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

import polyflow
from polyflow.core.dtypes import DType, as_dtype, bool_, int64
from polyflow.core.graph import Graph
from polyflow.core.samples import ArraySpec, Sample

Shape = tuple[int, ...]
Draw = Callable[[st.SearchStrategy[Any]], Any]
Drawn = st.SearchStrategy[tuple[Sample, DType | None]]
Makers = dict[str, Callable[[st.SearchStrategy[DType]], Drawn]]

_size = st.sampled_from([3, 1, 2, 4, 5])


def _shape(least: int, most: int = 4) -> st.SearchStrategy[Shape]:
    return st.lists(_size, min_size=least, max_size=most).map(tuple)


def _numbers(shape: Shape, number: int = 0) -> ArraySpec:
    return ArraySpec("normal", shape, seed=sum(shape) + 31 * len(shape) + number)


def _places(shape: Shape, below: int, draw: Draw, *, least: int = 0) -> ArraySpec:
    """Whole numbers in ``[least, below)``, of one dtype or another."""
    dtype = draw(st.sampled_from(["int64", "int32", "uint8"] if least >= 0 else ["int64", "int32"]))
    return ArraySpec("integers", shape, draw(st.integers(0, 9)), as_dtype(dtype), least, below)


# -- keys, as between square brackets


@st.composite
def _keys(draw: Draw, shape: Shape, *, are_unique: bool) -> tuple[list[Any], list[ArraySpec]]:
    """A key for an array of ``shape``, and the arrays that stand where it says ``"index"``."""
    key: list[Any] = []
    arrays: list[ArraySpec] = []
    covered = draw(st.integers(0, len(shape)))
    common = tuple(draw(st.lists(st.sampled_from([2, 1, 3]), min_size=1, max_size=1 if are_unique else 2)))
    for size in shape[:covered]:
        kind = draw(st.sampled_from(["slice", "number", "index", "slice", "new"]))
        if kind == "new":
            key.append(None)
        if kind == "index" and not (are_unique and arrays):
            key.append("index")
            arrays.append(_different(draw, size) if are_unique else _places(common, size, draw, least=-size))
        elif kind == "number":
            key.append(draw(st.integers(-size, size - 1)))
        else:
            key.append(_slice(draw, size))
    if covered < len(shape) and draw(st.booleans()):
        key.append(...)
        if draw(st.booleans()):
            key.append(draw(st.integers(-shape[-1], shape[-1] - 1)))
    if not arrays and covered == 0 and shape and draw(st.booleans()):
        return ["index"], [ArraySpec("uniform", shape[: draw(st.integers(1, len(shape)))], 3, bool_)]
    return key, arrays


def _slice(draw: Draw, size: int) -> slice:
    ends = st.one_of(st.none(), st.integers(-size - 1, size + 1))
    return slice(draw(ends), draw(ends), draw(st.sampled_from([None, 1, 2, -1, -2])))


def _different(draw: Draw, size: int) -> ArraySpec:
    places = draw(st.permutations(range(size)))[: draw(st.integers(0, size))]
    places = [place - size if draw(st.booleans()) else place for place in places]
    return ArraySpec("values", (len(places),), dtype=int64, values=places)


def _found(shape: Shape, key: Sequence[Any], arrays: Sequence[ArraySpec]) -> Shape:
    """The shape of what is at ``key``; that of one number where nobody can tell."""
    with Graph().as_default():
        operands = [polyflow.placeholder(each.dtype or int64, each.shape) for each in arrays]
        found = polyflow.getitem(polyflow.placeholder("int8", shape), *operands, key=tuple(key)).type.shape
    return () if found is None or None in found else found


@st.composite
def _read(draw: Draw, dtypes: st.SearchStrategy[DType]) -> Any:
    shape = draw(_shape(0))
    key, arrays = draw(_keys(shape, are_unique=False))
    return Sample(_numbers(shape), *arrays, key=tuple(key)), draw(dtypes)


@st.composite
def _written(draw: Draw, dtypes: st.SearchStrategy[DType], are_unique: bool = True) -> Any:
    shape = draw(_shape(0))
    key, arrays = draw(_keys(shape, are_unique=are_unique))
    target = _found(shape, key, arrays)
    target = target[draw(st.integers(0, len(target))) :]
    target = tuple(1 if draw(st.booleans()) and draw(st.booleans()) else each for each in target)
    return Sample(_numbers(shape), _numbers(target, 1), *arrays, key=tuple(key)), draw(dtypes)


# -- gathering and scattering


@st.composite
def _taken(draw: Draw, dtypes: st.SearchStrategy[DType]) -> Any:
    shape = draw(_shape(1))
    axis = draw(st.integers(0, len(shape) - 1))
    chosen = _places(draw(_shape(1, 1)), shape[axis], draw)
    return Sample(_numbers(shape), chosen, axis=axis - draw(st.sampled_from([0, len(shape)]))), draw(dtypes)


@st.composite
def _taken_along(draw: Draw, dtypes: st.SearchStrategy[DType]) -> Any:
    shape = draw(_shape(1))
    axis = draw(st.integers(0, len(shape) - 1))
    other = [1 if draw(st.booleans()) and draw(st.booleans()) else each for each in shape]
    other[axis] = draw(st.sampled_from([2, 0, 1, 5]))
    chosen = _places(tuple(other), shape[axis], draw)
    return Sample(_numbers(shape), chosen, axis=axis - draw(st.sampled_from([0, len(shape)]))), draw(dtypes)


@st.composite
def _gathered(draw: Draw, dtypes: st.SearchStrategy[DType]) -> Any:
    shape = draw(_shape(1))
    axis = draw(st.integers(0, len(shape) - 1))
    batch = draw(st.integers(0, axis))
    chosen = _places(shape[:batch] + draw(_shape(0, 2)), shape[axis], draw)
    signed = axis - draw(st.sampled_from([0, len(shape)]))
    return Sample(_numbers(shape), chosen, axis=signed, batch_dims=batch), draw(dtypes)


@st.composite
def _gathered_rows(draw: Draw, dtypes: st.SearchStrategy[DType]) -> Any:
    shape = draw(_shape(1))
    batch = draw(st.integers(0, len(shape) - 1))
    rows = shape[:batch] + draw(_shape(0, 2))
    depth = draw(st.integers(1, len(shape) - batch))
    chosen = _rows(draw, rows, shape[batch : batch + depth])
    return Sample(_numbers(shape), chosen, batch_dims=batch), draw(dtypes)


@st.composite
def _scattered(draw: Draw, dtypes: st.SearchStrategy[DType], are_unique: bool = False, is_new: bool = False) -> Any:
    shape = draw(_shape(1, 3))
    depth = draw(st.integers(1, len(shape)))
    rows = (draw(st.integers(0, math.prod(shape[:depth]))),) if are_unique else draw(_shape(0, 2))
    chosen = _rows(draw, rows, shape[:depth], are_unique=are_unique)
    updates = _numbers(rows + shape[depth:], 1)
    operands = [chosen, updates, list(shape)] if is_new else [_numbers(shape), chosen, updates]
    return Sample(*operands), draw(dtypes)


def _rows(draw: Draw, rows: Shape, sizes: Shape, *, are_unique: bool = False) -> ArraySpec:
    """Places in an array of the shape ``sizes``, one in each row of an array with ``rows``."""
    count, places = math.prod(rows), math.prod(sizes)
    flat = draw(st.permutations(range(places))) if are_unique else _mixed(draw(st.integers(0, 99)), count, places)
    if not count:
        return ArraySpec("integers", (*rows, len(sizes)), 0, int64)
    columns = [_coordinates(place, sizes) for place in flat[:count]]
    return ArraySpec("values", (*rows, len(sizes)), dtype=int64, values=_nested(columns, rows))


def _mixed(seed: int, count: int, below: int) -> list[int]:
    return [(seed + 7 * place * (place + seed)) % below for place in range(count)]


def _coordinates(place: int, sizes: Shape) -> list[int]:
    found: list[int] = []
    for size in reversed(sizes):
        place, rest = divmod(place, size)
        found.insert(0, rest)
    return found


def _nested(columns: list[list[int]], rows: Shape) -> Any:
    if not rows:
        return columns[0]
    step = math.prod(rows[1:])
    return [_nested(columns[place * step : (place + 1) * step], rows[1:]) for place in range(rows[0])]


# -- sorted arrays and permutations


@st.composite
def _searched(draw: Draw, dtypes: st.SearchStrategy[DType]) -> Any:
    keys = sorted(draw(st.lists(st.integers(0, 9), max_size=6)))
    order = draw(st.permutations(range(len(keys)))) if draw(st.booleans()) else None
    side, sought = draw(st.sampled_from(["left", "right"])), draw(_shape(0, 2))
    attributes: dict[str, Any] = {"side": side}
    if order is not None:
        mixed = [0] * len(keys)
        for place, at in enumerate(order):
            mixed[at] = keys[place]
        keys = mixed
        attributes["sorter"] = ArraySpec("values", (len(order),), dtype=int64, values=list(order))
    wanted = ArraySpec("integers", sought, draw(st.integers(0, 9)), None, 0, 11)
    return Sample(ArraySpec("values", (len(keys),), values=keys), wanted, **attributes), draw(dtypes)


@st.composite
def _permutation(draw: Draw, dtypes: st.SearchStrategy[DType]) -> Any:
    order = draw(st.permutations(range(draw(st.integers(0, 6)))))
    return Sample(ArraySpec("values", (len(order),), values=list(order))), draw(dtypes)


INDEXING: Makers = {
    "getitem": _read,
    "index_set": _written,
    "index_add": lambda dtypes: _written(dtypes, are_unique=False),
    "take": _taken,
    "take_along_axis": _taken_along,
    "gather": _gathered,
    "gather_nd": _gathered_rows,
    "scatter_nd": lambda dtypes: _scattered(dtypes, is_new=True),
    "tensor_scatter_nd_add": _scattered,
    "tensor_scatter_nd_sub": _scattered,
    "tensor_scatter_nd_max": _scattered,
    "tensor_scatter_nd_min": _scattered,
    "tensor_scatter_nd_update": lambda dtypes: _scattered(dtypes, are_unique=True),
    "searchsorted": _searched,
    "invert_permutation": _permutation,
}
"""By op, what draws its calls in one of some dtypes."""
