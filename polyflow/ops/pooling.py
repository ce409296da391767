"""Pooling of images: the greatest element or the mean of each window, with gradients to any order.

The maximum of a window is taken at one place, the first in row-major order. Its gradient goes there; the gradient of
that gradient is read there: ``max_pool_gradient`` and ``max_pool_chosen`` are each other's transposes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from polyflow.core.batching import folded_in
from polyflow.core.declaration import define_op
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.shapes import Windows, windows
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import ShapeError, ValueRangeError, message
from polyflow.ops.sliding import padded, taps, untapped


@define_op(namespace="nn", dtypes="real")
def max_pool(
    x: TensorType,
    /,
    *,
    ksize: int | tuple[int, ...],
    strides: int | tuple[int, ...] | None = None,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    data_format: str = "NHWC",
) -> TensorType:
    """The greatest element of each window of ``ksize`` over the height and width of images.

    >>> import polyflow as pf
    >>> x = pf.reshape(pf.asarray([[1.0, 2.0, 5.0], [4.0, 3.0, 0.0]]), (1, 2, 3, 1))
    >>> y = pf.nn.max_pool(x, ksize=2, strides=1, padding="VALID")
    >>> pf.Session().run(pf.reshape(y, (2,))).tolist()
    [4.0, 5.0]

    ``ksize`` and ``strides``, by default ``ksize``, are one number, a pair, or one number a letter of ``data_format``,
    "NHWC" or "NCHW". ``padding`` is "SAME", "VALID" or a pair (before, after) for height and for width; what it adds is
    never chosen. Where several elements are greatest, the gradient goes to the first. Raises ``ShapeError`` where a
    window is larger than the padded image. Source: TensorFlow, "tf.nn.max_pool".
    """
    return _pooled(x, _windows(ksize, strides, padding, data_format))


@max_pool.kernel
def max_pool_kernel(xp: Any, x: Any, *, ksize: Any, strides: Any, padding: Any, data_format: str) -> Any:
    y, *rest = _max_taps(xp, x, _windows(ksize, strides, padding, data_format))
    for tap in rest:
        y = xp.maximum(y, tap)
    return y


@max_pool.gradient
def max_pool_gradient_rule(xp: Any, operation: Any, g: Any) -> Any:
    return max_pool_gradient(operation.inputs[0], g, **operation.attributes)


max_pool.batching(folded_in(0))


@max_pool.samples
def max_pool_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 4, 6, 2), ksize=2)
    yield Sample(normal(1, 5, 4, 2), ksize=(3, 2), strides=(2, 1), padding="SAME")
    yield Sample(normal(1, 2, 5, 4), ksize=(1, 1, 3, 2), strides=2, data_format="NCHW", padding="SAME")
    yield Sample(normal(1, 3, 3, 1), ksize=2, strides=3, padding=((1, 0), (1, 1)))
    yield Sample(values([[[[3.0], [3.0]], [[3.0], [1.0]]]]), ksize=2, gradient=False)
    yield Sample(normal(0, 4, 4, 1), ksize=2)
    yield ErrorSample(normal(1, 2, 2, 1), ksize=3, padding="VALID").raises(
        ShapeError, "a window spans 3 elements, more than axis 1 has"
    )
    yield ErrorSample(normal(1, 2, 2), ksize=2).raises(ShapeError, "needed:  rank 4")
    yield ErrorSample(normal(1, 2, 2, 1), ksize=2, strides=0).raises(ValueRangeError, "strides that make no sense")


@define_op(namespace="nn", dtypes="real", promote=("x", "g"))
def max_pool_gradient(
    x: TensorType,
    g: TensorType,
    /,
    *,
    ksize: int | tuple[int, ...],
    strides: int | tuple[int, ...] | None = None,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    data_format: str = "NHWC",
) -> TensorType:
    """Images of the shape of ``x`` that are 0 but where :func:`max_pool` chose: there they are the sum of its ``g``.

    >>> import polyflow as pf
    >>> from polyflow.ops.pooling import max_pool_gradient
    >>> x = pf.reshape(pf.asarray([[1.0, 2.0], [4.0, 4.0]]), (1, 2, 2, 1))
    >>> y = max_pool_gradient(x, pf.full((1, 1, 1, 1), 3.0), ksize=2)
    >>> pf.Session().run(pf.reshape(y, (2, 2))).tolist()
    [[0.0, 0.0], [3.0, 0.0]]

    ``g`` has the shape of ``max_pool(x)`` with the same attributes; else ``ShapeError``. Its own gradient with respect
    to ``x`` is zero wherever it exists. Source: TensorFlow, "MaxPoolGrad".
    """
    _check_result(g, _pooled(x, _windows(ksize, strides, padding, data_format)), "max_pool(x)")
    return x


@max_pool_gradient.kernel
def max_pool_gradient_kernel(
    xp: Any, x: Any, g: Any, *, ksize: Any, strides: Any, padding: Any, data_format: str
) -> Any:
    over = _windows(ksize, strides, padding, data_format)
    number = _chosen(xp, x, over)
    parts = [xp.where(number == each, g, xp.zeros_like(g)) for each in range(_elements(over))]
    return untapped(xp, parts, over, over.pads(x.shape), [x.shape[axis] for axis in over.axes])


@max_pool_gradient.gradient
def max_pool_gradient_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return None, max_pool_chosen(operation.inputs[0], g, **operation.attributes)


max_pool_gradient.batching(folded_in(0, 0))


@max_pool_gradient.samples
def max_pool_gradient_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 4, 6, 2), normal(2, 2, 3, 2, seed=1), ksize=2)
    yield Sample(normal(1, 5, 4, 2), normal(1, 3, 4, 2, seed=1), ksize=(3, 2), strides=(2, 1), padding="SAME")
    yield Sample(normal(1, 2, 5, 4), normal(1, 2, 3, 2, seed=1), ksize=3, strides=2, data_format="NCHW", padding="SAME")
    yield Sample(values([[[[3.0], [3.0]], [[3.0], [1.0]]]]), values([[[[2.0]]]]), ksize=2, gradient=False)
    yield Sample(values([[[[1.0], [1 + 2**-40]]]], "float64"), normal(1, 1, 1, 1), ksize=(1, 2), gradient=False)
    yield ErrorSample(normal(1, 4, 4, 1), normal(1, 3, 2, 1), ksize=2).raises(ShapeError, "the shape of max_pool(x)")


@define_op(namespace="nn", dtypes="real", promote=("x", "values"))
def max_pool_chosen(
    x: TensorType,
    values: TensorType,
    /,
    *,
    ksize: int | tuple[int, ...],
    strides: int | tuple[int, ...] | None = None,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    data_format: str = "NHWC",
) -> TensorType:
    """From each window the element of ``values`` at the place where :func:`max_pool` of ``x`` found the greatest.

    >>> import polyflow as pf
    >>> from polyflow.ops.pooling import max_pool_chosen
    >>> x = pf.reshape(pf.asarray([[1.0, 2.0], [4.0, 4.0]]), (1, 2, 2, 1))
    >>> y = max_pool_chosen(x, pf.reshape(pf.asarray([[5.0, 6.0], [7.0, 8.0]]), (1, 2, 2, 1)), ksize=2)
    >>> pf.Session().run(pf.reshape(y, (1,))).tolist()
    [7.0]

    ``values`` has the shape of ``x``; else ``ShapeError``. The gradient with respect to ``x`` is zero wherever it
    exists. Source: TensorFlow, "MaxPoolGradGrad".
    """
    _check_result(values, x, "x")
    return _pooled(x, _windows(ksize, strides, padding, data_format))


@max_pool_chosen.kernel
def max_pool_chosen_kernel(
    xp: Any, x: Any, values: Any, *, ksize: Any, strides: Any, padding: Any, data_format: str
) -> Any:
    over = _windows(ksize, strides, padding, data_format)
    number = _chosen(xp, x, over)
    result, *rest = _padded_taps(xp, values, over, 0)
    for position, tap in enumerate(rest, 1):
        result = xp.where(number == position, tap, result)
    return result


@max_pool_chosen.gradient
def max_pool_chosen_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return None, max_pool_gradient(operation.inputs[0], g, **operation.attributes)


max_pool_chosen.batching(folded_in(0, 0))


@max_pool_chosen.samples
def max_pool_chosen_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 4, 6, 2), normal(2, 4, 6, 2, seed=1), ksize=2)
    yield Sample(normal(1, 5, 4, 2), normal(1, 5, 4, 2, seed=1), ksize=(3, 2), strides=(2, 1), padding="SAME")
    yield Sample(normal(1, 2, 5, 4), normal(1, 2, 5, 4, seed=1), ksize=3, strides=2, data_format="NCHW", padding="SAME")
    yield Sample(values([[[[1.0], [1 + 2**-40]]]], "float64"), normal(1, 1, 2, 1), ksize=(1, 2), gradient=False)
    yield ErrorSample(normal(1, 4, 4, 1), normal(1, 3, 4, 1), ksize=2).raises(ShapeError, "the shape of x")


@define_op(namespace="nn", dtypes="floating", to_float=True)
def avg_pool(
    x: TensorType,
    /,
    *,
    ksize: int | tuple[int, ...],
    strides: int | tuple[int, ...] | None = None,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    data_format: str = "NHWC",
) -> TensorType:
    """The mean of each window of ``ksize`` over the height and width of images, of the elements inside the image.

    >>> import polyflow as pf
    >>> x = pf.reshape(pf.asarray([[1.0, 2.0, 5.0], [4.0, 3.0, 1.0]]), (1, 2, 3, 1))
    >>> y = pf.nn.avg_pool(x, ksize=2, padding="SAME")
    >>> pf.Session().run(pf.reshape(y, (2,))).tolist()
    [2.5, 3.0]

    What padding adds counts for nothing: it is neither summed nor divided by. Attributes and errors are those of
    ``max_pool``. Source: TensorFlow, "tf.nn.avg_pool".
    """
    return _pooled(x, _windows(ksize, strides, padding, data_format))


@avg_pool.kernel
def avg_pool_kernel(xp: Any, x: Any, *, ksize: Any, strides: Any, padding: Any, data_format: str) -> Any:
    over = _windows(ksize, strides, padding, data_format)
    y, *rest = _padded_taps(xp, x, over, 0)
    for tap in rest:
        y = y + tap
    return y / _members(xp, x.dtype, over, x.shape)


@avg_pool.gradient
def avg_pool_gradient_rule(xp: Any, operation: Any, g: Any) -> Any:
    shape = operation.inputs[0].type.known_shape
    axes = windows(1, 1, "VALID", operation.attributes["data_format"]).axes
    return avg_pool_gradient(g, size=tuple(shape[axis] for axis in axes), **operation.attributes)


avg_pool.batching(folded_in(0))


@avg_pool.samples
def avg_pool_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 4, 6, 2), ksize=2)
    yield Sample(normal(1, 5, 4, 2), ksize=(3, 2), strides=(2, 1), padding="SAME")
    yield Sample(normal(1, 2, 5, 4), ksize=(1, 1, 3, 2), strides=2, data_format="NCHW", padding="SAME")
    yield Sample(normal(1, 3, 3, 1), ksize=2, strides=3, padding=((1, 0), (1, 1)))
    yield ErrorSample(normal(1, 2, 2, 1), ksize=3, padding="VALID").raises(
        ShapeError, "a window spans 3 elements, more than axis 1 has"
    )
    yield ErrorSample(normal(1, 4, 4, 1), ksize=2, padding=((2, 0), (0, 0))).raises(
        ValueRangeError, "padding that holds a whole window"
    )


@define_op(namespace="nn", dtypes="floating", to_float=True)
def avg_pool_gradient(
    g: TensorType,
    /,
    *,
    size: tuple[int, int],
    ksize: int | tuple[int, ...],
    strides: int | tuple[int, ...] | None = None,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    data_format: str = "NHWC",
) -> TensorType:
    """The transpose of :func:`avg_pool`: from ``g`` of the result's shape to images of ``size``.

    >>> import polyflow as pf
    >>> from polyflow.ops.pooling import avg_pool_gradient
    >>> x = avg_pool_gradient(pf.full((1, 1, 2, 1), 4.0), size=(2, 3), ksize=2, strides=1, padding="VALID")
    >>> pf.Session().run(pf.reshape(x, (2, 3))).tolist()
    [[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]]

    The other attributes are those of ``avg_pool``. Raises ``ShapeError`` where ``avg_pool`` of images of ``size`` would
    not have the shape of ``g``. Source: TensorFlow, "AvgPoolGrad".
    """
    _check_rank(g)
    if not all(isinstance(each, int) and each >= 0 for each in size) or len(size) != 2:
        raise ValueRangeError(message("a size that makes no sense", found=size, needed="height and width, both known"))
    over = _windows(ksize, strides, padding, data_format)
    image = g.with_shape(_resized(g.known_shape, over.axes, size))
    _check_result(g, _pooled(image, over), "avg_pool of such images")
    return image


@avg_pool_gradient.kernel
def avg_pool_gradient_kernel(
    xp: Any, g: Any, *, size: tuple[int, int], ksize: Any, strides: Any, padding: Any, data_format: str
) -> Any:
    over = _windows(ksize, strides, padding, data_format)
    image = _resized(g.shape, over.axes, size)
    share = g / _members(xp, g.dtype, over, image)
    return untapped(xp, [share] * _elements(over), over, over.pads(image), size)


@avg_pool_gradient.gradient
def avg_pool_gradient_gradient(xp: Any, operation: Any, g: Any) -> Any:
    attributes = dict(operation.attributes)
    del attributes["size"]
    return avg_pool(g, **attributes)


avg_pool_gradient.batching(folded_in(0))


@avg_pool_gradient.samples
def avg_pool_gradient_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 2, 3, 2), size=(4, 6), ksize=2)
    yield Sample(normal(1, 3, 4, 2), size=(5, 4), ksize=(3, 2), strides=(2, 1), padding="SAME")
    yield Sample(normal(1, 2, 3, 2), size=(5, 4), ksize=(3, 2), strides=2, data_format="NCHW", padding="SAME")
    yield ErrorSample(normal(1, 2, 2, 1), size=(5, 7), ksize=2).raises(
        ShapeError, "the shape of avg_pool of such images"
    )


def _windows(ksize: Any, strides: Any, padding: Any, data_format: str) -> Windows:
    if data_format not in ("NHWC", "NCHW"):
        raise ValueRangeError(message("a data_format that is not known", found=data_format, needed='"NHWC" or "NCHW"'))
    return check_padding(windows(ksize, ksize if strides is None else strides, padding, data_format))


def check_padding(over: Windows) -> Windows:
    """``over``; refuses padding in which a window would hold nothing of the image."""
    for pair, size in () if isinstance(over.padding, str) else zip(over.padding, over.sizes, strict=True):
        if max(pair) >= (size or 0):
            needed = f"numbers below ksize, {size}"
            raise ValueRangeError(message("padding that holds a whole window", found=pair, needed=needed))
    return over


def _check_rank(x: TensorType) -> None:
    if x.rank != 4:
        raise ShapeError(message("pooling of an operand of the wrong rank", found=x, needed="rank 4"))


def _pooled(x: TensorType, over: Windows) -> TensorType:
    _check_rank(x)
    return x.with_shape(_resized(x.known_shape, over.axes, over.counts(x.known_shape)))


def _resized(shape: Sequence[Any], axes: Sequence[int], sizes: Sequence[Any]) -> tuple[Any, ...]:
    """``shape`` with other ``sizes`` at ``axes``."""
    result = list(shape)
    for axis, size in zip(axes, sizes, strict=True):
        result[axis] = size
    return tuple(result)


def _check_result(found: TensorType, needed: TensorType, what: str) -> None:
    pairs = zip(found.known_shape, needed.known_shape, strict=False)
    if found.rank != needed.rank or any(None not in pair and pair[0] != pair[1] for pair in pairs):
        raise ShapeError(
            message(
                f"the second operand does not have the shape of {what}",
                found=format_shape(found.shape),
                needed=format_shape(needed.shape),
            )
        )


def _elements(over: Windows) -> int:
    """How many elements a window has."""
    return prod(each or 0 for each in over.sizes)


def _padded_taps(xp: Any, x: Any, over: Windows, value: Any) -> list[Any]:
    counts: Any = over.counts(x.shape)
    return list(taps(padded(xp, x, over.axes, over.pads(x.shape), value), over, counts))


def _max_taps(xp: Any, x: Any, over: Windows) -> list[Any]:
    least = -float("inf") if xp.isdtype(x.dtype, "real floating") else int(xp.iinfo(x.dtype).min)
    return _padded_taps(xp, x, over, least)


def _chosen(xp: Any, x: Any, over: Windows) -> Any:
    """Which element of each window ``max_pool`` chooses: its number, in row-major order."""
    found = _max_taps(xp, x, over)
    inside: list[Any] = [None] * len(found)
    if any(map(any, over.pads(x.shape))):
        image = xp.ones(_resized((1,) * x.ndim, over.axes, [x.shape[axis] for axis in over.axes]), dtype=xp.bool)
        inside = _padded_taps(xp, image, over, False)
    greatest, is_found = found[0], inside[0]
    number = xp.zeros(greatest.shape, dtype=xp.int32)
    for position, (tap, is_inside) in enumerate(zip(found[1:], inside[1:], strict=True), 1):
        is_greater = (tap > greatest) | ((tap != tap) & (greatest == greatest))
        if is_inside is not None:
            is_greater = is_inside & (~is_found | is_greater)
            is_found = is_found | is_inside
        number = xp.where(is_greater, xp.full((), position, dtype=xp.int32), number)
        greatest = xp.where(is_greater, tap, greatest)
    return number


def _members(xp: Any, dtype: Any, over: Windows, shape: Sequence[int]) -> Any:
    """How many elements of each window lie inside the image: a number, or an array where windows differ."""
    pads = over.pads(shape)
    if not any(map(any, pads)):
        return _elements(over)
    total: Any = 1
    for axis, (before, _), size, stride, count in zip(
        over.axes, pads, over.sizes, over.strides, over.counts(shape), strict=True
    ):
        starts = [place * stride - before for place in range(count or 0)]
        inside = [min(start + (size or 0), shape[axis]) - max(start, 0) for start in starts]
        row = xp.asarray([float(each) for each in inside], dtype=dtype)
        total = total * xp.reshape(row, tuple(len(inside) if place == axis else 1 for place in range(len(shape))))
    return total
