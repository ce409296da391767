"""Gradients through control flow of every kind: first and second order, on every backend, with and without passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from tests.control_flow.programs import POINT, PROGRAMS
from tests.programs import finite_differences

ENGINES = ["numpy", "jax", "reference"]


class Built:
    """A program with its gradients of first and second order, of a fed vector."""

    def __init__(self, name: str) -> None:
        self.x = pf.placeholder("float64", POINT.shape, name="x")
        self.y = PROGRAMS[name](self.x)
        (self.first,) = pf.gradients(pf.sum(self.y), self.x)
        (self.second,) = pf.gradients(pf.sum(self.first * self.first), self.x)

    def run(self, session: pf.Session, fetch: Any, point: Any = POINT) -> Any:
        found = session.run(fetch, {self.x: point})
        return [np.asarray(each.tolist()) for each in found] if isinstance(found, list | tuple) else np.asarray(found)


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    built = Built(name)
    with pf.Session(check=True) as session:
        y, first, second = built.run(session, [built.y, built.first, built.second])
        (by_steps,) = finite_differences(lambda point: built.run(session, built.y, point), POINT)
        np.testing.assert_allclose(first, by_steps, rtol=1e-6, atol=1e-7)
        (by_steps,) = finite_differences(lambda point: built.run(session, built.first, point) ** 2, POINT)
        np.testing.assert_allclose(second, by_steps, rtol=1e-6, atol=1e-7)
    assert np.isfinite(y).all()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_gradients_are_the_same_on_every_engine(name: str, engine: str) -> None:
    built = Built(name)
    fetches = [built.y, built.first, built.second]
    with pf.Session(optimise=False, check=True) as session:
        wanted = built.run(session, fetches)
    with pf.Session(engine, check=True) as session:
        for want, found in zip(wanted, built.run(session, fetches), strict=True):
            np.testing.assert_allclose(found, want, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("fold", [pf.foldl, pf.foldr, pf.scan], ids=lambda each: each.__name__)
def test_what_a_loop_carries_and_what_it_keeps_are_told_apart_when_it_is_computed_anew(fold: Any, engine: str) -> None:
    x = pf.placeholder("float64", (3,), name="x")

    def function(x: Any) -> Any:
        # The loop is copied for sin, which asks for what it carries, before its own gradient asks for all of that.
        v = fold(lambda v, e: pf.tanh(v * e + v), x, 0.3)
        w = pf.while_loop(lambda w: pf.sum(w) < 4, lambda w: pf.tanh(w * x) + w, [x])[0]
        return pf.sum(pf.sin(v) * v) * pf.cos(w) * w

    plain, again = pf.sum(function(x)), pf.sum(pf.checkpoint(function)(x))
    slopes = [pf.gradients(each, x)[0] for each in (plain, again)]
    curvatures = [pf.gradients(pf.sum(each * each), x)[0] for each in slopes]
    with pf.Session(engine) as session:
        found = [np.asarray(each.tolist()) for each in session.run([*slopes, *curvatures], {x: [0.5, 0.2, 0.8]})]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-11)
    np.testing.assert_allclose(found[3], found[2], rtol=1e-10)
