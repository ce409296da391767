"""TensorFlow 1 programs in TensorFlow 2's ``compat.v1``: a training step, and the least that ``session.run`` can do."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.declared import Work
from benchmarks.networks import NETWORKS

v1 = tf.compat.v1


def _session(graph: Any) -> Any:
    import os

    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    config = v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    return v1.Session(graph=graph, config=config)


def step(name: str) -> Work:
    """A training step by ``session.run``."""
    session, fetches, feeds, values = _built(name)
    return lambda: float(session.run(fetches, dict(zip(feeds, values, strict=True)))[0])


def callable_step(name: str) -> Work:
    """The same by ``make_callable``, which is to TensorFlow what ``prepare`` is to polyflow."""
    session, fetches, feeds, values = _built(name)
    call = session.make_callable(fetches, feeds)
    return lambda: float(call(*values)[0])


def _built(name: str) -> tuple[Any, ...]:
    network = NETWORKS[name]
    graph = tf.Graph()
    with graph.as_default():
        x = v1.placeholder(tf.float32, (network.batch, network.sizes[0]))
        labels = v1.placeholder(tf.float32, (network.batch, network.sizes[-1]))
        variables = [v1.Variable(each, use_resource=True) for each in network.parameters()]
        activation = getattr(tf.nn, network.activation)
        h: Any = x
        for index in range(0, len(variables), 2):
            h = h @ variables[index] + variables[index + 1]
            if index + 2 < len(variables):
                h = activation(h)
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, h))
        train = v1.train.GradientDescentOptimizer(network.rate).minimize(loss)
        start = v1.global_variables_initializer()
    session = _session(graph)
    session.run(start)
    return session, [loss, train], [x, labels], network.data()


def small_run() -> Work:
    """One multiplication and one addition of four numbers."""
    from benchmarks.overhead import START

    graph = tf.Graph()
    with graph.as_default():
        x = v1.placeholder(tf.float32, (4,))
        y = x * 2.0 + 1.0
    session = _session(graph)
    return lambda: session.run(y, {x: START})
