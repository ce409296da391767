"""Gamma draws: their distribution, with few proposals too, and their derivative by alpha."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
import scipy.special
import scipy.stats

import polyflow as pf
from polyflow.core import building
from polyflow.ops import random_gamma
from polyflow.ops.random_gamma import gamma_distributed

ALPHAS = [0.05, 0.3, 0.9, 1.0, 1.7, 4.0, 30.0, 1000.0]

FAR_OUT = [
    (0.001, 1e-05, 0.10937472778081825), (0.001, 2.0, 723.9961222022795), (0.2, 1e-09, 1.0217112979038595e-07),
    (0.2, 8.0, 6.852858980095589), (3.0, 0.01, 0.019588658948523626), (3.0, 25.0, 2.532049548754879),
    (50.0, 20.0, 0.6128432204439115), (50.0, 110.0, 1.4502383766756781), (1000.0, 1200.0, 1.0941114803500787),
]  # fmt: skip
"""alpha, x and the derivative, by the series of the incomplete gamma function in 80 digits."""


def draws(count: int, alpha: float) -> np.ndarray:
    draw = pf.function(lambda: pf.random.gamma((count,), alpha, dtype="float64", key=pf.random.key(3)))
    return np.asarray(draw())


@pytest.mark.parametrize("alpha", ALPHAS)
def test_draws_follow_the_distribution(alpha: float) -> None:
    assert scipy.stats.kstest(draws(20_000, alpha), scipy.stats.gamma(alpha).cdf).pvalue > 0.01


@pytest.mark.parametrize("count", [3, 64, 65, 5000])
def test_elements_that_reject_their_first_proposals_get_more(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(random_gamma, "FIRST", 2)  # of which one in 20 is rejected, of two one in 400
    found = draws(count, 1.0)
    assert len(np.unique(found)) == count
    assert scipy.stats.kstest(found, scipy.stats.expon.cdf).pvalue > 0.01


def test_a_proposal_is_rejected_as_seldom_as_the_bound_on_all_of_them_says() -> None:
    xp: Any = pf.eager("numpy")
    keys, d = xp.random.split(xp.random.key(1)), xp.full((200_000,), 2 / 3, dtype=xp.float64)
    with building.overriding(xp):
        _, is_accepted = random_gamma._first_accepted(xp, keys[0, :], keys[1, :], d, 1)
    rejected = 1 - float(np.mean(np.asarray(is_accepted)))
    assert 0.047 < rejected < 0.0495
    assert 0.0495 ** (random_gamma.FIRST + random_gamma.MORE) < 1 / 2e19


def slopes(x: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The derivative of the inverse of the distribution function by alpha, by central differences."""
    level, step = scipy.special.gammainc(alpha, x), 1e-5 * alpha
    return (
        scipy.special.gammaincinv(alpha + step, level) - scipy.special.gammaincinv(alpha - step, level)
    ) / (2 * step)  # fmt: skip


@pytest.mark.parametrize("backend", ["numpy", "jax", "reference"])
def test_a_draw_moves_with_alpha_as_the_inverse_of_the_distribution_function_does(backend: str) -> None:
    alpha = np.repeat(ALPHAS, 5)
    x = scipy.special.gammaincinv(alpha, np.tile([0.1, 0.3, 0.5, 0.6, 0.9], len(ALPHAS)))
    gradient = pf.grad(lambda a: pf.sum(gamma_distributed(x, a)), backend=backend)
    np.testing.assert_allclose(gradient(alpha), slopes(x, alpha), rtol=2e-6)
    if backend == "numpy":
        with jax.enable_x64(True):
            np.testing.assert_allclose(gradient(alpha), jax.lax.random_gamma_grad(alpha, x), rtol=1e-6)


def test_far_out_the_derivative_keeps_its_digits() -> None:
    alpha, x, wanted = np.asarray(FAR_OUT).T
    gradient = pf.grad(lambda a: pf.sum(gamma_distributed(x, a)))(alpha)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-8)
    narrow = pf.grad(lambda a: pf.sum(gamma_distributed(x.astype(np.float32), a)))(alpha.astype(np.float32))
    np.testing.assert_allclose(narrow, wanted, rtol=2e-4)


def test_the_second_derivative_follows_the_draw() -> None:
    alpha, level, step = np.asarray([0.3, 1.0, 2.5, 30.0]), np.asarray([0.2, 0.5, 0.7, 0.4]), 1e-4

    def x_of(a: np.ndarray) -> np.ndarray:
        return np.asarray(scipy.special.gammaincinv(a, level))

    first = lambda x: pf.grad(lambda a: pf.sum(gamma_distributed(x, a)))  # noqa: E731
    wanted = (first(x_of(alpha + step))(alpha + step) - first(x_of(alpha - step))(alpha - step)) / (2 * step)
    second = pf.grad(lambda a: pf.sum(first(x_of(alpha))(a)))(alpha)
    np.testing.assert_allclose(second, wanted, rtol=1e-5)


@pytest.mark.parametrize("alpha", [0.3, 1.5, 20.0])
def test_the_mean_of_the_derivatives_is_the_derivative_of_the_mean(alpha: float) -> None:
    def mean(a: Any, b: Any) -> Any:
        return pf.mean(pf.random.gamma((20_000,), a, b, key=pf.random.key(2)))

    by_alpha, by_beta = pf.grad(mean, (0, 1))(np.asarray(alpha), np.asarray(2.0))
    assert by_alpha == pytest.approx(1 / 2, rel=0.03)
    assert by_beta == pytest.approx(-alpha / 4, rel=0.03)


def test_no_alpha_gives_nothing_but_nan() -> None:
    draw = pf.function(lambda a: pf.random.gamma(None, a, key=pf.random.key(0)))
    assert np.isnan(draw(np.asarray([np.nan, 1.0]))).tolist() == [True, False]
