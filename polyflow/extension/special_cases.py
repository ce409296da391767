"""Special cases of the standard, for libraries that depart from them at infinities, NaN and zeros.

What a complex function gives where a part is infinite or NaN depends only on the kind of each part: negative or
positive, zero, infinite, NaN. The reference backend knows the right answers; here they are asked for once a function,
kept as a table of seven by seven, and looked up where they apply.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from polyflow.core.dtypes import complex128
from polyflow.core.literal import Literal, literal
from polyflow.extension.backend import Kernel
from polyflow.extension.manager import extensions

Array = Any  # an array of the namespace at hand

_KINDS = (-float("inf"), -1.0, -0.0, 0.0, 1.0, float("inf"), float("nan"))
"""One number of each kind, in the order of :func:`_kind`."""


def mended(name: str, xp: Any, *, at_infinity: bool = False) -> Kernel:
    """The namespace's unary function ``name``, right for complex numbers with infinite or NaN parts.

    The table is asked where the imaginary part is infinite or NaN, or the real part NaN; with ``at_infinity`` also
    where the real part is infinite.
    """
    function: Callable[[Array], Array] = getattr(xp, name)

    def kernel(x: Array, /) -> Array:
        result = function(x)
        if not xp.isdtype(x.dtype, "complex floating"):
            return result
        real, imag = xp.real(x), xp.imag(x)
        is_special = ~xp.isfinite(imag) | (~xp.isfinite(real) if at_infinity else xp.isnan(real))
        table = xp.asarray(_table(name), dtype=result.dtype)
        places = _kind(xp, real) * 7 + _kind(xp, imag)
        answers = xp.reshape(xp.take(table, xp.reshape(places, (-1,)), axis=0), x.shape)
        return xp.where(is_special, answers, result)

    kernel.on_reals = function  # type: ignore[attr-defined]
    return kernel


@cache
def _table(name: str) -> list[complex]:
    """The answers of the reference backend for each kind of real part with each kind of imaginary part."""
    oracle = extensions().backend("reference")
    points = [complex(real, imag) for real in _KINDS for imag in _KINDS]
    value: Literal = literal(points, complex128)
    answers = getattr(oracle.namespace, name)(oracle.from_literal(value, oracle.devices()[0]))
    return list(oracle.to_literal(answers).tolist())  # type: ignore[arg-type]


def _kind(xp: Any, part: Array) -> Array:
    """The place in :data:`_KINDS` of each number's kind."""
    zero = xp.where(xp.signbit(part), 2, 3)
    sized = xp.where(xp.isinf(part), xp.where(part > 0, 5, 0), xp.where(part > 0, 4, 1))
    return xp.where(xp.isnan(part), 6, xp.where(part == 0, zero, sized))


def floor_divide(xp: Any, native: Kernel, x1: Array, x2: Array) -> Array:
    """``floor(x1 / x2)`` where an operand is infinite or the first is zero, else the library's own."""
    result = native(x1, x2)
    if not xp.isdtype(x1.dtype, "real floating"):
        return result
    return xp.where(xp.isfinite(x1) & xp.isfinite(x2) & (x1 != 0), result, xp.floor(x1 / x2))


def remainder(xp: Any, native: Kernel, x1: Array, x2: Array) -> Array:
    """The library's own remainder, a zero with the sign of ``x2``."""
    result = native(x1, x2)
    if not xp.isdtype(x1.dtype, "real floating"):
        return result
    return xp.where(result == 0, xp.copysign(result, x2), result)
