"""Words of TensorFlow 1: what values they give, and what is said of those that are not there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyflow as pf
import polyflow.compat.v1 as tf
from polyflow.compat.v1.missing import LEFT_OUT
from polyflow.errors import ArgumentError, FeedError, ShapeError

BACKENDS = ["numpy", "jax", "reference"]
PAGE = (Path(__file__).parents[2] / "docs" / "tensorflow-1.md").read_text()
SPACES = {
    "tf": "polyflow.compat.v1",
    "tf.nn": "polyflow.compat.v1.neural",
    "tf.nn.rnn_cell": "polyflow.compat.v1.recurrent",
    **{f"tf.{each}": f"polyflow.compat.v1.{each}" for each in ("train", "losses", "initializers", "linalg")},
}


def test_whole_numbers_of_python_are_int32_where_they_fit() -> None:
    made = [
        tf.constant(1), tf.constant([1, 2]), tf.range(3), tf.fill([2], 3), tf.convert_to_tensor([1]), tf.Variable(3),
        tf.reduce_sum([1, 2]), tf.add_n([1, 2]), tf.placeholder_with_default(1, []),
    ]  # fmt: skip
    assert {each.dtype for each in made} == {tf.int32}
    assert tf.constant(2**40).dtype is tf.int64
    assert tf.constant([1, 2.0]).dtype is tf.float32
    assert tf.constant(np.asarray([1])).dtype is tf.int64


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_mean_of_whole_numbers_is_rounded_towards_0(backend: str) -> None:
    grid = tf.constant([[1, 2], [5, 6]])
    means = [tf.reduce_mean([1, 2]), tf.reduce_mean([-1, -2]), tf.reduce_mean(grid, 0, keep_dims=True)]
    found = tf.Session(backend).run([*means, tf.reduce_mean([1.0, 2.0])])
    assert [each.tolist() for each in found] == [1, -1, [[3, 4]], 1.5]


def test_shapes_made_of_tensors_are_known_as_far_as_they_can_be() -> None:
    x = tf.placeholder(tf.float32, [None, 3])
    rows = tf.shape(x)[0]
    assert tf.Variable(tf.fill([2, 3], 0.1)).shape == (2, 3)
    assert tf.fill(tf.constant([2, 3]), 1).shape == (2, 3)
    assert tf.zeros([rows, 4]).get_shape().as_list() == [None, 4]
    assert tf.ones(tf.shape(x)).get_shape().as_list() == [None, 3]
    assert tf.reshape(x, [rows, 3, 1]).get_shape().as_list() == [None, 3, 1]
    assert tf.reshape(x, tf.stack([-1, tf.shape(x)[1]])).get_shape().as_list() == [None, 3]
    assert tf.tile(x, [rows, 2]).get_shape().as_list() == [None, 6]
    assert tf.tile(x, tf.constant([1, 2])).get_shape().as_list() == [None, 6]


@pytest.mark.parametrize("backend", BACKENDS)
def test_arrays_of_shapes_made_of_tensors_have_their_values(backend: str) -> None:
    x = tf.placeholder(tf.float32, [None, 3])
    value = np.arange(6.0).reshape(2, 3)
    fetches = [
        tf.tile(x, tf.shape(x)), tf.broadcast_to([[7.0]], tf.shape(x)), tf.range(1, tf.shape(x)[0] * 3, 2),
        tf.reshape(x, tf.stack([tf.shape(x)[1], -1])), tf.zeros([tf.shape(x)[0]]),
    ]  # fmt: skip
    found = tf.Session(backend).run(fetches, {x: value})
    expected = [np.tile(value, (2, 3)), np.full((2, 3), 7), [1, 3, 5], value.reshape(3, 2), np.zeros(2)]
    for each, wanted in zip(found, expected, strict=True):
        assert np.array_equal(np.asarray(each), np.asarray(wanted))


def test_shapes_have_the_methods_of_tensorflow() -> None:
    shape = tf.placeholder(tf.float32, [None, 3, 2]).get_shape()
    assert (shape, shape.ndims, shape.is_fully_defined(), shape[1:].as_list()) == ((None, 3, 2), 3, False, [3, 2])
    assert (shape.num_elements(), shape[1:].num_elements()) == (None, 6)
    assert tf.Variable([1.0]).get_shape().as_list() == [1]
    with pytest.raises(ShapeError, match="a dimension is not known here"):
        shape.assert_is_fully_defined()


def test_arrays_are_fed_in_the_dtype_of_their_placeholder_unless_that_loses_more_than_digits() -> None:
    x, n = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.int32, [None])
    found = tf.Session().run([x, n], {x: np.asarray([1, 2]), n: np.asarray([3, 4])})
    assert [each.dtype.name for each in found] == ["float32", "int32"]
    with pytest.raises(FeedError, match="has the wrong dtype"):
        tf.Session().run(n, {n: np.asarray([1.5])})


def test_options_of_sessions_are_taken_over_or_refused_with_polyflows_way() -> None:
    config = tf.ConfigProto(allow_soft_placement=True, inter_op_parallelism_threads=1, operation_timeout_in_ms=500)
    config.gpu_options.allow_growth = True
    assert tf.Session(config=config).options.timeout == 0.5
    with pytest.raises(
        ArgumentError, match=r"ConfigProto: polyflow has no option 'device_count'[\s\S]*Session\('jax'\)"
    ):
        tf.ConfigProto(device_count={"GPU": 0})
    with pytest.raises(ArgumentError, match="XLA_PYTHON_CLIENT_MEM_FRACTION"):
        config.gpu_options.per_process_gpu_memory_fraction = 0.5


@pytest.mark.parametrize("keeps", ["keep_prob", "rate"])
def test_dropout_takes_a_placeholder(keeps: str) -> None:
    share = tf.placeholder(tf.float32, [])
    dropped = tf.nn.dropout(tf.ones([2000]), **{keeps: share})
    found = tf.Session().run(dropped, {share: 0.25})
    assert abs(float(np.mean(found)) - 1) < 0.2
    assert sorted(set(found.tolist())) == pytest.approx([0, 4] if keeps == "keep_prob" else [0, 4 / 3])


@pytest.mark.parametrize("backend", BACKENDS)
def test_cells_compute_their_formulas_and_stop_at_the_ends_of_sequences(backend: str) -> None:
    x, sigmoid = np.random.default_rng(0).normal(size=(2, 3, 2)).astype("float32"), lambda a: 1 / (1 + np.exp(-a))
    with tf.variable_scope("cells", initializer=tf.constant_initializer(0.3)):
        cells = [tf.nn.rnn_cell.BasicRNNCell(2), tf.nn.rnn_cell.GRUCell(2), tf.nn.rnn_cell.LSTMCell(2)]
        runs = [tf.nn.dynamic_rnn(each, x, [3, 1], dtype=tf.float32) for each in cells]
    h, u, c, k = np.zeros((4, 2, 2))
    for time in range(3):
        goes_on = (time < np.asarray([3, 1]))[:, None]
        total = lambda state: 0.3 * (x[:, time].sum(1, keepdims=True) + state.sum(1, keepdims=True)) * np.ones((1, 2))  # noqa: B023, E731
        h = np.where(goes_on, np.tanh(total(h)), h)
        gate = sigmoid(total(u) + 1)
        u = np.where(goes_on, gate * u + (1 - gate) * np.tanh(total(gate * u)), u)
        new = c * sigmoid(total(k) + 1) + sigmoid(total(k)) * np.tanh(total(k))
        k, c = np.where(goes_on, np.tanh(new) * sigmoid(total(k)), k), np.where(goes_on, new, c)
    session = tf.Session(backend)
    (outputs, state), (_, gru), (_, lstm) = session.run(runs)
    assert np.allclose(state, h, atol=1e-5)
    assert np.allclose(gru, u, atol=1e-5)
    assert np.allclose(lstm.h, k, atol=1e-5)
    assert np.asarray(outputs)[1, 1:].tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_recurrent_networks_refuse_what_they_cannot_do() -> None:
    with pytest.raises(ArgumentError, match="dynamic_rnn: no dtype"):
        tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(2), tf.ones([1, 2, 3]))
    with pytest.raises(ArgumentError, match="LSTMCell: the state is a tuple"):
        tf.nn.rnn_cell.LSTMCell(2, state_is_tuple=False)


@pytest.mark.parametrize(
    ("space", "name", "words"),
    [
        (tf.train, "Saver", "tf.train.Saver is left out on purpose\n  try:     numpy.savez"),
        (
            tf,
            "get_varable",
            "polyflow.compat.v1 has no such name\n  try:     did you mean 'get_variable'",
        ),
        (tf, "AdamOptimizer", "\n  try:     tf.train.AdamOptimizer"),
        (tf.nn, "matmul", "\n  try:     tf.matmul"),
        (tf, "vmap", "\n  try:     polyflow.vmap"),
        (tf, "quantize_and_dequantize", "\n  try:     docs/tensorflow-1.md has all names that there are"),
    ],
    ids=lambda each: each if isinstance(each, str) and " " not in each else "",
)
def test_a_name_that_is_missing_says_what_to_write(space: Any, name: str, words: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(words)):
        getattr(space, name)
    assert not hasattr(space, name)


@pytest.mark.parametrize("space", SPACES)
def test_the_page_has_the_words_that_there_are_and_no_others(space: str) -> None:
    row = re.search(rf"^\| `{re.escape(space)}` \| (.*) \|$", PAGE, re.MULTILINE)
    assert row, f"no row for {space}"
    names = sorted(importlib.import_module(SPACES[space]).__all__, key=str.lower)
    assert row[1] == " ".join(f"`{each}`" for each in names)


def test_the_page_has_what_is_left_out_and_the_way_to_it() -> None:
    wanted = [
        f"| `tf.{space + '.' if space else ''}{name}` | {way} |"
        for space, names in LEFT_OUT.items()
        for name, way in sorted(names.items(), key=lambda each: each[0].lower())
    ]
    section = PAGE[PAGE.index("## Left out") :]
    assert re.findall(r"^\| `tf.*$", section, re.MULTILINE) == wanted


def test_nothing_that_is_left_out_is_there() -> None:
    for space, names in LEFT_OUT.items():
        module = importlib.import_module(SPACES[f"tf.{space}" if space else "tf"])
        assert not set(names) & set(module.__all__)


def test_names_of_polyflow_that_the_page_and_the_ways_mention_are_there() -> None:
    text = PAGE + " ".join(way for names in LEFT_OUT.values() for way in names.values())
    for name in re.findall(r"\bpolyflow\.((?:[a-z]\w*\.)*[A-Za-z]\w*)\(?", text):
        if name.startswith(("compat", "eager")):
            continue
        found: Any = pf
        for part in name.split("."):
            found = getattr(found, part)
