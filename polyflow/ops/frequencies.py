"""The frequencies that the elements of a Fourier transform belong to, and their order (standard, extension ``fft``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import over_axes
from polyflow.core.declaration import define_op
from polyflow.core.dtypes import float32
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.signature import Axis, DTypeLike
from polyflow.core.types import TensorType
from polyflow.errors import AxisError, DTypeError, ValueRangeError, message


@define_op(namespace="fft")
def fftfreq(n: int, /, *, d: float = 1.0, dtype: DTypeLike = None) -> TensorType:
    """The frequencies of the elements of a transform of ``n`` samples, at a distance ``d`` from each other.

    ``[0, 1, ..., -2, -1] / (d * n)``

    >>> import polyflow as pf
    >>> pf.Session().run(pf.fft.fftfreq(4)).tolist()
    [0.0, 0.25, -0.5, -0.25]

    Standard: "fft.fftfreq".
    """
    return TensorType(_frequency_dtype(n, d, dtype), (n,))


fftfreq.no_gradient("it has no operand")


@fftfreq.samples
def fftfreq_samples() -> Iterator[Sample]:
    yield from _frequency_samples()


@define_op(namespace="fft")
def rfftfreq(n: int, /, *, d: float = 1.0, dtype: DTypeLike = None) -> TensorType:
    """The frequencies of the elements of :func:`rfft`.

    ``[0, 1, ..., n // 2] / (d * n)``

    >>> import polyflow as pf
    >>> pf.Session().run(pf.fft.rfftfreq(4)).tolist()
    [0.0, 0.25, 0.5]

    Standard: "fft.rfftfreq".
    """
    return TensorType(_frequency_dtype(n, d, dtype), (n // 2 + 1,))


rfftfreq.no_gradient("it has no operand")


@rfftfreq.samples
def rfftfreq_samples() -> Iterator[Sample]:
    yield from _frequency_samples()


def _frequency_dtype(n: int, d: float, dtype: DTypeLike) -> Any:
    if n < 1:
        raise ValueRangeError(message("a transform of no elements", found=f"n={n}", needed="1 or more"))
    if d == 0:
        raise ValueRangeError(message("samples at no distance from each other", found=f"d={d}"))
    if dtype is not None and not dtype.is_floating:
        raise DTypeError(message("frequencies are real numbers", found=dtype, needed="a real floating dtype"))
    return dtype or float32


def _frequency_samples() -> Iterator[Sample]:
    yield Sample(5)
    yield Sample(6, d=0.5, dtype="float64")
    yield Sample(1, d=-3.0)
    yield ErrorSample(0).raises(ValueRangeError, "a transform of no elements")
    yield ErrorSample(3, d=0).raises(ValueRangeError, "no distance")
    yield ErrorSample(3, dtype="int64").raises(DTypeError, "frequencies are real numbers")


@define_op(namespace="fft")
def fftshift(x: TensorType, /, *, axes: Axis = None) -> TensorType:
    """The elements of a transform in the order of their frequencies, 0 in the middle, along ``axes`` or all of them.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.fft.fftshift([0, 1, 2, -2, -1])).tolist()
    [-2, -1, 0, 1, 2]

    Standard: "fft.fftshift".
    """
    return x.with_shape(x.known_shape)


@fftshift.gradient
def fftshift_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.fft.ifftshift(g, axes=operation.attributes["axes"])


fftshift.batching(over_axes)


@fftshift.samples
def fftshift_samples() -> Iterator[Sample]:
    yield from _shift_samples()


@define_op(namespace="fft")
def ifftshift(x: TensorType, /, *, axes: Axis = None) -> TensorType:
    """The inverse of :func:`fftshift`.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.fft.ifftshift([-2, -1, 0, 1, 2])).tolist()
    [0, 1, 2, -2, -1]

    Standard: "fft.ifftshift".
    """
    return x.with_shape(x.known_shape)


@ifftshift.gradient
def ifftshift_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.fft.fftshift(g, axes=operation.attributes["axes"])


ifftshift.batching(over_axes)


@ifftshift.samples
def ifftshift_samples() -> Iterator[Sample]:
    yield from _shift_samples()


def _shift_samples() -> Iterator[Sample]:
    yield Sample(normal(1, 3), axes=0)
    yield Sample(normal(3, 4))
    yield Sample(normal(3, 5), axes=1)
    yield Sample(normal(3, 2, 5), axes=(-1, 0))
    yield Sample(normal(0, 2))
    yield ErrorSample(normal(3), axes=1).raises(AxisError, "axis 1 is out of range for rank 1")
