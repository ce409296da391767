"""Cross entropies of logits: losses that stay finite where a probability rounds to 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from polyflow.core.batching import on_last_axes
from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, integers, normal, uniform, values
from polyflow.core.shapes import broadcast, reduced
from polyflow.core.signature import Axis
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import AxisError, DTypeError, ShapeError, message
from polyflow.ops.activations import log_softmax, log_softmax_kernel, sigmoid, softmax


@define_op(namespace="nn", dtypes="real floating", promote=True, to_float=True)
def softmax_cross_entropy_with_logits(labels: TensorType, logits: TensorType, /, *, axis: Axis = -1) -> TensorType:
    """``-sum(labels * log_softmax(logits))`` along ``axis``, operands broadcast.

    >>> import polyflow as pf
    >>> labels = pf.constant([[1.0, 0.0], [0.5, 0.5]])
    >>> logits = pf.constant([[0.0, 1000.0], [7.0, 7.0]])
    >>> loss = pf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    >>> pf.Session().run(pf.round(loss * 1000)).tolist()
    [1000000.0, 693.0]

    ``labels`` are probabilities, or any weights: the gradients, with respect to both operands, are exact also where
    they do not add up to 1. Raises ``ShapeError`` where the operands differ in rank or do not broadcast.
    Source: TensorFlow, "tf.nn.softmax_cross_entropy_with_logits".
    """
    if labels.rank != logits.rank:
        raise ShapeError(
            message(
                "labels and logits differ in rank",
                found=f"{format_shape(labels.shape)} and {format_shape(logits.shape)}",
                needed="one rank",
                remedy="sparse_softmax_cross_entropy_with_logits, if the labels are numbers of classes",
            )
        )
    return reduced(broadcast(labels, logits), axis, False)


@softmax_cross_entropy_with_logits.expansion
def softmax_cross_entropy_with_logits_expansion(
    builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]
) -> Any:
    # Expanded rather than one kernel: the gradient shares the log_softmax with the loss.
    labels, logits = inputs
    axis = attributes["axis"]
    return -builder.xp.sum(labels * log_softmax(logits, axis=axis), axis=axis)


@softmax_cross_entropy_with_logits.samples
def softmax_cross_entropy_with_logits_samples() -> Iterator[Sample]:
    yield Sample(uniform(2, 3), normal(2, 3, seed=1))
    yield Sample(uniform(2, 3, 2), normal(2, 3, 2, seed=1), axis=1)
    yield Sample(uniform(1, 3), normal(2, 3, seed=1))
    yield Sample(values([[1.0, 0.0], [0.0, 1.0]]), values([[1000.0, -1000.0], [1000.0, -1000.0]]))
    yield ErrorSample(normal(2), normal(2, 3)).raises(ShapeError, "labels and logits differ in rank")
    yield ErrorSample(normal(2, 4), normal(2, 3)).raises(ShapeError, "do not broadcast")
    yield ErrorSample(normal(2, 3), normal(2, 3), axis=2).raises(AxisError, "axis 2 is out of range for rank 2")


@define_op(namespace="nn", dtypes={"labels": "integral", "logits": "real floating"})
def sparse_softmax_cross_entropy_with_logits(labels: TensorType, logits: TensorType, /) -> TensorType:
    """``-log_softmax(logits)[..., label]`` for each label, the number of a class.

    >>> import polyflow as pf
    >>> loss = pf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 0], logits=[[1000.0, 0.0], [1000.0, 0.0]])
    >>> pf.Session().run(loss).tolist()
    [1000.0, -0.0]

    ``labels`` has the shape of ``logits`` without its last axis, the classes; else ``ShapeError``. A label that is the
    number of no class gives NaN, in the loss and in its gradient.
    Source: TensorFlow, "tf.nn.sparse_softmax_cross_entropy_with_logits".
    """
    batch = logits.known_shape[:-1]
    matches = labels.rank == len(batch) and all(
        None in pair or pair[0] == pair[1] for pair in zip(labels.known_shape, batch, strict=True)
    )
    if logits.rank == 0 or not matches:
        raise ShapeError(
            message(
                "labels do not have the shape of logits without its last axis",
                found=f"{format_shape(labels.shape)} and {format_shape(logits.shape)}",
                needed="labels of one rank less",
                remedy="softmax_cross_entropy_with_logits, if the labels are probabilities",
            )
        )
    return logits.with_shape(batch)


@sparse_softmax_cross_entropy_with_logits.kernel
def sparse_softmax_cross_entropy_with_logits_kernel(xp: Any, labels: Any, logits: Any) -> Any:
    labels = xp.astype(labels, xp.int64, copy=False)
    count = logits.shape[-1]
    chosen = xp.expand_dims(labels, axis=-1) == xp.arange(count, dtype=xp.int64)
    loss = -xp.sum(xp.where(chosen, log_softmax_kernel(xp, logits, axis=-1), 0.0), axis=-1)
    return xp.where((labels >= 0) & (labels < count), loss, xp.full((), float("nan"), dtype=logits.dtype))


@sparse_softmax_cross_entropy_with_logits.gradient
def sparse_softmax_cross_entropy_with_logits_gradient(xp: Any, operation: Any, g: Any) -> Any:
    labels, logits = operation.inputs
    labels = xp.astype(labels, xp.int64)
    count = logits.type.known_shape[-1]
    chosen = xp.expand_dims(labels, axis=-1) == xp.arange(count, dtype=xp.int64)
    valid = xp.logical_and(labels >= 0, labels < count)
    weight = xp.expand_dims(xp.where(valid, g, float("nan")), axis=-1)
    return None, weight * (softmax(logits, axis=-1) - xp.astype(chosen, logits.dtype))


sparse_softmax_cross_entropy_with_logits.batching(on_last_axes)


@sparse_softmax_cross_entropy_with_logits.samples
def sparse_softmax_cross_entropy_with_logits_samples() -> Iterator[Sample]:
    yield Sample(integers(4, low=0, high=3), normal(4, 3, seed=1))
    yield Sample(integers(2, 3, low=0, high=4, dtype="uint8"), normal(2, 3, 4, seed=1))
    yield Sample(integers(low=0, high=3, dtype="int32"), normal(3, seed=1))
    yield Sample(values([0, 1], "int64"), values([[1000.0, -1000.0], [1000.0, -1000.0]]))
    yield Sample(values([-1, 3, 1], "int64"), normal(3, 3), gradient=False)
    yield ErrorSample(integers(2, 3, low=0, high=2), normal(2, 3)).raises(
        ShapeError, "labels do not have the shape of logits without its last axis"
    )
    yield ErrorSample(values([0.0, 1.0], "float32"), normal(2, 3)).raises(DTypeError, "needed:  a integral dtype")


@define_op(namespace="nn", traits=Trait.ELEMENTWISE, dtypes="real floating", promote=True, to_float=True)
def sigmoid_cross_entropy_with_logits(labels: TensorType, logits: TensorType, /) -> TensorType:
    """``-labels * log(sigmoid(logits)) - (1 - labels) * log(1 - sigmoid(logits))``, operands broadcast.

    >>> import polyflow as pf
    >>> loss = pf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0, 0.0, 1.0], logits=[-1000.0, -1000.0, 1000.0])
    >>> pf.Session().run(loss).tolist()
    [1000.0, 0.0, 0.0]

    It is computed as ``max(x, 0) - x * labels + log(1 + exp(-abs(x)))``, which cannot overflow. Raises ``ShapeError``
    where the shapes do not broadcast. Source: TensorFlow, "tf.nn.sigmoid_cross_entropy_with_logits".
    """
    return broadcast(labels, logits)


@sigmoid_cross_entropy_with_logits.kernel
def sigmoid_cross_entropy_with_logits_kernel(xp: Any, labels: Any, logits: Any) -> Any:
    return xp.maximum(logits, 0) - logits * labels + xp.log1p(xp.exp(-xp.abs(logits)))


@sigmoid_cross_entropy_with_logits.gradient
def sigmoid_cross_entropy_with_logits_gradient(xp: Any, operation: Any, g: Any) -> Any:
    labels, logits = operation.inputs
    return -g * logits, g * (sigmoid(logits) - labels)


@sigmoid_cross_entropy_with_logits.samples
def sigmoid_cross_entropy_with_logits_samples() -> Iterator[Sample]:
    yield Sample(uniform(2, 3), normal(2, 3, seed=1))
    yield Sample(uniform(2, 1), normal(3, seed=1))
    yield Sample(values([0.0, 1.0, 0.0, 1.0]), values([1000.0, 1000.0, -1000.0, -1000.0]))
    yield ErrorSample(normal(2), normal(3)).raises(ShapeError, "shapes (2,) and (3,) do not broadcast")
