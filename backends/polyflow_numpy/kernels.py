"""Kernels that NumPy has under another name, or faster than by the array API's."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np

from polyflow.core.keys import native_key
from polyflow.extension import Kernel, special_cases
from polyflow.extension.expressions import written_by
from polyflow.extension.half_precision import ready_to_round
from polyflow_numpy import expressions, namespace
from polyflow_numpy.expressions import is_short
from polyflow_numpy.later import kernels_of
from polyflow_numpy.powers import pow
from polyflow_numpy.quiet import LONG, on_long_rows
from polyflow_numpy.scattering import add_at

Array = Any  # numpy.ndarray
_expm1 = special_cases.mended("expm1", namespace)
_add_reduce: Any = np.add.reduce  # the stubs know less of `reduce` than NumPy does
_maximum_reduce: Any = np.maximum.reduce
_minimum_reduce: Any = np.minimum.reduce
_vecdot: Any = np.vecdot  # they do not know its axis

# Ufuncs under the names of ops, which the standard or NumPy may have another name for.
_UFUNCS = {
    "abs": np.absolute, "acos": np.arccos, "acosh": np.arccosh, "asin": np.arcsin, "asinh": np.arcsinh,
    "atan": np.arctan, "atan2": np.arctan2, "atanh": np.arctanh, "add": np.add, "subtract": np.subtract,
    "multiply": np.multiply, "divide": np.true_divide, "negative": np.negative, "exp": np.exp, "log": np.log,
    "square": np.square, "sqrt": np.sqrt,
}  # fmt: skip


IN_PLACE = frozenset(_UFUNCS) | {"maximum", "minimum", "nn.sigmoid", "nn.relu"}
"""Ops whose kernel takes an array to write into after its operands, which may be one of them."""
FRESH = IN_PLACE | {
    "erfinv", "matmul", "sum", "max", "min", "mean", "where", "nn.softmax", "nn.log_softmax", "tanh", "zeros",
    "zeros_like", "index_add", "index_set", "stack", "vecdot",
}  # fmt: skip
"""Ops whose kernel returns memory of its own."""


@written_by(expressions.sum)
def sum(x: Array, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """``numpy.add.reduce``, without the cost of ``numpy.sum``'s wrappers."""
    return _add_reduce(x, axis=axis, dtype=dtype, keepdims=keepdims)


def max(x: Array, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """``numpy.maximum.reduce``."""
    return _maximum_reduce(x, axis=axis, keepdims=keepdims)


def min(x: Array, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """``numpy.minimum.reduce``."""
    return _minimum_reduce(x, axis=axis, keepdims=keepdims)


def astype(x: Array, dtype: Any, /, *, copy: bool = True) -> Any:
    """The elements converted; the real part of a complex array where the dtype is real."""
    if x.dtype.kind == "c" and np.dtype(dtype).kind not in "cb":
        x = x.real
    narrow = np.dtype(dtype)
    if narrow.itemsize == 2 and narrow.kind in "fV" and x.dtype.itemsize >= 4 and x.dtype != np.float32:
        x = _ready_to_round(x)
    return x.astype(dtype)


def _ready_to_round(x: Array) -> Any:
    x = np.asarray(x, np.float64 if x.dtype.itemsize == 4 else None)
    return ready_to_round(namespace, x, lambda each, dtype: np.asarray(each).view(dtype))


def expm1(x: Array, /) -> Any:
    """``numpy.expm1``, which for complex numbers on the real axis loses the axis."""
    result = _expm1(x)
    if x.dtype.kind != "c":
        return result
    on_axis = np.asarray(x.imag == 0)
    result = np.asarray(result)
    result[on_axis] = np.expm1(x.real[on_axis]) + 0j
    result.imag[on_axis] = x.imag[on_axis]
    return result


_WORDS = {"f4": np.int32, "f8": np.int64}
_LARGE = 1024  # elements above which choosing by multiplication is faster in spite of its preparation


def where(condition: Array, x1: Array, x2: Array, /) -> Any:
    """``numpy.where``; a choice between floats and zero as a product of their bits, which takes a third of the time."""
    word = _WORDS.get(x1.dtype.str[1:]) if x1.size > _LARGE and x2.ndim == 0 else None
    if word is None or condition.shape != x1.shape or not x1.flags.c_contiguous or x2.view(word) != 0:
        return np.where(condition, x1, x2)
    return np.multiply(x1.view(word), condition).view(x1.dtype)


def clip(x: Array, /, min: Any = None, max: Any = None) -> Any:
    """``numpy.clip``, which takes read-only arrays; a zero at a bound keeps its sign.

    NumPy sees to that only where both bounds are one number for many elements.
    """
    found = np.clip(x, min, max)
    bounds = [each for each in (min, max) if each is not None]
    is_kept = len(bounds) == 2 and min.size == max.size == 1 and x.size > 1
    if is_kept or found.dtype.kind in "iu":
        return found
    return np.where(found == x, x, found) if any((each == 0).any() for each in bounds) else found


def maximum(x1: Array, x2: Array, out: Array | None = None, /) -> Any:
    """``numpy.maximum``, which wants ``out`` by name."""
    return np.maximum(x1, x2, out=out)


def minimum(x1: Array, x2: Array, out: Array | None = None, /) -> Any:
    """``numpy.minimum``, which wants ``out`` by name."""
    return np.minimum(x1, x2, out=out)


@written_by(expressions.matrix_transpose)
def matrix_transpose(x: Array, /) -> Any:
    """A view."""
    return x.swapaxes(-2, -1)


@written_by(expressions.permute_dims)
def permute_dims(x: Array, /, axes: tuple[int, ...]) -> Any:
    """A view."""
    return x.transpose(axes)


def squeeze(x: Array, /, axis: int | tuple[int, ...]) -> Any:
    """A view."""
    return x.squeeze(axis)


@written_by(expressions.mean)
def mean(x: Array, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum over the count, as ``numpy.mean`` computes it, without the cost of its wrappers."""
    total = _add_reduce(x, axis=axis, keepdims=keepdims)
    if not x.size:
        return total * np.nan
    return np.true_divide(total, x.real.dtype.type(x.size // total.size))


def vecdot(x1: Array, x2: Array, /, *, axis: int = -1) -> Any:
    """``numpy.vecdot``; squares that do not lie one behind the other are added up, since BLAS would go from one to the
    next through the whole array."""
    if x1 is x2 and axis == -1 and x1.dtype.kind == "f" and not x1.flags.c_contiguous:
        return _add_reduce(np.square(x1), -1)
    return _vecdot(x1, x2, axis=axis)


def sigmoid(x: Array, out: Array | None = None, /) -> Any:
    """``1 / (1 + exp(-x))`` in one buffer."""
    y = np.negative(x, out=out)
    if y.ndim == 0:
        return np.reciprocal(1 + np.exp(y))
    np.exp(y, out=y)
    y += 1
    return np.reciprocal(y, out=y)


def relu(x: Array, out: Array | None = None, /) -> Any:
    """``max(x, 0)``; zeros in an array, where there are some to be had, since NumPy is slower with a scalar."""
    if _FEWEST_ZEROS <= x.size <= _MOST_ZEROS and x.dtype.kind == "f" and x.flags.c_contiguous:
        return np.maximum(x, _zeros(x.dtype)[: x.size].reshape(x.shape), out=out)
    return np.maximum(x, x.dtype.type(0), out=out)


_FEWEST_ZEROS, _MOST_ZEROS = 2048, 1 << 18


@cache
def _zeros(dtype: Any) -> Any:
    """Zeros that nobody may write to."""
    zeros = np.zeros(_MOST_ZEROS, dtype)
    zeros.flags.writeable = False
    return zeros


def softmax(x: Array, /, *, axis: int) -> Any:
    """Shifted by the largest element, in one buffer."""
    if is_short(x.shape, axis):
        columns = _shifted(x)
        np.exp(columns, columns)
        np.divide(columns, _add_reduce(columns, 0), columns)
        return np.ascontiguousarray(columns.T).reshape(x.shape)
    if _is_long(x.shape, axis):
        y = _subtract_long(x, _maximum_reduce(x, axis=-1, keepdims=True, initial=-np.inf))
        np.exp(y, y)
        return _multiply_long(y, np.reciprocal(_row_sums(y)), y)  # a sum is one at least
    y = np.asarray(x - _maximum_reduce(x, axis=axis, keepdims=True, initial=-np.inf))
    np.exp(y, out=y)
    y /= _row_sums(y) if _is_last(y, axis) else _add_reduce(y, axis=axis, keepdims=True)
    return y


def log_softmax(x: Array, /, *, axis: int) -> Any:
    """Shifted by the largest element, in one buffer."""
    if is_short(x.shape, axis):
        columns = _shifted(x)
        np.subtract(columns, np.log(_add_reduce(np.exp(columns), 0)), columns)
        return np.ascontiguousarray(columns.T).reshape(x.shape)
    if _is_long(x.shape, axis):
        y = _subtract_long(x, _maximum_reduce(x, axis=-1, keepdims=True, initial=-np.inf))
        return _subtract_long(y, np.log(_row_sums(np.exp(y))), y)
    y = np.asarray(x - _maximum_reduce(x, axis=axis, keepdims=True, initial=-np.inf))
    powers = np.exp(y)
    y -= np.log(_row_sums(powers) if _is_last(y, axis) else _add_reduce(powers, axis=axis, keepdims=True))
    return y


_MANY = 8192  # elements above which the rows of softmax are summed by a product with ones


def _row_sums(y: Array) -> Any:
    """The sums of the rows of numbers that are alike in size, as a product where there are enough of them."""
    width = y.shape[-1]
    if y.size < _MANY or width > expressions.MOST_COLUMNS or not y.flags.c_contiguous:
        return _add_reduce(y, axis=-1, keepdims=True)
    ones = expressions.shared_ones((width, 1), y.dtype)
    return y.reshape(-1, width).dot(ones).reshape(*y.shape[:-1], 1)


_subtract_long, _multiply_long = on_long_rows(np.subtract), on_long_rows(np.multiply)


def _is_last(x: Array, axis: int) -> bool:
    return axis in (-1, x.ndim - 1)


def _is_long(shape: tuple[int, ...], axis: int) -> bool:
    """Whether an array of that shape has some long rows along ``axis``, its last one."""
    return len(shape) > 1 and axis in (-1, len(shape) - 1) and shape[-1] >= LONG and shape[0] > 1


def _shifted(x: Array) -> Any:
    """The rows of ``x`` as columns, each less its largest element: NumPy works on long rows, not on short ones."""
    columns = x.reshape(-1, x.shape[-1]).T.copy()
    return np.subtract(columns, _maximum_reduce(columns, 0), columns)


def take(x: Array, indices: Array, /, *, axis: int | None = None) -> Any:
    """The method of the array, which costs less than ``numpy.take``."""
    return x.take(indices, axis)


def nextafter(a: Array, b: Array, /) -> Any:
    """Of two zeros the second in float16 too, where NumPy before 2.5 gives the first."""
    result = np.nextafter(a, b)
    return np.where(a == b, b, result) if result.dtype == np.float16 else result


def getitem(x: Array, /, *indices: Array, key: tuple[Any, ...]) -> Any:
    """``x[key]``, as NumPy takes keys of every kind."""
    return x[native_key(key, indices)] if indices else x[key]


def index_add(x: Array, updates: Array, /, *indices: Array, key: tuple[Any, ...]) -> Any:
    """A copy of ``x``, added to in place."""
    return add_at(np.array(x, order="C"), updates, *indices, key=key)


def set_in_place(result: Array, value: Array, /, *indices: Array, key: tuple[Any, ...]) -> Any:
    """``result``, some elements of which have been replaced."""
    result[native_key(key, indices)] = value
    return result


UPDATING: dict[str, Kernel] = {"index_add": add_at, "index_set": set_in_place}
"""Kernels that write into their first operand."""


@written_by(expressions.reshape)
def reshape(x: Array, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Any:
    """A view where one is possible."""
    return x.reshape(shape)


KERNELS: dict[str, Kernel] = {
    **_UFUNCS,
    "sum": sum,
    "max": max,
    "min": min,
    "astype": astype,
    "clip": clip,
    "where": where,
    "expand_dims": written_by(expressions.expand_dims)(partial(np.expand_dims)),
    "expm1": expm1,
    "floor_divide": partial(special_cases.floor_divide, namespace, np.floor_divide),
    "tanh": special_cases.mended("tanh", namespace, at_infinity=True),
    "getitem": getitem,
    "index_add": index_add,
    "matrix_transpose": matrix_transpose,
    "maximum": maximum,
    "matmul": written_by(expressions.matmul)(partial(np.matmul)),
    "mean": mean,
    "minimum": minimum,
    "nextafter": nextafter,
    "permute_dims": permute_dims,
    "pow": pow,
    "reshape": reshape,
    "squeeze": squeeze,
    "take": take,
    "vecdot": vecdot,
    "nn.log_softmax": log_softmax,
    "nn.relu": relu,
    "nn.sigmoid": sigmoid,
    "nn.softmax": softmax,
    **kernels_of("convolution", "fourier", "linalg", "padding", "pooling", "random", "segments"),
}
