"""Convolution in JAX: XLA's own, and its transposes as JAX derives them.

For a CPU they are written out as convolutions of images whose channels come last. Only those does XLA give to its fast
libraries, and it brings others into that form only outside of loops: inside, they took forty times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from polyflow.core.shapes import Windows, windows
from polyflow.extension import Kernel

Pads = Sequence[tuple[int, int]]
Dilations = Sequence[int]


def conv2d(
    x: Any,
    filters: Any,
    /,
    *,
    strides: Any = 1,
    padding: Any = "SAME",
    data_format: str = "NHWC",
    dilations: Any = 1,
    groups: int = 1,
) -> Any:
    """``jax.lax.conv_general_dilated``, for volumes as well as for images."""
    over = windows(filters.shape[:-2], strides, padding, data_format, dilations)
    pads = over.pads(x.shape)

    def convolved(x: Any, filters: Any) -> Any:
        return lax.conv_general_dilated(
            x,
            filters,
            window_strides=over.strides,
            padding=pads,
            rhs_dilation=over.dilations,
            dimension_numbers=(data_format, data_format.strip("NC") + "IO", data_format),
            feature_group_count=groups,
        )

    def on_cpu(x: Any, filters: Any) -> Any:
        x = _channels_last(x, data_format)
        return _channels_back(_correlated(x, filters, over.strides, pads, over.dilations, groups), data_format)

    if data_format[-1] == "C":
        return convolved(x, filters)
    return _by_platform(on_cpu, convolved, x, filters)


def conv2d_input_gradient(
    filters: Any, g: Any, /, *, size: tuple[int, ...], data_format: str = "NHWC", groups: int = 1, **attributes: Any
) -> Any:
    """The transpose of :func:`conv2d` in its images."""
    channels = filters.shape[-2] * groups
    shape = (g.shape[0], *size, channels) if data_format[-1] == "C" else (g.shape[0], channels, *size)

    def transposed(filters: Any, g: Any) -> Any:
        return _transposed(
            lambda x: conv2d(x, filters, data_format=data_format, groups=groups, **attributes), shape, g, filters.dtype
        )

    def on_cpu(filters: Any, g: Any) -> Any:
        over = _windows(filters.shape[:-2], data_format, **attributes)
        ends = zip(over.pads(shape), over.reaches(), size, _spans(g, over), strict=True)
        pads = [((reach or 0) - 1 - before, length - span + before) for (before, _), reach, length, span in ends]
        places = range(filters.ndim - 2)
        parts = jnp.reshape(filters, (*filters.shape[:-1], groups, filters.shape[-1] // groups))
        parts = lax.rev(jnp.swapaxes(parts, -3, -1), tuple(places))
        turned = jnp.reshape(parts, (*filters.shape[:-2], filters.shape[-1] // groups, channels))
        g = _channels_last(g, data_format)
        ones = (1,) * len(over.axes)
        return _channels_back(_correlated(g, turned, ones, pads, over.dilations, groups, over.strides), data_format)

    return _by_platform(on_cpu, transposed, filters, g)


def conv2d_filter_gradient(
    x: Any, g: Any, /, *, size: tuple[int, ...], data_format: str = "NHWC", groups: int = 1, **attributes: Any
) -> Any:
    """The transpose of :func:`conv2d` in its filters."""
    channel = data_format.index("C")
    shape = (*size, x.shape[channel] // groups, g.shape[channel])

    def transposed(x: Any, g: Any) -> Any:
        return _transposed(
            lambda filters: conv2d(x, filters, data_format=data_format, groups=groups, **attributes), shape, g, x.dtype
        )

    def on_cpu(x: Any, g: Any) -> Any:
        over = _windows(size, data_format, **attributes)
        sizes = [x.shape[axis] for axis in over.axes]
        ends = zip(over.pads(x.shape), over.reaches(), sizes, _spans(g, over), strict=True)
        pads = [(before, span + (reach or 0) - 1 - before - length) for (before, _), reach, length, span in ends]
        x, g = _channels_last(x, data_format), _channels_last(g, data_format)
        # Channels become the batch, and the batch the channels that are summed over: those of each group by itself.
        share = x.shape[-1] // groups
        parts = jnp.moveaxis(jnp.reshape(x, (*x.shape[:-1], groups, share)), (0, -1), (-1, 0))
        images = jnp.reshape(parts, (share, *sizes, groups * x.shape[0]))
        found = _correlated(images, jnp.moveaxis(g, 0, -2), over.dilations, pads, over.strides, groups)
        return jnp.moveaxis(found, 0, -2)

    return _by_platform(on_cpu, transposed, x, g)


KERNELS: dict[str, Kernel] = {
    "nn.conv2d": conv2d,
    "nn.conv2d_input_gradient": conv2d_input_gradient,
    "nn.conv2d_filter_gradient": conv2d_filter_gradient,
    "nn.conv3d": conv2d,
    "nn.conv3d_input_gradient": conv2d_input_gradient,
    "nn.conv3d_filter_gradient": conv2d_filter_gradient,
}


def _by_platform(on_cpu: Callable[..., Any], elsewhere: Callable[..., Any], *operands: Any) -> Any:
    """One of the two, as the compiler's target is a CPU or not; ``elsewhere`` where nothing is compiled, or there."""
    if not any(isinstance(each, jax.core.Tracer) for each in operands) or not all(each.size for each in operands):
        return elsewhere(*operands)
    return lax.platform_dependent(*operands, cpu=on_cpu, default=elsewhere)


def _correlated(
    x: Any,
    filters: Any,
    strides: Sequence[int],
    pads: Pads,
    dilations: Dilations,
    groups: int,
    spread: Dilations | None = None,
) -> Any:
    """``x``, its elements ``spread``, under ``filters``: channels last."""
    letters = "DHW"[-len(strides) :]
    return lax.conv_general_dilated(
        x,
        filters,
        window_strides=tuple(strides),
        padding=tuple(pads),
        lhs_dilation=spread,
        rhs_dilation=tuple(dilations),
        dimension_numbers=(f"N{letters}C", f"{letters}IO", f"N{letters}C"),
        feature_group_count=groups,
    )


def _windows(
    sizes: tuple[int, ...], data_format: str, strides: Any = 1, padding: Any = "SAME", dilations: Any = 1
) -> Windows:
    return windows(sizes, strides, padding, data_format, dilations)


def _spans(g: Any, over: Windows) -> list[int]:
    """How many places each axis of ``g`` takes where its elements lie a stride apart."""
    return [(g.shape[axis] - 1) * stride + 1 for axis, stride in zip(over.axes, over.strides, strict=True)]


def _channels_last(x: Any, data_format: str) -> Any:
    return jnp.moveaxis(x, data_format.index("C"), -1)


def _channels_back(x: Any, data_format: str) -> Any:
    return jnp.moveaxis(x, -1, data_format.index("C"))


def _transposed(linear: Callable[[Any], Any], shape: tuple[int, ...], g: Any, dtype: Any) -> Any:
    like = jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]
    (result,) = jax.linear_transpose(linear, like)(g)
    return result
