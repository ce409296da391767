"""Sums of products over the iterations of a loop become one product behind it."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.control_flow.passes import ProductSums
from tests.programs import context, program_of


def recurrent() -> tuple[pf.Tensor, pf.Tensor, pf.Tensor]:
    x = pf.placeholder("float64", (6, 3, 4), name="x")
    w = pf.placeholder("float64", (4, 4), name="w")
    h = pf.foldl(lambda h, e: pf.tanh(h @ w + e), x, pf.zeros((3, 4), dtype="float64"))
    return x, w, pf.gradients(pf.sum(h * h), w)[0]


def test_the_gradient_of_a_weight_leaves_the_loop() -> None:
    x, w, slope = recurrent()
    program = ProductSums()(program_of(slope, x, w), context("numpy"))
    (_, back) = [each for each in program.operations if each.op.name == "loop"]
    inside = [each.op.name for each in back.attributes["body"].operations]
    assert inside.count("matmul") == 1
    assert back.attributes["carried"] == 1
    assert program.results[0].operation.op.name == "matmul"
    assert program.results[0].operation.inputs[0].shape == (4, 18)


@pytest.mark.parametrize("engine", ["numpy", "jax", "reference"])
def test_the_sum_is_the_same(engine: str) -> None:
    x, w, slope = recurrent()
    random = np.random.default_rng(0)
    feeds = {x: random.normal(size=(6, 3, 4)), w: random.normal(size=(4, 4)) * 0.3}
    with pf.Session(engine, check=True) as session, pf.Session(optimise=False) as plain:
        found = np.asarray(session.run(slope, feeds).tolist())
        np.testing.assert_allclose(found, plain.run(slope, feeds), rtol=1e-11, atol=1e-13)


def test_slices_that_cover_zeros_are_joined() -> None:
    x = pf.placeholder("float64", (2, 6), name="x")
    y = pf.sum(pf.sin(x[:, 2:4]) * 2.0) + pf.sum(pf.cos(x[:, :2])) + pf.sum(x[:, 4:] ** 3)
    (slope,) = pf.gradients(y, x)
    with pf.Session(check=True) as session, pf.Session(optimise=False) as plain:
        point = np.random.default_rng(0).normal(size=(2, 6))
        text = session.explain(slope, {x: point}).split("generated function")[1]
        assert "k_concat(" in text
        assert "index_add" not in text
        np.testing.assert_array_equal(session.run(slope, {x: point}), plain.run(slope, {x: point}))
