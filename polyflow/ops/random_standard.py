"""The two draws that all others are made of: uniform numbers of [0, 1), and normal ones of mean 0 and deviation 1.

They are ops with kernels, so that a session may take them, as it may take ``random.bits``, from the generator of its
backend (``rng="native"``). Here they are made of Threefry's bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from polyflow.core.declaration import define_op
from polyflow.core.dtypes import DTYPES, DType, as_dtype
from polyflow.core.literal import literal
from polyflow.core.samples import ErrorSample, Sample, values
from polyflow.core.signature import DTypeLike, ShapeLike
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ShapeError, message
from polyflow.ops.error_inverse import erfinv_kernel
from polyflow.ops.random_bits import KEY, bits, bits_kernel

MANTISSA = {"bfloat16": 7, "float16": 10, "float32": 23, "float64": 52}
"""The bits of the fractions of numbers."""
_NO_FUNCTION_OF_KEYS = "keys are whole numbers"


@define_op(namespace="random")
def standard_uniform(key: TensorType, shape: ShapeLike, dtype: DTypeLike, /) -> TensorType:
    """Numbers evenly spread over [0, 1): as many bits as the mantissa has, over a power of two.

    >>> import polyflow as pf
    >>> from polyflow.ops.random_standard import standard_uniform
    >>> pf.Session().run(standard_uniform(pf.random.key(0), (2,), pf.float32)).tolist()
    [0.9476670026779175, 0.9785798788070679]

    What :func:`polyflow.random.uniform` is made of. Raises ``DTypeError`` for a dtype that is not real floating.
    """
    return _checked(key, shape, dtype)


standard_uniform.zero_gradient(_NO_FUNCTION_OF_KEYS)


@standard_uniform.kernel
def standard_uniform_kernel(xp: Any, key: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    width, places = drawn_bits(as_dtype(dtype))
    drawn = bits_kernel(xp, key, shape, getattr(xp, f"uint{width}"))
    return xp.astype(drawn >> (width - places), dtype) * xp.asarray(2.0**-places, dtype=dtype)


@standard_uniform.batching
def standard_uniform_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    dtype = operation.attributes["dtype"]
    width, places = drawn_bits(dtype)
    drawn = bits_kernel(xp, *inputs, operation.attributes["shape"], DTYPES[f"uint{width}"])
    return xp.multiply(xp.astype(drawn >> (width - places), dtype), literal(2.0**-places, dtype))


@standard_uniform.samples
def standard_uniform_samples() -> Iterator[Sample]:
    yield from _samples()


@define_op(namespace="random")
def standard_normal(key: TensorType, shape: ShapeLike, dtype: DTypeLike, /) -> TensorType:
    """Numbers of the normal distribution of mean 0 and standard deviation 1: the inverse of its distribution function.

    >>> import polyflow as pf
    >>> from polyflow.ops.random_standard import standard_normal
    >>> pf.Session().run(standard_normal(pf.random.key(0), (2,), pf.float64)).round(2).tolist()
    [-0.21, -0.78]

    What :func:`polyflow.random.normal` is made of. Raises ``DTypeError`` for a dtype that is not real floating.
    """
    return _checked(key, shape, dtype)


standard_normal.zero_gradient(_NO_FUNCTION_OF_KEYS)


@standard_normal.kernel
def standard_normal_kernel(xp: Any, key: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    return normal_of_uniform(xp, standard_uniform_kernel(xp, key, shape, dtype), dtype, lambda x: erfinv_kernel(xp, x))


@standard_normal.batching
def standard_normal_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    dtype = operation.attributes["dtype"]
    u = standard_uniform_batching(xp, operation, inputs, batched)
    low = literal(-1 + 2.0 ** -(MANTISSA[dtype.name] + 1), dtype)
    span = xp.subtract(literal(1.0, dtype), low)
    return xp.multiply(xp.erfinv(xp.maximum(u * span + low, low)), literal(math.sqrt(2), dtype))


@standard_normal.samples
def standard_normal_samples() -> Iterator[Sample]:
    yield from _samples()


def drawn_bits(dtype: DType) -> tuple[int, int]:
    """How many bits are drawn for a number of ``dtype``, and how many of them are used.

    >>> drawn_bits(as_dtype("float32")), drawn_bits(as_dtype("bfloat16"))
    ((32, 23), (8, 7))
    """
    places = MANTISSA[dtype.name]
    return (dtype.bits if places >= 8 else 8), places


def normal_of_uniform(xp: Any, u: Any, dtype: Any, erfinv: Any) -> Any:
    """``sqrt(2) erfinv(2 u - 1)``, rounded as JAX rounds it; -1, where it would be infinite, is left out."""
    low = xp.asarray(-1 + 2.0 ** -(MANTISSA[as_dtype(dtype).name] + 1), dtype=dtype)
    span = xp.asarray(1.0, dtype=dtype) - low
    return erfinv(xp.maximum(u * span + low, low)) * xp.asarray(math.sqrt(2), dtype=dtype)


def _checked(key: TensorType, shape: tuple[int, ...], dtype: DType | None) -> TensorType:
    found = bits.__wrapped__(key, shape, None)
    if dtype is None or dtype.kind != "float":
        raise DTypeError(message("a dtype in which nothing can be drawn", found=dtype, needed="a real floating dtype"))
    return TensorType(dtype, found.shape)


def _samples() -> Iterator[Sample]:
    for name in ("float16", "bfloat16", "float32", "float64"):
        yield Sample(KEY, (3, 5), name)
    yield Sample(KEY, (), "float32")
    yield Sample(KEY, (2, 0), "float32")
    yield Sample(values([0, 0], "uint32"), (1000,), "float32")
    yield ErrorSample(KEY, (2,), "int32").raises(DTypeError, "needed:  a real floating dtype")
    yield ErrorSample(values([1, 2, 3], "uint32"), 3, "float32").raises(ShapeError, "not a key")
