"""Programs with queues as TensorFlow 1's documentation writes them."""

from __future__ import annotations

import pytest

import polyflow.compat.v1 as tf

BACKENDS = ["numpy", "reference", "jax"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_queue_of_the_threading_and_queues_guide_counts(backend: str) -> None:
    q = tf.FIFOQueue(3, "float")
    init = q.enqueue_many(([0.0, 0.0, 0.0],))
    x = q.dequeue()
    y = x + 1
    q_inc = q.enqueue([y])
    with tf.Session(backend) as session:
        init.run()
        for _ in range(4):
            q_inc.run()
        assert sorted(session.run(x).tolist() for _ in range(3)) == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_pipeline_of_the_guide_trains_until_the_input_ends(backend: str) -> None:
    example = tf.train.slice_input_producer([tf.constant([1.0, 2.0, 3.0, 4.0])], num_epochs=2, shuffle=False)[0]
    inputs = tf.train.batch([example], batch_size=2)[0]
    total = tf.Variable(0.0)
    train_op = tf.assign_add(total, tf.reduce_sum(inputs))
    with tf.Session(backend) as sess:
        sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(sess=sess, coord=coord)
        steps = 0
        try:
            while not coord.should_stop():
                sess.run(train_op)
                steps += 1
        except tf.errors.OutOfRangeError:
            pass
        finally:
            coord.request_stop()
        coord.join(threads)
        assert steps == 4
        assert sess.run(total).tolist() == 20.0


def test_enqueuing_with_a_queue_runner_as_in_its_manual() -> None:
    example = tf.random_uniform([2], 1.0, 2.0)
    queue = tf.RandomShuffleQueue(20, 5, [tf.float32], [[2]])
    enqueue_op = queue.enqueue(example)
    inputs = queue.dequeue_many(4)
    qr = tf.train.QueueRunner(queue, [enqueue_op] * 4)
    sess = tf.Session()
    coord = tf.train.Coordinator()
    enqueue_threads = qr.create_threads(sess, coord=coord, start=True)
    for _ in range(10):
        if coord.should_stop():
            break
        assert sess.run(inputs).shape == (4, 2)
    coord.request_stop()
    coord.join(enqueue_threads)


def test_an_option_limits_the_time_of_a_run() -> None:
    queue = tf.FIFOQueue(1, tf.int32, [()])
    with pytest.raises(tf.errors.DeadlineExceededError):
        tf.Session().run(queue.dequeue(), options=tf.RunOptions(timeout_in_ms=30))


def test_asserting_and_printing_as_control_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    x = tf.placeholder(tf.float32, [])
    with tf.control_dependencies([tf.assert_positive(x, message="x"), tf.print("x is", x)]):
        y = tf.identity(x)
    session = tf.Session()
    assert session.run(y, {x: 2.0}).tolist() == 2.0
    assert capsys.readouterr().err == "x is 2.0\n"
    with pytest.raises(tf.errors.InvalidArgumentError, match="x: x > y does not hold"):
        session.run(y, {x: -2.0})
