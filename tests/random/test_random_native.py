"""``rng="native"``: the backend's own generator, with the same promises but one: other backends draw other numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import BackendError, ValueRangeError
from polyflow.extension import NamespaceBackend
from polyflow.extension.manager import extensions

BACKENDS = ("numpy", "jax", "reference")
COUNT = {"numpy": 200_000, "jax": 200_000, "reference": 20_000}


def run(backend, fetches, rng="native"):
    with pf.Session(backend, rng=rng) as session:
        return np.asarray(session.run(fetches).tolist())


def draws_of(backend, draw):
    return run(backend, draw((COUNT[backend],)))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("draw", "distribution"),
    [
        (lambda shape: pf.random.uniform(shape, -1.0, 3.0), lambda x: (x + 1) / 4),
        (lambda shape: pf.random.normal(shape, 1.0, 2.0), lambda x: 0.5 * (1 + math.erf((x - 1) / math.sqrt(8)))),
        (lambda shape: pf.random.exponential(shape, 2.0), lambda x: 1 - math.exp(-2 * x)),
        (lambda shape: pf.random.uniform(shape, dtype="float64"), lambda x: x),
    ],
    ids=["uniform", "normal", "exponential", "uniform of 64 bits"],
)
def test_native_draws_have_the_distribution_that_they_should(backend, draw, distribution):
    found = np.sort(draws_of(backend, draw))
    expected = np.asarray([distribution(each) for each in found[::50].tolist()])
    places = np.arange(found.size)[::50] / found.size
    assert np.abs(expected - places).max() < 2.2 / math.sqrt(found.size), "the bound of Kolmogorov and Smirnov at 1e-4"


@pytest.mark.parametrize("backend", BACKENDS)
def test_native_whole_numbers_are_evenly_spread(backend):
    found = draws_of(backend, lambda shape: pf.random.randint(shape, 0, 10))
    counts = np.bincount(found, minlength=10)
    expected = found.size / 10
    assert counts.size == 10
    assert ((counts - expected) ** 2 / expected).sum() < 33.7, "chi-square of 9 degrees at 1e-4"


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_native_uniform_numbers_stay_below_one_in_every_dtype(backend, dtype):
    found = run(backend, pf.random.uniform((COUNT[backend] // 10,), dtype=dtype))
    assert found.min() >= 0.0
    assert found.max() < 1.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_native_draws_are_the_same_in_each_session_and_new_in_each_run(backend):
    noise = pf.random.normal((4,), name="noise")
    with pf.Session(backend, rng="native") as one, pf.Session(backend, rng="native") as two:
        first, second = ([session.run(noise).tolist() for _ in range(2)] for session in (one, two))
    assert first == second
    assert first[0] != first[1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_native_streams_do_not_depend_on_other_operations_but_on_names_and_seed(backend):
    def drawn(seed, names):
        with pf.Graph().as_default():
            pf.set_random_seed(seed)
            nodes = {name: pf.random.normal((100,), name=name) for name in names}
            with pf.Session(backend, rng="native") as session:
                return {name: np.asarray(value.tolist()) for name, value in session.run(nodes).items()}

    alone, beside, other = drawn(3, ["a"]), drawn(3, ["b", "a"]), drawn(4, ["a"])
    assert alone["a"].tolist() == beside["a"].tolist()
    assert alone["a"].tolist() != other["a"].tolist()
    assert abs(np.corrcoef(beside["a"], beside["b"])[0, 1]) < 0.4


@pytest.mark.parametrize("backend", BACKENDS)
def test_native_draws_of_one_key_are_equal_and_of_two_keys_are_not(backend):
    first, second = pf.unstack(pf.random.split(pf.random.key(5)))
    x, again, y = (pf.random.normal((8,), key=key) for key in (first, first, second))
    with pf.Session(backend, rng="native") as session:
        found = [each.tolist() for each in session.run([x, again, y])]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_flow_to_the_parameters_of_native_draws(backend):
    mean, stddev = pf.Variable(1.0), pf.Variable(2.0)
    x = pf.random.normal((16,), mean, stddev, key=pf.random.key(1))
    of_mean, of_stddev = pf.gradients(pf.sum(x), [mean, stddev])
    with pf.Session(backend, rng="native") as session:
        values, by_mean, by_stddev = session.run([x, of_mean, of_stddev])
        draws = (np.asarray(values.tolist()) - 1.0) / 2.0
    assert by_mean.tolist() == 16.0
    assert by_stddev.tolist() == pytest.approx(draws.sum(), rel=1e-4, abs=1e-4)


def test_threefry_is_the_default_and_equal_on_every_backend():
    draw = pf.random.randint((50,), 0, 1000, key=pf.random.key(3))
    default = pf.Session("numpy").run(draw).tolist()
    assert all(run(backend, draw, rng="threefry").tolist() == default for backend in BACKENDS)
    assert run("numpy", draw).tolist() != default


def test_an_rng_that_is_not_known_is_refused():
    with pytest.raises(ValueRangeError) as caught:
        pf.Session("numpy", rng="nativ")
    text = str(caught.value)
    assert "an rng that is not known" in text
    assert "found:   'nativ'" in text
    assert "needed:  'threefry' or 'native'" in text


def test_a_backend_without_a_generator_refuses_to_draw_by_it():
    plain = NamespaceBackend("plain", extensions().backend("numpy").namespace)
    with pytest.raises(BackendError) as caught:
        pf.Session(plain, rng="native")
    text = str(caught.value)
    assert "backend 'plain' has no random generator of its own" in text
    assert 'rng="threefry", which every backend has' in text
