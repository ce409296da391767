"""TensorFlow 1 programs run under its own words, on every backend."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
import polyflow.compat.v1 as tf
from polyflow.core.declaration import Op

BACKENDS = ["numpy", "jax", "reference"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_network_for_digits_trains(backend: str) -> None:
    generator = np.random.default_rng(0)
    images, classes = generator.normal(size=(16, 36)).astype("float32"), generator.integers(0, 3, size=16)
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 36], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    keep = tf.placeholder_with_default(1.0, shape=[])
    image = tf.reshape(x, [-1, 6, 6, 1])
    filters = tf.Variable(tf.truncated_normal([3, 3, 1, 4], stddev=0.3))
    hidden = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(image, filters, [1, 1, 1, 1], "SAME"), tf.Variable(tf.zeros([4]))))
    hidden = tf.nn.max_pool(hidden, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    flat = tf.reshape(hidden, [tf.shape(hidden)[0], -1]) * keep
    weights = tf.Variable(tf.random_normal([36, 3], stddev=0.1), name="weights")
    logits = tf.nn.xw_plus_b(flat, weights, tf.Variable(tf.zeros([3])))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    accuracy = tf.reduce_mean(tf.to_float(tf.equal(tf.argmax(logits, 1), y)))
    train = tf.train.AdamOptimizer(0.05).minimize(loss)
    with tf.Session(backend) as session:
        session.run(tf.global_variables_initializer())
        first = float(session.run(loss, feed_dict={x: images, y: classes}))
        for _ in range(20 if backend != "reference" else 4):
            session.run(train, feed_dict={x: images, y: classes})
        last, share = session.run([loss, accuracy], {x: images, y: classes, keep: np.float32(1.0)})
        assert float(last) < first
        assert 0 <= float(share) <= 1


def test_reductions_take_the_old_names_of_their_parameters() -> None:
    x = tf.constant([[1, 2], [3, 4]], tf.int32)
    found = tf.Session().run(
        [tf.reduce_sum(x, reduction_indices=[1], keep_dims=True), tf.reduce_sum(x), tf.reduce_max(x, 0)]
    )
    assert [each.tolist() for each in found] == [[[3], [7]], 10, [3, 4]]
    assert found[1].dtype == np.int32


def test_arrays_take_tensorflows_order_of_arguments() -> None:
    x = tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    first, second, third = tf.unstack(x, axis=1)
    fetches = [
        tf.concat([first, second], 0), tf.stack([first, third], 1), tf.transpose(x), tf.transpose(x, [1, 0]),
        tf.expand_dims(first, 0), tf.squeeze(tf.expand_dims(first, 0)), tf.tile(first, [2]),
        tf.pad(x, [[0, 0], [1, 0]], "REFLECT"), tf.one_hot([1], 2), tf.shape(x), tf.where(tf.greater(x, 4.0)),
        tf.split(x, 3, 1)[2], tf.slice(x, [0, 1], [1, 2]),
        tf.matmul(x, x, transpose_b=True), tf.cast(x, tf.int32), tf.fill([2], 3.0), tf.range(1, 4), tf.gather(x, [1]),
    ]  # fmt: skip
    a = np.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    expected = [
        [1, 4, 2, 5], a[:, [0, 2]], a.T, a.T, [[1, 4]], [1, 4], [1, 4, 1, 4],
        np.pad(a, ((0, 0), (1, 0)), mode="reflect"),
        [[0, 1]], [2, 3], [[1, 1], [1, 2]], [[3], [6]], [[2, 3]], a @ a.T, a, [3, 3], [1, 2, 3], [[4, 5, 6]],
    ]  # fmt: skip
    found = tf.Session().run(fetches)
    for value, wanted in zip(found, expected, strict=True):
        assert np.array_equal(value, np.asarray(wanted))
    assert found[9].dtype == np.int32


def test_division_of_integers_is_that_of_python_2() -> None:
    x = tf.placeholder(tf.int64)
    assert tf.Session().run(tf.div(x, 2), {x: 7}).tolist() == 3
    assert tf.Session().run(tf.div_no_nan([1.0, 2.0], [0.0, 4.0])).tolist() == [0.0, 0.5]


def test_an_interactive_session_is_the_default_one() -> None:
    session = tf.InteractiveSession()
    try:
        assert tf.constant(3).eval().tolist() == 3
    finally:
        session.close()


def test_every_word_is_polyflows_own_thing_or_a_function_around_it() -> None:
    assert [name for name in tf.__all__ if getattr(tf, name) is None] == ["newaxis"]
    ops = [name for name in tf.__all__ if isinstance(getattr(tf, name), Op)]
    assert all(getattr(tf, name).sample_rule is not None for name in ops)
    assert tf.einsum is pf.einsum
    assert tf.mul is tf.multiply
