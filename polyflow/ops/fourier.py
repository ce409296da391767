"""Discrete Fourier transforms along one axis (standard, "Fourier Transform Functions").

A transform of n elements is ``y[k] = scale * sum(x[t] * exp(-2j * pi * k * t / n))``, an inverse one has the other
sign. ``norm`` says the scale: ``"backward"`` is 1 for a transform and 1 / n for an inverse, ``"forward"`` the other way
round, ``"ortho"`` the root of 1 / n for both. Transforms are linear and symmetric: the gradient of each is a transform.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import along_axis
from polyflow.core.declaration import define_op
from polyflow.core.samples import ErrorSample, Sample, integers, normal
from polyflow.core.signature import Axis
from polyflow.core.types import TensorType
from polyflow.errors import AxisError, DTypeError, ValueRangeError
from polyflow.ops.transforms import NORMS, doubled, doubled_cotangent, fitted, halved, halved_cotangent, transformed


@define_op(namespace="fft", dtypes="floating", to_float=True)
def fft(x: TensorType, /, *, n: int | None = None, axis: Axis = -1, norm: str = "backward") -> TensorType:
    """The Fourier transform along ``axis``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.fft.fft([1.0, 2.0, 3.0, 2.0])).tolist()
    [(8+0j), (-2+0j), 0j, (-2+0j)]

    With ``n``, ``x`` is cut or filled with zeros to that length first. Standard: "fft.fft".
    """
    return transformed(x, (n,), (axis,), norm)


@fft.gradient
def fft_gradient(xp: Any, operation: Any, g: Any) -> Any:
    axis = operation.attributes["axis"]
    return fitted(xp, operation, xp.fft.fft(g, axis=axis, norm=operation.attributes["norm"]), (axis,))


fft.batching(along_axis)


@fft.samples
def fft_samples() -> Iterator[Sample]:
    yield from _line_samples()
    yield ErrorSample(normal(2, 0)).raises(ValueRangeError, "a transform of no elements")


@define_op(namespace="fft", dtypes="floating", to_float=True)
def ifft(x: TensorType, /, *, n: int | None = None, axis: Axis = -1, norm: str = "backward") -> TensorType:
    """The inverse of :func:`fft`.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.fft.ifft([4.0, 0.0])).tolist()
    [(2+0j), (2+0j)]

    Standard: "fft.ifft".
    """
    return transformed(x, (n,), (axis,), norm)


@ifft.gradient
def ifft_gradient(xp: Any, operation: Any, g: Any) -> Any:
    axis = operation.attributes["axis"]
    return fitted(xp, operation, xp.fft.ifft(g, axis=axis, norm=operation.attributes["norm"]), (axis,))


ifft.batching(along_axis)


@ifft.samples
def ifft_samples() -> Iterator[Sample]:
    yield from _line_samples()


@define_op(namespace="fft", dtypes="real floating", to_float=True)
def rfft(x: TensorType, /, *, n: int | None = None, axis: Axis = -1, norm: str = "backward") -> TensorType:
    """The first ``n // 2 + 1`` elements of the transform of real numbers, which tell the others by symmetry.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.fft.rfft([1.0, 2.0, 3.0, 2.0])).tolist()
    [(8+0j), (-2+0j), 0j]

    Standard: "fft.rfft".
    """
    return halved(x, (n,), (axis,), norm)


@rfft.gradient
def rfft_gradient(xp: Any, operation: Any, g: Any) -> Any:
    axis = operation.attributes["axis"]
    return fitted(xp, operation, halved_cotangent(xp, operation, xp.fft.hfft, g, axis), (axis,))


rfft.batching(along_axis)


@rfft.samples
def rfft_samples() -> Iterator[Sample]:
    yield from _line_samples()
    yield ErrorSample(normal(3).of("complex64")).raises(DTypeError, "needed:  a real floating dtype")


@define_op(namespace="fft", dtypes="floating", to_float=True)
def irfft(x: TensorType, /, *, n: int | None = None, axis: Axis = -1, norm: str = "backward") -> TensorType:
    """The inverse of :func:`rfft`: ``n`` real numbers, ``2 * (M - 1)`` of them unless ``n`` is given.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.fft.irfft([8.0, -2.0, 0.0])).tolist()
    [1.0, 2.0, 3.0, 2.0]

    Standard: "fft.irfft".
    """
    return doubled(x, (n,), (axis,), norm)


@irfft.gradient
def irfft_gradient(xp: Any, operation: Any, g: Any) -> Any:
    axis = operation.attributes["axis"]
    return fitted(xp, operation, doubled_cotangent(xp, operation, xp.fft.ihfft, g, axis), (axis,))


irfft.batching(along_axis)


@irfft.samples
def irfft_samples() -> Iterator[Sample]:
    yield from _line_samples()
    yield ErrorSample(normal(2, 1)).raises(ValueRangeError, "a transform of no elements")


@define_op(namespace="fft", dtypes="floating", to_float=True)
def hfft(x: TensorType, /, *, n: int | None = None, axis: Axis = -1, norm: str = "backward") -> TensorType:
    """The transform of numbers with Hermitian symmetry, of which ``x`` is the first half: ``n`` real numbers.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.fft.hfft([1.0, 2.0, 3.0])).tolist()
    [8.0, -2.0, 0.0, -2.0]

    There are ``2 * (M - 1)`` of them unless ``n`` is given. Standard: "fft.hfft".
    """
    return doubled(x, (n,), (axis,), norm)


@hfft.gradient
def hfft_gradient(xp: Any, operation: Any, g: Any) -> Any:
    axis = operation.attributes["axis"]
    return fitted(xp, operation, doubled_cotangent(xp, operation, xp.fft.rfft, g, axis), (axis,))


hfft.batching(along_axis)


@hfft.samples
def hfft_samples() -> Iterator[Sample]:
    yield from _line_samples()


@define_op(namespace="fft", dtypes="real floating", to_float=True)
def ihfft(x: TensorType, /, *, n: int | None = None, axis: Axis = -1, norm: str = "backward") -> TensorType:
    """The inverse of :func:`hfft`: the first ``n // 2 + 1`` numbers of those with Hermitian symmetry.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.real(pf.fft.ihfft([8.0, -2.0, 0.0, -2.0]))).tolist()
    [1.0, 2.0, 3.0]

    Standard: "fft.ihfft".
    """
    return halved(x, (n,), (axis,), norm)


@ihfft.gradient
def ihfft_gradient(xp: Any, operation: Any, g: Any) -> Any:
    axis = operation.attributes["axis"]
    return fitted(xp, operation, halved_cotangent(xp, operation, xp.fft.irfft, g, axis), (axis,))


ihfft.batching(along_axis)


@ihfft.samples
def ihfft_samples() -> Iterator[Sample]:
    yield from _line_samples()


def _line_samples() -> Iterator[Sample]:
    for norm in NORMS:
        yield Sample(normal(2, 6), norm=norm, dtypes="floating")
        yield Sample(normal(2, 5), n=5, norm=norm, dtypes="floating")
    yield Sample(normal(4, 3), axis=0, n=7, dtypes="floating")
    yield Sample(normal(2, 5, 2), axis=-2, n=3, dtypes="floating")
    yield Sample(normal(2, 5), n=2, dtypes="floating")
    yield Sample(normal(3), n=1, dtypes="floating")
    yield Sample(normal(0, 4), dtypes="floating")
    yield Sample(integers(6, low=-3, high=4, dtype="int32"))
    yield ErrorSample(normal(3), n=0).raises(ValueRangeError, "a transform of no elements")
    yield ErrorSample(normal(3), axis=1).raises(AxisError, "axis 1 is out of range for rank 1")
    yield ErrorSample(normal(3), norm="none").raises(ValueRangeError, "a norm that is not known")
