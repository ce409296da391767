"""Elementwise operations on the bits of integers, and on truth values as single bits."""

from __future__ import annotations

import operator

from polyflow_reference.array import Array
from polyflow_reference.elementwise import elementwise
from polyflow_reference.operands import Operand, meet


def bitwise_and(x1: Operand, x2: Operand, /) -> Array:
    """The bits that both elements have.

    >>> bitwise_and(Array.of([12]), 10)
    Array([8], int64)
    """
    return elementwise(operator.and_, *meet("bitwise_and", "boolean or integral", x1, x2))


def bitwise_or(x1: Operand, x2: Operand, /) -> Array:
    """The bits that at least one of two elements has.

    >>> bitwise_or(Array.of([12]), 10)
    Array([14], int64)
    """
    return elementwise(operator.or_, *meet("bitwise_or", "boolean or integral", x1, x2))


def bitwise_xor(x1: Operand, x2: Operand, /) -> Array:
    """The bits that exactly one of two elements has.

    >>> bitwise_xor(Array.of([12]), 10)
    Array([6], int64)
    """
    return elementwise(operator.xor, *meet("bitwise_xor", "boolean or integral", x1, x2))


def bitwise_invert(x: Array, /) -> Array:
    """The elements with every bit flipped; of an integer, -x - 1.

    >>> bitwise_invert(Array.of([0, 5])), bitwise_invert(Array.of([True]))
    (Array([-1, -6], int64), Array([False], bool))
    """
    (x,) = meet("bitwise_invert", "boolean or integral", x)
    return elementwise(operator.invert if x.dtype.is_integer else operator.not_, x)


def bitwise_left_shift(x1: Operand, x2: Operand, /) -> Array:
    """The elements of x1 with their bits moved up by x2 places, x1 * 2 ** x2; zeros come in.

    By the width or more, which includes what no width can be, a negative x2, it is 0.

    >>> bitwise_left_shift(Array.of([1, 1, 1]), Array.of([3, 63, 64]))
    Array([8, -9223372036854775808, 0], int64)
    """
    arrays = meet("bitwise_left_shift", "integral", x1, x2)
    bits = arrays[0].dtype.bits
    return elementwise(lambda value, places: value << places if 0 <= places < bits else 0, *arrays)


def bitwise_right_shift(x1: Operand, x2: Operand, /) -> Array:
    """The elements of x1 with their bits moved down by x2 places, floor(x1 / 2 ** x2); copies of the sign come in.

    By the width or more, which includes what no width can be, a negative x2, only the sign is left: 0 or -1.

    >>> bitwise_right_shift(Array.of([-8, -8, 8]), Array.of([1, 64, 64]))
    Array([-4, -1, 0], int64)
    """
    arrays = meet("bitwise_right_shift", "integral", x1, x2)
    bits = arrays[0].dtype.bits
    return elementwise(lambda value, places: value >> (places if 0 <= places < bits else bits), *arrays)
