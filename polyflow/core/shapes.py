"""Arithmetic of shapes and axes, with unknown dimensions: broadcasting, normal axes, reductions, sliding windows.

These helpers are what inference rules are written with. They raise the bare fact; the border where an operation is
added names the operation, its operands and the user's line.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from polyflow.core.dtypes import DType
from polyflow.core.types import Shape, TensorType, format_shape
from polyflow.errors import ArgumentError, AxisError, ShapeError, ValueRangeError, message


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The shape to which all ``shapes`` broadcast (standard, chapter "Broadcasting").

    An unknown dimension is 1 or fits: it takes the other's size where that is above 1.

    >>> broadcast_shapes((3, 1), (4,)), broadcast_shapes((None, 3), (1, 3)), broadcast_shapes((None,), (5,))
    ((3, 4), (None, 3), (5,))
    """
    first = shapes[0] if shapes else ()
    if all(shape == first for shape in shapes):
        return first
    rank = max(map(len, shapes))
    result: list[int | None] = [1] * rank
    for shape in shapes:
        offset = rank - len(shape)
        for position, size in enumerate(shape, offset):
            found = result[position]
            if size == found or size == 1:
                continue
            if found == 1 or (found is None and size is not None):
                result[position] = size
            elif size is not None:
                raise ShapeError(
                    message(
                        f"shapes {' and '.join(map(format_shape, shapes))} do not broadcast",
                        needed="from the right, sizes that are equal or 1",
                        remedy="reshape or expand_dims one operand so that its axes line up",
                    )
                )
    return tuple(result)


def broadcast(*types: TensorType) -> TensorType:
    """The type of an elementwise result of operands that share one dtype."""
    return TensorType(types[0].dtype, broadcast_shapes(*(each.known_shape for each in types)))


def normal_axis(axis: int, rank: int) -> int:
    """``axis`` counted from the front.

    >>> normal_axis(-1, 3)
    2
    """
    if not hasattr(axis, "__index__"):
        raise ArgumentError(message("an axis is a whole number", found=repr(axis)))
    axis = operator.index(axis)
    if not -rank <= axis < rank:
        needed = f"-{rank} <= axis < {rank}" if rank else "a tensor of rank 0 has no axis"
        raise AxisError(message(f"axis {axis} is out of range for rank {rank}", needed=needed))
    return axis + rank if axis < 0 else axis


def normal_axes(axis: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """The axes named, counted from the front, in the order given; all of them for ``None``.

    >>> normal_axes((-1, 0), 3), normal_axes(None, 2)
    ((2, 0), (0, 1))
    """
    if axis is None:
        return tuple(range(rank))
    axes = tuple(normal_axis(each, rank) for each in ((axis,) if isinstance(axis, int) else axis))
    if len(set(axes)) != len(axes):
        raise AxisError(message(f"axis {axis} names one axis twice", needed="distinct axes"))
    return axes


def single_axis(axis: int | Sequence[int] | None, rank: int) -> int:
    """The one axis meant, counted from the front; it may be left out only where there is no other.

    >>> single_axis(-1, 3), single_axis(None, 1)
    (2, 0)
    """
    if axis is None:
        if rank != 1:
            raise AxisError(message(f"needs an axis for rank {rank}", needed="one axis; rank 1 needs none"))
        return 0
    if not isinstance(axis, int):
        raise AxisError(message("takes one axis", found=f"axis={tuple(axis)}", needed="a whole number"))
    return normal_axis(axis, rank)


def reduced_shape(shape: Shape, axis: int | Sequence[int] | None, keepdims: bool) -> Shape:
    """The shape that is left when ``axis`` is reduced.

    >>> reduced_shape((2, 3, 4), (0, 2), False), reduced_shape((2, 3), 1, True)
    ((3,), (2, 1))
    """
    axes = set(normal_axes(axis, len(shape)))
    if keepdims:
        return tuple(1 if position in axes else size for position, size in enumerate(shape))
    return tuple(size for position, size in enumerate(shape) if position not in axes)


def reduced(
    x: TensorType, axis: int | Sequence[int] | None, keepdims: bool, *, dtype: DType | None = None
) -> TensorType:
    """The type of a reduction of ``x`` over ``axis``."""
    return TensorType(dtype or x.dtype, reduced_shape(x.known_shape, axis, keepdims))


def product(sizes: Iterable[int | None]) -> int | None:
    """The product of sizes; ``None`` where one is unknown, unless another is 0."""
    result: int | None = 1
    for size in sizes:
        if size == 0:
            return 0
        result = None if result is None or size is None else result * size
    return result


class Windows(NamedTuple):
    """How windows slide over the spatial axes of images, as convolutions and pooling have it; see :func:`windows`."""

    axes: tuple[int, ...]
    """The spatial axes; the other four tuples have one entry for each."""
    sizes: tuple[int | None, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    padding: str | tuple[tuple[int, int], ...]

    def reaches(self) -> tuple[int | None, ...]:
        """How many elements each window spans, the gaps of its dilation included."""
        pairs = zip(self.sizes, self.dilations, strict=True)
        return tuple(None if size is None else (size - 1) * dilation + 1 for size, dilation in pairs)

    def pads(self, shape: Sequence[int | None]) -> tuple[tuple[int, int], ...]:
        """The elements added before and after each spatial axis of an image of ``shape``, all of it known.

        >>> windows(3, 2, "SAME", "NHWC").pads((1, 4, 5, 1)), windows(3, 2, "VALID", "NHWC").pads((1, 4, 5, 1))
        (((0, 1), (1, 1)), ((0, 0), (0, 0)))
        """
        if not isinstance(self.padding, str):
            return self.padding
        if self.padding == "VALID":
            return ((0, 0),) * len(self.axes)
        result = []
        for axis, stride, reach in zip(self.axes, self.strides, self.reaches(), strict=True):
            size = shape[axis]
            assert size is not None, "padding asked of a shape that is not known"
            assert reach is not None, "padding asked of windows that are not known"
            total = max((-(-size // stride) - 1) * stride + reach - size, 0)
            result.append((total // 2, total - total // 2))
        return tuple(result)

    def counts(self, shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """How many windows fit along each spatial axis of an image of ``shape``.

        >>> windows(3, 2, "SAME", "NHWC").counts((1, 4, 5, 1)), windows(3, 2, "VALID", "NHWC").counts((1, 4, None, 1))
        ((2, 3), (1, None))
        """
        result: list[int | None] = []
        for place, (axis, stride, reach) in enumerate(zip(self.axes, self.strides, self.reaches(), strict=True)):
            size = shape[axis]
            if self.padding == "SAME":
                result.append(None if size is None else -(-size // stride))
            elif size is None or reach is None:
                result.append(None)
            else:
                added = 0 if isinstance(self.padding, str) else sum(self.padding[place])
                if size + added < reach:
                    raise ShapeError(
                        message(
                            f"a window spans {reach} elements, more than axis {axis} has",
                            found=f"{size} elements and {added} of padding",
                            needed=f"at least {reach}",
                            remedy='padding="SAME", or a smaller window',
                        )
                    )
                result.append((size + added - reach) // stride + 1)
        return tuple(result)


@cache
def windows(sizes: Any, strides: Any, padding: Any, data_format: str, dilations: Any = 1) -> Windows:
    """The windows that attributes in TensorFlow's words describe; refuses what makes no sense.

    Sizes, strides and dilations are one number, one for each spatial axis, or one for each letter of ``data_format``
    with 1 at N and C. Padding is "SAME" (as many windows as strides), "VALID" (none), or a (before, after) pair for
    each spatial axis or each letter.

    >>> windows((1, 2, 2, 1), 2, "SAME", "NHWC").strides
    (2, 2)
    """
    return Windows(
        spatial_axes(data_format),
        _per_spatial_axis("window sizes", sizes, data_format),
        _per_spatial_axis("strides", strides, data_format),
        _per_spatial_axis("dilations", dilations, data_format),
        _spatial_padding(padding, data_format),
    )


def spatial_axes(data_format: str) -> tuple[int, ...]:
    """The axes of images that are neither batch nor channels.

    >>> spatial_axes("NHWC"), spatial_axes("NCHW")
    ((1, 2), (2, 3))
    """
    return tuple(axis for axis, letter in enumerate(data_format) if letter not in "NC")


def _spatial_entries(values: tuple[Any, ...], neutral: object, data_format: str) -> tuple[Any, ...]:
    """The entries at the spatial axes of a tuple that has one for each letter, ``neutral`` at N and C."""
    axes = spatial_axes(data_format)
    others = [values[axis] for axis in range(len(values)) if axis not in axes]
    if len(values) == len(data_format) and all(other == neutral for other in others):
        return tuple(values[axis] for axis in axes)
    return values


def _per_spatial_axis(what: str, value: Any, data_format: str) -> tuple[Any, ...]:
    count = len(spatial_axes(data_format))
    values = _spatial_entries(value, 1, data_format) if isinstance(value, tuple) else (value,) * count
    if len(values) != count or not all(each is None or (isinstance(each, int) and each >= 1) for each in values):
        needed = f"a number >= 1, {count} of them, or one for each letter of {data_format} with 1 at N and C"
        raise ValueRangeError(message(f"{what} that make no sense", found=value, needed=needed))
    return values


def _spatial_padding(padding: Any, data_format: str) -> str | tuple[tuple[int, int], ...]:
    if isinstance(padding, str) and padding.upper() in ("SAME", "VALID"):
        return padding.upper()
    count = len(spatial_axes(data_format))
    pairs = _spatial_entries(padding, (0, 0), data_format) if isinstance(padding, tuple) else ()
    if len(pairs) == count and all(_is_pad(pair) for pair in pairs):
        return pairs
    needed = f'"SAME", "VALID", or {count} pairs (before, after) of numbers >= 0'
    raise ValueRangeError(message("padding that makes no sense", found=repr(padding), needed=needed))


def _is_pad(pair: Any) -> bool:
    return isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(each, int) and each >= 0 for each in pair)


def declared_shape(sizes: Iterable[Any], who: str = "") -> Shape:
    """A shape as a user declares it: integers, NumPy's too, and ``None`` for what is not known.

    >>> declared_shape([None, 3])
    (None, 3)

    Raises ``ValueRangeError``, which begins with ``who``, for anything else.
    """
    given = tuple(sizes)
    if not all(each is None or is_size(each) for each in given):
        prefix = f"{who}: " if who else ""
        raise ValueRangeError(message(f"{prefix}not a shape", found=given, needed="sizes of at least 0, or None"))
    return tuple([None if each is None else operator.index(each) for each in given])


def is_size(value: Any) -> bool:
    """Whether ``value`` is an integer, Python's or NumPy's, that can be a size."""
    if isinstance(value, bool) or hasattr(value, "__tensor__") or not hasattr(value, "__index__"):
        return False
    try:
        return operator.index(value) >= 0
    except TypeError:  # an array of several, or of floats
        return False
