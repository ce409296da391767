"""Programs on which passes show what they do: some that anybody writes, and for each pass one that it is there for."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import polyflow as pf
from benchmarks import convolutional, elementwise, loops, operations, scale
from benchmarks.networks import TINY
from benchmarks.operations import normal
from benchmarks.steps import build


def _tiny() -> tuple[Any, ...]:
    built = build(TINY, "numpy")
    return built.session.graph, [built.loss, built.train], [built.x, built.labels], TINY.data()


def _chain() -> tuple[Any, ...]:
    arrays = elementwise.data()
    with pf.Graph().as_default() as graph:
        x, y = (pf.placeholder("float32", each.shape) for each in arrays)
        return graph, [elementwise.chain(pf, x, y)], [x, y], arrays


def _images() -> tuple[Any, ...]:
    session, fetches, x, labels = convolutional._built("numpy")
    images, numbers = convolutional.data()
    return session.graph, fetches, [x, labels], (images[0], numbers[0])


def _transformer() -> tuple[Any, ...]:
    """A thousand operations, and the gradient with respect to the input."""
    graph, x, y = scale.graph_of("transformer", 1000)
    with graph.as_default():
        fetches = [pf.sum(y), *pf.gradients(pf.sum(y), x)]
    return graph, fetches, [x], (scale.first("transformer"),)


def _layers() -> tuple[Any, ...]:
    """The loss of 60 layers of products and ``tanh``, and its gradient."""
    generator = np.random.default_rng(0)
    arrays = [generator.normal(size=(512, 256)).astype(np.float32)]
    arrays += [(generator.normal(size=(256, 256)) / 16).astype(np.float32) for _ in range(60)]
    with pf.Graph().as_default() as graph:
        x, *weights = [pf.placeholder("float32", each.shape) for each in arrays]
        h = x
        for weight in weights:
            h = pf.tanh(h @ weight)
        loss = pf.mean(h * h)
        return graph, [loss, *pf.gradients(loss, x)], [x, *weights], arrays


def _tanhs() -> tuple[Any, ...]:
    """The same of 60 times ``tanh``."""
    with pf.Graph().as_default() as graph:
        h = x = pf.placeholder("float32", (512, 256))
        for _ in range(60):
            h = pf.tanh(h)
        loss = pf.mean(h * h)
        return graph, [loss, *pf.gradients(loss, x)], [x], [normal(512, 256)]


def _products() -> tuple[Any, ...]:
    """A product of matrices and a vector as it is written on paper, from left to right."""
    generator = np.random.default_rng(0)
    arrays = [generator.normal(size=shape).astype(np.float32) / 20 for shape in ((400, 400), (400, 400), (400,))]
    with pf.Graph().as_default() as graph:
        a, b, v = (pf.placeholder("float32", each.shape) for each in arrays)
        return graph, [pf.sum((a @ b @ v) ** 2)], [a, b, v], arrays


def _basis() -> tuple[Any, ...]:
    """The cosine transform of some rows, with a basis that the graph makes from constants."""
    with pf.Graph().as_default() as graph:
        x = pf.placeholder("float32", (64, 256))
        places = pf.arange(256, dtype=pf.float32)
        basis = pf.cos((pf.expand_dims(places, axis=1) + 0.5) * places * (pf.pi / 256))
        return graph, [x @ basis], [x], [normal(64, 256)]


def _formula() -> tuple[Any, ...]:
    """What programs that make programs leave behind: weights of 1, offsets of 0, signs and transpositions twice."""
    with pf.Graph().as_default() as graph:
        x, w = (pf.placeholder("float32", (512, 512)) for _ in range(2))
        h = pf.matrix_transpose(pf.negative(pf.negative(x * 1.0)))
        return graph, [pf.sum(pf.matrix_transpose(h + 0.0) * (w / 1.0), axis=0)], [x, w], [normal(512, 512)] * 2


def _distances() -> tuple[Any, ...]:
    """A kernel of distances and its slope by their formulas, each of which works out the distances."""
    with pf.Graph().as_default() as graph:
        x, y, w = (pf.placeholder("float32", shape) for shape in ((500, 16), (500, 16), (500,)))

        def squares() -> Any:
            return pf.sum(x * x, axis=1, keepdims=True) - 2.0 * x @ pf.matrix_transpose(y) + pf.sum(y * y, axis=1)

        kernel, slope = pf.exp(-0.5 * squares()) @ w, (pf.sqrt(pf.abs(squares())) * pf.exp(-0.5 * squares())) @ w
        return graph, [kernel, slope], [x, y, w], [normal(500, 16), normal(500, 16), normal(500)]


PROGRAMS = {
    "tiny": _tiny,
    "chain": _chain,
    "digits": _images,
    "transformer": _transformer,
    "products": _products,
    "layers": _layers,
    "tanhs": _tanhs,
    "a basis of constants": _basis,
    "a formula": _formula,
    "distances": _distances,
    # of a convolution the gradient by its images alone, whose rule gives that by its filters too
    "one gradient": partial(operations.built, "conv2d by its images"),
    "an LSTM": partial(loops.lstm_graph, batch=1),  # over 100 steps of a single sequence
    "attention": partial(operations.built, "attention"),
}
