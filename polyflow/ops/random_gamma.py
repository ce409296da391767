"""Numbers of the gamma distribution: by rejection, with the derivative that the distribution function implies.

Rejection asks for as many proposals as it takes; here their number is bounded, and so large that what is lost is less
than what rounding loses. Every element gets three. Those that reject all three, about one in 10**4, are gathered, and
get twelve more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import float32, int64, uint8
from polyflow.core.literal import literal
from polyflow.core.primitives import astype
from polyflow.core.samples import ErrorSample, Sample, positive, values
from polyflow.core.shapes import broadcast_shapes
from polyflow.core.signature import DTypeLike, ShapeLike
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ShapeError
from polyflow.ops.random_bits import KEY, split
from polyflow.ops.random_normal import standard_normal
from polyflow.ops.random_streams import define_random_op, drawn, drawn_shape, is_number
from polyflow.ops.random_uniform import SMALLEST, positive_unit, unit

FIRST, MORE = 3, 12
"""Proposals for every element, and for those that reject them all: one is rejected with a probability below 0.049."""


@define_random_op()
def gamma(
    shape: ShapeLike,
    alpha: TensorType,
    beta: TensorType = 1.0,  # type: ignore[assignment]
    dtype: DTypeLike = None,
    /,
    *,
    key: TensorType | None = None,
    seed: int | None = None,
) -> TensorType:
    """Numbers of the gamma distribution, whose density is ``beta**alpha * x**(alpha - 1) * exp(-beta * x)``, normed.

    >>> import polyflow as pf
    >>> x = pf.random.gamma((1000,), 9.0, key=pf.random.key(0))
    >>> pf.Session().run(pf.abs(pf.mean(x) - 9) < 0.5).tolist()
    True

    Proposals are made and rejected up to 15 times for an element. For one element in 5 * 10**19 or fewer all are
    rejected, and it gets a proposal that was: fewer than rounding moves.

    A draw has gradients with respect to ``alpha`` and ``beta``, to any order. That for ``alpha`` is how the draw moves
    while the distribution function at it stays: ``-(dF/dalpha) / (dF/dx)``; the derivative of a mean over draws is the
    mean of these. Unlike in TensorFlow 1, ``alpha`` broadcasts to the shape. For ``key``, ``seed`` and the dtype see
    ``uniform``. Sources: G. Marsaglia and W. Tsang, "A Simple Method for Generating Gamma Variables", TOMS 26, 2000;
    M. Figurnov, S. Mohamed and A. Mnih, "Implicit Reparameterization Gradients", NeurIPS 2018.
    """
    return drawn(shape, dtype, key, alpha, beta)


@gamma.expansion
def gamma_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    alpha, beta, key = inputs
    xp, dtype = builder.xp, attributes["dtype"]
    shape = drawn_shape(attributes, alpha, beta)
    alpha = builder.cast(alpha, dtype)
    is_small = alpha < 1  # there, gamma(alpha) is gamma(alpha + 1) * uniform**(1 / alpha)
    d = xp.broadcast_to(xp.where(is_small, alpha + 1, alpha) - 1 / 3, shape)
    keys = split(key, 5)
    draw, is_accepted = _first_accepted(builder, keys[0, :], keys[1, :], d, FIRST)
    if d.size:
        draw = _with_more(builder, keys[2, :], keys[3, :], d, draw, is_accepted)
    u = 1 - unit(builder, keys[4, :], shape, dtype)
    draw = xp.where(is_small, draw * u ** (1 / xp.where(is_small, alpha, 1)), draw)
    draw = gamma_distributed(draw, alpha)
    return draw if is_number(beta, 1) else draw / builder.cast(beta, dtype)  # type: ignore[no-any-return]


def _first_accepted(builder: Any, normal_key: Tensor, uniform_key: Tensor, d: Any, count: int) -> tuple[Any, Any]:
    """For each element of ``d`` the first of ``count`` proposals that is accepted, and whether any is."""
    xp = builder.xp
    shape = (count, *d.type.static_shape)
    x = standard_normal(builder, normal_key, shape, d.dtype)
    u = positive_unit(builder, uniform_key, shape, d.dtype)
    root = 1 + (1 / 3) / xp.sqrt(d) * x
    is_valid = root > 0
    v = xp.where(is_valid, root, 1) ** 3
    is_accepted = is_valid & (xp.log(u) < 0.5 * x * x + d * (1 - v + xp.log(v)))
    first = xp.argmax(astype(is_accepted, uint8), axis=0, keepdims=True)
    return d * xp.squeeze(xp.take_along_axis(v, first, axis=0), axis=0), xp.any(is_accepted, axis=0)


def _with_more(builder: Any, normal_key: Tensor, uniform_key: Tensor, d: Any, draw: Any, is_accepted: Any) -> Any:
    """The draws, with more proposals for the elements that have accepted none: those have a pool, in their order.

    The pool is 30 times as large as it need be on average: that it is too small is less likely than 10**-100.
    """
    xp, shape = builder.xp, d.type.static_shape
    size = math.prod(shape)
    pool = min(size, 64 + size // 256)
    numbers = xp.cumulative_sum(astype(xp.reshape(~is_accepted, (size,)), int64))
    places = xp.searchsorted(numbers, xp.arange(1, pool + 1, dtype=int64))
    pooled = xp.take(xp.reshape(d, (size,)), xp.minimum(places, size - 1))
    found, _ = _first_accepted(builder, normal_key, uniform_key, pooled, MORE)
    own = xp.reshape(xp.take(found, xp.clip(numbers - 1, 0, pool - 1)), shape)
    return xp.where(is_accepted, draw, own)


@gamma.samples
def gamma_samples() -> Iterator[Sample]:
    yield Sample((3, 5), 2.0, key=KEY)
    yield Sample((3, 5), 0.25, 2.0, "float64", key=KEY)
    yield Sample((0, 5), 2.0, key=KEY)
    yield Sample((2, 3), 2.5, positive(2, 1), key=KEY, dtypes="real floating")
    # Finite differences would see the draw of one key change, which moves and jumps in another way.
    yield Sample((2, 3), values([0.5, 1.0, 30.0]), positive(2, 1), key=KEY, dtypes="real floating", gradient=False)
    yield Sample(None, values([0.5, 1.0, 30.0]), key=KEY, dtypes="real floating", gradient=False)
    yield ErrorSample((2,), positive(3), key=KEY).raises(ShapeError, "do not broadcast")
    yield ErrorSample((2,), 1.0, dtype="int32", key=KEY).raises(DTypeError, "needed:  a real floating dtype")


@define_op(namespace="random", traits=Trait.ELEMENTWISE, dtypes="real floating", promote=True)
def gamma_distributed(draw: TensorType, alpha: TensorType, /) -> TensorType:
    """``draw`` itself, as a number of the gamma distribution of ``alpha``, with which it moves where differentiated.

    >>> import polyflow as pf
    >>> from polyflow.ops.random_gamma import gamma_distributed
    >>> alpha = pf.constant([1.0, 2.0])
    >>> draw = gamma_distributed([0.5, 3.0], alpha)
    >>> [[round(x, 4) for x in each.tolist()] for each in pf.Session().run([draw, pf.gradients(draw, alpha)[0]])]
    [[0.5, 3.0], [0.807, 1.3218]]

    The derivative is that at which the distribution function stays, ``-(dF/dalpha) / (dF/dx)``, by quadrature. It is
    NaN where ``alpha`` is.
    """
    return draw.with_shape(broadcast_shapes(draw.known_shape, alpha.known_shape))


@gamma_distributed.kernel
def gamma_distributed_kernel(xp: Any, draw: Any, alpha: Any) -> Any:
    return xp.where(xp.isnan(alpha), alpha, draw)


@gamma_distributed.gradient
def gamma_distributed_gradient(xp: Any, operation: Any, g: Any) -> Any:
    _, alpha = operation.inputs
    if g.dtype.bits == 16:
        slope = astype(implied_derivative(xp, astype(operation.output, float32), astype(alpha, float32)), g.dtype)
    else:
        slope = implied_derivative(xp, operation.output, alpha)
    return None, g * slope


@gamma_distributed.samples
def gamma_distributed_samples() -> Iterator[Sample]:
    # What its derivative says is no change of its result: it is compared with the inverse of F elsewhere.
    yield Sample(positive(2, 3), positive(3, seed=1), gradient=False)
    draws, alphas = values([1.0, float("inf"), 60.0, -2.0]), values([float("nan"), 1.0, 2.0, 3.0])
    yield Sample(draws, alphas, gradient=False, dtypes="real floating")


_STEPS = {"float32": 0.2, "float64": 0.1}
_FROM, _TO, _TOGETHER = -3.7, 7.5, 16


def implied_derivative(xp: Any, x: Any, alpha: Any) -> Any:
    """``-(dF/dalpha) / (dF/dx)`` of the distribution function ``F`` of the gamma distribution of ``alpha`` at ``x``.

    The derivative by alpha of the density ``f`` is ``(log(t) - digamma(alpha)) * f(t)``, whose integral over all ``t``
    is 0: so that of ``F`` is its integral over ``t < x``, or less that over ``t > x``; the side is taken on which
    ``f(t) / f(x)`` falls from 1 on. With ``t = x * exp(s * v)``, ``s`` the side, both are integrals over ``v > 0`` of a
    smooth function that falls to 0: ``v = scale * exp(u - exp(-u))`` and equal steps in ``u`` give it to all digits.
    What depends on ``x`` and ``alpha`` only through the scale does not change the integral, and is not differentiated.

    Source: H. Takahasi and M. Mori, "Double Exponential Formulas for Numerical Integration", 1974.
    """
    step = _STEPS[x.dtype.name]
    x = xp.maximum(x, SMALLEST[x.dtype.name])
    is_above = x > alpha
    side = xp.where(is_above, 1.0, -1.0)
    least = xp.log1p(1 / x)  # beyond 6 + least, exp(-x * exp(v)) is 0
    scale = 1 / (xp.abs(alpha - x) + xp.sqrt(x / 2))
    scale = xp.minimum(scale, xp.where(is_above, least + 1, 1 / alpha))
    scale, last = (
        xp.expand_dims(xp.stop_gradient(each), axis=-1) for each in (scale, xp.where(is_above, 6 + least, math.inf))
    )
    side, x_line, alpha_line = (xp.expand_dims(each, axis=-1) for each in (side, x, alpha))
    offset = xp.expand_dims(xp.log(x) - digamma(xp, alpha), axis=-1)
    nodes = [_FROM + step * place for place in range(round((_TO - _FROM) / step) + 1)]
    total: Any = 0
    for start in range(0, len(nodes), _TOGETHER):
        some = nodes[start : start + _TOGETHER]
        points = [math.exp(t - math.exp(-t)) for t in some]
        weights = [step * y * (1 + math.exp(-t)) for y, t in zip(points, some, strict=True)]
        v = side * xp.minimum(scale * literal(points, x.dtype), last)
        density = xp.exp(alpha_line * v - x_line * xp.expm1(v))
        total = total + xp.sum((offset + v) * literal(weights, x.dtype) * density, axis=-1)
    return xp.squeeze(side * scale, axis=-1) * x * total


def digamma(xp: Any, x: Any) -> Any:
    """The derivative of the logarithm of the gamma function, for positive ``x``: recurrence up to ten, then its series.

    Source: NIST Handbook of Mathematical Functions, 5.5.2 and 5.11.2.
    """
    y = x + 10.0
    r = 1 / (y * y)
    series: Any = 0.0
    for coefficient in (-1 / 12, 691 / 32760, -1 / 132, 1 / 240, -1 / 252, 1 / 120, -1 / 12):
        series = (series + coefficient) * r
    return xp.log(y) - 0.5 / y + series - sum((1 / (x + float(place)) for place in range(10)), start=0.0)
