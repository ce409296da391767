"""Smooth activation functions of neural networks, and the softmax."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import along_axis
from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.signature import Axis
from polyflow.core.types import TensorType
from polyflow.errors import AxisError, DTypeError
from polyflow.ops.error_function import erfc, erfc_kernel

_FAR = [-1000.0, -90.0, -30.0, 0.0, 30.0, 90.0, 1000.0]  # where a naive formula overflows or loses all its digits
_GELU_SLOPE = math.sqrt(2 / math.pi)


@define_op(namespace="nn", traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def sigmoid(x: TensorType, /) -> TensorType:
    """The logistic function ``1 / (1 + exp(-x))`` of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.sigmoid([0.0, 1000.0, -1000.0])).tolist()
    [0.5, 1.0, 0.0]

    Source: TensorFlow, "tf.nn.sigmoid".
    """
    return x


@sigmoid.kernel
def sigmoid_kernel(xp: Any, x: Any) -> Any:
    return 1 / (1 + xp.exp(-x))


@sigmoid.gradient
def sigmoid_gradient(xp: Any, operation: Any, g: Any) -> Any:
    y = operation.output
    return g * (y * (1 - y))


@sigmoid.samples
def sigmoid_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values(_FAR), dtypes="real floating")


@define_op(namespace="nn", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def softplus(x: TensorType, /) -> TensorType:
    """``log(1 + exp(x))`` of each element, without overflow.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.softplus([1000.0, -1000.0])).tolist()
    [1000.0, 0.0]

    Source: TensorFlow, "tf.nn.softplus".
    """
    return x


@softplus.kernel
def softplus_kernel(xp: Any, x: Any) -> Any:
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


@softplus.gradient
def softplus_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * sigmoid(operation.inputs[0])


@softplus.samples
def softplus_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values(_FAR))
    yield ErrorSample(values([1.0], "complex64")).raises(DTypeError, "needed:  a real floating dtype")


@define_op(namespace="nn", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def softsign(x: TensorType, /) -> TensorType:
    """``x / (1 + abs(x))`` of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.softsign([1.0, -3.0])).tolist()
    [0.5, -0.75]

    Source: TensorFlow, "tf.nn.softsign".
    """
    return x


@softsign.kernel
def softsign_kernel(xp: Any, x: Any) -> Any:
    return x / (1 + xp.abs(x))


@softsign.gradient
def softsign_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g / xp.square(1 + xp.abs(operation.inputs[0]))


@softsign.samples
def softsign_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values(_FAR), gradient=False)


@define_op(namespace="nn", traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def silu(x: TensorType, /) -> TensorType:
    """``x * sigmoid(x)`` of each element, also known as swish.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.silu([0.0, 1000.0, -1000.0])).tolist()
    [0.0, 1000.0, -0.0]

    Source: S. Elfwing et al., "Sigmoid-weighted linear units", 2017.
    """
    return x


@silu.kernel
def silu_kernel(xp: Any, x: Any) -> Any:
    return x / (1 + xp.exp(-x))


@silu.gradient
def silu_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x = operation.inputs[0]
    y = sigmoid(x)
    return g * (y * (1 + x * (1 - y)))


@silu.samples
def silu_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values(_FAR), dtypes="real floating")


@define_op(namespace="nn", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def gelu(x: TensorType, /, *, approximate: bool = False) -> TensorType:
    """``x`` times the probability that a standard normal number is below ``x``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.gelu([0.0, 1000.0])).tolist()
    [0.0, 1000.0]

    ``approximate`` takes ``x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2`` for it.
    Source: D. Hendrycks and K. Gimpel, "Gaussian error linear units", 2016.
    """
    return x


@gelu.kernel
def gelu_kernel(xp: Any, x: Any, *, approximate: bool) -> Any:
    if approximate:
        return 0.5 * x * (1 + xp.tanh(_GELU_SLOPE * (x + 0.044715 * (x * x * x))))
    return 0.5 * x * erfc_kernel(xp, -math.sqrt(0.5) * x)


@gelu.gradient
def gelu_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x = operation.inputs[0]
    if operation.attributes["approximate"]:
        t = xp.tanh(_GELU_SLOPE * (x + 0.044715 * (x * x * x)))
        inner = _GELU_SLOPE * (1 + 3 * 0.044715 * xp.square(x))
        return g * (0.5 * (1 + t) + 0.5 * x * (1 - xp.square(t)) * inner)
    density = math.sqrt(0.5 / math.pi) * xp.exp(-0.5 * xp.square(x))
    return g * (0.5 * erfc(-math.sqrt(0.5) * x) + x * density)


@gelu.samples
def gelu_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3), approximate=True)
    yield Sample(values(_FAR))
    yield Sample(values(_FAR), approximate=True)


@define_op(namespace="nn", dtypes="real floating", to_float=True)
def softmax(x: TensorType, /, *, axis: Axis = -1) -> TensorType:
    """``exp(x) / sum(exp(x))`` along ``axis``, without overflow.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.softmax([[0.0, 0.0], [1000.0, 0.0]])).tolist()
    [[0.5, 0.5], [1.0, 0.0]]

    ``axis`` is one axis, several, or ``None`` for all. Raises ``AxisError`` where there is no such axis.
    Source: TensorFlow, "tf.nn.softmax".
    """
    return x


@softmax.kernel
def softmax_kernel(xp: Any, x: Any, *, axis: Any) -> Any:
    if 0 in x.shape:
        return x
    powers = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return powers / xp.sum(powers, axis=axis, keepdims=True)


@softmax.gradient
def softmax_gradient(xp: Any, operation: Any, g: Any) -> Any:
    y = operation.output
    return y * (g - xp.sum(g * y, axis=operation.attributes["axis"], keepdims=True))


softmax.batching(along_axis)


@softmax.samples
def softmax_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3, 2), axis=0)
    yield Sample(normal(2, 3, 2), axis=(0, 2))
    yield Sample(normal(2, 3), axis=None)
    yield Sample(normal(2, 0))
    yield Sample(values([_FAR, _FAR[::-1]]))
    yield ErrorSample(normal(2, 3), axis=2).raises(AxisError, "axis 2 is out of range for rank 2")


@define_op(namespace="nn", dtypes="real floating", to_float=True)
def log_softmax(x: TensorType, /, *, axis: Axis = -1) -> TensorType:
    """``x - log(sum(exp(x)))`` along ``axis``, the logarithm of the softmax, without overflow.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.log_softmax([[1000.0, 0.0], [-1000.0, 0.0]])).tolist()
    [[0.0, -1000.0], [-1000.0, 0.0]]

    ``axis`` is one axis, several, or ``None`` for all. Raises ``AxisError`` where there is no such axis.
    Source: TensorFlow, "tf.nn.log_softmax".
    """
    return x


@log_softmax.kernel
def log_softmax_kernel(xp: Any, x: Any, *, axis: Any) -> Any:
    if 0 in x.shape:
        return x
    shifted = x - xp.max(x, axis=axis, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))


@log_softmax.gradient
def log_softmax_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g - xp.exp(operation.output) * xp.sum(g, axis=operation.attributes["axis"], keepdims=True)


log_softmax.batching(along_axis)


@log_softmax.samples
def log_softmax_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3, 2), axis=0)
    yield Sample(normal(2, 3, 2), axis=(0, 2))
    yield Sample(normal(2, 0))
    yield Sample(values([_FAR, _FAR[::-1]]))
    yield ErrorSample(normal(2, 3), axis=-3).raises(AxisError, "axis -3 is out of range for rank 2")
