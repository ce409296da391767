"""The classifiers in NumPy, forward and backward written out."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.declared import Work
from benchmarks.networks import NETWORKS

Array = Any  # numpy.ndarray


def step(name: str) -> Work:
    """A training step; weights are updated in place."""
    inner = unread_step(name)
    return lambda: float(inner())


def unread_step(name: str) -> Any:
    """The step, which returns the loss as NumPy does."""
    network = NETWORKS[name]
    parameters = [each.copy() for each in network.parameters()]
    weights, biases = parameters[::2], parameters[1::2]
    x, labels = network.data()
    is_sigmoid = network.activation == "sigmoid"

    def run() -> Array:
        hidden = [x]
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            z = hidden[-1] @ w + b
            hidden.append(1 / (1 + np.exp(-z)) if is_sigmoid else np.maximum(z, 0))
        logits = hidden[-1] @ weights[-1] + biases[-1]
        shifted = logits - logits.max(axis=1, keepdims=True)
        exponentials = np.exp(shifted)
        total = exponentials.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) - (shifted * labels).sum(axis=1)).mean()
        delta = (exponentials / total - labels) / np.float32(len(x))
        for index in range(len(weights) - 1, -1, -1):
            h = hidden[index]
            grad_w, grad_b = h.T @ delta, delta.sum(axis=0)
            if index:
                delta = delta @ weights[index].T
                delta = delta * (h * (1 - h)) if is_sigmoid else delta * (h > 0)
            weights[index] -= network.rate * grad_w
            biases[index] -= network.rate * grad_b
        return loss

    return run
