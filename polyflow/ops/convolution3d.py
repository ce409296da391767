"""Convolution of volumes: ``conv3d`` and its two transposes, each the gradient of the others, as with ``conv2d``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

from polyflow.core.batching import again, in_all
from polyflow.core.declaration import define_op
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.shapes import Windows, windows
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import ShapeError, ValueRangeError, message
from polyflow.ops.sliding import padded, taps, untapped

_PLAIN = "VALID"  # the padding of windows over a volume that is padded already
_LAST = (1, 2, 3)


@define_op(namespace="nn", dtypes="numeric", promote=True)
def conv3d(
    x: TensorType,
    filters: TensorType,
    /,
    *,
    strides: int | tuple[int, ...] = 1,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    data_format: str = "NDHWC",
    dilations: int | tuple[int, ...] = 1,
) -> TensorType:
    """The cross-correlation of volumes with filters, ``y[n,i,j,k,o] = sum x[n,i+a,j+b,k+e,c] w[a,b,e,c,o]``.

    >>> import polyflow as pf
    >>> x = pf.reshape(pf.arange(8, dtype=pf.float32), (1, 2, 2, 2, 1))
    >>> pf.Session().run(pf.nn.conv3d(x, pf.ones((2, 2, 2, 1, 1)), padding="VALID")).tolist()
    [[[[[28.0]]]]]

    ``filters`` has the shape (depth, height, width, channels, output channels), whatever ``data_format`` is: "NDHWC" or
    "NCDHW". The other attributes and the errors are those of ``conv2d``. Source: TensorFlow, "tf.nn.conv3d".
    """
    _check_rank(x, filters)
    over = _windows(filters.known_shape[:3], strides, padding, data_format, dilations)
    channels, share = x.known_shape[data_format.index("C")], filters.known_shape[3]
    if None not in (channels, share) and channels != share:
        needed = "filters of shape (depth, height, width, channels, output channels)"
        raise ShapeError(message(f"{channels} channels of x do not fit filters for {share}", needed=needed))
    return x.with_shape(_volume(data_format, x.known_shape[0], over.counts(x.known_shape), filters.known_shape[4]))


@conv3d.kernel
def conv3d_kernel(
    xp: Any, x: Any, filters: Any, *, strides: Any, padding: Any, data_format: str, dilations: Any
) -> Any:
    over = _windows(filters.shape[:3], strides, padding, data_format, dilations)
    columns, counts = _columns(xp, x, over, data_format)
    weights = xp.reshape(filters, (columns.shape[1], filters.shape[4]))
    y = xp.reshape(xp.matmul(columns, weights), (x.shape[0], *counts, filters.shape[4]))
    return _channels_back(xp, y, data_format)


def _columns(xp: Any, x: Any, over: Windows, data_format: str) -> tuple[Any, list[int]]:
    """What lies under each window, a row for each, and how many windows there are along each axis."""
    pads, counts = over.pads(x.shape), [count or 0 for count in over.counts(x.shape)]
    volume = padded(xp, _channels_last(xp, x, data_format), _LAST, pads)
    rows = xp.stack(list(taps(volume, over._replace(axes=_LAST, padding=_PLAIN), counts)), axis=4)
    elements = prod(size or 0 for size in over.sizes) * volume.shape[4]
    return xp.reshape(rows, (volume.shape[0] * prod(counts), elements)), counts


@conv3d.gradient
def conv3d_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, filters = operation.inputs
    attributes = operation.attributes
    size = tuple(x.shape[axis] for axis in _windows(1, 1, _PLAIN, attributes["data_format"], 1).axes)
    return (
        conv3d_input_gradient(filters, g, size=size, **attributes),
        conv3d_filter_gradient(x, g, size=filters.shape[:3], **attributes),
    )


@conv3d.samples
def conv3d_samples() -> Iterator[Sample]:
    yield Sample(normal(1, 3, 2, 3, 2), normal(2, 2, 1, 2, 2, seed=1))
    yield Sample(normal(2, 4, 3, 3, 1), normal(2, 2, 2, 1, 1, seed=1), padding="VALID", strides=(2, 1, 1))
    yield Sample(normal(1, 2, 3, 2, 2), normal(2, 1, 2, 2, 1, seed=1), data_format="NCDHW", strides=2)
    yield Sample(
        normal(1, 3, 1, 1, 1), normal(2, 1, 1, 1, 1, seed=1), dilations=(2, 1, 1), padding=((1, 0),) + ((0, 0),) * 2
    )
    yield ErrorSample(normal(1, 2, 2, 2, 3), normal(2, 2, 2, 2, 1)).raises(ShapeError, "3 channels of x do not fit")
    yield ErrorSample(normal(1, 2, 2, 3), normal(2, 2, 2, 3, 1)).raises(ShapeError, "needed:  rank 5")


@define_op(namespace="nn", dtypes="floating", promote=True)
def conv3d_input_gradient(
    filters: TensorType,
    g: TensorType,
    /,
    *,
    size: tuple[int, int, int],
    strides: int | tuple[int, ...] = 1,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    data_format: str = "NDHWC",
    dilations: int | tuple[int, ...] = 1,
) -> TensorType:
    """The transpose of :func:`conv3d` in its volumes: from ``g`` of the result's shape to volumes of ``size``.

    >>> import polyflow as pf
    >>> from polyflow.ops.convolution3d import conv3d_input_gradient
    >>> x = conv3d_input_gradient(pf.ones((1, 1, 2, 1, 1)), pf.ones((1, 1, 1, 2, 1)), size=(1, 1, 3), padding="VALID")
    >>> pf.Session().run(pf.reshape(x, (3,))).tolist()
    [1.0, 2.0, 1.0]

    Source: TensorFlow, "tf.nn.conv3d_transpose".
    """
    _check_rank(filters, g)
    over = _windows(filters.known_shape[:3], strides, padding, data_format, dilations)
    volume = _volume(data_format, g.known_shape[0], size, filters.known_shape[3])
    _check_result(g, _volume(data_format, g.known_shape[0], over.counts(volume), filters.known_shape[4]))
    return g.with_shape(volume)


@conv3d_input_gradient.kernel
def conv3d_input_gradient_kernel(
    xp: Any, filters: Any, g: Any, *, size: Any, strides: Any, padding: Any, data_format: str, dilations: Any
) -> Any:
    over = _windows(filters.shape[:3], strides, padding, data_format, dilations)
    pads = over.pads(_volume(data_format, 0, size, 0))
    g = _channels_last(xp, g, data_format)
    weights = xp.reshape(filters, (-1, *filters.shape[3:]))
    parts = (xp.matmul(g, xp.matrix_transpose(weights[tap, ...])) for tap in range(weights.shape[0]))
    x = untapped(xp, parts, over._replace(axes=_LAST), pads, size)
    return _channels_back(xp, x, data_format)


@conv3d_input_gradient.gradient
def conv3d_input_gradient_gradient(xp: Any, operation: Any, g: Any) -> Any:
    filters, volume_of_g = operation.inputs
    attributes = {name: value for name, value in operation.attributes.items() if name != "size"}
    return (
        conv3d_filter_gradient(g, volume_of_g, size=filters.shape[:3], **attributes),
        conv3d(g, filters, **attributes),
    )


@conv3d_input_gradient.samples
def conv3d_input_gradient_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 2, 1, 2, 2), normal(1, 3, 2, 3, 2, seed=1), size=(3, 2, 3))
    yield Sample(normal(2, 1, 2, 2, 1), normal(1, 1, 2, 3, 1, seed=1), size=(4, 3, 2), data_format="NCDHW",
                 strides=(2, 1, 2))  # fmt: skip
    yield Sample(normal(2, 2, 2, 1, 1), normal(1, 1, 1, 1, 1, seed=1), size=(3, 2, 3), padding="VALID", strides=2)
    yield Sample(normal(3, 1, 1, 1, 1), normal(1, 1, 2, 2, 1, seed=1), size=(3, 2, 2), padding="VALID")
    wrong = ErrorSample(normal(2, 2, 1, 2, 2), normal(1, 3, 2, 3, 2, seed=1), size=(4, 2, 3))
    yield wrong.raises(ShapeError, "conv3d of such volumes does not have the shape of g")


@define_op(namespace="nn", dtypes="floating", promote=True)
def conv3d_filter_gradient(
    x: TensorType,
    g: TensorType,
    /,
    *,
    size: tuple[int, int, int],
    strides: int | tuple[int, ...] = 1,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    data_format: str = "NDHWC",
    dilations: int | tuple[int, ...] = 1,
) -> TensorType:
    """The transpose of :func:`conv3d` in its filters: from ``g`` of the result's shape to filters of ``size``.

    >>> import polyflow as pf
    >>> from polyflow.ops.convolution3d import conv3d_filter_gradient
    >>> x = pf.reshape(pf.asarray([1.0, 2.0, 4.0]), (1, 1, 1, 3, 1))
    >>> w = conv3d_filter_gradient(x, pf.ones((1, 1, 1, 2, 1)), size=(1, 1, 2), padding="VALID")
    >>> pf.Session().run(pf.reshape(w, (2,))).tolist()
    [3.0, 6.0]

    Source: TensorFlow, "tf.nn.conv3d_backprop_filter_v2".
    """
    _check_rank(x, g)
    over = _windows(size, strides, padding, data_format, dilations)
    channel = data_format.index("C")
    outputs = g.known_shape[channel]
    _check_result(g, _volume(data_format, x.known_shape[0], over.counts(x.known_shape), outputs))
    return x.with_shape((*size, x.known_shape[channel], outputs))


@conv3d_filter_gradient.kernel
def conv3d_filter_gradient_kernel(
    xp: Any, x: Any, g: Any, *, size: Any, strides: Any, padding: Any, data_format: str, dilations: Any
) -> Any:
    columns, _ = _columns(xp, x, _windows(size, strides, padding, data_format, dilations), data_format)
    g = _channels_last(xp, g, data_format)
    outputs = g.shape[4]
    found = xp.matmul(xp.matrix_transpose(columns), xp.reshape(g, (columns.shape[0], outputs)))
    return xp.reshape(found, (*size, x.shape[data_format.index("C")], outputs))


@conv3d_filter_gradient.gradient
def conv3d_filter_gradient_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, volume_of_g = operation.inputs
    attributes = {name: value for name, value in operation.attributes.items() if name != "size"}
    size = tuple(x.shape[axis] for axis in _windows(1, 1, _PLAIN, attributes["data_format"], 1).axes)
    return conv3d_input_gradient(g, volume_of_g, size=size, **attributes), conv3d(x, g, **attributes)


@conv3d_filter_gradient.samples
def conv3d_filter_gradient_samples() -> Iterator[Sample]:
    yield Sample(normal(1, 3, 2, 3, 2), normal(1, 3, 2, 3, 1, seed=1), size=(2, 2, 1))
    yield Sample(normal(1, 2, 3, 2, 2), normal(1, 1, 2, 1, 1, seed=1), size=(2, 1, 2), data_format="NCDHW", strides=2)
    wrong = ErrorSample(normal(1, 3, 2, 3, 2), normal(1, 2, 2, 3, 1), size=(2, 2, 1))
    yield wrong.raises(ShapeError, "conv3d of such volumes does not have the shape of g")


@define_op(namespace="nn", dtypes="floating", promote=True)
def conv3d_transpose(
    x: TensorType,
    filters: TensorType,
    /,
    output_shape: tuple[int, ...],
    strides: int | tuple[int, ...] = 1,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    *,
    data_format: str = "NDHWC",
    dilations: int | tuple[int, ...] = 1,
) -> TensorType:
    """The transpose of ``conv3d``: volumes of ``output_shape`` from which it comes to the shape of ``x``.

    >>> import polyflow as pf
    >>> y = pf.nn.conv3d_transpose(pf.ones((1, 1, 1, 2, 1)), pf.ones((1, 1, 2, 1, 1)), (1, 1, 1, 4, 1), (1, 1, 2))
    >>> pf.Session().run(pf.reshape(y, (4,))).tolist()
    [1.0, 1.0, 1.0, 1.0]

    ``filters`` has the shape (depth, height, width, output channels, input channels).
    Source: TensorFlow, "tf.nn.conv3d_transpose".
    """
    size = tuple(output_shape[axis] for axis in _windows(1, 1, _PLAIN, data_format, 1).axes)
    given = {"strides": strides, "padding": padding, "data_format": data_format, "dilations": dilations}
    found: TensorType = conv3d_input_gradient.__wrapped__(filters, x, size=size, **given)
    return found


@conv3d_transpose.expansion
def conv3d_transpose_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    given = {name: value for name, value in attributes.items() if name != "output_shape"}
    axes = _windows(1, 1, _PLAIN, attributes["data_format"], 1).axes
    size = tuple(attributes["output_shape"][axis] for axis in axes)
    return conv3d_input_gradient(inputs[1], inputs[0], size=size, **given)


@conv3d_transpose.samples
def conv3d_transpose_samples() -> Iterator[Sample]:
    yield Sample(normal(1, 2, 1, 2, 2), normal(2, 1, 2, 1, 2, seed=1), (1, 4, 1, 3, 1), 2)
    wrong = ErrorSample(normal(1, 2, 1, 2, 2), normal(2, 1, 2, 1, 2, seed=1), (1, 5, 1, 3, 1), 2)
    yield wrong.raises(ShapeError, "conv3d of such volumes does not have the shape of g")


# -- batches of examples


def _over_volumes(xp: Any, operation: Any, inputs: Sequence[Any], place: int) -> Any:
    """For one batched operand, volumes: those of all examples as one batch of volumes."""
    folded = list(inputs)
    folded[place] = _folded(xp, inputs[place])
    return xp.reshape(again(operation, folded), (inputs[place].shape[0], *operation.output.type.static_shape))


def _folded(xp: Any, x: Any) -> Any:
    """Volumes of all examples as one batch of volumes."""
    return xp.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))


@conv3d.batching
def conv3d_batching(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    if not batched[1]:
        return _over_volumes(xp, operation, inputs, 0)
    x, filters = in_all(xp, inputs, batched)
    over, data_format = _windows_of(operation, filters.shape[1:4])
    columns, counts = _columns(xp, _folded(xp, x), over, data_format)
    size, channels = filters.shape[0], filters.shape[5]
    rows = xp.reshape(columns, (size, -1, columns.shape[1]))
    y = xp.matmul(rows, xp.reshape(filters, (size, columns.shape[1], channels)))
    y = _channels_back(xp, xp.reshape(y, (size * x.shape[1], *counts, channels)), data_format)
    return xp.reshape(y, (size, *operation.output.type.static_shape))


@conv3d_input_gradient.batching
def conv3d_input_gradient_batching(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    if not batched[0]:
        return _over_volumes(xp, operation, inputs, 1)
    filters, g = in_all(xp, inputs, batched)
    over, data_format = _windows_of(operation, filters.shape[1:4])
    size = operation.attributes["size"]
    volumes = _channels_last(xp, _folded(xp, g), data_format)
    count, _, _, _, channels, outputs = filters.type.static_shape
    rows = xp.reshape(volumes, (count, -1, outputs))
    weights = xp.reshape(filters, (count, -1, channels, outputs))
    parts = (
        xp.reshape(xp.matmul(rows, xp.matrix_transpose(weights[:, tap, ...])), (*volumes.shape[:4], channels))
        for tap in range(weights.shape[1])
    )
    x = untapped(xp, parts, over._replace(axes=_LAST), over.pads(_volume(data_format, 0, size, 0)), size)
    return xp.reshape(_channels_back(xp, x, data_format), (count, *operation.output.type.static_shape))


@conv3d_filter_gradient.batching
def conv3d_filter_gradient_batching(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    x, g = in_all(xp, inputs, batched)
    over, data_format = _windows_of(operation, operation.attributes["size"])
    columns, _ = _columns(xp, _folded(xp, x), over, data_format)
    rows = xp.reshape(columns, (x.shape[0], -1, columns.shape[1]))
    g = _channels_last(xp, _folded(xp, g), data_format)
    found = xp.matmul(xp.matrix_transpose(rows), xp.reshape(g, (x.shape[0], -1, g.shape[4])))
    return xp.reshape(found, (x.shape[0], *operation.output.type.static_shape))


def _windows_of(operation: Any, size: Sequence[Any]) -> tuple[Windows, str]:
    """The windows of an operation's attributes, and where its channels stand."""
    given = {name: operation.attributes[name] for name in ("strides", "padding", "data_format", "dilations")}
    return _windows(tuple(size), **given), given["data_format"]


def _windows(size: Any, strides: Any, padding: Any, data_format: str, dilations: Any) -> Windows:
    if data_format not in ("NDHWC", "NCDHW"):
        needed = '"NDHWC" or "NCDHW"'
        raise ValueRangeError(message("a data_format that is not known", found=data_format, needed=needed))
    return windows(size, strides, padding, data_format, dilations)


def _volume(data_format: str, batch: Any, size: Sequence[int | None], channels: int | None) -> tuple[Any, ...]:
    return (batch, *size, channels) if data_format == "NDHWC" else (batch, channels, *size)


def _check_rank(*operands: TensorType) -> None:
    for operand in operands:
        if operand.rank != 5:
            raise ShapeError(message("an operand has the wrong rank", found=operand, needed="rank 5"))


def _check_result(g: TensorType, needed: tuple[int | None, ...]) -> None:
    for found, wanted in zip(g.known_shape, needed, strict=True):
        if None not in (found, wanted) and found != wanted:
            summary = "conv3d of such volumes does not have the shape of g"
            raise ShapeError(message(summary, found=format_shape(g.known_shape), needed=format_shape(needed)))


def _channels_last(xp: Any, x: Any, data_format: str) -> Any:
    return x if data_format == "NDHWC" else xp.permute_dims(x, (0, 2, 3, 4, 1))


def _channels_back(xp: Any, x: Any, data_format: str) -> Any:
    return x if data_format == "NDHWC" else xp.permute_dims(x, (0, 4, 1, 2, 3))
