"""Random bits that are a function of a key: Threefry-2x32, written in integer operations of the array API.

A key is two words of 32 bits, and the same key gives the same bits on every backend. They are the bits of
``jax.random`` in its partitionable layout: element ``i`` of a result is Threefry of the counter ``i``.
Source: J. Salmon and others, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from polyflow.core.declaration import define_op
from polyflow.core.dtypes import uint32
from polyflow.core.samples import ErrorSample, Sample, values
from polyflow.core.signature import DTypeLike, ShapeLike
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ShapeError, ValueRangeError, message

_WHOLE = "its result is whole numbers"
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA
_MASK = 0xFFFFFFFF


@define_op(namespace="random", dtypes="integral")
def key(seed: TensorType, /) -> TensorType:
    """The key made of a seed, a whole number of 64 bits: its upper and its lower word.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.random.key(7)).tolist()
    [0, 7]

    The dtype of the seed does not matter, only the number. Source: JAX, "jax.random.PRNGKey" with 64-bit types.
    """
    _check_scalar("seed", seed)
    return TensorType(uint32, (2,))


key.zero_gradient(_WHOLE)


@key.kernel
def key_kernel(xp: Any, seed: Any) -> Any:
    number = xp.astype(xp.expand_dims(seed, axis=-1), xp.uint64)
    return xp.concat([xp.astype(number >> 32, xp.uint32), xp.astype(number & 0xFFFFFFFF, xp.uint32)], axis=-1)


@key.batching
def key_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    return key_kernel(xp, *inputs)


@key.samples
def key_samples() -> Iterator[Sample]:
    for seed in (0, 42, 2**40 + 5, -1, -(2**33)):
        yield Sample(values(seed, "int64"))
    yield Sample(values(2**63 + 1, "uint64"))
    yield Sample(values(-3, "int8"))
    yield ErrorSample(values(0.5, "float32")).raises(DTypeError, "needed:  a integral dtype")
    yield ErrorSample(values([1, 2], "int64")).raises(ShapeError, "a seed is one number")


@define_op(namespace="random")
def split(key: TensorType, num: ShapeLike = 2, /) -> TensorType:  # type: ignore[assignment]
    """``num`` new keys, independent of each other and of ``key``, which is not to be used again.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.random.split(pf.random.key(0))).tolist()
    [[1797259609, 2579123966], [928981903, 3453687069]]

    ``num`` may be a shape: the result has that shape and a last axis of 2. Source: JAX, "jax.random.split".
    """
    check_key(key)
    return TensorType(uint32, (*_checked(num), 2))


split.zero_gradient(_WHOLE)


@split.kernel
def split_kernel(xp: Any, key: Any, num: tuple[int, ...]) -> Any:
    first, second = threefry(xp, key, math.prod(num))
    return xp.reshape(xp.stack([first, second], axis=-1), (*key.shape[:-1], *num, 2))


@split.batching
def split_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    return split_kernel(xp, *inputs, **operation.attributes)


@split.samples
def split_samples() -> Iterator[Sample]:
    yield Sample(KEY)
    yield Sample(KEY, 5)
    yield Sample(KEY, (2, 3))
    yield Sample(KEY, 0)
    yield ErrorSample(values([1, 2, 3], "uint32")).raises(ShapeError, "not a key")
    yield ErrorSample(KEY, -1).raises(ValueRangeError, "no dimension below 0")


@define_op(namespace="random", dtypes="integral")
def fold_in(key: TensorType, data: TensorType, /) -> TensorType:
    """A new key made of ``key`` and ``data``, the number of a step, a worker, a layer, ...

    >>> import polyflow as pf
    >>> pf.Session().run(pf.random.fold_in(pf.random.key(0), 1)).tolist()
    [928981903, 3453687069]

    ``data`` is one whole number, of which the lower 32 bits count. Source: JAX, "jax.random.fold_in".
    """
    check_key(key)
    _check_scalar("data", data)
    return TensorType(uint32, (2,))


fold_in.zero_gradient(_WHOLE)


@fold_in.kernel
def fold_in_kernel(xp: Any, key: Any, data: Any) -> Any:
    count = xp.astype(xp.expand_dims(data, axis=-1), xp.uint32)
    return xp.concat(list(_rounds(xp, key, xp.zeros_like(count), count)), axis=-1)


@fold_in.batching
def fold_in_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    return fold_in_kernel(xp, *inputs)


@fold_in.samples
def fold_in_samples() -> Iterator[Sample]:
    for data in (0, 1, 2**32 - 1, -7):
        yield Sample(KEY, values(data, "int64"))
    yield Sample(KEY, values(200, "uint8"))
    yield ErrorSample(values([1, 2], "int64"), values(1, "int64")).raises(DTypeError, "not a key")
    yield ErrorSample(KEY, values([1], "int64")).raises(ShapeError, "data is one number")


@define_op(namespace="random")
def bits(key: TensorType, shape: ShapeLike = (), dtype: DTypeLike = None, /) -> TensorType:
    """Unsigned integers of which every bit is 0 or 1 with equal chance, uint32 unless ``dtype`` says otherwise.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.random.bits(pf.random.key(0), (2,), pf.uint8)).tolist()
    [167, 146]

    Raises ``DTypeError`` for a dtype that is not unsigned. Source: JAX, "jax.random.bits".
    """
    check_key(key)
    if dtype is not None and dtype.kind != "uint":
        raise DTypeError(message("random bits are unsigned integers", found=dtype, needed="an unsigned dtype"))
    return TensorType(dtype or uint32, _checked(shape))


bits.zero_gradient(_WHOLE)


@bits.kernel
def bits_kernel(xp: Any, key: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    first, second = threefry(xp, key, math.prod(shape))
    if dtype == xp.uint64:
        found = (xp.astype(first, xp.uint64) << 32) | xp.astype(second, xp.uint64)
    else:
        found = xp.astype(first ^ second, dtype)
    return xp.reshape(found, (*key.shape[:-1], *shape))


@bits.batching
def bits_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    return bits_kernel(xp, *inputs, **operation.attributes)


@bits.samples
def bits_samples() -> Iterator[Sample]:
    for name in ("uint8", "uint16", "uint32", "uint64"):
        yield Sample(KEY, (3, 5), name)
    yield Sample(KEY)
    yield Sample(KEY, 7)
    yield Sample(KEY, (2, 0, 3))
    yield Sample(values([0, 0], "uint32"), 1000)
    yield ErrorSample(KEY, (2,), "int32").raises(DTypeError, "random bits are unsigned integers")
    yield ErrorSample(KEY, (2, -1)).raises(ValueRangeError, "no dimension below 0")
    yield ErrorSample(values([1.0, 2.0], "float32"), 3).raises(DTypeError, "not a key")


def threefry(xp: Any, key: Any, count: int) -> tuple[Any, Any]:
    """The two words that Threefry makes of each of the counters ``range(count)``; a line of them for each key."""
    if count < 2**32:
        return _rounds(xp, key, xp.zeros((1,), dtype=xp.uint32), xp.arange(count, dtype=xp.uint32))
    counter = xp.arange(count, dtype=xp.uint64)
    return _rounds(xp, key, xp.astype(counter >> 32, xp.uint32), xp.astype(counter & 0xFFFFFFFF, xp.uint32))


def _rounds(xp: Any, key: Any, first: Any, second: Any) -> tuple[Any, Any]:
    """Twenty rounds; arithmetic is modulo 2**32, in arrays of rank 1, as that of scalars may warn of overflow."""
    words = (key[..., 0:1], key[..., 1:2], key[..., 0:1] ^ key[..., 1:2] ^ PARITY)
    first, second = first + words[0], second + words[1]
    for group in range(5):
        for places in ROTATIONS[group % 2]:
            first = first + second
            second = first ^ ((second << places) | (second >> (32 - places)))
        first = first + words[(group + 1) % 3]
        second = second + (words[(group + 2) % 3] + (group + 1))
    return first, second


def threefry_words(first_key: int, second_key: int, counter: int) -> tuple[int, int]:
    """The two words of one counter, in Python's integers.

    >>> threefry_words(0, 42, 0), threefry_words(0, 42, 1)
    ((1832780943, 270669613), (64467757, 2916123636))
    """
    words = (first_key, second_key, first_key ^ second_key ^ PARITY)
    first, second = (first_key + (counter >> 32)) & _MASK, (second_key + counter) & _MASK
    for group in range(5):
        for places in ROTATIONS[group % 2]:
            first = (first + second) & _MASK
            second = first ^ ((second << places) & _MASK | (second >> (32 - places)))
        first = (first + words[(group + 1) % 3]) & _MASK
        second = (second + words[(group + 2) % 3] + group + 1) & _MASK
    return first, second


def check_key(key: TensorType) -> None:
    """Refuse a type that keys do not have."""
    text = message("not a key", found=str(key), needed="uint32[2]", remedy="polyflow.random.key(seed)")
    if key.dtype is not uint32:
        raise DTypeError(text)
    if key.known_shape not in ((2,), (None,)):
        raise ShapeError(text)


def _check_scalar(name: str, type: TensorType) -> None:
    if type.rank:
        what = "a seed is one number" if name == "seed" else f"{name} is one number"
        raise ShapeError(message(what, found=str(type), needed="rank 0", remedy=f"{name}[0]"))


def _checked(shape: tuple[int, ...]) -> tuple[int, ...]:
    if any(size < 0 for size in shape):
        raise ValueRangeError(message("not a shape", found=shape, needed="no dimension below 0"))
    return shape


KEY = values([1797259609, 2579123966], "uint32")
"""A key for samples."""
