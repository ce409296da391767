"""``tf.train``: optimizers, learning rates that change, and pipelines of input."""

from __future__ import annotations

from typing import Any

from polyflow.compat.v1.averages import ExponentialMovingAverage
from polyflow.compat.v1.missing import getter
from polyflow.compat.v1.variables import GraphKeys, Variable
from polyflow.core.dtypes import int64
from polyflow.core.graph import get_default_graph
from polyflow.training.batching import batch, batch_join, shuffle_batch, shuffle_batch_join
from polyflow.training.coordinator import Coordinator
from polyflow.training.input import input_producer, limit_epochs, range_input_producer, slice_input_producer
from polyflow.training.optimizer import Optimizer
from polyflow.training.optimizers import AdamOptimizer, GradientDescentOptimizer
from polyflow.training.optimizers import MomentumOptimizer as _MomentumOptimizer
from polyflow.training.queue_runner import QueueRunner, add_queue_runner, start_queue_runners
from polyflow.training.scaled_optimizers import AdagradOptimizer, RMSPropOptimizer
from polyflow.training.schedules import (
    exponential_decay,
    inverse_time_decay,
    natural_exp_decay,
    piecewise_constant,
    polynomial_decay,
)


class MomentumOptimizer(_MomentumOptimizer):
    """``polyflow.train.MomentumOptimizer`` with TensorFlow 1's order of arguments."""

    def __init__(
        self,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(learning_rate, momentum, name, use_nesterov=use_nesterov)


piecewise_constant_decay = piecewise_constant


def get_global_step(graph: Any = None) -> Any:
    """The variable that counts steps, or ``None`` where none was made."""
    found = (graph or get_default_graph()).get_collection(GraphKeys.GLOBAL_STEP)
    return found[0] if found else None


def create_global_step(graph: Any = None) -> Any:
    """A variable that counts steps: an int64, 0 at first, not trainable."""
    with (graph or get_default_graph()).as_default():
        keys = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP]
        return Variable(0, False, keys, name="global_step", dtype=int64)


def get_or_create_global_step(graph: Any = None) -> Any:
    """The variable that counts steps, made at the first call.

    >>> import polyflow.compat.v1 as tf
    >>> step = tf.train.get_or_create_global_step()
    >>> tf.train.get_or_create_global_step() is step, step.name
    (True, 'global_step:0')
    """
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """How many steps a session has counted."""
    return int(sess.run(global_step_tensor))


__all__ = [
    "AdagradOptimizer",
    "AdamOptimizer",
    "Coordinator",
    "ExponentialMovingAverage",
    "GradientDescentOptimizer",
    "MomentumOptimizer",
    "Optimizer",
    "QueueRunner",
    "RMSPropOptimizer",
    "add_queue_runner",
    "batch",
    "batch_join",
    "create_global_step",
    "exponential_decay",
    "get_global_step",
    "get_or_create_global_step",
    "global_step",
    "input_producer",
    "inverse_time_decay",
    "limit_epochs",
    "natural_exp_decay",
    "piecewise_constant",
    "piecewise_constant_decay",
    "polynomial_decay",
    "range_input_producer",
    "shuffle_batch",
    "shuffle_batch_join",
    "slice_input_producer",
    "start_queue_runners",
]
__getattr__ = getter(__name__, "train")
