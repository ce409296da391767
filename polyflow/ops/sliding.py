"""Padding, spreading and sliding windows in functions of the array API: what several generic kernels are made of.

No op lives here. ``xp`` is the array API namespace of a backend; nothing is written in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any  # arrays and namespaces belong to whichever library a backend is made of

from polyflow.core.shapes import Windows


def padded(xp: Any, x: Any, axes: Sequence[int], pads: Sequence[tuple[int, int]], value: Any = 0) -> Any:
    """``x`` with ``value`` added before and after each of ``axes``; a negative count takes elements away.

    >>> import numpy
    >>> padded(numpy, numpy.asarray([1, 2, 3]), (0,), ((2, -1),)).tolist()
    [0, 0, 1, 2]
    """
    for axis, (before, after) in zip(axes, pads, strict=True):
        if before > 0 or after > 0:
            x = xp.concat([_filled(xp, x, axis, before, value), x, _filled(xp, x, axis, after, value)], axis=axis)
        if before < 0 or after < 0:
            x = x[along(x.ndim, axis, slice(max(-before, 0), max(x.shape[axis] + min(after, 0), 0)))]
    return x


def spread(xp: Any, x: Any, axes: Sequence[int], strides: Sequence[int]) -> Any:
    """``x`` with ``stride - 1`` zeros between neighbours along each of ``axes``: taking every stride-th undoes it.

    >>> import numpy
    >>> spread(numpy, numpy.asarray([1, 2, 3]), (0,), (2,)).tolist()
    [1, 0, 2, 0, 3]
    """
    for axis, stride in zip(axes, strides, strict=True):
        size = x.shape[axis]
        if stride == 1 or size < 2:
            continue
        column = xp.expand_dims(x, axis=axis + 1)
        wide = xp.concat([column, _filled(xp, column, axis + 1, stride - 1, 0)], axis=axis + 1)
        wide = xp.reshape(wide, (*x.shape[:axis], size * stride, *x.shape[axis + 1 :]))
        x = wide[along(wide.ndim, axis, slice(0, (size - 1) * stride + 1))]
    return x


def offsets(windows: Windows) -> Iterator[tuple[int, ...]]:
    """Where each element of a window lies from its start along each spatial axis, in row-major order."""
    known = ((range(size or 0), dilation) for size, dilation in zip(windows.sizes, windows.dilations, strict=True))
    return product(*([place * dilation for place in places] for places, dilation in known))


def taps(x: Any, windows: Windows, counts: Sequence[int]) -> Iterator[Any]:
    """For each element of a window the array of that element in every window over ``x``, which is padded already."""
    for offset in offsets(windows):
        index = [slice(None)] * x.ndim
        for axis, start, stride, count in zip(windows.axes, offset, windows.strides, counts, strict=True):
            index[axis] = slice(start, start + max((count - 1) * stride + 1, 0), stride)
        yield x[tuple(index)]


def untapped(
    xp: Any, parts: Iterable[Any], windows: Windows, pads: Sequence[tuple[int, int]], sizes: Sequence[int]
) -> Any:
    """The transpose of :func:`taps` on a padded image: each part put back where it was taken from, and summed.

    ``sizes`` are those of the image's spatial axes before padding.
    """
    total = None
    for offset, part in zip(offsets(windows), parts, strict=True):
        part = spread(xp, part, windows.axes, windows.strides)
        befores = [start - before for start, (before, _) in zip(offset, pads, strict=True)]
        lengths = [part.shape[axis] for axis in windows.axes]
        afters = [size - before - length for size, before, length in zip(sizes, befores, lengths, strict=True)]
        placed = padded(xp, part, windows.axes, list(zip(befores, afters, strict=True)))
        total = placed if total is None else total + placed
    return total


def along(rank: int, axis: int, chosen: slice) -> tuple[slice, ...]:
    """The index that takes ``chosen`` along one axis and everything along the others."""
    return (slice(None),) * axis + (chosen,) + (slice(None),) * (rank - axis - 1)


def _filled(xp: Any, x: Any, axis: int, count: int, value: Any) -> Any:
    return xp.full((*x.shape[:axis], max(count, 0), *x.shape[axis + 1 :]), value, dtype=x.dtype)
