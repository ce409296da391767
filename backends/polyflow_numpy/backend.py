"""What NumPy does in its own way: literals without a copy, read-only views for users, faster kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from array_api_compat import numpy as namespace

from polyflow.core.dtypes import DType, float16
from polyflow.core.literal import Literal
from polyflow.extension import CompileRequest, Kernel, NamespaceBackend
from polyflow_numpy.kernels import FRESH, IN_PLACE, KERNELS
from polyflow_numpy.quiet import quiet


class NumpyBackend(NamespaceBackend):
    """NumPy arrays on the CPU."""

    in_place = IN_PLACE
    fresh = FRESH

    def __init__(self) -> None:
        super().__init__("numpy", namespace, KERNELS)
        self.array_types = (np.ndarray, np.generic)
        self._native[float16] = np.float16
        self.dtypes = frozenset(self._native)

    def native_dtype(self, dtype: DType) -> np.dtype[Any]:
        """The ``numpy.dtype``."""
        native: np.dtype[Any] = np.dtype(super().native_dtype(dtype))
        return native

    def from_literal(self, value: Literal, device: str) -> np.ndarray[Any, Any]:
        """A read-only array over the literal's own bytes."""
        return np.frombuffer(value.data, self.native_dtype(value.dtype)).reshape(value.shape)

    def guard(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """A read-only view: a variable's value cannot be changed behind the session's back."""
        view = np.asarray(array).view()
        view.flags.writeable = False
        return view

    def compile(self, function: Callable[..., Any], request: CompileRequest) -> Callable[..., Any]:
        """The function, under NumPy settings in which IEEE results such as inf and nan are results, not warnings."""
        return quiet(function)

    def eager(self, kernel: Kernel, device: str) -> Kernel:
        """The kernel, under the same settings."""
        return quiet(kernel)

    def export(self, array: Any) -> Any:
        """An array, where a kernel gave a scalar, that can be written to: DLPack's older form knows no other."""
        exported = np.asarray(array)
        return exported if exported.flags.writeable else exported.copy()
