"""``einsum`` equals NumPy's, and multiplies in an order that costs no more than NumPy's best."""

from __future__ import annotations

from itertools import combinations
from math import prod
from typing import Any

import numpy as np
import pytest
from symbolic import BACKENDS, run

import polyflow as pf
from polyflow.ops.contraction import contraction_order

EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ji", (2, 3)),
    ("ii", (3, 3)),
    ("iij->ji", (3, 3, 2)),
    ("ijk->", (2, 3, 4)),
    ("...i,...i->...", (2, 3, 4), (4,)),
    ("...ij,jk", (5, 2, 3), (3, 4)),
    ("i...,...j->ij...", (2, 3), (3, 4)),
    ("bij,bjk,bkl->bil", (2, 3, 4), (2, 4, 5), (2, 5, 2)),
    ("ab,bc,cd,de,ef->af", (2, 7), (7, 3), (3, 6), (6, 2), (2, 4)),
    ("i,j,k,l->lkji", (2,), (3,), (2,), (3,)),
    ("ab,ab,ab->ab", (2, 3), (2, 3), (2, 3)),
    ("ij,ij->", (2, 1), (2, 3)),
    ("abc,abd,cd->ab", (2, 3, 4), (2, 3, 5), (4, 5)),
    ("aab,bcc->ac", (3, 3, 2), (2, 4, 4)),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("equation", "shapes"), [(each[0], each[1:]) for each in EQUATIONS], ids=[each[0] for each in EQUATIONS]
)
def test_einsum_equals_numpys(backend: str, equation: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    generator = np.random.default_rng(0)
    arrays = [generator.normal(size=shape) for shape in shapes]
    found = run(lambda *xs: pf.einsum(equation, *xs), *arrays, backend=backend)
    np.testing.assert_allclose(found, np.einsum(equation, *arrays), rtol=1e-12, atol=1e-13)


def cost_of(terms: list[Any], output: str, sizes: dict[Any, int], order: list[tuple[int, int]]) -> int:
    left, total = [set(each) for each in terms], 0
    for first, second in order:
        right, one = left.pop(second), left.pop(first)
        total += prod(sizes[each] for each in one | right)
        left.append((one | right) & set(output).union(*left))
    return total


def cheapest(terms: list[set[Any]], output: set[Any], sizes: dict[Any, int]) -> int:
    """By trying every order."""
    if len(terms) == 1:
        return 0
    best = None
    for first, second in combinations(range(len(terms)), 2):
        rest = [term for place, term in enumerate(terms) if place not in (first, second)]
        both = terms[first] | terms[second]
        cost = prod(sizes[each] for each in both) + cheapest([*rest, both & output.union(*rest)], output, sizes)
        best = cost if best is None or cost < best else best
    assert best is not None
    return best


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_a_few_tensors_is_the_cheapest_there_is(seed: int) -> None:
    generator = np.random.default_rng(seed)
    letters = "abcdefg"
    sizes = {each: int(generator.integers(1, 9)) for each in letters}
    terms = ["".join(generator.choice(list(letters), size=3, replace=False)) for _ in range(5)]
    output = "".join(sorted(set("".join(terms)))[:2])
    found = cost_of(terms, output, sizes, contraction_order(terms, output, sizes))
    assert found == cheapest([set(each) for each in terms], set(output), sizes)


def test_many_tensors_are_ordered_greedily_and_multiplied_right() -> None:
    letters = "abcdefghijklm"
    terms = [letters[place : place + 2] for place in range(12)]
    arrays = [np.random.default_rng(place).normal(size=(2, 2)) for place in range(12)]
    found = run(lambda *xs: pf.einsum(",".join(terms) + "->am", *xs), *arrays)
    np.testing.assert_allclose(found, np.linalg.multi_dot(arrays), rtol=1e-12)
