"""Uniform numbers, and what one uniform number is turned into by the inverse of a distribution function.

Shapes come first, then parameters, which broadcast to the shape; ``shape=None`` is the shape of the parameters.
Gradients flow to the parameters.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from polyflow.core.dtypes import DType, as_dtype
from polyflow.core.samples import ErrorSample, Sample, normal, positive, values
from polyflow.core.signature import DTypeLike, ShapeLike
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ShapeError, ValueRangeError
from polyflow.ops.random_bits import KEY
from polyflow.ops.random_standard import MANTISSA, standard_uniform
from polyflow.ops.random_streams import define_random_op, drawn, drawn_shape, in_dtype, is_number, moved

SMALLEST = {"bfloat16": 2.0**-126, "float16": 2.0**-14, "float32": 2.0**-126, "float64": 2.0**-1022}
"""The smallest positive normal numbers."""


@define_random_op()
def uniform(
    shape: ShapeLike,
    minval: TensorType = 0.0,  # type: ignore[assignment]
    maxval: TensorType = 1.0,  # type: ignore[assignment]
    dtype: DTypeLike = None,
    /,
    *,
    key: TensorType | None = None,
    seed: int | None = None,
) -> TensorType:
    """Numbers evenly spread over ``[minval, maxval)``.

    >>> import polyflow as pf
    >>> x = pf.random.uniform((2,), key=pf.random.key(0))
    >>> pf.Session().run(x).tolist()
    [0.9476670026779175, 0.9785798788070679]

    With a ``key`` they are a function of it, bit for bit those of ``jax.random.uniform``. Without, they come from a
    stream of the operation's own: new numbers in each run, the same sequence in each session, derived from the seed
    of the graph and the operation's name, or from ``seed`` in place of the name.

    The dtype is that of the bounds, float32 for Python numbers. Raises ``DTypeError`` for one that is not floating;
    ``randint`` draws whole numbers. Sources: JAX, "jax.random.uniform"; TensorFlow 1, "tf.random_uniform".
    """
    return drawn(shape, dtype, key, minval, maxval)


@uniform.expansion
def uniform_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    minval, maxval, key = inputs
    return between(builder, key, drawn_shape(attributes, minval, maxval), attributes["dtype"], minval, maxval)


@uniform.samples
def uniform_samples() -> Iterator[Sample]:
    for name in ("float16", "float32", "float64"):
        yield Sample((3, 5), 0, 1, name, key=KEY)
    yield Sample((), key=KEY)
    yield Sample((2, 0), key=KEY)
    yield Sample((2, 3), -1.0, 3.0, key=KEY)
    yield Sample((2, 3), values([0.0, 1.0, 2.0]), values([[3.0], [5.0]]), key=KEY, dtypes="real floating")
    yield Sample(None, values([0, 10]), values([[1], [50]]), key=KEY, dtypes="real floating")
    yield ErrorSample((2,), values([0.0, 1.0, 2.0]), key=KEY).raises(ShapeError, "do not broadcast")
    yield ErrorSample((1,), values([0.0, 1.0, 2.0]), key=KEY).raises(ShapeError, "do not broadcast to the shape")
    yield ErrorSample((2,), dtype="int32", key=KEY).raises(DTypeError, "needed:  a real floating dtype")
    yield ErrorSample((-2,), key=KEY).raises(ValueRangeError, "no dimension below 0")
    yield ErrorSample((2,), key=values([1, 2, 3], "uint32")).raises(ShapeError, "not a key")


def unit(builder: Any, key: Tensor, shape: tuple[int, ...], dtype: DType) -> Tensor:
    """Numbers of ``[0, 1)``."""
    return standard_uniform(key, shape, dtype)  # type: ignore[no-any-return]


def between(
    builder: Any, key: Tensor, shape: tuple[int, ...], dtype: DType, minval: Tensor | float, maxval: Tensor | float
) -> Tensor:
    """Numbers of ``[minval, maxval)``, rounded as JAX rounds them."""
    found = unit(builder, key, shape, dtype)
    if is_number(minval, 0) and is_number(maxval, 1):
        return found
    low, high = in_dtype(builder, dtype, minval), in_dtype(builder, dtype, maxval)
    return builder.xp.maximum(found * (high - low) + low, low)  # type: ignore[no-any-return]


@define_random_op()
def exponential(
    shape: ShapeLike,
    rate: TensorType = 1.0,  # type: ignore[assignment]
    dtype: DTypeLike = None,
    /,
    *,
    key: TensorType | None = None,
    seed: int | None = None,
) -> TensorType:
    """Numbers of the exponential distribution, whose density is ``rate * exp(-rate * x)``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.random.exponential((2, 0), key=pf.random.key(0))).tolist()
    [[], []]

    For ``key``, ``seed`` and the dtype see ``uniform``. Source: JAX, "jax.random.exponential".
    """
    return drawn(shape, dtype, key, rate)


@exponential.expansion
def exponential_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    rate, key = inputs
    dtype = attributes["dtype"]
    draw = -builder.xp.log1p(-unit(builder, key, drawn_shape(attributes, rate), dtype))
    return draw if is_number(rate, 1) else draw / in_dtype(builder, dtype, rate)  # type: ignore[no-any-return]


@exponential.samples
def exponential_samples() -> Iterator[Sample]:
    yield Sample((3, 5), key=KEY)
    yield Sample((3, 5), 2.5, "float64", key=KEY)
    yield Sample(None, positive(4), key=KEY, dtypes="real floating")
    yield ErrorSample((2,), dtype="int32", key=KEY).raises(DTypeError, "needed:  a real floating dtype")


@define_random_op()
def laplace(
    shape: ShapeLike,
    loc: TensorType = 0.0,  # type: ignore[assignment]
    scale: TensorType = 1.0,  # type: ignore[assignment]
    dtype: DTypeLike = None,
    /,
    *,
    key: TensorType | None = None,
    seed: int | None = None,
) -> TensorType:
    """Numbers of the Laplace distribution, whose density is ``exp(-abs(x - loc) / scale) / (2 * scale)``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.random.laplace((2, 0), key=pf.random.key(0))).tolist()
    [[], []]

    For ``key``, ``seed`` and the dtype see ``uniform``. Source: JAX, "jax.random.laplace".
    """
    return drawn(shape, dtype, key, loc, scale)


@laplace.expansion
def laplace_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    loc, scale, key = inputs
    dtype, xp = attributes["dtype"], builder.xp
    low = -1 + 2.0 ** -(MANTISSA[dtype.name] + 1)
    u = between(builder, key, drawn_shape(attributes, loc, scale), dtype, low, 1.0)
    return moved(builder, xp.sign(u) * xp.log1p(-xp.abs(u)), loc, scale)


@laplace.samples
def laplace_samples() -> Iterator[Sample]:
    yield from _moved_samples()


@define_random_op()
def logistic(
    shape: ShapeLike,
    loc: TensorType = 0.0,  # type: ignore[assignment]
    scale: TensorType = 1.0,  # type: ignore[assignment]
    dtype: DTypeLike = None,
    /,
    *,
    key: TensorType | None = None,
    seed: int | None = None,
) -> TensorType:
    """Numbers of the logistic distribution, whose distribution function is ``sigmoid((x - loc) / scale)``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.random.logistic((2, 0), key=pf.random.key(0))).tolist()
    [[], []]

    For ``key``, ``seed`` and the dtype see ``uniform``. Source: JAX, "jax.random.logistic".
    """
    return drawn(shape, dtype, key, loc, scale)


@logistic.expansion
def logistic_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    loc, scale, key = inputs
    u = positive_unit(builder, key, drawn_shape(attributes, loc, scale), attributes["dtype"])
    return moved(builder, builder.xp.log(u) - builder.xp.log1p(-u), loc, scale)


@logistic.samples
def logistic_samples() -> Iterator[Sample]:
    yield from _moved_samples()


@define_random_op()
def gumbel(
    shape: ShapeLike,
    loc: TensorType = 0.0,  # type: ignore[assignment]
    scale: TensorType = 1.0,  # type: ignore[assignment]
    dtype: DTypeLike = None,
    /,
    *,
    key: TensorType | None = None,
    seed: int | None = None,
) -> TensorType:
    """Numbers of the Gumbel distribution, whose distribution function is ``exp(-exp((loc - x) / scale))``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.random.gumbel((2, 0), key=pf.random.key(0))).tolist()
    [[], []]

    For ``key``, ``seed`` and the dtype see ``uniform``. Source: JAX, "jax.random.gumbel".
    """
    return drawn(shape, dtype, key, loc, scale)


@gumbel.expansion
def gumbel_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    loc, scale, key = inputs
    draw = standard_gumbel(builder, key, drawn_shape(attributes, loc, scale), attributes["dtype"])
    return moved(builder, draw, loc, scale)


@gumbel.samples
def gumbel_samples() -> Iterator[Sample]:
    yield from _moved_samples()


def positive_unit(builder: Any, key: Tensor, shape: tuple[int, ...], dtype: DType) -> Tensor:
    """Numbers of ``(0, 1)``: 0 gives way to the smallest normal number."""
    return between(builder, key, shape, dtype, SMALLEST[dtype.name], 1.0)


def standard_gumbel(builder: Any, key: Tensor, shape: tuple[int, ...], dtype: DType) -> Tensor:
    """Numbers of the Gumbel distribution around 0 of scale 1."""
    log = builder.xp.log
    return -log(-log(positive_unit(builder, key, shape, dtype)))  # type: ignore[no-any-return]


@define_random_op()
def cauchy(
    shape: ShapeLike,
    loc: TensorType = 0.0,  # type: ignore[assignment]
    scale: TensorType = 1.0,  # type: ignore[assignment]
    dtype: DTypeLike = None,
    /,
    *,
    key: TensorType | None = None,
    seed: int | None = None,
) -> TensorType:
    """Numbers of the Cauchy distribution, whose density is ``1 / (pi * scale * (1 + ((x - loc) / scale)**2))``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.random.cauchy((2, 0), key=pf.random.key(0))).tolist()
    [[], []]

    For ``key``, ``seed`` and the dtype see ``uniform``. Source: JAX, "jax.random.cauchy".
    """
    return drawn(shape, dtype, key, loc, scale)


@cauchy.expansion
def cauchy_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    loc, scale, key = inputs
    dtype = attributes["dtype"]
    low = 2.0 ** -MANTISSA[dtype.name]
    u = between(builder, key, drawn_shape(attributes, loc, scale), dtype, low, 1.0)
    return moved(builder, builder.xp.tan((u - 0.5) * math.pi), loc, scale)


@cauchy.samples
def cauchy_samples() -> Iterator[Sample]:
    yield from _moved_samples()


def _moved_samples() -> Iterator[Sample]:
    yield Sample((3, 5), key=KEY)
    yield Sample((3, 5), 0.5, 2.0, "float64", key=KEY)
    yield Sample(None, normal(3), positive(2, 1), key=KEY, dtypes="real floating")
    yield Sample((0,), key=KEY)
    yield ErrorSample((2,), dtype=as_dtype("int32"), key=KEY).raises(DTypeError, "needed:  a real floating dtype")
