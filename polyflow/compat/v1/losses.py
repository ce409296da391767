"""``tf.losses``: losses under TensorFlow 1's names of their parameters, kept in the collection of losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polyflow.compat.v1.mathematics import add_n
from polyflow.compat.v1.missing import getter
from polyflow.compat.v1.variables import GraphKeys, add_to_collection, get_collection
from polyflow.core.tensor import Tensor
from polyflow.errors import ArgumentError, message
from polyflow.nn import losses as _losses
from polyflow.nn.losses import Reduction
from polyflow.ops.creation import zeros


def _loss(compute: Callable[..., Any], *names: str) -> Callable[..., Tensor]:
    """A loss of polyflow whose operands have names, and whose value is kept in a collection."""

    def loss(
        *operands: Any, scope: str | None = None, loss_collection: str | None = GraphKeys.LOSSES, **options: Any
    ) -> Tensor:
        operands, rest = operands[: len(names)], operands[len(names) :]
        missing = [each for each in names[len(operands) :] if each not in options]
        if missing:
            raise ArgumentError(message(f"losses.{compute.__name__}: an operand is missing", needed=", ".join(missing)))
        named = [options.pop(each) for each in names[len(operands) :]]
        found = compute(*operands, *named, *rest, **options)
        if loss_collection is not None:
            add_to_collection(loss_collection, found)
        return found  # type: ignore[no-any-return]

    loss.__name__ = loss.__qualname__ = compute.__name__
    loss.__doc__ = f"``polyflow.nn.losses.{compute.__name__}`` of {' and '.join(map('``{}``'.format, names))}."
    return loss


absolute_difference = _loss(_losses.absolute_difference, "labels", "predictions")
cosine_distance = _loss(_losses.cosine_distance, "labels", "predictions")
hinge_loss = _loss(_losses.hinge_loss, "labels", "logits")
huber_loss = _loss(_losses.huber_loss, "labels", "predictions")
log_loss = _loss(_losses.log_loss, "labels", "predictions")
mean_squared_error = _loss(_losses.mean_squared_error, "labels", "predictions")
sigmoid_cross_entropy = _loss(_losses.sigmoid_cross_entropy, "multi_class_labels", "logits")
softmax_cross_entropy = _loss(_losses.softmax_cross_entropy, "onehot_labels", "logits")
sparse_softmax_cross_entropy = _loss(_losses.sparse_softmax_cross_entropy, "labels", "logits")
compute_weighted_loss = _loss(_losses.compute_weighted_loss, "losses")


def add_loss(loss: Any, loss_collection: str = GraphKeys.LOSSES) -> None:
    """Keep a loss in the collection of losses."""
    add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = GraphKeys.LOSSES) -> list[Any]:
    """The losses kept, those whose names match ``scope``."""
    return get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """What the regularizers of variables made."""
    return get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Any:
    """The sum of what the regularizers of variables made."""
    found = get_regularization_losses(scope)
    return add_n(found, name=name) if found else zeros(())


def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss") -> Any:
    """The sum of the losses kept, and of what the regularizers of variables made.

    >>> import polyflow.compat.v1 as tf
    >>> _ = tf.losses.mean_squared_error(labels=tf.constant([1.0]), predictions=tf.constant([3.0]))
    >>> w = tf.get_variable("w", initializer=tf.constant(2.0), regularizer=tf.nn.l2_loss)
    >>> tf.Session().run(tf.losses.get_total_loss()).tolist()
    6.0
    """
    found = get_losses() + (get_regularization_losses() if add_regularization_losses else [])
    return add_n(found, name=name)


__all__ = [
    "Reduction",
    "absolute_difference",
    "add_loss",
    "compute_weighted_loss",
    "cosine_distance",
    "get_losses",
    "get_regularization_loss",
    "get_regularization_losses",
    "get_total_loss",
    "hinge_loss",
    "huber_loss",
    "log_loss",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]
__getattr__ = getter(__name__, "losses")
