"""Single operations of neural networks on NumPy, as prepared calls; ``peers/numpy_operations.py`` has them by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import polyflow as pf
from benchmarks.declared import Work

Array = Any  # numpy.ndarray
IMAGES = (32, 28, 28, 16)
FILTERS = (3, 3, 16, 32)
POOLED = (64, 32, 32, 32)
LOGITS = (1024, 1000)
ROWS = (4096, 512)
HEADS = (8, 8, 128, 64)
TABLE, LOOKUPS = (20_000, 128), 16_384


def normal(*shape: int, seed: int = 0) -> Array:
    """Float32 numbers around 0."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def operands(name: str) -> list[Array]:
    """The arrays that the operation takes."""
    random = np.random.default_rng(3)
    gradient = normal(*IMAGES[:3], FILTERS[3], seed=2)
    found: dict[str, Callable[[], list[Array]]] = {
        "conv2d": lambda: [normal(*IMAGES), normal(*FILTERS, seed=1)],
        "conv2d by its filters": lambda: [normal(*IMAGES), gradient],
        "conv2d by its images": lambda: [normal(*FILTERS, seed=1), gradient],
        "max_pool": lambda: [normal(*POOLED)],
        "avg_pool": lambda: [normal(*POOLED)],
        "softmax": lambda: [normal(*LOGITS)],
        "layer_norm": lambda: [normal(*ROWS), normal(ROWS[1], seed=1), normal(ROWS[1], seed=2)],
        "attention": lambda: [normal(*HEADS, seed=each) for each in range(3)],
        "embedding_lookup": lambda: [normal(*TABLE), random.integers(0, TABLE[0], LOOKUPS)],
        "scatter_add": lambda: [normal(*TABLE), random.integers(0, TABLE[0], LOOKUPS), normal(LOOKUPS, TABLE[1])],
    }
    return found[name]()


def built(name: str) -> tuple[Any, ...]:
    """The operation in a graph of its own: the graph, its fetches, its feeds and their values."""
    arrays = operands(name)
    with pf.Graph().as_default() as graph:
        inputs = [pf.placeholder(str(each.dtype), each.shape) for each in arrays]
        return graph, [_RESULTS[name](*inputs)], inputs, arrays


def prepared(name: str) -> Work:
    """A prepared call of the operation on NumPy."""
    graph, (result,), inputs, arrays = built(name)
    call = pf.Session("numpy", graph).prepare(result, inputs)
    return lambda: call(*arrays)


def _filters(x: Any, g: Any) -> Any:
    filters = pf.constant(np.zeros(FILTERS, np.float32))
    return pf.gradients(pf.nn.conv2d(x, filters), filters, grad_ys=g)[0]


def _images(filters: Any, g: Any) -> Any:
    x = pf.constant(np.zeros(IMAGES, np.float32))
    return pf.gradients(pf.nn.conv2d(x, filters), x, grad_ys=g)[0]


_RESULTS: dict[str, Any] = {
    "conv2d": pf.nn.conv2d,
    "conv2d by its filters": _filters,
    "conv2d by its images": _images,
    "max_pool": lambda x: pf.nn.max_pool(x, ksize=2),
    "avg_pool": lambda x: pf.nn.avg_pool(x, ksize=2),
    "softmax": pf.nn.softmax,
    "layer_norm": pf.nn.layer_norm,
    "attention": pf.nn.attention,
    "embedding_lookup": pf.nn.embedding_lookup,
    "scatter_add": lambda table, ids, rows: pf.tensor_scatter_nd_add(table, ids[:, None], rows),
}
