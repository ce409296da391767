"""Elementwise circular and hyperbolic functions and their inverses."""

from __future__ import annotations

import math

from polyflow_reference import complex_functions, real_functions
from polyflow_reference.array import Array
from polyflow_reference.elementwise import real_only, real_or_complex
from polyflow_reference.operands import Operand


def sin(x: Array, /) -> Array:
    """The sines of angles in radians.

    >>> sin(Array.of([0.0, 1.0]))
    Array([0.0, 0.84147096], float32)
    """
    return real_or_complex("sin", real_functions.sin, complex_functions.sin, x)


def cos(x: Array, /) -> Array:
    """The cosines of angles in radians.

    >>> cos(Array.of([0.0, 1.0]))
    Array([1.0, 0.5403023], float32)
    """
    return real_or_complex("cos", real_functions.cos, complex_functions.cos, x)


def tan(x: Array, /) -> Array:
    """The tangents of angles in radians.

    >>> tan(Array.of([0.0, 1.0]))
    Array([0.0, 1.5574077], float32)
    """
    return real_or_complex("tan", real_functions.tan, complex_functions.tan, x)


def asin(x: Array, /) -> Array:
    """The inverse sines, from -pi/2 to pi/2.

    >>> asin(Array.of([1.0, 2.0]))
    Array([1.5707964, nan], float32)
    """
    return real_or_complex("asin", real_functions.asin, complex_functions.asin, x)


def acos(x: Array, /) -> Array:
    """The inverse cosines, from 0 to pi.

    >>> acos(Array.of([1.0, -1.0]))
    Array([0.0, 3.1415927], float32)
    """
    return real_or_complex("acos", real_functions.acos, complex_functions.acos, x)


def atan(x: Array, /) -> Array:
    """The inverse tangents, from -pi/2 to pi/2.

    >>> atan(Array.of([1.0]))
    Array([0.7853982], float32)
    """
    return real_or_complex("atan", real_functions.atan, complex_functions.atan, x)


def atan2(x1: Operand, x2: Operand, /) -> Array:
    """The angles of the points (x2, x1), from -pi to pi.

    >>> atan2(Array.of([1.0, -0.0]), Array.of([0.0, -1.0]))
    Array([1.5707964, -3.1415927], float32)
    """
    return real_only("atan2", math.atan2, x1, x2)


def sinh(x: Array, /) -> Array:
    """The hyperbolic sines, (e ** x - e ** -x) / 2.

    >>> sinh(Array.of([0.0, 1.0]))
    Array([0.0, 1.1752012], float32)
    """
    return real_or_complex("sinh", real_functions.sinh, complex_functions.sinh, x)


def cosh(x: Array, /) -> Array:
    """The hyperbolic cosines, (e ** x + e ** -x) / 2.

    >>> cosh(Array.of([0.0, 1.0]))
    Array([1.0, 1.5430807], float32)
    """
    return real_or_complex("cosh", real_functions.cosh, complex_functions.cosh, x)


def tanh(x: Array, /) -> Array:
    """The hyperbolic tangents, sinh(x) / cosh(x).

    >>> tanh(Array.of([0.0, 1.0]))
    Array([0.0, 0.7615942], float32)
    """
    return real_or_complex("tanh", real_functions.tanh, complex_functions.tanh, x)


def asinh(x: Array, /) -> Array:
    """The inverse hyperbolic sines, log(x + sqrt(x ** 2 + 1)).

    >>> asinh(Array.of([1.0]))
    Array([0.8813736], float32)
    """
    return real_or_complex("asinh", real_functions.asinh, complex_functions.asinh, x)


def acosh(x: Array, /) -> Array:
    """The inverse hyperbolic cosines, log(x + sqrt(x ** 2 - 1)).

    >>> acosh(Array.of([1.0, 0.0]))
    Array([0.0, nan], float32)
    """
    return real_or_complex("acosh", real_functions.acosh, complex_functions.acosh, x)


def atanh(x: Array, /) -> Array:
    """The inverse hyperbolic tangents, log((1 + x) / (1 - x)) / 2.

    >>> atanh(Array.of([0.5, 1.0]))
    Array([0.54930615, inf], float32)
    """
    return real_or_complex("atanh", real_functions.atanh, complex_functions.atanh, x)
