"""The logistic function and its inverse, the sine quotient, and the logarithm of a sum of exponentials.

Their kernels are written on the array API standard, and are as good as any library's own: no table has others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import over_axes
from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, normal, uniform, values
from polyflow.core.shapes import normal_axes, reduced
from polyflow.core.signature import Axis
from polyflow.core.types import TensorType
from polyflow.errors import AxisError


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def expit(x: TensorType, /) -> TensorType:
    """The logistic function ``1 / (1 + exp(-x))`` of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(expit([-pf.inf, 0.0, pf.inf])).tolist()
    [0.0, 0.5, 1.0]
    """
    return x


@expit.kernel
def expit_kernel(xp: Any, x: Any) -> Any:
    small = xp.exp(-xp.abs(x))
    return xp.where(x < 0, small, 1.0) / (1 + small)


@expit.gradient
def expit_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * operation.output * expit(-operation.inputs[0])


@expit.samples
def expit_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 4))
    yield Sample(values([-math.inf, -50.0, 0.0, 50.0, math.inf, math.nan]), gradient=False)


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def logit(p: TensorType, /) -> TensorType:
    """The inverse ``log(p / (1 - p))`` of the logistic function; NaN outside of [0, 1].

    >>> import polyflow as pf
    >>> pf.Session().run(logit([0.0, 0.5, 1.0])).tolist()
    [-inf, 0.0, inf]
    """
    return p


@logit.kernel
def logit_kernel(xp: Any, p: Any) -> Any:
    return xp.log(p) - xp.log1p(-p)


@logit.gradient
def logit_gradient(xp: Any, operation: Any, g: Any) -> Any:
    p = operation.inputs[0]
    return g / (p * (1 - p))


@logit.samples
def logit_samples() -> Iterator[Sample]:
    yield Sample(uniform(3, 4, low=0.05, high=0.95))
    yield Sample(values([0.0, 1.0, 0.5, 1e-6, 1.5, math.nan]), gradient=False)


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def sinc(x: TensorType, /) -> TensorType:
    """``sin(pi * x) / (pi * x)`` of each element, and 1 at 0.

    >>> import polyflow as pf
    >>> pf.Session().run(sinc([0.0])).tolist()
    [1.0]
    """
    return x


@sinc.kernel
def sinc_kernel(xp: Any, x: Any) -> Any:
    angle = math.pi * xp.where(x == 0, 1.0, x)
    return xp.where(x == 0, 1.0, xp.sin(angle) / angle)


@sinc.gradient
def sinc_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x = operation.inputs[0]
    is_near = xp.abs(x) < 0.01  # where the quotient cancels, its series
    square = xp.square(math.pi * x)
    series = -(math.pi**2) / 3 * x * (1 - square / 10 * (1 - square / 28))
    far = xp.where(is_near, 1.0, x)
    return g * xp.where(is_near, series, (xp.cos(math.pi * far) - sinc(far)) / far)


@sinc.samples
def sinc_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 4))
    yield Sample(values([0.0, 0.004, -0.009, 0.5]))


@define_op(namespace="special", dtypes="real floating", to_float=True)
def logsumexp(x: TensorType, /, *, axis: Axis = None, keepdims: bool = False) -> TensorType:
    """``log(sum(exp(x)))`` over ``axis``, over all axes without one; it does not overflow.

    >>> import polyflow as pf
    >>> pf.Session().run(logsumexp([[1000.0], [-pf.inf]], axis=0)).tolist()
    [1000.0]

    ``keepdims`` leaves the axes with size 1.
    """
    return reduced(x, axis, keepdims)


@logsumexp.kernel
def logsumexp_kernel(xp: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    largest = xp.max(x, axis=axis, keepdims=True)
    shift = xp.where(xp.isfinite(largest), largest, 0.0)
    found = xp.log(xp.sum(xp.exp(x - shift), axis=axis, keepdims=True)) + shift
    return found if keepdims else xp.squeeze(found, axis=normal_axes(axis, len(x.shape)))


@logsumexp.gradient
def logsumexp_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, y = operation.inputs[0], operation.output
    if not operation.attributes["keepdims"]:
        axes = normal_axes(operation.attributes["axis"], x.ndim)
        g, y = xp.expand_dims(g, axis=axes), xp.expand_dims(y, axis=axes)
    return g * xp.exp(x - y)


logsumexp.batching(over_axes)


@logsumexp.samples
def logsumexp_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3, 4), axis=(0, -1))
    yield Sample(normal(2, 3), axis=1, keepdims=True)
    yield Sample(normal(2, 3))
    yield Sample(values([[300.0, -300.0], [-math.inf, -math.inf], [math.inf, 0.0]]), axis=1, gradient=False)
    yield ErrorSample(normal(2, 3), axis=2).raises(AxisError, "axis 2 is out of range for rank 2")
