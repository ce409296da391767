"""Elements as bytes: packing, unpacking, and the format letters of the buffer protocol.

Bytes are native and in row-major order. The lists themselves are the business of ``values``.
"""

from __future__ import annotations

import struct
import sys

from polyflow.core.dtypes import DTYPES, DType
from polyflow.errors import DTypeError, ShapeError, message
from polyflow_reference.shapes import Shape
from polyflow_reference.values import Values

_LETTERS = {
    "bool": "?", "int8": "b", "int16": "h", "int32": "i", "int64": "q",
    "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q",
    "float16": "e", "float32": "f", "float64": "d",
}  # fmt: skip
_COMPLEX_LETTERS = {"complex64": "f", "complex128": "d"}


def pack(values: Values, dtype: DType) -> bytes:
    """The bytes of a list of elements.

    >>> from polyflow.core.dtypes import float32
    >>> len(pack([1.0, 2.0], float32))
    8
    """
    if dtype.kind == "complex":
        parts = [part for z in values for part in (z.real, z.imag)]
        return struct.pack(f"={len(parts)}{_COMPLEX_LETTERS[dtype.name]}", *parts)
    if dtype.name == "bfloat16":  # the upper half of the float32 of the same value
        words = struct.unpack(f"={len(values)}I", struct.pack(f"={len(values)}f", *values))
        return struct.pack(f"={len(values)}H", *(word >> 16 for word in words))
    return struct.pack(f"={len(values)}{_LETTERS[dtype.name]}", *values)


def unpack(data: bytes | bytearray | memoryview, dtype: DType) -> Values:
    """The list of elements that bytes hold: the inverse of :func:`pack`.

    >>> from polyflow.core.dtypes import complex64
    >>> unpack(pack([1 + 2j], complex64), complex64)
    [(1+2j)]
    """
    count, rest = divmod(len(data), dtype.itemsize)
    if rest:
        raise ShapeError(
            message(
                "bytes do not divide into elements",
                found=f"{len(data)} bytes",
                needed=f"a multiple of {dtype.itemsize}",
            )
        )
    if dtype.kind == "complex":
        parts = struct.unpack(f"={2 * count}{_COMPLEX_LETTERS[dtype.name]}", data)
        return list(map(complex, parts[::2], parts[1::2]))
    if dtype.name == "bfloat16":
        words = struct.unpack(f"={count}H", data)
        return list(struct.unpack(f"={count}f", struct.pack(f"={count}I", *(word << 16 for word in words))))
    return list(struct.unpack(f"={count}{_LETTERS[dtype.name]}", data))


def view(values: Values, shape: Shape, dtype: DType) -> memoryview:
    """A buffer of the elements, in the shapes and letters that Python's ``memoryview`` knows.

    >>> from polyflow.core.dtypes import float32
    >>> view([1.0, 2.0], (2, 1), float32).tolist()
    [[1.0], [2.0]]
    """
    letter = _LETTERS.get(dtype.name)
    if letter is None or 0 in shape:
        raise BufferError(
            message("a memoryview cannot show this array", found=f"{dtype.name} of shape {shape}", remedy="x.tobytes()")
        )
    cast: memoryview = memoryview(pack(values, dtype)).cast(letter, shape)  # type: ignore[call-overload]  # any letter
    return cast


def interface(values: Values, shape: Shape, dtype: DType) -> dict[str, object]:
    """The elements as ``numpy.asarray`` takes them, by NumPy's array interface protocol, version 3.

    >>> from polyflow.core.dtypes import float32
    >>> interface([1.0], (1,), float32)["shape"]
    (1,)
    """
    if dtype.name not in (*_LETTERS, *_COMPLEX_LETTERS):
        raise AttributeError(f"NumPy has no dtype {dtype.name}")
    kind = {"bool": "b", "int": "i", "uint": "u", "float": "f", "complex": "c"}[dtype.kind]
    order = "<" if sys.byteorder == "little" else ">"
    data = bytearray(pack(values, dtype))
    return {"version": 3, "typestr": f"{order}{kind}{dtype.itemsize}", "shape": shape, "data": data}


def dtype_of_format(letters: str, itemsize: int) -> DType:
    """The dtype that a buffer's format string names.

    >>> dtype_of_format("l", 8), dtype_of_format("Zf", 8)
    (polyflow.int64, polyflow.complex64)
    """
    swapped = ">!" if sys.byteorder == "little" else "<"
    letter = letters.lstrip("@=<>!")
    kind = next((kind for kind, family in _FORMATS.items() if letter in family), None)
    name = f"{kind}{8 * itemsize}" if kind != "bool" else "bool"
    if kind is None or name not in DTYPES or (letters[:1] in swapped and itemsize > 1):
        raise DTypeError(message("a buffer of this format holds no elements of an array", found=repr(letters)))
    return DTYPES[name]


_FORMATS = {
    "bool": ("?",),
    "int": ("b", "h", "i", "l", "q", "n"),
    "uint": ("B", "H", "I", "L", "Q", "N"),
    "float": ("e", "f", "d"),
    "complex": ("Zf", "Zd", "F", "D"),
}
