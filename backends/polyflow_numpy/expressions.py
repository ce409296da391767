"""Operations on small arrays as expressions in which NumPy itself does all the work.

A call of a ufunc's ``reduce``, or of ``numpy.matmul``, takes one to three microseconds before it computes anything; a
method of the array, or a product with ones, which BLAS sums, takes half of one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polyflow.core.tensor import Operation
from polyflow.extension.expressions import Expression

_MOST_ROWS = 1 << 18
"""The longest axis that is summed by a product with ones, which are kept."""
_MOST_COLUMNS = 512
"""The longest rows that are: BLAS adds them in a few dozen sums, NumPy in pairs. Up to here its error is about twice
NumPy's, in a quarter of the time; in longer rows pairs round less."""
_SHORT = 32
"""The longest rows that cost less as columns."""
_add_reduce: Any = np.add.reduce


def matmul(operation: Operation) -> Expression | None:
    """``a.dot(b)`` for matrices and vectors of floats."""
    a, b = (each.type for each in operation.inputs)
    if a.rank > 2 or b.rank > 2 or a.known_dtype.kind not in ("float", "complex"):
        return None
    return Expression("{0}.dot({1})")


def matrix_transpose(operation: Operation) -> Expression | None:
    """``a.T`` for a matrix."""
    return Expression("{0}.T") if operation.inputs[0].type.rank == 2 else None


def reshape(operation: Operation) -> Expression:
    """The method of the array."""
    return Expression(f"{{0}}.reshape({operation.attributes['shape']!r})")


def permute_dims(operation: Operation) -> Expression:
    """The method of the array."""
    return Expression(f"{{0}}.transpose({operation.attributes['axes']!r})")


def sum(operation: Operation) -> Expression | None:
    """A product with ones for a matrix of floats; else ``numpy.add.reduce`` without a function around it."""
    x, result = operation.inputs[0].type, operation.outputs[0].type
    if not x.is_static:
        return None
    if x.dtype is result.dtype:
        product = _by_product(operation)
        if product is not None:
            return product
    axis, keepdims = operation.attributes["axis"], operation.attributes["keepdims"]
    constants = {"reduce": _add_reduce, "dtype": np.dtype(result.known_dtype.name)}
    return Expression(f"{{reduce}}({{0}}, {axis!r}, {{dtype}}, None, {keepdims!r})", constants)


def mean(operation: Operation) -> Expression | None:
    """A sum over the count, which is known."""
    x = operation.inputs[0].type
    if not x.is_static or not x.size:
        return None
    axis, keepdims = operation.attributes["axis"], operation.attributes["keepdims"]
    total = _by_product(operation) or Expression(
        f"{{reduce}}({{0}}, {axis!r}, None, None, {keepdims!r})", {"reduce": _add_reduce}
    )
    counted = x.size // (operation.outputs[0].type.size or 1)
    dtype: Any = np.dtype(x.known_dtype.name)
    count = np.zeros((), dtype).real.dtype.type(counted)
    if operation.outputs[0].type.rank == 0:
        return Expression(f"{total.text} / {{count}}", {**total.constants, "count": count})
    constants = {**total.constants, "count": np.asarray(count), "divide": np.true_divide}
    return Expression(f"{{divide}}({total.text}, {{count}})", constants)


def _by_product(operation: Operation) -> Expression | None:
    """The sum over one axis of a matrix of floats."""
    x = operation.inputs[0].type
    axis = operation.attributes["axis"]
    axes = axis if isinstance(axis, tuple) else (axis,)
    if x.rank != 2 or x.known_dtype.kind != "float" or x.known_dtype.bits < 32 or len(axes) != 1 or axes[0] is None:
        return None
    keepdims = operation.attributes["keepdims"]
    place = axes[0] % 2
    length = x.static_shape[place]
    if length > (_MOST_COLUMNS if place else _MOST_ROWS) or not x.size:
        return None
    shape = ((1, length), (length, 1))[place] if keepdims else (length,)
    ones = np.ones(shape, x.known_dtype.name)
    return Expression("{0}.dot({ones})" if place else "{ones}.dot({0})", {"ones": ones})


def is_short(shape: tuple[int, ...], axis: int) -> bool:
    """Whether an array of that shape has many short rows along ``axis``, its last one."""
    return bool(shape) and axis in (-1, len(shape) - 1) and 0 < shape[-1] <= _SHORT and math.prod(shape) >= 64
