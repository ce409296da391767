"""Discrete Fourier transforms along several axes (standard, "Fourier Transform Functions").

The lengths ``s`` belong to ``axes``; a transform along several axes is one along each of them, one after the other. The
halves of real transforms are those of the last of ``axes``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import over_axes
from polyflow.core.declaration import define_op
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.signature import Axis
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, AxisError
from polyflow.ops.transforms import (
    NORMS,
    axes_of,
    doubled,
    doubled_cotangent,
    fitted,
    halved,
    halved_cotangent,
    plan,
    transformed,
)


@define_op(namespace="fft", dtypes="floating", to_float=True)
def fftn(
    x: TensorType, /, *, s: tuple[int, ...] | None = None, axes: Axis = None, norm: str = "backward"
) -> TensorType:
    """The Fourier transform along several axes, all of them for ``None``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.fft.fftn([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[(10+0j), (-2+0j)], [(-4+0j), 0j]]

    ``s`` gives the length along each of ``axes``, to which ``x`` is cut or filled with zeros; -1 leaves it as it is.
    Standard: "fft.fftn".
    """
    return transformed(x, *plan(x.rank, s, axes), norm)


@fftn.kernel
def fftn_kernel(xp: Any, x: Any, **attributes: Any) -> Any:
    return xp.fft.fftn(x, **_all_lengths(x, **attributes))


@fftn.gradient
def fftn_gradient(xp: Any, operation: Any, g: Any) -> Any:
    axes = axes_of(operation)
    return fitted(xp, operation, xp.fft.fftn(g, axes=axes, norm=operation.attributes["norm"]), axes)


fftn.batching(over_axes)


@fftn.samples
def fftn_samples() -> Iterator[Sample]:
    yield from _grid_samples()


@define_op(namespace="fft", dtypes="floating", to_float=True)
def ifftn(
    x: TensorType, /, *, s: tuple[int, ...] | None = None, axes: Axis = None, norm: str = "backward"
) -> TensorType:
    """The inverse of :func:`fftn`.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.fft.ifftn([[4.0, 0.0], [0.0, 0.0]])).tolist()
    [[(1+0j), (1+0j)], [(1+0j), (1+0j)]]

    Standard: "fft.ifftn".
    """
    return transformed(x, *plan(x.rank, s, axes), norm)


@ifftn.kernel
def ifftn_kernel(xp: Any, x: Any, **attributes: Any) -> Any:
    return xp.fft.ifftn(x, **_all_lengths(x, **attributes))


@ifftn.gradient
def ifftn_gradient(xp: Any, operation: Any, g: Any) -> Any:
    axes = axes_of(operation)
    return fitted(xp, operation, xp.fft.ifftn(g, axes=axes, norm=operation.attributes["norm"]), axes)


ifftn.batching(over_axes)


@ifftn.samples
def ifftn_samples() -> Iterator[Sample]:
    yield from _grid_samples()


@define_op(namespace="fft", dtypes="real floating", to_float=True)
def rfftn(
    x: TensorType, /, *, s: tuple[int, ...] | None = None, axes: Axis = None, norm: str = "backward"
) -> TensorType:
    """The transform of real numbers along several axes, the last of them halved as :func:`rfft` does it.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.fft.rfftn([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[(10+0j), (-2+0j)], [(-4+0j), 0j]]

    Standard: "fft.rfftn".
    """
    return halved(x, *plan(x.rank, s, axes), norm)


@rfftn.kernel
def rfftn_kernel(xp: Any, x: Any, **attributes: Any) -> Any:
    return xp.fft.rfftn(x, **_all_lengths(x, **attributes))


@rfftn.gradient
def rfftn_gradient(xp: Any, operation: Any, g: Any) -> Any:
    *others, last = axes = axes_of(operation)
    if others:
        g = xp.fft.fftn(g, axes=tuple(others), norm=operation.attributes["norm"])
    return fitted(xp, operation, halved_cotangent(xp, operation, xp.fft.hfft, g, last), axes)


rfftn.batching(over_axes)


@rfftn.samples
def rfftn_samples() -> Iterator[Sample]:
    yield from _grid_samples()


@define_op(namespace="fft", dtypes="floating", to_float=True)
def irfftn(
    x: TensorType, /, *, s: tuple[int, ...] | None = None, axes: Axis = None, norm: str = "backward"
) -> TensorType:
    """The inverse of :func:`rfftn`: real numbers, the last axis doubled as :func:`irfft` does it.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.fft.irfftn([[10.0, -2.0], [-4.0, 0.0]])).tolist()
    [[1.0, 2.0], [3.0, 4.0]]

    Standard: "fft.irfftn".
    """
    return doubled(x, *plan(x.rank, s, axes), norm)


@irfftn.kernel
def irfftn_kernel(xp: Any, x: Any, **attributes: Any) -> Any:
    return xp.fft.irfftn(x, **_all_lengths(x, **attributes, is_halved=True))


@irfftn.gradient
def irfftn_gradient(xp: Any, operation: Any, g: Any) -> Any:
    *others, last = axes = axes_of(operation)
    found = doubled_cotangent(xp, operation, xp.fft.ihfft, g, last)
    if others:
        found = xp.fft.ifftn(found, axes=tuple(others), norm=operation.attributes["norm"])
    return fitted(xp, operation, found, axes)


irfftn.batching(over_axes)


@irfftn.samples
def irfftn_samples() -> Iterator[Sample]:
    yield from _grid_samples()


def _all_lengths(x: Any, *, s: Any, axes: Any, norm: str, is_halved: bool = False) -> dict[str, Any]:
    """The attributes with every axis and length told, which namespaces do not guess alike; some know no -1."""
    axes = tuple(range(x.ndim)) if axes is None else axes
    whole = [x.shape[axis] for axis in axes]
    if is_halved:
        whole[-1] = 2 * (whole[-1] - 1)
    sizes = whole if s is None else [have if size == -1 else size for size, have in zip(s, whole, strict=True)]
    return {"s": tuple(sizes), "axes": axes, "norm": norm}


def _grid_samples() -> Iterator[Sample]:
    for norm in NORMS:
        yield Sample(normal(3, 4), norm=norm, dtypes="floating")
    yield Sample(normal(2, 3, 4), axes=(0, -1), dtypes="floating")
    yield Sample(normal(2, 3, 4), axes=(2, 1), s=(5, 2), norm="ortho", dtypes="floating")
    yield Sample(normal(2, 3, 4), axes=(0, 2), s=(-1, 3), dtypes="floating")
    yield Sample(normal(3, 4), axes=(1, 0), s=(3, -1), norm="forward", dtypes="floating")
    yield Sample(normal(2, 2, 3, 2), dtypes="floating")
    yield Sample(normal(0, 3, 4), axes=(1, 2), dtypes="floating")
    yield ErrorSample(normal(2, 3), s=(2,)).raises(ArgumentError, "sizes without axes")
    yield ErrorSample(normal(2, 3), s=(2,), axes=(0, 1)).raises(ArgumentError, "one size for each axis")
    yield ErrorSample(normal(2, 3), axes=(0, 0)).raises(AxisError, "names one axis twice")
    yield ErrorSample(normal(2, 3), axes=()).raises(ArgumentError, "a transform along no axis")
