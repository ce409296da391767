"""Fourier transforms where they are special: lengths, symmetry, and shapes that are not known yet."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ArgumentError


def run(fetch):
    return pf.Session().run(fetch)


@pytest.mark.parametrize("backend", ["numpy", "jax", "reference"])
def test_a_length_of_minus_one_leaves_an_axis_as_it_is(backend):
    x = pf.constant(np.arange(12.0).reshape(3, 4))
    fetches = [pf.fft.fftn(x, s=(-1, 2), axes=(0, 1)), pf.fft.irfftn(x, s=(2, -1), axes=(0, 1))]
    first, second = (
        (np.asarray(each) for each in pf.Session(backend).run(fetches))
        if backend != "reference"
        else (np.array(each.tolist()) for each in pf.Session(backend).run(fetches))
    )
    np.testing.assert_allclose(first, np.fft.fftn(np.arange(12.0).reshape(3, 4), s=(3, 2), axes=(0, 1)), atol=1e-12)
    assert second.shape == (2, 6)


def test_sizes_without_axes_are_refused():
    with pytest.raises(ArgumentError, match="sizes without axes"):
        pf.fft.fftn(pf.constant([[1.0]]), s=(2,))


def test_shapes_are_inferred_from_what_is_known():
    x = pf.placeholder("float64", (None, 6))
    assert pf.fft.rfft(x).shape == (None, 4)
    assert pf.fft.rfft(x, axis=0).shape == (None, 6)
    assert pf.fft.irfft(x).shape == (None, 10)
    assert pf.fft.irfft(x, axis=0).shape == (None, 6)
    assert pf.fft.fftn(x, s=(5, -1), axes=(0, 1)).shape == (5, 6)
    assert pf.fft.rfftn(x).dtype is pf.complex128


def test_transforms_keep_single_precision():
    x = pf.constant([1.0, 2.0])
    assert run(pf.fft.fft(x)).dtype == np.complex64
    assert run(pf.fft.irfft(x)).dtype == np.float32
    assert run(pf.fft.rfft([1, 2])).dtype == np.complex64


@pytest.mark.parametrize("n", [1, 2, 5, 6])
def test_inverses_undo_transforms_and_so_do_their_gradients(n):
    x = np.random.default_rng(n).normal(size=n)
    there = pf.constant(x)
    for forward, backward in (
        (pf.fft.rfft, pf.fft.irfft),
        (pf.fft.ihfft, pf.fft.hfft),
        (pf.fft.fft, lambda y, n: pf.real(pf.fft.ifft(y, n=n))),
    ):
        back = backward(forward(there), n=n)
        np.testing.assert_allclose(run(back), x, atol=1e-14)
        np.testing.assert_allclose(run(pf.gradients(pf.sum(back * x), there)[0]), x, atol=1e-14)


def test_the_gradient_of_a_power_spectrum_is_that_of_parseval():
    x = np.random.default_rng(0).normal(size=8)
    tensor = pf.constant(x)
    power = pf.sum(pf.abs(pf.fft.fft(tensor, norm="ortho")) ** 2)
    np.testing.assert_allclose(run(pf.gradients(power, tensor)[0]), 2 * x)


def test_a_convolution_through_transforms_has_the_gradient_of_one():
    x, kernel = np.random.default_rng(0).normal(size=(2, 6))
    tensor = pf.constant(x)
    result = pf.fft.irfft(pf.fft.rfft(tensor) * pf.fft.rfft(kernel), n=6)
    found = run(pf.gradients(result[2], tensor)[0])
    np.testing.assert_allclose(found, [kernel[(2 - place) % 6] for place in range(6)], atol=1e-14)
