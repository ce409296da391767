"""Batching rules of the ops that index: what they do to a batch of arrays, of indices, or of both.

The batch becomes one more index array, the number of each example, where both the array and the indices have one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.core.batching import again, batch_size, ranked, shifted, to_front
from polyflow.core.keys import INDEX, front_of_indices, split_key
from polyflow.core.shapes import broadcast_shapes
from polyflow.core.signature import Slice

_EVERY = Slice(None, None, None)


class _Layout:
    """Where the dimensions of the index arrays stand in ``x[key]`` of one example."""

    def __init__(self, x: Any, indices: Sequence[Any], key: Sequence[Any]) -> None:
        masks = [each.dtype.kind == "bool" for each in indices]
        self.has_masks = any(masks)
        spans = [each.ndim if is_mask else 1 for each, is_mask in zip(indices, masks, strict=True)]
        parts = split_key(key, x.ndim, spans)
        first = next((place for place, part in enumerate(parts) if part.is_index), 0)
        self.is_in_front = bool(indices) and front_of_indices(key) is None
        self.place = 0 if self.is_in_front else first
        shapes = [(None,) if is_mask else each.type.known_shape for each, is_mask in zip(indices, masks, strict=True)]
        self.rank = len(broadcast_shapes(*shapes)) if indices else 0

    def move(self, xp: Any, x: Any, start: int, stop: int) -> Any:
        """``x`` with the dimensions of the index arrays moved from axis ``start`` to axis ``stop``."""
        if start == stop or not self.rank:
            return x
        here, there = (tuple(range(axis, axis + self.rank)) for axis in (start, stop))
        return xp.moveaxis(x, here, there)


def _example_numbers(xp: Any, size: int, rank: int) -> Any:
    """The number of each example, as an index array beside batched ones of ``rank``."""
    return xp.reshape(xp.arange(size, dtype=xp.int64), (size,) + (1,) * rank)


def _aligned_indices(xp: Any, indices: Sequence[Any], batched: Sequence[bool], rank: int) -> list[Any]:
    return [ranked(xp, each, rank) if is_batched else each for each, is_batched in zip(indices, batched, strict=True)]


def batched_getitem(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The rule of ``getitem``."""
    key = operation.attributes["key"]
    x, *indices = inputs
    layout = _Layout(operation.inputs[0], operation.inputs[1:], key)
    if not any(batched[1:]):
        if layout.has_masks and (layout.is_in_front or operation.inputs[1].ndim == 0):
            return NotImplemented
        found = again(operation, inputs, key=(_EVERY, *key))
        return to_front(xp, found, layout.rank) if indices and layout.is_in_front else found
    if layout.has_masks:
        return NotImplemented
    indices = _aligned_indices(xp, indices, batched[1:], layout.rank)
    if not batched[0]:
        return to_front(xp, again(operation, [x, *indices]), layout.place)
    numbers = _example_numbers(xp, batch_size(inputs, batched), layout.rank)
    found = again(operation, [x, numbers, *indices], key=(INDEX, *key))
    return layout.move(xp, found, 1, 1 + layout.place)


def batched_assignment(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The rule of ``index_add`` and ``index_set``, whose operands are ``x``, the values and the indices."""
    key = operation.attributes["key"]
    x, values, *indices = inputs
    size = batch_size(inputs, batched)
    one, one_value, *one_indices = operation.inputs
    layout = _Layout(one, one_indices, key)
    if layout.has_masks and (any(batched[2:]) or layout.is_in_front or one_indices[0].ndim == 0):
        return _masked_assignment(xp, operation, inputs, batched)
    selected = _selected_rank(operation, layout)
    if not batched[0]:
        x = xp.broadcast_to(x, (size, *one.type.static_shape))
    if batched[1]:
        values = ranked(xp, values, selected)
    if not any(batched[2:]):
        if layout.is_in_front:  # x[:, key] has its index dimensions in front of the batch
            if batched[1]:
                values = xp.moveaxis(values, 0, layout.rank)
            else:
                values = _with_gap(xp, values, one_value.ndim, selected - layout.rank)
        return again(operation, [x, values, *indices], key=(_EVERY, *key))
    indices = _aligned_indices(xp, indices, batched[2:], layout.rank)
    numbers = _example_numbers(xp, size, layout.rank)
    if layout.place:
        rank = values.ndim if batched[1] else selected
        shape = (1,) * (rank - values.ndim) + tuple(values.type.static_shape)
        values = xp.reshape(values, shape)
        start = rank - selected + layout.place
        values = layout.move(xp, values, start, rank - selected)
    return again(operation, [x, values, numbers, *indices], key=(INDEX, *key))


def _selected_rank(operation: Any, layout: _Layout) -> int:
    """The rank of what the key selects from one example."""
    x, _, *indices = operation.inputs
    spans = [each.ndim if each.dtype.kind == "bool" else 1 for each in indices]
    parts = split_key(operation.attributes["key"], x.ndim, spans)
    kept = sum(not part.is_index if indices else part.kind != "integer" for part in parts)
    return kept + layout.rank


def _with_gap(xp: Any, values: Any, rank: int, behind: int) -> Any:
    """Values for ``(indices, batch, rest)``: those of one example with an axis of size 1 before the rest."""
    return xp.expand_dims(values, axis=rank - behind) if rank > behind else values


def _masked_assignment(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """One mask alone: a choice between ``x`` and the values, those of the true elements in order or one for all."""
    x, values, *indices = inputs
    one, one_values, *masks = operation.inputs
    if len(masks) != 1 or operation.attributes["key"] != (INDEX,):
        return NotImplemented
    mask, rest = indices[0], one.ndim - masks[0].ndim
    if not batched[0]:
        x = xp.broadcast_to(x, (batch_size(inputs, batched), *one.type.static_shape))
    if one_values.ndim <= rest:
        values = ranked(xp, values, one.ndim) if batched[1] else values
    elif one_values.shape[0] == 0:
        return x
    else:
        values = _by_place(xp, mask, values, batched[1:], masks[0].ndim, batch_size(inputs, batched))
    mask = xp.reshape(mask, tuple(mask.type.static_shape) + (1,) * rest)
    changed = x + values if operation.op.name == "index_add" else values
    return xp.where(mask, changed, x)


def _by_place(xp: Any, mask: Any, values: Any, batched: Sequence[bool], rank: int, size: int) -> Any:
    """For each element of masks, true or not, the row of ``values`` for the true elements up to it."""
    has_values, has_mask = batched
    lines = mask if has_mask else xp.expand_dims(mask, axis=0)
    shape = lines.type.static_shape
    counts = xp.cumulative_sum(xp.astype(xp.reshape(lines, (shape[0], -1)), xp.int64), axis=1)
    rows = values.type.static_shape[1 if has_values else 0]
    places = xp.clip(counts - 1, 0, rows - 1)
    if not has_values:
        found = xp.take(values, places, axis=0)
    else:
        found = xp.getitem(values, _example_numbers(xp, size, 1), places, key=(INDEX, INDEX))
    return xp.reshape(found, (found.shape[0], *shape[1:], *found.shape[2:]))


def batched_take(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The rule of ``take``."""
    x, indices = inputs
    one = operation.inputs[0]
    axis = operation.attributes["axis"] or 0
    if not batched[1]:
        return again(operation, inputs, axis=shifted(axis))
    if not batched[0]:
        return to_front(xp, again(operation, inputs, axis=axis), axis)
    numbers = _example_numbers(xp, batch_size(inputs, batched), indices.ndim - 1)
    found = xp.getitem(xp.moveaxis(x, axis + 1, 1), numbers, indices, key=(INDEX, INDEX))
    rank = indices.ndim - 1
    here, there = (tuple(range(start, start + rank)) for start in (1, 1 + axis))
    assert found.ndim == one.ndim + rank, "one axis became the axes of the indices"
    return xp.moveaxis(found, here, there) if rank and axis else found


def batched_take_along_axis(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The rule of ``take_along_axis``, whose operands have one rank and broadcast."""
    every = [each if has else xp.expand_dims(each, axis=0) for each, has in zip(inputs, batched, strict=True)]
    return again(operation, every, axis=shifted(operation.attributes["axis"]))
