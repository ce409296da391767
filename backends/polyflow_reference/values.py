"""How Python scalars stand for the elements of an array: rounding, wrapping around, and converting between dtypes.

An array holds a flat list of ``bool``, ``int``, ``float`` or ``complex``. Here such lists are brought to the numbers
that their dtype can represent. Bytes are in ``buffers``; which dtype a result takes is decided in ``operands``.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from polyflow.core.dtypes import DType, integer_range
from polyflow.errors import DTypeError, ValueRangeError, message

Scalar = bool | int | float | complex
# All elements of one list are of one Python type, which the dtype beside it names and a type checker cannot know.
Values = list[Any]

PYTHON_TYPES: dict[str, Callable[[Any], Scalar]] = {
    "bool": bool, "int": int, "uint": int, "float": float, "complex": complex,
}  # fmt: skip
"""The Python type of the elements, by the kind of the dtype."""


def fit(values: Values, dtype: DType) -> Values:
    """The values rounded to the nearest of a floating-point dtype, or wrapped around to an integer dtype.

    The values are already of the Python type that belongs to the dtype. Ties round to even.

    >>> from polyflow.core.dtypes import float16, float32, int8
    >>> fit([0.1, 1e40], float32), fit([0.1, 70000.0], float16), fit([127, 128, 300], int8)
    ([0.10000000149011612, inf], [0.0999755859375, inf], [127, -128, 44])
    """
    if dtype.name in ("bool", "float64", "complex128"):
        return values
    if dtype.kind in ("int", "uint"):
        return _wrapped(values, dtype)
    if dtype.name == "complex64":
        real, imaginary = _rounded_to_float32([z.real for z in values]), _rounded_to_float32([z.imag for z in values])
        return list(map(complex, real, imaginary))
    return _ROUNDINGS[dtype.name](values)


def _wrapped(values: Values, dtype: DType) -> Values:
    lowest, highest = integer_range(dtype)
    if not values or (lowest <= min(values) and max(values) <= highest):
        return values
    modulus = 2**dtype.bits
    return [(value - lowest) % modulus + lowest for value in values]


def _rounded_to_float32(values: Sequence[float]) -> list[float]:
    return array("f", values).tolist()


def _rounded_to_float16(values: Sequence[float]) -> list[float]:
    layout = f"{len(values)}e"
    try:
        return list(struct.unpack(layout, struct.pack(layout, *values)))
    except OverflowError:  # 65520 and above: no finite half-precision number is nearest
        return [math.copysign(math.inf, v) if abs(v) >= 65520 else _rounded_to_float16([v])[0] for v in values]


def _rounded_to_bfloat16(values: Sequence[float]) -> list[float]:
    return [_nearest(value, precision=8, least_exponent=-133) for value in values]


def _nearest(value: float, *, precision: int, least_exponent: int) -> float:
    """The nearest number with ``precision`` significant bits, none of them worth less than 2 ** least_exponent.

    ``least_exponent`` is that of the subnormal numbers. The largest exponent is float32's, as bfloat16 has it.
    """
    if value == 0.0 or not math.isfinite(value):
        return value
    exponent = max(math.frexp(value)[1] - precision, least_exponent)
    nearest = math.ldexp(round(math.ldexp(value, -exponent)), exponent)
    return math.copysign(nearest if abs(nearest) < 2.0**128 else math.inf, value)


_ROUNDINGS: dict[str, Callable[[Sequence[float]], list[float]]] = {
    "float32": _rounded_to_float32,
    "float16": _rounded_to_float16,
    "bfloat16": _rounded_to_bfloat16,
}


def convert(values: Values, source: DType, target: DType) -> Values:
    """The values of one dtype as values of another: what ``astype`` does.

    A float becomes an integer by dropping its fraction; where the integer dtype has no such number, which the standard
    leaves undefined, the nearest end of its range is taken, and 0 for NaN. A complex number has no real value.

    >>> from polyflow.core.dtypes import bool_, float32, int8, uint8
    >>> convert([-1.9, 300.0, math.nan], float32, int8), convert([-1], int8, uint8), convert([0.0, 0.5], float32, bool_)
    ([-1, 127, 0], [255], [False, True])
    """
    if source is target:
        return list(values)
    if source.kind == "complex" and target.kind not in ("complex", "bool"):
        raise DTypeError(
            message(
                f"a {source.name} array does not become {target.name}",
                needed="a complex dtype or bool",
                remedy="take real(x), imag(x) or abs(x) first",
            )
        )
    if target.kind == "bool":
        return list(map(bool, values))
    if target.kind in ("int", "uint"):
        if source.kind == "float":
            return _truncated(values, target)
        return _wrapped(list(map(int, values)), target)
    if target.kind == "complex":
        return fit(list(map(complex, values)), target)
    if source.kind in ("int", "uint") and source.bits == 64 and target.name != "float64":
        values = [_held_by_a_double(value) for value in values]
    return fit(list(map(float, values)), target)


def _truncated(values: Iterable[float], target: DType) -> list[int]:
    lowest, highest = integer_range(target)
    return [
        0 if math.isnan(v) else lowest if v <= lowest else highest if v >= highest else int(v) for v in values
    ]  # fmt: skip


def _held_by_a_double(value: int) -> int:
    """An integer of at most 53 bits that rounds to float32 as ``value`` does.

    An integer passes through a double on its way to float32. To be rounded once and not twice it is first cut off, and
    a one in the last place stands for whatever was cut ("round to odd").
    """
    dropped = abs(value).bit_length() - 53
    if dropped <= 0:
        return value
    kept = abs(value) >> dropped
    if kept << dropped != abs(value):
        kept |= 1
    return (kept << dropped) * (1 if value > 0 else -1)


def from_scalar(value: Scalar, dtype: DType) -> Any:
    """A Python scalar as an element of ``dtype``; an integer out of range is refused, not wrapped.

    >>> from polyflow.core.dtypes import float32
    >>> from_scalar(1, float32)
    1.0
    """
    return from_scalars([value], dtype)[0]


def from_scalars(values: Sequence[Scalar], dtype: DType) -> Values:
    """Python scalars as elements of ``dtype``; an integer out of range is refused, not wrapped.

    >>> from polyflow.core.dtypes import float32
    >>> from_scalars([True, 2, 0.5], float32)
    [1.0, 2.0, 0.5]
    """
    types = set(map(scalar_type_of, values))
    for scalar_type in types:
        kinds = _KINDS_THAT_TAKE[scalar_type]
        if dtype.kind not in kinds:
            raise DTypeError(
                message(
                    f"a Python {scalar_type.__name__} is no {dtype.name}", needed=f"a dtype of {' or '.join(kinds)}"
                )
            )
    if dtype.kind in ("int", "uint"):
        lowest, highest = integer_range(dtype)
        outside = [value for value in values if not lowest <= value <= highest]  # type: ignore[operator]  # no complex
        if outside:
            raise ValueRangeError(
                message(
                    f"a Python integer does not fit {dtype.name}", found=outside[0], needed=f"{lowest} to {highest}"
                )
            )
    if int in types and dtype.kind == "float":
        values = [_held_by_a_double(v) if isinstance(v, int) and dtype.name != "float64" else v for v in values]
    return fit(list(map(PYTHON_TYPES[dtype.kind], values)), dtype)


_KINDS_THAT_TAKE: dict[type, tuple[str, ...]] = {
    bool: ("bool", "int", "uint", "float", "complex"),
    int: ("int", "uint", "float", "complex"),
    float: ("float", "complex"),
    complex: ("complex",),
}


def scalar_type_of(value: object) -> type:
    """Which of the four Python scalar types a value is of; subclasses count as their base.

    >>> scalar_type_of(True), scalar_type_of(2.5)
    (<class 'bool'>, <class 'float'>)
    """
    for scalar_type in (bool, int, float, complex):
        if isinstance(value, scalar_type):
            return scalar_type
    raise DTypeError(message("not a Python scalar", found=type(value).__name__, needed="bool, int, float or complex"))
