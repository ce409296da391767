"""Rates that change, against their formulas."""

from __future__ import annotations

import math
from typing import Any

import pytest

import polyflow as pf
from polyflow.errors import ArgumentError

STEPS = [0, 3, 10, 17, 40]
CASES: dict[str, tuple[Any, Any]] = {
    "exponential": (lambda n: pf.train.exponential_decay(0.1, n, 10, 0.9), lambda n: 0.1 * 0.9 ** (n / 10)),
    "stairs": (lambda n: pf.train.exponential_decay(0.1, n, 10, 0.9, True), lambda n: 0.1 * 0.9 ** (n // 10)),
    "natural": (lambda n: pf.train.natural_exp_decay(0.1, n, 10, 0.5), lambda n: 0.1 * math.exp(-0.05 * n)),
    "inverse": (lambda n: pf.train.inverse_time_decay(0.1, n, 10, 0.5), lambda n: 0.1 / (1 + 0.05 * n)),
    "polynomial": (
        lambda n: pf.train.polynomial_decay(0.1, n, 10, power=2.0),
        lambda n: 0.0999 * (1 - min(n, 10) / 10) ** 2 + 0.0001,
    ),
    "cycle": (
        lambda n: pf.train.polynomial_decay(0.1, n, 10, cycle=True),
        lambda n: 0.0999 * (1 - n / (10 * max(1, math.ceil(n / 10)))) + 0.0001,
    ),
    "piecewise": (
        lambda n: pf.train.piecewise_constant(n, [3, 17], [1.0, 0.5, 0.25]),
        lambda n: 1.0 if n <= 3 else 0.5 if n <= 17 else 0.25,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_rate_follows_its_formula(name: str) -> None:
    rate, formula = CASES[name]
    step = pf.Variable(0, trainable=False)
    found, session = rate(step), pf.Session()
    assert found.dtype is pf.float32
    for number in STEPS:
        session.run(step.assign(number))
        assert float(session.run(found)) == pytest.approx(formula(number), rel=1e-5)


def test_piecewise_needs_a_value_for_each_piece() -> None:
    with pytest.raises(ArgumentError, match="piecewise_constant: not a value for each piece"):
        pf.train.piecewise_constant(1, [3], [1.0])
