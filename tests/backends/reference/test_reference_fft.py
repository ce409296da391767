"""Fourier transforms of the reference backend against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from polyflow_reference import namespace as xp
from reference_oracle import assert_close, assert_same, samples, to_reference

from polyflow.errors import ArgumentError, DTypeError, ValueRangeError

NORMS = ["backward", "ortho", "forward"]


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("n", [None, 1, 4, 7, 12])
@pytest.mark.parametrize("norm", NORMS)
def test_transforms_of_vectors(name: str, dtype: str, n: int | None, norm: str) -> None:
    if name in ("rfft", "ihfft") and dtype.startswith("complex"):
        with pytest.raises(DTypeError):
            getattr(xp.fft, name)(to_reference(samples(dtype, 6)))
        return
    x = samples(dtype, 3, 6)
    for axis in (0, -1):
        expected = getattr(np.fft, name)(x, n=n, axis=axis, norm=norm)
        assert_close(getattr(xp.fft, name)(to_reference(x), n=n, axis=axis, norm=norm), expected, ulps=8, scale=8.0)


@pytest.mark.parametrize("name", ["fftn", "ifftn", "rfftn", "irfftn"])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(
    "options",
    [{}, {"axes": (0, 1)}, {"axes": (2, 0)}, {"s": (3, 5), "axes": (0, 2)}, {"s": (4, 2, 3), "axes": (0, 1, 2)},
     {"s": (-1, 4), "axes": (1, 2)}],
)  # fmt: skip
def test_transforms_over_several_axes(name: str, norm: str, options: dict[str, Any]) -> None:
    x = samples("float64" if name == "rfftn" else "complex128", 2, 3, 4)
    expected = getattr(np.fft, name)(x, norm=norm, **options)
    assert_close(getattr(xp.fft, name)(to_reference(x), norm=norm, **options), expected, ulps=16, scale=16.0)


@pytest.mark.parametrize("length", [1, 2, 3, 16, 30, 97, 128])
def test_a_transform_and_its_inverse_give_the_vector_back(length: int) -> None:
    x = samples("complex128", length)
    assert_close(xp.fft.ifft(xp.fft.fft(to_reference(x))), x, ulps=16, scale=4.0)
    assert_close(xp.fft.irfft(xp.fft.rfft(to_reference(x.real)), n=length), x.real, ulps=16, scale=4.0)


@pytest.mark.parametrize("n", [1, 4, 5])
def test_frequencies(n: int) -> None:
    assert_close(xp.fft.fftfreq(n, d=0.5), np.fft.fftfreq(n, 0.5).astype("float32"), ulps=1)
    assert_close(xp.fft.rfftfreq(n, d=0.5, dtype=xp.float64), np.fft.rfftfreq(n, 0.5), ulps=1)


@pytest.mark.parametrize("axes", [None, 0, (1, 2)])
def test_shifts(axes: Any) -> None:
    x = samples("float32", 2, 3, 5)
    assert_same(xp.fft.fftshift(to_reference(x), axes=axes), np.fft.fftshift(x, axes))
    assert_same(xp.fft.ifftshift(to_reference(x), axes=axes), np.fft.ifftshift(x, axes))


@pytest.mark.parametrize(
    ("call", "error"),
    [(lambda f: f.fft(xp.ones(2), n=0), ValueRangeError), (lambda f: f.irfft(xp.ones(1)), ValueRangeError),
     (lambda f: f.fft(xp.ones(2), norm="no"), ArgumentError), (lambda f: f.fft(xp.ones(2), axis=1), IndexError),
     (lambda f: f.fftn(xp.ones(2), s=(1, 2), axes=(0,)), ArgumentError),
     (lambda f: f.fftfreq(2, dtype=xp.int8), DTypeError)],
)  # fmt: skip
def test_calls_that_make_no_sense_are_refused(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call(xp.fft)
