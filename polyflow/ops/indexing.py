"""Selecting elements: ``tensor[key]``, ``take``, ``take_along_axis``, and ``index_add``, which puts elements back."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.keys import ALL, INDEX, format_key, front_of_indices, indexed_shape, split_index, split_key
from polyflow.core.primitives import constant_op
from polyflow.core.samples import ErrorSample, Sample, booleans, integers, normal, values
from polyflow.core.shapes import broadcast_shapes, single_axis
from polyflow.core.signature import Axis, Slice
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import ArgumentError, AxisError, DTypeError, ShapeError, message
from polyflow.ops.batched_indexing import batched_assignment, batched_getitem, batched_take, batched_take_along_axis
from polyflow.ops.joining import concat

_EVERY = Slice(None, None, None)


def tensor_getitem(self: Any, key: Any) -> Any:
    """``self[key]``: what ``Tensor.__getitem__`` does.

    >>> import polyflow as pf
    >>> x = pf.constant([[1, 2, 3], [4, 5, 6]])
    >>> pf.Session().run([x[1], x[:, ::-1], x[..., None, 0], x[[0, 1], [2, 0]], x[x > 2]])[3].tolist()
    [3, 4]

    Integers, slices, ``...`` and ``None`` in any combination; arrays and tensors of integers, broadcast with each
    other; boolean masks. An integer outside its axis is an ``IndexError`` while building.
    """
    frozen, indices = split_index(key)
    return getitem(self, *indices, key=frozen)


@define_op(traits=Trait.VIEW)
def getitem(x: TensorType, /, *indices: TensorType, key: tuple[Any, ...]) -> TensorType:
    """The elements of ``x`` that ``key`` selects; users write ``x[key]``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.constant([[1, 2, 3], [4, 5, 6]])[:, 1:]).tolist()
    [[2, 3], [5, 6]]

    ``key`` is a tuple of integers, slices, ``Ellipsis``, ``None``, and the word ``"index"`` where the next of
    ``indices`` stands: an array of integers, or a mask. With a mask, how many are selected is known only at run time.
    Raises ``AxisError``, an ``IndexError``, for an integer outside its axis; one among ``indices`` is an error where
    the engine looks, and on JAX gives NaN (docs/edge-cases.md). Standard: "Indexing".
    """
    return x.with_shape(selected_shape(x, indices, key))


def selected_shape(x: TensorType, indices: tuple[TensorType, ...], key: tuple[Any, ...]) -> tuple[int | None, ...]:
    """The shape of ``x[key]``; refuses operands that are no indices."""
    for each in indices:
        if not (each.known_dtype.is_integer or each.known_dtype.kind == "bool"):
            raise DTypeError(message("not an index", found=str(each), needed="integers, or a boolean mask"))
        if each.known_dtype.kind == "bool" and each.rank == 0 and len(key) > 1:
            raise ArgumentError(message("a mask of rank 0 must be the only index", found=format_key(key)))
    shapes = [each.known_shape for each in indices]
    return indexed_shape(x.known_shape, key, shapes, [each.known_dtype.kind == "bool" for each in indices])


@getitem.gradient
def getitem_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, *indices = operation.inputs
    none = (None,) * len(indices)
    return (index_add(_zeros(xp, x), g, *indices, key=operation.attributes["key"]), *none)


def _zeros(xp: Any, x: Any) -> Any:
    """Zeros of the type of ``x``, which need not be kept for them where its shape is known."""
    return xp.zeros(x.type.static_shape, dtype=x.dtype) if x.type.is_static else xp.zeros_like(x)


@getitem.kernel
def getitem_kernel(xp: Any, x: Any, *indices: Any, key: tuple[Any, ...]) -> Any:
    # The standard speaks of keys without index arrays, of one mask alone, and of integers and index arrays for every
    # axis. What is left is brought to `take` on a flattened axis.
    masks = [xp.isdtype(each.dtype, "bool") for each in indices]
    if not indices or (len(key) == 1 and masks == [True]):
        return x[indices[0] if indices else key]
    is_complete = len(key) == x.ndim and all(isinstance(each, int) or each == INDEX for each in key)
    if is_complete and not any(masks):
        rest = iter(indices)
        return x[tuple(next(rest) if each == INDEX else each for each in key)]
    parts = split_key(key, x.ndim, [each.ndim if mask else 1 for each, mask in zip(indices, masks, strict=True)])
    sliced = x[tuple(each for part in parts for each in ([part.value] if not part.is_index else [ALL] * part.span))]
    chosen: list[tuple[int, Any]] = []  # each axis of `sliced` that is indexed, and by what
    axis = 0
    for part in parts:
        if part.kind == "integer":
            chosen.append((axis, part.value % sliced.shape[axis]))
        elif part.kind == "index":
            index = indices[part.value]
            arrays = xp.nonzero(index) if masks[part.value] else (index,)
            chosen += [(axis + place, each) for place, each in enumerate(arrays)]
        axis += max(part.span, 1)
    front = 0 if front_of_indices(key) is None else chosen[0][0]
    return _take_flat(xp, sliced, chosen, front)


def _take_flat(xp: Any, x: Any, chosen: list[tuple[int, Any]], front: int) -> Any:
    """``x`` indexed along some axes, the dimensions of the indices put at ``front``."""
    flat: Any = 0
    for axis, index in chosen:
        if not isinstance(index, int):
            index = xp.astype(index, xp.int64)
            index = xp.where(index < 0, index + x.shape[axis], index)
        flat = flat * x.shape[axis] + index
    axes = [axis for axis, _ in chosen]
    others = [axis for axis in range(x.ndim) if axis not in axes]
    sizes = [x.shape[axis] for axis in others]
    rows = xp.reshape(xp.permute_dims(x, (*axes, *others)), (prod(x.shape[axis] for axis in axes), *sizes))
    found = xp.reshape(xp.take(rows, xp.reshape(flat, (-1,)), axis=0), (*flat.shape, *sizes))
    order = [*range(flat.ndim, flat.ndim + front), *range(flat.ndim), *range(flat.ndim + front, found.ndim)]
    return xp.permute_dims(found, tuple(order))


getitem.batching(batched_getitem)


@getitem.samples
def getitem_samples() -> Iterator[Sample]:
    yield Sample(normal(4, 3), key=(0,))
    yield Sample(normal(4, 3, 2), key=(slice(None, None, -2), None, Ellipsis, -1))
    yield Sample(normal(4, 3), key=(slice(3, 1), slice(1, 100)))
    yield Sample(values([float("inf"), float("-inf"), 1.0]), key=(slice(0, 2),), dtypes="real floating", gradient=False)
    yield Sample(normal(), key=(None, Ellipsis))
    yield Sample(normal(4, 3), values([0, -1, 0], "int64"), key=(INDEX,))
    yield Sample(normal(2, 4, 3), values([[0, 3], [3, 3]], "int64"), key=(_EVERY, INDEX, 1))
    yield Sample(normal(4, 2, 3), values([[0], [3]], "int64"), values([2, 1, 1], "int32"), key=(INDEX, _EVERY, INDEX))
    yield Sample(normal(4, 3), booleans(4, 3), key=(INDEX,))
    yield Sample(normal(2, 4, 3), booleans(4), key=(_EVERY, INDEX))
    yield ErrorSample(normal(4, 3), key=(0, 3)).raises(AxisError, "index 3 is out of range for axis 1 of size 3")
    yield ErrorSample(normal(4, 3), key=(0, 0, 0)).raises(AxisError, "too many indices for rank 2")
    yield ErrorSample(normal(4), booleans(3), key=(INDEX,)).raises(AxisError, "a mask has another shape")
    yield ErrorSample(normal(4), values([0.5], "float32"), key=(INDEX,)).raises(DTypeError, "not an index")


@define_op(
    traits=Trait.VIEW | Trait.ACCUMULATES,
    dtypes={"x": "numeric", "updates": "numeric"},
    promote=("x", "updates"),
)
def index_add(x: TensorType, updates: TensorType, /, *indices: TensorType, key: tuple[Any, ...]) -> TensorType:
    """``x`` with ``updates`` added to the elements that ``key`` selects; one selected twice gets both.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.index_add([1, 1, 1], [10, 20, 30], [0, 2, 0], key=("index",))).tolist()
    [41, 1, 21]

    ``key`` and ``indices`` are those of :func:`getitem`; ``updates`` broadcasts to the shape of ``x[key]``. It is the
    transpose of indexing, and so its gradient.
    """
    shape = selected_shape(x, indices, key)
    found = updates.known_shape
    if len(found) > len(shape) or not fits(broadcast_shapes(found, shape), shape):
        summary = "the updates do not broadcast to what the key selects"
        raise ShapeError(message(summary, found=format_shape(found), needed=format_shape(shape)))
    return TensorType(x.dtype, x.shape)


def fits(found: tuple[int | None, ...], wanted: tuple[int | None, ...]) -> bool:
    """Whether every known size is the wanted one."""
    return all(have == need or None in (have, need) for have, need in zip(found, wanted, strict=True))


@index_add.gradient
def index_add_gradient(xp: Any, operation: Any, g: Any) -> Any:
    _, _, *indices = operation.inputs
    return (g, getitem(g, *indices, key=operation.attributes["key"]), *(None,) * len(indices))


@index_add.kernel
def index_add_kernel(xp: Any, x: Any, updates: Any, *indices: Any, key: tuple[Any, ...]) -> Any:
    if len(key) == 1 and indices and xp.isdtype(indices[0].dtype, "bool"):
        return _mask_add(xp, x, updates, indices[0])
    # Sort the updates by the place they go to, add up each run of equal places in log2(n) doublings, and let every
    # element fetch the sum that stands at the start of its run. All shapes are static and nothing is written in place.
    size = prod(x.shape)
    places = getitem_kernel(xp, xp.reshape(xp.arange(size), x.shape), *indices, key=key)
    count = prod(places.shape)
    if count == 0:
        return x
    updates = xp.reshape(xp.broadcast_to(updates, places.shape), (count,))
    places = xp.reshape(places, (count,))
    order = xp.argsort(places)
    places = xp.take(places, order)
    totals = xp.take(updates, order)
    zeros = xp.zeros_like(totals)
    reach = 1
    while reach < count:
        more = xp.where(places[reach:] == places[:-reach], totals[reach:], zeros[reach:])
        totals = xp.concat([totals[:-reach] + more, totals[-reach:]])
        reach *= 2
    slots = xp.arange(size)
    starts = xp.searchsorted(places, slots)
    starts = xp.where(starts < count, starts, xp.zeros_like(starts))
    is_hit = xp.take(places, starts) == slots
    added = xp.take(totals, starts)
    return x + xp.reshape(xp.where(is_hit, added, xp.zeros_like(added)), x.shape)


def _mask_add(xp: Any, x: Any, updates: Any, mask: Any) -> Any:
    """``x`` with the rows of ``updates`` added where ``mask`` is true; every shape is known but that of ``updates``."""
    rest = x.shape[mask.ndim :]
    rows = xp.reshape(x, (prod(mask.shape), *rest))
    is_chosen = xp.reshape(mask, (-1,) + (1,) * len(rest))
    if updates.ndim > len(rest) and updates.shape[0] == 0:
        return x
    if updates.ndim > len(rest) and updates.shape[0] > 1:
        place = xp.cumulative_sum(xp.astype(xp.reshape(mask, (-1,)), xp.int64))
        updates = xp.take(updates, xp.where(place > 0, place - 1, place), axis=0)
    added = xp.broadcast_to(updates, rows.shape)
    return xp.reshape(rows + xp.where(is_chosen, added, xp.zeros_like(added)), x.shape)


@index_add.simplification
def index_add_simplification(operation: Any) -> Any:
    """Zeros to which slices that cover them are added, one behind the other, are those slices joined."""
    pieces: dict[int, tuple[int, Any]] = {}
    axis, tensor = None, operation.output
    while tensor.operation.op is index_add:
        made = tensor.operation
        place = _slice_along(made)
        if place is None or axis not in (None, place[0]) or place[1] in pieces:
            return None
        axis, start, stop = place
        pieces[start] = stop, made.inputs[1]
        tensor = made.inputs[0]
    made = tensor.operation
    is_zero = made.op is constant_op and made.attributes["value"].uniform_value == 0
    if axis is None or not (is_zero or made.op.full_name in ("zeros", "zeros_like")):
        return None
    end = 0
    for start in sorted(pieces):
        if start != end:
            return None
        end = pieces[start][0]
    if end != operation.output.type.static_shape[axis]:
        return None
    return concat, tuple([pieces[start][1] for start in sorted(pieces)]), {"axis": axis}


def _slice_along(operation: Any) -> tuple[int, int, int] | None:
    """The axis, and where it starts and stops, if updates are added to a slice along one axis only."""
    x, updates, *indices = operation.inputs
    if indices or not x.type.is_static or not updates.type.is_static or updates.type.rank != x.type.rank:
        return None
    found: tuple[int, int, int] | None = None
    for part in split_key(operation.attributes["key"], x.type.rank, ()):
        size = x.type.static_shape[part.axis] if part.span else 0
        if part.kind != "slice":
            return None
        start, stop, step = part.value.indices(size)
        if (start, stop, step) == (0, size, 1) and updates.type.static_shape[part.axis] == size:
            continue
        if step != 1 or found is not None or updates.type.static_shape[part.axis] != stop - start:
            return None
        found = part.axis, start, stop
    return found


index_add.batching(batched_assignment)


@index_add.samples
def index_add_samples() -> Iterator[Sample]:
    yield Sample(normal(4, 3), normal(2, 3, seed=1), key=(Slice(0, 4, 2),))
    yield Sample(normal(4, 3), normal(seed=1), key=(Ellipsis, -1))
    yield Sample(normal(4, 3), normal(5, 3, seed=1), values([0, 3, 0, -1, 0], "int64"), key=(INDEX,))
    yield Sample(normal(2, 3), normal(2, 0, seed=1), key=(_EVERY, Slice(0, 0, None)))
    yield Sample(normal(4, 3), normal(seed=1), booleans(4, 3), key=(INDEX,))
    yield Sample(normal(4, 3), normal(2, 3, seed=1), values([True, False, False, True], "bool"), key=(INDEX,))
    yield Sample(normal(2, 3), normal(2, 1, seed=1), values([True, False, True], "bool"), key=(_EVERY, INDEX))
    wrong = ErrorSample(normal(4, 3), normal(5, seed=1), key=(0,))
    yield wrong.raises(ShapeError, "do not broadcast")


@define_op(dtypes={"indices": "integral"})
def take(x: TensorType, indices: TensorType, /, *, axis: Axis = None) -> TensorType:
    """The elements of ``x`` at ``indices`` along ``axis``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.take([[1, 2, 3], [4, 5, 6]], [2, 0, -1], axis=1)).tolist()
    [[3, 1, 3], [6, 4, 6]]

    The shape of ``indices``, of any rank, takes the place of ``axis``, which may be left out where ``x`` has rank 1.
    Negative indices count from the end; one outside the axis is an error where the engine looks, and on JAX gives NaN
    (docs/edge-cases.md). Standard: "take".
    """
    place = single_axis(axis, x.rank)
    shape = x.known_shape
    return x.with_shape((*shape[:place], *indices.known_shape, *shape[place + 1 :]))


@take.gradient
def take_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, indices = operation.inputs
    axis = single_axis(operation.attributes["axis"], x.ndim)
    return index_add(_zeros(xp, x), g, indices, key=(*(_EVERY,) * axis, INDEX)), None


take.batching(batched_take)


@take.samples
def take_samples() -> Iterator[Sample]:
    yield Sample(normal(4, 3), integers(5, low=0, high=4), axis=0)
    yield Sample(normal(2, 3, 2), values([2, -1, 2, 2], "int64"), axis=-2)
    yield Sample(normal(4), values([[0, 3], [3, 1]], "int32"))
    yield Sample(normal(4, 3), values([], "int64"), axis=0)
    yield ErrorSample(normal(2, 3), integers(5, low=0, high=2)).raises(AxisError, "needs an axis for rank 2")
    yield ErrorSample(normal(4), values([0.5], "float32")).raises(DTypeError, "needed:  a integral dtype")


@define_op(dtypes={"indices": "integral"})
def take_along_axis(x: TensorType, indices: TensorType, /, *, axis: Axis = -1) -> TensorType:
    """The elements of each line of ``x`` along ``axis`` at the indices in the same line of ``indices``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.take_along_axis([[1, 2, 3], [4, 5, 6]], [[2], [0]], axis=1)).tolist()
    [[3], [4]]

    Both have the same rank and broadcast along the other axes. Negative indices count from the end; one outside the
    axis as in ``take``. Standard: "take_along_axis".
    """
    place = single_axis(axis, x.rank)
    left, right = x.known_shape, indices.known_shape
    if len(left) != len(right):
        raise ShapeError(message("x and indices differ in rank", found=format_shape(right), needed=f"rank {x.rank}"))
    shape = list(broadcast_shapes(*((*each[:place], 1, *each[place + 1 :]) for each in (left, right))))
    shape[place] = right[place]
    return x.with_shape(shape)


@take_along_axis.gradient
def take_along_axis_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, indices = operation.inputs
    lines = [xp.reshape(xp.arange(size), (size,) + (1,) * (x.ndim - 1 - place)) for place, size in enumerate(x.shape)]
    lines[operation.attributes["axis"]] = indices
    return index_add(_zeros(xp, x), g, *lines, key=(INDEX,) * x.ndim), None


take_along_axis.batching(batched_take_along_axis)


@take_along_axis.samples
def take_along_axis_samples() -> Iterator[Sample]:
    yield Sample(normal(4, 3), integers(4, 5, low=-3, high=3))
    yield Sample(normal(4, 3), integers(2, 1, low=0, high=4), axis=0)
    yield Sample(normal(1, 3), integers(2, 2, low=0, high=3), axis=1)
    wrong = ErrorSample(normal(4, 3), integers(4, low=0, high=3))
    yield wrong.raises(ShapeError, "x and indices differ in rank")
