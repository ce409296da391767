"""Arrays under TensorFlow 1's names and with its order of arguments, gathered by ``polyflow.compat.v1``."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from polyflow.compat.v1.literals import convert_to_tensor, number_dtype
from polyflow.compat.v1.shaped import broadcast_to, range, zeros
from polyflow.compat.v1.static_shapes import fixed_shape, known_numbers, static_dims
from polyflow.core.dtypes import DType, as_dtype, float32, float64, int32, int64
from polyflow.core.primitives import astype
from polyflow.ops.bands import sequence_mask as _sequence_mask
from polyflow.ops.complex_numbers import conj
from polyflow.ops.creation import eye as _eye
from polyflow.ops.creation import ones_like as _ones_like
from polyflow.ops.creation import zeros_like as _zeros_like
from polyflow.ops.dimensions import rank as _rank
from polyflow.ops.dimensions import shape as _shape
from polyflow.ops.dimensions import size as _size
from polyflow.ops.encoding import one_hot as _one_hot
from polyflow.ops.gathering import gather as _gather
from polyflow.ops.gathering import gather_nd as _gather_nd
from polyflow.ops.grids import linspace as _linspace
from polyflow.ops.joining import concat as _concat
from polyflow.ops.joining import stack as _stack
from polyflow.ops.joining import unstack as _unstack
from polyflow.ops.manipulation import expand_dims as _expand_dims
from polyflow.ops.manipulation import permute_dims
from polyflow.ops.manipulation import squeeze as _squeeze
from polyflow.ops.padding import pad as _pad
from polyflow.ops.patches import extract_image_patches as _extract_image_patches
from polyflow.ops.rearranging import repeat as _repeat
from polyflow.ops.rearranging import roll as _roll
from polyflow.ops.scattering import scatter_nd as _scatter_nd
from polyflow.ops.scattering import tensor_scatter_nd_add
from polyflow.ops.searching import argmax as _argmax
from polyflow.ops.searching import argmin as _argmin
from polyflow.ops.searching import searchsorted as _searchsorted
from polyflow.ops.sets import unique_inverse
from polyflow.ops.slicing import reverse as reverse
from polyflow.ops.slicing import slice as _slice
from polyflow.ops.slicing import split as _split
from polyflow.ops.sorting import argsort as _argsort
from polyflow.ops.sorting import sort as _sort
from polyflow.ops.sources import asarray


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """The elements converted.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.cast([1.7, -1.7], tf.int32)).tolist()
    [1, -1]
    """
    return astype(x, as_dtype(dtype), name=name)


def to_float(x: Any, name: str | None = None) -> Any:
    """``cast(x, float32)``."""
    return cast(x, float32, name)


def to_double(x: Any, name: str | None = None) -> Any:
    """``cast(x, float64)``."""
    return cast(x, float64, name)


def to_int32(x: Any, name: str | None = None) -> Any:
    """``cast(x, int32)``."""
    return cast(x, int32, name)


def to_int64(x: Any, name: str | None = None) -> Any:
    """``cast(x, int64)``."""
    return cast(x, int64, name)


def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Any:
    """Zeros of the shape of ``tensor``."""
    return _zeros_like(tensor, dtype=dtype, name=name)


def ones_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Any:
    """Ones of the shape of ``tensor``."""
    return _ones_like(tensor, dtype=dtype, name=name)


def eye(
    num_rows: int,
    num_columns: int | None = None,
    batch_shape: Sequence[int] | None = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Any:
    """A matrix with ones on its diagonal, or a stack of such of the shape ``batch_shape``.

    >>> import polyflow.compat.v1 as tf
    >>> tf.eye(2, 3, [4]).shape
    (4, 2, 3)
    """
    if batch_shape is None:
        return _eye(num_rows, num_columns, dtype=dtype, name=name)
    matrix = _eye(num_rows, num_columns, dtype=dtype)
    return broadcast_to(matrix, (*known_numbers(batch_shape), *matrix.shape), name=name)


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
    """``input`` moved on by ``shift`` places along ``axis``; each may be a list.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.roll([1, 2, 3], 1, 0)).tolist()
    [3, 1, 2]
    """
    return _roll(input, known_numbers(shift), axis=known_numbers(axis), name=name)


def linspace(start: float, stop: float, num: int, name: str | None = None) -> Any:
    """``num`` evenly spaced numbers from ``start`` to ``stop``."""
    return _linspace(start, stop, num, name=name)


def shape(input: Any, name: str | None = None, out_type: Any = int32) -> Any:
    """The shape as a tensor, of dtype int32 as TensorFlow has it."""
    return _shape(input, dtype=out_type, name=name)


def size(input: Any, name: str | None = None, out_type: Any = int32) -> Any:
    """The number of elements as a tensor."""
    return _size(input, dtype=out_type, name=name)


def rank(input: Any, name: str | None = None) -> Any:
    """The number of dimensions as a tensor."""
    return _rank(input, dtype=int32, name=name)


def concat(values: Sequence[Any], axis: int, name: str | None = None) -> Any:
    """The values joined along ``axis``."""
    return _concat(list(values), axis=axis, name=name)


def stack(values: Sequence[Any], axis: int = 0, name: str | None = None) -> Any:
    """The values side by side along a new axis."""
    return _stack(list(values), axis=axis, name=name)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str | None = None) -> list[Any]:
    """The slices of ``value`` along ``axis``; ``num`` of them, where its shape is not known yet.

    >>> import polyflow.compat.v1 as tf
    >>> [each.tolist() for each in tf.Session().run(tf.unstack([[1, 2], [3, 4]]))]
    [[1, 2], [3, 4]]
    """
    if num is None:
        return list(_unstack(value, axis=axis, name=name))
    return [_squeeze(each, axis) for each in _split(value, num, axis=axis)]


def split(
    value: Any, num_or_size_splits: Any, axis: int = 0, num: int | None = None, name: str | None = None
) -> list[Any]:
    """The parts into which ``axis`` is cut, as a list."""
    return list(_split(value, num_or_size_splits, axis=axis, name=name))


def expand_dims(input: Any, axis: int | None = None, name: str | None = None, dim: int | None = None) -> Any:
    """``input`` with an axis of size 1 more."""
    return _expand_dims(input, axis=dim if axis is None else axis, name=name)


def squeeze(input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Any:
    """``input`` without the axes named, or without all axes of size 1, which must be known then.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.squeeze([[[1], [2]]])).tolist()
    [1, 2]
    """
    axes = squeeze_dims if axis is None else axis
    if axes is None:
        input = asarray(input)
        axes = [place for place, length in enumerate(input.type.static_shape) if length == 1]
    return _squeeze(input, tuple(axes) if isinstance(axes, list) else axes, name=name)


def transpose(a: Any, perm: Sequence[int] | None = None, name: str | None = None, conjugate: bool = False) -> Any:
    """``a`` with its axes in the order of ``perm``, without it in reverse.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.transpose([[1, 2], [3, 4]])).tolist()
    [[1, 3], [2, 4]]
    """
    if perm is None:
        a = asarray(a)
        perm = [a.ndim - 1 - place for place in builtins.range(a.ndim)]
    moved = permute_dims(a, known_numbers(perm), name=name)
    return conj(moved) if conjugate else moved


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Each element several times in a row."""
    return _repeat(input, repeats, axis=axis, name=name)


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", name: str | None = None, constant_values: complex = 0
) -> Any:
    """``polyflow.pad``."""
    return _pad(tensor, paddings, mode=mode, constant_values=constant_values, name=name)


def one_hot(
    indices: Any,
    depth: int,
    on_value: float | None = None,
    off_value: float | None = None,
    axis: int | None = None,
    dtype: DType | None = None,
    name: str | None = None,
) -> Any:
    """``polyflow.nn.one_hot``; without a dtype that of the values given, int32 for whole numbers, else float32."""
    if dtype is None:
        dtype = number_dtype([each for each in (on_value, off_value) if each is not None])
    on, off = 1 if on_value is None else on_value, 0 if off_value is None else off_value
    place = -1 if axis is None else axis
    return _one_hot(indices, depth, on_value=on, off_value=off, axis=place, dtype=dtype, name=name)


def sequence_mask(lengths: Any, maxlen: int, dtype: Any = None, name: str | None = None) -> Any:
    """``polyflow.sequence_mask``."""
    return _sequence_mask(lengths, maxlen, dtype=dtype, name=name)


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """``polyflow.slice``; the sizes may be a tensor that is made of shapes and numbers.

    >>> import polyflow.compat.v1 as tf
    >>> x = tf.placeholder(tf.float32, [None])
    >>> tf.Session().run(tf.slice(x, [1], tf.shape(x) - 1), {x: [1.0, 2.0, 3.0]}).tolist()
    [2.0, 3.0]
    """
    begin, counts = known_numbers(begin), static_dims(size)
    fixed = fixed_shape(size)
    if counts is None or fixed is not None:
        return _slice(input_, begin, size if fixed is None else fixed, name=name)
    for axis, count in enumerate(counts):
        if count is None:
            input_ = _gather(input_, range(size[axis]) + begin[axis], axis=axis)
    starts = [0 if count is None else begin[axis] for axis, count in enumerate(counts)]
    return _slice(input_, starts, [-1 if count is None else count for count in counts], name=name)


def gather(
    params: Any,
    indices: Any,
    validate_indices: bool | None = None,
    name: str | None = None,
    axis: int | None = None,
    batch_dims: int = 0,
) -> Any:
    """``polyflow.gather``."""
    return _gather(params, indices, axis=axis, batch_dims=batch_dims, name=name)


def gather_nd(params: Any, indices: Any, name: str | None = None, batch_dims: int = 0) -> Any:
    """``polyflow.gather_nd``."""
    return _gather_nd(params, indices, batch_dims=batch_dims, name=name)


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Any:
    """``polyflow.scatter_nd``; the shape may hold tensors that are made of shapes and numbers.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.scatter_nd([[0]], [5.0], tf.constant([3]))).tolist()
    [5.0, 0.0, 0.0]
    """
    fixed = fixed_shape(shape)
    if fixed is not None:
        return _scatter_nd(indices, updates, fixed, name=name)
    updates = convert_to_tensor(updates)
    return tensor_scatter_nd_add(zeros(shape, updates.dtype or float32), indices, updates, name=name)


def argmax(
    input: Any, axis: int | None = None, name: str | None = None, dimension: int | None = None, output_type: Any = int64
) -> Any:
    """The index of the largest element along ``axis``, the first axis without one."""
    return _place(_argmax, input, axis if dimension is None else dimension, name, output_type)


def argmin(
    input: Any, axis: int | None = None, name: str | None = None, dimension: int | None = None, output_type: Any = int64
) -> Any:
    """The index of the smallest element along ``axis``, the first axis without one."""
    return _place(_argmin, input, axis if dimension is None else dimension, name, output_type)


def _place(find: Any, input: Any, axis: int | None, name: str | None, output_type: Any) -> Any:
    found = find(input, axis=0 if axis is None else axis, name=name)
    return found if as_dtype(output_type) is int64 else astype(found, as_dtype(output_type))


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Any:
    """The elements in order."""
    return _sort(values, axis=axis, descending=direction == "DESCENDING", name=name)


def argsort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Any:
    """The indices that sort."""
    return _argsort(values, axis=axis, descending=direction == "DESCENDING", name=name)


def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", name: str | None = None, out_type: Any = int32
) -> Any:
    """Where values would be inserted, as int32."""
    return _index(_searchsorted(sorted_sequence, values, side=side), out_type, name)


def unique(x: Any, out_idx: Any = int32, name: str | None = None) -> tuple[Any, Any]:
    """The distinct elements, in ascending order, and the index of each element among them, as int32."""
    values, places = unique_inverse(convert_to_tensor(x), name=name)
    return values, _index(places, out_idx, None)


def _index(places: Any, dtype: Any, name: str | None) -> Any:
    return astype(places, as_dtype(dtype), name=name)


def extract_image_patches(
    images: Any, ksizes: Any, strides: Any, rates: Any, padding: str, name: str | None = None
) -> Any:
    """``polyflow.extract_image_patches``."""
    return _extract_image_patches(images, ksizes, strides, rates, padding, name=name)
