"""Activation functions with a kink at 0, or one smoothed away: the rectifiers.

At a kink the gradient is the one of the left side, as in TensorFlow: ``relu`` has the gradient 0 at 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError

_KINKS = [-7.0, -1.0, -0.0, 0.0, 1.0, 6.0, 7.0]


@define_op(namespace="nn", traits=Trait.ELEMENTWISE | Trait.IDEMPOTENT, dtypes="real")
def relu(x: TensorType, /) -> TensorType:
    """``max(x, 0)`` of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.relu([-1.5, 2.0])).tolist()
    [0.0, 2.0]

    The gradient at 0 is 0. Source: TensorFlow, "tf.nn.relu".
    """
    return x


@relu.kernel
def relu_kernel(xp: Any, x: Any) -> Any:
    return xp.maximum(x, 0)


@relu.gradient
def relu_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.where(operation.inputs[0] > 0, g, 0.0)


@relu.samples
def relu_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values(_KINKS), gradient=False, dtypes="real floating")
    yield ErrorSample(values([True], "bool")).raises(DTypeError, "needed:  a real dtype")


@define_op(namespace="nn", traits=Trait.ELEMENTWISE | Trait.IDEMPOTENT, dtypes="real")
def relu6(x: TensorType, /) -> TensorType:
    """``min(max(x, 0), 6)`` of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.relu6([-1.5, 2.0, 7.0])).tolist()
    [0.0, 2.0, 6.0]

    The gradient at 0 and at 6 is 0. Source: TensorFlow, "tf.nn.relu6".
    """
    return x


@relu6.kernel
def relu6_kernel(xp: Any, x: Any) -> Any:
    return xp.minimum(xp.maximum(x, 0), 6)


@relu6.gradient
def relu6_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x = operation.inputs[0]
    return xp.where(xp.logical_and(x > 0, x < 6), g, 0.0)


@relu6.samples
def relu6_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values([-5.0, 0.5, 5.5, 6.5]), dtypes="real floating")
    yield Sample(values(_KINKS), gradient=False, dtypes="real floating")


@define_op(namespace="nn", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def leaky_relu(x: TensorType, /, *, alpha: float = 0.2) -> TensorType:
    """``x`` where it is positive, ``alpha * x`` elsewhere.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.leaky_relu([-2.0, 2.0], alpha=0.25)).tolist()
    [-0.5, 2.0]

    The gradient at 0 is ``alpha``. Source: TensorFlow, "tf.nn.leaky_relu".
    """
    return x


@leaky_relu.kernel
def leaky_relu_kernel(xp: Any, x: Any, *, alpha: float) -> Any:
    return xp.where(x > 0, x, alpha * x)


@leaky_relu.gradient
def leaky_relu_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.where(operation.inputs[0] > 0, g, operation.attributes["alpha"] * g)


@leaky_relu.samples
def leaky_relu_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3), alpha=0.01)
    yield Sample(values(_KINKS), gradient=False)


@define_op(namespace="nn", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def elu(x: TensorType, /, *, alpha: float = 1.0) -> TensorType:
    """``x`` where it is positive, ``alpha * (exp(x) - 1)`` elsewhere.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.elu([-1000.0, 0.0, 2.0])).tolist()
    [-1.0, 0.0, 2.0]

    Source: D.-A. Clevert et al., "Exponential linear units", 2015.
    """
    return x


@elu.kernel
def elu_kernel(xp: Any, x: Any, *, alpha: float) -> Any:
    return xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0)))


@elu.gradient
def elu_gradient(xp: Any, operation: Any, g: Any) -> Any:
    y = operation.output
    return xp.where(operation.inputs[0] > 0, g, g * (y + operation.attributes["alpha"]))


@elu.samples
def elu_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3), alpha=0.5)
    yield Sample(values([*_KINKS, -1000.0, 1000.0]), gradient=False)


@define_op(namespace="nn", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def selu(x: TensorType, /) -> TensorType:
    """``elu`` of each element scaled so that layers keep mean 0 and variance 1.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.selu([0.0])).tolist()
    [0.0]

    Source: G. Klambauer et al., "Self-normalizing neural networks", 2017.
    """
    return x


@selu.kernel
def selu_kernel(xp: Any, x: Any) -> Any:
    low = (_SELU_SCALE * _SELU_ALPHA) * xp.expm1(xp.minimum(x, 0))
    return xp.where(x > 0, _SELU_SCALE * x, low)


@selu.gradient
def selu_gradient(xp: Any, operation: Any, g: Any) -> Any:
    low = operation.output + _SELU_SCALE * _SELU_ALPHA
    return g * xp.where(operation.inputs[0] > 0, _SELU_SCALE, low)


@selu.samples
def selu_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values([*_KINKS, -1000.0, 1000.0]), gradient=False)


_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805
