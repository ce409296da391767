"""Operations on small arrays as expressions in which NumPy itself does all the work.

A call of a ufunc's ``reduce``, or of ``numpy.matmul``, takes one to three microseconds before it computes anything; a
method of the array, or a product with ones, which BLAS sums, takes half of one.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from polyflow.core.tensor import Operation
from polyflow.extension.expressions import Expression
from polyflow_numpy.quiet import LONG

_MOST_ROWS = 1 << 18
"""The longest axis that is summed by a product with ones, which are kept."""
MOST_COLUMNS = 512
"""The longest rows that are: BLAS adds them in a few dozen sums, NumPy in pairs. Up to here its error is about twice
NumPy's, in a quarter of the time; in longer rows pairs round less."""
_SHORT = 32
"""The longest rows that cost less as columns."""
_LARGE = 1 << 18
"""Elements of matrices that do not stay in the cache."""
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


def expand_dims(operation: Operation) -> Expression | None:
    """An index for one new axis, which costs a tenth of the function."""
    axis = operation.attributes["axis"]
    if isinstance(axis, tuple):
        return None
    place = axis % operation.outputs[0].type.rank
    return Expression(f"{{0}}[{':, ' * place}None]")


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
    if length > (MOST_COLUMNS if place else _MOST_ROWS) or not x.size:
        return None
    shape = ((1, length), (length, 1))[place] if keepdims else (length,)
    ones = (shared_ones if length <= MOST_COLUMNS else np.ones)(shape, x.known_dtype.name)
    if place and length >= LONG and x.size >= _LARGE:
        return Expression("{row_sums}({0}, {ones})", {"row_sums": row_sums, "ones": ones})
    return Expression("{0}.dot({ones})" if place else "{ones}.dot({0})", {"ones": ones})


@lru_cache(maxsize=64)
def shared_ones(shape: tuple[int, ...], dtype: Any) -> Any:
    """Ones that nobody may write to, the same for all who ask for them; a few are kept."""
    ones = np.ones(shape, dtype)
    ones.flags.writeable = False
    return ones


def row_sums(x: Any, ones: Any) -> Any:
    """``x.dot(ones)`` for a matrix that is not in the cache: row by row, where BLAS reads several at once."""
    if not x.flags.c_contiguous:
        return x.dot(ones)
    sums = np.vecdot(x, ones.reshape(-1))
    return sums.reshape(-1, 1) if ones.ndim == 2 else sums


def is_short(shape: tuple[int, ...], axis: int) -> bool:
    """Whether an array of that shape has many short rows along ``axis``, its last one."""
    return bool(shape) and axis in (-1, len(shape) - 1) and 0 < shape[-1] <= _SHORT and math.prod(shape) >= 64
