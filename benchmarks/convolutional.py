"""A small convolutional network on scikit-learn's digits: one epoch of training, the same for every library."""

from __future__ import annotations

from typing import Any

import numpy as np

import polyflow as pf
from benchmarks.declared import Work

Array = Any  # numpy.ndarray
BATCH, RATE = 64, 0.05
SHAPES = ((3, 3, 1, 16), (16,), (3, 3, 16, 32), (32,), (512, 10), (10,))
"""Two convolutions with their biases, then, after 2 x 2 pooling, the last layer."""


def parameters() -> list[Array]:
    """Filters as height, width, channels, outputs."""
    random = np.random.default_rng(0)
    return [
        random.normal(0, np.sqrt(2 / np.prod(each[:-1])), each).astype("float32")
        if len(each) > 1
        else np.zeros(each, "float32")
        for each in SHAPES
    ]


def data() -> tuple[Array, Array]:
    """All whole batches of an epoch: images (28, 64, 8, 8, 1) between 0 and 1, and labels (28, 64)."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(1).permutation(len(digits.target))
    count = len(order) // BATCH
    order = order[: count * BATCH]
    images = (digits.images[order] / 16).astype("float32")
    return images.reshape(count, BATCH, 8, 8, 1), digits.target[order].astype("int64").reshape(count, BATCH)


def _built(backend: str) -> tuple[Any, ...]:
    graph = pf.Graph()
    with graph.as_default():
        x = pf.placeholder("float32", (BATCH, 8, 8, 1), name="x")
        labels = pf.placeholder("int64", (BATCH,), name="labels")
        k1, b1, k2, b2, w, b = (pf.Variable(each) for each in parameters())
        h = pf.nn.relu(pf.nn.conv2d(x, k1) + b1)
        h = pf.nn.max_pool(pf.nn.relu(pf.nn.conv2d(h, k2) + b2), ksize=2)
        logits = pf.reshape(h, (BATCH, SHAPES[4][0])) @ w + b
        loss = pf.mean(pf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        train = pf.train.GradientDescentOptimizer(RATE).minimize(loss)
    return pf.Session(backend, graph), [loss, train], x, labels


def prepared_epoch(backend: str) -> Work:
    """A prepared step for each batch; it returns the losses."""
    session, fetches, x, labels = _built(backend)
    step = session.prepare(fetches, [x, labels])
    batches = list(zip(*data(), strict=True))
    return lambda: [float(step(*batch)[0]) for batch in batches]


def whole_epoch(backend: str) -> Work:
    """The epoch by one ``run_many``."""
    session, fetches, x, labels = _built(backend)
    images, numbers = data()
    return lambda: np.asarray(session.run_many(fetches, {x: images, labels: numbers})[0])
