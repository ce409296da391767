"""Whether two values are near enough: equal for integers and bools, within so many last places for floats.

How many is in ``tolerances.py``.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from typing import Any

from polyflow.core.dtypes import DType, bool_, real_dtype
from polyflow.core.literal import Literal

EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}


def difference(expected: Literal, found: Literal, ulps: int, is_elementwise: bool = False) -> str | None:
    """What is wrong with ``found``, or ``None`` where it is near enough to ``expected``.

    A float may be ``ulps`` units of its own last place away or, unless ``is_elementwise``, as many of the last place of
    the largest expected value, since sums cancel. With 0 ulps a zero must have the right sign too. NaN equals NaN,
    infinities must agree in sign, and engines may flush to zero what is below the smallest normal number.
    """
    if expected.dtype is not found.dtype:
        return f"dtype {found.dtype} instead of {expected.dtype}"
    if expected.shape != found.shape:
        return f"shape {found.shape} instead of {expected.shape}"
    if not expected.dtype.is_differentiable:
        wild = found.data.strip(b"\0\1") if expected.dtype is bool_ else b""
        if wild:
            return f"a bool is neither false nor true, but {wild[0]} in memory"
        return None if expected.data == found.data else _first_wrong(flat(expected), flat(found), lambda a, b: a == b)
    if expected.data == found.data:
        return None
    wanted, got = flat(expected), flat(found)
    unit, least = ulps * EPSILON[real_dtype(expected.dtype).name], smallest(expected.dtype)
    if not ulps and not expected.dtype.is_complex:
        return _first_wrong(wanted, got, lambda a, b: _is_same(a, b, least))
    finite = [] if is_elementwise else [abs(each) for each in wanted if _is_finite(each)]
    slack = unit * max(finite, default=0.0) + least
    return _first_wrong(wanted, got, lambda a, b: _is_near(a, b, unit, slack))


def flat(value: Literal) -> list[Any]:
    """The elements in one list."""
    elements = Literal(value.dtype, (value.size,), value.data).tolist()
    assert isinstance(elements, list)
    return elements


def smallest(dtype: DType) -> float:
    """The smallest positive normal number: below it, engines may flush to zero."""
    return {"float16": 2.0**-14, "bfloat16": 2.0**-126, "float32": 2.0**-126}.get(real_dtype(dtype).name, 2.0**-1022)


def _is_same(expected: float, found: float, least: float) -> bool:
    if expected == found:
        return math.copysign(1.0, expected) == math.copysign(1.0, found)
    return (math.isnan(expected) and math.isnan(found)) or (found == 0.0 and abs(expected) < least)


def _is_near(expected: Any, found: Any, unit: float, slack: float) -> bool:
    if isinstance(expected, complex):
        if cmath.isnan(expected):  # which part of a complex NaN is one is nobody's promise
            return bool(cmath.isnan(found))
        if not (cmath.isfinite(expected) and cmath.isfinite(found)):
            return _is_near(expected.real, found.real, unit, slack) and _is_near(expected.imag, found.imag, unit, slack)
    elif not math.isfinite(expected) or not math.isfinite(found):
        return bool(expected == found) or (math.isnan(expected) and math.isnan(found))
    return bool(abs(expected - found) <= max(unit * abs(expected), slack))


def _is_finite(value: complex) -> bool:
    return cmath.isfinite(value)


def _first_wrong(expected: Sequence[Any], found: Sequence[Any], is_right: Any) -> str | None:
    wrong = [index for index, pair in enumerate(zip(expected, found, strict=True)) if not is_right(*pair)]
    if not wrong:
        return None
    index = wrong[0]
    count = f"{len(wrong)} of {len(expected)} elements differ"
    return f"{count}; element {index} is {found[index]!r}, not {expected[index]!r}"
