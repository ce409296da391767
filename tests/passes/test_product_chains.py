"""Chains of matrix products are computed in the cheapest order, and mean what they meant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs import context, program_of

import polyflow as pf
from polyflow.core.verifier import verify
from polyflow.passes.product_chains import LONGEST, ProductChains


def matrices(*shapes: tuple[int, ...]) -> list[pf.Tensor]:
    return [pf.placeholder("float64", shape, name=name) for name, shape in zip("abcdefgh", shapes, strict=False)]


def order(y: Any, *feeds: pf.Tensor) -> str:
    """The products as a formula."""
    program = ProductChains()(program_of(y, *feeds), context())
    verify(program)
    names = {each: each.operation.name for each in program.parameters}
    for operation in program.operations:
        inputs = [names[each] for each in operation.inputs]
        names[operation.output] = f"({' '.join(inputs)})" if operation.op.name == "matmul" else operation.op.name
    return ", ".join(names[each] for each in program.results)


def test_a_vector_is_multiplied_first() -> None:
    a, b, v = matrices((50, 50), (50, 50), (50,))
    assert order(a @ b @ v, a, b, v) == "(a (b c))"
    assert order(v @ (a @ b), a, b, v) == "((c a) b)"
    assert order(v @ ((a @ b) @ v), a, b, v) == "(c (a (b c)))"


def test_the_cheapest_order_is_found() -> None:
    # The example of the book: 15,125 multiplications.
    chain = matrices((30, 35), (35, 15), (15, 5), (5, 10), (10, 20), (20, 25))
    a, b, c, d, e, f = chain
    assert order(a @ b @ c @ d @ e @ f, *chain) == "((a (b c)) ((d e) f))"


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (lambda a, b, v: (a @ v) @ b, "((a c) b)"),
        (lambda a, b, v: a @ (v @ b), "(a (c b))"),
        (lambda a, b, v: a @ b, "(a b)"),
        (lambda a, b, v: (a @ b) @ (a @ b), "((a b) (a b))"),
        (lambda a, b, v: a @ (b @ v), "(a (b c))"),
    ],
)
def test_what_is_no_chain_or_already_cheap_stays(call: Any, wanted: str) -> None:
    a, b, v = matrices((9, 9), (9, 9), (9,))
    assert order(call(a, b, v), a, b, v) == wanted


def test_a_product_that_something_else_reads_stays() -> None:
    a, b, v = matrices((9, 9), (9, 9), (9,))
    ab = a @ b
    program = ProductChains()(program_of([ab @ v, ab], a, b, v), context())
    assert len(program) == 2


def test_batches_and_long_chains_stay() -> None:
    a, b, v = matrices((3, 9, 9), (9, 9), (9, 1))
    assert order(a @ b @ v, a, b, v) == "((a b) c)"
    m, v = matrices((2, 2), (2,))
    y: pf.Tensor = m
    for _ in range(LONGEST):
        y = y @ m
    assert order(y @ v, m, v).startswith("((((")


@pytest.mark.parametrize("backend", ["numpy", "jax", "reference"])
def test_values_and_gradients_are_those_of_the_order_written(backend: str) -> None:
    a, b, c, v = matrices((3, 4), (4, 5), (5, 6), (6,))
    y = pf.sum((a @ b @ c @ v) ** 2)
    fetches = [y, *pf.gradients(y, [a, b, c, v])]
    generator = np.random.default_rng(0)
    feeds = {each: generator.normal(size=each.shape) for each in (a, b, c, v)}
    for found, wanted in zip(
        pf.Session(backend).run(fetches, feeds), pf.Session(optimise=False).run(fetches, feeds), strict=True
    ):
        np.testing.assert_allclose(np.asarray(found.tolist()), wanted, rtol=1e-12)
