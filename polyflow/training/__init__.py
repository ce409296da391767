"""Training, under the name ``polyflow.train`` that TensorFlow 1 gave it: optimizers, and pipelines of input."""

from polyflow.core.gathering import gathered

__all__, __getattr__, __dir__ = gathered(__name__)
