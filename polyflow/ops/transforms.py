"""What the families of ``fft`` share: types of results, and gradients along one axis. It declares no op."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.core.dtypes import complex_dtype, real_dtype
from polyflow.core.shapes import single_axis
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import ArgumentError, ValueRangeError, message

NORMS = ("backward", "ortho", "forward")


def plan(rank: int, s: Any, axes: Any) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
    """The length wanted along each axis, ``None`` where it is that of the operand, and the axes."""
    if isinstance(axes, int):
        raise ArgumentError(message("several axes are wanted", found=f"axes={axes}", needed="a sequence"))
    if s is None:
        axes = tuple(range(rank)) if axes is None else axes
        return (None,) * len(axes), axes
    if axes is None:
        raise ArgumentError(message("sizes without axes", found=f"s={s}", needed="axes, one for each size"))
    if not isinstance(s, tuple) or len(s) != len(axes):
        raise ArgumentError(message("there must be one size for each axis", found=f"s={s}, axes={axes}"))
    return tuple(None if size == -1 else size for size in s), axes


def _sizes(
    x: TensorType, sizes: Sequence[int | None], axes: Sequence[Any], norm: str, *, is_halved: bool = False
) -> list[int | None]:
    """The shape with ``sizes`` along ``axes``; where the operand is a half, the last one is that of the whole."""
    if norm not in NORMS:
        raise ValueRangeError(message("a norm that is not known", found=repr(norm), needed=f"one of {NORMS}"))
    if not axes:
        raise ArgumentError(message("a transform along no axis", found=format_shape(x.shape)))
    shape = list(x.known_shape)
    last = single_axis(axes[-1], x.rank)
    if is_halved and shape[last] is not None:
        shape[last] = 2 * (shape[last] - 1)  # type: ignore[operator]  # it is not None
    for axis, size in zip(axes, sizes, strict=True):
        if size is not None:
            shape[axis] = size
        length = shape[axis]
        if length is not None and length < 1:
            raise ValueRangeError(message("a transform of no elements", found=f"{length} along axis {axis}"))
    return shape


def transformed(x: TensorType, sizes: Sequence[int | None], axes: Sequence[Any], norm: str) -> TensorType:
    """The type of a transform that keeps every length that ``sizes`` does not change."""
    return TensorType(complex_dtype(x.known_dtype), tuple(_sizes(x, sizes, axes, norm)))


def halved(x: TensorType, sizes: Sequence[int | None], axes: Sequence[Any], norm: str) -> TensorType:
    """The type of a transform of real numbers: of the last axis one half is left, and the middle."""
    shape = _sizes(x, sizes, axes, norm)
    whole = shape[axes[-1]]
    shape[axes[-1]] = None if whole is None else whole // 2 + 1
    return TensorType(complex_dtype(x.known_dtype), tuple(shape))


def doubled(x: TensorType, sizes: Sequence[int | None], axes: Sequence[Any], norm: str) -> TensorType:
    """The type of a transform to real numbers: the last axis is made whole again."""
    return TensorType(real_dtype(x.known_dtype), tuple(_sizes(x, sizes, axes, norm, is_halved=True)))


# -- gradients


def axes_of(operation: Any) -> tuple[int, ...]:
    """The axes that an operation transforms."""
    axes = operation.attributes["axes"]
    return tuple(range(operation.inputs[0].ndim)) if axes is None else axes


def halved_cotangent(xp: Any, operation: Any, transform: Any, g: Any, axis: int) -> Any:
    """The gradient along the axis that an operation has halved, by the ``transform`` that doubles it.

    That counts twice what has a mirror image, which its gradient must not.
    """
    x = operation.inputs[0]
    whole = _length(operation, axis) or x.type.static_shape[axis]
    norm = operation.attributes["norm"]
    return transform(g * _weights(xp, g.ndim, axis, whole, 0.5), n=whole, axis=axis, norm=norm)


def doubled_cotangent(xp: Any, operation: Any, transform: Any, g: Any, axis: int) -> Any:
    """The gradient along the axis that an operation has doubled, by the ``transform`` that halves it."""
    whole = g.type.static_shape[axis]
    return transform(g, axis=axis, norm=operation.attributes["norm"]) * _weights(xp, g.ndim, axis, whole, 2.0)


def _length(operation: Any, axis: int) -> int | None:
    """The length along ``axis`` that was asked for, if one was."""
    attributes = operation.attributes
    if "n" in attributes:
        return attributes["n"]  # type: ignore[no-any-return]
    sizes, axes = plan(operation.inputs[0].ndim, attributes["s"], attributes["axes"])
    return sizes[axes.index(axis)]


def _weights(xp: Any, rank: int, axis: int, whole: int, weight: float) -> Any:
    """``weight`` for the elements of a half that have a mirror image in the whole, 1 for the others."""
    place = xp.arange(whole // 2 + 1)
    weights = xp.where((place > 0) & (2 * place < whole), weight, 1.0)
    return xp.reshape(weights, (-1,) + (1,) * (rank - 1 - axis))


def fitted(xp: Any, operation: Any, g: Any, axes: Sequence[int]) -> Any:
    """``g``, cut or filled with zeros along ``axes`` to the shape of the operand, and real where that is."""
    x = operation.inputs[0]
    wanted, found = x.type.static_shape, g.type.static_shape
    if any(wanted[axis] < found[axis] for axis in axes):
        g = g[tuple(slice(0, size) for size in wanted)]
    if any(wanted[axis] > found[axis] for axis in axes):
        g = xp.pad(g, tuple((0, max(size - have, 0)) for size, have in zip(wanted, found, strict=True)))
    return xp.real(g) if g.dtype.is_complex and not x.dtype.is_complex else g
