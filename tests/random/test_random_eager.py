"""Eager namespaces draw from keys, and from streams of their own, which are those of a graph of the same seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow as pf

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


STREAMS: dict[str, Callable[[Any], Any]] = {
    "uniform": lambda xp: xp.random.uniform((3,)),
    "normal": lambda xp: xp.random.normal((3,), 1.5, dtype="float64"),
    "a name": lambda xp: xp.random.normal((3,), name="weights"),
    "a seed": lambda xp: xp.random.uniform((3,), seed=11),
    "gamma": lambda xp: xp.random.gamma((3,), 0.3),
    "permutation": lambda xp: xp.random.permutation(9),
}


@pytest.mark.parametrize("backend", ["numpy", "jax", "reference"])
@pytest.mark.parametrize("name", STREAMS)
def test_draws_without_a_key_are_those_of_the_runs_of_a_graph(name: str, backend: str) -> None:
    xp: Any = pf.eager(backend, seed=7)
    found = [np.asarray(STREAMS[name](xp)) for _ in range(3)]
    with pf.Graph().as_default():
        pf.set_random_seed(7)
        draw, session = STREAMS[name](pf), pf.Session()
        wanted = [session.run(draw) for _ in range(3)]
    np.testing.assert_allclose(
        found, wanted, rtol=32 * np.finfo(wanted[0].dtype).eps if wanted[0].dtype.kind == "f" else 0
    )
    assert len({each.tobytes() for each in found}) == 3


def test_a_draw_of_another_kind_changes_nothing_in_a_stream() -> None:
    one: Any = pf.eager("numpy", seed=3)
    other: Any = pf.eager("numpy", seed=3)
    first = [one.random.uniform((2,)).value.tolist() for _ in range(2)]
    second = []
    for _ in range(2):
        other.random.normal((5,))
        second.append(other.random.uniform((2,)).value.tolist())
    assert first == second
    assert first != [pf.eager("numpy", seed=4).random.uniform((2,)).value.tolist() for _ in range(2)]


def test_without_a_seed_there_is_one_namespace_with_one_sequence() -> None:
    assert pf.eager("numpy") is pf.eager("numpy")
    assert pf.eager("numpy", seed=0) is not pf.eager("numpy", seed=0)
    assert pf.eager("numpy").seed == 0
    xp: Any = pf.eager("numpy")
    assert xp.random.uniform((2,)).value.tolist() != xp.random.uniform((2,)).value.tolist()


def test_devices_of_a_namespace_share_its_streams() -> None:
    xp: Any = pf.eager("numpy", seed=2)
    assert xp.on("cpu") is xp
    assert xp.asarray([1.0]).to_device("cpu").owner is xp


def test_a_python_number_is_not_rounded_before_it_meets_its_dtype() -> None:
    xp: Any = pf.eager("numpy")
    key = xp.random.key(0)
    exact = xp.random.normal((3,), xp.asarray(0.1, dtype=xp.float64), dtype="float64", key=key)
    assert xp.random.normal((3,), 0.1, dtype="float64", key=key).value.tolist() == exact.value.tolist()
    large = xp.random.randint((3,), 2**63, 2**63 + 2, "uint64", key=key)
    assert all(each in (2**63, 2**63 + 1) for each in large.value.tolist())


def test_a_trace_still_wants_a_key() -> None:
    with pytest.raises(pf.errors.GraphError, match="give random numbers a key"):
        pf.function(lambda x: x + pf.random.uniform((2,)))(np.ones(2))
