"""Questions about dtypes, and the change from one to another."""

from __future__ import annotations

from dataclasses import dataclass

from polyflow.core.dtypes import DType, as_dtype, in_category, integer_range, promote, real_dtype
from polyflow.errors import DTypeError, ValueRangeError, message, nearest
from polyflow_reference.array import Array, check_device
from polyflow_reference.operands import common_dtype
from polyflow_reference.values import Scalar


@dataclass(frozen=True, slots=True)
class FloatInfo:
    """What :func:`finfo` returns: the range and the precision of a floating-point dtype."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


@dataclass(frozen=True, slots=True)
class IntegerInfo:
    """What :func:`iinfo` returns: the range of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: DType


# Bits of the fraction, and the exponent of the smallest normal number. Source: IEEE 754-2019, table 3.5.
_FORMATS = {"float16": (10, -14), "bfloat16": (7, -126), "float32": (23, -126), "float64": (52, -1022)}


def astype(x: Array, dtype: DType, /, *, copy: bool = True, device: str | None = None) -> Array:
    """The elements as another dtype: rounded, cut off towards zero or wrapped around as it needs.

    >>> astype(Array.of([1.7, -1.7]), as_dtype("int8"))
    Array([1, -1], int8)
    """
    check_device(device)
    target = as_dtype(dtype)
    return Array(list(x.values), x.shape, x.dtype) if copy and target is x.dtype else x.cast(target)


def can_cast(from_: DType | Array, to: DType, /) -> bool:
    """Whether one dtype becomes another by promotion, so that nothing is lost but digits.

    >>> can_cast(as_dtype("int8"), as_dtype("int16")), can_cast(as_dtype("float64"), as_dtype("float32"))
    (True, False)
    """
    try:
        return promote(common_dtype(from_), as_dtype(to)) is as_dtype(to)
    except DTypeError:
        return False


def result_type(*arrays_and_dtypes: Array | DType | Scalar) -> DType:
    """The dtype in which arrays, dtypes and Python scalars meet.

    >>> result_type(as_dtype("int8"), as_dtype("uint8"), 3)
    polyflow.int16
    """
    return common_dtype(*arrays_and_dtypes)


def isdtype(dtype: DType, kind: DType | str | tuple[DType | str, ...]) -> bool:
    """Whether a dtype is another, or belongs to a category such as "integral", or to one of several.

    >>> isdtype(as_dtype("int8"), "integral"), isdtype(as_dtype("int8"), ("bool", "real floating"))
    (True, False)
    """
    if isinstance(kind, tuple):
        return any(isdtype(dtype, one) for one in kind)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ValueRangeError(message("isdtype: unknown kind", found=repr(kind), remedy=nearest(kind, _KINDS)))
        return in_category(dtype, kind)
    return dtype is as_dtype(kind)


_KINDS = ("bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric")


def finfo(type: DType | Array, /) -> FloatInfo:
    """The range and precision of a floating-point dtype, or of the parts of a complex one.

    >>> finfo(as_dtype("float32")).eps == 2.0**-23
    True
    """
    dtype = common_dtype(type)
    if dtype.kind not in ("float", "complex"):
        raise DTypeError(message("finfo: no floating-point dtype", found=dtype, needed="a float or complex dtype"))
    part = real_dtype(dtype)
    fraction, least_exponent = _FORMATS[part.name]
    largest = (2.0 - 2.0**-fraction) * 2.0 ** (1 - least_exponent)
    return FloatInfo(part.bits, 2.0**-fraction, largest, -largest, 2.0**least_exponent, part)


def iinfo(type: DType | Array, /) -> IntegerInfo:
    """The range of an integer dtype.

    >>> iinfo(as_dtype("int8")).max
    127
    """
    dtype = common_dtype(type)
    if not dtype.is_integer:
        raise DTypeError(message("iinfo: no integer dtype", found=dtype, needed="a signed or unsigned integer dtype"))
    lowest, highest = integer_range(dtype)
    return IntegerInfo(dtype.bits, highest, lowest, dtype)
