"""Discrete Fourier transforms. Everything is computed in complex128 and rounded once, at the end.

A transform of length n is built from transforms of its factors (Cooley and Tukey, 1965); of a prime length it is the
sum of the definition.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from polyflow.core.dtypes import DEFAULT_DTYPES, DType, as_dtype, complex128, complex_dtype, real_dtype
from polyflow.errors import ArgumentError, DTypeError, ValueRangeError, message
from polyflow_reference.array import Array, check_device
from polyflow_reference.manipulation import roll
from polyflow_reference.operands import meet, require
from polyflow_reference.shapes import normal_axes, normal_axis
from polyflow_reference.slices import map_slices
from polyflow_reference.values import from_scalars

Norm = Literal["backward", "ortho", "forward"]


def fft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Array:
    """The transforms of vectors, X[k] = sum over t of x[t] exp(-2 pi j k t / n).

    >>> fft(Array.of([1.0, 0.0, 0.0, 0.0]))
    Array([(1+0j), (1+0j), (1+0j), (1+0j)], complex64)
    """
    return fftn(x, s=_sizes(n), axes=(axis,), norm=norm)


def ifft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Array:
    """The inverse transforms of vectors, x[t] = 1 / n sum over k of X[k] exp(2 pi j k t / n).

    >>> ifft(Array.of([4.0, 0.0]))
    Array([(2+0j), (2+0j)], complex64)
    """
    return ifftn(x, s=_sizes(n), axes=(axis,), norm=norm)


def fftn(
    x: Array, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: Norm = "backward"
) -> Array:
    """The transforms over several axes, one after the other.

    >>> fftn(Array.of([[1.0, 0.0], [0.0, 0.0]]))
    Array([[(1+0j), (1+0j)], [(1+0j), (1+0j)]], complex64)
    """
    return _complex_transform("fftn", x, s, axes, _scales(norm, forward=True), sign=-1)


def ifftn(
    x: Array, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: Norm = "backward"
) -> Array:
    """The inverse transforms over several axes.

    >>> ifftn(Array.of([[4.0, 0.0], [0.0, 0.0]]))
    Array([[(1+0j), (1+0j)], [(1+0j), (1+0j)]], complex64)
    """
    return _complex_transform("ifftn", x, s, axes, _scales(norm, forward=False), sign=1)


def rfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Array:
    """The first n // 2 + 1 elements of the transforms of real vectors, which say the others by symmetry.

    >>> rfft(Array.of([1.0, 2.0, 3.0, 4.0]))
    Array([(10+0j), (-2+2j), (-2+0j)], complex64)
    """
    return rfftn(x, s=_sizes(n), axes=(axis,), norm=norm)


def irfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Array:
    """The inverses of :func:`rfft`, real vectors of length n; 2 * (M - 1) if it is not given.

    >>> irfft(Array.of([10 + 0j, -2 + 2j, -2 + 0j]))
    Array([1.0, 2.0, 3.0, 4.0], float32)
    """
    return irfftn(x, s=_sizes(n), axes=(axis,), norm=norm)


def rfftn(
    x: Array, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: Norm = "backward"
) -> Array:
    """The transforms of real arrays over several axes, the last of them cut off as in :func:`rfft`.

    >>> rfftn(Array.of([[1.0, 2.0], [3.0, 4.0]]))
    Array([[(10+0j), (-2+0j)], [(-4+0j), 0j]], complex64)
    """
    return _real_transform("rfftn", x, s, axes, norm)


def irfftn(
    x: Array, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: Norm = "backward"
) -> Array:
    """The inverses of :func:`rfftn`.

    >>> irfftn(Array.of([[10 + 0j, -2 + 0j], [-4 + 0j, 0j]]))
    Array([[1.0, 2.0], [3.0, 4.0]], float32)
    """
    return _hermitian_transform("irfftn", x, s, axes, _scales(norm, forward=False), sign=1)


def hfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Array:
    """The transforms of vectors with Hermitian symmetry, of which x is the first half: real vectors of length n.

    >>> hfft(Array.of([1 + 0j, 2 + 0j, 3 + 0j]))
    Array([8.0, -2.0, 0.0, -2.0], float32)
    """
    return _hermitian_transform("hfft", x, _sizes(n), (axis,), _scales(norm, forward=True), sign=-1)


def ihfft(x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Array:
    """The inverses of :func:`hfft`: the first half of vectors with Hermitian symmetry.

    >>> ihfft(Array.of([8.0, -2.0, 0.0, -2.0]))
    Array([(1-0j), (2-0j), (3-0j)], complex64)
    """
    transformed = _real_transform("ihfft", x, _sizes(n), (axis,), _OPPOSITE[_checked(norm)])
    return Array([value.conjugate() for value in transformed.values], transformed.shape, transformed.dtype)


def fftfreq(n: int, /, *, d: float = 1.0, dtype: DType | None = None, device: str | None = None) -> Array:
    """The frequencies of a transform's elements, [0, 1, ..., -2, -1] / (d n), for samples at a distance d.

    >>> fftfreq(4)
    Array([0.0, 0.25, -0.5, -0.25], float32)
    """
    return _frequencies([*range((n + 1) // 2), *range(-(n // 2), 0)], n * d, dtype, device)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: DType | None = None, device: str | None = None) -> Array:
    """The frequencies of the elements of :func:`rfft`, [0, 1, ..., n // 2] / (d n).

    >>> rfftfreq(4)
    Array([0.0, 0.25, 0.5], float32)
    """
    return _frequencies(list(range(n // 2 + 1)), n * d, dtype, device)


def _frequencies(numbers: list[int], span: float, dtype: DType | None, device: str | None) -> Array:
    check_device(device)
    target = DEFAULT_DTYPES[float] if dtype is None else as_dtype(dtype)
    if not target.is_floating:
        raise DTypeError(message("fftfreq: frequencies are real floats", found=target, needed="a real floating dtype"))
    return Array(from_scalars([number / span for number in numbers], target), (len(numbers),), target)


def fftshift(x: Array, /, *, axes: int | Sequence[int] | None = None) -> Array:
    """The elements of a transform in the order of their frequencies, zero in the middle.

    >>> fftshift(fftfreq(4))
    Array([-0.5, -0.25, 0.0, 0.25], float32)
    """
    named = normal_axes(axes, x.ndim)
    return roll(x, [x.shape[axis] // 2 for axis in named], axis=named)


def ifftshift(x: Array, /, *, axes: int | Sequence[int] | None = None) -> Array:
    """The inverse of :func:`fftshift`.

    >>> ifftshift(fftshift(fftfreq(5)))
    Array([0.0, 0.2, 0.4, -0.4, -0.2], float32)
    """
    named = normal_axes(axes, x.ndim)
    return roll(x, [-(x.shape[axis] // 2) for axis in named], axis=named)


def _sizes(n: int | None) -> tuple[int, ...] | None:
    return None if n is None else (n,)


_OPPOSITE: dict[Norm, Norm] = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def _checked(norm: Norm) -> Norm:
    if norm not in _OPPOSITE:
        raise ArgumentError(message("fft: unknown norm", found=repr(norm), needed="'backward', 'ortho' or 'forward'"))
    return norm


def _scales(norm: Norm, *, forward: bool) -> float:
    """The power of n that a transform is multiplied by: 0, -1/2 or -1."""
    if _checked(norm) == "ortho":
        return -0.5
    return -1.0 if (norm == "forward") == forward else 0.0


def _complex_transform(
    name: str, x: Array, s: Sequence[int] | None, axes: Sequence[int] | None, power: float, sign: int
) -> Array:
    (x,) = meet(name, "numeric", x, floating=True)
    z = x.cast(complex128)
    for axis, size in _plan(name, x, s, axes):
        z = _transformed(z, axis, z.shape[axis] if size is None else size, power, sign)
    return z.cast(complex_dtype(x.dtype))


def _real_transform(name: str, x: Array, s: Sequence[int] | None, axes: Sequence[int] | None, norm: Norm) -> Array:
    require(name, "real", x.dtype)
    *others, (last, size) = _plan(name, x, s, axes)
    (x,) = meet(name, "real", x, floating=True)
    power = _scales(norm, forward=True)
    length = x.shape[last] if size is None else size
    z = _transformed(x.cast(complex128), last, length, power, sign=-1)
    z = z[(*(slice(None),) * last, slice(length // 2 + 1))]
    for axis, other in others:
        z = _transformed(z, axis, z.shape[axis] if other is None else other, power, sign=-1)
    return z.cast(complex_dtype(x.dtype))


def _hermitian_transform(
    name: str, x: Array, s: Sequence[int] | None, axes: Sequence[int] | None, power: float, sign: int
) -> Array:
    (x,) = meet(name, "numeric", x, floating=True)
    *others, (last, size) = _plan(name, x, s, axes)
    z = x.cast(complex128)
    for axis, other in others:
        z = _transformed(z, axis, z.shape[axis] if other is None else other, power, sign)
    length = 2 * (x.shape[last] - 1) if size is None else size
    z = map_slices(lambda half: _mirrored(half, length), z, last)
    z = _transformed(z, last, length, power, sign)
    part = real_dtype(complex_dtype(x.dtype))
    return Array.fitted([value.real for value in z.values], z.shape, part)


def _mirrored(half: Sequence[complex], length: int) -> list[complex]:
    """A vector of this length with x[-k] = conj(x[k]), from its first half."""
    known = _resized(half, length // 2 + 1)
    return known[:length] + [known[length - k].conjugate() for k in range(len(known), length)]


def _plan(name: str, x: Array, s: Sequence[int] | None, axes: Sequence[int] | None) -> list[tuple[int, int | None]]:
    """The axes to transform and the length of each; ``None`` where it is the length that is there."""
    if axes is None:
        axes = range(x.ndim) if s is None else range(x.ndim - len(s), x.ndim)
    sizes = [None if size == -1 else size for size in s] if s is not None else [None] * len(axes)
    if len(sizes) != len(axes):
        raise ArgumentError(message(f"{name}: as many sizes as axes are needed", found=f"{s} and {axes}"))
    plan = [(normal_axis(axis, x.ndim), size) for axis, size in zip(axes, sizes, strict=True)]
    if not plan:
        raise ArgumentError(message(f"{name}: no axes", found=f"shape {x.shape}", needed="at least one"))
    return plan


def _transformed(z: Array, axis: int, length: int, power: float, sign: int) -> Array:
    if length < 1:
        raise ValueRangeError(message("fft: a transform of no elements", found=length, needed="a length of 1 or more"))
    factor = length**power
    return map_slices(lambda vector: [value * factor for value in dft(_resized(vector, length), sign)], z, axis)


def _resized(vector: Sequence[complex], length: int) -> list[complex]:
    return [*vector[:length], *[0j] * (length - len(vector))]


def dft(vector: Sequence[complex], sign: int) -> list[complex]:
    """The sums over t of x[t] exp(sign 2 pi j k t / n), for each k.

    >>> dft([1 + 0j, 1 + 0j], -1)
    [(2+0j), 0j]
    """
    n = len(vector)
    p = _smallest_factor(n)
    w = roots_of_unity(n, sign)
    if p == n:
        return [sum(value * w[k * t % n] for t, value in enumerate(vector)) for k in range(n)]
    parts = [dft(vector[r::p], sign) for r in range(p)]
    m = n // p
    return [sum(part[k % m] * w[k * r % n] for r, part in enumerate(parts)) for k in range(n)]


def _smallest_factor(n: int) -> int:
    return next((p for p in range(2, math.isqrt(n) + 1) if n % p == 0), n)


@lru_cache(maxsize=64)
def roots_of_unity(n: int, sign: int) -> tuple[complex, ...]:
    """exp(sign 2 pi j k / n) for k from 0 to n - 1; 1, j, -1 and -j are exact.

    >>> roots_of_unity(4, 1)
    ((1+0j), 1j, (-1+0j), (-0-1j))
    """
    exact = (1 + 0j, 1j, -1 + 0j, -1j)
    return tuple(
        exact[4 * k // n * sign % 4] if 4 * k % n == 0 else cmath.rect(1.0, sign * 2 * math.pi * k / n)
        for k in range(n)
    )  # fmt: skip
