"""The classifiers as polyflow graphs: a training step, many of them in one call, a loss with its gradient."""

from __future__ import annotations

import tempfile
from typing import Any, NamedTuple

import numpy as np

import polyflow as pf
from benchmarks.declared import Work
from benchmarks.networks import NETWORKS, Network

NUMBA_CACHE = "POLYFLOW_NUMBA_CACHE"


class Built(NamedTuple):
    """A classifier in a graph, and a session on it."""

    session: Any
    loss: Any
    train: Any
    x: Any
    labels: Any
    variables: list[Any]


def build(network: Network, backend: str) -> Built:
    """The graph of ``network``, as its user would write it."""
    graph = pf.Graph()
    with graph.as_default():
        x = pf.placeholder("float32", (network.batch, network.sizes[0]), name="x")
        labels = pf.placeholder("float32", (network.batch, network.sizes[-1]), name="labels")
        variables = [pf.Variable(each) for each in network.parameters()]
        activation = getattr(pf.nn, network.activation)
        h: Any = x
        for index in range(0, len(variables), 2):
            h = h @ variables[index] + variables[index + 1]
            if index + 2 < len(variables):
                h = activation(h)
        loss = pf.mean(pf.nn.softmax_cross_entropy_with_logits(labels, h))
        train = pf.train.GradientDescentOptimizer(network.rate).minimize(loss)
    return Built(pf.Session(backend, graph), loss, train, x, labels, variables)


def prepared(name: str, backend: str) -> Work:
    """A prepared training step that returns the loss."""
    built = build(NETWORKS[name], backend)
    step = built.session.prepare([built.loss, built.train], [built.x, built.labels])
    x, labels = NETWORKS[name].data()
    return lambda: step(x, labels)[0].item()


def run(name: str, backend: str) -> Work:
    """A training step by ``session.run``."""
    built = build(NETWORKS[name], backend)
    x, labels = NETWORKS[name].data()
    fetches = [built.loss, built.train]
    return lambda: built.session.run(fetches, {built.x: x, built.labels: labels})[0].item()


def many(name: str, backend: str, count: int) -> Work:
    """``count`` training steps by ``run_many``, each with a batch of its own; it returns the last loss."""
    built = build(NETWORKS[name], backend)
    data = zip((built.x, built.labels), NETWORKS[name].data(), strict=True)
    feeds = {each: np.repeat(value[None], count, axis=0) for each, value in data}
    return lambda: float(built.session.run_many([built.loss, built.train], feeds)[0][-1])


def repeated(module: str, name: str, count: int) -> Work:
    """``count`` steps of a peer in a loop of Python's, the last result read."""
    import importlib

    step = importlib.import_module(f"benchmarks.peers.{module}").unread_step(name)

    def work() -> float:
        for _ in range(count - 1):
            step()
        return float(step())

    return work


def gradient(name: str, backend: str) -> Work:
    """The loss and its gradient with respect to every parameter, all read."""
    network = NETWORKS[name]
    built = build(network, backend)
    with built.session.graph.as_default():
        gradients = pf.gradients(built.loss, built.variables)
    compute = built.session.prepare([built.loss, *gradients], [built.x, built.labels])
    x, labels = network.data()
    return lambda: [np.asarray(each) for each in compute(x, labels)]


def first_result(name: str, backend: str) -> str:
    """The program that a fresh process runs until it has its first loss."""
    return f"from benchmarks.steps import prepared\nprint(prepared({name!r}, {backend!r})())"


def from_nothing(name: str, backend: str) -> Work:
    """A fresh process that imports, builds, plans and takes one training step, and finds nothing compiled."""
    from benchmarks.processes import fresh

    return fresh(first_result(name, backend), [(NUMBA_CACHE, "")])


def from_caches(name: str, backend: str) -> Work:
    """A fresh process that finds on disk what an earlier one compiled."""
    from benchmarks.processes import fresh

    folder = tempfile.TemporaryDirectory()
    work = fresh(first_result(name, backend), [(NUMBA_CACHE, folder.name)])
    work()

    def run() -> object:
        assert folder.name  # the folder lives as long as this function
        return work()

    return run
