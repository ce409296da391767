"""The classifiers in JAX: one jitted function of flat arguments, the parameters donated."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.declared import Work
from benchmarks.networks import NETWORKS, Network

Array = Any  # jax.Array


def loss_of(network: Network) -> Any:
    """The loss as a function of the parameters and the data."""
    activation = jax.nn.sigmoid if network.activation == "sigmoid" else jax.nn.relu

    def loss(parameters: tuple[Array, ...], x: Array, labels: Array) -> Array:
        h = x
        for index in range(0, len(parameters), 2):
            h = h @ parameters[index] + parameters[index + 1]
            if index + 2 < len(parameters):
                h = activation(h)
        return -jnp.mean(jnp.sum(labels * jax.nn.log_softmax(h), axis=1))

    return loss


def step(name: str) -> Work:
    """A training step whose loss is read, by ``item``: ``float`` of an array of JAX takes 15 us more."""
    inner = unread_step(name)
    return lambda: inner().item()


def unread_step(name: str) -> Any:
    """A training step that returns before it is done."""
    network = NETWORKS[name]
    loss = loss_of(network)

    def update(x: Array, labels: Array, *parameters: Array) -> tuple[Array, ...]:
        value, gradients = jax.value_and_grad(loss)(parameters, x, labels)
        return value, *(p - network.rate * g for p, g in zip(parameters, gradients, strict=True))

    count = len(network.parameters())
    compiled = jax.jit(update, donate_argnums=tuple(range(2, 2 + count)))
    state = tuple(jnp.asarray(each) for each in network.parameters())
    x, labels = network.data()

    def run() -> Array:
        nonlocal state
        value, *state = compiled(x, labels, *state)
        return value

    return run


def gradient(name: str) -> Work:
    """The loss and its gradient, all read."""
    network = NETWORKS[name]
    loss = loss_of(network)
    compiled = jax.jit(lambda x, labels, *parameters: jax.value_and_grad(loss)(parameters, x, labels))
    state = tuple(jnp.asarray(each) for each in network.parameters())
    x, labels = network.data()

    def run() -> list[Array]:
        value, gradients = compiled(x, labels, *state)
        return [np.asarray(each) for each in (value, *gradients)]

    return run
