"""Normalization: mean and variance of tensors, and what is divided by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.core.tensor import Operation
from polyflow.errors import ArgumentError, message
from polyflow.ops.arithmetic import add, multiply, sqrt, square, subtract
from polyflow.ops.channels import bias_add
from polyflow.ops.creation import ones_like
from polyflow.ops.linear import matmul
from polyflow.ops.ordering import group, stop_gradient
from polyflow.ops.reductions import mean as _mean
from polyflow.ops.reductions import sum as _sum

Axes = int | Sequence[int] | None


def moments(x: Any, /, axes: Axes, keepdims: bool = False, *, name: str | None = None) -> tuple[Any, Any]:
    """The mean and the variance of the elements of ``x`` over ``axes``.

    >>> import polyflow as pf
    >>> mean, variance = pf.nn.moments(pf.constant([[1.0, 3.0], [2.0, 6.0]]), [1])
    >>> [each.tolist() for each in pf.Session().run([mean, variance])]
    [[2.0, 4.0], [1.0, 4.0]]

    The variance is the mean of the squared distances from the mean. Source: TensorFlow, "tf.nn.moments".
    """
    center = _mean(x, axis=axes, keepdims=True)
    variance = _mean(square(subtract(x, center)), axis=axes, keepdims=keepdims)
    return (center if keepdims else _mean(x, axis=axes)), variance


def weighted_moments(
    x: Any, /, axes: Axes, frequency_weights: Any, keepdims: bool = False, *, name: str | None = None
) -> tuple[Any, Any]:
    """The mean and the variance of ``x`` over ``axes``, each element counted as often as its weight says.

    >>> import polyflow as pf
    >>> mean, variance = pf.nn.weighted_moments(pf.constant([1.0, 5.0]), 0, pf.constant([3.0, 1.0]))
    >>> [each.tolist() for each in pf.Session().run([mean, variance])]
    [2.0, 3.0]

    Source: TensorFlow, "tf.nn.weighted_moments".
    """
    weights = multiply(frequency_weights, ones_like(x))  # as many as there are elements
    total = _sum(weights, axis=axes, keepdims=True)
    center = _sum(weights * x, axis=axes, keepdims=True) / total
    variance = _sum(weights * square(subtract(x, center)), axis=axes, keepdims=True) / total
    return (center, variance) if keepdims else (_sum(center, axis=axes), _sum(variance, axis=axes))


def batch_normalization(
    x: Any, /, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float, *, name: str | None = None
) -> Any:
    """``(x - mean) / sqrt(variance + variance_epsilon) * scale + offset``.

    >>> import polyflow as pf
    >>> x = pf.constant([[1.0, 3.0], [2.0, 6.0]])
    >>> pf.Session().run(pf.nn.batch_normalization(x, 2.0, 4.0, 10.0, None, 0.0)).tolist()
    [[9.5, 10.5], [10.0, 12.0]]

    ``offset`` and ``scale`` may be ``None``. Source: TensorFlow, "tf.nn.batch_normalization".
    """
    factor = 1 / sqrt(add(variance, variance_epsilon))
    if scale is not None:
        factor = factor * scale
    shifted = multiply(x, factor) - mean * factor
    return shifted if offset is None else shifted + offset


def batch_norm(
    x: Any,
    /,
    scale: Any = None,
    offset: Any = None,
    *,
    moving_mean: Any = None,
    moving_variance: Any = None,
    is_training: bool = True,
    axes: Axes = 0,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
) -> tuple[Any, Operation | None]:
    """``x`` normalized over ``axes``, and the operation that moves the averages on.

    >>> import polyflow as pf
    >>> mean, variance = pf.Variable([0.0], trainable=False), pf.Variable([1.0], trainable=False)
    >>> x = pf.constant([[1.0], [3.0]])
    >>> y, update = pf.nn.batch_norm(x, moving_mean=mean, moving_variance=variance, momentum=0.5, epsilon=0.0)
    >>> session = pf.Session()
    >>> session.run([y, update])[0].tolist(), session.run(mean).tolist()
    ([[-1.0], [1.0]], [1.0])

    In training mean and variance are those of ``x``, and the averages, two variables, keep ``momentum`` of what they
    were when ``update`` runs; otherwise the averages are used. Without averages ``update`` is ``None``.
    Source: S. Ioffe and C. Szegedy, "Batch normalization", 2015.
    """
    if not is_training:
        if moving_mean is None or moving_variance is None:
            remedy = "moving_mean=..., moving_variance=..."
            raise ArgumentError(message("batch_norm: there are no averages to normalize by", remedy=remedy))
        return batch_normalization(x, moving_mean, moving_variance, offset, scale, epsilon), None
    mean, variance = moments(x, axes)
    y = batch_normalization(x, *moments(x, axes, keepdims=True), offset, scale, epsilon)
    steps = [
        average.assign(momentum * average + (1 - momentum) * stop_gradient(value))
        for average, value in ((moving_mean, mean), (moving_variance, variance))
        if average is not None
    ]
    return y, group(*steps) if steps else None


def layer_norm(
    x: Any,
    /,
    scale: Any = None,
    offset: Any = None,
    *,
    axis: Axes = -1,
    epsilon: float = 1e-6,
    name: str | None = None,
) -> Any:
    """``x`` brought to mean 0 and variance 1 along ``axis``, then scaled and moved.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.layer_norm([[1.0, 3.0], [2.0, 6.0]], 2.0, epsilon=0.0)).tolist()
    [[-2.0, 2.0], [-2.0, 2.0]]

    Source: J. Ba and others, "Layer normalization", 2016.
    """
    center = _mean(x, axis=axis, keepdims=True)
    distance = subtract(x, center)
    y = distance * (1 / sqrt(_mean(square(distance), axis=axis, keepdims=True) + epsilon))
    y = y if scale is None else y * scale
    return y if offset is None else y + offset


def xw_plus_b(x: Any, weights: Any, biases: Any, /, *, name: str | None = None) -> Any:
    """``matmul(x, weights) + biases``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.xw_plus_b([[1.0, 2.0]], [[3.0], [4.0]], [0.5])).tolist()
    [[11.5]]

    Source: TensorFlow, "tf.compat.v1.nn.xw_plus_b".
    """
    return bias_add(matmul(x, weights), biases, name=name)
