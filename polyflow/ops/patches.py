"""Windows over matrices and images, laid side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyflow.core.declaration import define_op
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.shapes import Windows, product, windows
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import ShapeError, ValueRangeError, message
from polyflow.ops.sliding import taps


@define_op
def extract_patches(
    x: TensorType,
    /,
    size: int | tuple[int, int],
    *,
    strides: int | tuple[int, int] = 1,
    padding: str | tuple[tuple[int, int], ...] = "VALID",
    rates: int | tuple[int, int] = 1,
) -> TensorType:
    """All windows of ``size`` over the matrices in the last two axes of ``x``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.extract_patches([[1, 2, 3], [4, 5, 6]], (2, 2))).tolist()
    [[[[1, 2], [4, 5]], [[2, 3], [5, 6]]]]

    The result has the shape (..., windows down, windows across, height, width). Windows start every ``strides``
    elements; their own elements lie ``rates`` apart. ``padding`` is "VALID", "SAME" or a pair (before, after) for each
    axis; what it adds is 0. Raises ``ShapeError`` where a window is larger than the padded matrix.
    """
    over = _matrix_windows(x.rank, size, strides, padding, rates)
    return x.with_shape((*x.known_shape[:-2], *over.counts(x.known_shape), *over.sizes))


def _matrix_windows(rank: int, size: Any, strides: Any, padding: Any, rates: Any) -> Windows:
    if rank < 2:
        raise ShapeError(message("not matrices", found=f"rank {rank}", needed="rank 2 or more"))
    return windows(size, strides, padding, "HW", rates)._replace(axes=(rank - 2, rank - 1))


@extract_patches.expansion
def extract_patches_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    x = inputs[0]
    given = (attributes[name] for name in ("size", "strides", "padding", "rates"))
    over = _matrix_windows(x.ndim, *given)
    parts = _taps(builder.xp, x, over)
    return builder.xp.reshape(builder.xp.stack(parts, axis=-1), (*parts[0].shape, *over.sizes))


def _taps(xp: Any, x: Any, over: Windows) -> list[Any]:
    """For each element of a window the tensor of that element in every window."""
    around = [(0, 0)] * x.ndim
    for axis, pair in zip(over.axes, over.pads(x.shape), strict=True):
        around[axis] = pair
    counts = [count or 0 for count in over.counts(x.shape)]
    return list(taps(xp.pad(x, tuple(around)) if any(map(any, around)) else x, over, counts))


@extract_patches.samples
def extract_patches_samples() -> Iterator[Sample]:
    yield Sample(normal(4, 5), (2, 3))
    yield Sample(normal(2, 5, 4), 2, strides=(2, 1), padding="SAME")
    yield Sample(normal(6, 5), (2, 2), rates=(3, 2), padding=((1, 0), (0, 2)))
    yield ErrorSample(normal(4), 2).raises(ShapeError, "not matrices")
    yield ErrorSample(normal(2, 2), 3).raises(ShapeError, "a window spans 3 elements, more than axis 0 has")


@define_op
def extract_image_patches(
    images: TensorType,
    /,
    ksizes: int | tuple[int, ...],
    strides: int | tuple[int, ...] = 1,
    rates: int | tuple[int, ...] = 1,
    padding: str | tuple[tuple[int, int], ...] = "VALID",
) -> TensorType:
    """All windows of ``ksizes`` over images of the shape (batch, height, width, channels), each as one row.

    >>> import polyflow as pf
    >>> images = pf.reshape(pf.arange(1, 10), (1, 3, 3, 1))
    >>> pf.Session().run(pf.extract_image_patches(images, [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID")).tolist()
    [[[[1, 2, 4, 5], [2, 3, 5, 6]], [[4, 5, 7, 8], [5, 6, 8, 9]]]]

    The result has the shape (batch, windows down, windows across, height * width * channels of a window); a row holds
    the window's elements in row-major order, the channels of each together. Sizes, strides and rates are one number,
    a pair, or four numbers that begin and end with 1. Source: TensorFlow, "tf.image.extract_patches".
    """
    over = _image_windows(images, ksizes, strides, rates, padding)
    batch, channels = images.known_shape[0], images.known_shape[3]
    return images.with_shape((batch, *over.counts(images.known_shape), product((*over.sizes, channels))))


def _image_windows(images: Any, ksizes: Any, strides: Any, rates: Any, padding: Any) -> Windows:
    if len(images.shape) != 4:
        raise ShapeError(message("not images", found=format_shape(images.shape), needed="rank 4"))
    return windows(ksizes, strides, padding, "NHWC", rates)


@extract_image_patches.expansion
def extract_image_patches_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    images = inputs[0]
    over = _image_windows(images, *(attributes[name] for name in ("ksizes", "strides", "rates", "padding")))
    return builder.xp.concat(_taps(builder.xp, images, over), axis=-1)


@extract_image_patches.samples
def extract_image_patches_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 4, 5, 2), (1, 2, 3, 1), (1, 2, 1, 1), (1, 1, 1, 1), "VALID")
    yield Sample(normal(1, 5, 4, 2), 3, 2, padding="SAME")
    yield Sample(normal(1, 7, 6, 1), (3, 2), rates=(2, 3))
    yield ErrorSample(normal(4, 5, 2), 2).raises(ShapeError, "not images")
    yield ErrorSample(normal(1, 4, 4, 1), (2, 2, 2, 1)).raises(ValueRangeError, "window sizes that make no sense")
