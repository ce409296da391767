"""Kernels that few programs call: the module that defines them is loaded when one of them is first called."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from polyflow.extension import Kernel

MODULES = {
    "convolution": ("nn.conv2d", "nn.conv2d_input_gradient", "nn.conv2d_filter_gradient"),
    "fourier": ("fft.irfft", "fft.hfft", "fft.irfftn"),
    "linalg": (
        "linalg.det", "linalg.eig", "linalg.eigvals", "linalg.pinv", "linalg.slogdet", "linalg.svd", "linalg.svdvals",
        "linalg.cholesky", "linalg.cofactors", "linalg.eigh", "linalg.eigvalsh", "linalg.inv", "linalg.matrix_norm",
        "linalg.matrix_power", "linalg.matrix_rank", "linalg.solve",
    ),
    "native_random": ("random.bits", "random.standard_normal", "random.standard_uniform"),
    "padding": ("pad",),
    "pooling": (
        "nn.max_pool", "nn.max_pool_gradient", "nn.max_pool_chosen", "nn.avg_pool", "nn.avg_pool_gradient",
    ),
    "random": (
        "erfinv", "random.bits", "random.standard_normal", "random.standard_uniform", "random.split", "random.fold_in",
    ),
    "segments": ("unsorted_segment_max", "unsorted_segment_min", "unsorted_segment_prod", "top_k"),
}  # fmt: skip
"""By module, the ops of its kernels."""


def kernels_of(*modules: str) -> dict[str, Kernel]:
    """The kernels of ``modules``, by op."""
    return {op: _later(module, op) for module in modules for op in MODULES[module]}


def _later(module: str, op: str) -> Kernel:
    found: Callable[..., Any] | None = None

    def kernel(*operands: Any, **attributes: Any) -> Any:
        nonlocal found
        if found is None:
            found = import_module(f"polyflow_numpy.{module}").KERNELS[op]
        return found(*operands, **attributes)

    return kernel
