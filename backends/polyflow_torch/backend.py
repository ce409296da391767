"""What PyTorch does in its own way: literals by their bytes, values of variables copied, devices, no tape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from array_api_compat import torch as namespace
from array_api_compat.torch import fft, linalg  # noqa: F401  # attributes of the namespace only once they are imported

from polyflow.core.declaration import Op
from polyflow.core.dtypes import DType, bfloat16, uint16, uint32, uint64
from polyflow.core.literal import Literal
from polyflow.extension import CompileRequest, Kernel, NamespaceBackend
from polyflow_torch.kernels import KERNELS

_HALF_THERE = frozenset({uint16, uint32, uint64})
"""Dtypes that PyTorch stores and hardly computes with: it has no `sum`, `sort` or comparison of them."""


class TorchBackend(NamespaceBackend):
    """Tensors on the processor and on the devices that PyTorch finds."""

    def __init__(self) -> None:
        super().__init__("torch", namespace, KERNELS)
        self._native = {dtype: native for dtype, native in self._native.items() if dtype not in _HALF_THERE}
        self.dtypes = frozenset(self._native)
        self.array_types = (torch.Tensor,)

    def devices(self) -> Sequence[str]:
        """The processor, and ``cuda:0`` and so on where they are."""
        return ("cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count())))

    def widens(self, op: Op) -> bool:
        """For generic kernels, and where PyTorch knows no floats of 16 bits, or loses the remainder of large ones."""
        return op.namespace in ("linalg", "fft") or op.full_name == "remainder" or super().widens(op)

    def native_dtype(self, dtype: DType) -> torch.dtype:
        """The ``torch.dtype``."""
        native: torch.dtype = super().native_dtype(dtype)
        return native

    def from_literal(self, value: Literal, device: str) -> torch.Tensor:
        """A tensor over a copy of the literal's bytes."""
        native = self.native_dtype(value.dtype)
        if not value.size:
            return torch.empty(value.shape, dtype=native, device=device)
        return torch.frombuffer(bytearray(value.data), dtype=native).reshape(value.shape).to(device)

    def to_literal(self, array: torch.Tensor) -> Literal:
        """The elements, copied to the host."""
        host = array.detach().cpu().resolve_conj().resolve_neg().contiguous()
        type = self.type_of(host)
        assert type is not None
        data = (host.view(torch.int16) if type.dtype is bfloat16 else host).numpy().tobytes()
        return Literal(type.known_dtype, type.static_shape, data)

    def guard(self, array: torch.Tensor) -> torch.Tensor:
        """A copy: tensors can be changed in place."""
        return array.clone()

    def copy(self, array: torch.Tensor) -> torch.Tensor:
        """A clone."""
        return array.clone()

    def to_device(self, array: torch.Tensor, device: str) -> torch.Tensor:
        """The tensor on ``device``."""
        return array.to(device)

    def eager(self, kernel: Kernel, device: str) -> Kernel:
        """The kernel, which makes its tensors on ``device`` and records nothing for PyTorch's own gradients."""
        return _within(kernel, device)

    def compile(self, function: Callable[..., Any], request: CompileRequest) -> Callable[..., Any]:
        """The function, likewise."""
        return _within(function, request.device)


def _within(function: Callable[..., Any], device: str) -> Callable[..., Any]:
    def run(*arguments: Any, **options: Any) -> Any:
        with torch.no_grad(), torch.device(device):
            return function(*arguments, **options)

    return run
