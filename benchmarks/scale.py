"""Large graphs: what an operation costs when it is built, planned and run first, and the memory that it keeps."""

from __future__ import annotations

from typing import Any

import numpy as np

import polyflow as pf
from benchmarks.declared import Work

CHAIN = FAN = 100_000
TRANSFORMER = 10_000
LEAVES = FAN // 3  # of a fan: as many constants, products and sums
WIDTH, LENGTH = 16, 8


def chain(x: Any, sin: Any, count: int) -> Any:
    """One operation after the other."""
    for _ in range(count):
        x = sin(x)
    return x


def fan(x: Any, count: int) -> Any:
    """One tensor with many readers, whose results are added two by two."""
    row = [x * (1.0 + number) for number in range(count)]
    while len(row) > 1:
        row = [a + b for a, b in zip(row[::2], row[1::2], strict=False)] + ([row[-1]] if len(row) % 2 else [])
    return row[0]


def layer(xp: Any, softmax: Any, h: Any, weights: Any) -> Any:
    """A layer of a transformer with one head, its parts written out."""
    query, key, value, out, wide, narrow = weights
    normal = _normalized(xp, h)
    scores = softmax((normal @ query) @ xp.matrix_transpose(normal @ key) * (1.0 / WIDTH**0.5))
    h = h + (scores @ (normal @ value)) @ out
    return h + xp.maximum(_normalized(xp, h) @ wide, 0.0) @ narrow


def _normalized(xp: Any, h: Any) -> Any:
    distance = h - xp.mean(h, axis=-1, keepdims=True)
    return distance / xp.sqrt(xp.mean(distance * distance, axis=-1, keepdims=True) + 1e-6)


def weights() -> tuple[Any, ...]:
    """Those of one layer; all layers share them."""
    random = np.random.default_rng(0)
    shapes = [(WIDTH, WIDTH)] * 4 + [(WIDTH, 4 * WIDTH), (4 * WIDTH, WIDTH)]
    return tuple(random.normal(0, 0.1, each).astype("float32") for each in shapes)


def graph_of(kind: str, count: int) -> tuple[Any, Any, Any]:
    """A graph of about ``count`` operations: the graph, its placeholder, its result."""
    with pf.Graph().as_default() as graph:
        shape = (LENGTH, WIDTH) if kind == "transformer" else (4,)
        x = pf.placeholder("float32", shape, name="x")
        if kind == "chain":
            return graph, x, chain(x, pf.sin, count)
        if kind == "fan":
            return graph, x, fan(x, count // 3)
        h, variables = x, [pf.constant(each) for each in weights()]
        while len(graph.operations) < count:
            h = layer(pf, pf.nn.softmax, h, variables)
        return graph, x, h


def polyflow_build(kind: str, count: int) -> Work:
    """Building the graph; what is compared is nothing, as nothing runs."""
    return lambda: graph_of(kind, count)


def polyflow_first_run(kind: str, count: int) -> Work:
    """A new session on a graph that is there: specialise, passes, plan, and the first run."""
    graph, x, y = graph_of(kind, count)
    start = first(kind)
    return lambda: pf.Session("numpy", graph).run(y, {x: start})


def first(kind: str) -> Any:
    """What is fed."""
    shape = (LENGTH, WIDTH) if kind == "transformer" else (4,)
    return np.random.default_rng(1).random(shape, np.float32)


# -- yardsticks


def jax_trace(kind: str, count: int) -> Work:
    """``jax.make_jaxpr`` of the same program: the graph that JAX builds."""
    import jax
    import jax.numpy as jnp

    layers = layers_in(count) if kind == "transformer" else 0

    def transformer(h: Any) -> Any:
        shared = [jnp.asarray(each) for each in weights()]
        for _ in range(layers):
            h = layer(jnp, jax.nn.softmax, h, shared)
        return h

    start = first(kind)

    def work() -> Any:  # a function of its own in each call: JAX remembers traces by function
        function = {
            "chain": lambda x: chain(x, jnp.sin, count),
            "fan": lambda x: fan(x, count // 3),
            "transformer": lambda x: transformer(x),
        }[kind]
        return jax.make_jaxpr(function)(start)

    return work


def layers_in(count: int) -> int:
    """How many layers make so many operations of polyflow."""
    one, two = (len(_with_layers(each).operations) for each in (1, 2))
    return 1 + (count - one) // (two - one)


def _with_layers(count: int) -> Any:
    with pf.Graph().as_default() as graph:
        h, variables = pf.placeholder("float32", (LENGTH, WIDTH)), [pf.constant(each) for each in weights()]
        for _ in range(count):
            h = layer(pf, pf.nn.softmax, h, variables)
    return graph


def python_first_run(count: int) -> Work:
    """As many lines of Python, each a call of ``numpy.sin``: written, compiled, and run once."""
    start = first("chain")

    def work() -> Any:
        lines = [f"    x{number + 1} = sin(x{number})" for number in range(count)]
        text = "\n".join(["def run(sin, x0):", *lines, f"    return x{count}"])
        scope: dict[str, Any] = {}
        exec(compile(text, "<lines>", "exec"), scope)
        return scope["run"](np.sin, start)

    return work


class Record:
    """The least that a node needs: name, operation, operands, attributes, type."""

    __slots__ = ("attributes", "inputs", "name", "operation", "type")

    def __init__(self, name: str, inputs: tuple[Any, ...]) -> None:
        self.name, self.inputs, self.operation = name, inputs, "sin"
        self.attributes: dict[str, Any] | None = None
        self.type = ("float32", (4,))


def records(count: int) -> Work:
    """As many bare records, each with its name and its operand, in a list."""

    def work() -> Any:
        found, last = [], None
        for number in range(count):
            last = Record(f"sin_{number}", (last,))
            found.append(last)
        return found

    return work
