"""Convolution in JAX: XLA's own, and its transposes as JAX derives them.

For a CPU they are written out as convolutions of images whose channels come last. Only those does XLA give to its fast
libraries, and it brings others into that form only outside of loops: inside, they took forty times as long. What has
few channels and few filters it gives to none of them: a sum of shifted images, which XLA makes one loop of, takes a
half to a fifteenth of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, reduce
from itertools import product
from math import prod
from operator import add
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from polyflow.core.shapes import Windows, windows
from polyflow.extension import Kernel
from polyflow.ops.sliding import taps

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
    convolved = partial(_by_library, over=over, data_format=data_format, groups=groups)

    is_thin = _is_thin(x, filters, groups)

    def on_cpu(x: Any, filters: Any) -> Any:
        x = _channels_last(x, data_format)
        form = _summed if is_thin else partial(_correlated, groups=groups)
        return _channels_back(form(x, filters, over.strides, pads, over.dilations), data_format)

    if data_format[-1] == "C" and not is_thin:
        return convolved(x, filters)
    return _by_platform(on_cpu, convolved, x, filters)


def conv2d_input_gradient(
    filters: Any, g: Any, /, *, size: tuple[int, ...], data_format: str = "NHWC", groups: int = 1, **attributes: Any
) -> Any:
    """The transpose of :func:`conv2d` in its images."""
    channels = filters.shape[-2] * groups
    shape = (g.shape[0], *size, channels) if data_format[-1] == "C" else (g.shape[0], channels, *size)

    def transposed(filters: Any, g: Any) -> Any:
        over = _windows(filters.shape[:-2], data_format, **attributes)
        convolved = partial(_by_library, filters=filters, over=over, data_format=data_format, groups=groups)
        return _transposed(convolved, shape, g, filters.dtype)

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
        over = _windows(size, data_format, **attributes)
        convolved = partial(_by_library, x, over=over, data_format=data_format, groups=groups)
        return _transposed(convolved, shape, g, x.dtype)

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


def _by_library(x: Any, filters: Any, over: Windows, data_format: str, groups: int) -> Any:
    """As JAX knows it, with its own transposes."""
    return lax.conv_general_dilated(
        x,
        filters,
        window_strides=over.strides,
        padding=over.pads(x.shape),
        rhs_dilation=over.dilations,
        dimension_numbers=(data_format, data_format.strip("NC") + "IO", data_format),
        feature_group_count=groups,
    )


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


MANY = 32
"""Filters from which on XLA's libraries are fast even where an element is a sum of a few products."""
MOST, MOST_OF_MANY = 36, 9
"""Products of an element up to which a loop is the faster: under fewer than ``MANY`` filters, and under more."""


def _is_thin(x: Any, filters: Any, groups: int) -> bool:
    """Whether each element of a convolution is a sum of so few products that a loop over all is the fastest."""
    most = MOST if filters.shape[-1] < MANY else MOST_OF_MANY
    return groups == 1 and x.dtype in (jnp.float32, jnp.float64) and prod(filters.shape[:-1]) <= most


def _summed(x: Any, filters: Any, strides: Sequence[int], pads: Pads, dilations: Dilations) -> Any:
    """For each place and channel of the filters a shifted image times a number for each filter: their sum."""
    over = Windows(tuple(range(1, x.ndim - 1)), filters.shape[:-2], tuple(strides), tuple(dilations), tuple(pads))
    counts = [count or 0 for count in over.counts(x.shape)]
    full = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *((*pair, 0) for pair in pads), (0, 0, 0)])
    rows = jnp.reshape(filters, (-1, *filters.shape[-2:]))
    pairs = product(enumerate(taps(full, over, counts)), range(x.shape[-1]))
    return reduce(add, (tap[..., at : at + 1] * rows[place, at] for (place, tap), at in pairs))


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
