"""Arrays whose shape may be made of tensors, under TensorFlow 1's names: what is known of the shape is kept."""

from __future__ import annotations

from typing import Any

from polyflow.compat.v1.literals import number_dtype
from polyflow.compat.v1.static_shapes import fixed_shape, static_dims, with_dims
from polyflow.core.dtypes import bool_, float32, int32
from polyflow.core.tensor import Tensor
from polyflow.ops.arithmetic import add
from polyflow.ops.creation import full
from polyflow.ops.creation import ones as _ones
from polyflow.ops.creation import zeros as _zeros
from polyflow.ops.dimensions import shape as _shape
from polyflow.ops.grids import arange
from polyflow.ops.manipulation import broadcast_to as _broadcast_to
from polyflow.ops.manipulation import reshape as _reshape
from polyflow.ops.ordering import identity
from polyflow.ops.rearranging import tile as _tile
from polyflow.ops.running import cumsum
from polyflow.ops.searching import where
from polyflow.ops.shaped import fill as _fill
from polyflow.ops.shaped import known_dims, reshape_to
from polyflow.ops.sources import asarray


def zeros(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Zeros; the shape may hold tensors.

    >>> import polyflow.compat.v1 as tf
    >>> x = tf.placeholder(tf.float32, [None])
    >>> found = tf.zeros([tf.shape(x)[0], 2])
    >>> found.shape, tf.Session().run(found, {x: [1.0]}).tolist()
    ((None, 2), [[0.0, 0.0]])
    """
    fixed = fixed_shape(shape)
    if fixed is not None:
        return _zeros(fixed, dtype=dtype, name=name)  # type: ignore[no-any-return]
    return _filled(shape, _zeros((), dtype=dtype), name)


def ones(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Ones; the shape may hold tensors."""
    fixed = fixed_shape(shape)
    if fixed is not None:
        return _ones(fixed, dtype=dtype, name=name)  # type: ignore[no-any-return]
    return _filled(shape, _ones((), dtype=dtype), name)


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """A tensor of the shape ``dims``, which may hold tensors, with ``value`` everywhere.

    >>> import polyflow.compat.v1 as tf
    >>> found = tf.fill([1, 2], 7)
    >>> found.shape, tf.Session().run(found).tolist()
    ((1, 2), [[7, 7]])
    """
    fixed = fixed_shape(dims)
    if fixed is not None and isinstance(value, int | float):
        return full(fixed, value, dtype=number_dtype(value), name=name)  # type: ignore[no-any-return]
    value = asarray(value, dtype=number_dtype(value))
    return _broadcast_to(value, fixed, name=name) if fixed is not None else _filled(dims, value, name)


def _filled(dims: Any, value: Any, name: str | None) -> Tensor:
    return with_dims(_fill(known_dims(dims), value, name=name), static_dims(dims))


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The elements in another shape, which may hold tensors, and one -1.

    >>> import polyflow.compat.v1 as tf
    >>> x = tf.placeholder(tf.float32, [None, 2, 3])
    >>> tf.reshape(x, [-1, 6]).shape, tf.reshape(x, [tf.shape(x)[0], 6]).shape
    ((None, 6), (None, 6))
    """
    fixed = fixed_shape(shape)
    if fixed is not None:
        return _reshape(tensor, fixed, name=name)  # type: ignore[no-any-return]
    dims = static_dims(shape)
    known = None if dims is None else [None if each == -1 else each for each in dims]
    return with_dims(reshape_to(tensor, shape, name=name), known)


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """``input`` repeated to ``shape``, which may hold tensors.

    >>> import polyflow.compat.v1 as tf
    >>> x = tf.placeholder(tf.float32, [None])
    >>> tf.Session().run(tf.broadcast_to([1.0], tf.shape(x)), {x: [5.0, 6.0]}).tolist()
    [1.0, 1.0]
    """
    fixed = fixed_shape(shape)
    if fixed is not None:
        return _broadcast_to(input, fixed, name=name)  # type: ignore[no-any-return]
    input = asarray(input, dtype=number_dtype(input))
    return where(_filled(shape, _ones((), dtype=bool_), None), input, input, name=name)  # type: ignore[no-any-return]


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """``input`` put side by side ``multiples[i]`` times along each axis; ``multiples`` may hold tensors.

    >>> import polyflow.compat.v1 as tf
    >>> x = tf.placeholder(tf.float32, [None])
    >>> found = tf.tile([[1, 2]], [tf.shape(x)[0], 2])
    >>> found.shape, tf.Session().run(found, {x: [5.0, 6.0]}).tolist()
    ((None, 4), [[1, 2, 1, 2], [1, 2, 1, 2]])

    Raises ``ShapeError`` where ``multiples`` holds tensors and the rank of ``input`` is not known.
    """
    fixed = fixed_shape(multiples)
    if fixed is not None:
        return _tile(input, fixed, name=name)  # type: ignore[no-any-return]
    input = asarray(input, dtype=number_dtype(input))
    if input.type.shape == ():
        return identity(input, name=name)  # type: ignore[no-any-return]
    shape = _shape(input, dtype=int32)
    sizes = [shape[place] if size is None else size for place, size in enumerate(input.type.known_shape)]
    pairs = [(multiples[place], size) for place, size in enumerate(sizes)]
    apart = reshape_to(input, [each for size in sizes for each in (1, size)])
    spread = broadcast_to(apart, [each for pair in pairs for each in pair])
    return reshape(spread, [times * size for times, size in pairs], name)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = None) -> Tensor:
    """Evenly spaced numbers from ``start``, or 0, to below ``limit``; whole numbers without a dtype are int32.

    >>> import polyflow.compat.v1 as tf
    >>> x = tf.placeholder(tf.float32, [None])
    >>> tf.Session().run([tf.range(1, 7, 2), tf.range(tf.shape(x)[0])], {x: [5.0, 6.0]})
    [array([1, 3, 5], dtype=int32), array([0, 1], dtype=int32)]

    Tensors among the three are made of shapes and whole numbers.
    """
    if limit is None:
        start, limit = 0, start
    given = [_number(each) for each in (start, limit, delta)]
    if not any(hasattr(each, "__tensor__") for each in given):
        return arange(*given, dtype=number_dtype(given, dtype), name=name)  # type: ignore[no-any-return]
    start, limit, delta = given
    steps = zeros([(limit - start + delta - 1) // delta], dtype or int32) + 1
    return add(cumsum(steps, 0, exclusive=True) * delta, start, name=name)  # type: ignore[no-any-return]


def _number(value: Any) -> Any:
    """A tensor as a number, where it is known."""
    dims = static_dims([value]) if hasattr(value, "__tensor__") else None
    return value if dims is None or dims[0] is None else dims[0]
