"""Losses with weights: what ``tf.losses`` has, each element's loss weighed and reduced to a number.

``weights`` are a number, or a tensor that broadcasts to the losses. ``reduction`` is one of the words of
:class:`Reduction`; the default divides the weighed sum by how many weights are not 0.
"""

from __future__ import annotations

from typing import Any

from polyflow.errors import ValueRangeError, message
from polyflow.ops.arithmetic import add, multiply, square, subtract
from polyflow.ops.comparison import equal, not_equal
from polyflow.ops.creation import ones_like
from polyflow.ops.exponential import log
from polyflow.ops.losses import sigmoid_cross_entropy_with_logits, softmax_cross_entropy_with_logits
from polyflow.ops.losses import sparse_softmax_cross_entropy_with_logits as _sparse_cross_entropy
from polyflow.ops.magnitudes import abs as _abs
from polyflow.ops.magnitudes import minimum
from polyflow.ops.rectifiers import relu
from polyflow.ops.reductions import sum as _sum
from polyflow.ops.searching import where


class Reduction:
    """How the losses of elements become one: the words that TensorFlow has for it."""

    NONE = "none"
    SUM = "weighted_sum"
    MEAN = "weighted_mean"
    """Divided by the sum of the weights."""
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    """Divided by the number of elements."""
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    """Divided by the number of weights that are not 0."""


_DEFAULT = Reduction.SUM_BY_NONZERO_WEIGHTS
_WORDS = tuple(value for name, value in vars(Reduction).items() if name.isupper())


def compute_weighted_loss(losses: Any, weights: Any = 1.0, /, *, reduction: str = _DEFAULT) -> Any:
    """``losses`` times ``weights``, reduced.

    >>> import polyflow as pf
    >>> losses, weights = pf.constant([1.0, 2.0, 6.0]), pf.constant([1.0, 0.0, 2.0])
    >>> words = ("weighted_sum", "weighted_sum_by_nonzero_weights", "weighted_sum_over_batch_size")
    >>> found = [pf.nn.compute_weighted_loss(losses, weights, reduction=word) for word in words]
    >>> [each.tolist() for each in pf.Session().run(found)]
    [13.0, 6.5, 4.333333492279053]

    Where there is nothing to divide by, the loss is 0. Source: TensorFlow 1, "tf.losses.compute_weighted_loss".
    """
    if reduction not in _WORDS:
        needed = ", ".join(map(repr, _WORDS))
        raise ValueRangeError(message("a reduction that is not known", found=repr(reduction), needed=needed))
    weighed = multiply(losses, weights)
    if reduction == Reduction.NONE:
        return weighed
    if reduction == Reduction.SUM:
        return _sum(weighed)
    present = multiply(ones_like(losses), weights)
    if reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
        present = where(not_equal(present, 0), ones_like(present), 0)
    count = _sum(ones_like(weighed) if reduction == Reduction.SUM_OVER_BATCH_SIZE else present)
    return where(count == 0, 0, _sum(weighed) / where(count == 0, 1, count))


def mean_squared_error(labels: Any, predictions: Any, /, weights: Any = 1.0, *, reduction: str = _DEFAULT) -> Any:
    """The mean of ``(predictions - labels) ** 2``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.mean_squared_error([1.0, 2.0], [3.0, 2.0])).tolist()
    2.0

    Source: TensorFlow 1, "tf.losses.mean_squared_error".
    """
    return compute_weighted_loss(square(subtract(predictions, labels)), weights, reduction=reduction)


def absolute_difference(labels: Any, predictions: Any, /, weights: Any = 1.0, *, reduction: str = _DEFAULT) -> Any:
    """The mean of ``abs(predictions - labels)``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.absolute_difference([1.0, 2.0], [3.0, 2.0])).tolist()
    1.0

    Source: TensorFlow 1, "tf.losses.absolute_difference".
    """
    return compute_weighted_loss(_abs(subtract(predictions, labels)), weights, reduction=reduction)


def huber_loss(
    labels: Any, predictions: Any, /, weights: Any = 1.0, delta: float = 1.0, *, reduction: str = _DEFAULT
) -> Any:
    """The mean of ``error ** 2 / 2`` up to ``delta`` and of ``delta * (abs(error) - delta / 2)`` beyond.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.huber_loss([0.0, 0.0], [0.5, 3.0], reduction="none")).tolist()
    [0.125, 2.5]

    Source: P. Huber, "Robust estimation of a location parameter", 1964.
    """
    error = _abs(subtract(predictions, labels))
    near = minimum(error, delta)
    return compute_weighted_loss(0.5 * square(near) + delta * (error - near), weights, reduction=reduction)


def hinge_loss(labels: Any, logits: Any, /, weights: Any = 1.0, *, reduction: str = _DEFAULT) -> Any:
    """The mean of ``max(0, 1 - t * logits)`` with ``t`` -1 and 1 for labels 0 and 1.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.hinge_loss([1.0, 0.0, 1.0], [2.0, 0.5, -1.0], reduction="none")).tolist()
    [0.0, 1.5, 2.0]

    Source: TensorFlow 1, "tf.losses.hinge_loss".
    """
    signs = multiply(2, labels) - 1
    return compute_weighted_loss(relu(1 - multiply(signs, logits)), weights, reduction=reduction)


def log_loss(
    labels: Any, predictions: Any, /, weights: Any = 1.0, epsilon: float = 1e-7, *, reduction: str = _DEFAULT
) -> Any:
    """The mean of ``-labels * log(predictions + epsilon) - (1 - labels) * log(1 - predictions + epsilon)``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.log_loss([1.0, 0.0], [1.0, 0.0], epsilon=0.0)).tolist()
    0.0

    Cross entropies of logits keep their digits where this does not. Source: TensorFlow 1, "tf.losses.log_loss".
    """
    hit, miss = log(add(predictions, epsilon)), log(subtract(1, predictions) + epsilon)
    hit, miss = where(equal(labels, 0), 0, hit), where(equal(labels, 1), 0, miss)  # 0 times infinity is 0 here
    losses = -multiply(labels, hit) - multiply(subtract(1, labels), miss)
    return compute_weighted_loss(losses, weights, reduction=reduction)


def cosine_distance(
    labels: Any, predictions: Any, /, axis: int, weights: Any = 1.0, *, reduction: str = _DEFAULT
) -> Any:
    """The mean of ``1 - sum(labels * predictions)`` along ``axis``, both of length 1 there.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.cosine_distance([[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]], 1)).tolist()
    0.5

    Source: TensorFlow 1, "tf.losses.cosine_distance".
    """
    losses = 1 - _sum(multiply(labels, predictions), axis=axis, keepdims=True)
    return compute_weighted_loss(losses, weights, reduction=reduction)


def sigmoid_cross_entropy(
    multi_class_labels: Any,
    logits: Any,
    /,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    *,
    reduction: str = _DEFAULT,
) -> Any:
    """The mean of the cross entropies of independent classes.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.sigmoid_cross_entropy([1.0, 0.0], [-1000.0, -1000.0])).tolist()
    500.0

    ``label_smoothing`` draws the labels towards one half. Source: TensorFlow 1, "tf.losses.sigmoid_cross_entropy".
    """
    labels = multiply(multi_class_labels, 1 - label_smoothing) + 0.5 * label_smoothing
    losses = sigmoid_cross_entropy_with_logits(labels, logits)
    return compute_weighted_loss(losses, weights, reduction=reduction)


def softmax_cross_entropy(
    onehot_labels: Any,
    logits: Any,
    /,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    *,
    reduction: str = _DEFAULT,
) -> Any:
    """The mean of the cross entropies of classes along the last axis.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.softmax_cross_entropy([[1.0, 0.0]], [[0.0, 1000.0]])).tolist()
    1000.0

    ``label_smoothing`` draws the labels towards all classes evenly.
    Source: TensorFlow 1, "tf.losses.softmax_cross_entropy".
    """
    count = _sum(ones_like(onehot_labels), axis=-1, keepdims=True)
    labels = multiply(onehot_labels, 1 - label_smoothing) + label_smoothing / count
    return compute_weighted_loss(softmax_cross_entropy_with_logits(labels, logits), weights, reduction=reduction)


def sparse_softmax_cross_entropy(labels: Any, logits: Any, /, weights: Any = 1.0, *, reduction: str = _DEFAULT) -> Any:
    """The mean of the cross entropies of the classes whose numbers are ``labels``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.sparse_softmax_cross_entropy([0, 1], [[0.0, 1000.0], [0.0, 1000.0]])).tolist()
    500.0

    Source: TensorFlow 1, "tf.losses.sparse_softmax_cross_entropy".
    """
    return compute_weighted_loss(_sparse_cross_entropy(labels, logits), weights, reduction=reduction)


__all__ = [
    "Reduction",
    "compute_weighted_loss",
    "mean_squared_error",
    "absolute_difference",
    "huber_loss",
    "hinge_loss",
    "log_loss",
    "cosine_distance",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]
