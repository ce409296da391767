"""Branches, loops and state as programs for TensorFlow 1 write them."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow.compat.v1 as tf

BACKENDS = ["numpy", "jax", "reference"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_loops_of_the_manual_of_while_loop_run(backend: str) -> None:
    i = tf.constant(0)
    c = lambda i: tf.less(i, 10)  # noqa: E731
    b = lambda i: (tf.add(i, 1),)  # noqa: E731
    r = tf.while_loop(c, b, [i])
    i0 = tf.constant(0)
    m0 = tf.ones([2, 2])
    _, m = tf.while_loop(
        lambda i, m: i < 3,
        lambda i, m: [i + 1, tf.concat([m, m], axis=0)],
        loop_vars=[i0, m0],
        shape_invariants=[i0.get_shape(), tf.TensorShape([None, 2])],
    )
    with tf.Session(backend) as session:
        found = session.run([r, tf.reduce_sum(m)])
        assert [each.tolist() for each in found] == [10, 32.0]
    assert isinstance(tf.while_loop(c, b, [i], return_same_structure=True), list)


@pytest.mark.parametrize("backend", BACKENDS)
def test_branches_choose_as_in_their_manuals(backend: str) -> None:
    x, y = tf.placeholder(tf.int32, []), tf.constant(5, tf.int32)
    f1, f2, f3 = (lambda n=n: tf.constant(n, tf.int32) for n in (17, 23, -1))
    fetches = [
        tf.cond(tf.less(x, y), lambda: tf.multiply(x, 17), lambda: tf.add(y, 23)),
        tf.cond(tf.less(x, y), fn1=f1, fn2=f2),
        tf.case([(tf.less(x, y), f1)], default=f2),
        tf.case({tf.less(x, y): f1, tf.greater(x, 10): f2}, default=f3, exclusive=True),
        tf.switch_case(x, branch_fns={0: f1, 2: f2}, default=f3),
    ]
    with tf.Session(backend) as session:
        assert [each.tolist() for each in session.run(fetches, {x: 2})] == [34, 17, 17, 17, 23]
        assert [each.tolist() for each in session.run(fetches, {x: 7})] == [28, 23, 23, -1, -1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_functions_over_elements_compute_as_in_their_manuals(backend: str) -> None:
    elems = np.asarray([1, 2, 3, 4, 5, 6])
    alternates = tf.map_fn(lambda x: (x, -x), np.asarray([1, 2, 3]), dtype=(tf.int64, tf.int64))
    initializer = (np.asarray(0), np.asarray(1))
    fibonaccis = tf.scan(lambda a, _: (a[1], a[0] + a[1]), elems, initializer)
    fetches = [
        tf.scan(lambda a, x: a + x, elems), tf.scan(lambda a, x: a + x, elems, reverse=True), *fibonaccis,
        tf.map_fn(lambda x: x * x, elems), *alternates,
        tf.foldl(lambda a, x: a + x, elems), tf.foldr(lambda a, x: a - x, elems),
    ]  # fmt: skip
    wanted = [
        [1, 3, 6, 10, 15, 21], [21, 20, 18, 15, 11, 6], [1, 1, 2, 3, 5, 8], [1, 2, 3, 5, 8, 13],
        [1, 4, 9, 16, 25, 36], [1, 2, 3], [-1, -2, -3], 21, -9,
    ]  # fmt: skip
    assert [each.tolist() for each in tf.Session(backend).run(fetches)] == wanted


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_dynamic_network_over_a_tensor_array_trains(backend: str) -> None:
    xs = tf.placeholder(tf.float32, [5, 2, 3])
    w = tf.Variable(np.full((3, 3), 0.1, "float32"))
    inputs = tf.TensorArray(tf.float32, size=5).unstack(xs)

    def step(time: tf.Tensor, state: tf.Tensor, outputs: tf.TensorArray) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray]:
        state = tf.tanh(tf.matmul(state, w) + inputs.read(time))
        return time + 1, state, outputs.write(time, state)

    outputs = tf.TensorArray(tf.float32, size=5)
    zeros = tf.zeros([2, 3])
    _, last, outputs = tf.while_loop(lambda time, *_: time < 5, step, (tf.constant(0), zeros, outputs))
    loss = tf.reduce_mean(tf.square(outputs.stack() - 0.5)) + 0.0 * tf.reduce_sum(last)
    train = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    values = np.linspace(-1, 1, 30, dtype="float32").reshape(5, 2, 3)
    with tf.Session(backend) as session:
        session.run(tf.global_variables_initializer())
        losses = [float(session.run([loss, train], {xs: values})[0]) for _ in range(5)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]
    array = tf.while_loop(lambda a: a.size() < 3, lambda a: a.write(a.size(), 1.0), [
        tf.TensorArray(tf.float32, dynamic_size=True, element_shape=())
    ])  # fmt: skip
    assert isinstance(array, tf.TensorArray)


@pytest.mark.parametrize("backend", BACKENDS)
def test_state_is_written_by_functions_in_the_order_of_control_dependencies(backend: str) -> None:
    v = tf.Variable([1.0, 2.0, 3.0], name="v")
    first = tf.assign_add(v, [1.0, 1.0, 1.0], use_locking=True)
    with tf.control_dependencies([first]):
        second = tf.scatter_update(v, [0], [10.0], use_locking=True)
    with tf.control_dependencies([second]):
        done = tf.group(tf.scatter_nd_add(v, [[1], [1]], [0.5, 0.5]), tf.scatter_sub(v, [2], 4.0), tf.no_op())
    with tf.Session(backend) as session:
        session.run(tf.global_variables_initializer())
        assert session.run(done) is None
        assert session.run(v).tolist() == [10.0, 4.0, 0.0]
        session.run(tf.assign(v, [0.0, 0.0, 0.0]))
        session.run([tf.scatter_add(v, [0, 0], [1.0, 1.0]), tf.assign_sub(v, [1.0, 0.0, 0.0])])
        session.run([tf.scatter_nd_update(v, [[2]], [7.0]), tf.scatter_nd_sub(v, [[2]], [1.0])])
        assert session.run(v).tolist() == [1.0, 0.0, 6.0]


def test_a_function_that_is_recomputed_has_the_same_gradient() -> None:
    x = tf.constant(2.0)
    inner = lambda x: tf.sin(tf.exp(x))  # noqa: E731
    first, second = tf.Session().run([*tf.gradients(tf.recompute_grad(inner)(x), x), *tf.gradients(inner(x), x)])
    assert first == second
