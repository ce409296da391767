"""Whole programs in TensorFlow 1's words train alike on every backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow.compat.v1 as tf
from polyflow.core.graph import Graph

BACKENDS = ["numpy", "jax", "reference"]
STEPS = 4
Losses = list[list[float]]


def perceptron(session_of: Callable[[], Any]) -> Losses:
    """Digits: dense layers by ``get_variable`` in scopes, dropout, a decaying rate, accuracy from shared weights."""
    generator = np.random.default_rng(0)
    images, classes = generator.normal(size=(12, 16)), generator.integers(0, 3, size=12)
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 16], name="x")
    y = tf.placeholder(tf.int32, [None], name="y")
    keep = tf.placeholder(tf.float32, [], name="keep")

    def dense(name: str, inputs: Any, units: int) -> Any:
        with tf.variable_scope(name):
            w = tf.get_variable("w", [inputs.get_shape().as_list()[-1], units], regularizer=tf.nn.l2_loss)
            return tf.matmul(inputs, w) + tf.get_variable("b", [units], initializer=tf.zeros_initializer())

    def network(inputs: Any, share: Any) -> Any:
        with tf.variable_scope("mlp", reuse=tf.AUTO_REUSE):
            hidden = tf.nn.dropout(tf.nn.relu(dense("hidden", inputs, 8)), keep_prob=share)
            return dense("logits", hidden, 3)

    logits, honest = network(x, keep), network(x, 1.0)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    total = loss + 1e-3 * tf.add_n(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES))
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, step, 2, 0.5, staircase=True)
    train = tf.train.RMSPropOptimizer(rate).minimize(total, global_step=step)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(honest, 1), tf.cast(y, tf.int64)), tf.float32))
    assert [each.name for each in tf.trainable_variables("mlp/hidden")] == ["mlp/hidden/w:0", "mlp/hidden/b:0"]
    found = []
    with session_of() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(STEPS):
            values = session.run([total, rate, train], feed_dict={x: images, y: classes, keep: 0.8})[:2]
            found.append([*map(float, values), float(session.run(accuracy, {x: images, y: classes}))])
        assert int(session.run(step)) == STEPS
    return found


def classifier(session_of: Callable[[], Any]) -> Losses:
    """Sentences: embeddings, an LSTM and a GRU over sequences of several lengths, clipped gradients."""
    generator = np.random.default_rng(1)
    words, lengths = generator.integers(0, 10, size=(4, 5)), np.asarray([5, 3, 1, 4])
    tf.set_random_seed(2)
    ids = tf.placeholder(tf.int32, [None, None], name="ids")
    length = tf.placeholder(tf.int32, [None], name="length")
    labels = tf.placeholder(tf.float32, [None, 2], name="labels")
    with tf.variable_scope("embedding"):
        table = tf.get_variable("table", [10, 3], initializer=tf.random_uniform_initializer(-0.5, 0.5))
    cells = [tf.nn.rnn_cell.LSTMCell(4), tf.nn.rnn_cell.GRUCell(3)]
    outputs, state = tf.nn.dynamic_rnn(
        tf.nn.rnn_cell.MultiRNNCell(cells), tf.nn.embedding_lookup(table, ids), length, dtype=tf.float32
    )
    places = tf.stack([tf.range(tf.shape(ids)[0]), length - 1], axis=1)
    last = tf.gather_nd(outputs, places)
    w = tf.get_variable("w", [3, 2], initializer=tf.truncated_normal_initializer(stddev=0.5))
    loss = tf.losses.softmax_cross_entropy(onehot_labels=labels, logits=tf.matmul(last, w))
    optimizer = tf.train.AdamOptimizer(0.05)
    gradients, variables = zip(*optimizer.compute_gradients(loss), strict=True)
    clipped, norm = tf.clip_by_global_norm(gradients, 1.0)
    train = optimizer.apply_gradients(zip(clipped, variables, strict=True))
    agree = tf.reduce_max(tf.abs(last - state[1]))
    feeds = {ids: words, length: lengths, labels: np.eye(2)[[0, 1, 1, 0]]}
    with session_of() as session:
        session.run(tf.global_variables_initializer())
        return [[float(each) for each in session.run([loss, norm, agree, train], feeds)[:3]] for _ in range(STEPS)]


def adversaries(session_of: Callable[[], Any]) -> Losses:
    """A small GAN: two optimizers, each with the variables of its scope."""
    generator = np.random.default_rng(2)
    tf.set_random_seed(3)
    real = tf.placeholder(tf.float32, [None, 2], name="real")
    noise = tf.random_normal([6, 3], seed=5)

    def layer(inputs: Any, units: int, name: str) -> Any:
        rows = inputs.get_shape().as_list()[1]
        w = tf.get_variable(
            f"{name}_w", [rows, units], initializer=tf.glorot_normal_initializer(seed=len(name) + units)
        )
        return tf.nn.xw_plus_b(inputs, w, tf.get_variable(f"{name}_b", [units], initializer=tf.zeros_initializer()))

    def critic(inputs: Any, reuse: bool = False) -> Any:
        with tf.variable_scope("D", reuse=reuse):
            return layer(tf.nn.leaky_relu(layer(inputs, 5, "first")), 1, "second")

    with tf.variable_scope("G"):
        fake = layer(tf.tanh(layer(noise, 4, "first")), 2, "second")
    of_real, of_fake = critic(real), critic(fake, reuse=True)
    cross = tf.nn.sigmoid_cross_entropy_with_logits
    loss_d = tf.reduce_mean(cross(labels=tf.ones_like(of_real), logits=of_real)) + tf.reduce_mean(
        cross(labels=tf.zeros_like(of_fake), logits=of_fake)
    )
    loss_g = tf.reduce_mean(cross(labels=tf.ones_like(of_fake), logits=of_fake))
    variables = tf.trainable_variables()
    of_d = [each for each in variables if each.name.startswith("D/")]
    of_g = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="G/")
    train_d = tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss_d, var_list=of_d)
    train_g = tf.train.AdagradOptimizer(0.05).minimize(loss_g, var_list=of_g)
    assert len(of_d) == len(of_g) == 4
    found = []
    with session_of() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(of_g)
        for _ in range(STEPS):
            batch = generator.normal(size=(6, 2))
            d, _ = session.run([loss_d, train_d], {real: batch})
            found.append([float(d)])
        assert all(np.array_equal(a, b) for a, b in zip(before, session.run(of_g), strict=True))
        found += [[float(session.run([loss_g, train_g])[0])] for _ in range(STEPS)]
    return found


@pytest.mark.parametrize("program", [perceptron, classifier, adversaries])
def test_a_program_has_the_same_losses_on_every_backend(program: Callable[..., Losses]) -> None:
    losses = {}
    for backend in BACKENDS:
        with Graph().as_default():
            losses[backend] = np.asarray(program(lambda backend=backend: tf.Session(backend)))
    assert np.isfinite(losses["reference"]).all()
    assert not np.allclose(losses["reference"][0], losses["reference"][-1])
    for backend in BACKENDS:
        np.testing.assert_allclose(losses[backend], losses["reference"], rtol=2e-4, atol=1e-5, err_msg=backend)
