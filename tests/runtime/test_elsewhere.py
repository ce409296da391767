"""What a backend lacks is listed at once, or runs on the backends behind it: values, gradients, copies, errors."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.core.dtypes import as_dtype
from polyflow.errors import BackendError, DTypeError, ExecutionError, KernelError, NumericsError
from polyflow.extension import Backend, Capabilities
from polyflow.extension.manager import extensions


def line(offset: int = 0) -> str:
    """The place of the call, ``offset`` lines away."""
    return f"{__file__}:{sys._getframe(1).f_lineno + offset}"


PAIRS = [("numpy", "reference"), ("jax", "numpy"), ("reference", "jax"), ("numpy", "jax")]
FEED = np.array([1.0, 0.0, 2.0, 0.0], "float32")


def lacking(name: str, ops: Iterable[str] = (), dtypes: Iterable[str] = (), dynamic: bool = True) -> Backend:
    """A backend without some of what it has."""
    found = copy.copy(extensions().backend(name))
    found.capabilities = Capabilities(missing=frozenset(ops), dynamic_shapes=dynamic)
    found.dtypes = found.dtypes - {as_dtype(each) for each in dtypes}
    return found


def small(home: str) -> Backend:
    return lacking(home, ["sin", "exp", "take"], ["complex64", "complex128"], dynamic=False)


@pytest.fixture
def x() -> pf.Tensor:
    return pf.placeholder("float32", (None,), name="x")


def everything(x: pf.Tensor) -> list[pf.Tensor]:
    """A step that needs kernels, dtypes and shapes that a small backend lacks, with its gradient."""
    w = pf.Variable([1.0, 2.0, 3.0, 4.0], dtype="float32")
    wave = pf.sum(pf.exp(pf.sin(x * w)) + pf.cos(x))
    chosen = pf.sum(pf.take(x, pf.nonzero(x)[0]) * 2.0)
    turned = pf.sum(pf.real(pf.exp(pf.astype(x, "complex64") * 1j)))
    loss = wave + chosen + turned
    (gradient,) = pf.gradients(loss, [w])
    return [loss, gradient, w.assign_sub(0.1 * gradient)]


@pytest.mark.parametrize(("home", "other"), PAIRS)
def test_what_a_backend_lacks_runs_on_the_one_behind_it(home: str, other: str, x: pf.Tensor) -> None:
    fetches = everything(x)
    one, other_one = pf.Session(), pf.Session(small(home), fallback=[other])
    own = type(pf.Session(home).run(x, {x: FEED}))
    for _ in range(2):  # the second time on variables that the first one wrote
        for right, value in zip(one.run(fetches, {x: FEED}), other_one.run(fetches, {x: FEED}), strict=True):
            assert type(value) is own or right.ndim == 0, "what is fetched is of the session's own backend"
            np.testing.assert_allclose(np.asarray(value.tolist()), right, rtol=1e-5)


@pytest.mark.parametrize(("home", "other"), PAIRS)
def test_loops_call_the_other_backend_from_inside(home: str, other: str, x: pf.Tensor) -> None:
    y = pf.fori_loop(0, 5, lambda i, a: pf.sin(a) * x, x)
    chosen = pf.cond(pf.sum(x) > 0.0, lambda: pf.exp(y), lambda: y)
    fetches = [y, chosen, *pf.gradients(pf.sum(chosen), [x])]
    wanted = pf.Session().run(fetches, {x: FEED})
    found = pf.Session(small(home), fallback=[other]).run(fetches, {x: FEED})
    for right, value in zip(wanted, found, strict=True):
        np.testing.assert_allclose(np.asarray(value.tolist()), right, rtol=1e-5)


@pytest.mark.parametrize("home", ["numpy", "jax"])
def test_many_runs_dataflow_and_second_derivatives_go_there_too(home: str, x: pf.Tensor) -> None:
    (slope,) = pf.gradients(pf.sum(pf.sin(x) * x), [x])
    (second,) = pf.gradients(slope, [x])
    wanted = pf.Session().run(second, {x: FEED})
    backend = small(home)
    assert np.allclose(pf.Session(backend, fallback=["reference"]).run(second, {x: FEED}), wanted)
    by_dataflow = pf.Session(backend, fallback=["reference"], executor="dataflow")
    assert np.allclose(by_dataflow.run(second, {x: FEED}), wanted)
    many = pf.Session(backend, fallback=["reference"]).run_many(second, {x: np.stack([FEED, FEED])})
    assert np.allclose(many, [wanted, wanted])


def test_the_plan_tells_every_operation_and_every_copy(x: pf.Tensor) -> None:
    y = pf.exp(pf.sin(x + 1.0))
    here = line(-1)
    text = pf.Session(small("jax"), fallback=["numpy"]).explain(y * 2.0, {x: FEED})
    assert (
        "  numpy runs 2 operations, between what is compiled, copies 1 values to it (16 bytes) and 1 back (16 bytes):\n"
        f"    sin, built at {here}\n"
        f"    exp, built at {here}\n"
    ) in text
    assert "elsewhere(%add, region=<sin, exp on numpy>)" in text
    looped = pf.Session(small("jax"), fallback=["numpy"]).explain(
        pf.fori_loop(0, 2, lambda i, a: pf.sin(a), x), {x: FEED}
    )
    assert "numpy runs 1 operations, called back from a compiled loop or branch, copies 1 values" in looped


def test_nothing_goes_elsewhere_unasked(x: pf.Tensor) -> None:
    assert "elsewhere" not in pf.Session("numpy", fallback=["reference"]).explain(pf.sin(x), {x: FEED})
    with pytest.raises(KernelError):
        pf.Session(small("numpy")).run(pf.sin(x), {x: FEED})


def test_values_stay_where_they_are_between_two_regions(x: pf.Tensor) -> None:
    turned = pf.exp(pf.astype(x, "complex64") * 1j)
    later = pf.real(turned * pf.astype(pf.sum(pf.abs(x)), "complex64"))
    session = pf.Session(lacking("jax", (), ["complex64", "complex128"]), fallback=["numpy"])
    np.testing.assert_allclose(session.run(later, {x: FEED}), pf.Session().run(later, {x: FEED}), rtol=1e-6)
    notes = session.explain(later, {x: FEED})
    assert "complex64" not in notes.split("generated functions")[1].split("decisions")[0]


def test_dtypes_that_only_the_other_backend_has_can_be_fed_and_fetched() -> None:
    z = pf.placeholder("complex64", (2,), name="z")
    session = pf.Session(small("jax"), fallback=["numpy"])
    doubled, real = session.run([z * 2, pf.real(z)], {z: [1j, 2.0]})
    assert isinstance(doubled, np.ndarray)
    assert doubled.tolist() == [2j, 4.0]
    assert real.tolist() == [0.0, 2.0]


def test_the_first_backend_that_can_is_taken(x: pf.Tensor) -> None:
    session = pf.Session(small("jax"), fallback=[lacking("numpy", ["sin"]), "reference"])
    text = session.explain(pf.exp(pf.sin(x)), {x: FEED})
    assert "<sin on reference>" in text
    assert "<exp on numpy>" in text


def test_values_that_no_region_touches_are_held_by_whom_has_their_dtype() -> None:
    z = pf.placeholder("complex64", (1,), name="z")
    v = pf.Variable([1j], dtype="complex64")
    session = pf.Session(small("numpy"), fallback=["reference"])
    assert session.run(z, {z: [1j]}).tolist() == [1j]
    assert session.run(pf.constant([2j], "complex64")).tolist() == [2j]
    assert session.run(pf.py_func(lambda a: 3.0, [z], "float32", shape=()), {z: [1j]}) == 3.0
    assert session.run(pf.real(v * 1j)).tolist() == [-1.0]
    assert session.run(v).tolist() == [1j]


@pytest.mark.parametrize(("home", "other"), [("jax", "numpy"), ("numpy", "reference"), ("reference", "numpy")])
def test_neither_feeds_nor_fetches_share_the_memory_of_variables(home: str, other: str) -> None:
    w = pf.Variable(pf.astype(np.arange(4).astype("float32"), "complex64"))
    z = pf.placeholder("complex64", (2, 2), name="z")
    session = pf.Session(small(home), fallback=[other])
    found = session.run(pf.reshape(w, (2, 2)))
    with suppress(ValueError, TypeError):  # where it cannot be written into
        found[0] = 99
    assert session.run(w * 1).tolist() == [0, 1, 2, 3]
    value = np.ones((2, 2), "complex64")
    session.run(w.assign(pf.reshape(z, (4,))), {z: value})
    value[...] = 7
    assert session.run(w * 1).tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("missing", ["square", "reciprocal", "multiply"])
def test_passes_bring_in_nothing_that_the_backend_lacks(missing: str) -> None:
    x = pf.placeholder("float32", (3,), name="x")
    y = {"square": x**2, "reciprocal": x**-1.0, "multiply": pf.sum(pf.broadcast_to(x, (5, 3)), axis=0)}[missing]
    for fallback in ([], ["reference"]):
        session = pf.Session(lacking("numpy", [missing]), fallback=fallback)
        assert session.run(y, {x: [1.0, 1.0, 1.0]}).tolist() == [5.0 if missing == "multiply" else 1.0] * 3


# -- refusals


def test_all_that_is_lacking_is_listed_at_once_with_its_line(x: pf.Tensor) -> None:
    w = pf.Variable(1.0)
    kernels = pf.exp(pf.sin(x))
    first = line(-1)
    places = pf.nonzero(x)[0]
    second = line(-1)
    turned = pf.astype(x, "complex64")
    third = line(-1)
    session = pf.Session(small("numpy"))
    with pytest.raises(KernelError) as caught:
        session.run([w.assign(2.0), kernels, places, turned], {x: FEED})
    assert str(caught.value) == (
        "backend 'numpy' has no kernel for 2 operations:\n"
        f"    sin, built at {first}\n"
        f"    exp, built at {first}\n"
        "backend 'numpy' has no dtype complex64, as 1 operation has:\n"
        f"    astype, built at {third}\n"
        "backend 'numpy' has no shapes that depend on data, as 1 operation has:\n"
        f"    nonzero, built at {second}\n"
        "  try:     another backend, one behind it, as Session(fallback=[...]), or a plugin that brings the kernel "
        "(hook polyflow_kernels)"
    )
    assert caught.value.ops == ("sin", "exp", "nonzero")
    assert session.run(w) == 1.0, "nothing ran"


def test_dtypes_alone_are_an_error_of_dtypes(x: pf.Tensor) -> None:
    with pytest.raises(DTypeError, match="has no dtype complex64, as 1 operation has") as caught:
        pf.Session(small("numpy")).run(pf.astype(x, "complex64"), {x: FEED})
    assert "needed:  one of bfloat16, bool, float16, float32" in str(caught.value)


def test_what_no_backend_can_run_is_refused_by_all_names(x: pf.Tensor) -> None:
    session = pf.Session(lacking("numpy", ["sin"]), fallback=[lacking("jax", ["sin"])])
    with pytest.raises(KernelError, match="not possible on 'jax' either") as caught:
        session.run(pf.sin(x), {x: FEED})
    assert "Session(fallback" not in str(caught.value)


@pytest.mark.parametrize(
    ("fallback", "text"),
    [
        ("jax", r"fallback\n  found:   'jax'\n  needed:  a sequence of backends\n  try:     fallback=\['jax'\]"),
        (["numpy"], "a backend is there twice\n  found:   numpy, numpy"),
        (["jaks"], "no backend is called 'jaks'"),
    ],
)
def test_a_fallback_that_makes_no_sense_is_refused(fallback: Any, text: str) -> None:
    with pytest.raises(BackendError, match=text):
        pf.Session("numpy", fallback=fallback)


# -- errors on the way


class Failing:
    """NumPy, whose sine fails."""

    def __init__(self) -> None:
        self._sound = extensions().backend("numpy")
        self.kernels = {**self._sound.kernels, "sin": self._sin}

    def _sin(self, x: Any, out: Any = None) -> Any:
        raise ValueError("no sines today")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sound, name)


@pytest.mark.parametrize("home", ["reference", "jax"])
@pytest.mark.parametrize("is_looped", [False, True])
def test_an_error_over_there_names_the_operation_and_the_line(home: str, is_looped: bool, x: pf.Tensor) -> None:
    y = pf.fori_loop(0, 3, lambda i, a: pf.sin(a), x) if is_looped else pf.sin(x)
    here = line(-1)
    with pytest.raises(ExecutionError, match="sin failed while it ran: ValueError: no sines today") as caught:
        pf.Session(small(home), fallback=[Failing()]).run(y, {x: FEED})
    assert f"built at: {here}" in str(caught.value)


def test_check_numerics_looks_at_each_operation_over_there(x: pf.Tensor) -> None:
    y = pf.exp(pf.sin(pf.log(x)) * 1000.0)
    session = pf.Session(lacking("numpy", ["log", "sin"]), fallback=["reference"])
    with pytest.raises(NumericsError, match=r"log is the first .* an infinity\n  operand: %log: float32\[4\] = log\("):
        session.run(y, {x: FEED}, options=pf.RunOptions(check_numerics=True))
