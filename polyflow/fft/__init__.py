"""Discrete Fourier transforms, under the names of the array API standard's extension ``fft``."""

from polyflow.ops.fourier import fft, hfft, ifft, ihfft, irfft, rfft
from polyflow.ops.fourier_grids import fftn, ifftn, irfftn, rfftn
from polyflow.ops.frequencies import fftfreq, fftshift, ifftshift, rfftfreq

__all__ = [
    "fft",
    "ifft",
    "fftn",
    "ifftn",
    "rfft",
    "irfft",
    "rfftn",
    "irfftn",
    "hfft",
    "ihfft",
    "fftfreq",
    "rfftfreq",
    "fftshift",
    "ifftshift",
]
