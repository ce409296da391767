"""Distributions have their moments and quantiles, and gradients with respect to their parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow as pf

COUNT = 40_000
KEY = 123


def values(tensor: Any) -> np.ndarray[Any, Any]:
    return np.asarray(pf.Session().run(tensor), np.float64)


def key() -> Any:
    return pf.random.key(KEY)


MOMENTS: dict[str, tuple[Callable[[], Any], float, float]] = {
    # a draw, its expected mean and variance
    "uniform": (lambda: pf.random.uniform((COUNT,), -1.0, 3.0, key=key()), 1.0, 16 / 12),
    "normal": (lambda: pf.random.normal((COUNT,), 1.0, 3.0, key=key()), 1.0, 9.0),
    "normal64": (lambda: pf.random.normal((COUNT,), 1.0, 3.0, pf.float64, key=key()), 1.0, 9.0),
    "truncated": (lambda: pf.random.truncated_normal((COUNT,), 1.0, 3.0, key=key()), 1.0, 9 * 0.7737413),
    "exponential": (lambda: pf.random.exponential((COUNT,), 4.0, key=key()), 0.25, 1 / 16),
    "laplace": (lambda: pf.random.laplace((COUNT,), 1.0, 2.0, key=key()), 1.0, 8.0),
    "logistic": (lambda: pf.random.logistic((COUNT,), 1.0, 2.0, key=key()), 1.0, 4 * math.pi**2 / 3),
    "gumbel": (lambda: pf.random.gumbel((COUNT,), 1.0, 2.0, key=key()), 1 + 2 * 0.5772157, 4 * math.pi**2 / 6),
    "gamma": (lambda: pf.random.gamma((COUNT,), 3.0, 2.0, key=key()), 1.5, 0.75),
    "gamma-one": (lambda: pf.random.gamma((COUNT,), 1.0, key=key()), 1.0, 1.0),
    "gamma-small": (lambda: pf.random.gamma((COUNT,), 0.3, key=key()), 0.3, 0.3),
    "randint": (lambda: pf.random.randint((COUNT,), -2, 9, key=key()), 3.0, (11**2 - 1) / 12),
    "bernoulli": (lambda: pf.astype(pf.random.bernoulli((COUNT,), 0.3, key=key()), pf.float64), 0.3, 0.21),
    "stream": (lambda: pf.random.normal((COUNT,), seed=5), 0.0, 1.0),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_draws_have_the_mean_and_variance_of_their_distribution(name: str) -> None:
    build, mean, variance = MOMENTS[name]
    found = values(build())
    deviations = (found - found.mean()) ** 2
    assert abs(found.mean() - mean) < 4.5 * math.sqrt(variance / COUNT)
    assert abs(found.var() - variance) < 4.5 * deviations.std() / math.sqrt(COUNT)


@pytest.mark.parametrize("quantile", [0.01, 0.25, 0.5, 0.9])
def test_cauchy_draws_have_the_quantiles_of_their_distribution(quantile: float) -> None:
    found = values(pf.random.cauchy((COUNT,), 1.0, 2.0, key=key()))
    place = 1 + 2 * math.tan(math.pi * (quantile - 0.5))
    share = (found < place).mean()
    assert abs(share - quantile) < 4.5 * math.sqrt(quantile * (1 - quantile) / COUNT)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 4.0, 100.0])
def test_gamma_draws_have_the_third_moment_of_their_distribution(alpha: float) -> None:
    found = values(pf.random.gamma((COUNT,), alpha, key=key()))
    cubes = (found / alpha) ** 3
    expected = (alpha + 1) * (alpha + 2) / alpha**2
    assert abs(cubes.mean() - expected) < 4.5 * cubes.std() / math.sqrt(COUNT)


def test_classes_are_drawn_with_their_probabilities() -> None:
    probabilities = np.array([0.1, 0.2, 0.0, 0.7])
    with np.errstate(divide="ignore"):
        logits = np.log(probabilities)
    found = np.asarray(pf.Session().run(pf.random.categorical(logits, (COUNT,), key=key())))
    shares = np.bincount(found, minlength=4) / COUNT
    assert (abs(shares - probabilities) <= 4.5 * np.sqrt(probabilities * (1 - probabilities) / COUNT)).all()


def test_every_order_of_four_is_as_likely() -> None:
    rows = pf.broadcast_to(pf.arange(4), (COUNT, 4))
    found = np.asarray(pf.Session().run(pf.random.shuffle(rows, axis=1, independent=True, key=key())))
    _, counts = np.unique(found @ np.array([1, 4, 16, 64]), return_counts=True)
    assert len(counts) == 24
    expected = COUNT / 24
    assert ((counts - expected) ** 2 / expected).sum() < 60  # chi-squared, 23 degrees of freedom: 1 in 30,000


def test_rows_are_shuffled_together() -> None:
    x = np.arange(30).reshape(10, 3)
    found = np.asarray(pf.Session().run(pf.random.shuffle(x, seed=1)))
    assert sorted(found.tolist()) == x.tolist()
    assert found.tolist() != x.tolist()


def test_truncated_draws_stay_inside_their_bounds() -> None:
    found = values(pf.random.truncated_normal((COUNT,), lower=-0.5, upper=5.0, key=key()))
    assert found.min() > -0.5
    assert found.max() < 5.0
    far = values(pf.random.truncated_normal((100,), lower=7.0, upper=8.0, key=key()))
    assert ((far > 7.0) & (far < 8.0)).all()


def test_the_dtype_is_that_of_the_parameters() -> None:
    assert pf.random.uniform((2,)).dtype is pf.float32
    assert pf.random.uniform((2,), 0, 1).dtype is pf.float32
    assert pf.random.normal((2,), pf.constant(1.0, pf.float64)).dtype is pf.float64
    assert pf.random.normal((2,), pf.constant(1.0, pf.float64), dtype=pf.float32).dtype is pf.float32
    assert pf.random.randint((2,), 0, 3).dtype is pf.int64


def test_python_numbers_keep_their_digits_in_float64() -> None:
    found = values(pf.random.normal((3,), 0.1, 0.0, pf.float64, key=key()))
    assert found.tolist() == [0.1, 0.1, 0.1]


def test_a_shape_of_none_is_that_of_the_parameters() -> None:
    loc, scale = pf.zeros((3,)), pf.ones((2, 1))
    assert pf.random.normal(None, loc, scale).shape == (2, 3)
    assert pf.random.uniform(None).shape == ()
    x = pf.placeholder("float32", (None, 2))
    draw = pf.random.normal(None, x)
    assert draw.shape == (None, 2)
    assert pf.Session().run(draw, {x: np.zeros((5, 2), np.float32)}).shape == (5, 2)
    unknown = pf.placeholder()
    assert pf.Session().run(pf.random.normal((4, 2), unknown), {unknown: np.float64(2)}).dtype == np.float64


PARAMETERS = {
    "uniform": lambda a, b: pf.random.uniform((7,), a, b, key=key()),
    "normal": lambda a, b: pf.random.normal((7,), a, b, key=key()),
    "truncated_normal": lambda a, b: pf.random.truncated_normal((7,), a, b, None, a - 2, b + 1, key=key()),
    "exponential": lambda a, b: pf.random.exponential((7,), b, key=key()) + a,
    "laplace": lambda a, b: pf.random.laplace((7,), a, b, key=key()),
    "logistic": lambda a, b: pf.random.logistic((7,), a, b, key=key()),
    "gumbel": lambda a, b: pf.random.gumbel((7,), a, b, key=key()),
    "cauchy": lambda a, b: pf.random.cauchy((7,), a, b, key=key()),
    "gamma": lambda a, b: pf.random.gamma((7,), 2.0, b, key=key()) + a,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_gradients_with_respect_to_parameters_are_finite_differences(name: str) -> None:
    a, b = pf.placeholder("float64", ()), pf.placeholder("float64", ())
    total = pf.sum(PARAMETERS[name](a, b) ** 2)
    gradients = pf.gradients(total, [a, b])
    session = pf.Session()
    place, step = np.array([0.3, 1.7]), 1e-6
    found = session.run(gradients, {a: place[0], b: place[1]})
    for index in (0, 1):
        ahead, behind = place.copy(), place.copy()
        ahead[index] += step
        behind[index] -= step
        difference = session.run(total, {a: ahead[0], b: ahead[1]}) - session.run(total, {a: behind[0], b: behind[1]})
        np.testing.assert_allclose(found[index], difference / (2 * step), rtol=1e-6)


def test_gradients_follow_shuffled_elements() -> None:
    x = pf.constant([1.0, 2.0, 3.0, 4.0, 5.0])
    weights = pf.constant([10.0, 20.0, 30.0, 40.0, 50.0])
    shuffled = pf.random.shuffle(x, key=key())
    places, found = pf.Session().run([shuffled, pf.gradients(pf.sum(shuffled * weights), x)[0]])
    assert found.tolist() == [10.0 * (1 + places.tolist().index(each)) for each in (1.0, 2.0, 3.0, 4.0, 5.0)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_erfinv_is_the_inverse_of_erf(dtype: str) -> None:
    x = np.concatenate([np.linspace(-0.999, 0.999, 2001), 1 - 2.0 ** -np.arange(10, 24)]).astype(dtype)
    found = np.asarray(pf.Session().run(pf.erfinv(x)), np.float64)
    slope = 2 / math.sqrt(math.pi) * np.exp(-(found**2))
    error = np.array([math.erf(each) for each in found]) - x.astype(np.float64)
    # As many units of its own last place as the slope turns into differences of x, and those of x itself.
    unit = np.finfo(dtype).eps
    assert (abs(error) <= 4 * unit * (abs(found) * slope + abs(x) / 8)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_erfinv_of_many_numbers_is_that_of_few(dtype: str) -> None:
    x = np.linspace(-1, 1, 70_001).astype(dtype)
    many, few = pf.Session().run([pf.erfinv(x), pf.erfinv(x[::7])])
    assert many[::7].tobytes() == few.tobytes()
