"""Elementwise functions that round to integer values. Integers pass through them unchanged."""

from __future__ import annotations

from polyflow_reference import real_functions
from polyflow_reference.array import Array
from polyflow_reference.elementwise import ScalarFunction, elementwise
from polyflow_reference.operands import meet


def floor(x: Array, /) -> Array:
    """The largest integer values that are not above x.

    >>> floor(Array.of([1.7, -1.2]))
    Array([1.0, -2.0], float32)
    """
    return _rounded("floor", real_functions.floor, x)


def ceil(x: Array, /) -> Array:
    """The smallest integer values that are not below x.

    >>> ceil(Array.of([1.2, -0.5]))
    Array([2.0, -0.0], float32)
    """
    return _rounded("ceil", real_functions.ceil, x)


def trunc(x: Array, /) -> Array:
    """The integer values next to x on the side of zero.

    >>> trunc(Array.of([1.7, -1.7]))
    Array([1.0, -1.0], float32)
    """
    return _rounded("trunc", real_functions.trunc, x)


def round(x: Array, /) -> Array:
    """The nearest integer values; halves go to the even neighbour. Complex numbers are rounded part by part.

    >>> round(Array.of([0.5, 1.5, 2.6]))
    Array([0.0, 2.0, 3.0], float32)
    """
    (x,) = meet("round", "numeric", x)
    if x.dtype.is_complex:
        return elementwise(lambda z: complex(real_functions.nearest(z.real), real_functions.nearest(z.imag)), x)
    return _rounded("round", real_functions.nearest, x)


def _rounded(name: str, function: ScalarFunction, x: Array) -> Array:
    (x,) = meet(name, "real", x)
    return elementwise(function, x) if x.dtype.is_floating else elementwise(int, x)
