"""Loops: a count of 100,000 scalar steps, and an LSTM over 100 steps with its gradient, each also written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import polyflow as pf

Array = Any  # an array of either library
Work = Callable[[], object]

COUNT = 100_000
STEPS, BATCH, WIDTH = 100, 32, 128


# -- a counted loop


def polyflow_count(backend: str) -> Work:
    """``v = 0.999 v + 1`` for ``COUNT`` steps by ``while_loop``."""
    with pf.Graph().as_default() as graph:
        x = pf.placeholder("float32", (), name="x")
        v = pf.while_loop(lambda i, v: i < COUNT, lambda i, v: (i + 1, v * 0.999 + 1.0), [0, x])[1]
    run = pf.Session(backend, graph).prepare(v, [x])
    start = np.float32(2.0)
    return lambda: float(run(start))


def numpy_count() -> Work:
    """A ``while`` of Python over NumPy scalars."""
    factor, one, start = np.float32(0.999), np.float32(1.0), np.float32(2.0)

    def run() -> float:
        v, i = start, 0
        while i < COUNT:
            v = v * factor + one
            i += 1
        return float(v)

    return run


def jax_count() -> Work:
    """``lax.fori_loop``."""
    loop = jax.jit(lambda x: jax.lax.fori_loop(0, COUNT, lambda i, v: v * jnp.float32(0.999) + jnp.float32(1.0), x))
    start = np.float32(2.0)
    return lambda: float(loop(start))


# -- an LSTM


def data(batch: int = BATCH) -> tuple[Array, ...]:
    """Inputs, targets, and the three parameters."""
    random = np.random.default_rng(0)
    xs = random.normal(size=(STEPS, batch, WIDTH)).astype(np.float32)
    target = random.normal(size=(batch, WIDTH)).astype(np.float32)
    wx, wh = (random.normal(size=(WIDTH, 4 * WIDTH)).astype(np.float32) * 0.05 for _ in range(2))
    return xs, target, wx, wh, np.zeros(4 * WIDTH, np.float32)


def lstm_graph(batch: int = BATCH) -> tuple[Any, ...]:
    """A fold over the steps, ``gradients`` of the loss: the graph, its fetches, its feeds and their values."""
    xs, target, *values = data(batch)
    with pf.Graph().as_default() as graph:
        x = pf.placeholder("float32", xs.shape, name="x")
        y = pf.placeholder("float32", target.shape, name="y")
        wx, wh, b = parameters = [pf.placeholder("float32", each.shape) for each in values]

        def cell(state: tuple[Any, Any], zx: Any) -> tuple[Any, Any]:
            h, c = state
            z = zx + h @ wh
            gates, new = pf.nn.sigmoid(z[:, : 3 * WIDTH]), pf.tanh(z[:, 3 * WIDTH :])
            i, f, o = (gates[:, k * WIDTH : (k + 1) * WIDTH] for k in range(3))
            c = f * c + i * new
            return o * pf.tanh(c), c

        zeros = pf.zeros((batch, WIDTH))
        h, _ = pf.foldl(cell, x @ wx + b, (zeros, zeros))
        loss = pf.mean((h - y) ** 2)
        gradients = pf.gradients(loss, parameters)
    return graph, [loss, *gradients], [x, y, *parameters], (xs, target, *values)


def polyflow_lstm(backend: str) -> Work:
    """A prepared call of it."""
    graph, fetches, feeds, values = lstm_graph()
    run = pf.Session(backend, graph).prepare(fetches, feeds)
    if backend == "jax":
        values = tuple(jnp.asarray(each) for each in values)
    return lambda: [np.asarray(each) for each in run(*values)]


def numpy_lstm() -> Work:
    """Back-propagation through time written out, with one product for each weight gradient."""
    xs, target, wx, wh, b = data()

    def run() -> list[Array]:
        zx = xs @ wx + b
        h = c = np.zeros((BATCH, WIDTH), np.float32)
        hs, cs, saved = [h], [c], []
        for t in range(STEPS):
            z = zx[t] + h @ wh
            gates, new = 1 / (1 + np.exp(-z[:, : 3 * WIDTH])), np.tanh(z[:, 3 * WIDTH :])
            i, f, o = gates[:, :WIDTH], gates[:, WIDTH : 2 * WIDTH], gates[:, 2 * WIDTH :]
            c = f * c + i * new
            tc = np.tanh(c)
            h = o * tc
            hs.append(h)
            cs.append(c)
            saved.append((gates, new, tc))
        difference = h - target
        loss = np.mean(difference**2)
        dh = difference * np.float32(2 / difference.size)
        dc = np.zeros_like(dh)
        dz = np.empty_like(zx)
        for t in reversed(range(STEPS)):
            gates, new, tc = saved[t]
            i, f, o = gates[:, :WIDTH], gates[:, WIDTH : 2 * WIDTH], gates[:, 2 * WIDTH :]
            dc = dc + dh * o * (1 - tc * tc)
            d = dz[t]
            d[:, :WIDTH] = dc * new
            d[:, WIDTH : 2 * WIDTH] = dc * cs[t]
            d[:, 2 * WIDTH : 3 * WIDTH] = dh * tc
            d[:, : 3 * WIDTH] *= gates * (1 - gates)
            d[:, 3 * WIDTH :] = dc * i * (1 - new * new)
            dh = d @ wh.T
            dc = dc * f
        flat = dz.reshape(-1, 4 * WIDTH)
        dwh = np.stack(hs[:-1]).reshape(-1, WIDTH).T @ flat
        return [loss, xs.reshape(-1, WIDTH).T @ flat, dwh, flat.sum(axis=0)]

    return run


def jax_lstm() -> Work:
    """``lax.scan`` and ``jax.value_and_grad`` under ``jit``."""
    xs, target, *values = (jnp.asarray(each) for each in data())

    def loss_of(parameters: Any, x: Array, y: Array) -> Array:
        wx, wh, b = parameters

        def cell(state: Any, zx: Array) -> Any:
            h, c = state
            z = zx + h @ wh
            gates, new = jax.nn.sigmoid(z[:, : 3 * WIDTH]), jnp.tanh(z[:, 3 * WIDTH :])
            i, f, o = (gates[:, k * WIDTH : (k + 1) * WIDTH] for k in range(3))
            c = f * c + i * new
            return (o * jnp.tanh(c), c), None

        zeros = jnp.zeros((BATCH, WIDTH), jnp.float32)
        (h, _), _ = jax.lax.scan(cell, (zeros, zeros), x @ wx + b)
        return jnp.mean((h - y) ** 2)

    compiled = jax.jit(jax.value_and_grad(loss_of))

    def run() -> list[Array]:
        loss, gradients = compiled(tuple(values), xs, target)
        return [np.asarray(each) for each in (loss, *gradients)]

    return run
