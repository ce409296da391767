"""Numbers of the gamma distribution, by rejection in a fixed number of rounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, normal, positive, values
from polyflow.core.signature import DTypeLike, ShapeLike
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ShapeError
from polyflow.ops.random_bits import KEY, split
from polyflow.ops.random_normal import standard_normal
from polyflow.ops.random_streams import define_random_op, drawn, drawn_shape, is_number
from polyflow.ops.random_uniform import positive_unit, unit

ROUNDS = 8
"""At most one proposal in 20 is rejected, so that one element in 10**10 is left after these."""


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

    Proposals are made and rejected in eight rounds for every element; the one element in 10**10 for which all are
    rejected gets ``alpha - 1/3``. A draw has a gradient with respect to ``beta`` and none with respect to ``alpha``.
    Unlike in TensorFlow 1, ``alpha`` broadcasts to the shape. For ``key``, ``seed`` and the dtype see ``uniform``.
    Source: G. Marsaglia and W. Tsang, "A Simple Method for Generating Gamma Variables", TOMS 26, 2000.
    """
    return drawn(shape, dtype, key, alpha, beta)


@gamma.expansion
def gamma_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    alpha, beta, key = inputs
    xp, dtype = builder.xp, attributes["dtype"]
    shape = drawn_shape(attributes, alpha, beta)
    alpha = through_rejection(builder.cast(alpha, dtype))
    is_small = alpha < 1  # there, gamma(alpha) is gamma(alpha + 1) * uniform**(1 / alpha)
    d = xp.where(is_small, alpha + 1, alpha) - 1 / 3
    c = (1 / 3) / xp.sqrt(d)
    keys = split(key, 2 * ROUNDS + 1)
    draw: Any = xp.broadcast_to(d, shape)
    for number in reversed(range(ROUNDS)):  # an earlier round that accepts has the last word
        x = standard_normal(builder, keys[2 * number, :], shape, dtype)
        u = positive_unit(builder, keys[2 * number + 1, :], shape, dtype)
        root = 1 + c * x
        is_valid = root > 0
        v = xp.where(is_valid, root, 1) ** 3
        is_accepted = is_valid & (xp.log(u) < 0.5 * x * x + d * (1 - v + xp.log(v)))
        draw = xp.where(is_accepted, d * v, draw)
    u = 1 - unit(builder, keys[2 * ROUNDS, :], shape, dtype)
    draw = xp.where(is_small, draw * u ** (1 / xp.where(is_small, alpha, 1)), draw)
    return draw if is_number(beta, 1) else draw / builder.cast(beta, dtype)  # type: ignore[no-any-return]


@gamma.samples
def gamma_samples() -> Iterator[Sample]:
    yield Sample((3, 5), 2.0, key=KEY)
    yield Sample((3, 5), 0.25, 2.0, "float64", key=KEY)
    yield Sample((2, 3), 2.5, positive(2, 1), key=KEY, dtypes="real floating")
    yield Sample((2, 3), values([0.5, 1.0, 30.0]), positive(2, 1), key=KEY, dtypes="real floating", gradient=False)
    yield Sample(None, values([0.5, 1.0, 30.0]), key=KEY, dtypes="real floating", gradient=False)
    yield ErrorSample((2,), positive(3), key=KEY).raises(ShapeError, "do not broadcast")
    yield ErrorSample((2,), 1.0, dtype="int32", key=KEY).raises(DTypeError, "needed:  a real floating dtype")


@define_op(
    name="through_rejection", namespace="random", traits=Trait.ELEMENTWISE | Trait.IDENTITY, dtypes="real floating"
)
def through_rejection(x: TensorType, /) -> TensorType:
    """``x`` itself, a parameter of a draw by rejection, with respect to which the draw has no gradient.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.random.gamma((0,), 2.0)).tolist()
    []
    """
    return x


through_rejection.no_gradient("what a draw by rejection keeps and drops jumps as its parameters change")


@through_rejection.kernel
def through_rejection_kernel(xp: Any, x: Any) -> Any:
    return x


@through_rejection.samples
def through_rejection_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
