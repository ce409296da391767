"""Powers on NumPy: an exponent that many elements share gives what an exponent for each gives."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf

SPECIAL = [-np.inf, -0.0, 0.0, 4.0, np.inf, np.nan, -1.0]
ROOTS = [np.inf, 0.0, 0.0, 2.0, np.inf, np.nan, np.nan]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [0, 1, 2, 300])
def test_one_exponent_gives_the_powers_that_each_has_alone(count, dtype):
    with pf.Graph().as_default():
        x = pf.placeholder(dtype, (None,), name="x")
        e = pf.placeholder(dtype, (), name="e")
        fed = np.resize(np.array(SPECIAL, dtype), count)
        right = np.resize(np.array(ROOTS, dtype), count)
        for optimise in (True, False):
            with pf.Session("numpy", optimise=optimise) as session:
                for found in session.run([x**0.5, pf.pow(x, e)], {x: fed, e: 0.5}):
                    np.testing.assert_array_equal(found, right)
                    assert not np.signbit(found[right == 0]).any()


def test_a_column_of_exponents_gives_what_each_alone_does():
    with pf.Graph().as_default():
        x, e = pf.placeholder("float32", (7,)), pf.placeholder("float32", (2, 1))
        with pf.Session("numpy") as session:
            found = session.run(x**e, {x: SPECIAL, e: [[0.5], [2.0]]})
        assert found[0, 0] == np.inf
        assert not np.signbit(found[0, 1])
        assert found[1].tolist()[:4] == [np.inf, 0.0, 0.0, 16.0]


@pytest.mark.parametrize("engine", ["numpy", "jax", "reference"])
@pytest.mark.parametrize("dtype", ["int8", "int64"])
def test_an_integer_to_a_negative_power_is_the_quotient(engine, dtype):
    if engine == "jax":
        pytest.importorskip("jax")
    with pf.Graph().as_default(), pf.Session(engine) as session:
        x, e, one = pf.placeholder(dtype, (6,)), pf.placeholder(dtype, (6,)), pf.placeholder(dtype, ())
        feeds = {x: [2, 1, -1, -1, 0, 3], e: [-1, -2, -3, -2, -1, 3], one: -3}
        found = session.run([x**e, x**one, x**-3], feeds)
    assert [each.tolist() for each in found] == [[0, 1, -1, 1, 0, 27], *[[0, 1, -1, -1, 0, 0]] * 2]
