"""Elementwise arithmetic: sums, products, quotients, powers, and the parts of complex numbers.

Functions that round to integer values are in ``roundings``; square roots and logarithms in ``exponentials``.
"""

from __future__ import annotations

import builtins
import operator
from typing import Any

from polyflow.core.dtypes import DType, integer_range, real_dtype
from polyflow_reference import complex_functions, real_functions
from polyflow_reference.array import Array
from polyflow_reference.elementwise import ScalarFunction, elementwise
from polyflow_reference.operands import Operand, as_array, common_dtype, meet, require


def add(x1: Operand, x2: Operand, /) -> Array:
    """The sums of corresponding elements, x1 + x2.

    >>> add(Array.of([1, 2]), 10)
    Array([11, 12], int64)
    """
    return elementwise(operator.add, *meet("add", "numeric", x1, x2))


def subtract(x1: Operand, x2: Operand, /) -> Array:
    """The differences of corresponding elements, x1 - x2.

    >>> subtract(Array.of([5.0]), Array.of([1.5]))
    Array([3.5], float32)
    """
    return elementwise(operator.sub, *meet("subtract", "numeric", x1, x2))


def multiply(x1: Operand, x2: Operand, /) -> Array:
    """The products of corresponding elements, x1 * x2.

    >>> multiply(Array.of([[1], [2]]), Array.of([3, 4]))
    Array([[3, 4], [6, 8]], int64)
    """
    arrays = meet("multiply", "numeric", x1, x2)
    return elementwise(complex_functions.multiply if arrays[0].dtype.is_complex else operator.mul, *arrays)


def divide(x1: Operand, x2: Operand, /) -> Array:
    """The quotients of corresponding elements, x1 / x2.

    >>> divide(Array.of([1.0, -1.0, 0.0]), Array.of([4.0, 0.0, 0.0]))
    Array([0.25, -inf, nan], float32)
    """
    arrays = meet("divide", "numeric", x1, x2, floating=True)
    careful = complex_functions.divide if arrays[0].dtype.is_complex else real_functions.divide
    return elementwise(operator.truediv, *arrays, careful=careful)


def floor_divide(x1: Operand, x2: Operand, /) -> Array:
    """The floors of the quotients, floor(x1 / x2); an integer divided by zero gives 0.

    >>> floor_divide(Array.of([7, -7, 7]), Array.of([2, 2, 0]))
    Array([3, -4, 0], int64)
    """
    return _divided("floor_divide", operator.floordiv, real_functions.floor_divide, x1, x2)


def remainder(x1: Operand, x2: Operand, /) -> Array:
    """What floor division leaves, x1 - x2 * floor(x1 / x2), of the sign of x2; an integer over zero leaves 0.

    >>> remainder(Array.of([7, -7, 7]), Array.of([3, 3, 0]))
    Array([1, 2, 0], int64)
    """
    return _divided("remainder", operator.mod, real_functions.remainder, x1, x2)


def _divided(name: str, integers: ScalarFunction, floats: ScalarFunction, x1: Operand, x2: Operand) -> Array:
    arrays = meet(name, "real", x1, x2)
    if arrays[0].dtype.is_floating:
        return elementwise(floats, *arrays)
    return elementwise(integers, *arrays, careful=lambda a, b: integers(a, b) if b else 0)


def pow(x1: Operand, x2: Operand, /) -> Array:
    """The powers of corresponding elements, x1 ** x2.

    An integer to a negative power is the quotient 1 // abs(x1) ** -x2 with its sign: 1, -1 or 0.

    >>> pow(Array.of([2, -1, 3]), Array.of([10, -3, -1]))
    Array([1024, -1, 0], int64)
    >>> pow(Array.of([4.0, -8.0]), 0.5)
    Array([2.0, nan], float32)
    """
    arrays = meet("pow", "numeric", x1, x2)
    dtype = arrays[0].dtype
    if dtype.is_complex:
        return elementwise(complex_functions.power, *arrays)
    return elementwise(real_functions.power if dtype.is_floating else _integer_power(dtype), *arrays)


def _integer_power(dtype: DType) -> ScalarFunction:
    modulus = 2**dtype.bits  # wrapping around on the way, so that the intermediate powers stay small

    def power(base: int, exponent: int) -> int:
        if exponent >= 0:
            return int(builtins.pow(base, exponent, modulus))
        return 0 if base not in (1, -1) else base if exponent % 2 else 1

    return power


def negative(x: Array, /) -> Array:
    """The elements with the other sign, -x.

    >>> negative(Array.of([1.0, -2.0]))
    Array([-1.0, 2.0], float32)
    """
    return elementwise(operator.neg, *meet("negative", "numeric", x))


def positive(x: Array, /) -> Array:
    """The elements as they are, in a new array.

    >>> positive(Array.of([1, -2]))
    Array([1, -2], int64)
    """
    return elementwise(operator.pos, *meet("positive", "numeric", x))


def abs(x: Array, /) -> Array:
    """The absolute values, |x|; of a complex number, the real length sqrt(a**2 + b**2).

    >>> abs(Array.of([-1, 2])), abs(Array.of([3 + 4j]))
    (Array([1, 2], int64), Array([5.0], float32))
    """
    (x,) = meet("abs", "numeric", x)
    function = complex_functions.absolute if x.dtype.is_complex else operator.abs
    return elementwise(function, x, dtype=real_dtype(x.dtype))


def sign(x: Array, /) -> Array:
    """-1, 0 or 1 by the sign of each element; of a complex number, x / |x|.

    >>> sign(Array.of([-2.5, 0.0, 7.0]))
    Array([-1.0, 0.0, 1.0], float32)
    """
    (x,) = meet("sign", "numeric", x)
    if x.dtype.is_integer:
        return elementwise(lambda i: (i > 0) - (i < 0), x)
    return elementwise(complex_functions.sign if x.dtype.is_complex else real_functions.sign, x)


def square(x: Array, /) -> Array:
    """The squares, x * x.

    >>> square(Array.of([1.5, -2.0]))
    Array([2.25, 4.0], float32)
    """
    return multiply(x, x)


def reciprocal(x: Array, /) -> Array:
    """The reciprocals, 1 / x.

    >>> reciprocal(Array.of([4.0, 0.0]))
    Array([0.25, inf], float32)
    """
    return divide(1, x)


def real(x: Array, /) -> Array:
    """The real parts; a real array is its own.

    >>> real(Array.of([1 + 2j]))
    Array([1.0], float32)
    """
    (x,) = meet("real", "numeric", x)
    return elementwise(lambda z: z.real, x, dtype=real_dtype(x.dtype))


def imag(x: Array, /) -> Array:
    """The imaginary parts; those of a real array are zero.

    >>> imag(Array.of([1 + 2j]))
    Array([2.0], float32)
    """
    (x,) = meet("imag", "numeric", x)
    return elementwise(lambda z: z.imag, x, dtype=real_dtype(x.dtype))


def conj(x: Array, /) -> Array:
    """The complex conjugates, a - bj; a real array is its own.

    >>> conj(Array.of([1 + 2j]))
    Array([(1-2j)], complex64)
    """
    return elementwise(lambda z: z.conjugate(), *meet("conj", "numeric", x))


def maximum(x1: Operand, x2: Operand, /) -> Array:
    """The larger of corresponding elements; NaN where one of them is NaN.

    >>> maximum(Array.of([1, 5]), 3)
    Array([3, 5], int64)
    """
    return elementwise(real_functions.maximum, *meet("maximum", "real", x1, x2))


def minimum(x1: Operand, x2: Operand, /) -> Array:
    """The smaller of corresponding elements; NaN where one of them is NaN.

    >>> minimum(Array.of([1, 5]), 3)
    Array([1, 3], int64)
    """
    return elementwise(real_functions.minimum, *meet("minimum", "real", x1, x2))


def clip(x: Array, /, min: Operand | None = None, max: Operand | None = None) -> Array:
    """The elements, those below min replaced by it, then those above max; NaN where a bound is.

    A zero at a bound keeps its sign. Python integers outside the range of an integer dtype stand for its ends.

    >>> clip(Array.of([-5, 0, 5]), -1, 3)
    Array([-1, 0, 3], int64)
    """
    as_array("clip", x)
    lower, upper = _within(min, x.dtype), _within(max, x.dtype)
    dtype = common_dtype(*(operand for operand in (x, lower, upper) if operand is not None))
    require("clip", "real", dtype)
    result = positive(x.cast(dtype))
    if lower is not None:
        result = elementwise(lambda a, b: a if a >= b or a != a else b, *meet("clip", "real", result, lower))
    if upper is not None:
        result = elementwise(lambda a, b: a if a <= b or a != a else b, *meet("clip", "real", result, upper))
    return result


def _within(bound: Any, dtype: DType) -> Any:
    if dtype.is_integer and isinstance(bound, int):
        lowest, highest = integer_range(dtype)
        return lowest if bound < lowest else highest if bound > highest else bound
    return bound
