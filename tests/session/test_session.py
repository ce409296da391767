"""Sessions: running, feeding, life and death."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from polyflow_numpy.backend import NumpyBackend

import polyflow as pf
from polyflow.core.declaration import define_op
from polyflow.core.types import TensorType
from polyflow.errors import ExecutionError, FeedError, KernelError, SessionClosedError
from polyflow.extension.manager import extensions
from polyflow.session.session import get_default_session


@define_op
def fragile(x: TensorType, /) -> TensorType:
    """Fails while it runs."""
    return x


@fragile.kernel
def fragile_kernel(xp: Any, x: Any) -> Any:
    raise ValueError("too fragile")


@define_op
def kernelless(x: TensorType, /) -> TensorType:
    """Has no kernel anywhere."""
    return x


def test_the_seed_program_gives_integers_for_integers() -> None:
    a, b = pf.Variable([[1, 0], [0, -1]]), pf.Variable([1, 1])
    x = pf.placeholder()
    y = pf.matmul(a, x) + b
    found = pf.Session().run(y, {x: [1, 2]})
    assert found.tolist() == [2, -1]
    assert found.dtype == "int64"


def test_a_session_takes_the_graph_that_is_default_when_it_opens(graph: pf.Graph) -> None:
    assert pf.Session().graph is graph


def test_a_session_may_be_opened_before_its_graph_is_built() -> None:
    with pf.Graph().as_default():
        session = pf.Session()
        x = pf.constant(3.0)
        assert session.run(x) == 3.0


def test_a_backend_object_may_be_given_in_place_of_a_name() -> None:
    backend = extensions().backend("numpy")
    assert pf.Session(backend).run(pf.constant(1) + 1) == 2


# -- feeds


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 6.0),
        (3.5, 7.0),
        (True, 2.0),
        (np.float32(2), 4.0),
        (np.array(2, "float32"), 4.0),
    ],
    ids=repr,
)
def test_a_scalar_is_fed(value: object, expected: float) -> None:
    x = pf.placeholder("float32", ())
    found = pf.Session().run(x * 2, {x: value})
    assert found == expected
    assert found.dtype == "float32"


@pytest.mark.parametrize(
    "value",
    [[[1, 2], [3, 4]], ((1, 2), (3, 4)), [np.array([1, 2]), np.array([3, 4])]],
    ids=["lists", "tuples", "arrays"],
)
def test_a_nested_list_takes_the_dtype_of_its_placeholder(value: Any) -> None:
    x = pf.placeholder("float64", (2, 2))
    found = pf.Session().run(x, {x: value})
    assert found.dtype == "float64"
    assert found.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_a_nested_list_takes_the_default_dtype_where_the_placeholder_has_none() -> None:
    x = pf.placeholder()
    session = pf.Session()
    assert [session.run(x, {x: value}).dtype.name for value in ([1, 2], [1.0], [True], 1j)] == [
        "int64",
        "float32",
        "bool",
        "complex64",
    ]


def test_arrays_of_numpy_and_jax_are_fed_to_each_other() -> None:
    jnp = pytest.importorskip("jax.numpy")
    x = pf.placeholder("float32", (2,))
    for backend in ("numpy", "jax", "reference"):
        session = pf.Session(backend)
        for value in (np.array([1.0, 2.0], "float32"), jnp.asarray([1.0, 2.0])):
            assert session.run(x * 2, {x: value}).tolist() == [2.0, 4.0]


def test_an_array_is_fed_to_numpy_without_a_copy() -> None:
    array = np.ones(1 << 20, dtype="float32")
    x = pf.placeholder("float32", array.shape)
    for options in ({}, {"optimise": False}):
        call = pf.Session(**options).prepare(pf.max(x), [x])  # type: ignore[arg-type]
        call(array)
        tracemalloc.start()
        call(array)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < array.nbytes / 2


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3).T,
        np.asfortranarray(np.ones((3, 2))),
        np.broadcast_to(1.0, (3, 2)),
        np.arange(12.0).reshape(6, 2)[::2],
    ],
)
def test_strided_arrays_are_fed_as_they_are(array: np.ndarray) -> None:
    x = pf.placeholder("float64", (3, 2))
    for backend in ("numpy", "reference"):
        assert pf.Session(backend).run(x * 2, {x: array}).tolist() == (array * 2).tolist()


def test_an_array_in_the_other_byte_order_is_fed_as_its_values() -> None:
    x = pf.placeholder("float32", (2,))
    for backend in ("numpy", "jax", "reference"):
        found = pf.Session(backend).run(x * 2, {x: np.array([1.0, 2.5], ">f4")})
        assert found.tolist() == [2.0, 5.0]


def test_a_fed_array_is_never_modified() -> None:
    array = np.arange(1.0, 7.0, dtype="float32").reshape(2, 3)
    array.flags.writeable = False
    x = pf.placeholder("float32", (2, 3))
    w = pf.Variable(np.zeros((2, 3), "float32"))
    fetches = [
        w.assign(x),
        w.assign_add(x),
        pf.nn.relu(x),
        pf.sort(x),
        pf.cumulative_sum(x, axis=0),
        -x,
        x + x,
        pf.exp(x),
    ]
    before = array.copy()
    session = pf.Session()
    for _ in range(3):
        session.run(fetches, {x: array})
    assert np.array_equal(array, before)


def test_any_tensor_may_be_fed() -> None:
    x = pf.placeholder("float32", ())
    c = pf.constant(2.0)
    y = x * c
    z = y + 1
    session = pf.Session()
    assert session.run(z, {y: 10.0}) == 11.0
    assert session.run(z, {x: 3.0, c: 5.0}) == 16.0
    assert session.run(z, {z: 7.0}) == 7.0
    assert session.run(z, {x: 1.0}) == 3.0


def test_a_feed_may_be_named() -> None:
    x = pf.placeholder("float32", (), name="x")
    session = pf.Session()
    assert [session.run(x * 2, {key: 3.0}) for key in (x, "x", "x:0")] == [6.0, 6.0, 6.0]


def test_a_tensor_that_is_fed_twice_is_refused() -> None:
    x = pf.placeholder("float32", (), name="x")
    with pytest.raises(FeedError, match="'x:0' is fed twice"):
        pf.Session().run(x, {x: 1.0, "x": 2.0})
    with pytest.raises(FeedError, match="'x:0' is fed twice"):
        pf.Session().prepare(x, [x, "x:0"])


def test_a_feed_that_nobody_needs_does_no_harm() -> None:
    x, y = pf.placeholder("float32", ()), pf.placeholder("float32", ())
    for backend in ("numpy", "jax"):
        assert float(pf.Session(backend).run(x * 2, {x: 1.0, y: 5.0})) == 2.0


def test_the_shape_of_a_feed_may_change_from_run_to_run() -> None:
    x = pf.placeholder("float32", (None,))
    y = pf.sum(x)
    session = pf.Session()
    assert [session.run(y, {x: [1.0] * size}) for size in (3, 0, 5, 3)] == [3.0, 0.0, 5.0, 3.0]


def test_operations_cannot_be_fed() -> None:
    x = pf.constant(1, name="x")
    with pytest.raises(FeedError, match="operation 'x' cannot be fed\n  needed:  a tensor, or the name of one"):
        pf.Session().run(x, {x.operation: 1})


# -- failures


def test_a_kernel_that_fails_names_op_operands_and_line() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    y = fragile(pf.exp(x, name="e"), name="vase")
    for run in (lambda: pf.Session().run(y, {x: [1.0, 2.0]}), lambda: pf.Session().prepare(y, [x])([1.0, 2.0])):
        with pytest.raises(ExecutionError) as caught:
            run()
        text = str(caught.value)
        assert text.startswith("fragile failed while it ran: ValueError: too fragile\n")
        assert "%vase: float32[2] = fragile(%e)" in text
        assert f"built at: {__file__}:" in text
        assert isinstance(caught.value.__cause__, ValueError)


def test_a_run_that_fails_leaves_the_variables_as_they_were() -> None:
    w = pf.Variable(1.0)
    x = pf.placeholder("float32", ())
    step = [w.assign_add(1.0), fragile(x)]
    with pf.Session() as session:
        with pytest.raises(ExecutionError):
            session.run(step, {x: 1.0})
        assert session.run(w.handle) == 1.0


def test_an_op_without_a_kernel_is_refused_before_anything_runs() -> None:
    w = pf.Variable(1.0)
    with pf.Session() as session:
        with pytest.raises(KernelError) as caught:
            session.run([w.assign(5.0), kernelless(pf.constant(1.0)), kernelless(pf.constant(2.0), name="second")])
        text = str(caught.value)
        assert text.startswith("backend 'numpy' has no kernel for 2 operations:\n    kernelless, built at " + __file__)
        assert session.run(w.handle) == 1.0


def test_a_dtype_that_the_backend_lacks_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polyflow_numpy.backend.find_spec", lambda name: None)  # as where ml_dtypes is not installed
    x = pf.placeholder("bfloat16", (2,), name="x")
    with pytest.raises(TypeError, match=r"backend 'numpy' has no dtype bfloat16\n  operand: x"):
        pf.Session(NumpyBackend()).run(x, {x: [1.0, 2.0]})


@pytest.mark.parametrize("backend", ["numpy", "jax", "reference"])
def test_every_backend_has_bfloat16(backend: str) -> None:
    x = pf.placeholder("bfloat16", (2,))
    assert pf.Session(backend).run(x + 1, {x: [1.0, 2.0]}).tolist() == [2.0, 3.0]


def test_numbers_that_are_not_finite_are_results_and_not_warnings() -> None:
    x = pf.placeholder("float32", ())
    assert pf.Session().run([1 / x, pf.log(x), pf.sqrt(x - 1)], {x: 0.0})[:2] == [np.inf, -np.inf]


# -- life


def test_a_closed_session_refuses_everything() -> None:
    x = pf.placeholder("float32", ())
    session = pf.Session()
    prepared = session.prepare(x * 2, [x])
    assert prepared(np.float32(2.0)) == 4.0
    session.close()
    for use in (
        lambda: session.run(x, {x: 1.0}),
        lambda: session.prepare(x, [x]),
        lambda: session.explain(x, {x: 1.0}),
        lambda: prepared(np.float32(2.0)),
        lambda: prepared(1.0),
        session.__enter__,
        lambda: session.as_default().__enter__(),
    ):
        with pytest.raises(SessionClosedError, match=r"the session is closed\n  try:     open another"):
            use()
    session.close()
    assert session.is_closed
    assert repr(session) == "<Session backend='numpy' closed>"


def test_with_closes_the_session_also_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), pf.Session() as session:
        raise ZeroDivisionError
    assert session.is_closed
    assert get_default_session() is None


def test_default_sessions_nest() -> None:
    x = pf.constant(1.0)
    with pf.Session() as outer:
        with pf.Session() as inner:
            assert get_default_session() is inner
        assert get_default_session() is outer
        assert x.eval() == 1.0
    assert get_default_session() is None


def test_as_default_leaves_the_session_open() -> None:
    x = pf.Variable(1.0)
    session = pf.Session()
    with session.as_default() as same:
        assert same is session
        assert get_default_session() is session
        x.assign(3.0).eval()
    assert get_default_session() is None
    with session.as_default():
        assert x.eval() == 3.0


def test_inside_with_the_graph_of_the_session_is_the_default(graph: pf.Graph) -> None:
    other = pf.Graph()
    with pf.Session(graph=other) as session:
        assert pf.get_default_graph() is other
        assert session.run(pf.constant(2)) == 2
    assert pf.get_default_graph() is graph


def test_an_unknown_device_is_refused_with_those_there_are() -> None:
    with pytest.raises(LookupError, match=r"backend 'numpy' has no device 'gpu:0'\n  needed:  known are: 'cpu'"):
        pf.Session("numpy", device="gpu:0")


def test_a_session_shows_its_backend_and_device() -> None:
    assert repr(pf.Session()) == "<Session backend='numpy' on cpu>"


def test_passes_change_no_result() -> None:
    x = pf.placeholder("float32", (3, 3))
    y = pf.nn.softmax(pf.matmul(x, x) * 1 + 0) - pf.identity(x) * 2 + x * 2
    value = np.linspace(-1, 1, 9, dtype="float32").reshape(3, 3)
    plain, optimised, checked = (
        pf.Session(**options).run(y, {x: value}) for options in ({"optimise": False}, {}, {"check": True})
    )  # type: ignore[arg-type]
    np.testing.assert_array_equal(plain, optimised)
    np.testing.assert_array_equal(plain, checked)
