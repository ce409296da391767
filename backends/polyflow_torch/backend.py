"""What PyTorch does in its own way: literals by their bytes, values of variables copied, devices, no tape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from array_api_compat import torch as namespace
from array_api_compat.torch import fft, linalg  # noqa: F401  # attributes of the namespace only once they are imported

from polyflow.core.declaration import Op
from polyflow.core.dtypes import DType, as_dtype, bfloat16, int32, int64, uint16, uint32, uint64
from polyflow.core.literal import Literal
from polyflow.errors import ValueRangeError, message, nearest
from polyflow.extension import CompileRequest, Kernel, NamespaceBackend
from polyflow_torch.kernels import KERNELS

_WIDER = {uint16: int32, uint32: int64}
"""Dtypes that PyTorch stores and hardly computes with: it neither adds, shifts nor orders them. uint64 has no
wider one, and is left out."""


class TorchBackend(NamespaceBackend):
    """Tensors on the processor and on the devices that PyTorch finds.

    ``compiler`` names what ``torch.compile`` is to compile programs by; ``ValueRangeError`` where it does not know it.
    """

    wider: Mapping[DType, DType] = _WIDER

    def __init__(self, compiler: str | None = None) -> None:
        if compiler is not None and compiler not in (known := torch.compiler.list_backends(exclude_tags=())):
            hint = nearest(compiler, known)
            raise ValueRangeError(message("torch.compile has no such backend", found=repr(compiler), remedy=hint))
        super().__init__("torch", namespace, KERNELS)
        self.compiler = compiler
        self.is_compiled = compiler is not None
        self._native = {dtype: native for dtype, native in self._native.items() if dtype is not uint64}
        self.dtypes = frozenset(self._native)
        self.array_types = (torch.Tensor,)

    def devices(self) -> Sequence[str]:
        """The processor, and ``cuda:0`` and so on where they are."""
        return ("cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count())))

    def widens(self, op: Op) -> bool:
        """For generic kernels, and where PyTorch knows no floats of 16 bits, or loses the remainder of large ones."""
        return op.namespace in ("linalg", "fft") or op.full_name == "remainder" or super().widens(op)

    def from_literal(self, value: Literal, device: str) -> torch.Tensor:
        """A tensor over a copy of the literal's bytes."""
        native = self.native_dtype(value.dtype)
        if not value.size:
            return torch.empty(value.shape, dtype=native, device=device)
        return torch.frombuffer(bytearray(value.data), dtype=native).reshape(value.shape).to(device)

    def to_literal(self, array: torch.Tensor) -> Literal:
        """The elements, copied to the host."""
        host = array.detach().cpu().resolve_conj().resolve_neg().contiguous()
        dtype = as_dtype(host.dtype)
        data = (host.view(torch.int16) if dtype is bfloat16 else host).numpy().tobytes()
        return Literal(dtype, tuple(host.shape), data)

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
        """The function, likewise; by ``torch.compile`` where there is a compiler.

        PyTorch compiles at the first call, and runs by itself what it cannot trace, as a loop that ends by its data.
        """
        if self.compiler is not None and request.is_traceable:
            function = _apart(torch.compile(function, backend=self.compiler))
        return _within(function, request.device)


def _within(function: Callable[..., Any], device: str) -> Callable[..., Any]:
    wanted = torch.device(device)

    def run(*arguments: Any, **options: Any) -> Any:
        # A device as a context makes each call of PyTorch dearer, and is left out where it is the default.
        with torch.no_grad(), nullcontext() if torch.empty(0).device == wanted else wanted:
            return function(*arguments, **options)

    return run


def _apart(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` with each result in memory of its own, as a compiled program has to return them."""

    def run(*arguments: Any) -> tuple[Any, ...]:
        taken, found = {each.untyped_storage().data_ptr() for each in arguments}, []
        for each in function(*arguments):
            memory = each.untyped_storage().data_ptr()
            found.append(each.clone() if memory in taken else each)
            taken.add(memory)
        return tuple(found)

    return run
