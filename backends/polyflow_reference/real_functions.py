"""Functions of one or two floats that are defined everywhere, as IEEE 754 and the standard's special cases say.

Python's ``math`` raises outside a function's domain and at overflow; here the answers are NaN and infinity.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from math import copysign, inf, isfinite, isinf, isnan, nan

RealFunction = Callable[[float], float]


def _total(function: RealFunction, *, poles: tuple[float, ...] = (), odd: bool = False) -> RealFunction:
    """``function`` with NaN outside its domain and infinity at overflow.

    At its poles it is minus infinity, or the infinity of the argument's sign if it is odd.
    """

    def total(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return copysign(inf, x) if odd else inf
        except ValueError:
            if x in poles:
                return copysign(inf, x) if odd else -inf
            return nan

    total.__name__, total.__doc__ = function.__name__, function.__doc__
    return total


exp = _total(math.exp)
expm1 = _total(math.expm1)
log = _total(math.log, poles=(0.0,))
log2 = _total(math.log2, poles=(0.0,))
log10 = _total(math.log10, poles=(0.0,))
log1p = _total(math.log1p, poles=(-1.0,))
sqrt = _total(math.sqrt)

sin = _total(math.sin)
cos = _total(math.cos)
tan = _total(math.tan)
asin = _total(math.asin)
acos = _total(math.acos)
atan = math.atan
sinh = _total(math.sinh, odd=True)
cosh = _total(math.cosh)
tanh = math.tanh
asinh = math.asinh
acosh = _total(math.acosh)
atanh = _total(math.atanh, poles=(-1.0, 1.0), odd=True)


def divide(a: float, b: float) -> float:
    """a / b, with signed infinities at b = 0 and NaN for 0 / 0.

    >>> divide(1.0, -0.0), divide(0.0, 0.0)
    (-inf, nan)
    """
    if b != 0.0:
        return a / b
    return nan if a == 0.0 or isnan(a) else copysign(inf, a) * copysign(1.0, b)


def floor_divide(a: float, b: float) -> float:
    """The floor of a / b, as if the quotient were exact.

    At infinities it is the floor of the quotient, where Python's ``//`` pairs with ``%`` and gives NaN or -1.

    >>> floor_divide(7.0, -2.0), floor_divide(math.inf, 2.0), floor_divide(-1.0, math.inf)
    (-4.0, inf, -0.0)
    """
    if b == 0.0 or isinf(a) or isinf(b):
        return divide(a, b)
    return a // b


def remainder(a: float, b: float) -> float:
    """a - b * floor(a / b): it has the sign of b, and is NaN at b = 0.

    >>> remainder(-7.0, 3.0), remainder(7.0, math.inf), remainder(1.0, 0.0)
    (2.0, 7.0, nan)
    """
    return a % b if b != 0.0 else nan


def power(a: float, b: float) -> float:
    """a ** b; NaN for a negative a and a broken b, and the infinities that IEEE 754 names at a = 0 and at overflow.

    >>> power(-2.0, 3.0), power(-2.0, 0.5), power(-0.0, -1.0), power(10.0, 400.0)
    (-8.0, nan, -inf, inf)
    """
    try:
        return math.pow(a, b)
    except (OverflowError, ValueError):
        if a < 0.0 and not b.is_integer():
            return nan
        return copysign(inf, a) if b % 2.0 == 1.0 else inf


def logaddexp(a: float, b: float) -> float:
    """log(exp(a) + exp(b)), computed as max + log1p(exp(min - max)) so that nothing overflows.

    >>> logaddexp(1000.0, 1000.0) - 1000.0 == math.log(2.0)
    False
    >>> round(logaddexp(1000.0, 1000.0), 6)
    1000.693147
    """
    if isnan(a) or isnan(b):
        return nan
    larger, smaller = (a, b) if a > b else (b, a)
    return larger if isinf(larger) else larger + math.log1p(math.exp(smaller - larger))


def sign(x: float) -> float:
    """-1, 0 or 1; NaN for NaN.

    >>> sign(-2.5), sign(-0.0)
    (-1.0, 0.0)
    """
    return nan if isnan(x) else float((x > 0.0) - (x < 0.0))


def maximum(a: float, b: float) -> float:
    """The larger of two; NaN if one is NaN.

    >>> maximum(1.0, math.nan)
    nan
    """
    return a if a > b or a != a else b


def minimum(a: float, b: float) -> float:
    """The smaller of two; NaN if one is NaN.

    >>> minimum(1.0, 2.0)
    1.0
    """
    return a if a < b or a != a else b


def _to_integer(function: Callable[[float], int]) -> RealFunction:
    """A rounding of Python's, which returns integers, as one from floats to floats: -0.5 rounds up to -0.0."""

    def rounded(x: float) -> float:
        return copysign(float(function(x)), x) if isfinite(x) else x

    rounded.__name__, rounded.__doc__ = function.__name__, function.__doc__
    return rounded


floor = _to_integer(math.floor)
ceil = _to_integer(math.ceil)
trunc = _to_integer(math.trunc)
nearest = _to_integer(round)
