"""Fusion: chains of elementwise operations on large arrays become one, which changes no bit of the result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.core.printer import format_program
from polyflow.passes.fusion import Fusion
from tests.programs import context, program_of

SIZE = (300, 300)


def fused(fetches: Any, *feeds: pf.Tensor) -> str:
    return format_program(Fusion()(program_of(fetches, *feeds), context("numpy")))


def test_a_chain_becomes_one_operation() -> None:
    x = pf.placeholder("float32", SIZE, name="x")
    y = pf.placeholder("float32", SIZE, name="y")
    z = pf.sum(pf.sqrt(x * y + 2.0) - x)
    assert fused(z, x, y).splitlines() == [
        "program(%x: float32[300, 300], %y: float32[300, 300]):",
        "  %constant: float32[] = constant(value=2.0)",
        "  %fused_1/subtract: float32[300, 300] = fused(%x, %y)",
        "    body = program(%operand_0: float32[300, 300], %operand_1: float32[300, 300]):",
        "      %constant: float32[] = constant(value=2.0)",
        "      %multiply: float32[300, 300] = multiply(%operand_0, %operand_1)",
        "      %add: float32[300, 300] = add(%multiply, %constant)",
        "      %sqrt: float32[300, 300] = sqrt(%add)",
        "      %subtract: float32[300, 300] = subtract(%sqrt, %operand_0)",
        "      return %subtract",
        "  %sum: float32[] = sum(%fused_1/subtract, dtype=float32)",
        "  return %sum",
    ]


@pytest.mark.parametrize(
    "build",
    [
        lambda x: pf.sqrt(x * x),
        lambda x: pf.sqrt(pf.abs(x)[:10, :10] * 2.0 + 1.0),
        lambda x: pf.sum(x * 2.0) + 1.0,
    ],
    ids=["two operations", "small arrays", "scalars"],
)
def test_what_is_short_or_small_stays_as_it_is(build: Any) -> None:
    x = pf.placeholder("float32", SIZE, name="x")
    assert "fused" not in fused(build(x), x)


def test_a_compiled_engine_is_left_to_its_compiler() -> None:
    x = pf.placeholder("float32", SIZE, name="x")
    with pf.Session("jax") as session:
        assert "fused" not in session.explain(pf.exp(x * x + 1.0) - x)


class Chains:
    """Programs that fusion cuts in different ways."""

    @staticmethod
    def of_several_results(x: Any, s: Any) -> Any:
        a = x * x
        b = a + s
        c = pf.exp(-b)
        return [a, c, c * a - b]

    @staticmethod
    def around_a_reduction(x: Any, s: Any) -> Any:
        a = (x - s) * (x + s) * 0.5
        mean = pf.mean(a)
        return [pf.tanh(a - mean) * mean + a]

    @staticmethod
    def around_a_transposition(x: Any, s: Any) -> Any:
        a = (x * s + 1.0) * x
        return [pf.matrix_transpose(a) * x + a - s, pf.maximum(a, 0.25) + pf.where(a > 0, a, -a)]

    @staticmethod
    def with_gradients(x: Any, s: Any) -> Any:
        y = pf.mean(pf.tanh(x * s) * pf.exp(-x * x) + pf.abs(x))
        return [y, *pf.gradients(y, [x, s])]

    @staticmethod
    def in_a_loop(x: Any, s: Any) -> Any:
        step = lambda i, v: (i + 1, pf.sin(v) * s + v * 0.5 - x)  # noqa: E731
        y = pf.while_loop(lambda i, v: i < 3, step, [0, x])[1]
        return [y, *pf.gradients(pf.sum(y), x)]


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "float16"])
@pytest.mark.parametrize("name", [each for each in vars(Chains) if not each.startswith("_")])
def test_no_bit_of_the_result_changes(name: str, dtype: str) -> None:
    if dtype == "complex64" and name == "around_a_transposition":
        pytest.skip("complex numbers have no order")
    x, s = pf.placeholder(dtype, SIZE, name="x"), pf.placeholder(dtype, (), name="s")
    fetches = getattr(Chains, name)(x, s)
    random = np.random.default_rng(0)
    whole = random.normal(size=(600, 300)).astype(dtype)
    for fed in (whole[::2], np.asfortranarray(whole[:300]), np.where(whole[:300].real > 2, np.nan, whole[:300])):
        feeds = {x: fed.astype(dtype), s: np.asarray(0.75, dtype)}
        before = feeds[x].copy()
        with pf.Session(optimise=False) as plain, pf.Session(check=True) as session:
            assert "fused(" in session.explain(fetches, feeds)
            for want, found in zip(plain.run(fetches, feeds), session.run(fetches, feeds), strict=True):
                if fed.flags.c_contiguous:
                    np.testing.assert_array_equal(found, want)
                else:  # NumPy sums in the order of memory, which is another one for what is fused
                    precision = float(np.finfo(want.dtype).eps)
                    np.testing.assert_allclose(found, want, rtol=1e4 * precision, atol=1e2 * precision)
        np.testing.assert_array_equal(feeds[x], before)
