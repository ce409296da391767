"""Random whole numbers, truth values, classes and orders. What is whole has no gradient."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from polyflow.core.dtypes import DTYPES, DType, bool_, int32, int64, integer_range
from polyflow.core.primitives import astype
from polyflow.core.samples import ErrorSample, Sample, integers, normal, values
from polyflow.core.shapes import broadcast_shapes
from polyflow.core.signature import Axis, DTypeLike, ShapeLike
from polyflow.core.tensor import Tensor
from polyflow.core.types import UNKNOWN, TensorType, format_shape
from polyflow.errors import AxisError, DTypeError, ShapeError, ValueRangeError, message
from polyflow.ops.grids import arange
from polyflow.ops.random_bits import KEY, bits, check_key, split
from polyflow.ops.random_streams import define_random_op, drawn, drawn_shape, float_dtype
from polyflow.ops.random_uniform import standard_gumbel, unit


@define_random_op()
def randint(
    shape: ShapeLike,
    minval: TensorType,
    maxval: TensorType,
    dtype: DTypeLike = None,
    /,
    *,
    key: TensorType | None = None,
    seed: int | None = None,
) -> TensorType:
    """Whole numbers evenly spread over ``minval <= x < maxval``, int64 unless ``dtype`` says otherwise.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.random.randint((5,), 0, 10, key=pf.random.key(0))).tolist()
    [5, 1, 5, 7, 3]

    Bounds that the dtype cannot hold are brought into its range, except that ``maxval`` may be one above it. Where
    ``maxval <= minval`` the result is ``minval``. Some numbers are drawn more often than others, by a share
    of at most the range over 2 to the power of the dtype's bits, or of 32. For
    ``key`` and ``seed`` see ``uniform``. Sources: JAX, "jax.random.randint"; TensorFlow 1, "tf.random_uniform".
    """
    for each in (minval, maxval):
        if each.dtype is not None and not each.dtype.is_integer:
            raise DTypeError(message("a bound of whole numbers is whole", found=each.dtype, needed="an integer dtype"))
    dtype = dtype or int64
    return drawn(shape, dtype, key, minval, maxval, kind="int" if dtype.kind == "int" else "uint")


@randint.expansion
def randint_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    minval, maxval, key = inputs
    xp, dtype = builder.xp, attributes["dtype"]
    shape = drawn_shape(attributes, minval, maxval)
    smallest, largest = integer_range(dtype)
    work = dtype if dtype.bits >= 32 else int32  # narrow draws would favour some numbers
    unsigned = DTYPES[f"uint{work.bits}"]
    low, _ = _clipped(builder, minval, work, smallest, largest)
    high, is_above = _clipped(builder, maxval, work, smallest, largest + (work is not dtype))
    span = xp.where(high > low, astype(high - low, unsigned), 1)
    if is_above is not None and work is dtype:
        span = xp.where(is_above & (high > low), span + 1, span)  # 0 stands for all numbers of the dtype
    is_all = span == 0
    divisor = xp.where(is_all, 1, span)
    keys = split(key)
    upper, lower = (bits(keys[place, :], shape, unsigned) for place in (0, 1))
    power = 2 ** (work.bits // 2) % divisor
    offset = upper % divisor * (power * power % divisor) + lower % divisor
    return builder.cast(low + astype(xp.where(is_all, lower, offset % divisor), work), dtype)  # type: ignore[no-any-return]


def _clipped(builder: Any, value: Tensor, dtype: DType, smallest: int, largest: int) -> tuple[Any, Any]:
    """``value`` in ``dtype`` and between two ends; and where it was above, ``None`` where it cannot be."""
    value = _in_own_dtype(builder, value)
    first, last = integer_range(value.type.known_dtype)
    is_above = None
    if first < smallest:
        value = builder.xp.maximum(value, smallest)
    if last > largest:
        is_above = value > largest
        value = builder.xp.minimum(value, largest)
    return builder.cast(value, dtype), is_above


def _in_own_dtype(builder: Any, value: Tensor) -> Tensor:
    """A Python number in the dtype that holds it; any other tensor as it is."""
    if not value.type.weak:
        return value
    return builder.cast(value, value.operation.attributes["value"].dtype)  # type: ignore[no-any-return]


@randint.samples
def randint_samples() -> Iterator[Sample]:
    for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
        yield Sample((3, 5), 0, 100, name, key=KEY)
    yield Sample((3, 5), -1000, 1000, "int8", key=KEY)
    yield Sample((3, 5), 0, 256, "uint8", key=KEY)
    yield Sample((3, 5), -(2**63), 2**63, key=KEY)
    yield Sample((4,), 5, 5, key=KEY)
    yield Sample((2, 3), values([0, 10, 100]), values([[50], [1000]], "int64"), key=KEY, dtypes="integral")
    yield Sample(None, values([0, 10, 100], "int32"), 7, key=KEY)
    yield ErrorSample((2,), 0.5, 3, key=KEY).raises(DTypeError, "a bound of whole numbers is whole")
    yield ErrorSample((2,), 0, 3, "float32", key=KEY).raises(DTypeError, "needed:  an integer dtype")
    yield ErrorSample((2,), 0, values([1, 2, 3], "int64"), key=KEY).raises(ShapeError, "do not broadcast")


@define_random_op()
def bernoulli(
    shape: ShapeLike,
    p: TensorType = 0.5,  # type: ignore[assignment]
    /,
    *,
    key: TensorType | None = None,
    seed: int | None = None,
) -> TensorType:
    """Truth values that are true with probability ``p``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.random.bernoulli((4,), 0.5, key=pf.random.key(0))).tolist()
    [False, False, True, True]

    A uniform number of the dtype of ``p`` is compared with it. For ``key`` and ``seed`` see ``uniform``.
    Source: JAX, "jax.random.bernoulli".
    """
    return _with_dtype(drawn(shape, None, key, p), bool_)


@bernoulli.expansion
def bernoulli_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    p, key = inputs
    dtype = float_dtype(p.type)
    return unit(builder, key, drawn_shape(attributes, p), dtype) < builder.cast(p, dtype)  # type: ignore[no-any-return]


@bernoulli.samples
def bernoulli_samples() -> Iterator[Sample]:
    yield Sample((3, 5), key=KEY)
    yield Sample((), 0.9, key=KEY)
    yield Sample((4, 3), values([0.0, 0.3, 1.0]), key=KEY, dtypes="real floating")
    yield Sample(None, values([0.0, 0.3, 1.0]), key=KEY, dtypes="real floating")
    yield ErrorSample((2,), values([0.0, 0.3, 1.0]), key=KEY).raises(ShapeError, "do not broadcast")


@define_random_op()
def categorical(
    logits: TensorType,
    shape: ShapeLike = None,  # type: ignore[assignment]
    axis: int = -1,
    /,
    *,
    key: TensorType | None = None,
    seed: int | None = None,
) -> TensorType:
    """Numbers of classes, int64, drawn with the probabilities ``softmax(logits)`` along ``axis``.

    >>> import polyflow as pf
    >>> logits = pf.constant([0.0, pf.inf, 0.0])
    >>> pf.Session().run(pf.random.categorical(logits, (4,), key=pf.random.key(0))).tolist()
    [1, 1, 1, 1]

    ``shape`` is the whole shape of the result: the shape of ``logits`` without ``axis``, and dimensions before it for
    more draws. To each logit Gumbel noise is added, the largest wins. For ``key`` and ``seed`` see ``uniform``.
    Sources: JAX, "jax.random.categorical"; TensorFlow 1, "tf.multinomial".
    """
    found = drawn(None, None, key, logits)
    if not found.is_ranked:
        return UNKNOWN
    axis = _checked_axis(axis, found.rank)
    batch = (*found.known_shape[:axis], *found.known_shape[axis + 1 :])
    if shape is not None:
        if broadcast_shapes(shape, batch) != shape:
            raise ShapeError(
                message(
                    "the shape of the draws does not end in that of the logits",
                    found=format_shape(shape),
                    needed=f"(..., {format_shape(batch)[1:]}",
                )
            )
        batch = shape
    return TensorType(int64, batch)


def _checked_axis(axis: int, rank: int) -> int:
    """``axis`` counted from the front."""
    if not -rank <= axis < rank:
        raise AxisError(message(f"axis {axis} is out of range for rank {rank}", needed="an axis of the classes"))
    return axis % rank


@categorical.expansion
def categorical_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    logits, key = inputs
    shape, dtype = logits.type.static_shape, float_dtype(logits.type)
    axis = attributes["axis"] % len(shape) - len(shape)
    batch = attributes["shape"]
    if batch is None:
        batch = (*shape[:axis], *shape[len(shape) + axis + 1 :])
    place = len(batch) + axis + 1
    noise = standard_gumbel(builder, key, (*batch[:place], shape[axis], *batch[place:]), dtype)
    return builder.xp.argmax(noise + builder.cast(logits, dtype), axis=axis)  # type: ignore[no-any-return]


@categorical.samples
def categorical_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 4), key=KEY, dtypes="real floating")
    yield Sample(normal(3, 4), (5, 3), key=KEY, dtypes="real floating")
    yield Sample(normal(3, 4), (2, 4), 0, key=KEY, dtypes="real floating")
    yield Sample(normal(4), (), key=KEY, dtypes="real floating")
    yield ErrorSample(normal(3, 4), (3, 5), key=KEY).raises(ShapeError, "do not broadcast")
    yield ErrorSample(normal(3, 4), (1,), key=KEY).raises(ShapeError, "does not end in that of the logits")
    yield ErrorSample(normal(3, 4), None, 2, key=KEY).raises(AxisError, "axis 2 is out of range")


@define_random_op(takes_numbers=False)
def shuffle(
    x: TensorType,
    /,
    *,
    axis: Axis = 0,
    independent: bool = False,
    key: TensorType | None = None,
    seed: int | None = None,
) -> TensorType:
    """``x`` with what stands along ``axis`` in random order; every order is as likely as every other.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.random.shuffle([10, 20, 30, 40], key=pf.random.key(0))).tolist()
    [10, 20, 40, 30]

    With ``independent`` each line along the axis gets an order of its own. Gradients go back to where elements came
    from. For ``key`` and ``seed`` see ``uniform``. Sources: JAX, "jax.random.permutation"; TensorFlow 1,
    "tf.random_shuffle".
    """
    assert key is not None, "a call without a key is given one"
    check_key(key)
    if not isinstance(axis, int):
        raise AxisError(message("takes one axis", found=f"axis={axis}", needed="a whole number"))
    return x


@shuffle.expansion
def shuffle_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    x, key = inputs
    xp, axis, shape = builder.xp, attributes["axis"], x.type.static_shape
    if attributes["independent"] or len(shape) == 1:
        for sort_key in _sort_keys(xp, key, shape):
            x = xp.take_along_axis(x, xp.argsort(sort_key, axis=axis), axis=axis)
        return x
    order = arange(shape[axis], dtype=int64)
    for sort_key in _sort_keys(xp, key, (shape[axis],)):
        order = xp.take(order, xp.argsort(sort_key))
    return xp.take(x, order, axis=axis)  # type: ignore[no-any-return]


def _sort_keys(xp: Any, key: Tensor, shape: tuple[int, ...]) -> Iterator[Any]:
    """Numbers by which to sort, as often as it takes until equal ones among them hardly favour any order."""
    size = math.prod(shape)
    for _ in range(math.ceil(3 * math.log(max(1, size)) / math.log(2**32 - 1))):
        keys = split(key)
        key = keys[0, :]
        yield bits(keys[1, :], shape)


@shuffle.samples
def shuffle_samples() -> Iterator[Sample]:
    yield Sample(normal(7), key=KEY)
    yield Sample(normal(5, 3), key=KEY)
    yield Sample(normal(2, 5), axis=-1, key=KEY)
    yield Sample(normal(4, 5), axis=1, independent=True, key=KEY)
    yield Sample(normal(0), key=KEY)
    yield Sample(integers(2000, low=0, high=9), key=KEY)
    yield ErrorSample(normal(2, 3), axis=2, key=KEY).raises(AxisError, "axis 2 is out of range")
    yield ErrorSample(normal(), key=KEY).raises(AxisError, "a tensor of rank 0 has no axis")


def permutation(
    x: Any,
    *,
    axis: int = 0,
    independent: bool = False,
    key: Any = None,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """The numbers ``range(x)`` in random order, for a whole number ``x``; any other tensor is shuffled.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.random.permutation(5, key=pf.random.key(0))).tolist()
    [0, 1, 4, 3, 2]

    See ``shuffle``. Source: JAX, "jax.random.permutation".
    """
    if isinstance(x, int) and not isinstance(x, bool):
        if x < 0:
            raise ValueRangeError(message("a permutation of fewer than no numbers", found=x, needed="x >= 0"))
        x = arange(x)
    return shuffle(  # type: ignore[no-any-return]
        x, axis=axis, independent=independent, key=key, seed=seed, name=name or "permutation"
    )


def _with_dtype(type: TensorType, dtype: DType) -> TensorType:
    return type if type is UNKNOWN else type.with_dtype(dtype)
