"""Fusion by rows: operations that leave the first axis alone become one, which gives what they gave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.core.printer import format_program
from polyflow.passes.row_fusion import RowFusion
from tests.programs import context, program_of

SIZE = (500, 200)


def fused(fetches: Any, *feeds: pf.Tensor) -> str:
    return format_program(RowFusion()(program_of(fetches, *feeds), context("numpy")))


def test_a_normalization_becomes_one_operation() -> None:
    x = pf.placeholder("float32", SIZE, name="x")
    scale = pf.placeholder("float32", (200,), name="scale")
    y = pf.subtract(x, pf.mean(x, axis=1, keepdims=True)) * scale
    assert fused(pf.sum(pf.abs(y)), x, scale).splitlines() == [
        "program(%x: float32[500, 200], %scale: float32[200]):",
        "  %fused_rows_1/abs: float32[500, 200] = fused(%x, %scale, by_rows=True)",
        "    body = program(%operand_0: float32[500, 200], %operand_1: float32[200]):",
        "      %mean: float32[500, 1] = mean(%operand_0, axis=1, keepdims=True)",
        "      %subtract: float32[500, 200] = subtract(%operand_0, %mean)",
        "      %multiply: float32[500, 200] = multiply(%subtract, %operand_1)",
        "      %abs: float32[500, 200] = abs(%multiply)",
        "      return %abs",
        "  %sum: float32[] = sum(%fused_rows_1/abs, dtype=float32)",
        "  return %sum",
    ]


@pytest.mark.parametrize(
    "build",
    [
        lambda x: pf.abs(x - pf.mean(x, axis=0, keepdims=True)),
        lambda x: pf.cumulative_sum(x, axis=0) * pf.mean(x, axis=1, keepdims=True),
        lambda x: pf.matmul(pf.matrix_transpose(x), x) + pf.mean(x),
        lambda x: x[:10] * pf.mean(x[:10], axis=1, keepdims=True) + 1.0,
        lambda x: x - pf.mean(x, axis=1, keepdims=True),
        lambda x: pf.sqrt(pf.abs(x * 2.0 + 1.0)),
        lambda x: pf.mean(pf.reshape(x, (1, 500, 200)), axis=2, keepdims=True) * 2.0 + 1.0,
    ],
    ids=["first axis", "sums along it", "products", "small", "two operations", "elementwise", "one slice"],
)
def test_what_mixes_slices_or_is_small_stays_as_it_is(build: Any) -> None:
    x = pf.placeholder("float32", SIZE, name="x")
    assert "fused" not in fused(build(x), x)


def test_a_backend_without_rows_keeps_its_operations() -> None:
    x = pf.placeholder("float32", SIZE, name="x")
    y = pf.nn.softmax(x) * x - pf.mean(x, axis=1, keepdims=True)
    assert "by_rows" in fused(y, x)
    for backend in ("jax", "reference"):
        with pf.Session(backend) as session:
            assert "by_rows" not in session.explain(y)


class Programs:
    """Programs with regions of different kinds, of arrays of two and of three axes."""

    @staticmethod
    def normalized(x: Any, w: Any) -> Any:
        return [pf.nn.layer_norm(x, w[0], w[1])]

    @staticmethod
    def with_gradients(x: Any, w: Any) -> Any:
        y = pf.nn.layer_norm(x, w[0], w[1]) * pf.nn.softmax(x)
        return [y, *pf.gradients(pf.mean(y * y), [x, w])]

    @staticmethod
    def of_equal_shapes(x: Any, w: Any) -> Any:
        return [pf.nn.softmax(pf.nn.log_softmax(x * x) + x), pf.cumulative_sum(pf.abs(x), axis=-1) * x]

    @staticmethod
    def of_matrices(x: Any, w: Any) -> Any:
        y = pf.reshape(x, (10, 50, 200))
        z = pf.nn.attention(y, y, pf.nn.relu(y), is_causal=True)
        return [z, *pf.gradients(pf.sum(z * z), x)]

    @staticmethod
    def with_whole_matrices(x: Any, w: Any) -> Any:
        y = pf.reshape(x, (10, 50, 200))
        weights = pf.matrix_transpose(w)  # 200 rows, 2 columns
        return [pf.tanh(pf.matmul(pf.abs(y), weights)) * pf.max(y, axis=(1, 2), keepdims=True)]

    @staticmethod
    def in_a_loop(x: Any, w: Any) -> Any:
        step = lambda i, v: (i + 1, pf.nn.softmax(v * w[0]) * v - x)  # noqa: E731
        y = pf.while_loop(lambda i, v: i < 3, step, [0, x])[1]
        return [y, *pf.gradients(pf.sum(y), x)]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("name", [each for each in vars(Programs) if not each.startswith("_")])
def test_fused_programs_give_what_the_others_give(name: str, dtype: str) -> None:
    x, w = pf.placeholder(dtype, SIZE, name="x"), pf.placeholder(dtype, (2, 200), name="w")
    fetches = getattr(Programs, name)(x, w)
    random = np.random.default_rng(0)
    whole = random.normal(size=(1000, 200)).astype(dtype)
    weights = random.normal(size=(2, 200)).astype(dtype)
    bound = 64 * float(np.finfo(dtype).eps)
    for fed in (whole[::2], np.asfortranarray(whole[:500]), np.where(whole[:500] > 2, np.nan, whole[:500])):
        feeds = {x: fed, w: weights}
        before = fed.copy()
        with pf.Session(optimise=False) as plain, pf.Session(check=True) as session:
            assert "by_rows" in session.explain(fetches, feeds)
            for want, found in zip(plain.run(fetches, feeds), session.run(fetches, feeds), strict=True):
                size = float(np.nanmax(np.abs(want), initial=1))
                np.testing.assert_allclose(found, want, rtol=bound, atol=bound * size)
        np.testing.assert_array_equal(fed, before)
