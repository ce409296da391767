"""Eager namespaces draw from keys, and refuse streams, which need a graph to count runs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import GraphError

DRAWS: dict[str, Callable[[Any, Any], Any]] = {
    "uniform": lambda xp, key: xp.random.uniform((3, 4), -1.0, 3.0, key=key),
    "uniform64": lambda xp, key: xp.random.uniform((3, 4), dtype="float64", key=key),
    "normal": lambda xp, key: xp.random.normal((3, 4), 2.0, 0.5, key=key),
    "normal64": lambda xp, key: xp.random.normal((3, 4), dtype="float64", key=key),
    "truncated": lambda xp, key: xp.random.truncated_normal((3, 4), key=key),
    "gumbel64": lambda xp, key: xp.random.gumbel((3, 4), dtype="float64", key=key),
    "gamma": lambda xp, key: xp.random.gamma((3, 4), 2.0, key=key),
    "randint": lambda xp, key: xp.random.randint((3, 4), -3, 9, key=key),
    "bernoulli": lambda xp, key: xp.random.bernoulli((3, 4), 0.25, key=key),
    "categorical": lambda xp, key: xp.random.categorical(xp.zeros((4,)), (3,), key=key),
    "permutation": lambda xp, key: xp.random.permutation(5, key=key),
}


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("name", DRAWS)
def test_eager_draws_are_those_of_a_graph(name: str, backend: str) -> None:
    xp: Any = pf.eager(backend)
    found = np.asarray(DRAWS[name](xp, xp.random.fold_in(xp.random.key(1), 2)))
    expected = np.asarray(pf.Session().run(DRAWS[name](pf, pf.random.fold_in(pf.random.key(1), 2))))
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=32 * np.finfo(found.dtype).eps if found.dtype.kind == "f" else 0)


def test_an_eager_draw_without_a_key_is_refused() -> None:
    xp: Any = pf.eager("numpy")
    with pytest.raises(GraphError, match=r"key=polyflow.random.key\(seed\)"):
        xp.random.uniform((2,))
