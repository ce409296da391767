"""What checks of derivatives share: points along a direction, slopes by differences, and finding out who failed.

All is done in double precision, real and complex; complex numbers move along complex directions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from polyflow.core.dtypes import DType, complex128, float64
from polyflow.core.literal import Literal, literal
from polyflow.core.tensor import Tensor
from polyflow_conformance.tolerance import flat

WIDE = (float64, complex128)
STEP = 1e-3
STENCIL = (-2, -1, 0, 1, 2)
"""Where f is evaluated, in steps: the slope is ``(8 (f1 - f-1) - (f2 - f-2)) / (12 STEP)``, its error of order 4."""
TOLERANCE = 1e-7
"""Relative to the largest of slope, quotient, f and 1."""

Wanted = TypeVar("Wanted")


def slope(values: Mapping[int, complex]) -> complex:
    """The derivative along the stencil of a function with these values there.

    >>> round(slope({place: 3.0 * place * STEP for place in STENCIL}), 9)
    3.0
    """
    return (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * STEP)


def moved(
    feeds: Mapping[Tensor, Literal], directions: Mapping[Tensor, Sequence[complex]], distance: float
) -> list[Literal]:
    """The feeds, in order, those that have a direction moved along it."""
    found = []
    for tensor, value in feeds.items():
        direction = directions.get(tensor)
        if direction is not None:
            numbers = [x + distance * d for x, d in zip(flat(value), direction, strict=True)]
            value = literal_of(numbers, value.dtype, value.shape)
        found.append(value)
    return found


def numbers(dtype: DType, count: int, draw: Callable[[], float]) -> list[complex]:
    """Random numbers of a dtype, both parts of complex ones drawn alike."""
    return [complex(draw(), draw()) if dtype.is_complex else draw() for _ in range(count)]


def literal_of(elements: Sequence[complex], dtype: DType, shape: tuple[int, ...]) -> Literal:
    """An array of these elements."""
    return Literal(dtype, shape, literal(list(elements), dtype).data)


Failure = str | Exception | None


def failures(
    wanted: Sequence[Wanted], together: Callable[[Sequence[Wanted]], Mapping[Wanted, Failure]]
) -> dict[Wanted, Failure]:
    """What is wrong with each: looked for in one program of all, and in halves where something raises."""
    if not wanted:
        return {}
    try:
        return dict(together(wanted))
    except Exception as error:
        if len(wanted) == 1:
            return {wanted[0]: error}
        middle = len(wanted) // 2
        return {**failures(wanted[:middle], together), **failures(wanted[middle:], together)}
