"""Training, under the name ``polyflow.train`` that TensorFlow 1 gave it."""

from polyflow.training.optimizer import Optimizer
from polyflow.training.optimizers import AdamOptimizer, GradientDescentOptimizer, MomentumOptimizer

__all__ = ["AdamOptimizer", "GradientDescentOptimizer", "MomentumOptimizer", "Optimizer"]
