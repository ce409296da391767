"""Pooling of sequences and volumes: that of images, along one axis after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyflow.core.declaration import Op, define_op
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.shapes import Windows, windows
from polyflow.core.types import TensorType
from polyflow.errors import ShapeError, ValueRangeError, message
from polyflow.ops.pooling import avg_pool, check_padding, max_pool


@define_op(namespace="nn", dtypes="real")
def max_pool1d(
    x: TensorType,
    /,
    ksize: int | tuple[int, ...],
    strides: int | tuple[int, ...] | None = None,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    *,
    data_format: str = "NWC",
) -> TensorType:
    """The greatest element of each window of ``ksize`` over sequences.

    >>> import polyflow as pf
    >>> x = pf.reshape(pf.asarray([1.0, 3.0, 2.0, 0.0]), (1, 4, 1))
    >>> pf.Session().run(pf.nn.max_pool1d(x, 2)).tolist()
    [[[3.0], [2.0]]]

    ``data_format`` is "NWC" or "NCW". The attributes and errors are those of ``max_pool``.
    Source: TensorFlow, "tf.nn.max_pool1d".
    """
    return _pooled(x, ksize, strides, padding, data_format)


@define_op(namespace="nn", dtypes="floating", to_float=True)
def avg_pool1d(
    x: TensorType,
    /,
    ksize: int | tuple[int, ...],
    strides: int | tuple[int, ...] | None = None,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    *,
    data_format: str = "NWC",
) -> TensorType:
    """The mean of each window of ``ksize`` over sequences, of the elements inside the sequence.

    >>> import polyflow as pf
    >>> x = pf.reshape(pf.asarray([1.0, 3.0, 2.0]), (1, 3, 1))
    >>> pf.Session().run(pf.nn.avg_pool1d(x, 2)).tolist()
    [[[2.0], [2.0]]]

    Source: TensorFlow, "tf.nn.avg_pool1d".
    """
    return _pooled(x, ksize, strides, padding, data_format)


@define_op(namespace="nn", dtypes="real")
def max_pool3d(
    x: TensorType,
    /,
    ksize: int | tuple[int, ...],
    strides: int | tuple[int, ...] | None = None,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    *,
    data_format: str = "NDHWC",
) -> TensorType:
    """The greatest element of each window of ``ksize`` over volumes.

    >>> import polyflow as pf
    >>> x = pf.reshape(pf.arange(8), (1, 2, 2, 2, 1))
    >>> pf.Session().run(pf.nn.max_pool3d(x, (1, 2, 2))).tolist()
    [[[[[3]]], [[[7]]]]]

    ``data_format`` is "NDHWC" or "NCDHW". Where several elements of a window are greatest, the gradient goes to one of
    them. Source: TensorFlow, "tf.nn.max_pool3d".
    """
    return _pooled(x, ksize, strides, padding, data_format)


@define_op(namespace="nn", dtypes="floating", to_float=True)
def avg_pool3d(
    x: TensorType,
    /,
    ksize: int | tuple[int, ...],
    strides: int | tuple[int, ...] | None = None,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    *,
    data_format: str = "NDHWC",
) -> TensorType:
    """The mean of each window of ``ksize`` over volumes, of the elements inside the volume.

    >>> import polyflow as pf
    >>> x = pf.reshape(pf.arange(8, dtype=pf.float32), (1, 2, 2, 2, 1))
    >>> pf.Session().run(pf.nn.avg_pool3d(x, 2)).tolist()
    [[[[[3.5]]]]]

    Source: TensorFlow, "tf.nn.avg_pool3d".
    """
    return _pooled(x, ksize, strides, padding, data_format)


_FORMATS = {3: ("NWC", "NCW"), 5: ("NDHWC", "NCDHW")}


def _windows(ksize: Any, strides: Any, padding: Any, data_format: str) -> Windows:
    return windows(ksize, ksize if strides is None else strides, padding, data_format)


def _pooled(x: TensorType, ksize: Any, strides: Any, padding: Any, data_format: str) -> TensorType:
    if all(data_format not in each for each in _FORMATS.values()):
        needed = " or ".join(f'"{each}"' for pair in _FORMATS.values() for each in pair)
        raise ValueRangeError(message("a data_format that is not known", found=data_format, needed=needed))
    if x.rank != len(data_format):
        raise ShapeError(message("operand x has the wrong rank", found=x, needed=f"rank {len(data_format)}"))
    over = check_padding(_windows(ksize, strides, padding, data_format))
    shape = list(x.known_shape)
    for axis, count in zip(over.axes, over.counts(shape), strict=True):
        shape[axis] = count
    return x.with_shape(shape)


@max_pool1d.expansion
@max_pool3d.expansion
def max_pool_kinds_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return _along_axes(builder.xp, max_pool, inputs[0], attributes)


@avg_pool1d.expansion
@avg_pool3d.expansion
def avg_pool_kinds_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    # How many elements of a window lie inside is the product of how many do along each axis: means of means are right.
    return _along_axes(builder.xp, avg_pool, inputs[0], attributes)


def _along_axes(xp: Any, pool: Op, x: Any, attributes: Mapping[str, Any]) -> Any:
    """Pooling of images whose width is the axis in turn; what stands before and behind it is batch and channels."""
    over = _windows(*(attributes[name] for name in ("ksize", "strides", "padding", "data_format")))
    for place, axis in enumerate(over.axes):
        padding = over.padding if isinstance(over.padding, str) else ((0, 0), over.padding[place])
        if over.sizes[place] == over.strides[place] == 1 and (isinstance(padding, str) or not any(padding[1])):
            continue
        before, behind = _count(x.shape[:axis]), _count(x.shape[axis + 1 :])
        image = xp.reshape(x, (before, 1, x.shape[axis], behind))
        size, stride = (1, over.sizes[place]), (1, over.strides[place])
        y = pool(image, ksize=size, strides=stride, padding=padding)
        x = xp.reshape(y, (*x.shape[:axis], y.shape[2], *x.shape[axis + 1 :]))
    return x


def _count(sizes: Sequence[int]) -> int:
    result = 1
    for size in sizes:
        result *= size
    return result


@max_pool1d.samples
@avg_pool1d.samples
def sequence_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 5, 2), 2)
    yield Sample(normal(2, 2, 6), 3, 2, "VALID", data_format="NCW")
    yield Sample(normal(1, 4, 1), 3, 1, ((1, 0),))
    yield ErrorSample(normal(1, 4), 2).raises(ShapeError, "needed:  rank 3")
    yield ErrorSample(normal(1, 4, 1), 2, data_format="CW").raises(ValueRangeError, "a data_format that is not known")


@max_pool3d.samples
@avg_pool3d.samples
def volume_samples() -> Iterator[Sample]:
    yield Sample(normal(1, 3, 4, 2, 2), 2)
    yield Sample(normal(1, 2, 3, 2, 3), (1, 2, 2), 1, "VALID", data_format="NCDHW")
    yield Sample(normal(1, 3, 2, 2, 1), (1, 2, 2, 1, 1), (1, 2, 1, 1, 1))
    yield ErrorSample(normal(1, 4, 4, 1), 2).raises(ShapeError, "needed:  rank 5")
