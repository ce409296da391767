"""Training, under the name ``polyflow.train`` that TensorFlow 1 gave it: optimizers, and pipelines of input."""

from polyflow.training.batching import batch, batch_join, shuffle_batch, shuffle_batch_join
from polyflow.training.coordinator import Coordinator
from polyflow.training.input import input_producer, limit_epochs, range_input_producer, slice_input_producer
from polyflow.training.optimizer import Optimizer
from polyflow.training.optimizers import AdamOptimizer, GradientDescentOptimizer, MomentumOptimizer
from polyflow.training.queue_runner import QueueRunner, add_queue_runner, start_queue_runners

__all__ = [
    "AdamOptimizer",
    "Coordinator",
    "GradientDescentOptimizer",
    "MomentumOptimizer",
    "Optimizer",
    "QueueRunner",
    "add_queue_runner",
    "batch",
    "batch_join",
    "input_producer",
    "limit_epochs",
    "range_input_producer",
    "shuffle_batch",
    "shuffle_batch_join",
    "slice_input_producer",
    "start_queue_runners",
]
