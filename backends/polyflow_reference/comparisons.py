"""Elementwise comparisons and logic: everything here gives truth values."""

from __future__ import annotations

import operator

from polyflow.core.dtypes import bool_
from polyflow.errors import DTypeError, message
from polyflow_reference.array import Array
from polyflow_reference.elementwise import ScalarFunction, elementwise
from polyflow_reference.operands import Operand, meet


def equal(x1: Operand, x2: Operand, /) -> Array:
    """Whether corresponding elements are equal; NaN equals nothing.

    >>> equal(Array.of([1, 2]), 2)
    Array([False, True], bool)
    """
    return elementwise(operator.eq, *meet("equal", "any", x1, x2), dtype=bool_)


def not_equal(x1: Operand, x2: Operand, /) -> Array:
    """Whether corresponding elements differ; NaN differs from everything.

    >>> not_equal(Array.of([1, 2]), 2)
    Array([True, False], bool)
    """
    return elementwise(operator.ne, *meet("not_equal", "any", x1, x2), dtype=bool_)


def less(x1: Operand, x2: Operand, /) -> Array:
    """Whether x1 < x2.

    >>> less(Array.of([1, 2, 3]), 2)
    Array([True, False, False], bool)
    """
    return _ordered("less", operator.lt, x1, x2)


def less_equal(x1: Operand, x2: Operand, /) -> Array:
    """Whether x1 <= x2.

    >>> less_equal(Array.of([1, 2, 3]), 2)
    Array([True, True, False], bool)
    """
    return _ordered("less_equal", operator.le, x1, x2)


def greater(x1: Operand, x2: Operand, /) -> Array:
    """Whether x1 > x2.

    >>> greater(Array.of([1, 2, 3]), 2)
    Array([False, False, True], bool)
    """
    return _ordered("greater", operator.gt, x1, x2)


def greater_equal(x1: Operand, x2: Operand, /) -> Array:
    """Whether x1 >= x2.

    >>> greater_equal(Array.of([1, 2, 3]), 2)
    Array([False, True, True], bool)
    """
    return _ordered("greater_equal", operator.ge, x1, x2)


def logical_and(x1: Operand, x2: Operand, /) -> Array:
    """Whether both elements are true.

    >>> logical_and(Array.of([True, True]), Array.of([True, False]))
    Array([True, False], bool)
    """
    return elementwise(operator.and_, *meet("logical_and", "bool", x1, x2))


def logical_or(x1: Operand, x2: Operand, /) -> Array:
    """Whether at least one of two elements is true.

    >>> logical_or(Array.of([True, False]), False)
    Array([True, False], bool)
    """
    return elementwise(operator.or_, *meet("logical_or", "bool", x1, x2))


def logical_xor(x1: Operand, x2: Operand, /) -> Array:
    """Whether exactly one of two elements is true.

    >>> logical_xor(Array.of([True, False]), True)
    Array([False, True], bool)
    """
    return elementwise(operator.xor, *meet("logical_xor", "bool", x1, x2))


def logical_not(x: Array, /) -> Array:
    """The other truth values.

    >>> logical_not(Array.of([True, False]))
    Array([False, True], bool)
    """
    return elementwise(operator.not_, *meet("logical_not", "bool", x))


def _ordered(name: str, function: ScalarFunction, x1: Operand, x2: Operand) -> Array:
    arrays = meet(name, "any", x1, x2)
    if arrays[0].dtype.is_complex:
        raise DTypeError(message(f"{name}: complex numbers have no order", remedy="compare abs(x), or real(x)"))
    return elementwise(function, *arrays, dtype=bool_)
