"""Where optimizers and pipelines of input live."""

from polyflow.training.batching import batch as batch
from polyflow.training.batching import batch_join as batch_join
from polyflow.training.batching import shuffle_batch as shuffle_batch
from polyflow.training.batching import shuffle_batch_join as shuffle_batch_join
from polyflow.training.coordinator import Coordinator as Coordinator
from polyflow.training.input import input_producer as input_producer
from polyflow.training.input import limit_epochs as limit_epochs
from polyflow.training.input import range_input_producer as range_input_producer
from polyflow.training.input import slice_input_producer as slice_input_producer
from polyflow.training.optimizer import Optimizer as Optimizer
from polyflow.training.optimizers import AdamOptimizer as AdamOptimizer
from polyflow.training.optimizers import GradientDescentOptimizer as GradientDescentOptimizer
from polyflow.training.optimizers import MomentumOptimizer as MomentumOptimizer
from polyflow.training.queue_runner import QueueRunner as QueueRunner
from polyflow.training.queue_runner import add_queue_runner as add_queue_runner
from polyflow.training.queue_runner import start_queue_runners as start_queue_runners
from polyflow.training.scaled_optimizers import AdagradOptimizer as AdagradOptimizer
from polyflow.training.scaled_optimizers import RMSPropOptimizer as RMSPropOptimizer
from polyflow.training.schedules import exponential_decay as exponential_decay
from polyflow.training.schedules import inverse_time_decay as inverse_time_decay
from polyflow.training.schedules import natural_exp_decay as natural_exp_decay
from polyflow.training.schedules import piecewise_constant as piecewise_constant
from polyflow.training.schedules import polynomial_decay as polynomial_decay

__all__ = [
    "AdagradOptimizer",
    "AdamOptimizer",
    "Coordinator",
    "GradientDescentOptimizer",
    "MomentumOptimizer",
    "Optimizer",
    "QueueRunner",
    "RMSPropOptimizer",
    "add_queue_runner",
    "batch",
    "batch_join",
    "exponential_decay",
    "input_producer",
    "inverse_time_decay",
    "limit_epochs",
    "natural_exp_decay",
    "piecewise_constant",
    "polynomial_decay",
    "range_input_producer",
    "shuffle_batch",
    "shuffle_batch_join",
    "slice_input_producer",
    "start_queue_runners",
]
