"""Making arrays from shapes, ranges, Python values and buffers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

from polyflow.core.dtypes import DEFAULT_DTYPES, DType, as_dtype
from polyflow.errors import ArgumentError, ShapeError, ValueRangeError, message
from polyflow_reference import buffers
from polyflow_reference.array import Array, check_device
from polyflow_reference.dlpack import from_foreign
from polyflow_reference.operands import common_dtype, require
from polyflow_reference.shapes import Shape, as_shape, broadcast_shapes
from polyflow_reference.values import Scalar, from_scalar, from_scalars, scalar_type_of


def asarray(
    obj: Any,  # scalars, nests of them, buffers: what is none of these is refused
    /,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    copy: bool | None = None,
) -> Array:
    """An array of a Python scalar, of nested sequences, of an array, or of an object with a buffer.

    Python values take the default dtype of the widest kind among them: bool, int64, float32 or complex64.

    >>> asarray([[1, 2.5], [3, 4]])
    Array([[1.0, 2.5], [3.0, 4.0]], float32)
    """
    check_device(device)
    dtype = None if dtype is None else as_dtype(dtype)
    if isinstance(obj, Array):
        if dtype not in (None, obj.dtype) and copy is False:
            raise ValueRangeError(message("asarray: another dtype needs a copy", found=obj.dtype, needed=dtype))
        cast = obj if dtype is None else obj.cast(dtype)
        return Array(list(obj.values), obj.shape, obj.dtype) if copy and cast is obj else cast
    if copy is False:
        raise ValueRangeError(message("asarray: elements that are no array's are copied", remedy="copy=None"))
    if _has_buffer(obj):
        result = _from_buffer(obj)
    else:
        result = from_dlpack(obj) if hasattr(obj, "__dlpack__") else Array.of(obj, dtype)
    return result if dtype is None else result.cast(dtype)


def _has_buffer(obj: object) -> bool:
    try:
        memoryview(obj)  # type: ignore[arg-type]  # the question is whether it can be one
    except (TypeError, ValueError, BufferError):
        return False
    return True


def _from_buffer(obj: Any) -> Array:  # checked by _has_buffer
    view = memoryview(obj)
    dtype = buffers.dtype_of_format(view.format, view.itemsize)
    return Array(buffers.unpack(view.tobytes(), dtype), tuple(view.shape or ()), dtype)


def from_dlpack(x: Any, /, *, device: str | None = None, copy: bool | None = None) -> Array:  # any library's array
    """An array with the elements of another library's array, handed over by DLPack.

    >>> from_dlpack(Array.of([1, 2]))
    Array([1, 2], int64)
    """
    check_device(device)
    if isinstance(x, Array):
        return asarray(x, copy=copy)
    if copy is False:
        raise ValueRangeError(message("from_dlpack: this backend keeps elements in lists", remedy="copy=None"))
    data, shape, dtype = from_foreign(x)
    return Array(buffers.unpack(data, dtype), shape, dtype)


def full(
    shape: int | Sequence[int], fill_value: Scalar, *, dtype: DType | None = None, device: str | None = None
) -> Array:
    """An array with the same value everywhere.

    >>> full((2, 2), 7)
    Array([[7, 7], [7, 7]], int64)
    """
    check_device(device)
    dtype = DEFAULT_DTYPES[scalar_type_of(fill_value)] if dtype is None else as_dtype(dtype)
    dimensions = as_shape(shape)
    return Array([from_scalar(fill_value, dtype)] * math.prod(dimensions), dimensions, dtype)


def zeros(shape: int | Sequence[int], *, dtype: DType | None = None, device: str | None = None) -> Array:
    """An array of zeros.

    >>> zeros(3)
    Array([0.0, 0.0, 0.0], float32)
    """
    return full(shape, False, dtype=_or_default(dtype), device=device)


def ones(shape: int | Sequence[int], *, dtype: DType | None = None, device: str | None = None) -> Array:
    """An array of ones.

    >>> ones((1, 2))
    Array([[1.0, 1.0]], float32)
    """
    return full(shape, True, dtype=_or_default(dtype), device=device)


def empty(shape: int | Sequence[int], *, dtype: DType | None = None, device: str | None = None) -> Array:
    """An array whose elements the caller will set; here they are zeros.

    >>> empty((2, 0)).shape
    (2, 0)
    """
    return zeros(shape, dtype=dtype, device=device)


def full_like(x: Array, /, fill_value: Scalar, *, dtype: DType | None = None, device: str | None = None) -> Array:
    """An array of the shape and dtype of ``x`` with the same value everywhere.

    >>> full_like(Array.of([1.0, 2.0]), 7)
    Array([7.0, 7.0], float32)
    """
    return full(x.shape, fill_value, dtype=x.dtype if dtype is None else dtype, device=device)


def zeros_like(x: Array, /, *, dtype: DType | None = None, device: str | None = None) -> Array:
    """An array of zeros of the shape and dtype of ``x``.

    >>> zeros_like(Array.of([1, 2]))
    Array([0, 0], int64)
    """
    return zeros(x.shape, dtype=x.dtype if dtype is None else dtype, device=device)


def ones_like(x: Array, /, *, dtype: DType | None = None, device: str | None = None) -> Array:
    """An array of ones of the shape and dtype of ``x``.

    >>> ones_like(Array.of([5, 6]))
    Array([1, 1], int64)
    """
    return ones(x.shape, dtype=x.dtype if dtype is None else dtype, device=device)


def empty_like(x: Array, /, *, dtype: DType | None = None, device: str | None = None) -> Array:
    """An array of the shape and dtype of ``x`` whose elements the caller will set.

    >>> empty_like(Array.of([5, 6])).shape
    (2,)
    """
    return empty(x.shape, dtype=x.dtype if dtype is None else dtype, device=device)


def arange(
    start: float,
    /,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: DType | None = None,
    device: str | None = None,
) -> Array:
    """The numbers start + k * step from start up to stop, without stop; from 0 if only one bound is given.

    >>> arange(4), arange(1, 2, 0.25)
    (Array([0, 1, 2, 3], int64), Array([1.0, 1.25, 1.5, 1.75], float32))
    """
    check_device(device)
    if stop is None:
        start, stop = 0, start
    if step == 0:
        raise ValueRangeError(message("arange: the step is zero"))
    dtype = common_dtype(start, stop, step) if dtype is None else as_dtype(dtype)
    require("arange", "real", dtype)
    count = max(math.ceil((stop - start) / step), 0)
    if all(isinstance(bound, int) for bound in (start, stop, step)):
        count = max(-((start - stop) // step), 0)  # type: ignore[assignment]  # exact, where the quotient may not be
    values: list[float] = [start + k * step for k in range(count)]
    return Array(from_scalars([int(v) for v in values] if dtype.is_integer else values, dtype), (count,), dtype)


def linspace(
    start: complex,
    stop: complex,
    /,
    num: int,
    *,
    dtype: DType | None = None,
    device: str | None = None,
    endpoint: bool = True,
) -> Array:
    """``num`` evenly spaced numbers, start + k * (stop - start) / (num - 1); divided by num if the end is left out.

    >>> linspace(0.0, 1.0, 5)
    Array([0.0, 0.25, 0.5, 0.75, 1.0], float32)
    """
    check_device(device)
    if num < 0:
        raise ValueRangeError(message("linspace: the number of elements is negative", found=num))
    dtype = common_dtype(start, stop, 0.0) if dtype is None else as_dtype(dtype)
    steps = num - 1 if endpoint else num
    # Weighing both ends keeps them exact, and does not overflow where their difference would.
    values = [start * ((steps - k) / steps) + stop * (k / steps) for k in range(num)] if steps > 0 else [start] * num
    if endpoint and num > 1:
        values[-1] = stop
    if dtype.is_integer:
        return Array(from_scalars([math.floor(v.real) for v in values], dtype), (num,), dtype)
    return Array(from_scalars(values, dtype), (num,), dtype)


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: DType | None = None, device: str | None = None
) -> Array:
    """A matrix with ones on the k-th diagonal (counted upwards from the main one) and zeros elsewhere.

    >>> eye(2, 3, k=1)
    Array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], float32)
    """
    check_device(device)
    dtype = _or_default(dtype)
    n_cols = n_rows if n_cols is None else n_cols
    values = [column - row == k for row in range(n_rows) for column in range(n_cols)]
    return Array(from_scalars(values, dtype), as_shape((n_rows, n_cols)), dtype)


def tril(x: Array, /, *, k: int = 0) -> Array:
    """The lower triangles of matrices: zeros above the k-th diagonal.

    >>> tril(Array.of([[1, 2], [3, 4]]))
    Array([[1, 0], [3, 4]], int64)
    """
    return _triangle("tril", x, keep=lambda row, column: column - row <= k)


def triu(x: Array, /, *, k: int = 0) -> Array:
    """The upper triangles of matrices: zeros below the k-th diagonal.

    >>> triu(Array.of([[1, 2], [3, 4]]))
    Array([[1, 2], [0, 4]], int64)
    """
    return _triangle("triu", x, keep=lambda row, column: column - row >= k)


def _triangle(name: str, x: Array, keep: Callable[[int, int], bool]) -> Array:
    if x.ndim < 2:
        raise ShapeError(message(f"{name}: no matrix", found=f"rank {x.ndim}", needed="rank 2 or more"))
    rows, columns = x.shape[-2:]
    kept = [keep(row, column) for row in range(rows) for column in range(columns)] or [True]
    zero = from_scalar(False, x.dtype)
    return Array([v if kept[i % len(kept)] else zero for i, v in enumerate(x.values)], x.shape, x.dtype)


def meshgrid(*arrays: Array, indexing: Literal["xy", "ij"] = "xy") -> tuple[Array, ...]:
    """The coordinates of a grid, one array for each axis; with "xy" the first two axes change places.

    >>> meshgrid(Array.of([1, 2]), Array.of([3, 4]))
    (Array([[1, 2], [1, 2]], int64), Array([[3, 3], [4, 4]], int64))
    """
    if indexing not in ("xy", "ij"):
        raise ValueRangeError(message("meshgrid: unknown indexing", found=repr(indexing), needed="'xy' or 'ij'"))
    if any(x.ndim > 1 for x in arrays):
        raise ArgumentError(message("meshgrid: an array is no vector", needed="rank 1 (or 0)"))
    rank = len(arrays)
    order = [1, 0, *range(2, rank)] if indexing == "xy" and rank > 1 else list(range(rank))
    laid = [Array(x.values, _along(order.index(k), x.size, rank), x.dtype) for k, x in enumerate(arrays)]
    shape = broadcast_shapes(*(x.shape for x in laid))
    return tuple(Array(list(x.stretched(shape)), shape, x.dtype) for x in laid)


def _along(axis: int, size: int, rank: int) -> Shape:
    return tuple(size if k == axis else 1 for k in range(rank))


def _or_default(dtype: DType | None) -> DType:
    return DEFAULT_DTYPES[float] if dtype is None else as_dtype(dtype)
