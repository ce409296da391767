"""The classifiers in autograd: NumPy code, differentiated by tracing it in each call."""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
from autograd import value_and_grad

from benchmarks.declared import Work
from benchmarks.networks import NETWORKS

Array = Any  # numpy.ndarray


def gradient(name: str) -> Work:
    """The loss and its gradient with respect to every parameter."""
    network = NETWORKS[name]
    is_sigmoid = network.activation == "sigmoid"
    x, labels = network.data()

    def loss(parameters: list[Array]) -> Array:
        h = x
        for index in range(0, len(parameters), 2):
            h = anp.dot(h, parameters[index]) + parameters[index + 1]
            if index + 2 < len(parameters):
                h = 1 / (1 + anp.exp(-h)) if is_sigmoid else anp.maximum(h, 0)
        shifted = h - anp.max(h, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(shifted), axis=1)) - anp.sum(shifted * labels, axis=1))

    both = value_and_grad(loss)
    parameters = network.parameters()

    def run() -> list[Array]:
        value, gradients = both(parameters)
        return [value, *gradients]

    return run
