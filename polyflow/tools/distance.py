"""How far apart two values are, in units of the last place."""

from __future__ import annotations

import cmath
import math
from typing import Any

from polyflow.core.dtypes import real_dtype
from polyflow.core.literal import Literal

_EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}


def distance(first: Literal, second: Literal, is_elementwise: bool = True) -> tuple[float, int]:
    """The largest distance of corresponding elements, and the place of it in row-major order.

    The unit is the last place of the element of ``first``, or of its largest one where the value is not elementwise,
    since sums cancel. Integers and bools are equal or infinitely far apart, as are values of different types. NaN
    equals NaN.

    >>> from polyflow.core.literal import literal
    >>> distance(literal([1.0, 2.0]), literal([1.0, 2.0 + 2**-21]))
    (2.0, 1)
    """
    if first.type != second.type:
        return math.inf, 0
    if first.data == second.data or first.size == 0:
        return 0.0, 0
    pairs = list(zip(flat(first), flat(second), strict=True))
    if not first.dtype.is_differentiable:
        return next((math.inf, place) for place, (a, b) in enumerate(pairs) if a != b)
    epsilon = _EPSILON[real_dtype(first.dtype).name]
    largest = 0.0 if is_elementwise else max((abs(a) for a, _ in pairs if cmath.isfinite(a)), default=0.0)
    found = [_apart(a, b, epsilon, largest) for a, b in pairs]
    place = max(range(len(found)), key=found.__getitem__)
    return found[place], place


def _apart(a: Any, b: Any, epsilon: float, largest: float) -> float:
    if a == b or (cmath.isnan(a) and cmath.isnan(b)):
        return 0.0
    if not (cmath.isfinite(a) and cmath.isfinite(b)):
        return math.inf
    unit = epsilon * max(abs(a), largest)
    return float(abs(a - b) / unit) if unit > 0 else math.inf


def flat(value: Literal) -> list[Any]:
    """The elements in one list."""
    elements = Literal(value.dtype, (value.size,), value.data).tolist()
    assert isinstance(elements, list)
    return elements
