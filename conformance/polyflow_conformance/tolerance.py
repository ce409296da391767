"""How near two values must be: exact for integers and bools, a number of units in the last place for floats."""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from typing import Any

from polyflow.core.dtypes import DType, real_dtype
from polyflow.core.literal import Literal

EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
DEFAULT_ULPS = 16
ULPS: dict[str, int] = {"linalg.det": 64, "linalg.cofactors": 128}
"""Units in the last place by op, where :data:`DEFAULT_ULPS` is not right, relative to the largest expected value."""


def ulps_of(op: str) -> int:
    """The tolerance of ``op``."""
    return ULPS.get(op, DEFAULT_ULPS)


def difference(expected: Literal, found: Literal, ulps: int) -> str | None:
    """What is wrong with ``found``, or ``None`` where it is near enough to ``expected``.

    A float may be ``ulps`` units of its own last place away, or as many of the last place of the largest expected
    value, where sums cancel. NaN equals NaN, infinities must agree in sign.
    """
    if expected.dtype is not found.dtype:
        return f"dtype {found.dtype} instead of {expected.dtype}"
    if expected.shape != found.shape:
        return f"shape {found.shape} instead of {expected.shape}"
    if not expected.dtype.is_differentiable:
        return None if expected.data == found.data else _first_wrong(flat(expected), flat(found), lambda a, b: a == b)
    unit = ulps * EPSILON[real_dtype(expected.dtype).name]
    wanted, got = flat(expected), flat(found)
    finite = [abs(each) for each in wanted if _is_finite(each)]
    slack = unit * max(finite, default=0.0) + smallest(expected.dtype)
    return _first_wrong(wanted, got, lambda a, b: _is_near(a, b, unit, slack))


def flat(value: Literal) -> list[Any]:
    """The elements in one list."""
    elements = Literal(value.dtype, (value.size,), value.data).tolist()
    assert isinstance(elements, list)
    return elements


def smallest(dtype: DType) -> float:
    """The smallest positive normal number: below it, engines may flush to zero."""
    return {"float16": 2.0**-14, "bfloat16": 2.0**-126, "float32": 2.0**-126}.get(real_dtype(dtype).name, 2.0**-1022)


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
