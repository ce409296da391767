"""Ops that know which axis of images holds the channels: ``bias_add`` and local response normalization."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyflow.core.declaration import define_op
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import ShapeError, ValueRangeError, message


@define_op(namespace="nn", dtypes="numeric", promote=True)
def bias_add(value: TensorType, bias: TensorType, /, data_format: str | None = None) -> TensorType:
    """``value`` with an element of ``bias`` added to all of each channel.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.bias_add([[1.0, 2.0], [3.0, 4.0]], [10.0, 20.0])).tolist()
    [[11.0, 22.0], [13.0, 24.0]]

    The channels are the last axis, or the second one where ``data_format`` begins with "NC". Raises ``ShapeError``
    where ``bias`` does not have one element for each. Source: TensorFlow, "tf.nn.bias_add".
    """
    if value.rank < 1 or bias.rank != 1:
        found = f"{format_shape(value.known_shape)} and {format_shape(bias.known_shape)}"
        raise ShapeError(message("not a value with channels and a bias", found=found, needed="rank >= 1, and rank 1"))
    axis = _channel_axis(data_format, value.rank)
    channels, count = value.known_shape[axis], bias.known_shape[0]
    if None not in (channels, count) and channels != count:
        raise ShapeError(message("bias does not fit the channels", found=f"{count} elements", needed=str(channels)))
    return value.with_shape(value.known_shape)


def _channel_axis(data_format: str | None, rank: int) -> int:
    if data_format is not None and not (data_format.startswith("NC") or data_format.endswith("C")):
        needed = 'one that begins with "NC" or ends with "C"'
        raise ValueRangeError(message("a data_format that is not known", found=data_format, needed=needed))
    return 1 if data_format is not None and data_format.startswith("NC") and rank > 1 else rank - 1


@bias_add.expansion
def bias_add_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    value, bias = inputs
    behind = value.ndim - 1 - _channel_axis(attributes["data_format"], value.ndim)
    return value + (builder.xp.reshape(bias, (-1,) + (1,) * behind) if behind else bias)


@bias_add.samples
def bias_add_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(3, seed=1))
    yield Sample(normal(2, 3, 4, 2), normal(3, seed=1), "NCHW")
    yield Sample(normal(2, 4, 3), normal(3, seed=1), "NWC")
    yield ErrorSample(normal(2, 3), normal(2)).raises(ShapeError, "bias does not fit the channels")
    yield ErrorSample(normal(2, 3), normal(3), "HWN").raises(ValueRangeError, "a data_format that is not known")
    yield ErrorSample(normal(2, 3), normal(2, 3)).raises(ShapeError, "not a value with channels and a bias")


@define_op(namespace="nn", dtypes="real floating", to_float=True)
def local_response_normalization(
    x: TensorType, /, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5
) -> TensorType:
    """Each element divided by a power of the squares near it along the last axis, the channels.

    ``x[..., c] / (bias + alpha * sum(x[..., c - r : c + r + 1] ** 2)) ** beta``

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.local_response_normalization([[3.0, 0.0, 4.0]], 1, 0.0, 1.0, 1.0)).tolist()
    [[0.3333333432674408, 0.0, 0.25]]

    Source: A. Krizhevsky and others, "ImageNet classification with deep convolutional neural networks", 2012.
    """
    if not x.rank:
        raise ShapeError(message("a number has no channels", found=str(x), needed="rank 1 or more"))
    if not isinstance(depth_radius, int) or depth_radius < 0:
        raise ValueRangeError(message("a depth_radius that makes no sense", found=depth_radius, needed="a number >= 0"))
    return x


@local_response_normalization.expansion
def local_response_normalization_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    xp, x = builder.xp, inputs[0]
    radius, channels = attributes["depth_radius"], x.shape[-1]
    around = xp.pad(xp.square(x), ((0, 0),) * (x.ndim - 1) + ((radius, radius),))
    total = around[..., :channels]
    for start in range(1, 2 * radius + 1):
        total = total + around[..., start : start + channels]
    return x * (attributes["bias"] + attributes["alpha"] * total) ** -attributes["beta"]


@local_response_normalization.samples
def local_response_normalization_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 6), 2, 1.0, 0.5, 0.75)
    yield Sample(normal(1, 2, 2, 3))
    yield ErrorSample(normal()).raises(ShapeError, "a number has no channels")
    yield ErrorSample(normal(3), -1).raises(ValueRangeError, "a depth_radius that makes no sense")
