"""What a key between square brackets selects: the places of the elements in the flat list, and the result's shape.

Reading and writing both start here. A key's arrays come in as :class:`Indices`, so nothing here depends on arrays.
Standard: chapter "Indexing"; slices next to integer arrays, which it leaves open, follow NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import index
from types import EllipsisType

from polyflow.errors import AxisError, DTypeError, ShapeError, message
from polyflow_reference.shapes import Shape, broadcast_places, broadcast_shapes, strides


@dataclass(frozen=True, slots=True)
class Indices:
    """An array that stands in a key: integers that pick positions, or a mask."""

    values: Sequence[int]
    shape: Shape
    is_mask: bool


Part = int | slice | EllipsisType | None | Indices


def select(key: tuple[Part, ...], shape: Shape) -> tuple[list[int], Shape]:
    """The places in the flat list that ``key`` selects from an array of ``shape``, and the shape they form.

    >>> select((slice(None, None, 2), -1), (3, 4))
    ([3, 11], (2,))
    >>> select((Indices([1, 0], (2,), False),), (2, 2))
    ([2, 3, 0, 1], (2, 2))
    """
    parts = list(_one_part_an_axis(key, shape))
    if not any(isinstance(part, Indices) for part in parts):
        return _select_basic(parts, shape)
    return _select_with_arrays(parts, shape)


def _select_basic(parts: list[Part], shape: Shape) -> tuple[list[int], Shape]:
    found, selected = [0], []
    dimensions = iter(zip(shape, strides(shape), strict=True))
    for part in parts:
        if part is None:
            selected.append(1)
            continue
        dimension, step = next(dimensions)
        if isinstance(part, slice):
            moves = [step * i for i in range(*part.indices(dimension))]
            selected.append(len(moves))
            found = [place + move for place in found for move in moves]
        else:
            move = step * _position(part, dimension)
            found = [place + move for place in found]
    return found, tuple(selected)


def _select_with_arrays(parts: list[Part], shape: Shape) -> tuple[list[int], Shape]:
    """Integers count as arrays here. All arrays broadcast to one block of places, which the slices are laid around.

    The block stands where the arrays stood if they were neighbours, and in front otherwise.
    """
    block_shape = broadcast_shapes(*(_shape_of(part) for part in parts if isinstance(part, (int, Indices))))
    block = [0] * math.prod(block_shape)
    before: list[tuple[int, ...]] = []  # for each axis of the result outside the block, the moves along it
    after: list[tuple[int, ...]] = []
    seen = finished = False
    dimensions = iter(zip(shape, strides(shape), strict=True))
    for part in parts:
        if isinstance(part, (int, Indices)):
            if finished:
                before, after = [], before + after
                finished = False
            seen = True
            if isinstance(part, Indices) and part.is_mask:  # a mask of rank 0 takes no axis
                continue
            dimension, step = next(dimensions)
            positions = [_position(i, dimension) for i in (part.values if isinstance(part, Indices) else (part,))]
            block = [
                place + step * positions[i]
                for place, i in zip(block, broadcast_places(_shape_of(part), block_shape), strict=True)
            ]
            continue
        finished = seen
        if part is None:
            moves: tuple[int, ...] = (0,)
        else:
            dimension, step = next(dimensions)
            moves = tuple(step * i for i in range(*part.indices(dimension)))  # type: ignore[union-attr]  # a slice
        (after if seen else before).append(moves)
    found = [0]
    for moves in [*before, tuple(block), *after]:
        found = [place + move for place in found for move in moves]
    return found, (*map(len, before), *block_shape, *map(len, after))


def _one_part_an_axis(key: tuple[Part, ...], shape: Shape) -> Iterator[Part]:
    """The key with its ellipsis written out, missing slices added, and masks as the positions of their trues."""
    used = sum(_axes_taken(part) for part in key)
    ellipses = sum(part is Ellipsis for part in key)
    if used > len(shape) or ellipses > 1:
        raise IndexError(
            message(
                "a key does not fit the array",
                found=f"{used} indices",
                needed=f"at most {len(shape)}, and one ellipsis",
            )
        )
    missing = [slice(None)] * (len(shape) - used)
    axis = 0
    for part in key if ellipses else (*key, Ellipsis):
        if part is Ellipsis:
            yield from missing
            axis += len(missing)
        elif isinstance(part, Indices) and part.is_mask:
            yield from _positions_of_trues(part, shape[axis : axis + len(part.shape)])
            axis += len(part.shape)
        else:
            yield part
            axis += _axes_taken(part)


def _positions_of_trues(mask: Indices, shape: Shape) -> Iterator[Indices]:
    if len(mask.shape) != len(shape) or any(m not in (n, 0) for m, n in zip(mask.shape, shape, strict=True)):
        raise _MaskShapeError(
            message(
                "a mask does not fit the array",
                found=f"mask of shape {mask.shape}",
                needed=f"shape {shape}, or zeros in it",
            )
        )
    trues = [place for place, value in enumerate(mask.values) if value]
    if not shape:
        yield Indices(trues, (len(trues),), is_mask=True)
    for dimension, step in zip(mask.shape, strides(mask.shape), strict=True):
        yield Indices([place // step % dimension for place in trues], (len(trues),), is_mask=False)


class _MaskShapeError(ShapeError, IndexError):
    """A mask whose shape is not that of the axes it stands for."""


def _position(position: object, dimension: int) -> int:
    try:
        i = index(position)  # type: ignore[arg-type]  # what is no integer raises
    except TypeError:
        raise DTypeError(
            message("not an index", found=repr(position), needed="an integer, a slice, ..., None or an array")
        ) from None
    if not -dimension <= i < dimension:
        raise AxisError(message(f"index {i} is out of range for a dimension of {dimension}"))
    return i % dimension


def _axes_taken(part: Part) -> int:
    if part is None or part is Ellipsis:
        return 0
    return len(part.shape) if isinstance(part, Indices) and part.is_mask else 1


def _shape_of(part: Part) -> Shape:
    return part.shape if isinstance(part, Indices) else ()
