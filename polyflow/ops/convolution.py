"""Convolution of images: one bilinear map and its two transposes, which are closed under differentiation.

With T(x, w, g) the sum over g * conv2d(x, w), each of the three ops is the derivative of T by one of its arguments; so
the gradients of each are the other two. Generic kernels gather the images under each filter tap, then multiply once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from polyflow.core.declaration import define_op
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.shapes import Windows, windows
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import ShapeError, ValueRangeError, message
from polyflow.ops.batched_convolution import batched_convolution
from polyflow.ops.sliding import padded, spread, taps

_PLAIN = "VALID"  # the padding of windows over an image that is padded already


@define_op(namespace="nn", dtypes="numeric", promote=True)
def conv2d(
    x: TensorType,
    filters: TensorType,
    /,
    *,
    strides: int | tuple[int, ...] = 1,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    data_format: str = "NHWC",
    dilations: int | tuple[int, ...] = 1,
    groups: int = 1,
) -> TensorType:
    """The cross-correlation of images with filters, ``y[n,i,j,o] = sum x[n, i*s+a*d-p, j*s+b*d-p, c] w[a,b,c,o]``.

    >>> import polyflow as pf
    >>> x = pf.reshape(pf.arange(9, dtype=pf.float32), (1, 3, 3, 1))
    >>> y = pf.nn.conv2d(x, pf.ones((2, 2, 1, 1)), padding="VALID")
    >>> pf.Session().run(pf.reshape(y, (2, 2))).tolist()
    [[8.0, 12.0], [20.0, 24.0]]

    ``filters`` has the shape (height, width, channels / groups, output channels), whatever ``data_format`` is:
    "NHWC" or "NCHW". Strides and dilations are one number, a pair, or one number a letter of ``data_format``.
    ``padding`` is "SAME", "VALID" or a pair (before, after) for height and for width; an odd "SAME" padding has its
    greater half behind. Each of ``groups`` equal runs of channels meets its own run of filters. Raises ``ShapeError``
    where channels do not fit or the filters are larger than the padded image. Source: TensorFlow, "tf.nn.conv2d".
    """
    _check_rank("x", x)
    _check_rank("filters", filters)
    over = _windows(filters.known_shape[:2], strides, padding, data_format, dilations)
    channel = data_format.index("C")
    _check_channels("x", x.known_shape[channel], filters.known_shape[2], groups)
    check_groups(filters.known_shape[3], groups)
    return x.with_shape(_image(data_format, x.known_shape[0], over.counts(x.known_shape), filters.known_shape[3]))


@conv2d.kernel
def conv2d_kernel(
    xp: Any, x: Any, filters: Any, *, strides: Any, padding: Any, data_format: str, dilations: Any, groups: int
) -> Any:
    over = _windows(filters.shape[:2], strides, padding, data_format, dilations)
    pads, counts = over.pads(x.shape), over.counts(x.shape)
    x = padded(xp, _channels_last(xp, x, data_format), (1, 2), pads)
    y = _convolved(xp, x, filters, over._replace(axes=(1, 2), padding=_PLAIN), counts, groups)
    return _channels_back(xp, y, data_format)


@conv2d.gradient
def conv2d_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, filters = operation.inputs
    attributes = dict(operation.attributes)
    over = _windows((1, 1), attributes["strides"], "VALID", attributes["data_format"], 1)
    image_size = tuple(x.type.known_shape[axis] for axis in over.axes)
    return (
        conv2d_input_gradient(filters, g, size=image_size, **attributes),
        conv2d_filter_gradient(x, g, size=filters.type.known_shape[:2], **attributes),
    )


conv2d.batching(batched_convolution("if", "i"))


@conv2d.samples
def conv2d_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 4, 5, 2), normal(3, 2, 2, 3, seed=1))
    yield Sample(normal(2, 5, 4, 1), normal(2, 3, 1, 2, seed=1), padding="VALID", strides=2)
    yield Sample(normal(1, 2, 6, 5), normal(2, 2, 2, 3, seed=1), data_format="NCHW", strides=(1, 1, 2, 1))
    yield Sample(normal(1, 7, 6, 1), normal(3, 2, 1, 2, seed=1), dilations=(2, 3), padding="VALID")
    yield Sample(normal(1, 3, 4, 4), normal(2, 2, 2, 4, seed=1), groups=2, padding=((0, 1), (2, 0)), strides=(2, 3))
    yield Sample(normal(2, 3, 3, 2), normal(1, 1, 2, 3, seed=1))
    yield Sample(normal(1, 2, 3, 1), normal(1, 1, 1, 1, seed=1), padding=((3, 0), (0, 4)), strides=2)
    yield Sample(normal(0, 3, 3, 1), normal(2, 2, 1, 1, seed=1))
    yield ErrorSample(normal(1, 4, 4, 3), normal(2, 2, 2, 1)).raises(ShapeError, "3 channels of x do not fit filters")
    yield ErrorSample(normal(4, 4, 3), normal(2, 2, 3, 1)).raises(ShapeError, "needed:  rank 4")
    yield ErrorSample(normal(1, 2, 4, 1), normal(3, 3, 1, 1), padding="VALID").raises(
        ShapeError, "a window spans 3 elements, more than axis 1 has"
    )
    yield ErrorSample(normal(1, 4, 4, 1), normal(2, 2, 1, 1), padding="FULL").raises(
        ValueRangeError, '"SAME", "VALID", or 2 pairs'
    )


@define_op(namespace="nn", dtypes="floating", promote=True)
def conv2d_input_gradient(
    filters: TensorType,
    g: TensorType,
    /,
    *,
    size: tuple[int, int],
    strides: int | tuple[int, ...] = 1,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    data_format: str = "NHWC",
    dilations: int | tuple[int, ...] = 1,
    groups: int = 1,
) -> TensorType:
    """The transpose of :func:`conv2d` in its images: from ``g`` of the result's shape to images of ``size``.

    >>> import polyflow as pf
    >>> from polyflow.ops.convolution import conv2d_input_gradient
    >>> g = pf.ones((1, 2, 2, 1))
    >>> x = conv2d_input_gradient(pf.ones((2, 2, 1, 1)), g, size=(3, 3), padding="VALID")
    >>> pf.Session().run(pf.reshape(x, (3, 3))).tolist()
    [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]

    The other attributes are those of ``conv2d``. Raises ``ShapeError`` where ``conv2d`` of images of ``size`` would not
    have the shape of ``g``. Source: TensorFlow, "tf.nn.conv2d_backprop_input".
    """
    _check_rank("filters", filters)
    _check_rank("g", g)
    _check_size(size)
    check_groups(filters.known_shape[3], groups)
    height, width, channels, outputs = filters.known_shape
    over = _windows((height, width), strides, padding, data_format, dilations)
    image = _image(data_format, g.known_shape[0], size, None if channels is None else channels * groups)
    _check_result(g, _image(data_format, g.known_shape[0], over.counts(image), outputs))
    return g.with_shape(image)


@conv2d_input_gradient.kernel
def conv2d_input_gradient_kernel(
    xp: Any,
    filters: Any,
    g: Any,
    *,
    size: tuple[int, int],
    strides: Any,
    padding: Any,
    data_format: str,
    dilations: Any,
    groups: int,
) -> Any:
    # The transpose of a strided convolution is a plain one, with turned filters, over g with zeros in between.
    over = _windows(filters.shape[:2], strides, padding, data_format, dilations)
    pads = over.pads(_image(data_format, 0, size, 0))
    over = over._replace(axes=(1, 2), strides=(1, 1), padding=_PLAIN)
    g = spread(xp, _channels_last(xp, g, data_format), (1, 2), _windows(1, strides, _PLAIN, data_format, 1).strides)
    margins = []
    for (before, _), reach, length, wanted in zip(pads, over.reaches(), g.shape[1:3], size, strict=True):
        assert reach is not None
        margins.append((reach - 1 - before, wanted + before - length))
    x = _convolved(xp, padded(xp, g, (1, 2), margins), _turned(xp, filters, groups), over, size, groups)
    return _channels_back(xp, x, data_format)


@conv2d_input_gradient.gradient
def conv2d_input_gradient_gradient(xp: Any, operation: Any, g: Any) -> Any:
    filters, image_of_g = operation.inputs
    attributes = dict(operation.attributes)
    del attributes["size"]
    return (
        conv2d_filter_gradient(g, image_of_g, size=filters.type.known_shape[:2], **attributes),
        conv2d(g, filters, **attributes),
    )


conv2d_input_gradient.batching(batched_convolution("fi", "i"))


@conv2d_input_gradient.samples
def conv2d_input_gradient_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 2, 2, 3), normal(2, 4, 5, 3, seed=1), size=(4, 5))
    yield Sample(normal(2, 3, 1, 2), normal(2, 2, 1, 2, seed=1), size=(5, 4), padding="VALID", strides=2)
    yield Sample(normal(2, 2, 2, 3), normal(1, 3, 3, 5, seed=1), size=(6, 5), data_format="NCHW", strides=(2, 1))
    yield Sample(normal(2, 2, 2, 4), normal(1, 2, 2, 4, seed=1), size=(3, 4), groups=2, padding=((0, 1), (2, 0)),
                 strides=(2, 3))  # fmt: skip
    yield ErrorSample(normal(2, 2, 1, 1), normal(1, 3, 3, 1), size=(5, 5)).raises(
        ShapeError, "conv2d of such images does not have the shape of g"
    )


@define_op(namespace="nn", dtypes="floating", promote=True)
def conv2d_filter_gradient(
    x: TensorType,
    g: TensorType,
    /,
    *,
    size: tuple[int, int],
    strides: int | tuple[int, ...] = 1,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    data_format: str = "NHWC",
    dilations: int | tuple[int, ...] = 1,
    groups: int = 1,
) -> TensorType:
    """The transpose of :func:`conv2d` in its filters: from ``g`` of the result's shape to filters of ``size``.

    >>> import polyflow as pf
    >>> from polyflow.ops.convolution import conv2d_filter_gradient
    >>> x = pf.reshape(pf.arange(9, dtype=pf.float32), (1, 3, 3, 1))
    >>> w = conv2d_filter_gradient(x, pf.ones((1, 2, 2, 1)), size=(2, 2), padding="VALID")
    >>> pf.Session().run(pf.reshape(w, (2, 2))).tolist()
    [[8.0, 12.0], [20.0, 24.0]]

    The other attributes are those of ``conv2d``. Raises ``ShapeError`` where ``conv2d`` of ``x`` with filters of
    ``size`` would not have the shape of ``g``. Source: TensorFlow, "tf.nn.conv2d_backprop_filter".
    """
    _check_rank("x", x)
    _check_rank("g", g)
    _check_size(size)
    over = _windows(size, strides, padding, data_format, dilations)
    channel = data_format.index("C")
    channels, outputs = x.known_shape[channel], g.known_shape[channel]
    check_groups(outputs, groups)
    batch = g.known_shape[0] if x.known_shape[0] is None else x.known_shape[0]
    _check_result(g, _image(data_format, batch, over.counts(x.known_shape), outputs))
    share = None if channels is None else channels // groups
    _check_channels("x", channels, share, groups)
    return x.with_shape((*over.sizes, share, outputs))


@conv2d_filter_gradient.kernel
def conv2d_filter_gradient_kernel(
    xp: Any,
    x: Any,
    g: Any,
    *,
    size: tuple[int, int],
    strides: Any,
    padding: Any,
    data_format: str,
    dilations: Any,
    groups: int,
) -> Any:
    over = _windows(size, strides, padding, data_format, dilations)
    pads, counts = over.pads(x.shape), over.counts(x.shape)
    x = padded(xp, _channels_last(xp, x, data_format), (1, 2), pads)
    g = _channels_last(xp, g, data_format)
    channels, outputs = x.shape[3] // groups, g.shape[3]
    columns = _columns(xp, x, over._replace(axes=(1, 2), padding=_PLAIN), counts, groups)
    per_group = xp.permute_dims(xp.reshape(g, (columns.shape[1], groups, outputs // groups)), (1, 0, 2))
    found = xp.matmul(xp.matrix_transpose(columns), per_group)
    found = xp.reshape(found, (groups, size[0] * size[1] * channels, outputs // groups))
    return xp.reshape(xp.permute_dims(found, (1, 0, 2)), (*size, channels, outputs))


@conv2d_filter_gradient.gradient
def conv2d_filter_gradient_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, image_of_g = operation.inputs
    attributes = dict(operation.attributes)
    over = _windows(attributes.pop("size"), attributes["strides"], "VALID", attributes["data_format"], 1)
    image_size = tuple(x.type.known_shape[axis] for axis in over.axes)
    return conv2d_input_gradient(g, image_of_g, size=image_size, **attributes), conv2d(x, g, **attributes)


conv2d_filter_gradient.batching(batched_convolution("ii", "f"))


@conv2d_filter_gradient.samples
def conv2d_filter_gradient_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 4, 5, 2), normal(2, 4, 5, 3, seed=1), size=(3, 2))
    yield Sample(normal(2, 5, 4, 1), normal(2, 2, 1, 2, seed=1), size=(2, 3), padding="VALID", strides=2)
    yield Sample(normal(1, 2, 6, 5), normal(1, 3, 3, 5, seed=1), size=(2, 2), data_format="NCHW", strides=(2, 1))
    yield Sample(normal(1, 3, 4, 4), normal(1, 2, 2, 4, seed=1), size=(2, 2), groups=2, padding=((0, 1), (2, 0)),
                 strides=(2, 3))  # fmt: skip
    yield ErrorSample(normal(1, 4, 4, 3), normal(1, 4, 4, 2), size=(2, 2), groups=2).raises(
        ShapeError, "3 channels of x do not fit filters"
    )


def _windows(size: Any, strides: Any, padding: Any, data_format: str, dilations: Any) -> Windows:
    if data_format not in ("NHWC", "NCHW"):
        raise ValueRangeError(message("a data_format that is not known", found=data_format, needed='"NHWC" or "NCHW"'))
    return windows(size, strides, padding, data_format, dilations)


def _image(data_format: str, batch: int | None, size: Sequence[int | None], channels: int | None) -> Any:
    """The shape of images, of which some sizes may be unknown."""
    height, width = size
    return (batch, height, width, channels) if data_format == "NHWC" else (batch, channels, height, width)


def _check_rank(name: str, operand: TensorType) -> None:
    if operand.rank != 4:
        raise ShapeError(message(f"operand {name} has the wrong rank", found=operand, needed="rank 4"))


def _check_channels(name: str, channels: int | None, share: int | None, groups: int) -> None:
    if None not in (channels, share) and channels != (share or 0) * groups:
        raise ShapeError(
            message(
                f"{channels} channels of {name} do not fit filters of {share} channels in {groups} groups",
                needed="filters of shape (height, width, channels / groups, output channels)",
            )
        )


def check_groups(outputs: int | None, groups: int) -> None:
    """Refuse ``groups`` that do not divide the output channels."""
    if not isinstance(groups, int) or groups < 1 or (outputs or 0) % groups:
        raise ValueRangeError(
            message("groups that make no sense", found=groups, needed=f"a number >= 1 that divides {outputs} outputs")
        )


def _check_size(size: Any) -> None:
    if not (isinstance(size, tuple) and len(size) == 2 and all(isinstance(each, int) and each >= 0 for each in size)):
        raise ValueRangeError(message("a size that makes no sense", found=size, needed="height and width, both known"))


def _check_result(g: TensorType, needed: tuple[int | None, ...]) -> None:
    for found, wanted in zip(g.known_shape, needed, strict=True):
        if None not in (found, wanted) and found != wanted:
            raise ShapeError(
                message(
                    "conv2d of such images does not have the shape of g",
                    found=format_shape(g.known_shape),
                    needed=format_shape(needed),
                )
            )


def _channels_last(xp: Any, x: Any, data_format: str) -> Any:
    return x if data_format == "NHWC" else xp.permute_dims(x, (0, 2, 3, 1))


def _channels_back(xp: Any, x: Any, data_format: str) -> Any:
    return x if data_format == "NHWC" else xp.permute_dims(x, (0, 3, 1, 2))


def _columns(xp: Any, x: Any, over: Windows, counts: Any, groups: int) -> Any:
    """What lies under each window of padded NHWC images: an array (groups, windows, elements of a window)."""
    batch, _, _, channels = x.shape
    places, elements = batch * counts[0] * counts[1], (over.sizes[0] or 0) * (over.sizes[1] or 0)
    share = channels // groups
    columns = xp.reshape(xp.stack(list(taps(x, over, counts)), axis=3), (places, elements, groups, share))
    return xp.reshape(xp.permute_dims(columns, (2, 0, 1, 3)), (groups, places, elements * share))


def _convolved(xp: Any, x: Any, filters: Any, over: Windows, counts: Any, groups: int) -> Any:
    """The convolution of padded NHWC images."""
    columns = _columns(xp, x, over, counts, groups)
    outputs = filters.shape[3]
    per_group = xp.reshape(filters, (columns.shape[2], groups, outputs // groups))
    y = xp.matmul(columns, xp.permute_dims(per_group, (1, 0, 2)))
    return xp.reshape(xp.permute_dims(y, (1, 0, 2)), (x.shape[0], *counts, outputs))


def _turned(xp: Any, filters: Any, groups: int) -> Any:
    """Filters that lead from outputs back to channels: turned upside down, the two kinds of channels exchanged."""
    height, width, channels, outputs = filters.shape
    turned = xp.reshape(xp.flip(filters, axis=(0, 1)), (height, width, channels, groups, outputs // groups))
    return xp.reshape(xp.permute_dims(turned, (0, 1, 4, 3, 2)), (height, width, outputs // groups, groups * channels))
