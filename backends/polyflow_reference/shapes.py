"""Arithmetic on shapes: strides, axes, broadcasting, and the places of elements in the flat row-major list.

Knows tuples of integers only: no array and no element comes by here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import index

from polyflow.errors import AxisError, ShapeError, ValueRangeError, message

Shape = tuple[int, ...]


def as_shape(shape: int | Sequence[int]) -> Shape:
    """A shape given as an integer or as a sequence, checked.

    >>> as_shape(3), as_shape([2, 3])
    ((3,), (2, 3))
    """
    dimensions = tuple(map(index, shape)) if isinstance(shape, Iterable) else (index(shape),)
    if any(dimension < 0 for dimension in dimensions):
        raise ValueRangeError(message("a dimension is negative", found=dimensions, needed="zero or more"))
    return dimensions


def strides(shape: Shape) -> Shape:
    """How far apart two neighbours along each axis stand in the flat list.

    >>> strides((2, 3, 4))
    (12, 4, 1)
    """
    steps, step = [], 1
    for dimension in reversed(shape):
        steps.append(step)
        step *= dimension
    return tuple(reversed(steps))


@lru_cache(maxsize=64)
def places(shape: Shape, steps: Shape) -> tuple[int, ...]:
    """The place of every index of ``shape``, in row-major order, where axis ``k`` advances by ``steps[k]``.

    Whatever rearranges or repeats elements is this function with other steps: a transposition permutes the steps,
    broadcasting sets some to zero.

    >>> places((2, 3), (3, 1)), places((3, 2), (1, 3)), places((2, 3), (0, 1))
    ((0, 1, 2, 3, 4, 5), (0, 3, 1, 4, 2, 5), (0, 1, 2, 0, 1, 2))
    """
    found = [0]
    for dimension, step in zip(shape, steps, strict=True):
        moves = [step * i for i in range(dimension)]
        found = [place + move for place in found for move in moves]
    return tuple(found)


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The shape that all shapes broadcast to: aligned at the right, ones stretch.

    >>> broadcast_shapes((2, 1), (3,), ())
    (2, 3)
    """
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    result = []
    for dimensions in zip(*padded, strict=True):
        stretched = {dimension for dimension in dimensions if dimension != 1}
        if len(stretched) > 1:
            raise ShapeError(
                message(
                    "shapes do not broadcast",
                    found=" and ".join(map(str, shapes)),
                    needed="equal dimensions, or ones, counted from the right",
                )
            )
        result.append(stretched.pop() if stretched else 1)
    return tuple(result)


@lru_cache(maxsize=64)
def broadcast_places(shape: Shape, target: Shape) -> tuple[int, ...]:
    """Where each element of an array of shape ``target`` comes from in an array of shape ``shape``.

    >>> broadcast_places((2, 1), (2, 3))
    (0, 0, 0, 1, 1, 1)
    """
    if broadcast_shapes(shape, target) != target:
        raise ShapeError(message("a shape does not broadcast to another", found=shape, needed=target))
    steps = tuple(0 if n == 1 else step for n, step in zip(shape, strides(shape), strict=True))
    return places(target, (0,) * (len(target) - len(shape)) + steps)


def normal_axis(axis: int, rank: int) -> int:
    """An axis counted from the front, from one that may be negative.

    >>> normal_axis(-1, 3)
    2
    """
    if not -rank <= index(axis) < rank:
        raise AxisError(message(f"axis {axis} is out of range for rank {rank}", needed=f"{-rank} to {rank - 1}"))
    return index(axis) % rank


def normal_axes(axis: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """The axes that ``axis`` names, counted from the front; ``None`` names all.

    >>> normal_axes((0, -1), 3), normal_axes(None, 2)
    ((0, 2), (0, 1))
    """
    if axis is None:
        return tuple(range(rank))
    axes = tuple(normal_axis(a, rank) for a in (axis if isinstance(axis, Iterable) else (axis,)))
    if len(set(axes)) < len(axes):
        raise AxisError(message("an axis is named twice", found=axis))
    return axes


def without(shape: Shape, axes: Iterable[int], *, keepdims: bool = False) -> Shape:
    """The shape after a reduction over ``axes``.

    >>> without((2, 3, 4), (1,)), without((2, 3, 4), (1,), keepdims=True)
    ((2, 4), (2, 1, 4))
    """
    if keepdims:
        return tuple(1 if axis in axes else n for axis, n in enumerate(shape))
    return tuple(n for axis, n in enumerate(shape) if axis not in axes)


def resolve_unknown(shape: Sequence[int], size: int) -> Shape:
    """The shape with its one ``-1`` replaced by what makes it hold ``size`` elements.

    >>> resolve_unknown((2, -1), 6)
    (2, 3)
    """
    dimensions = [index(n) for n in shape]
    if dimensions.count(-1) == 1:
        known = math.prod(n for n in dimensions if n != -1)
        dimensions[dimensions.index(-1)] = size // known if known else 0
    if any(n < 0 for n in dimensions) or math.prod(dimensions) != size:
        raise ShapeError(
            message("elements do not fit the shape", found=tuple(shape), needed=f"a shape of {size} elements")
        )
    return tuple(dimensions)
