"""TensorFlow 1's own calls: its order and names of arguments, its casts of arrays, its dtypes of indices.

The values expected are what TensorFlow 2.21 gives for ``tensorflow.compat.v1``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow as pf
import polyflow.compat.v1 as tf
from polyflow.errors import ArgumentError, DTypeError, FeedError, InvalidArgumentError, ShapeError

BACKENDS = ["numpy", "jax", "reference"]
GRID = [[1.0, 2.0], [3.0, 4.0]]


def value(fetch: Any, feeds: Any = None, backend: str = "numpy") -> Any:
    return np.asarray(tf.Session(backend).run(fetch, feeds)).tolist()


# -- where


@pytest.mark.parametrize("backend", BACKENDS)
def test_where_takes_whole_rows_for_a_condition_of_rank_1(backend: str) -> None:
    x = tf.constant(GRID)
    assert value(tf.where(tf.constant([True, False]), x, -x), backend=backend) == [[1, 2], [-3, -4]]
    deep = tf.where([False, True], tf.ones([2, 1, 2]), tf.zeros([2, 1, 2]))
    assert value(deep, backend=backend) == [[[0, 0]], [[1, 1]]]


@pytest.mark.parametrize("backend", BACKENDS)
def test_where_takes_whole_rows_also_where_ranks_are_known_when_it_runs(backend: str) -> None:
    x, chosen = tf.placeholder(tf.float32), tf.placeholder(tf.bool)
    found = tf.where(chosen, x * x, -x)
    slope = tf.gradients(found, x)[0]
    feeds = {x: GRID, chosen: [True, False]}
    assert value(found, feeds, backend) == [[1, 4], [-3, -4]]
    assert value(slope, feeds, backend) == [[2, 4], [-1, -1]]
    assert value(found, {x: GRID, chosen: True}, backend) == [[1, 4], [9, 16]]
    assert value(found, {x: GRID, chosen: [[True, False], [False, True]]}, backend) == [[1, -2], [-3, 16]]


def test_where_takes_whole_rows_of_eager_arrays_and_of_numpys() -> None:
    xp = pf.eager("numpy")
    found = tf.where(xp.asarray([True, False]), xp.asarray(GRID), xp.asarray(GRID) * 10)
    assert np.asarray(found).tolist() == [[1, 2], [30, 40]]
    assert value(tf.where(np.asarray([True, False]), np.asarray(GRID), 0.0)) == [[1, 2], [0, 0]]
    assert value(tf.where(True, [1.0], [2.0])) == [1]


def test_where_refuses_a_condition_of_another_number_of_rows() -> None:
    with pytest.raises(ShapeError) as caught:
        tf.where([True, False, True], GRID, GRID)
    assert str(caught.value).startswith(
        "where: a condition of rank 1 chooses rows, one for each of its elements\n"
        "  found:   a condition of (3,) for (2, 2), (2, 2)\n"
        "  needed:  as many rows as elements\n"
        "  built at: "
    )
    x = tf.placeholder(tf.float32)
    with pytest.raises(ShapeError, match="chooses rows, one for each of its elements"):
        value(tf.where([True, False, True], x, x), {x: GRID})


# -- casts of arrays


@pytest.mark.parametrize("key", ["tensor", "name"])
def test_feeds_are_cast_whichever_call_takes_them(key: str) -> None:
    x = tf.placeholder(tf.float32, [2], name="x")
    y, session = 2 * x, tf.Session()
    named = {"tensor": x, "name": "x:0"}[key]
    doubles = np.asarray([1.0, 2.0])
    assert session.run(y, {named: doubles}).dtype == np.float32
    assert y.eval({named: doubles}, session).tolist() == [2, 4]
    prepared = session.prepare(y, [named])
    assert [prepared(doubles).tolist() for _ in range(2)] == [[2, 4], [2, 4]]
    assert session.run_many(y, {named: np.ones((3, 2))}).tolist() == [[2, 2]] * 3
    assert session.run_many(y, [{named: doubles}] * 2).tolist() == [[2, 4]] * 2
    assert session.run_many(y + 1, feeds={named: np.ones((1, 2), "int64")}).tolist() == [[3, 3]]


def test_feeds_of_another_kind_are_refused_whichever_call_takes_them() -> None:
    x = tf.placeholder(tf.int32, [2], name="x")
    session = tf.Session()
    calls: list[Callable[[], Any]] = [
        lambda: session.run(x, {"x:0": np.ones(2)}),
        lambda: session.prepare(x, ["x:0"])(np.ones(2)),
        lambda: session.run_many(x, {"x:0": np.ones((3, 2))}),
    ]
    for call in calls:
        with pytest.raises(FeedError, match="feed of 'x:0' has the wrong dtype"):
            call()


def test_arrays_take_the_dtype_that_is_named_within_their_kind() -> None:
    doubles = np.asarray([1.5, 2.5])
    made = [
        tf.constant(doubles, dtype=tf.float32), tf.constant(np.asarray([1, 2]), tf.float32),
        tf.convert_to_tensor(doubles, tf.float32), tf.Variable(doubles, dtype=tf.float32),
    ]  # fmt: skip
    assert {each.dtype for each in made} == {tf.float32}
    assert value(made[0]) == [1.5, 2.5]


def test_variables_are_given_arrays_cast_within_their_kind() -> None:
    w, session = tf.Variable([0.0, 0.0]), tf.Session()
    ones = np.ones(2)
    assert session.run(w.assign(ones)).tolist() == [1, 1]
    assert session.run(w.assign_add(ones)).tolist() == [2, 2]
    assert session.run(w.assign_sub(ones)).tolist() == [1, 1]
    assert session.run(tf.assign(w, 3 * ones)).tolist() == [3, 3]
    w.load(7 * ones, session)
    assert session.run(w).tolist() == [7, 7]
    assert session.run(tf.scatter_add(w, [0], ones[:1])).tolist() == [8, 7]
    assert session.run(tf.scatter_nd_update(w, [[1]], ones[:1])).tolist() == [8, 1]
    with pytest.raises(DTypeError, match="the value has another dtype than the variable"):
        w.assign(ones * 1j)


def test_a_constant_of_another_kind_is_an_error_that_names_the_line() -> None:
    with pytest.raises(DTypeError) as caught:
        tf.constant(np.ones(2), dtype=tf.int32)
    assert str(caught.value).startswith("an array is not cast in silence\n  found:   float64\n  needed:  int32\n")
    assert "\n  built at: " in str(caught.value)
    assert "test_v1_calls.py" in str(caught.value)


# -- order and names of arguments


@pytest.mark.parametrize(
    ("kind", "sorted_segments", "unsorted_segments"),
    [
        ("sum", [3, 0, 3], [0, 2, 4]),
        ("mean", [1.5, 0, 3], [0, 2, 2]),
        ("prod", [2, 1, 3], [1, 2, 3]),
        ("max", [2, 0, 3], [-np.finfo("f4").max, 2, 3]),
        ("min", [1, 0, 3], [np.finfo("f4").max, 2, 1]),
    ],
)
def test_segments_take_tensorflows_arguments(kind: str, sorted_segments: Any, unsorted_segments: Any) -> None:
    data = tf.constant([1.0, 2.0, 3.0])
    assert value(getattr(tf, f"segment_{kind}")(data, tf.constant([0, 0, 2]))) == sorted_segments
    assert value(getattr(tf, f"unsorted_segment_{kind}")(data, [2, 1, 2], 3)) == unsorted_segments
    assert value(getattr(tf, f"unsorted_segment_{kind}")(data, [2, 1, 2], tf.constant(3))) == unsorted_segments


@pytest.mark.parametrize("backend", BACKENDS)
def test_segments_that_are_fed_are_as_many_as_their_numbers_say(backend: str) -> None:
    data, ids = tf.placeholder(tf.float32, [None, 1]), tf.placeholder(tf.int32, [None])
    found = tf.segment_sum(data, ids, name="sums")
    assert (found.name, found.shape) == ("sums:0", (None, 1))
    slope = tf.gradients(tf.reduce_sum(found * found), data)[0]
    feeds = {data: [[1.0], [2.0], [3.0], [4.0]], ids: [0, 0, 2, 2]}
    assert value(found, feeds, backend) == [[3], [0], [7]]
    assert value(slope, feeds, backend) == [[6], [6], [14], [14]]
    assert value(tf.segment_max(data, ids), feeds, backend) == [[2], [0], [4]]
    assert value(tf.segment_sum(data, ids, num_segments=4), feeds, backend) == [[3], [0], [7], [0]]
    assert value(found, {data: np.zeros((0, 1)), ids: np.zeros(0, "i4")}, backend) == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_segments_that_are_fed_have_numbers_below_that_of_the_rows(backend: str) -> None:
    ids = tf.placeholder(tf.int32, [2])
    with pytest.raises(InvalidArgumentError) as caught:
        value(tf.segment_sum([1.0, 2.0], ids), {ids: [0, 2]}, backend)
    text = str(caught.value)
    assert "segment_sum: each number is below that of the rows of data, unless num_segments is given [0 2]" in text
    assert "test_v1_calls.py" in text


CALLS: dict[str, tuple[Callable[[], Any], Any]] = {
    "roll": (lambda: tf.roll(GRID, 1, 0), [[3, 4], [1, 2]]),
    "roll of two axes": (lambda: tf.roll(GRID, [1, 1], [0, 1]), [[4, 3], [2, 1]]),
    "eye in a stack": (lambda: tf.eye(1, 2, [2]), [[[1, 0]], [[1, 0]]]),
    "l2_normalize by dim": (lambda: tf.nn.l2_normalize([[3.0, 4.0]], dim=1) * 5, [[3, 4]]),
    "clip_by_value": (lambda: tf.clip_by_value(t=GRID, clip_value_min=2, clip_value_max=3), [[2, 2], [3, 3]]),
    "clip_by_norm": (lambda: tf.clip_by_norm(t=[3.0, 4.0], clip_norm=2.5), [1.5, 2]),
    "clip_by_global_norm": (lambda: tf.clip_by_global_norm(t_list=[[3.0, 4.0]], clip_norm=2.5)[0][0], [1.5, 2]),
    "global_norm": (lambda: tf.global_norm(t_list=[tf.constant([3.0]), tf.constant([4.0])]), 5),
    "add": (lambda: tf.add(x=GRID, y=1.0), [[2, 3], [4, 5]]),
    "pow": (lambda: tf.pow(y=2.0, x=GRID), [[1, 4], [9, 16]]),
    "equal": (lambda: tf.equal(x=[1, 2], y=[1, 3]), [True, False]),
    "atan2": (lambda: tf.atan2(y=[0.0], x=[1.0]), [0]),
    "relu": (lambda: tf.nn.relu(features=[-1.0, 1.0]), [0, 1]),
    "l2_loss": (lambda: tf.nn.l2_loss(t=[3.0, 4.0]), 12.5),
    "matmul of an adjoint": (
        lambda: tf.real(tf.matmul(tf.constant([[2j]]), tf.constant([[2j]]), adjoint_a=True)),
        [[4]],
    ),
    "gradients": (lambda: (lambda x: tf.gradients(x * x, [x], None, "g", True, True, 2)[0])(tf.constant(3.0)), 6),
    "scatter_nd": (lambda: tf.scatter_nd([[0]], [5.0], tf.constant([3])), [5, 0, 0]),
    "transpose": (lambda: tf.transpose(GRID, tf.constant([1, 0])), [[1, 3], [2, 4]]),
    "reduce_sum": (lambda: tf.reduce_sum(GRID, tf.constant(0)), [4, 6]),
    "reduce_max of a list": (lambda: tf.reduce_max(GRID, [tf.constant(1)]), [2, 4]),
    "reduce_sum of all axes": (lambda: tf.reduce_sum(GRID, axis=tf.range(tf.rank(tf.constant(GRID)))), 10),
    "embedding_lookup": (lambda: tf.nn.embedding_lookup([GRID], [1]), [[3, 4]]),
    "embedding_lookup of two": (
        lambda: tf.nn.embedding_lookup([tf.constant([[0], [2]]), tf.constant([[1]])], [[2, 1], [0, 0]]),
        [[[2], [1]], [[0], [0]]],
    ),
    "newaxis": (lambda: tf.constant(GRID)[:, tf.newaxis, 0], [[1], [3]]),
    "is_variable_initialized": (lambda: tf.is_variable_initialized(tf.Variable(1.0)), True),
}


@pytest.mark.parametrize("call", CALLS)
def test_calls_in_tensorflows_own_way_have_its_values(call: str) -> None:
    make, wanted = CALLS[call]
    assert value(make()) == wanted


@pytest.mark.parametrize("backend", BACKENDS)
def test_blocks_and_scattered_arrays_have_sizes_made_of_shapes(backend: str) -> None:
    x = tf.placeholder(tf.float32, [None, 2])
    feeds = {x: np.arange(6).reshape(3, 2)}
    rows = tf.shape(x)[0]
    assert value(tf.slice(x, [1, 0], tf.stack([rows - 1, 1])), feeds, backend) == [[2], [4]]
    begin = tf.stack([tf.argmax(x[:, 0], output_type=tf.int32) - 1, 0])
    assert value(tf.slice(x, begin, tf.stack([rows - 1, -1])), feeds, backend) == [[2, 3], [4, 5]]
    assert value(tf.scatter_nd([[0], [2]], [5.0, 6.0], [rows + 1]), feeds, backend) == [5, 0, 6, 0]


def test_indices_and_classes_have_the_dtypes_of_tensorflow() -> None:
    assert tf.one_hot([0], 2, on_value=5, off_value=-1).dtype is tf.int32
    assert tf.one_hot([0], 2, off_value=-1.0).dtype is tf.float32
    assert tf.one_hot([0], 2).dtype is tf.float32
    assert tf.nn.top_k([1.0, 2.0], 1).indices.dtype is tf.int32
    assert tf.unique([1, 1])[1].dtype is tf.int32
    assert tf.unique([1, 1], tf.int64)[1].dtype is tf.int64
    assert tf.searchsorted([1.0, 2.0], [1.5]).dtype is tf.int32


def test_other_arguments_of_elementwise_functions_are_refused() -> None:
    with pytest.raises(ArgumentError) as caught:
        tf.add(1, z=2)
    text = str(caught.value)
    assert text.startswith("add: missing a required argument: 'y'\n  needed:  add(x, y, name=None)\n  built at: ")
    assert "test_v1_calls.py" in text


def test_stop_gradients_of_gradients_are_refused() -> None:
    x = tf.constant(3.0, name="x")
    with pytest.raises(ArgumentError) as caught:
        tf.gradients(x * x, x, stop_gradients=[x])
    text = str(caught.value)
    assert text.startswith("gradients: polyflow has no stop_gradients\n  found:   [<Tensor 'x:0' float32[]>]\n")
    assert text.endswith("try:     tf.stop_gradient of those tensors, where they are used")


def test_tables_that_cannot_be_put_together_are_refused() -> None:
    with pytest.raises(ArgumentError) as caught:
        tf.nn.embedding_lookup([tf.constant(GRID), tf.constant(GRID)], [1], partition_strategy="div")
    text = str(caught.value)
    assert text.startswith("embedding_lookup: these tables cannot be put together\n  found:   'div', lengths [2, 2]\n")
    assert text.endswith("try:     one table: tf.concat(tables, 0)")


def test_ensured_shapes_are_known_and_checked() -> None:
    x = tf.placeholder(tf.float32)
    y = tf.ensure_shape(x, [None, 2])
    assert (y.shape, value(y, {x: GRID})) == ((None, 2), GRID)
    with pytest.raises(ShapeError, match="does not fit the shape"):
        value(y, {x: [1.0]})


def test_shapes_say_whether_they_are_compatible() -> None:
    shape = tf.TensorShape([None, 3])
    assert shape is not None
    assert [shape.is_compatible_with(each) for each in ([2, 3], [2, 2], [3], None)] == [True, False, False, True]


# -- averages


@pytest.mark.parametrize("backend", BACKENDS)
def test_moving_averages_follow_variables_as_in_tensorflow(backend: str) -> None:
    v, steps = tf.Variable([1.0, 2.0], name="v"), tf.Variable(3.0, trainable=False, name="steps")
    averages = tf.train.ExponentialMovingAverage(0.9, num_updates=steps)
    update = averages.apply()
    average = averages.average(v)
    assert average is not None
    with tf.Session(backend) as session:
        session.run(v.assign(np.asarray([3.0, 5.0])))
        session.run(update)
        session.run(update)
        decay = 4 / 13
        expected = [3 - 2 * decay**2, 5 - 3 * decay**2]
        assert np.allclose(np.asarray(session.run(average)), expected, rtol=1e-6)
    assert averages.average_name(v) == average.op.name == "v/ExponentialMovingAverage"
    assert averages.average(steps) is None
    assert averages.variables_to_restore() == {"v/ExponentialMovingAverage": v, "steps": steps}
    assert tf.get_collection(tf.GraphKeys.MOVING_AVERAGE_VARIABLES) == [v]
    assert tf.trainable_variables() == [v]


def test_moving_averages_of_tensors_begin_at_0() -> None:
    x = tf.placeholder(tf.float32, [2])
    averages = tf.train.ExponentialMovingAverage(0.5)
    update = averages.apply([x])
    session = tf.Session()
    session.run(update, {x: [2.0, 4.0]})
    assert session.run(averages.average(x)).tolist() == [1, 2]


def test_moving_averages_refuse_what_is_averaged_twice_and_zero_debias() -> None:
    v = tf.Variable(1.0, name="v")
    averages = tf.train.ExponentialMovingAverage(0.5)
    averages.apply([v])
    with pytest.raises(ArgumentError, match="ExponentialMovingAverage: v:0 is averaged already"):
        averages.apply([v])
    with pytest.raises(ArgumentError) as caught:
        tf.train.ExponentialMovingAverage(0.5, zero_debias=True)
    text = str(caught.value)
    assert text.startswith("ExponentialMovingAverage: polyflow has no such option\n  found:   zero_debias=True\n")
    assert text.endswith("try:     leave it out, and divide by 1 - decay ** steps")
