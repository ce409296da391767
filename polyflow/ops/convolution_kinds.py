"""Convolutions that are ``conv2d`` in another guise: of sequences, transposed, channel by channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyflow.core.declaration import define_op
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.shapes import Windows, product, windows
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import ShapeError, ValueRangeError, message
from polyflow.ops.convolution import check_groups, conv2d, conv2d_input_gradient


@define_op(namespace="nn", dtypes="numeric", promote=True)
def conv1d(
    x: TensorType,
    filters: TensorType,
    /,
    stride: int | tuple[int, ...] = 1,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    *,
    data_format: str = "NWC",
    dilations: int | tuple[int, ...] = 1,
    groups: int = 1,
) -> TensorType:
    """The cross-correlation of sequences with filters, ``y[n,i,o] = sum x[n, i*s+a*d-p, c] w[a,c,o]``.

    >>> import polyflow as pf
    >>> x = pf.reshape(pf.arange(4, dtype=pf.float32), (1, 4, 1))
    >>> pf.Session().run(pf.nn.conv1d(x, pf.ones((2, 1, 1)), padding="VALID")).tolist()
    [[[1.0], [3.0], [5.0]]]

    ``filters`` has the shape (width, channels / groups, output channels), ``data_format`` is "NWC" or "NCW", or as
    TensorFlow calls them "NHWC" or "NCHW". The attributes and errors are those of ``conv2d``.
    Source: TensorFlow, "tf.nn.conv1d".
    """
    _check_rank("x", x, 3)
    _check_rank("filters", filters, 3)
    check_groups(filters.known_shape[2], groups)
    over = _line(filters.known_shape[0], stride, padding, data_format, dilations)
    channels, share = x.known_shape[3 - over.axes[0]], filters.known_shape[1]
    if None not in (channels, share) and channels != (share or 0) * groups:
        raise ShapeError(
            message(
                f"{channels} channels of x do not fit filters of {share} channels in {groups} groups",
                needed="filters of shape (width, channels / groups, output channels)",
            )
        )
    shape = list(x.known_shape)
    shape[over.axes[0]], shape[3 - over.axes[0]] = over.counts(x.known_shape)[0], filters.known_shape[2]
    return x.with_shape(shape)


def _line(size: Any, stride: Any, padding: Any, data_format: str, dilations: Any = 1) -> Windows:
    """Windows along the one spatial axis of sequences."""
    form = data_format.replace("H", "")
    if form not in ("NWC", "NCW"):
        raise ValueRangeError(message("a data_format that is not known", found=data_format, needed='"NWC" or "NCW"'))
    return windows(size, stride, padding, form, dilations)


def _check_rank(name: str, operand: TensorType, rank: int) -> None:
    if operand.rank != rank:
        raise ShapeError(message(f"operand {name} has the wrong rank", found=operand, needed=f"rank {rank}"))


@conv1d.expansion
def conv1d_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    xp, (x, filters) = builder.xp, inputs
    data_format = attributes["data_format"]
    over = _line(filters.shape[0], attributes["stride"], attributes["padding"], data_format, attributes["dilations"])
    y = conv2d(
        xp.expand_dims(x, axis=over.axes[0]),
        xp.expand_dims(filters, axis=0),
        strides=(1, *over.strides),
        padding=over.padding if isinstance(over.padding, str) else ((0, 0), *over.padding),
        data_format="NHWC" if over.axes[0] == 1 else "NCHW",
        dilations=(1, *over.dilations),
        groups=attributes["groups"],
    )
    return xp.squeeze(y, over.axes[0])


@conv1d.samples
def conv1d_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 5, 2), normal(3, 2, 3, seed=1))
    yield Sample(normal(2, 2, 6), normal(2, 2, 3, seed=1), 2, "VALID", data_format="NCW")
    yield Sample(normal(1, 6, 4), normal(2, 2, 4, seed=1), groups=2, dilations=2, padding=((1, 0),))
    yield ErrorSample(normal(2, 5, 3), normal(3, 2, 3)).raises(ShapeError, "3 channels of x do not fit filters")
    yield ErrorSample(normal(5, 3), normal(3, 3, 3)).raises(ShapeError, "needed:  rank 3")
    yield ErrorSample(normal(1, 2, 1), normal(3, 1, 1), padding="VALID").raises(ShapeError, "a window spans 3 elements")
    wrong = ErrorSample(normal(1, 6, 4), normal(2, 2, 1), groups=2)
    yield wrong.raises(ValueRangeError, "groups that make no sense")


@define_op(namespace="nn", dtypes="floating", promote=True)
def conv2d_transpose(
    x: TensorType,
    filters: TensorType,
    /,
    output_shape: tuple[int, ...] | None = None,
    strides: int | tuple[int, ...] = 1,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    *,
    data_format: str = "NHWC",
    dilations: int | tuple[int, ...] = 1,
) -> TensorType:
    """The transpose of ``conv2d``: images from which a convolution with these filters comes to the shape of ``x``.

    >>> import polyflow as pf
    >>> y = pf.nn.conv2d_transpose(pf.ones((1, 2, 2, 1)), pf.ones((2, 2, 1, 1)), strides=2)
    >>> pf.Session().run(pf.reshape(y, (4, 4))).tolist()
    [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]

    ``filters`` has the shape (height, width, output channels, input channels). ``output_shape`` has a size for each
    axis; without it, it is the smallest for "VALID" and the greatest, ``size * stride``, for "SAME". Raises
    ``ShapeError`` where ``conv2d`` of such images would not have the shape of ``x``.
    Source: TensorFlow, "tf.nn.conv2d_transpose".
    """
    _check_rank("x", x, 4)
    _check_rank("filters", filters, 4)
    over = windows(filters.known_shape[:2], strides, padding, data_format, dilations)
    if x.known_shape[data_format.index("C")] != filters.known_shape[3] is not None:
        found = f"{format_shape(x.known_shape)} and filters {format_shape(filters.known_shape)}"
        raise ShapeError(message("the channels of x do not fit the filters", found=found, needed="(h, w, out, in)"))
    size = _transposed_size(x.known_shape, over, output_shape)
    image = list(x.known_shape)
    for axis, length in zip(over.axes, size, strict=True):
        image[axis] = length
    for axis, count in zip(over.axes, over.counts(image), strict=True):
        if None not in (count, x.known_shape[axis]) and count != x.known_shape[axis]:
            found = f"{count} windows along axis {axis} of {format_shape(tuple(image))}"
            needed = str(x.known_shape[axis])
            raise ShapeError(message("conv2d of such images does not have the shape of x", found=found, needed=needed))
    image[data_format.index("C")] = filters.known_shape[2]
    return x.with_shape(image)


def _transposed_size(shape: Sequence[int | None], over: Windows, output_shape: Any) -> list[int | None]:
    if output_shape is not None:
        if len(output_shape) not in (len(shape), len(over.axes)):
            needed = f"{len(shape)} sizes"
            raise ValueRangeError(message("an output_shape that makes no sense", found=output_shape, needed=needed))
        return list(output_shape) if len(output_shape) == 2 else [output_shape[axis] for axis in over.axes]
    result: list[int | None] = []
    for place, (axis, stride, reach) in enumerate(zip(over.axes, over.strides, over.reaches(), strict=True)):
        count = shape[axis]
        if count is None or reach is None:
            result.append(None)
        elif over.padding == "SAME":
            result.append(count * stride)
        else:
            added = 0 if isinstance(over.padding, str) else sum(over.padding[place])
            result.append((count - 1) * stride + (reach if reach > stride or added else stride) - added)
    return result


@conv2d_transpose.expansion
def conv2d_transpose_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    x, filters = inputs
    given = {name: attributes[name] for name in ("strides", "padding", "data_format", "dilations")}
    over = windows(filters.shape[:2], *given.values())
    size = tuple(_transposed_size(x.shape, over, attributes["output_shape"]))
    return conv2d_input_gradient(filters, x, size=size, **given)


@conv2d_transpose.samples
def conv2d_transpose_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3, 2, 3), normal(3, 2, 2, 3, seed=1), strides=2)
    yield Sample(normal(1, 2, 2, 2), normal(3, 3, 1, 2, seed=1), (1, 6, 5, 1), (1, 2, 2, 1), "VALID")
    yield Sample(normal(1, 2, 3, 2), normal(1, 2, 3, 2, seed=1), strides=(3, 1), padding="VALID", data_format="NCHW")
    yield Sample(normal(1, 3, 3, 1), normal(2, 2, 1, 1, seed=1), padding=((1, 0), (0, 1)), dilations=2)
    yield ErrorSample(normal(1, 2, 2, 3), normal(2, 2, 1, 2)).raises(ShapeError, "do not fit the filters")
    yield ErrorSample(normal(1, 2, 2, 2), normal(2, 2, 1, 2), (1, 5, 5, 1), 2).raises(
        ShapeError, "conv2d of such images does not have the shape of x"
    )


@define_op(namespace="nn", dtypes="numeric", promote=True)
def depthwise_conv2d(
    x: TensorType,
    filters: TensorType,
    /,
    strides: int | tuple[int, ...] = 1,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    *,
    data_format: str = "NHWC",
    dilations: int | tuple[int, ...] = 1,
) -> TensorType:
    """The cross-correlation of each channel with filters of its own, ``y[..., c*m+q] = sum x[..., c] w[a,b,c,q]``.

    >>> import polyflow as pf
    >>> y = pf.nn.depthwise_conv2d(pf.asarray([[[[1.0, 2.0]]]]), pf.asarray([[[[1.0, 10.0], [1.0, 10.0]]]]))
    >>> pf.Session().run(y).tolist()
    [[[[1.0, 10.0, 2.0, 20.0]]]]

    ``filters`` has the shape (height, width, channels, multiplier); the attributes and errors are those of ``conv2d``.
    Source: TensorFlow, "tf.nn.depthwise_conv2d".
    """
    _check_rank("x", x, 4)
    _check_rank("filters", filters, 4)
    over = windows(filters.known_shape[:2], strides, padding, data_format, dilations)
    place = data_format.index("C")
    channels, own = x.known_shape[place], filters.known_shape[2]
    if None not in (channels, own) and channels != own:
        needed = "filters of shape (height, width, channels, multiplier)"
        raise ShapeError(message(f"{channels} channels of x do not fit filters for {own}", needed=needed))
    shape = list(x.known_shape)
    for axis, count in zip(over.axes, over.counts(shape), strict=True):
        shape[axis] = count
    shape[place] = product(filters.known_shape[2:])
    return x.with_shape(shape)


@depthwise_conv2d.expansion
def depthwise_conv2d_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    x, filters = inputs
    height, width, channels, multiplier = filters.shape
    filters = builder.xp.reshape(filters, (height, width, min(channels, 1), channels * multiplier))
    return conv2d(x, filters, groups=max(channels, 1), **attributes)


@depthwise_conv2d.samples
def depthwise_conv2d_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 4, 5, 2), normal(3, 2, 2, 3, seed=1))
    yield Sample(normal(1, 3, 5, 4), normal(2, 2, 3, 1, seed=1), 2, "VALID", data_format="NCHW")
    yield Sample(normal(1, 6, 6, 2), normal(2, 2, 2, 2, seed=1), dilations=(2, 3), padding="VALID")
    yield Sample(normal(1, 3, 3, 0), normal(2, 2, 0, 2, seed=1))
    yield ErrorSample(normal(2, 4, 5, 2), normal(3, 2, 3, 1)).raises(ShapeError, "2 channels of x do not fit filters")


def separable_conv2d(
    x: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    /,
    strides: int | Sequence[int] = 1,
    padding: Any = "SAME",
    *,
    rate: int | Sequence[int] = 1,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Any:
    """A depthwise convolution, then one that mixes the channels of each place.

    >>> import polyflow as pf
    >>> x, own = pf.ones((1, 1, 1, 2)), pf.asarray([[[[1.0, 10.0], [1.0, 10.0]]]])
    >>> pf.Session().run(pf.nn.separable_conv2d(x, own, pf.ones((1, 1, 4, 1)))).tolist()
    [[[[22.0]]]]

    ``pointwise_filter`` has the shape (1, 1, channels * multiplier, output channels).
    Source: TensorFlow, "tf.nn.separable_conv2d".
    """
    y = depthwise_conv2d(x, depthwise_filter, strides, padding, data_format=data_format, dilations=rate)
    return conv2d(y, pointwise_filter, strides=1, padding="VALID", data_format=data_format, name=name)


def atrous_conv2d(x: Any, filters: Any, /, rate: int, padding: Any = "SAME", *, name: str | None = None) -> Any:
    """``conv2d`` with ``rate - 1`` gaps between the elements of a filter.

    >>> import polyflow as pf
    >>> x = pf.reshape(pf.arange(9, dtype=pf.float32), (1, 3, 3, 1))
    >>> pf.Session().run(pf.nn.atrous_conv2d(x, pf.ones((2, 2, 1, 1)), 2, "VALID")).tolist()
    [[[[16.0]]]]

    Source: TensorFlow, "tf.nn.atrous_conv2d".
    """
    return conv2d(x, filters, padding=padding, dilations=rate, name=name)
