"""The backend that computes nothing: right types, and memory filled with one byte that is nobody's answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from polyflow.core.declaration import Op
from polyflow.core.dtypes import DTYPES, DType, as_dtype
from polyflow.core.inference import infer
from polyflow.core.literal import Literal
from polyflow.core.types import TensorType
from polyflow.extension import NamespaceBackend
from polyflow.extension.manager import extensions

BYTE = b"\x5a"
"""Every byte of every array: 90 in int8, 1.5e16 in float32, and as a bool neither false nor true."""


class Nothing:
    """An array that has a type and no elements; where Python asks for one, zero and false."""

    def __init__(self, type: TensorType) -> None:
        self.type = TensorType(type.dtype, tuple([1 if size is None else size for size in type.known_shape]))

    @property
    def dtype(self) -> DType:
        """That of its type."""
        return self.type.known_dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """That of its type."""
        return self.type.static_shape

    def __bool__(self) -> bool:
        return False

    def __int__(self) -> int:
        return 0

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> Nothing:
        return Nothing(TensorType(self.dtype, self.shape[1:]))

    def __dlpack__(self, **_: object) -> object:
        raise BufferError("there are no elements to hand over")

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


class Null(NamespaceBackend):
    """A backend whose kernels infer the types of their results and leave it at that.

    It loads no array library. Since what it holds depends on nothing, each case that passes on it, and whose answer has
    elements, asks nothing of a backend: none may, of all whose results are compared with anything.
    """

    def __init__(self) -> None:
        super().__init__("null", _Namespace())
        ops = extensions().ops
        self.kernels = {each.full_name: partial(_typed, each) for each in ops.values() if not each.is_nested}
        self.array_types = (Nothing,)

    def widens(self, op: Op) -> bool:
        """Nothing is computed, in whatever precision."""
        return False

    def native_dtype(self, dtype: DType) -> DType:
        """The dtype itself."""
        return dtype

    def type_of(self, value: object) -> TensorType | None:
        """The type, which is all that there is."""
        return value.type if isinstance(value, Nothing) else None

    def from_literal(self, value: Literal, device: str) -> Nothing:
        """An array that forgets the elements."""
        return Nothing(value.type)

    def to_literal(self, array: Nothing) -> Literal:
        """As many bytes as the type asks for, all alike."""
        size = Literal(array.dtype, array.shape, b"").size
        return Literal(array.dtype, array.shape, BYTE * (array.dtype.itemsize * size))

    def copy(self, array: Nothing) -> Nothing:
        """Another one."""
        return Nothing(array.type)


def _typed(op: Op, /, *args: Any, **keywords: Any) -> Any:
    operands, attributes = op.signature.bind(args, keywords)
    types = [each.type for each in operands if isinstance(each, Nothing)]
    outputs = tuple([Nothing(each) for each in infer(op, types, attributes).outputs])
    return outputs[0] if op.signature.output_count == 1 else outputs


class _Namespace:
    """As much of the standard as loops call, on arrays without elements."""

    def __init__(self) -> None:
        for dtype in DTYPES.values():
            setattr(self, dtype.name, dtype)

    def zeros(self, shape: Sequence[int], *, dtype: DType) -> Nothing:
        """An array of that type."""
        return Nothing(TensorType(as_dtype(dtype), tuple(shape)))

    def asarray(self, value: Nothing) -> Nothing:
        """The array."""
        return value

    def stack(self, arrays: Sequence[Nothing]) -> Nothing:
        """An array with one dimension more."""
        return Nothing(TensorType(arrays[0].dtype, (len(arrays), *arrays[0].shape)))

    def isdtype(self, dtype: DType, kind: object) -> bool:
        """Of no dtype is known what it holds."""
        return False
