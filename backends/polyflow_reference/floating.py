"""Elementwise functions that look at how floating-point numbers are made: their signs, neighbours and specials."""

from __future__ import annotations

import cmath
import math
import struct

from polyflow.core.dtypes import DType, bool_
from polyflow_reference.array import Array
from polyflow_reference.buffers import pack, unpack
from polyflow_reference.elementwise import ScalarFunction, elementwise, real_only
from polyflow_reference.operands import Operand, meet


def isfinite(x: Array, /) -> Array:
    """Whether each element is neither infinite nor NaN.

    >>> isfinite(Array.of([1.0, math.inf, math.nan]))
    Array([True, False, False], bool)
    """
    return _asked("isfinite", cmath.isfinite, x)


def isinf(x: Array, /) -> Array:
    """Whether each element, or one of its parts, is infinite.

    >>> isinf(Array.of([1.0, math.inf, math.nan]))
    Array([False, True, False], bool)
    """
    return _asked("isinf", cmath.isinf, x)


def isnan(x: Array, /) -> Array:
    """Whether each element, or one of its parts, is NaN.

    >>> isnan(Array.of([1.0, math.inf, math.nan]))
    Array([False, False, True], bool)
    """
    return _asked("isnan", cmath.isnan, x)


def _asked(name: str, question: ScalarFunction, x: Array) -> Array:
    return elementwise(question, *meet(name, "numeric", x), dtype=bool_)


def signbit(x: Array, /) -> Array:
    """Whether the sign bit is set: true for -0.0 and every negative number.

    >>> signbit(Array.of([-0.0, 0.0, -2.0]))
    Array([True, False, True], bool)
    """
    (x,) = meet("signbit", "real", x, floating=True)
    return elementwise(lambda value: math.copysign(1.0, value) < 0.0, x, dtype=bool_)


def copysign(x1: Operand, x2: Operand, /) -> Array:
    """The magnitudes of x1 with the signs of x2.

    >>> copysign(Array.of([1.0, -2.0]), Array.of([-0.0, 3.0]))
    Array([-1.0, 2.0], float32)
    """
    return real_only("copysign", math.copysign, x1, x2)


def hypot(x1: Operand, x2: Operand, /) -> Array:
    """The lengths of the hypotenuses, sqrt(x1 ** 2 + x2 ** 2), without overflow on the way.

    >>> hypot(Array.of([3.0]), Array.of([4.0]))
    Array([5.0], float32)
    """
    return real_only("hypot", math.hypot, x1, x2)


def nextafter(x1: Operand, x2: Operand, /) -> Array:
    """The next representable numbers after x1 in the direction of x2; x2 itself where both are equal.

    >>> nextafter(Array.of([1.0, 0.0]), Array.of([2.0, -1.0]))
    Array([1.0000001, -1e-45], float32)
    """
    arrays = meet("nextafter", "real", x1, x2, floating=True)
    dtype = arrays[0].dtype

    def neighbour(a: float, b: float) -> float:
        if math.isnan(a) or math.isnan(b):
            return math.nan
        if a == b:
            return b
        if a == 0.0:
            return math.copysign(_moved(0.0, 1, dtype), b)
        return _moved(a, 1 if (a < b) == (a > 0.0) else -1, dtype)

    return elementwise(neighbour, *arrays)


def _moved(value: float, steps: int, dtype: DType) -> float:
    """The number whose bits, read as an integer, are ``steps`` more: the same sign, a larger magnitude."""
    letter = {2: "H", 4: "I", 8: "Q"}[dtype.itemsize]
    (bits,) = struct.unpack(f"={letter}", pack([value], dtype))
    return float(unpack(struct.pack(f"={letter}", bits + steps), dtype)[0])
