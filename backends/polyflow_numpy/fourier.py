"""Transforms back to real numbers, where NumPy reads memory that is not there: from spectra without elements."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from polyflow.extension import Kernel
from polyflow.ops.fourier_grids import irfftn_kernel
from polyflow_numpy import namespace

Array = Any  # numpy.ndarray


def _standard(name: str) -> Callable[..., Array]:
    """The standard's function ``name``, looked for when it is called: the library that mends it loads slowly."""
    return lambda x, **options: getattr(namespace.fft, name)(x, **options)


def _of_some(function: Callable[..., Array]) -> Kernel:
    """``function``; a spectrum without elements along the halved axis is one 0 there."""

    def kernel(x: Array, /, **options: Any) -> Array:
        axes = options.get("axes") or (options.get("axis", -1),)
        if x.shape[axes[-1]] == 0:
            shape = list(x.shape)
            shape[axes[-1]] = 1
            x = np.zeros(shape, x.dtype)
        return function(x, **options)

    return kernel


KERNELS: dict[str, Kernel] = {
    "fft.irfft": _of_some(_standard("irfft")),
    "fft.hfft": _of_some(_standard("hfft")),
    "fft.irfftn": _of_some(partial(irfftn_kernel, namespace)),
}
