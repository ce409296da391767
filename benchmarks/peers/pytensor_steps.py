"""The classifiers in PyTensor: shared variables with updates, compiled in its Numba mode."""

from __future__ import annotations

import tempfile
from typing import Any

from benchmarks.declared import Work
from benchmarks.networks import NETWORKS

CLEAN = "from benchmarks.peers.pytensor_steps import step\nprint(step({name!r})())"


def step(name: str) -> Work:
    """A training step whose loss is read."""
    inner = unread_step(name)
    return lambda: float(inner())


def unread_step(name: str) -> Any:
    """The step; inputs are trusted to have the right types, which is PyTensor's fastest call."""
    import numpy as np
    import pytensor
    import pytensor.tensor as pt

    pytensor.config.floatX = "float32"
    network = NETWORKS[name]
    x, labels = pt.fmatrix("x"), pt.fmatrix("labels")
    parameters = [pytensor.shared(each) for each in network.parameters()]
    h: Any = x
    for index in range(0, len(parameters), 2):
        h = h @ parameters[index] + parameters[index + 1]
        if index + 2 < len(parameters):
            h = pt.sigmoid(h) if network.activation == "sigmoid" else pt.maximum(h, np.float32(0))
    loss = -(labels * pt.special.log_softmax(h, axis=1)).sum(axis=1).mean()
    gradients = pytensor.gradient.grad(loss, parameters)
    rate = np.float32(network.rate)
    updates = [(p, p - rate * g) for p, g in zip(parameters, gradients, strict=True)]
    compiled = pytensor.function([x, labels], loss, updates=updates, mode="NUMBA", trust_input=True)
    values = network.data()
    return lambda: compiled(*values)


def from_nothing(name: str) -> Work:
    """A fresh process with empty caches, as at a user's first run."""

    def run() -> object:
        with tempfile.TemporaryDirectory() as folder:
            return _process(name, folder)()

    return run


def from_caches(name: str) -> Work:
    """A fresh process that finds in caches what an earlier one compiled."""
    folder = tempfile.TemporaryDirectory()
    work = _process(name, folder.name)
    work()

    def run() -> object:
        assert folder.name  # the folder lives as long as this function
        return work()

    return run


def _process(name: str, folder: str) -> Work:
    from benchmarks.processes import fresh

    return fresh(
        CLEAN.format(name=name), [("PYTENSOR_FLAGS", f"base_compiledir={folder}"), ("NUMBA_CACHE_DIR", folder)]
    )
