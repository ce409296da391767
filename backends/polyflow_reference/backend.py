"""The reference namespace as a backend."""

from __future__ import annotations

from polyflow.core.declaration import Op
from polyflow.core.dtypes import DType
from polyflow.core.literal import Literal
from polyflow.extension import KernelTable, NamespaceBackend
from polyflow_reference import namespace, native_random
from polyflow_reference.array import Array, frombytes


class ReferenceBackend(NamespaceBackend):
    """Pure-Python arrays."""

    native_random: KernelTable = native_random.KERNELS

    def __init__(self) -> None:
        super().__init__("reference", namespace, {"astype": astype})
        self.array_types = (Array,)

    def widens(self, op: Op) -> bool:
        """For generic kernels, and transforms, which know no complex numbers made of halves."""
        return op.namespace in ("linalg", "fft") or super().widens(op)

    def from_literal(self, value: Literal, device: str) -> Array:
        """An array of the literal's elements."""
        return frombytes(value.data, value.dtype, value.shape)

    def guard(self, array: Array) -> Array:
        """A copy: the arrays can be written into, and the session's are not the user's."""
        found: Array = self.copy(array)
        return found


def astype(x: Array, dtype: DType, /, *, copy: bool = True) -> Array:
    """The standard's ``astype``, and the real part of a complex array where the dtype is real."""
    if x.dtype.is_complex and not dtype.is_complex and dtype.kind != "bool":
        x = namespace.real(x)
    return namespace.astype(x, dtype)
