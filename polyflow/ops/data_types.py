"""Questions about dtypes (standard, "Data Type Functions"): plain functions, answered while the graph is built.

They take dtypes, their names, and anything that has a dtype; ``astype`` is an op and stands in the core.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from polyflow.core.dtypes import CATEGORIES, DType, as_dtype, in_category, integer_range, promote, real_dtype
from polyflow.core.inference import common_dtype
from polyflow.core.literal import is_weak_number, weak_literal, weak_type
from polyflow.core.shapes import broadcast_shapes as _broadcast_shapes
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, DTypeError, ValueRangeError, message, nearest

_KINDS = tuple(
    kind for kind in CATEGORIES if kind not in ("any", "real", "floating", "boolean or integral")
)  # the words of the standard


@dataclass(frozen=True)
class FloatInfo:
    """Limits of a floating-point dtype; of a complex one, those of its parts."""

    bits: int
    """Bits of one number."""
    eps: float
    """The distance from 1 to the next larger number."""
    max: float
    min: float
    smallest_normal: float
    """The smallest positive number with full precision."""
    dtype: DType


@dataclass(frozen=True)
class IntegerInfo:
    """Limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: DType


_STORED_BITS = {"float16": (10, 5), "bfloat16": (7, 8), "float32": (23, 8), "float64": (52, 11)}
"""Bits of the fraction and of the exponent, as the floating-point dtypes are stored (IEEE 754)."""


def can_cast(from_: Any, to: Any, /) -> bool:
    """Whether promotion leads from the dtype of ``from_`` to ``to``.

    >>> import polyflow as pf
    >>> pf.can_cast(pf.int8, pf.int16), pf.can_cast(pf.float64, pf.float32), pf.can_cast(pf.uint64, pf.int64)
    (True, False, False)

    Standard: "can_cast".
    """
    source, target = _dtype_of(from_), as_dtype(to)
    try:
        return promote(source, target) is target
    except DTypeError:  # no dtype holds both
        return False


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The dtype in which tensors, dtypes and Python numbers meet.

    >>> import polyflow as pf
    >>> pf.result_type(pf.int8, pf.uint8), pf.result_type(pf.constant([1.0]), 2j)
    (polyflow.int16, polyflow.complex64)

    Python numbers take the dtype of what they meet. Raises ``ArgumentError`` without an argument. Standard:
    "result_type".
    """
    if not arrays_and_dtypes:
        raise ArgumentError(message("result_type: nothing meets", found="no argument", needed="one or more"))
    return common_dtype([_type_of(each) for each in arrays_and_dtypes])


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which ``shapes`` broadcast.

    >>> import polyflow as pf
    >>> pf.broadcast_shapes((3, 1), (4,))
    (3, 4)

    Raises ``ShapeError`` where they do not. Standard: "broadcast_shapes".
    """
    return _broadcast_shapes(*map(tuple, shapes))  # type: ignore[return-value]


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether ``dtype`` is ``kind``, belongs to the kind of that name, or does so for one of a tuple of them.

    The kinds are ``"bool"``, ``"signed integer"``, ``"unsigned integer"``, ``"integral"``, ``"real floating"``,
    ``"complex floating"`` and ``"numeric"``.

    >>> import polyflow as pf
    >>> pf.isdtype(pf.float32, "numeric"), pf.isdtype(pf.float32, ("bool", pf.float64))
    (True, False)

    Raises ``ValueRangeError`` for another kind. Standard: "isdtype".
    """
    found = as_dtype(dtype)
    if isinstance(kind, tuple):
        return any(isdtype(found, each) for each in kind)
    if not isinstance(kind, str):
        return found is as_dtype(kind)
    if kind in _KINDS:
        return in_category(found, kind)
    raise ValueRangeError(message("isdtype: no such kind", found=repr(kind), remedy=nearest(kind, _KINDS)))


def finfo(type: Any, /) -> FloatInfo:
    """The limits of a floating-point dtype, or of the parts of a complex one.

    >>> import polyflow as pf
    >>> pf.finfo(pf.float64).eps, pf.finfo(pf.complex64).bits
    (2.220446049250313e-16, 32)

    Raises ``DTypeError`` for another dtype. Standard: "finfo".
    """
    dtype = real_dtype(_dtype_of(type))
    if not dtype.is_floating:
        raise DTypeError(message("finfo: not a floating dtype", found=dtype, remedy="polyflow.iinfo for integers"))
    fraction, exponent = _STORED_BITS[dtype.name]
    bias = 2 ** (exponent - 1) - 1
    largest = (2.0 - 2.0**-fraction) * 2.0**bias
    return FloatInfo(dtype.bits, 2.0**-fraction, largest, -largest, 2.0 ** (1 - bias), dtype)


def iinfo(type: Any, /) -> IntegerInfo:
    """The limits of an integer dtype.

    >>> import polyflow as pf
    >>> pf.iinfo(pf.int8).min, pf.iinfo(pf.int8).max
    (-128, 127)

    Raises ``DTypeError`` for another dtype. Standard: "iinfo".
    """
    dtype = _dtype_of(type)
    if not dtype.is_integer:
        raise DTypeError(message("iinfo: not an integer dtype", found=dtype, remedy="polyflow.finfo for floats"))
    smallest, largest = integer_range(dtype)
    return IntegerInfo(dtype.bits, largest, smallest, dtype)


def _dtype_of(value: Any) -> DType:
    """The dtype that ``value`` is, names or has."""
    return _type_of(value).known_dtype


def _type_of(value: Any) -> TensorType:
    """The type with which ``value`` takes part in promotion: weak for a Python number."""
    if is_weak_number(value):
        return weak_type(weak_literal(value))
    convert = getattr(value, "__tensor__", None)
    if convert is not None:
        value = convert()
    if isinstance(value, type | DType):
        return TensorType(as_dtype(value), ())
    if not isinstance(value, Tensor):
        return TensorType(as_dtype(getattr(value, "dtype", value)), ())
    if value.type.dtype is None:
        raise DTypeError(
            message(
                f"{value.name} has no dtype yet", operand=value.name, found=value.type, remedy="placeholder(dtype=...)"
            )
        )
    return value.type
