"""Elementwise exponentials, logarithms and square roots."""

from __future__ import annotations

from polyflow_reference import complex_functions, real_functions
from polyflow_reference.array import Array
from polyflow_reference.elementwise import real_only, real_or_complex
from polyflow_reference.operands import Operand


def exp(x: Array, /) -> Array:
    """The exponentials, e ** x.

    >>> exp(Array.of([0.0, 1.0]))
    Array([1.0, 2.7182817], float32)
    """
    return real_or_complex("exp", real_functions.exp, complex_functions.exp, x)


def expm1(x: Array, /) -> Array:
    """The exponentials less one, e ** x - 1, exact near zero.

    >>> expm1(Array.of([0.0, 1e-10]))
    Array([0.0, 1e-10], float32)
    """
    return real_or_complex("expm1", real_functions.expm1, complex_functions.expm1, x)


def log(x: Array, /) -> Array:
    """The natural logarithms; of complex numbers, the branch with an imaginary part from -pi to pi.

    >>> log(Array.of([1.0, 0.0, -1.0]))
    Array([0.0, -inf, nan], float32)
    """
    return real_or_complex("log", real_functions.log, complex_functions.log, x)


def log1p(x: Array, /) -> Array:
    """The natural logarithms of one more, log(1 + x), exact near zero.

    >>> log1p(Array.of([0.0, 1e-10]))
    Array([0.0, 1e-10], float32)
    """
    return real_or_complex("log1p", real_functions.log1p, complex_functions.log1p, x)


def log2(x: Array, /) -> Array:
    """The logarithms to base 2, log(x) / log(2).

    >>> log2(Array.of([8.0, 0.5]))
    Array([3.0, -1.0], float32)
    """
    return real_or_complex("log2", real_functions.log2, complex_functions.log2, x)


def log10(x: Array, /) -> Array:
    """The logarithms to base 10, log(x) / log(10).

    >>> log10(Array.of([1000.0]))
    Array([3.0], float32)
    """
    return real_or_complex("log10", real_functions.log10, complex_functions.log10, x)


def sqrt(x: Array, /) -> Array:
    """The square roots; of complex numbers, those with a real part that is not negative.

    >>> sqrt(Array.of([4.0, -1.0]))
    Array([2.0, nan], float32)
    """
    return real_or_complex("sqrt", real_functions.sqrt, complex_functions.sqrt, x)


def logaddexp(x1: Operand, x2: Operand, /) -> Array:
    """The logarithms of sums of exponentials, log(exp(x1) + exp(x2)), without overflow on the way.

    >>> logaddexp(Array.of([0.0, 1000.0]), Array.of([0.0, 0.0]))
    Array([0.6931472, 1000.0], float32)
    """
    return real_only("logaddexp", real_functions.logaddexp, x1, x2)
