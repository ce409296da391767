"""Operations with as many results as the data say, on the JAX backend: NumPy's on the CPU, JAX's elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import polyflow as pf

jax = pytest.importorskip("jax")

from polyflow_jax import unsized  # noqa: E402  (JAX is there)


@pytest.fixture(autouse=True)
def graph() -> Iterator[None]:
    with pf.Graph().as_default():
        yield


def _masked(x: Any) -> Any:
    return x[x > 0.0]


def _repeated(x: Any) -> Any:
    return pf.repeat(x, pf.astype(pf.abs(x) * 3.0, "int64"))


FUNCTIONS: list[Callable[[Any], Any]] = [
    _masked,
    _repeated,
    pf.nonzero,
    pf.unique_all,
    pf.unique_counts,
    pf.unique_inverse,
    pf.unique_values,
]


def _few(size: int) -> Any:
    return np.random.default_rng(size).integers(-2, 3, size).astype(np.float32)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_results_are_those_of_the_reference(function: Callable[[Any], Any]) -> None:
    x = pf.placeholder("float32", (None,))
    fetches = function(x)
    for size in (0, 1, 7):
        found = [pf.Session(each).run(fetches, {x: _few(size)}) for each in ("jax", "reference")]
        jax_, reference = (list(each) if isinstance(each, list | tuple) else [each] for each in found)
        for ours, theirs in zip(jax_, reference, strict=True):
            assert np.asarray(ours).tolist() == theirs.tolist()
            assert str(ours.dtype) == str(theirs.dtype)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_new_size_compiles_nothing(function: Callable[[Any], Any], caplog: pytest.LogCaptureFixture) -> None:
    x = pf.placeholder("float32", (20,))
    fetches = function(x * 1.0)
    session = pf.Session("jax")
    session.run(fetches, {x: _few(20)})
    with jax.log_compiles():
        for seed in range(4):  # as many elements come out as there happen to be
            values = np.random.default_rng(seed).integers(-2, 3, 20).astype(np.float32)
            session.run(fetches, {x: values})
    assert [each.message for each in caplog.records if "Finished XLA compilation" in each.message] == []


def test_what_jax_traces_is_left_to_jax() -> None:
    chosen = unsized.in_numpy(lambda x: pytest.fail("NumPy was called"), lambda x: x + 1)
    assert jax.jit(chosen)(1) == 2


def test_what_is_on_another_device_is_left_to_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsized, "_is_here", lambda operand: False)
    x = jax.numpy.asarray([3.0, 1.0, 3.0])
    assert unsized.KERNELS["unique_values"](x).tolist() == [1.0, 3.0]
    assert unsized.KERNELS["repeat_each"](x, jax.numpy.asarray([2, 0, 1]), axis=None).tolist() == [3.0, 3.0, 3.0]
    assert unsized.KERNELS["first_rows"](x, 2).tolist() == [3.0, 1.0]


def test_a_grown_array_that_has_room_is_not_copied() -> None:
    x = jax.numpy.asarray([3.0, 1.0])
    assert unsized.KERNELS["grown_rows"](x, 1) is x
    assert unsized.KERNELS["grown_rows"](x, 2).tolist() == [3.0, 1.0, 0.0, 0.0]
