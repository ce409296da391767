"""The same training steps as their own users would write them: NumPy by hand, JAX by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.networks import Network

Array = Any  # an array of either library


def numpy_step(network: Network) -> Callable[[], object]:
    """Forward and backward written out, weights updated in place."""
    parameters = [each.copy() for each in network.parameters()]
    weights, biases = parameters[::2], parameters[1::2]
    x, labels = network.data()
    is_sigmoid = network.activation == "sigmoid"

    def step() -> Array:
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

    return step


def jax_step(network: Network) -> Callable[[], object]:
    """One jitted function of flat arguments, the parameters donated."""
    activation = jax.nn.sigmoid if network.activation == "sigmoid" else jax.nn.relu

    def loss_of(parameters: tuple[Array, ...], x: Array, labels: Array) -> Array:
        h = x
        for index in range(0, len(parameters), 2):
            h = h @ parameters[index] + parameters[index + 1]
            if index + 2 < len(parameters):
                h = activation(h)
        return -jnp.mean(jnp.sum(labels * jax.nn.log_softmax(h), axis=1))

    def update(x: Array, labels: Array, *parameters: Array) -> tuple[Array, ...]:
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, labels)
        return loss, *(p - network.rate * g for p, g in zip(parameters, gradients, strict=True))

    count = len(network.parameters())
    compiled = jax.jit(update, donate_argnums=tuple(range(2, 2 + count)))
    state = [tuple(jnp.asarray(each) for each in network.parameters())]
    x, labels = network.data()

    def step() -> Array:
        loss, *parameters = compiled(x, labels, *state[0])
        state[0] = tuple(parameters)
        return loss

    return step
