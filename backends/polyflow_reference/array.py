"""The array: a flat row-major list of Python scalars, a shape and a dtype.

Here are storage, attributes, conversions and indexing. What operators compute is in the family modules of the
namespace: ``x + y`` is ``add(x, y)``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from operator import index
from types import EllipsisType, ModuleType
from typing import Any, TypeAlias

from polyflow.core.dtypes import DEFAULT_DTYPES, DType, as_dtype, bool_, promote
from polyflow.errors import DTypeError, ShapeError, ValueRangeError, message
from polyflow_reference import buffers, dlpack
from polyflow_reference.keys import Indices, Part, select
from polyflow_reference.nesting import flatten, nest, show
from polyflow_reference.operators import Operators, namespace
from polyflow_reference.promotion import promoted
from polyflow_reference.shapes import Shape, as_shape, broadcast_places, places, strides
from polyflow_reference.values import Scalar, Values, convert, fit, from_scalar, from_scalars, scalar_type_of

DEVICE = "cpu"
API_VERSION = "2025.12"
_KNOWN_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", API_VERSION)

Key: TypeAlias = "int | slice | EllipsisType | bool | Sequence[int] | Array | None"


class Array(Operators):
    """An n-dimensional array of one dtype on the one device ``"cpu"``.

    >>> x = Array.of([[1, 2], [3, 4]])
    >>> x.shape, x.dtype, x[1, :]
    ((2, 2), polyflow.int64, Array([3, 4], int64))
    """

    __slots__ = ("dtype", "shape", "values")

    def __init__(self, values: Values, shape: Shape, dtype: DType) -> None:
        """Take a list as it is: its elements are representable in ``dtype``, and their number is the shape's."""
        self.values = values
        self.shape = shape
        self.dtype = dtype

    @classmethod
    def fitted(cls, values: Values, shape: Shape, dtype: DType) -> Array:
        """An array of values that are rounded, or wrapped around, to the dtype.

        >>> Array.fitted([255, 256], (2,), as_dtype("uint8"))
        Array([255, 0], uint8)
        """
        return cls(fit(values, dtype), shape, dtype)

    @classmethod
    def of(cls, nested: object, dtype: DType | None = None) -> Array:
        """An array of a Python scalar, or of sequences nested as deep as the array has axes.

        Without ``dtype`` it is the default dtype of the widest kind met: bool, int64, float32 or complex64.

        >>> Array.of([[True, 2], [0.5, 4]])
        Array([[1.0, 2.0], [0.5, 4.0]], float32)
        """
        values: Values = []
        dtypes: set[DType] = set()
        shape = flatten(nested, values, dtypes)
        if dtype is None:
            dtypes.update(DEFAULT_DTYPES[scalar_type] for scalar_type in set(map(scalar_type_of, values)))
            dtype = promoted(dtypes or {DEFAULT_DTYPES[float]})
        return cls(from_scalars(values, dtype), shape, dtype)

    # Attributes

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return len(self.values)

    @property
    def device(self) -> str:
        """The device that holds the elements, always ``"cpu"``."""
        return DEVICE

    @property
    def T(self) -> Array:  # the standard's name
        """The transpose of a matrix."""
        if self.ndim != 2:
            raise ShapeError(message("T is the transpose of a matrix", found=f"rank {self.ndim}", needed="rank 2"))
        return self.mT

    @property
    def mT(self) -> Array:  # the standard's name
        """The transposes of the matrices in the last two axes."""
        if self.ndim < 2:
            raise ShapeError(message("mT transposes matrices", found=f"rank {self.ndim}", needed="rank 2 or more"))
        return self.rearranged((*range(self.ndim - 2), self.ndim - 1, self.ndim - 2))

    # Helpers for the family modules

    def rearranged(self, axes: Sequence[int]) -> Array:
        """The array with its axes in another order: what ``permute_dims`` does.

        >>> Array.of([[1, 2, 3]]).rearranged((1, 0)).shape
        (3, 1)
        """
        steps = strides(self.shape)
        shape = tuple(self.shape[axis] for axis in axes)
        return self.picked(places(shape, tuple(steps[axis] for axis in axes)), shape)

    def picked(self, found: Sequence[int], shape: Shape) -> Array:
        """The elements at some places of the flat list, in a new shape.

        >>> Array.of([5, 6, 7]).picked([2, 0], (2,))
        Array([7, 5], int64)
        """
        values = self.values
        return Array([values[place] for place in found], shape, self.dtype)

    def stretched(self, shape: Shape) -> Values:
        """The elements, repeated as broadcasting to ``shape`` asks for.

        >>> Array.of([1, 2]).stretched((2, 2))
        [1, 2, 1, 2]
        """
        if self.shape == shape:
            return self.values
        if len(self.values) == 1 and len(self.shape) <= len(shape):
            return self.values * math.prod(shape)
        values = self.values
        return [values[place] for place in broadcast_places(self.shape, shape)]

    def cast(self, dtype: DType) -> Array:
        """The array in another dtype; itself if it has that dtype already.

        >>> Array.of([1.5, -1.5]).cast(as_dtype("int8"))
        Array([1, -1], int8)
        """
        return self if dtype is self.dtype else Array(self._cast(dtype), self.shape, dtype)

    def _cast(self, dtype: DType) -> Values:
        return convert(self.values, self.dtype, dtype)

    # Conversions

    def item(self) -> Any:
        """The one element, as a Python scalar."""
        if len(self.values) != 1:
            raise ValueRangeError(
                message("an array is no scalar", found=f"shape {self.shape}", needed="exactly one element")
            )
        return self.values[0]

    def tolist(self) -> Any:
        """The elements as nested lists, or one Python scalar for an array of rank 0.

        >>> Array.of([[1, 2], [3, 4]]).tolist()
        [[1, 2], [3, 4]]
        """
        return nest(self.values, self.shape)

    def tobytes(self) -> bytes:
        """The elements as native bytes in row-major order."""
        return buffers.pack(self.values, self.dtype)

    def __buffer__(self, flags: int, /) -> memoryview:
        return buffers.view(self.values, self.shape, self.dtype)

    @property
    def __array_interface__(self) -> dict[str, object]:
        return buffers.interface(self.values, self.shape, self.dtype)

    # NumPy's arrays leave an operator with one of these to Python, instead of computing with objects.
    __array_ufunc__ = None

    def __bool__(self) -> bool:
        return bool(self._scalar("bool"))

    def __int__(self) -> int:
        return int(self._scalar("int", "bool", "int", "uint", "float"))

    def __float__(self) -> float:
        return float(self._scalar("float", "bool", "int", "uint", "float"))

    def __complex__(self) -> complex:
        return complex(self._scalar("complex"))

    def __index__(self) -> int:
        return int(self._scalar("an index", "int", "uint"))

    def _scalar(self, wanted: str, *kinds: str) -> Any:
        if self.shape != ():
            raise _NotAScalarError(
                message(f"an array of rank {self.ndim} is not {wanted}", found=f"shape {self.shape}", needed="rank 0")
            )
        if kinds and self.dtype.kind not in kinds:
            raise DTypeError(message(f"not {wanted}", found=self.dtype, needed=" or ".join(kinds)))
        return self.values[0]

    def __len__(self) -> int:
        if not self.shape:
            raise _NotAScalarError(message("an array of rank 0 has no length"))
        return self.shape[0]

    def __iter__(self) -> Iterator[Array]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"Array({show(self.values, self.shape, self.dtype)}, {self.dtype})"

    # Indexing

    def __getitem__(self, key: Key | tuple[Any, ...], /) -> Array:
        return self.picked(*select(_parts(key), self.shape))

    def __setitem__(self, key: Key | tuple[Any, ...], value: Array | Scalar, /) -> None:
        found, shape = select(_parts(key), self.shape)
        new = value if isinstance(value, Array) else Array([from_scalar(value, self.dtype)], (), self.dtype)
        if isinstance(value, Array) and promote(self.dtype, value.dtype) is not self.dtype:
            raise DTypeError(
                message("a value does not fit the array's dtype", found=value.dtype, needed=self.dtype,
                        remedy="astype(value, x.dtype)")
            )  # fmt: skip
        elements = list(new.cast(self.dtype).stretched(shape))  # a copy, as they may be those that are overwritten
        for place, element in zip(found, elements, strict=True):
            self.values[place] = element

    # The array API protocol

    def __array_namespace__(self, /, *, api_version: str | None = None) -> ModuleType:
        if api_version not in (None, *_KNOWN_VERSIONS):
            raise ValueRangeError(
                message(
                    "this revision of the standard is unknown", found=api_version, needed=", ".join(_KNOWN_VERSIONS)
                )
            )
        return namespace()

    def to_device(self, device: str, /, *, stream: object = None) -> Array:
        """The array on a device: itself, as there is one."""
        check_device(device)
        if stream is not None:
            raise ValueRangeError(message("the cpu has no streams", found=stream, needed="stream=None"))
        return self

    def __dlpack__(
        self,
        /,
        *,
        stream: object = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> object:
        return dlpack.export(
            self.tobytes(), self.shape, self.dtype, stream=stream, max_version=max_version, dl_device=dl_device
        )

    def __dlpack_device__(self, /) -> tuple[int, int]:
        return dlpack.CPU


def frombytes(data: bytes | bytearray | memoryview, dtype: DType, shape: Sequence[int]) -> Array:
    """The array whose elements native bytes hold in row-major order: the inverse of ``tobytes``.

    >>> x = Array.of([[1, 2]])
    >>> frombytes(x.tobytes(), x.dtype, x.shape)
    Array([[1, 2]], int64)
    """
    values = buffers.unpack(data, as_dtype(dtype))
    if math.prod(shape) != len(values):
        raise ShapeError(message("bytes do not fill the shape", found=f"{len(values)} elements", needed=tuple(shape)))
    return Array(values, as_shape(shape), as_dtype(dtype))


def check_device(device: object) -> None:
    """Refuse a device other than ``"cpu"`` and ``None``.

    >>> check_device("cpu")
    """
    if device not in (None, DEVICE):
        raise ValueRangeError(message("the reference backend has no such device", found=device, needed=repr(DEVICE)))


class _NotAScalarError(DTypeError, ShapeError):
    """An array where one value is needed; a Python program expects a TypeError, the standard a ValueError."""


def _parts(key: Any) -> tuple[Part, ...]:  # a key may be anything that a user writes between the brackets
    return tuple(map(_part, key)) if isinstance(key, tuple) else (_part(key),)


def _part(part: Any) -> Part:
    if isinstance(part, (list, bool)):
        part = Array.of(part)
    if not isinstance(part, Array):
        return index(part) if hasattr(part, "__index__") else part  # keys.select refuses what is no index
    if part.dtype is not bool_ and not part.dtype.is_integer:
        raise DTypeError(message("an array of this dtype is no index", found=part.dtype, needed="integers or bool"))
    if part.shape == () and part.dtype is not bool_:
        return int(part.values[0])
    return Indices(part.values, part.shape, is_mask=part.dtype is bool_)
