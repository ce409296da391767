"""Normal numbers: a uniform one, turned by the inverse of the error function."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from polyflow.core.dtypes import DType
from polyflow.core.samples import ErrorSample, Sample, positive, values
from polyflow.core.samples import normal as normal_array
from polyflow.core.signature import DTypeLike, ShapeLike
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ShapeError
from polyflow.ops import random_standard
from polyflow.ops.error_inverse import erfinv
from polyflow.ops.ordering import stop_gradient
from polyflow.ops.random_bits import KEY
from polyflow.ops.random_streams import define_random_op, drawn, drawn_shape, in_dtype, moved
from polyflow.ops.random_uniform import between

_ROOT = math.sqrt(2)


@define_random_op()
def normal(
    shape: ShapeLike,
    mean: TensorType = 0.0,  # type: ignore[assignment]
    stddev: TensorType = 1.0,  # type: ignore[assignment]
    dtype: DTypeLike = None,
    /,
    *,
    key: TensorType | None = None,
    seed: int | None = None,
) -> TensorType:
    """Numbers of the normal distribution: ``mean + stddev * x``, ``x`` from the standard one.

    >>> import polyflow as pf
    >>> x = pf.random.normal((1000,), 5.0, 0.0, key=pf.random.key(0))
    >>> pf.Session().run(pf.mean(x)).tolist()
    5.0

    For ``key``, ``seed`` and the dtype see ``uniform``. Backends differ in the last places only, by their logarithms
    and roots. Sources: JAX, "jax.random.normal"; TensorFlow 1, "tf.random_normal".
    """
    return drawn(shape, dtype, key, mean, stddev)


@normal.expansion
def normal_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    mean, stddev, key = inputs
    draw = standard_normal(builder, key, drawn_shape(attributes, mean, stddev), attributes["dtype"])
    return moved(builder, draw, mean, stddev)


@normal.samples
def normal_samples() -> Iterator[Sample]:
    for name in ("float16", "float32", "float64"):
        yield Sample((3, 5), 0, 1, name, key=KEY)
    yield Sample((), key=KEY)
    yield Sample((2, 0), key=KEY)
    yield Sample((3, 5), 0.5, 2.0, "float64", key=KEY)
    yield Sample((4, 2, 3), normal_array(3), positive(2, 1), key=KEY, dtypes="real floating")
    yield Sample(None, normal_array(3), positive(2, 1), key=KEY, dtypes="real floating")
    yield ErrorSample((2,), normal_array(3), key=KEY).raises(ShapeError, "do not broadcast")
    yield ErrorSample((2,), dtype="complex64", key=KEY).raises(DTypeError, "needed:  a real floating dtype")
    yield ErrorSample((2,), 1j, key=KEY).raises(DTypeError, "a parameter of a distribution is real")


def standard_normal(builder: Any, key: Tensor, shape: tuple[int, ...], dtype: DType) -> Tensor:
    """Numbers of the normal distribution of mean 0 and standard deviation 1."""
    return random_standard.standard_normal(key, shape, dtype)  # type: ignore[no-any-return]


@define_random_op()
def truncated_normal(
    shape: ShapeLike,
    mean: TensorType = 0.0,  # type: ignore[assignment]
    stddev: TensorType = 1.0,  # type: ignore[assignment]
    dtype: DTypeLike = None,
    lower: TensorType = -2.0,  # type: ignore[assignment]
    upper: TensorType = 2.0,  # type: ignore[assignment]
    /,
    *,
    key: TensorType | None = None,
    seed: int | None = None,
) -> TensorType:
    """Numbers of the normal distribution that lie between two bounds: ``mean + stddev * x``, ``lower < x < upper``.

    >>> import polyflow as pf
    >>> x = pf.random.truncated_normal((1000,), key=pf.random.key(0))
    >>> pf.Session().run(pf.all(pf.abs(x) < 2)).tolist()
    True

    The bounds count in standard deviations from the mean. For ``key``, ``seed`` and the dtype see ``uniform``.
    Sources: JAX, "jax.random.truncated_normal"; TensorFlow 1, "tf.truncated_normal".
    """
    return drawn(shape, dtype, key, mean, stddev, lower, upper)


@truncated_normal.expansion
def truncated_normal_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    mean, stddev, lower, upper, key = inputs
    xp, dtype = builder.xp, attributes["dtype"]
    lower, upper = in_dtype(builder, dtype, lower), in_dtype(builder, dtype, upper)
    shape = drawn_shape(attributes, mean, stddev, lower, upper)
    u = between(builder, key, shape, dtype, xp.erf(lower / _ROOT), xp.erf(upper / _ROOT))
    # Rounding must not push a number onto a bound, nor one drawn at the bound itself stay there.
    first = stop_gradient(xp.nextafter(lower, in_dtype(builder, dtype, math.inf)))
    last = stop_gradient(xp.nextafter(upper, in_dtype(builder, dtype, -math.inf)))
    draw = xp.minimum(xp.maximum(erfinv(u) * _ROOT, first), last)
    return moved(builder, draw, mean, stddev)


@truncated_normal.samples
def truncated_normal_samples() -> Iterator[Sample]:
    for name in ("float32", "float64"):
        yield Sample((3, 5), 0, 1, name, key=KEY)
    yield Sample((3, 5), 0.5, 2.0, "float64", -1.0, 0.25, key=KEY)
    yield Sample((2, 3), lower=values([-1.0, 0.0, 1.0], "float32"), upper=values([[2.0], [5.0]], "float32"), key=KEY)
    yield Sample((0,), key=KEY)
    yield ErrorSample((2,), normal_array(3), key=KEY).raises(ShapeError, "do not broadcast")
    yield ErrorSample((2,), dtype="int32", key=KEY).raises(DTypeError, "needed:  a real floating dtype")
