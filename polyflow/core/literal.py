"""Values that stand in a graph: dtype, shape and the elements as bytes, whichever library they came from.

A literal is a snapshot: what the user does to the array afterwards changes nothing. Nothing here imports an array
library; arrays are read through ``tobytes``, ``__array__`` or the buffer protocol, nested lists element by element.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import isfinite, prod
from typing import Any

from polyflow.core.dtypes import (
    DEFAULT_DTYPES,
    DTYPES,
    DType,
    as_dtype,
    bool_,
    complex64,
    complex128,
    float32,
    float64,
    int64,
    integer_range,
    promote,
    uint64,
)
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ShapeError, ValueRangeError, message

Scalar = bool | int | float | complex
Nested = Scalar | Sequence["Nested"]

_FORMATS = {
    "bool": "?", "int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint8": "B", "uint16": "H", "uint32": "I",
    "uint64": "Q", "float16": "e", "float32": "f", "float64": "d", "complex64": "f", "complex128": "d",
}  # fmt: skip
_DOUBLE = struct.Struct("d")


@dataclass(slots=True, unsafe_hash=True)  # frozen, a number in a graph would take twice as long to make
class Literal:
    """Elements in row-major order and native byte order; nobody changes one.

    >>> literal([[1, 2], [3, 4]]).shape, literal(2.5).dtype
    ((2, 2), polyflow.float32)
    >>> literal([1, 2], dtype="float64").tolist()
    [1.0, 2.0]
    """

    dtype: DType
    shape: tuple[int, ...]
    data: bytes
    _uniform: tuple[Scalar | None] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def type(self) -> TensorType:
        """The tensor type of the value."""
        return TensorType(self.dtype, self.shape) if self.shape else _SCALARS[self.dtype]

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def uniform_value(self) -> Scalar | None:
        """The one value that every element has, or ``None`` where they differ or there are none."""
        if self._uniform is None:
            first = self.data[: self.dtype.itemsize]
            is_uniform = bool(first) and (not self.shape or first * self.size == self.data)
            self._uniform = (_unpack(self.dtype, first)[0] if is_uniform else None,)
        return self._uniform[0]

    def tolist(self) -> Nested:
        """The elements as nested lists of Python scalars; one scalar for rank 0."""
        return _nest(iter(_unpack(self.dtype, self.data)), self.shape)

    def __str__(self) -> str:
        if self.size > 8:
            return f"<{self.type}>"
        return str(self.tolist()).replace("[", "(").replace("]", ")") if self.shape else str(self.tolist())


def literal(value: object, dtype: DType | str | None = None) -> Literal:
    """The literal of a Python scalar, a nested list of them, or an array of any library.

    ``dtype`` converts Python values; an array must have that dtype already, since casting it would be silent.
    """
    wanted = None if dtype is None else as_dtype(dtype)
    if isinstance(value, Literal):
        return _checked(value, wanted)
    if type(value) in DEFAULT_DTYPES:
        return _pack([value], (), wanted or DEFAULT_DTYPES[type(value)])
    if isinstance(value, list | tuple):
        return _literal_of_list(value, wanted)
    array: Any = value if hasattr(value, "tobytes") and hasattr(value, "dtype") else _array_of(value)
    if hasattr(array, "mask") and hasattr(array, "filled"):  # NumPy's masked arrays
        needed = "an array with a value for every element"
        raise DTypeError(message("a masked array", needed=needed, remedy="array.filled(value)"))
    if not getattr(array.dtype, "isnative", True):  # NumPy's arrays in the other byte order
        array = array.astype(array.dtype.newbyteorder("="))
    return _checked(Literal(as_dtype(array.dtype), tuple(array.shape), array.tobytes()), wanted)


def is_weak_number(value: object) -> bool:
    """Whether ``value`` is a Python number, which takes the dtype of what it meets; NumPy's scalars have their own."""
    return type(value) in DEFAULT_DTYPES or (isinstance(value, _NUMBERS) and not hasattr(value, "dtype"))


def weak_literal(value: Any) -> Literal:
    """A Python number in the widest dtype of its kind, so that it loses nothing before it meets another dtype.

    >>> weak_literal(0.1).dtype, weak_literal(2**63).dtype
    (polyflow.float64, polyflow.uint64)
    """
    if type(value) is float:
        return Literal(float64, (), _DOUBLE.pack(value))
    if isinstance(value, bool):
        return literal(value)
    if isinstance(value, int):
        return literal(int(value), uint64 if 2**63 <= value < 2**64 else int64)
    return literal(float(value), float64) if isinstance(value, float) else literal(complex(value), complex128)


def number_type(number: Any) -> TensorType:
    """The type with which a Python number takes part in promotion, whatever its value is.

    >>> number_type(2**70), number_type(True).dtype
    (TensorType(dtype=polyflow.int64, shape=(), weak=True), polyflow.bool)
    """
    kinds = (kind for kind in (bool, int, float, complex) if isinstance(number, kind))
    return TensorType(DEFAULT_DTYPES[next(kinds)], (), weak=True)


def weak_type(number: Literal) -> TensorType:
    """The type with which a number kept by :func:`weak_literal` takes part in promotion.

    >>> weak_type(weak_literal(0.1))
    TensorType(dtype=polyflow.float32, shape=(), weak=True)
    """
    return _WEAK_TYPES[number.dtype.kind]


_WEAK_TYPES = {
    kind: TensorType(dtype, (), weak=True)
    for kind, dtype in {"bool": bool_, "int": int64, "uint": int64, "float": float32, "complex": complex64}.items()
}


_SCALARS = {dtype: TensorType(dtype, ()) for dtype in DTYPES.values()}
"""The types of single numbers: types that are one object are compared at once."""

_NUMBERS = (bool, int, float, complex)
_READABLE = (*_NUMBERS, list, tuple, Literal)


def is_array_like(value: object) -> bool:
    """Whether :func:`literal` can read ``value``."""
    if isinstance(value, _READABLE):
        return True
    return hasattr(value, "__array__") or (hasattr(value, "tobytes") and hasattr(value, "dtype"))


def _array_of(value: object) -> object:
    if hasattr(value, "__array__"):
        return value.__array__()
    raise DTypeError(
        message(
            "not a value of a tensor",
            found=f"{type(value).__name__}: {value!r:.80}",
            needed="a number, a nested list of numbers, or an array",
        )
    )


def _checked(value: Literal, wanted: DType | None) -> Literal:
    if wanted is None or value.dtype is wanted:
        return value
    raise DTypeError(
        message(
            "an array is not cast in silence",
            found=value.dtype,
            needed=wanted,
            remedy=f"give the dtype that is meant: array.astype({wanted.name!r})",
        )
    )


def _literal_of_list(value: Sequence[object], wanted: DType | None) -> Literal:
    shape, leaves = _flatten(value)
    if not all(type(leaf) in DEFAULT_DTYPES for leaf in leaves):
        parts = _literals_of_leaves(leaves)
        if len({part.type for part in parts}) != 1:
            raise ShapeError(message("a list of arrays needs one dtype and shape", found=[str(p.type) for p in parts]))
        joined = Literal(parts[0].dtype, shape + parts[0].shape, b"".join(part.data for part in parts))
        return _checked(joined, wanted) if wanted is None or joined.dtype is wanted else recast(joined, wanted)
    if wanted is None:
        wanted = bool_ if leaves else DEFAULT_DTYPES[float]
        for kind in {type(leaf) for leaf in leaves}:
            wanted = promote(wanted, DEFAULT_DTYPES[kind])
    return _pack(leaves, shape, wanted)


def _literals_of_leaves(leaves: Sequence[object]) -> list[Literal]:
    """The leaves of a list that holds arrays; Python numbers beside arrays of one dtype take that dtype."""
    found = {literal(leaf).dtype for leaf in leaves if type(leaf) not in DEFAULT_DTYPES}
    common = found.pop() if len(found) == 1 else None
    return [literal(leaf, common if type(leaf) in DEFAULT_DTYPES else None) for leaf in leaves]


def recast(value: Literal, dtype: DType) -> Literal:
    """The numbers of ``value`` in another dtype; an error where it cannot hold one.

    >>> recast(weak_literal(0.1), float32).tolist()
    0.10000000149011612
    """
    return _pack(_unpack(value.dtype, value.data), value.shape, dtype)


def _flatten(value: Sequence[object]) -> tuple[tuple[int, ...], list[object]]:
    shape: list[int] = []
    level: list[object] = [value]
    while level and all(isinstance(each, list | tuple) for each in level):
        lengths = {len(each) for each in level}  # type: ignore[arg-type]
        if len(lengths) != 1:
            raise ShapeError(message("a nested list is ragged", found=f"lengths {sorted(lengths)} at one depth"))
        shape.append(lengths.pop())
        level = [item for each in level for item in each]  # type: ignore[attr-defined]
    if any(isinstance(each, list | tuple) for each in level):
        raise ShapeError(message("a nested list is ragged", found="numbers and lists at one depth"))
    return tuple(shape), level


def _pack(values: Sequence[object], shape: tuple[int, ...], dtype: DType) -> Literal:
    numbers: list[object] = list(values)
    kinds = {type(each) for each in numbers}
    if complex in kinds and dtype.kind != "complex":
        raise DTypeError(message("a complex number cannot become real in silence", found="complex", needed=dtype))
    if dtype.kind in ("int", "uint"):
        numbers = [_integer(each, dtype) for each in numbers]
    elif dtype.kind == "bool":
        numbers = [bool(each) for each in numbers]
    elif dtype.kind == "float":
        numbers = [_float(each, dtype) for each in numbers]
    else:
        parts = [part for each in numbers for part in (each.real, each.imag)]  # type: ignore[attr-defined]
        numbers = [_float(part, dtype) for part in parts]
    return Literal(dtype, shape, _to_bytes(numbers, dtype))


def _float(value: Any, dtype: DType) -> float:
    try:
        return float(value)
    except OverflowError:  # an int that no float reaches, unlike a float, does not round to infinity
        needed = f"{dtype}: numbers below 2**1024"
        raise ValueRangeError(message("a number is outside its dtype", found=f"{value!r:.40}", needed=needed)) from None


def _integer(value: Any, dtype: DType) -> int:
    if isinstance(value, float) and not isfinite(value):
        raise DTypeError(message("only finite numbers become integers", found=value, needed=dtype))
    number = int(value)
    if number != value:
        raise DTypeError(message("a fraction cannot become an integer in silence", found=value, needed=dtype))
    low, high = integer_range(dtype)
    if not low <= number <= high:
        needed = f"{dtype}: {low} to {high}"
        raise ValueRangeError(message("a number is outside its dtype", found=number, needed=needed))
    return int(number)


def _to_bytes(numbers: list[object], dtype: DType) -> bytes:
    if dtype.name == "bfloat16":
        words = (struct.unpack("=I", _to_bytes([each], DEFAULT_DTYPES[float]))[0] for each in numbers)
        return b"".join(struct.pack("=H", _round_to_bfloat16(word)) for word in words)
    code = _FORMATS[dtype.name]
    try:
        return struct.pack(f"{len(numbers)}{code}", *numbers)
    except OverflowError:  # a finite number beyond the dtype's range: it rounds to infinity
        limit = {"e": 65520.0, "f": 3.4028235677973366e38}[code]
        clipped = [float("inf") * (1 if n > 0 else -1) if isfinite(n) and abs(n) >= limit else n for n in numbers]  # type: ignore
        return struct.pack(f"{len(clipped)}{code}", *clipped)


def _round_to_bfloat16(word: int) -> int:
    if word & 0x7FFFFFFF > 0x7F800000:  # NaN stays NaN when its low bits go
        return (word >> 16) | 0x40
    return (word + 0x7FFF + ((word >> 16) & 1)) >> 16


def _unpack(dtype: DType, data: bytes) -> list[Scalar]:
    if dtype.name == "bfloat16":
        words = struct.unpack(f"={len(data) // 2}H", data)
        return [struct.unpack("=f", struct.pack("=I", word << 16))[0] for word in words]
    code = _FORMATS[dtype.name]
    numbers = struct.unpack(f"{len(data) // struct.calcsize(code)}{code}", data)
    if dtype.kind == "complex":
        return [complex(real, imag) for real, imag in zip(numbers[::2], numbers[1::2], strict=True)]
    return list(numbers)


def _nest(values: Iterator[Scalar], shape: tuple[int, ...]) -> Nested:
    if not shape:
        return next(values)
    return [_nest(values, shape[1:]) for _ in range(shape[0])]
