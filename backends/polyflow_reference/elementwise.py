"""The one driver of all elementwise functions: a function of Python scalars, applied to the elements that correspond.

The families are ``arithmetic``, ``comparisons``, ``bits``, ``exponentials``, ``trigonometry``, ``roundings`` and
``floating``; the scalar functions that need care at infinities and NaN are in ``real_functions`` and
``complex_functions``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polyflow.core.dtypes import DType
from polyflow_reference.array import Array
from polyflow_reference.operands import Operand, meet
from polyflow_reference.shapes import broadcast_shapes

# Takes one Python scalar for each operand. Which type they have, the operands' dtype says.
ScalarFunction = Callable[..., Any]


def elementwise(
    function: ScalarFunction, *operands: Array, dtype: DType | None = None, careful: ScalarFunction | None = None
) -> Array:
    """``function`` of corresponding elements, rounded to ``dtype`` (by default the first operand's).

    Where ``function`` raises, as Python does at a division by zero, ``careful`` is asked, which is slower and total.

    >>> elementwise(lambda a, b: a + 10 * b, Array.of([1, 2]), Array.of([[3], [4]]))
    Array([[31, 32], [41, 42]], int64)
    """
    shape = broadcast_shapes(*(x.shape for x in operands))
    columns = [x.stretched(shape) for x in operands]
    try:
        values = list(map(function, *columns))
    except (ArithmeticError, ValueError):
        if careful is None:
            raise
        values = list(map(careful, *columns))
    return Array.fitted(values, shape, dtype or operands[0].dtype)


def real_or_complex(name: str, real: ScalarFunction, complex_: ScalarFunction, *operands: Operand) -> Array:
    """A function of floating-point numbers, by its definitions for real and for complex numbers.

    Integers take the default floating-point dtype first.

    >>> real_or_complex("halve", lambda x: x / 2, lambda z: z / 2, Array.of([1, 2]))
    Array([0.5, 1.0], float32)
    """
    arrays = meet(name, "numeric", *operands, floating=True)
    return elementwise(complex_ if arrays[0].dtype.is_complex else real, *arrays)


def real_only(name: str, real: ScalarFunction, *operands: Operand) -> Array:
    """A function of real floating-point numbers; integers take the default floating-point dtype first.

    >>> real_only("average", lambda a, b: (a + b) / 2, Array.of([1.0, 2.0]), 4)
    Array([2.5, 3.0], float32)
    """
    return elementwise(real, *meet(name, "real", *operands, floating=True))
