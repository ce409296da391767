"""Variables written in part, also inside bodies, and what gradients make of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import DTypeError, ShapeError

ENGINES = ["numpy", "jax", "reference"]
ROWS = {
    "scatter_update": ([0, 2, 0], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[5, 6], [20, 20], [3, 4], [40, 40]]),
    "scatter_add": ([0, 2, 0], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[16, 18], [20, 20], [33, 34], [40, 40]]),
    "scatter_sub": ([0, 2, 0], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[4, 2], [20, 20], [27, 26], [40, 40]]),
    "scatter_nd_update": ([[0, 1], [2, 0], [0, 1]], [1.0, 2.0, 3.0], [[10, 3], [20, 20], [2, 30], [40, 40]]),
    "scatter_nd_add": ([[0, 1], [2, 0], [0, 1]], [1.0, 2.0, 3.0], [[10, 14], [20, 20], [32, 30], [40, 40]]),
    "scatter_nd_sub": ([[0, 1], [2, 0], [0, 1]], [1.0, 2.0, 3.0], [[10, 6], [20, 20], [28, 30], [40, 40]]),
}


def start() -> pf.Variable:
    return pf.Variable(np.asarray([[10.0] * 2, [20.0] * 2, [30.0] * 2, [40.0] * 2]))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ROWS)
def test_a_part_of_a_variable_changes_and_the_last_of_two_updates_stays(name: str, engine: str) -> None:
    indices, updates, wanted = ROWS[name]
    w, v = start(), start()
    i, u = pf.placeholder("int32", np.shape(indices)), pf.placeholder("float64", np.shape(updates))
    fetches = [getattr(w, name)(indices, updates), w.value(), getattr(pf, name)(v, i, u), v.value()]
    with pf.Session(engine) as session:
        found = session.run(fetches, {i: indices, u: updates})
        assert [each.tolist() for each in found] == [wanted] * 4
        assert session.run(w).tolist() == wanted


@pytest.mark.parametrize("engine", ENGINES)
def test_one_number_goes_to_every_row_and_one_index_names_one_row(engine: str) -> None:
    w, flags = start(), pf.Variable([True, True, True])
    count = pf.Variable([1, 2, 3], dtype="uint8")
    fetches = [
        w.scatter_update([1, 3], 0), w.scatter_add(0, 1.5), w.scatter_sub([[2], [2]], 1),
        flags.scatter_update([0, 2], False), count.scatter_sub([2, 2], 1),
    ]  # fmt: skip
    with pf.Session(engine) as session:
        session.run(fetches)
        found = [each.tolist() for each in session.run([w, flags, count])]
    assert found == [[[11.5] * 2, [0.0] * 2, [28.0] * 2, [0.0] * 2], [False, True, False], [1, 2, 1]]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_indices_change_nothing(engine: str) -> None:
    w = pf.Variable([1.0, 2.0])
    fetches = [w.scatter_add([], []), w.scatter_update([], [])]
    assert [each.tolist() for each in pf.Session(engine).run(fetches)] == [[1.0, 2.0]] * 2


@pytest.mark.parametrize("executor", ["straight", "dataflow"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_loop_writes_rows_of_a_variable_one_after_the_other(engine: str, executor: str) -> None:
    w = start()

    def body(i: Any) -> Any:
        pf.cond(
            i % 2 == 0,
            lambda: w.scatter_update(i, [0.0, 1.0]),
            lambda: w.scatter_nd_add([0, 0], pf.astype(i, "float64")),
        )
        return i + 1

    (i,) = pf.while_loop(lambda i: i < 4, body, [0])
    with pf.Session(engine, executor=executor) as session:
        assert session.run(i).tolist() == 4
        assert session.run(w).tolist() == [[4.0, 1.0], [20.0, 20.0], [0.0, 1.0], [40.0, 40.0]]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_gradient_by_a_variable_takes_in_what_it_was_before_and_after_a_part_changed(engine: str) -> None:
    w = pf.Variable(np.asarray([1.0, 2.0, 3.0]))

    def body(i: Any, total: Any) -> Any:
        total = total + pf.sum(w * w)
        w.scatter_add(i, 10.0)
        return i + 1, total

    _, total = pf.while_loop(lambda i, _: i < 2, body, [0, np.float64(0.0)])
    (slope,) = pf.gradients(total, w)
    values = np.asarray([[1.0, 2.0, 3.0], [11.0, 2.0, 3.0]])
    with pf.Session(engine) as session:
        found = session.run([total, slope])
    assert found[0].tolist() == (values**2).sum()
    assert found[1].tolist() == (2 * values).sum(axis=0).tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_gradient_of_an_update_that_another_one_replaces_is_zero(engine: str) -> None:
    x, u = pf.placeholder("float64", (3,)), pf.placeholder("float64", (2,))
    y = pf.sum(pf.tensor_scatter_nd_update(x, [[1], [1]], u) * [1.0, 10.0, 100.0])
    with pf.Session(engine) as session:
        by_x, by_u = session.run(pf.gradients(y, [x, u]), {x: np.ones(3), u: np.ones(2)})
    assert [by_x.tolist(), by_u.tolist()] == [[1.0, 0.0, 100.0], [0.0, 10.0]]


def test_updates_that_do_not_fit_are_refused() -> None:
    w = start()
    with pytest.raises(ShapeError, match=r"the updates do not have the shape of what the indices name"):
        w.scatter_update([0, 1], np.zeros((3, 2, 2)))
    with pytest.raises(ShapeError, match=r"shapes \(3, 2\) and \(2, 2\) do not broadcast"):
        w.scatter_add([0, 1], np.zeros((3, 2)))
    with pytest.raises(ShapeError, match=r"do not name places"):
        w.scatter_nd_add([[0, 0, 0]], [1.0])
    with pytest.raises(DTypeError, match=r"assign: the value has another dtype than the variable"):
        pf.Variable([1, 2]).scatter_add([0], np.asarray([0.5]))
    with pytest.raises(DTypeError, match=r"a fraction cannot become an integer in silence"):
        w.scatter_add([0.5], 1.0)
    with pytest.raises(DTypeError, match=r"not an index"):
        w.scatter_update(pf.placeholder("float32", (1,)), 1.0)
