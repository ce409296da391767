"""Convolution in JAX: XLA's own, and its transposes as JAX derives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax import lax

from polyflow.core.shapes import windows
from polyflow.extension import Kernel


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
    return lax.conv_general_dilated(
        x,
        filters,
        window_strides=over.strides,
        padding=over.pads(x.shape),
        rhs_dilation=over.dilations,
        dimension_numbers=(data_format, data_format.strip("NC") + "IO", data_format),
        feature_group_count=groups,
    )


def conv2d_input_gradient(
    filters: Any, g: Any, /, *, size: tuple[int, ...], data_format: str = "NHWC", groups: int = 1, **attributes: Any
) -> Any:
    """The transpose of :func:`conv2d` in its images."""
    channels = filters.shape[-2] * groups
    shape = (g.shape[0], *size, channels) if data_format[-1] == "C" else (g.shape[0], channels, *size)
    return _transposed(
        lambda x: conv2d(x, filters, data_format=data_format, groups=groups, **attributes), shape, g, filters.dtype
    )


def conv2d_filter_gradient(
    x: Any, g: Any, /, *, size: tuple[int, ...], data_format: str = "NHWC", groups: int = 1, **attributes: Any
) -> Any:
    """The transpose of :func:`conv2d` in its filters."""
    channel = data_format.index("C")
    shape = (*size, x.shape[channel] // groups, g.shape[channel])
    return _transposed(
        lambda filters: conv2d(x, filters, data_format=data_format, groups=groups, **attributes), shape, g, x.dtype
    )


KERNELS: dict[str, Kernel] = {
    "nn.conv2d": conv2d,
    "nn.conv2d_input_gradient": conv2d_input_gradient,
    "nn.conv2d_filter_gradient": conv2d_filter_gradient,
    "nn.conv3d": conv2d,
    "nn.conv3d_input_gradient": conv2d_input_gradient,
    "nn.conv3d_filter_gradient": conv2d_filter_gradient,
}


def _transposed(linear: Callable[[Any], Any], shape: tuple[int, ...], g: Any, dtype: Any) -> Any:
    like = jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]
    (result,) = jax.linear_transpose(linear, like)(g)
    return result
