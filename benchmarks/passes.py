"""What each pass saves and what it costs: the same session with and without it."""

from __future__ import annotations

from typing import Any

import numpy as np

import polyflow as pf
from benchmarks import convolutional, elementwise, scale
from benchmarks.declared import Work
from benchmarks.networks import TINY
from benchmarks.steps import build
from polyflow.extension.manager import Extensions
from polyflow.passes.liveness import Liveness


def without(name: str | None) -> Extensions:
    """All that is installed but one pass."""
    found = Extensions()
    kept = tuple(each for each in found.passes if each.name != name)
    found.__dict__["passes"] = kept  # where the cached property keeps what it found
    return found


def run(program: str, left_out: str | None) -> Work:
    """A prepared call of the program on NumPy, planned without the pass."""
    graph, fetches, feeds, values = PROGRAMS[program]()
    call = pf.Session("numpy", graph, extensions=without(left_out)).prepare(fetches, feeds)
    return lambda: [np.asarray(each) for each in call(*values) if each is not None]


def plan(program: str, left_out: str | None) -> Work:
    """The plan for it made anew, without the pass, and run once."""
    graph, fetches, feeds, values = PROGRAMS[program]()
    extensions = without(left_out)
    fed = dict(zip(feeds, values, strict=True))

    def work() -> Any:
        found = pf.Session("numpy", graph, extensions=extensions).run(fetches, fed)
        return [np.asarray(each) for each in found if each is not None]

    return work


def limited(program: str, part: float | None) -> Work:
    """A prepared call of the program on NumPy, in this part of the memory that is planned for it beyond its feeds."""
    graph, fetches, feeds, values = PROGRAMS[program]()
    plain = pf.Session("numpy", graph)._plan(fetches, {each: each.type for each in feeds})
    fed = sum(each.nbytes for each in values)
    limit = None if part is None else fed + int(part * (Liveness(plain.program).peak - fed))
    call = pf.Session("numpy", graph, memory_limit=limit).prepare(fetches, feeds)
    return lambda: [np.asarray(each) for each in call(*values)]


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
        array = np.random.default_rng(0).normal(size=(512, 256)).astype(np.float32)
        return graph, [loss, *pf.gradients(loss, x)], [x], [array]


def _products() -> tuple[Any, ...]:
    """A product of matrices and a vector as it is written on paper, from left to right."""
    generator = np.random.default_rng(0)
    arrays = [generator.normal(size=shape).astype(np.float32) / 20 for shape in ((400, 400), (400, 400), (400,))]
    with pf.Graph().as_default() as graph:
        a, b, v = (pf.placeholder("float32", each.shape) for each in arrays)
        return graph, [pf.sum((a @ b @ v) ** 2)], [a, b, v], arrays


PROGRAMS = {
    "tiny": _tiny,
    "chain": _chain,
    "digits": _images,
    "transformer": _transformer,
    "products": _products,
    "layers": _layers,
    "tanhs": _tanhs,
}
