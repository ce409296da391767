"""The two training steps that are compared: parameters, data, and the step as a polyflow graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import polyflow as pf

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

    def polyflow_step(self, backend: str) -> Callable[[], object]:
        """A prepared training step that returns the loss."""
        session, loss, train, x, labels = self._built(backend)
        step = session.prepare([loss, train], [x, labels])
        values = self.data()
        return lambda: step(*values)[0]

    def polyflow_steps(self, backend: str, count: int) -> Callable[[], object]:
        """``count`` training steps by ``run_many``, each with a batch of its own; it returns the last loss."""
        session, loss, train, x, labels = self._built(backend)
        feeds = {
            each: np.repeat(value[None], count, axis=0) for each, value in zip((x, labels), self.data(), strict=True)
        }
        return lambda: session.run_many([loss, train], feeds)[0][-1]

    def _built(self, backend: str) -> tuple[Any, ...]:
        graph = pf.Graph()
        with graph.as_default():
            x = pf.placeholder("float32", (self.batch, self.sizes[0]), name="x")
            labels = pf.placeholder("float32", (self.batch, self.sizes[-1]), name="labels")
            variables = [pf.Variable(each) for each in self.parameters()]
            activation = getattr(pf.nn, self.activation)
            h: Any = x
            for index in range(0, len(variables), 2):
                h = h @ variables[index] + variables[index + 1]
                if index + 2 < len(variables):
                    h = activation(h)
            loss = pf.mean(pf.nn.softmax_cross_entropy_with_logits(labels, h))
            train = pf.train.GradientDescentOptimizer(self.rate).minimize(loss)
        return pf.Session(backend, graph), loss, train, x, labels


TINY = Network("tiny 2-4-8-2-2, batch 100", (2, 4, 8, 2, 2), 100, "sigmoid", 0.1)
MIDDLE = Network("middle 784-256-128-10, batch 128", (784, 256, 128, 10), 128, "relu", 0.01)
