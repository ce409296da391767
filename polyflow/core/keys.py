"""Keys of ``tensor[key]``: which axes each part of a key takes, and the shape of what it selects.

A key is a tuple of integers, slices, ``Ellipsis``, ``None`` and :data:`INDEX`, the mark at which the next index operand
stands: an array of integers, or a boolean mask. The rules are those of the standard's chapter "Indexing" and, for what
it leaves open (index arrays beside slices), NumPy's: index arrays and the integers beside them are broadcast, and their
dimensions stand where the first of them stood, or in front where something other stands between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.core.shapes import broadcast_shapes
from polyflow.core.types import Shape, format_shape
from polyflow.errors import AxisError, ValueRangeError, message

INDEX = "index"
"""Stands in a key for the next index operand."""
ALL = slice(None)


class Part:
    """One part of a key, and the axes of the indexed tensor that it takes."""

    def __init__(self, kind: str, axis: int, span: int, value: Any) -> None:
        self.kind = kind
        """``"slice"``, ``"new"``, ``"integer"`` or ``"index"``."""
        self.axis = axis
        """The first axis that it takes, or stands before."""
        self.span = span
        """How many axes it takes: the rank of a mask, 0 for a new axis, else 1."""
        self.value = value
        """The slice, the integer, or the position among the index operands."""

    @property
    def is_index(self) -> bool:
        """Whether it is broadcast with the index operands, where a key has any."""
        return self.kind in ("integer", "index")


def split_key(key: Sequence[Any], rank: int, spans: Sequence[int]) -> list[Part]:
    """The parts of ``key`` with every axis taken, the ellipsis written out.

    ``spans`` holds the number of axes that each index operand takes.

    >>> [part.axis for part in split_key((None, 0, Ellipsis, INDEX), 4, [1])]
    [0, 0, 1, 2, 3]
    """
    taken = sum(spans) + sum(not (each is None or each is Ellipsis or each == INDEX) for each in key)
    if sum(each is Ellipsis for each in key) > 1:
        raise AxisError(message("an index has more than one ellipsis", found=format_key(key), needed="at most one"))
    if taken > rank:
        raise AxisError(
            message(f"too many indices for rank {rank}", found=f"{format_key(key)}, which takes {taken} axes")
        )
    full = key if any(each is Ellipsis for each in key) else (*key, Ellipsis)
    parts: list[Part] = []
    axis = operand = 0
    for each in full:
        if each is None:
            parts.append(Part("new", axis, 0, None))
        elif each is Ellipsis:
            parts += [Part("slice", axis + place, 1, ALL) for place in range(rank - taken)]
        elif each == INDEX:
            parts.append(Part("index", axis, spans[operand], operand))
            operand += 1
        elif isinstance(each, int):
            parts.append(Part("integer", axis, 1, each))
        else:
            parts.append(Part("slice", axis, 1, each if isinstance(each, slice) else slice(*each)))
        axis += rank - taken if each is Ellipsis else parts[-1].span
    return parts


def split_index(key: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """A key as the user wrote it, as an attribute and the index operands.

    >>> split_index((0, slice(None), [1, 2]))
    ((0, slice(None, None, None), 'index'), [[1, 2]])
    """
    frozen: list[Any] = []
    indices: list[Any] = []
    for part in key if isinstance(key, tuple) else (key,):
        if part is None or part is Ellipsis or isinstance(part, slice) or _is_whole_number(part):
            frozen.append(part)
        else:
            frozen.append(INDEX)
            indices.append(part)
    return tuple(frozen), indices


def _is_whole_number(part: Any) -> bool:
    if isinstance(part, bool) or hasattr(part, "__tensor__") or not hasattr(part, "__index__"):
        return False
    return getattr(part, "shape", ()) == () and not str(getattr(part, "dtype", "")).endswith("bool")


def native_key(key: Sequence[Any], indices: Sequence[Any]) -> tuple[Any, ...]:
    """The key as an array library takes it: each :data:`INDEX` replaced by its operand.

    >>> native_key((0, INDEX), ["array"])
    (0, 'array')
    """
    rest = iter(indices)
    return tuple([next(rest) if isinstance(each, str) else each for each in key])


def front_of_indices(key: Sequence[Any]) -> int | None:
    """Where the dimensions of the index operands stand: behind how many parts of the key, ``None`` for in front.

    >>> front_of_indices((ALL, INDEX, 0)), front_of_indices((INDEX, ALL, INDEX))
    (1, None)
    """
    places = [place for place, each in enumerate(key) if isinstance(each, int) or each == INDEX]
    if not places or places[-1] - places[0] + 1 != len(places):
        return None
    return places[0]


def indexed_shape(shape: Shape, key: Sequence[Any], operands: Sequence[Shape], masks: Sequence[bool]) -> Shape:
    """The shape of ``x[key]`` for ``x`` of ``shape``, given the shapes of the index operands and which are masks.

    >>> indexed_shape((4, 5, 6), (0, slice(1, None, 2), None), [], [])
    (2, 1, 6)
    >>> indexed_shape((4, 5, 6), (ALL, INDEX, 2), [(3,)], [False])
    (4, 3)
    """
    spans = [len(each) if is_mask else 1 for each, is_mask in zip(operands, masks, strict=True)]
    parts = split_key(key, len(shape), spans)
    for part in parts:
        if part.kind == "integer":
            _check_integer(part.value, part.axis, shape[part.axis])
        elif part.kind == "index" and masks[part.value]:
            _check_mask(operands[part.value], shape[part.axis : part.axis + part.span])
    kept: list[int | None] = []
    place: int | None = None
    for part in parts:
        if part.is_index:
            place = len(kept) if place is None else place
        else:
            kept.append(1 if part.kind == "new" else sliced_size(part.value, shape[part.axis]))
    if not operands:
        return tuple(kept)
    found = broadcast_shapes(*((None,) if is_mask else each for each, is_mask in zip(operands, masks, strict=True)))
    front = 0 if front_of_indices(key) is None or place is None else place
    return (*kept[:front], *found, *kept[front:])


def sliced_size(part: slice, size: int | None) -> int | None:
    """How many elements ``part`` selects of ``size``; bounds beyond the ends are clipped, as in Python.

    >>> sliced_size(slice(1, 100, 2), 6), sliced_size(slice(None, None, -1), None)
    (3, None)
    """
    if part.step == 0:
        raise ValueRangeError(message("a slice has step 0", needed="a step other than 0"))
    return None if size is None else len(range(*part.indices(size)))


def format_key(key: Sequence[Any]) -> str:
    """The key as a user writes it.

    >>> format_key((0, slice(1, None), Ellipsis, None, INDEX))
    '[0, 1:, ..., None, <index>]'
    """
    return f"[{', '.join(map(_format_part, key))}]"


def _format_part(part: Any) -> str:
    if part is Ellipsis:
        return "..."
    if part == INDEX:
        return "<index>"
    if part is None or isinstance(part, int):
        return str(part)
    bounds = slice(*part) if isinstance(part, tuple) else part
    start, stop, step = ("" if each is None else str(each) for each in (bounds.start, bounds.stop, bounds.step))
    return f"{start}:{stop}" + (f":{step}" if step else "")


def _check_integer(index: int, axis: int, size: int | None) -> None:
    if size is not None and not -size <= index < size:
        raise AxisError(
            message(
                f"index {index} is out of range for axis {axis} of size {size}",
                needed=f"-{size} <= index < {size}" if size else "an axis that is not empty",
            )
        )


def _check_mask(mask: Shape, shape: Shape) -> None:
    # The standard lets a dimension of a mask be 0 where the array's is not: such a mask selects nothing.
    if any(have not in (need, 0, None) and need is not None for have, need in zip(mask, shape, strict=True)):
        raise AxisError(
            message("a mask has another shape than what it selects from", found=format_shape(mask), needed=shape)
        )
