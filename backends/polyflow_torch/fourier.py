"""Fourier transforms of arrays without elements, which PyTorch's library refuses (pytorch/pytorch#174984)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from array_api_compat.torch import fft

from polyflow.extension import Kernel, KernelTable


def _of_any_size(function: Callable[..., Any]) -> Kernel:
    """``function``, whose result for no arrays is cut from that for one array of zeros."""

    def kernel(x: Any, /, **options: Any) -> Any:
        if x.numel():
            return function(x, **options)
        found = function(x.new_zeros([max(size, 1) for size in x.shape]), **options)
        axes = options.get("axes", (options.get("axis", -1),)) or range(x.ndim)
        kept = {axis % x.ndim for axis in axes}
        return found[tuple(slice(None if axis in kept else size) for axis, size in enumerate(x.shape))]

    return kernel


_NAMES = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fftn", "ifftn", "rfftn", "irfftn")
KERNELS: KernelTable = {f"fft.{name}": _of_any_size(getattr(fft, name)) for name in _NAMES}
