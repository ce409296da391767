"""Functions of neural networks, under the names that TensorFlow 1 gave them."""

from polyflow.core.gathering import gathered

__all__, __getattr__, __dir__ = gathered(__name__)
