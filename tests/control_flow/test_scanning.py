"""``scan``, ``map_fn``, ``foldl``, ``foldr`` and ``TensorArray``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ArgumentError, ControlFlowError, DTypeError, ShapeError

ENGINES = ["numpy", "jax", "reference"]


def value(fetch: Any, feeds: Any = None, engine: str = "numpy") -> Any:
    with pf.Session(engine, check=True) as session:
        found = session.run(fetch, feeds or {})
        return [each.tolist() for each in found] if isinstance(found, list | tuple) else found.tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_scans_with_and_without_an_initializer_forwards_and_backwards(engine: str) -> None:
    x = pf.placeholder("int64", (4,), name="x")
    add = lambda a, e: 10 * a + e  # noqa: E731
    fetches = [pf.scan(add, x), pf.scan(add, x, 7), pf.scan(add, x, reverse=True), pf.scan(add, x, 7, reverse=True)]
    assert value(fetches, {x: [1, 2, 3, 4]}, engine) == [
        [1, 12, 123, 1234], [71, 712, 7123, 71234], [4321, 432, 43, 4], [74321, 7432, 743, 74],
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_an_empty_array_gives_what_was_started_with(engine: str) -> None:
    x = pf.placeholder("float32", (0, 2), name="x")
    found = [pf.foldl(lambda a, e: a + e, x, pf.zeros((2,))), pf.scan(lambda a, e: a + e, x, pf.zeros((2,)))]
    found.append(pf.map_fn(lambda e: pf.sum(e), x))
    assert value(found, {x: np.zeros((0, 2), "float32")}, engine) == [[0.0, 0.0], [], []]


@pytest.mark.parametrize("engine", ENGINES)
def test_map_fn_goes_over_several_arrays_together(engine: str) -> None:
    a, b = pf.constant([1, 2, 3]), pf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    total, more = pf.map_fn(lambda pair: (pf.sum(pair[1]) * pair[0], {"n": pair[0] + 1})[::1], (a, b))
    assert value([total, more["n"]], engine=engine) == [[3.0, 14.0, 33.0], [2, 3, 4]]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_number_of_elements_may_depend_on_data(engine: str) -> None:
    x = pf.placeholder("float64", (5,), name="x")
    chosen = x[x > 0]
    found = [pf.scan(lambda a, e: a + e, chosen, 0.0), pf.foldr(lambda a, e: a * e, chosen, 1.0)]
    found += pf.gradients(pf.sum(found[0]), x)
    feeds = {x: [1.0, -1.0, 2.0, -2.0, 3.0]}
    assert value(found, feeds, engine) == [[1.0, 3.0, 6.0], 6.0, [3.0, 0.0, 2.0, 0.0, 1.0]]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_array_of_tensors_does_what_tensorflow_promises(engine: str) -> None:
    array = pf.TensorArray("float32", size=3)
    array = array.write(0, [1.0, 2.0]).write(2, [5.0, 6.0]).write(pf.constant(1), pf.constant([3.0, 4.0]))
    found = [array.read(1), array.stack(), array.gather([2, 0]), array.concat(), array.size()]
    found.append(array.scatter([0, 1], [[9.0, 9.0], [8.0, 8.0]]).stack())
    found.append(pf.TensorArray("float32", size=2).split(pf.constant([1.0, 2.0, 3.0, 4.0]), [2, 2]).read(1))
    assert value(found, engine=engine) == [
        [3.0, 4.0], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[5.0, 6.0], [1.0, 2.0]], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3,
        [[9.0, 9.0], [8.0, 8.0], [5.0, 6.0]], [3.0, 4.0],
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_a_growing_array_is_as_long_as_what_was_written(engine: str) -> None:
    n = pf.placeholder("int64", (), name="n")
    array = pf.TensorArray("int64", dynamic_size=True, element_shape=())
    _, array = pf.while_loop(lambda i, _: i < n, lambda i, a: (i + 1, a.write(i, i * i)), [0, array])
    assert value([array.stack(), array.size()], {n: 5}, engine) == [[0, 1, 4, 9, 16], 5]
    assert value([array.stack(), array.size()], {n: 0}, engine) == [[], 0]


def test_writing_in_a_loop_copies_no_array_on_numpy() -> None:
    array = pf.TensorArray("float64", size=50)
    stacked = pf.fori_loop(0, 50, lambda i, a: a.write(i, pf.astype(i, "float64")), array).stack()
    with pf.Session() as session:
        text = session.explain(stacked)
        assert "u_index_set(" in text
        assert "k_index_set(" not in text
        assert session.run(stacked).tolist() == list(range(50))
        assert session.run(stacked).tolist() == list(range(50))


@pytest.mark.parametrize("engine", ENGINES)
def test_arrays_that_are_changed_in_a_loop_are_not_changed_outside_of_it(engine: str) -> None:
    x = pf.placeholder("float64", (4,), name="x")
    doubled = x * 2

    def step(i: Any, buffer: Any, log: Any) -> Any:
        return i + 1, pf.index_set(buffer, pf.constant(0.0, dtype="float64"), i, key=("index",)), log + pf.sum(buffer)

    _, cleared, log = pf.while_loop(lambda i, *_: i < 3, step, [0, doubled, 0.0])
    fed = np.asarray([1.0, 2.0, 3.0, 4.0])
    for fetches in ([cleared, doubled, log], [cleared, log]):
        assert value(fetches, {x: fed}, engine)[0] == [0.0, 0.0, 0.0, 8.0]
    assert value([cleared, doubled, log], {x: fed}, engine) == [
        [0.0, 0.0, 0.0, 8.0],
        [2.0, 4.0, 6.0, 8.0],
        20 + 18 + 14.0,
    ]
    assert fed.tolist() == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("build", "error", "text"),
    [
        (lambda x: pf.scan(3, x), ArgumentError, "scan: fn is a function\n  found:   3"),
        (lambda x: pf.scan(lambda a, e: (a, e), x), ControlFlowError, r"does not return what it accumulates"),
        (lambda x: pf.map_fn(lambda e: e, (x, x[:1])), ShapeError, "gone over together differ in length"),
        (lambda x: pf.map_fn(lambda e: e, pf.constant(1.0)), ShapeError, "an array without dimensions has no elements"),
        (lambda x: pf.map_fn(lambda e: e, x, dtype="int32"), DTypeError, "fn gives another dtype than was said"),
        (lambda x: pf.TensorArray("float32"), ArgumentError, "TensorArray: no size"),
        (lambda x: pf.TensorArray("int32", size=2).write(0, x[0]), DTypeError, "another dtype than the elements"),
        (lambda x: pf.TensorArray("int32", size=2).stack(), ControlFlowError, "it is read before anything was written"),
        (lambda x: pf.TensorArray("float32", size=2).split(x, [1, 2]), ShapeError, "the elements differ in shape"),
    ],
    ids=["function", "structure", "length", "rank", "dtype", "size", "element dtype", "unwritten", "parts"],
)  # fmt: skip
def test_what_cannot_be_gone_over_is_refused_while_building(build: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        build(pf.placeholder("float32", (3,), name="x"))


def test_an_accumulator_that_changes_its_type_is_refused_when_types_are_known() -> None:
    x = pf.placeholder("float32", (3,), name="x")
    with pytest.raises(DTypeError, match=r"the function gives the accumulator another dtype\n  found:   float32\[\]"):
        pf.Session().run(pf.scan(lambda a, e: a + e, x, pf.constant(0)), {x: [1.0, 2.0, 3.0]})


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "complex64"])
def test_a_python_number_to_start_with_takes_the_dtype_of_what_becomes_of_it(dtype: str, engine: str) -> None:
    unknown = [] if dtype == "int32" else [pf.placeholder(name="unknown")]  # and 0 would be int64 by itself
    for x in (pf.placeholder(dtype, (2,), name="x"), *unknown):
        total = pf.foldl(lambda a, e: a + e, x, 0)
        doubled = pf.while_loop(lambda i, a: i < 2, lambda i, a, x=x: (i + 1, a + x[0]), [0, 1])[1]
        with pf.Session(engine) as session:
            found = session.run([total, doubled], {x: np.asarray([1, 2], dtype)})
            assert [str(each.dtype).removeprefix("polyflow_reference.") for each in found] == [dtype, dtype]
            assert [complex(each) for each in found] == [3, 3]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("executor", ["straight", "dataflow"])
def test_elements_whose_shape_depends_on_data_make_an_array_if_they_are_of_one_shape(
    engine: str, executor: str
) -> None:
    x = pf.placeholder("float64", (3, 2), name="x")
    places = pf.map_fn(lambda row: pf.nonzero(row)[0], x)
    with pf.Session(engine, executor=executor) as session:
        found = session.run([places, places + 1, pf.sum(places)], {x: [[0.0, 2.0], [3.0, 0.0], [0.0, 4.0]]})
    assert [each.tolist() for each in found] == [[[1], [0], [1]], [[2], [1], [2]], 2]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("executor", ["straight", "dataflow"])
def test_a_loop_whose_variable_grows_differentiates_inside_another_loop(engine: str, executor: str) -> None:
    def grown(start: pf.Tensor) -> pf.Tensor:
        body = lambda i, a: (i + 1, pf.concat([a, a[:1] ** 2]))  # noqa: E731
        return pf.sum(pf.while_loop(lambda i, _: i < 3, body, [0, start[None]], shape_invariants=[(), (None,)])[1])

    x = pf.placeholder("float64", (2,), name="x")
    y = pf.map_fn(grown, x)
    with pf.Session(engine, executor=executor) as session:
        found = session.run([y, *pf.gradients(pf.sum(y), x)], {x: [1.0, 2.0]})
    assert [each.tolist() for each in found] == [[4.0, 14.0], [7.0, 13.0]]
