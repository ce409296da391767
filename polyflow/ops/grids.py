"""Evenly spaced numbers, and the grids that they span (standard, "Creation Functions")."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from polyflow.core.batching import batch_size, in_all
from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import DEFAULT_DTYPES, float32, promote
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.signature import DTypeLike
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ShapeError, ValueRangeError, message

_NO_OPERAND = "it has no operand"


@define_op
def arange(
    start: int | float, /, stop: int | float | None = None, step: int | float = 1, *, dtype: DTypeLike = None
) -> TensorType:
    """The numbers ``start``, ``start + step``, ... below ``stop`` (above it, for a negative ``step``).

    With one number alone, that is the ``stop``, and ``start`` is 0.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.arange(2, 10, 3)).tolist()
    [2, 5, 8]

    There are ``ceil((stop - start) / step)`` of them, of dtype int64 where all three are whole numbers, else float32.
    Raises ``DTypeError`` for fractions where an integer dtype is asked for, of which libraries make different numbers.
    Standard: "arange".
    """
    if stop is None:
        start, stop = 0, start
    for number in (start, stop, step):
        if not math.isfinite(number):
            raise ValueRangeError(message("arange has no end", found=number, needed="finite numbers"))
    if step == 0:
        raise ValueRangeError(message("arange does not move", found="step = 0", needed="a step other than 0"))
    is_whole = all(isinstance(number, int) for number in (start, stop, step))
    length = int(-((start - stop) // step)) if is_whole else math.ceil((stop - start) / step)
    if dtype is not None and dtype.kind in ("bool", "complex"):
        raise DTypeError(message("arange counts in real numbers", found=dtype, needed="an integer or float dtype"))
    if dtype is not None and dtype.is_integer and not all(float(number).is_integer() for number in (start, stop, step)):
        found = f"{start}, {stop} and {step} for {dtype}"
        raise DTypeError(message("arange counts in fractions", found=found, needed="a float dtype, or whole numbers"))
    return TensorType(dtype or DEFAULT_DTYPES[int if is_whole else float], (max(length, 0),))


arange.no_gradient(_NO_OPERAND)


@arange.samples
def arange_samples() -> Iterator[Sample]:
    yield Sample(5)
    yield Sample(2, 11, 3)
    yield Sample(3, -4, -2, dtype="int16")
    yield Sample(0.0, 1.0, 0.25)
    yield Sample(0.0, 1.0, 0.3, dtype="float64")
    yield Sample(3, 3)
    yield ErrorSample(0, 5, 0).raises(ValueRangeError, "a step other than 0")
    yield ErrorSample(5, dtype="complex64").raises(DTypeError, "arange counts in real numbers")
    yield ErrorSample(0, 3, 0.25, dtype="int16").raises(DTypeError, "arange counts in fractions")


@define_op
def linspace(
    start: int | float | complex,
    stop: int | float | complex,
    /,
    num: int,
    *,
    dtype: DTypeLike = None,
    endpoint: bool = True,
) -> TensorType:
    """``num`` numbers at equal distances from ``start`` to ``stop``, without ``stop`` itself if not ``endpoint``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linspace(0, 1, 5)).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]

    The dtype is float32, or complex64 for complex numbers, if none is given. Standard: "linspace".
    """
    if num < 0:
        raise ValueRangeError(message("linspace gives no negative number of elements", found=num, needed="0 or more"))
    found = promote(promote(DEFAULT_DTYPES[type(start)], DEFAULT_DTYPES[type(stop)]), float32)
    if dtype is not None and not dtype.is_differentiable:
        raise DTypeError(message("linspace divides an interval", found=dtype, needed="a floating dtype"))
    if dtype is not None and found.is_complex and not dtype.is_complex:
        raise DTypeError(message("a complex number cannot become real in silence", found="complex", needed=dtype))
    return TensorType(dtype or found, (num,))


linspace.no_gradient(_NO_OPERAND)


@linspace.samples
def linspace_samples() -> Iterator[Sample]:
    yield Sample(0, 1, 5)
    yield Sample(-1.5, 2.5, 4, endpoint=False)
    yield Sample(2, 1, 3, dtype="float64")
    yield Sample(0, 1 + 2j, 3)
    yield Sample(0, 1, 1)
    yield Sample(0, 1, 0)
    yield ErrorSample(0, 1, -1).raises(ValueRangeError, "no negative number of elements")
    yield ErrorSample(0, 1, 3, dtype="int32").raises(DTypeError, "needed:  a floating dtype")


@define_op(traits=Trait.VIEW, takes_unknown=True)
def meshgrid(*arrays: TensorType, indexing: str = "xy") -> tuple[TensorType, ...]:
    """The coordinates of every point of a grid, one tensor for each of the axes that ``arrays`` give.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.meshgrid([1, 2], [3, 4, 5]))[0].tolist()
    [[1, 2], [1, 2], [1, 2]]

    With ``indexing="ij"`` the ``i``-th of them varies along axis ``i``; with ``"xy"`` the first two change places.
    Raises ``ShapeError`` for an operand that is not of rank 1. Standard: "meshgrid".
    """
    if indexing not in ("xy", "ij"):
        raise ValueRangeError(message("no such indexing", found=repr(indexing), needed="'xy' or 'ij'"))
    for position, each in enumerate(arrays):
        if each.shape is not None and each.rank != 1:
            raise ShapeError(
                message("a grid is spanned by vectors", operand=f"arrays[{position}]", found=each, needed="rank 1")
            )
    sizes = tuple(None if each.shape is None else each.shape[0] for each in arrays)
    shape = tuple(sizes[axis] for axis in _grid_axes(len(sizes), indexing))
    return tuple(each.with_shape(shape) for each in arrays)


@meshgrid.gradient
def meshgrid_gradient(xp: Any, operation: Any, g: Any) -> Any:
    rank = len(operation.inputs)
    own = _grid_axes(rank, operation.attributes["indexing"])
    return tuple(
        xp.sum(each, axis=tuple(axis for axis in range(rank) if axis != own[position]))
        for position, each in enumerate(g)
    )


@meshgrid.batching
def meshgrid_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    rank = len(inputs)
    own = _grid_axes(rank, operation.attributes["indexing"])
    size = batch_size(inputs, batched)
    found = []
    for place, (each, output) in enumerate(zip(in_all(xp, inputs, batched), operation.outputs, strict=True)):
        others = tuple(axis + 1 for axis in range(rank) if axis != own[place])
        found.append(xp.broadcast_to(xp.expand_dims(each, axis=others), (size, *output.type.static_shape)))
    return found


@meshgrid.samples
def meshgrid_samples() -> Iterator[Sample]:
    yield Sample(normal(3), normal(2, seed=1))
    yield Sample(normal(3), normal(2, seed=1), normal(4, seed=2), indexing="ij")
    yield Sample(normal(2), normal(3, seed=1), normal(4, seed=2))
    yield Sample(normal(3))
    yield ErrorSample(normal(3), normal(2, 2)).raises(ShapeError, "a grid is spanned by vectors")
    yield ErrorSample(normal(3), indexing="ji").raises(ValueRangeError, "needed:  'xy' or 'ij'")


def _grid_axes(rank: int, indexing: str) -> Sequence[int]:
    """The axis of a grid along which each of its coordinates varies."""
    return (1, 0, *range(2, rank)) if indexing == "xy" and rank > 1 else range(rank)
