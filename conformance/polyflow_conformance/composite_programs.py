"""Programs of several ops, as functions of a vector of four numbers: what passes fuse, share, reorder and reuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polyflow as pf


def deep_chain(x: Any) -> Any:
    for _ in range(40):
        x = pf.sin(x) * 1.1 + 0.1
    return x


def diamond(x: Any) -> Any:
    left, right = pf.exp(x * 0.5), pf.exp(x * 0.5)
    return (left + right) * (left - 2.0 * right) + (right + left)


def operand_used_after_its_result(x: Any) -> Any:
    y = x + 1.0
    z = y * y
    return pf.stack([y * 2.0, z - y, pf.sqrt(z + 3.0), y])


def functions_of_results(x: Any) -> Any:
    value: Any = lambda n: x * 0.25 + (0.5 + n / 100)  # noqa: E731
    alone: Any = [pf.abs, pf.acos, pf.asin, pf.asinh, pf.atan, pf.atanh, pf.exp, pf.log, pf.sqrt, pf.square]
    pairs: Any = [pf.add, pf.subtract, pf.multiply, pf.divide, pf.maximum, pf.minimum, pf.atan2]
    signs = [pf.sign(each(value(n))) for n, each in enumerate([*alone, pf.negative, pf.nn.sigmoid, pf.nn.relu])]
    signs += [pf.sign(each(value(n + 20), x * 0.125 + (0.1 + n / 100))) for n, each in enumerate(pairs)]
    weights = pf.arange(1.0, 21.0, dtype="float64")[:, None]
    return pf.sum(pf.stack([*signs, pf.sign(pf.acosh(value(100)))][1:]) * weights, axis=0) * pf.sin(x)


def outer_products(x: Any) -> Any:
    table = x[:, None] * x[None, :] + pf.arange(4.0, dtype="float64")
    return pf.sum(table, axis=0) - pf.mean(table, axis=1) + pf.max(table) - x


def normalised(x: Any) -> Any:
    centred = x - pf.mean(x)
    return centred / pf.sqrt(pf.mean(centred * centred) + 1e-3)


def attention(x: Any) -> Any:
    q = pf.reshape(x, (2, 2))
    scores = pf.matmul(q, pf.matrix_transpose(q)) / 1.4
    weights = pf.exp(scores - pf.max(scores, axis=-1, keepdims=True))
    return pf.matmul(weights / pf.sum(weights, axis=-1, keepdims=True), q)


def two_layers(x: Any) -> Any:
    w = pf.reshape(pf.linspace(-1.0, 1.0, 12, dtype="float64"), (4, 3))
    hidden = pf.tanh(pf.matmul(x, w) + 0.1)
    return pf.sum(pf.matmul(hidden, pf.matrix_transpose(w)) ** 2.0)


def views_of_one_array(x: Any) -> Any:
    square = pf.reshape(x, (2, 2))
    turned = pf.matrix_transpose(square)
    return pf.flip(square) * turned + square[::-1] - pf.roll(x, 1)[:2]


def chosen_elements(x: Any) -> Any:
    kept = pf.where(x > 0.5, x * x, -x)
    return pf.take(kept, pf.argsort(x)) * pf.cumulative_sum(kept) + pf.sort(x)


def solved(x: Any) -> Any:
    matrix = x[:, None] * x[None, :]
    return pf.linalg.solve(matrix + 3.0 * pf.eye(4, dtype="float64"), x)


def gradient_of_a_gradient(x: Any) -> Any:
    (first,) = pf.gradients(pf.sum(pf.exp(x) * pf.sin(x)), x)
    return first * x


def stopped(x: Any) -> Any:
    return x * pf.cos(x) + 0.0 * pf.stop_gradient(x * x)


COMPOSITE: tuple[Callable[[Any], Any], ...] = (
    deep_chain, diamond, operand_used_after_its_result, functions_of_results, outer_products, normalised, attention,
    two_layers, views_of_one_array, chosen_elements, solved, gradient_of_a_gradient, stopped,
)  # fmt: skip
