"""Values as TensorFlow 1 takes them: whole numbers of Python are int32, where they fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.core.dtypes import as_dtype, int32
from polyflow.core.tensor import Tensor
from polyflow.ops.shaped import placeholder_with_default as _placeholder_with_default
from polyflow.ops.sources import asarray
from polyflow.ops.sources import constant as _constant

_LEAST, _MOST = -(2**31), 2**31 - 1


def number_dtype(value: Any, dtype: Any = None) -> Any:
    """``dtype``, or without one int32 for whole numbers of Python that fit into it, else ``None``.

    >>> number_dtype([1, [2, 3]]), number_dtype(2**40), number_dtype([1, 2.0])
    (polyflow.int32, None, None)
    """
    if dtype is not None:
        return as_dtype(dtype)
    return int32 if _are_small(value) else None


def _are_small(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(map(_are_small, value))
    return type(value) is int and _LEAST <= value <= _MOST


def fitted(value: Any, dtype: Any) -> Any:
    """An array in ``dtype`` where the cast loses no more than digits, or makes floats of whole numbers; else ``value``.

    >>> import numpy
    >>> fitted(numpy.ones(2), "float32").dtype, fitted(numpy.ones(2), "int32").dtype
    (dtype('float32'), dtype('float64'))
    """
    found = getattr(value, "dtype", None)
    if dtype is None or found is None or hasattr(value, "__tensor__") or not hasattr(value, "astype"):
        return value
    wanted = as_dtype(dtype).name
    if str(found) == wanted:
        return value
    try:
        return value.astype(wanted, casting="same_kind")
    except TypeError:  # another kind, or no array of NumPy: who takes the value says what it thinks of it
        return value


def constant(
    value: Any, dtype: Any = None, shape: Sequence[int] | None = None, name: str = "Const", verify_shape: bool = False
) -> Tensor:
    """``polyflow.constant``; whole numbers without a dtype are int32, and the last one fills up the shape.

    >>> import polyflow.compat.v1 as tf
    >>> tf.constant([1, 2]).dtype, tf.Session().run(tf.constant([1, 2], shape=[4])).tolist()
    (polyflow.int32, [1, 2, 2, 2])

    An array is cast to ``dtype`` within its kind, or from whole numbers to floats; ``DTypeError`` for other casts.
    """
    return _constant(_filled(fitted(value, dtype), shape), number_dtype(value, dtype), shape, name)


def _filled(value: Any, shape: Sequence[int] | None) -> Any:
    """A flat list made as long as the shape asks, by its last element."""
    if shape is None or not isinstance(value, list | tuple) or any(isinstance(each, list | tuple) for each in value):
        return value
    missing = 1
    for size in shape:
        missing *= size
    return [*value, *([value[-1]] * (missing - len(value)))] if value and len(value) < missing else value


def convert_to_tensor(value: Any, dtype: Any = None, name: str | None = None, preferred_dtype: Any = None) -> Tensor:
    """``value`` as a tensor; whole numbers of Python are int32.

    >>> import polyflow.compat.v1 as tf
    >>> tf.convert_to_tensor([1, 2]).dtype
    polyflow.int32
    """
    return asarray(fitted(value, dtype), dtype=number_dtype(value, dtype))


def placeholder_with_default(input: Any, shape: Sequence[int | None] | None, name: str | None = None) -> Tensor:
    """``polyflow.placeholder_with_default``.

    >>> import polyflow.compat.v1 as tf
    >>> x = tf.placeholder_with_default([1.0, 2.0], [None])
    >>> [tf.Session().run(x, feeds).tolist() for feeds in ({}, {x: [3.0]})]
    [[1.0, 2.0], [3.0]]
    """
    sizes = None if shape is None else tuple(shape)
    return _placeholder_with_default(convert_to_tensor(input), shape=sizes, name=name)  # type: ignore[no-any-return]
