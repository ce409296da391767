"""A ``TensorArray`` whose elements have a shape that the graph leaves open takes that of what is written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ControlFlowError, ExecutionError, ValueRangeError

ENGINES = ["numpy", "jax", "reference"]
ROWS = np.asarray([[1, 2, 3], [4, 5, 6]], "float32")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("size", ["fixed", "fed", "dynamic"])
@pytest.mark.parametrize("shape", [(None, 3), (None, None), None], ids=str)
def test_a_loop_writes_elements_of_an_open_shape(shape: Any, size: str, engine: str) -> None:
    x, n = pf.placeholder("float32", (None, 3), name="x"), pf.placeholder("int32", (), name="n")
    counts = {"fixed": 4, "fed": n, "dynamic": 0}
    array = pf.TensorArray("float32", counts[size], dynamic_size=size == "dynamic", element_shape=shape)
    _, array = pf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a.write(i, x * 2)), [0, array])
    total = pf.sum(array.stack() * array.stack())
    with pf.Session(engine) as session:
        stacked, slope = session.run([array.stack(), pf.gradients(total, x)[0]], {x: ROWS, n: 4})
    assert np.asarray(stacked).tolist() == [(ROWS * 2).tolist()] * 4
    assert np.asarray(slope).tolist() == (ROWS * 32).tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_elements_of_an_open_shape_are_written_outside_of_loops_and_in_loops_inside_loops(engine: str) -> None:
    x = pf.placeholder("float32", (None, 3), name="x")
    written = pf.TensorArray("float32", size=2, element_shape=(None, 3)).write(1, x).scatter([0], (x + 1)[None])

    def inner(i: Any, array: Any) -> Any:
        return i + 1, pf.fori_loop(0, 2, lambda j, a: a.write(i * 2 + j, x), array)

    start = [pf.constant(0), pf.TensorArray("float32", size=4, element_shape=(None, 3))]
    nested = pf.while_loop(lambda i, a: i < 2, inner, start)[1]
    with pf.Session(engine) as session:
        found = session.run([written.stack(), nested.stack()], {x: ROWS})
    assert np.asarray(found[0]).tolist() == [(ROWS + 1).tolist(), ROWS.tolist()]
    assert np.asarray(found[1]).tolist() == [ROWS.tolist()] * 4


@pytest.mark.parametrize("engine", ENGINES)
def test_an_array_of_elements_of_an_open_shape_that_none_was_written_to_says_so(engine: str) -> None:
    array = pf.TensorArray("float32", size=2, element_shape=(None, 3))
    needed = r"the shape of its elements is not known, since none was written\n  found:   \(\?, 3\)"
    with pf.Session(engine) as session, pytest.raises(ExecutionError, match=needed):
        session.run(array.stack())


def test_dimensions_may_be_numpys_integers() -> None:
    assert pf.placeholder("float32", (np.int64(6), None, np.uint8(2))).shape == (6, None, 2)
    assert pf.placeholder("float32", np.int32(6)).shape == (6,)
    assert pf.TensorArray("float32", 2, element_shape=(np.int64(3),)).stack().shape == (2, 3)
    x = pf.placeholder("float32", (6,))
    (y,) = pf.while_loop(lambda a: pf.sum(a) < 9, lambda a: a + 1, [x], shape_invariants=[(np.int64(6),)])
    assert type(y.shape[0]) is int
    assert type(pf.placeholder("float32", (np.int64(6),)).shape[0]) is int


@pytest.mark.parametrize("shape", [(2.5,), (True,), (-1,), (np.arange(2),), ("a",)], ids=str)
def test_what_is_no_size_is_refused(shape: Any) -> None:
    with pytest.raises(ValueRangeError, match=r"not a shape\n(.|\n)*needed:  sizes of at least 0, or None"):
        pf.placeholder("float32", shape)
    with pytest.raises(ValueRangeError, match="TensorArray: element_shape: not a shape"):
        pf.TensorArray("float32", 2, element_shape=shape)
    x = pf.placeholder("float32", (6,))
    with pytest.raises(ControlFlowError, match=r"needed:  a shape \(sizes of at least 0"):
        pf.while_loop(lambda a: pf.sum(a) < 9, lambda a: a + 1, [x], shape_invariants=[shape])
