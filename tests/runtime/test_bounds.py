"""Indices outside their axis: one rule for all ops on each engine, and one error on all in a run that is checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ExecutionError

ENGINES = ["numpy", "jax", "reference"]
FED = np.asarray([0.0, 1.0, 2.0], "float32")

READS: dict[str, Callable[[Any, Any], Any]] = {
    "take": lambda x, i: pf.take(x, i, axis=0),
    "take_along_axis": lambda x, i: pf.take_along_axis(x, i, axis=0),
    "getitem": lambda x, i: x[i],
    "one index": lambda x, i: pf.stack([x[i[0]], x[i[1]]]),
    "beside a slice": lambda x, i: pf.stack([x, x], axis=1)[i, :][:, 1],
    "gather": lambda x, i: pf.gather(x, i),
    "gather_nd": lambda x, i: pf.gather_nd(x, i[:, None]),
    "embedding_lookup": lambda x, i: pf.nn.embedding_lookup(x, i),
    "TensorArray.gather": lambda x, i: pf.TensorArray("float32", size=3).unstack(x).gather(i),
    "TensorArray.read": lambda x, i: pf.stack(
        [pf.TensorArray("float32", size=3).unstack(x).read(i[k]) for k in (0, 1)]
    ),
}


def assigned(x: Any, i: Any) -> Any:
    copy = x + 0
    copy[i] = 5.0
    return copy


WRITES: dict[str, Callable[[Any, Any], Any]] = {
    "setitem": assigned,
    "scatter_nd": lambda x, i: x + pf.scatter_nd(i[:, None], [1.0, 1.0], (3,)),
    "tensor_scatter_nd_add": lambda x, i: pf.tensor_scatter_nd_add(x, i[:, None], [1.0, 1.0]),
    "tensor_scatter_nd_update": lambda x, i: pf.tensor_scatter_nd_update(x, i[:, None], [9.0, 9.0]),
    "tensor_scatter_nd_max": lambda x, i: pf.tensor_scatter_nd_max(x, i[:, None], [9.0, 9.0]),
    "TensorArray.scatter": lambda x, i: pf.TensorArray("float32", size=3).unstack(x).scatter(i, [9.0, 9.0]).stack(),
}


def ran(built: Callable[[Any, Any], Any], engine: str, indices: list[int], **options: Any) -> Any:
    with pf.Graph().as_default():
        x, i = pf.placeholder("float32", (3,), name="x"), pf.placeholder("int64", (2,), name="i")
        fetched = built(x, i)
        with pf.Session(engine) as session:
            return np.asarray(session.run(fetched, {x: FED, i: indices}, **options))


@pytest.mark.parametrize("indices", [[7, 3], [-4, -9]])
@pytest.mark.parametrize("kind", READS)
def test_on_jax_what_is_read_outside_is_nan(kind: str, indices: list[int]) -> None:
    assert np.isnan(ran(READS[kind], "jax", indices)).all()


@pytest.mark.parametrize("indices", [[7, 3], [-4, -9]])
@pytest.mark.parametrize("kind", WRITES)
def test_on_jax_what_is_written_outside_changes_nothing(kind: str, indices: list[int]) -> None:
    assert ran(WRITES[kind], "jax", indices).tolist() == FED.tolist()


@pytest.mark.parametrize("engine", ["numpy", "reference"])
@pytest.mark.parametrize("kind", {**READS, **WRITES})
def test_on_engines_that_look_an_index_outside_is_an_error(kind: str, engine: str) -> None:
    with pytest.raises(ExecutionError, match="index"):
        ran({**READS, **WRITES}[kind], engine, [7, 1])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", {**READS, **WRITES})
def test_in_a_checked_run_an_index_outside_is_an_error_on_every_engine(kind: str, engine: str) -> None:
    looking = pf.RunOptions(check_numerics=True)
    with pytest.raises(ExecutionError, match=r"failed while it ran: .*index .*is out of") as caught:
        ran({**READS, **WRITES}[kind], engine, [1, 7], options=looking)
    assert "test_bounds.py" in str(caught.value)
    assert ran({**READS, **WRITES}[kind], engine, [-3, 2], options=looking).shape[0] in (2, 3)


def test_masks_and_empty_indices_pass_the_check() -> None:
    looking = pf.RunOptions(check_numerics=True)
    x = pf.constant([[1.0, 2.0], [3.0, 4.0]])
    none = pf.astype(pf.constant([]), "int64")
    with pf.Session("jax", options=looking) as session:
        found = session.run([x[x > 1], x[:, pf.constant([True, False])], x[none]])
    assert [np.asarray(each).tolist() for each in found] == [[2.0, 3.0, 4.0], [[1.0], [3.0]], []]


def test_an_index_of_a_second_axis_does_not_reach_into_the_next_row() -> None:
    x = pf.placeholder("float32", (2, 3), name="x")
    written = pf.tensor_scatter_nd_update(x, [[0, 5]], [9.0])
    with pf.Session("numpy") as session, pytest.raises(ExecutionError, match="index 5 is out of bounds for axis 1"):
        session.run(written, {x: np.zeros((2, 3), "float32")})


EMPTY_READS: dict[str, Callable[[Any, Any], Any]] = {
    "take": lambda x, i: pf.take(x, [0, 1], axis=0),
    "getitem": lambda x, i: x[pf.constant([0, 1]), 2],
    "the row of the iteration": lambda x, i: x[i],
    "take_along_axis": lambda x, i: pf.take_along_axis(x, [[0, 0, 0]], axis=0),
    "embedding_lookup": lambda x, i: pf.nn.embedding_lookup(x, [0]),
    "gather_nd": lambda x, i: pf.gather_nd(x, [[0, 1]]),
    "setitem": lambda x, i: pf.tensor_scatter_nd_add(x, [[0]], [[1.0, 1.0, 1.0]]),
    "tensor_scatter_nd_update": lambda x, i: pf.tensor_scatter_nd_update(x, [[0]], [[1.0, 1.0, 1.0]]),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", EMPTY_READS)
def test_a_loop_that_never_runs_may_index_an_empty_array(kind: str, engine: str) -> None:
    x, n = pf.placeholder("float32", (None, 3), name="x"), pf.placeholder("int32", (), name="n")
    start = [pf.constant(0, dtype="int32"), pf.constant(7.0)]
    y = pf.while_loop(lambda i, t: i < n, lambda i, t: (i + 1, t + pf.sum(EMPTY_READS[kind](x, i))), start)[1]
    with pf.Session(engine) as session:
        value, slope = session.run([y, pf.gradients(y, x)[0]], {x: np.zeros((0, 3), "float32"), n: 0})
    assert float(value) == 7.0
    assert np.asarray(slope).shape == (0, 3)
