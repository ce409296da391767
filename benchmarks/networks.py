"""The two classifiers that are trained: their sizes, parameters and data, the same for every library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any  # numpy.ndarray


@dataclass(frozen=True)
class Network:
    """A fully connected classifier with one activation, softmax cross entropy, and plain gradient descent."""

    name: str
    sizes: tuple[int, ...]
    batch: int
    activation: str
    rate: float

    def parameters(self) -> list[Array]:
        """Weights and biases, alternating."""
        generator = np.random.default_rng(0)
        found: list[Array] = []
        for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False):
            found.append((generator.normal(size=(inputs, outputs)) / np.sqrt(inputs)).astype(np.float32))
            found.append(np.zeros(outputs, np.float32))
        return found

    def data(self) -> tuple[Array, Array]:
        """Inputs, and labels as one-hot rows."""
        generator = np.random.default_rng(1)
        x = generator.normal(size=(self.batch, self.sizes[0])).astype(np.float32)
        labels = np.eye(self.sizes[-1], dtype=np.float32)[generator.integers(0, self.sizes[-1], self.batch)]
        return x, labels


TINY = Network("tiny 2-4-8-2-2, batch 100", (2, 4, 8, 2, 2), 100, "sigmoid", 0.1)
MIDDLE = Network("middle 784-256-128-10, batch 128", (784, 256, 128, 10), 128, "relu", 0.01)
NETWORKS = {"tiny": TINY, "middle": MIDDLE}
