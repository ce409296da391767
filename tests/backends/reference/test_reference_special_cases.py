"""The special cases that the standard lists for elementwise functions: zeros with signs, infinities and NaN.

The official suite reads most of them from the standard's text. Here are those that it cannot read, and a sample of the
rest, written out.
"""

from __future__ import annotations

import math

import pytest
from polyflow_reference import namespace as xp

inf, nan, pi = math.inf, math.nan, math.pi

REAL = [
    ("floor_divide", (inf, 2.0), inf), ("floor_divide", (-inf, 2.0), -inf), ("floor_divide", (inf, -2.0), -inf),
    ("floor_divide", (1.0, -inf), -0.0), ("floor_divide", (-1.0, inf), -0.0), ("floor_divide", (-1.0, -inf), 0.0),
    ("floor_divide", (inf, inf), nan), ("floor_divide", (1.0, 0.0), inf), ("floor_divide", (1.0, -0.0), -inf),
    ("floor_divide", (-0.0, 1.0), -0.0), ("floor_divide", (0.0, -1.0), -0.0), ("floor_divide", (0.0, 0.0), nan),
    ("remainder", (-0.0, 1.0), 0.0), ("remainder", (0.0, -1.0), -0.0), ("remainder", (1.0, inf), 1.0),
    ("remainder", (1.0, -inf), -inf), ("remainder", (-1.0, inf), inf), ("remainder", (inf, 1.0), nan),
    ("remainder", (1.0, 0.0), nan), ("remainder", (nan, 1.0), nan),
    ("divide", (0.0, 0.0), nan), ("divide", (1.0, -0.0), -inf), ("divide", (-1.0, 0.0), -inf),
    ("divide", (nan, 0.0), nan), ("divide", (-1.0, inf), -0.0),
    ("pow", (nan, 0.0), 1.0), ("pow", (1.0, nan), 1.0), ("pow", (-1.0, inf), 1.0), ("pow", (0.5, -inf), inf),
    ("pow", (-0.0, 3.0), -0.0), ("pow", (-0.0, -3.0), -inf), ("pow", (-0.0, -2.0), inf), ("pow", (0.0, -1.0), inf),
    ("pow", (-inf, 3.0), -inf), ("pow", (-inf, -3.0), -0.0), ("pow", (-2.0, 0.5), nan), ("pow", (-0.0, -inf), inf),
    ("pow", (0.0, -0.5), inf), ("pow", (-0.0, -0.5), inf),
    ("hypot", (inf, nan), inf), ("hypot", (nan, -inf), inf), ("hypot", (nan, 1.0), nan), ("hypot", (-3.0, 0.0), 3.0),
    ("logaddexp", (inf, -inf), inf), ("logaddexp", (-inf, -inf), -inf), ("logaddexp", (nan, inf), nan),
    ("logaddexp", (1000.0, -inf), 1000.0),
    ("nextafter", (-0.0, 0.0), 0.0), ("nextafter", (0.0, -0.0), -0.0), ("nextafter", (nan, 1.0), nan),
    ("maximum", (nan, 1.0), nan), ("maximum", (1.0, nan), nan), ("minimum", (nan, inf), nan),
    ("copysign", (2.0, -0.0), -2.0), ("atan2", (-0.0, -1.0), -pi), ("atan2", (0.0, -0.0), pi),
    ("atan2", (inf, -inf), 3 * pi / 4),
    ("exp", (-inf,), 0.0), ("exp", (1e4,), inf), ("expm1", (-inf,), -1.0), ("expm1", (-0.0,), -0.0),
    ("log", (0.0,), -inf), ("log", (-0.0,), -inf), ("log", (-1.0,), nan), ("log1p", (-1.0,), -inf),
    ("log1p", (-2.0,), nan), ("log1p", (-0.0,), -0.0), ("log2", (0.0,), -inf), ("log10", (-inf,), nan),
    ("sqrt", (-0.0,), -0.0), ("sqrt", (-1.0,), nan), ("sin", (inf,), nan), ("cos", (-inf,), nan),
    ("tan", (-0.0,), -0.0), ("asin", (2.0,), nan), ("acos", (1.0,), 0.0), ("acosh", (0.5,), nan),
    ("atanh", (1.0,), inf), ("atanh", (-1.0,), -inf), ("atanh", (2.0,), nan), ("sinh", (-1e4,), -inf),
    ("cosh", (-1e4,), inf), ("tanh", (-inf,), -1.0), ("asinh", (-inf,), -inf),
    ("sign", (nan,), nan), ("sign", (-0.0,), 0.0), ("abs", (-0.0,), 0.0), ("square", (-inf,), inf),
    ("reciprocal", (-0.0,), -inf), ("floor", (-inf,), -inf), ("ceil", (-0.5,), -0.0), ("round", (-0.4,), -0.0),
    ("trunc", (nan,), nan), ("negative", (0.0,), -0.0),
]  # fmt: skip

COMPLEX = [
    ("exp", (complex(inf, 0.0),), complex(inf, 0.0)), ("exp", (complex(-inf, 1.0),), complex(0.0, 0.0)),
    ("exp", (complex(-inf, nan),), complex(0.0, 0.0)), ("exp", (complex(inf, nan),), complex(inf, nan)),
    ("exp", (complex(nan, 0.0),), complex(nan, 0.0)), ("exp", (complex(1.0, inf),), complex(nan, nan)),
    ("exp", (complex(1e4, 0.0),), complex(inf, 0.0)), ("exp", (complex(1e4, 2.0),), complex(-inf, inf)),
    ("expm1", (complex(-0.0, 0.0),), 0j), ("expm1", (complex(-inf, 1.0),), complex(-1.0, 0.0)),
    ("expm1", (complex(inf, 2.0),), complex(-inf, inf)), ("expm1", (complex(-inf, nan),), complex(-1.0, 0.0)),
    ("log", (complex(-0.0, 0.0),), complex(-inf, pi)), ("log", (0j,), complex(-inf, 0.0)),
    ("log", (complex(inf, nan),), complex(inf, nan)), ("log", (complex(-inf, inf),), complex(inf, 3 * pi / 4)),
    ("log1p", (-1 + 0j,), complex(-inf, 0.0)), ("log1p", (complex(-inf, 1.0),), complex(inf, pi)),
    ("log1p", (complex(1.0, inf),), complex(inf, pi / 2)), ("log1p", (complex(nan, inf),), complex(inf, nan)),
    ("sqrt", (complex(-inf, 1.0),), complex(0.0, inf)), ("sqrt", (complex(nan, inf),), complex(inf, inf)),
    ("sqrt", (complex(inf, nan),), complex(inf, nan)), ("sqrt", (complex(-4.0, -0.0),), complex(0.0, -2.0)),
    ("sinh", (complex(inf, 0.0),), complex(inf, 0.0)), ("sinh", (complex(0.0, inf),), complex(0.0, nan)),
    ("sinh", (complex(nan, 0.0),), complex(nan, 0.0)), ("sinh", (complex(-1e4, 0.5),), complex(-inf, inf)),
    ("cosh", (complex(inf, 0.0),), complex(inf, 0.0)), ("cosh", (complex(0.0, nan),), complex(nan, 0.0)),
    ("cosh", (complex(1e4, -0.5),), complex(inf, -inf)), ("cosh", (complex(-inf, 0.0),), complex(inf, -0.0)),
    ("tanh", (complex(inf, 1.0),), complex(1.0, 0.0)), ("tanh", (complex(-inf, nan),), complex(-1.0, 0.0)),
    ("tanh", (complex(0.0, inf),), complex(0.0, nan)), ("tanh", (complex(nan, 0.0),), complex(nan, 0.0)),
    ("tanh", (complex(1e4, 1.0),), complex(1.0, 0.0)),
    ("asinh", (complex(1.0, inf),), complex(inf, pi / 2)), ("asinh", (complex(nan, 0.0),), complex(nan, 0.0)),
    ("acosh", (complex(-inf, inf),), complex(inf, 3 * pi / 4)), ("acosh", (complex(0.0, nan),), complex(nan, pi / 2)),
    ("acos", (complex(0.0, nan),), complex(pi / 2, nan)), ("acos", (complex(inf, 1.0),), complex(0.0, -inf)),
    ("atanh", (1 + 0j,), complex(inf, 0.0)), ("atanh", (complex(nan, inf),), complex(0.0, pi / 2)),
    ("atanh", (complex(0.0, nan),), complex(0.0, nan)), ("atan", (complex(0.0, 1.0),), complex(0.0, inf)),
    ("sin", (complex(0.0, inf),), complex(0.0, inf)), ("cos", (complex(0.0, inf),), complex(inf, -0.0)),
    ("tan", (complex(1.0, inf),), complex(0.0, 1.0)), ("asin", (complex(0.0, inf),), complex(0.0, inf)),
    ("sign", (0j,), 0j), ("sign", (complex(nan, 1.0),), complex(nan, nan)), ("abs", (complex(nan, -inf),), inf),
    ("sign", (complex(3e38, 3e38),), complex(math.sqrt(0.5), math.sqrt(0.5))),
    ("add", (complex(-0.0, 0.0), complex(-0.0, -0.0)), complex(-0.0, 0.0)),
    ("pow", (0j, 0j), 1 + 0j), ("pow", (0j, 2 + 0j), 0j), ("pow", (complex(nan, nan), 0j), 1 + 0j),
    ("divide", (complex(nan, nan), complex(nan, nan)), complex(nan, nan)),
    ("divide", (1 + 1j, 0j), complex(inf, inf)), ("reciprocal", (0j,), complex(inf, nan)),
]  # fmt: skip


def is_same(found: complex, expected: complex) -> bool:
    """Equal to within rounding, with the signs of zeros, and NaN where NaN is expected."""
    if isinstance(expected, complex):
        return is_same(found.real, expected.real) and is_same(found.imag, expected.imag)
    if math.isnan(expected) or math.isinf(expected):
        return math.isnan(found) if math.isnan(expected) else found == expected
    close = math.isclose(found, expected, rel_tol=1e-6)
    return close and math.copysign(1.0, found) == math.copysign(1.0, expected)


def ids(case: tuple[str, tuple[complex, ...], complex]) -> str:
    return f"{case[0]}({', '.join(map(str, case[1]))})"


@pytest.mark.parametrize("case", REAL, ids=ids)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_real_special_case(case: tuple[str, tuple[float, ...], float], dtype: str) -> None:
    name, arguments, expected = case
    result = getattr(xp, name)(*(xp.asarray(value, dtype=getattr(xp, dtype)) for value in arguments))
    tolerance = xp.asarray(expected, dtype=result.dtype)
    assert is_same(float(result), float(tolerance)), result


@pytest.mark.parametrize(("exponent", "expected"), [(4.0, inf), (5.0, -inf), (-4.0, 0.0), (-5.0, -0.0)])
@pytest.mark.parametrize(("dtype", "base"), [("float16", -6e4), ("float32", -1e30), ("float64", -1e300)])
def test_powers_overflow_and_vanish_with_their_sign(dtype: str, base: float, exponent: float, expected: float) -> None:
    result = xp.pow(xp.asarray(base, dtype=getattr(xp, dtype)), exponent)
    assert is_same(float(result), expected)


@pytest.mark.parametrize("case", COMPLEX, ids=ids)
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_a_complex_special_case(case: tuple[str, tuple[complex, ...], complex], dtype: str) -> None:
    name, arguments, expected = case
    result = getattr(xp, name)(*(xp.asarray(value, dtype=getattr(xp, dtype)) for value in arguments))
    assert is_same(result.item(), expected), result


# At nan + inf j the standard leaves signs open.
SPECIALS = [complex(a, b) for a in (-inf, -1.0, 0.0, 1.0, inf, nan) for b in (0.0, 1.0, inf) if a == a or b < inf]


def evaluated(name: str, z: complex) -> complex:
    result: complex = getattr(xp, name)(xp.asarray(z, dtype=xp.complex128)).item()
    return result


def is_close(found: complex, expected: complex) -> bool:
    parts = (found.real, found.imag)
    return parts == pytest.approx((expected.real, expected.imag), nan_ok=True, rel=1e-14)


@pytest.mark.parametrize("name", ["sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh"])
def test_odd_complex_functions_are_odd_at_specials(name: str) -> None:
    wrong = [z for z in SPECIALS if not is_close(evaluated(name, -z), -evaluated(name, z))]
    assert wrong == []


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asinh", "acosh"])
def test_complex_functions_commute_with_conjugation_at_specials(name: str) -> None:
    wrong = [z for z in SPECIALS if not is_close(evaluated(name, z.conjugate()), evaluated(name, z).conjugate())]
    assert wrong == []
