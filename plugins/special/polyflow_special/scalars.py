"""Special functions of Python floats, in double precision, where the standard library has none.

Sources: NIST Digital Library of Mathematical Functions (DLMF), chapters 5, 8, 10 and 25; W. Press et al., "Numerical
Recipes", 6.2 and 6.4, for the continued fractions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist

_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330,
    854513 / 138, -236364091 / 2730,
)  # fmt: skip
"""The Bernoulli numbers of index 2, 4, 6, ..."""
_TINY = 1e-300


# -- the gamma function and its kin


def gammaln(x: float) -> float:
    """The logarithm of the magnitude of the gamma function; infinite at its poles."""
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return math.inf


def digamma(x: float) -> float:
    """The derivative of ``gammaln``: recurrence to large ``x``, there the asymptotic series (DLMF 5.11.2)."""
    if x <= 0:
        rest = x - round(x)  # reflection, DLMF 5.5.4
        return math.nan if rest == 0 or x == -math.inf else digamma(1 - x) - math.pi / math.tan(math.pi * rest)
    total = 0.0
    while x < 10:
        total -= 1 / x
        x += 1
    series = sum(b / (2 * k * x ** (2 * k)) for k, b in enumerate(_BERNOULLI, 1))
    return total + math.log(x) - 0.5 / x - series


def zeta(s: float, q: float) -> float:
    """The Hurwitz zeta function for ``s > 1`` and ``q > 0``, by Euler and Maclaurin (DLMF 25.11.5)."""
    if not (s >= 1 and q > 0):
        return math.nan
    if s == 1:
        return math.inf
    total = math.fsum((q + k) ** -s for k in range(12))
    end = q + 12
    total += end ** (1 - s) / (s - 1) + 0.5 * end**-s
    factor = s * end ** (-s - 1) / 2
    for k, b in enumerate(_BERNOULLI, 1):
        total += b * factor
        factor *= (s + 2 * k - 1) * (s + 2 * k) / ((2 * k + 1) * (2 * k + 2) * end * end)
    return total


def polygamma(n: int, x: float) -> float:
    """The derivative of order ``n`` of ``digamma``, for positive ``x`` where ``n`` is not 0."""
    return digamma(x) if n == 0 else (-1) ** (n + 1) * math.factorial(n) * zeta(n + 1, x)


def betaln(a: float, b: float) -> float:
    """The logarithm of the beta function of positive numbers."""
    if not (a > 0 and b > 0):
        return math.nan
    return math.log(beta(a, b)) if a + b < 100 else gammaln(a) + gammaln(b) - gammaln(a + b)


def beta(a: float, b: float) -> float:
    """The beta function of positive numbers."""
    if not (a > 0 and b > 0):
        return math.nan
    if a + b < 100:
        return math.gamma(a) / math.gamma(a + b) * math.gamma(b)
    return math.exp(gammaln(a) + gammaln(b) - gammaln(a + b))


# -- incomplete integrals


def gammainc(a: float, x: float) -> float:
    """The regularised lower incomplete gamma function: a series (DLMF 8.7.1), or one minus ``gammaincc``."""
    if not (a > 0 and x >= 0):
        return math.nan
    if x >= a + 1:
        return 1 - gammaincc(a, x)
    term = total = 1 / a
    k = 0
    while abs(term) > 1e-17 * abs(total):
        k += 1
        term *= x / (a + k)
        total += term
    return total * _gamma_front(a, x)


def gammaincc(a: float, x: float) -> float:
    """The regularised upper incomplete gamma function: a continued fraction, or one minus ``gammainc``."""
    if not (a > 0 and x >= 0):
        return math.nan
    if x < a + 1:
        return 1 - gammainc(a, x)
    if x == math.inf:
        return 0.0
    fractions = ((-k * (k - a), x + 2 * k + 1 - a) for k in _counted())
    return _gamma_front(a, x) / _fraction(x + 1 - a, fractions)


def _gamma_front(a: float, x: float) -> float:
    """``x**a * exp(-x) / gamma(a)``."""
    if a < 100 and x < 300:
        return float(x**a) * math.exp(-x) / math.gamma(a)
    return math.exp(a * math.log(x) - x - gammaln(a))


def betainc(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by a continued fraction (DLMF 8.17.22)."""
    if not (a > 0 and b > 0 and 0 <= x <= 1):
        return math.nan
    if x > (a + 1) / (a + b + 2):
        return 1 - betainc(b, a, 1 - x)
    front = x**a * (1 - x) ** b / (a * beta(a, b))

    def numerator(k: int) -> float:
        m, is_odd = divmod(k, 2)
        if is_odd:
            return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))

    return float(front / _fraction(1.0, ((numerator(k), 1.0) for k in _counted())))


def _counted() -> Iterator[int]:
    return iter(range(1, 10_000))


def _fraction(first: float, parts: Iterator[tuple[float, float]]) -> float:
    """``first + p1 / (q1 + p2 / (q2 + ...))`` by the method of Lentz."""
    value = c = first or _TINY
    d = 0.0
    for p, q in parts:
        d = 1 / ((q + p * d) or _TINY)
        c = (q + p / c) or _TINY
        value *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return value


# -- modified Bessel functions


def bessel(order: int, x: float, is_scaled: bool) -> float:
    """The modified Bessel function of order 0 or 1, times ``exp(-abs(x))`` if it ``is_scaled``.

    The power series (DLMF 10.25.2) has positive terms only; beyond 30 the asymptotic one (DLMF 10.40.1) is exact.
    """
    size = abs(x)
    sign = -1.0 if order == 1 and x < 0 else 1.0
    if math.isinf(x):
        return sign * (0.0 if is_scaled else math.inf)
    if size > 800 and not is_scaled:
        return sign * math.inf
    if size <= 30:
        term = total = (size / 2) ** order
        k = 0
        while term > 1e-17 * total:
            k += 1
            term *= size * size / 4 / (k * (k + order))
            total += term
        return sign * total * (math.exp(-size) if is_scaled else 1.0)
    term = total = 1.0
    k = 0
    while abs(term) > 1e-17:
        k += 1
        term *= ((2 * k - 1) ** 2 - 4 * order * order) / (8 * k * size)
        total += term
    scaled = total / math.sqrt(2 * math.pi * size)
    if is_scaled:
        return sign * scaled
    half = math.exp(size / 2)  # the whole would overflow too early
    return sign * scaled * half * half


# -- the normal distribution


def ndtr(x: float) -> float:
    """The distribution function of the standard normal distribution."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def log_ndtr(x: float) -> float:
    """The logarithm of ``ndtr``, far below 0 by its asymptotic series (DLMF 7.12.1)."""
    if x > 0:
        return math.log1p(-ndtr(-x))
    if x > -10 or math.isnan(x):
        return math.log(ndtr(x))
    term = total = 1.0
    for k in range(1, 25):
        term *= -(2 * k - 1) / (x * x)
        total += term
    return -x * x / 2 - math.log(-x) - math.log(2 * math.pi) / 2 + math.log(total)


def ndtri(p: float) -> float:
    """The inverse of ``ndtr``: M. Wichura's algorithm AS 241."""
    if not 0 < p < 1:
        return {0.0: -math.inf, 1.0: math.inf}.get(p, math.nan)
    return NormalDist().inv_cdf(p)
