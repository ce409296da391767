"""What NumPy does in its own way: literals without a copy, read-only views for users, faster kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from polyflow.core.declaration import Op
from polyflow.core.dtypes import DType, bfloat16, float16
from polyflow.core.literal import Literal
from polyflow.core.operators import later
from polyflow.extension import CompileRequest, Kernel, KernelTable, NamespaceBackend
from polyflow.extension.exact_ops import ROUNDS_NOTHING
from polyflow_numpy import namespace
from polyflow_numpy.kernels import FRESH, IN_PLACE, KERNELS, UPDATING
from polyflow_numpy.later import kernels_of
from polyflow_numpy.quiet import quiet

_DIFFERENT = frozenset({
    "argsort", "clip", "nn.relu", "nn.relu6", "searchsorted", "sign", "sort", "top_k", "unique_all", "unique_counts",
    "unique_inverse", "unique_values",
})  # fmt: skip
"""Functions that round nothing, but are not there for 16 bits, leave another zero than elsewhere, or put NaN in the
midst of what they sort."""
_KEPT = (1 << 22) - (1 << 12)
"""Bytes: a little less than what NumPy asks huge pages for, which are worth having anew."""


class NumpyBackend(NamespaceBackend):
    """NumPy arrays on the CPU; those of bfloat16 where ``ml_dtypes`` is installed, which is loaded for them only."""

    native_random: KernelTable = kernels_of("native_random")
    in_place = IN_PLACE
    fresh = FRESH
    updating: KernelTable = UPDATING
    operators: Mapping[str, str] = {
        "add": "{0} + {1}", "subtract": "{0} - {1}", "multiply": "{0} * {1}", "divide": "{0} / {1}",
        "negative": "-{0}", "less": "{0} < {1}", "less_equal": "{0} <= {1}", "greater": "{0} > {1}",
        "greater_equal": "{0} >= {1}", "equal": "{0} == {1}", "not_equal": "{0} != {1}",
        "logical_and": "{0} & {1}", "logical_or": "{0} | {1}",
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__("numpy", namespace, KERNELS)
        self.in_blocks = later("polyflow_numpy.blocks", "in_blocks")
        self.in_rows = later("polyflow_numpy.blocks", "in_rows")
        self.array_types = (np.ndarray, np.generic)
        self._native[float16] = np.float16
        self.dtypes = frozenset(self._native)
        if find_spec("ml_dtypes") is not None:
            self.dtypes |= {bfloat16}
        _keep_memory()

    def takes(self, value: object) -> bool:
        """Arrays, mapped ones too, and scalars; other subclasses give operators a meaning of their own."""
        return isinstance(value, np.generic) or type(value) in (np.ndarray, np.memmap)

    def as_scalar(self, array: Any) -> Any:
        """A NumPy scalar, whose operators take a fifth of the time of a ufunc."""
        return array[()]

    def native_dtype(self, dtype: DType) -> np.dtype[Any]:
        """The ``numpy.dtype``."""
        if dtype is bfloat16 and bfloat16 in self.dtypes and bfloat16 not in self._native:
            self._native[bfloat16] = np.dtype(import_module("ml_dtypes").bfloat16)
        native: np.dtype[Any] = np.dtype(super().native_dtype(dtype))
        return native

    def widens(self, op: Op) -> bool:
        """Wherever something is rounded: NumPy has no linear algebra of 16 bits, and sums them step by step."""
        return op.full_name not in ROUNDS_NOTHING or op.full_name in _DIFFERENT

    def from_literal(self, value: Literal, device: str) -> np.ndarray[Any, Any]:
        """A read-only array over the literal's own bytes."""
        return np.ndarray(value.shape, self.native_dtype(value.dtype), value.data)

    def guard(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """A read-only view: a variable's value cannot be changed behind the session's back. Of a scalar an array."""
        if isinstance(array, np.generic):
            return np.asarray(array)
        view = array.view()
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


def _keep_memory() -> None:
    """Have the C library keep the memory of arrays that end for those that come, as it does sooner or later.

    glibc gives arrays back to the system, which clears each page of the next ones, until it has seen one end that was
    as large: "M_MMAP_THRESHOLD" in mallopt(3). It is shown one whose pages nobody touches. Elsewhere nothing happens.
    """
    np.empty(_KEPT, np.uint8)
