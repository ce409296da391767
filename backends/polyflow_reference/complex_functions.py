"""Functions of one or two complex numbers that are defined everywhere: ``cmath``, and C99's annex G where it raises.

Each function says what holds at infinities, at NaN and where an intermediate result would overflow. In all of them
``a`` and ``b`` are the real and the imaginary part of the argument.
"""

from __future__ import annotations

import cmath
import math
from cmath import isfinite
from math import atan2, copysign, hypot, inf, isinf, isnan, nan, pi

from polyflow_reference import real_functions as real


def multiply(x: complex, y: complex) -> complex:
    """(a + bj)(c + dj) = (ac - bd) + (ad + bc)j.

    >>> multiply(1 + 2j, 3 - 1j)
    (5+5j)
    """
    a, b, c, d = x.real, x.imag, y.real, y.imag
    return complex(a * c - b * d, a * d + b * c)


def divide(x: complex, y: complex) -> complex:
    """x / y; at y = 0 each part of x is divided by the real zero.

    >>> divide(1 + 2j, 1j), divide(1 + 0j, 0j)
    ((2-1j), (inf+nanj))
    """
    if y == 0:
        return complex(real.divide(x.real, y.real), real.divide(x.imag, y.real))
    return x / y


def power(x: complex, y: complex) -> complex:
    """x ** y = exp(y log x), and 1 at y = 0.

    >>> power(2j, 2 + 0j), power(0j, 1 + 0j)
    ((-4+0j), 0j)
    """
    if y == 0:
        return 1 + 0j
    if x != 0 and isfinite(x) and isfinite(y):
        try:
            return x**y
        except ArithmeticError:
            pass  # the formula gives the infinities
    return exp(multiply(y, log(x)))


def absolute(z: complex) -> float:
    """|z|, without overflow on the way.

    >>> absolute(3 + 4j), absolute(complex(math.inf, math.nan))
    (5.0, inf)
    """
    return hypot(z.real, z.imag)


def sign(z: complex) -> complex:
    """z / |z|, and 0 at z = 0.

    >>> sign(3 + 4j)
    (0.6+0.8j)
    """
    if z == 0:
        return 0j
    if isnan(z.real) or isnan(z.imag):
        return complex(nan, nan)
    length = hypot(z.real, z.imag)
    if isinf(length) and isfinite(z):
        return sign(z / 2)
    return complex(z.real / length, z.imag / length)


def exp(z: complex) -> complex:
    """exp(a)(cos b + j sin b).

    >>> exp(0j), exp(complex(math.inf, 0.0))
    ((1+0j), (inf+0j))
    """
    a, b = z.real, z.imag
    if isfinite(z):
        try:
            return cmath.exp(z)
        except OverflowError:
            half = real.exp(a / 2)  # exp(a) overflows, but exp(a) cos b need not
            return complex(half * math.cos(b) * half, half * math.sin(b) * half if b else b)
    if a == -inf:
        return _cis(0.0, b) if math.isfinite(b) else 0j
    if b == 0.0:
        return complex(a, b)
    if a == inf:
        return _cis(inf, b) if math.isfinite(b) else complex(inf, nan)
    return complex(nan, nan)


def _cis(radius: float, angle: float) -> complex:
    """radius * (cos(angle) + j sin(angle)), for a radius of zero or infinity and an angle whose sine may be zero."""
    return complex(copysign(radius, math.cos(angle)), copysign(radius, math.sin(angle)) if angle else angle)


def expm1(z: complex) -> complex:
    """exp(z) - 1 = expm1(a) cos b - 2 sin(b/2)**2 + j exp(a) sin b, exact near zero.

    >>> expm1(0j), expm1(complex(-math.inf, 1.0))
    (0j, (-1+0j))
    """
    if isfinite(z) and z.real < 700.0:
        a, b = z.real, z.imag
        # Adding zero makes the real part of expm1(-0 + 0j) positive, as the standard has it for complex numbers.
        return complex(
            0.0 + math.expm1(a) * math.cos(b) - 2.0 * math.sin(b / 2) ** 2, math.exp(a) * math.sin(b) if b else b
        )
    power_of_e = exp(z)
    return complex(power_of_e.real - 1.0, power_of_e.imag)


def log(z: complex) -> complex:
    """log |z| + j arg z.

    >>> log(complex(-1.0, 0.0)).imag == math.pi, log(0j)
    (True, (-inf+0j))
    """
    if z == 0:
        return complex(-inf, atan2(z.imag, z.real))
    return cmath.log(z)


def log1p(z: complex) -> complex:
    """log(1 + z) = log1p(2a + a**2 + b**2) / 2 + j atan2(b, 1 + a), exact near zero.

    >>> log1p(complex(1e-20, 0.0)), log1p(-1 + 0j)
    ((1e-20+0j), (-inf+0j))
    """
    a, b = z.real, z.imag
    if abs(a) < 0.5 and abs(b) < 0.5:
        return complex(math.log1p(a * (2.0 + a) + b * b) / 2, atan2(b, 1.0 + a))
    return log(complex(1.0 + a, b))


def log2(z: complex) -> complex:
    """log(z) / log(2).

    >>> log2(8 + 0j)
    (3+0j)
    """
    return _scaled(log(z), math.log(2.0))


def log10(z: complex) -> complex:
    """log(z) / log(10).

    >>> log10(100 + 0j)
    (2+0j)
    """
    return _scaled(log(z), math.log(10.0))


def _scaled(z: complex, divisor: float) -> complex:
    return complex(z.real / divisor, z.imag / divisor)


sqrt = cmath.sqrt


def sinh(z: complex) -> complex:
    """sinh a cos b + j cosh a sin b.

    >>> sinh(0j), sinh(complex(math.inf, 0.0))
    (0j, (inf+0j))
    """
    a, b = z.real, z.imag
    if isfinite(z):
        try:
            return cmath.sinh(z)
        except OverflowError:
            grown = _half_exp(abs(a), b)
            return complex(copysign(1.0, a) * grown.real, grown.imag)
    if b == 0.0:
        return z
    if a == 0.0 or isinf(a):
        if isinf(a) and math.isfinite(b):
            return complex(a * math.cos(b), inf * math.sin(b))
        return complex(a, nan)
    return complex(nan, nan)


def cosh(z: complex) -> complex:
    """cosh a cos b + j sinh a sin b.

    >>> cosh(0j), cosh(complex(math.inf, 0.0))
    ((1+0j), (inf+0j))
    """
    a, b = z.real, z.imag
    if isfinite(z):
        try:
            return cmath.cosh(z)
        except OverflowError:
            grown = _half_exp(abs(a), b)
            return complex(grown.real, copysign(1.0, a) * grown.imag)
    if b == 0.0:
        return complex(abs(a), b * copysign(1.0, a))
    if isinf(a):
        return complex(inf * math.cos(b), a * math.sin(b)) if math.isfinite(b) else complex(inf, nan)
    return complex(nan, 0.0 if a == 0.0 else nan)


def _half_exp(a: float, b: float) -> complex:
    """exp(a + bj) / 2 where exp(a) overflows."""
    grown = exp(complex(a - 1.0, b))
    return complex(grown.real * (math.e / 2), grown.imag * (math.e / 2))


def tanh(z: complex) -> complex:
    """sinh z / cosh z.

    >>> tanh(0j), tanh(complex(math.inf, math.nan))
    (0j, (1+0j))
    """
    a, b = z.real, z.imag
    if isfinite(z):
        return cmath.tanh(z)
    if isinf(a):
        return complex(copysign(1.0, a), copysign(0.0, b) if not isnan(b) else 0.0)
    if b == 0.0:
        return z
    return complex(a if a == 0.0 else nan, nan)


def asinh(z: complex) -> complex:
    """The inverse of :func:`sinh`, cut along the imaginary axis outside [-j, j].

    >>> asinh(0j)
    0j
    """
    return cmath.asinh(z)


def acosh(z: complex) -> complex:
    """The inverse of :func:`cosh`, cut along the real axis below 1.

    >>> acosh(1 + 0j)
    0j
    """
    if z.real == 0.0 and isnan(z.imag):
        return complex(nan, pi / 2)
    return cmath.acosh(z)


def atanh(z: complex) -> complex:
    """The inverse of :func:`tanh`, cut along the real axis outside [-1, 1].

    >>> atanh(1 + 0j)
    (inf+0j)
    """
    if z.imag == 0.0 and abs(z.real) == 1.0:
        return complex(copysign(inf, z.real), z.imag)
    return cmath.atanh(z)


# The circular functions are the hyperbolic ones of jz = -b + aj, turned back by -j.


def _turned(z: complex) -> complex:
    return complex(-z.imag, z.real)


def _turned_back(z: complex) -> complex:
    return complex(z.imag, -z.real)


def sin(z: complex) -> complex:
    """-j sinh(jz).

    >>> sin(0j)
    0j
    """
    return _turned_back(sinh(_turned(z)))


def cos(z: complex) -> complex:
    """cosh(jz).

    >>> cos(0j).real
    1.0
    """
    return cosh(_turned(z))


def tan(z: complex) -> complex:
    """-j tanh(jz).

    >>> tan(0j)
    0j
    """
    return _turned_back(tanh(_turned(z)))


def asin(z: complex) -> complex:
    """The inverse of :func:`sin`, -j asinh(jz), cut along the real axis outside [-1, 1].

    >>> asin(0j)
    0j
    """
    return _turned_back(asinh(_turned(z)))


def acos(z: complex) -> complex:
    """The inverse of :func:`cos`, cut along the real axis outside [-1, 1].

    >>> acos(1 + 0j)
    -0j
    """
    if z.real == 0.0 and isnan(z.imag):
        return complex(pi / 2, nan)
    return cmath.acos(z)


def atan(z: complex) -> complex:
    """The inverse of :func:`tan`, -j atanh(jz), cut along the imaginary axis outside [-j, j].

    >>> atan(0j)
    0j
    """
    return _turned_back(atanh(_turned(z)))
