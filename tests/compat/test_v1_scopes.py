"""``get_variable`` and ``variable_scope`` name, share and refuse variables as TensorFlow 1 does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polyflow.compat.v1 as tf
from polyflow.core.graph import Graph
from polyflow.errors import ArgumentError, DTypeError, GraphError, ShapeError


@pytest.fixture(autouse=True)
def fresh_graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def test_names_of_variables_follow_variable_scopes_and_those_of_operations_both_kinds() -> None:
    with tf.variable_scope("a"):
        assert tf.get_variable("w", [2, 3]).name == "a/w:0"
        with tf.variable_scope("b") as inner:
            assert tf.get_variable("w", [1]).name == "a/b/w:0"
            assert tf.add(1.0, 2.0, name="op").name == "a/b/op:0"
        with tf.name_scope("ns"):
            assert tf.get_variable("x", [1]).name == "a/x:0"
            assert tf.Variable(1.0, name="y").name == "a/ns/y:0"
    with tf.variable_scope("a", reuse=True):
        assert tf.add(1.0, 2.0, name="op").name == "a_1/op:0"
    with tf.variable_scope("c"), tf.variable_scope(inner, reuse=True) as again:
        assert again.name == "a/b"
        assert tf.get_variable("w").name == "a/b/w:0"
        assert tf.add(1.0, 2.0, name="op").name == "c/b/op:0"


def test_default_names_are_numbered_inside_the_scope_that_is_open() -> None:
    names = []
    for _ in range(2):
        with tf.variable_scope(None, default_name="d"):
            names.append(tf.get_variable("w", [1]).name)
            for _ in range(2):
                with tf.variable_scope(None, default_name="e"):
                    names.append(tf.get_variable("w", [1]).name)
    assert names == ["d/w:0", "d/e/w:0", "d/e_1/w:0", "d_1/w:0", "d_1/e/w:0", "d_1/e_1/w:0"]
    with (
        tf.variable_scope("d"),
        tf.variable_scope(None, default_name="e"),
        pytest.raises(ValueError, match="'d/e/w' is there already"),
    ):
        tf.get_variable("w", [1])


def test_auto_reuse_makes_a_variable_once_also_in_scopes_inside() -> None:
    with tf.variable_scope("r", reuse=tf.AUTO_REUSE):
        assert tf.get_variable("w", [1]) is tf.get_variable("w", [1])
        with tf.variable_scope("i"):
            assert tf.get_variable("w", [1]) is tf.get_variable("w", [1])
    assert len(tf.trainable_variables()) == 2


def test_each_graph_has_variables_of_its_own() -> None:
    first = tf.get_variable("w", [1])
    with Graph().as_default():
        assert tf.get_variable("w", [1]) is not first


def test_a_variable_made_in_a_loop_is_the_same_outside() -> None:
    def body(i: Any, total: Any) -> Any:
        with tf.variable_scope("loop", reuse=tf.AUTO_REUSE):
            w = tf.get_variable("w", [], initializer=tf.constant_initializer(2.0))
        return i + 1, total + w

    _, total = tf.while_loop(lambda i, _: i < 3, body, [0, 0.0])
    with tf.variable_scope("loop", reuse=True):
        w = tf.get_variable("w")
    with tf.Session() as session:
        assert float(session.run(total)) == 6.0
        session.run(w.assign(5.0))
        assert float(session.run(total)) == 15.0


def test_what_cannot_be_shared_is_refused_with_the_place_where_it_was_made() -> None:
    with tf.variable_scope("a"):
        tf.get_variable("w", [2])
        with pytest.raises(GraphError) as there:
            tf.get_variable("w", [2])
    with tf.variable_scope("a", reuse=True):
        with pytest.raises(GraphError) as missing:
            tf.get_variable("v", [2])
        with pytest.raises(
            ShapeError, match=r"'a/w' has another shape\n  found:   \(2,\), made at .*\n  needed:  \(3,\)"
        ):
            tf.get_variable("w", [3])
        with pytest.raises(DTypeError, match="'a/w' has another dtype"):
            tf.get_variable("w", [2], tf.float64)
    assert str(there.value).startswith("get_variable: variable 'a/w' is there already, and must not be shared\n")
    assert "test_v1_scopes.py" in str(there.value)
    assert "reuse=tf.AUTO_REUSE" in str(there.value)
    assert str(missing.value).startswith("get_variable: there is no variable 'a/v' to share\n")


def test_what_polyflow_does_not_have_is_refused() -> None:
    with pytest.raises(ArgumentError, match="get_variable: polyflow has no partitioner"):
        tf.get_variable("w", [2], partitioner=3)
    with pytest.raises(ArgumentError, match="variable_scope: no name"), tf.variable_scope(None):
        pass
    with (
        pytest.raises(ArgumentError, match="a scope numbered anew, 'd', has nothing to share"),
        tf.variable_scope(None, "d", reuse=True),
    ):
        pass
    with pytest.raises(ShapeError, match="get_variable: the shape of 'w' is not known"):
        tf.get_variable("w", [None, 2])
    with pytest.raises(ArgumentError, match="'w' has a shape and a value as initializer"):
        tf.get_variable("w", [2], initializer=np.zeros(2, "float32"))


def test_scopes_give_dtype_initializer_and_regularizer() -> None:
    penalty = lambda w: 0.5 * tf.nn.l2_loss(w)  # noqa: E731
    with tf.variable_scope("a", initializer=tf.ones_initializer(), regularizer=penalty, dtype=tf.float64):
        w = tf.get_variable("w", [2])
        count = tf.get_variable("n", [], tf.int32, initializer=tf.zeros_initializer, regularizer=lambda _: None)
    assert w.dtype is tf.float64
    with tf.Session() as session:
        assert session.run(w).tolist() == [1.0, 1.0]
        assert session.run(count).tolist() == 0
        assert [float(each) for each in session.run(tf.losses.get_regularization_losses())] == [0.5]


def test_collections_hold_variables_by_pattern_of_their_names() -> None:
    with tf.variable_scope("a"):
        tf.get_variable("w", [1])
        tf.get_variable("v", [1], trainable=False)
    local = tf.Variable(0, trainable=False, collections=[tf.GraphKeys.LOCAL_VARIABLES], name="local")
    assert [each.name for each in tf.global_variables()] == ["a/w:0", "a/v:0"]
    assert [each.name for each in tf.trainable_variables("a/")] == ["a/w:0"]
    assert tf.local_variables()[0] is local
    assert [each.name for each in tf.get_variable_scope().global_variables()][:2] == ["a/w:0", "a/v:0"]


@pytest.mark.parametrize(
    ("initializer", "deviation", "most"),
    [
        (tf.glorot_uniform_initializer(), 0.0535, 0.0926),
        (tf.glorot_normal_initializer(), 0.0535, 0.1216),
        (tf.variance_scaling_initializer(2.0), 0.0707, 0.1608),
        (tf.initializers.he_uniform(), 0.0707, 0.1225),
        (tf.initializers.lecun_normal(), 0.05, 0.1137),
        (tf.truncated_normal_initializer(stddev=0.1), 0.088, 0.2),
        (tf.random_uniform_initializer(-1, 1), 0.5774, 1.0),
    ],
    ids=["glorot_uniform", "glorot_normal", "variance", "he_uniform", "lecun_normal", "truncated_normal", "uniform"],
)
def test_initializers_spread_as_their_formulas_say(initializer: Any, deviation: float, most: float) -> None:
    found = np.asarray(tf.Session().run(tf.get_variable("w", [400, 300], initializer=initializer)))
    assert abs(found.std() - deviation) < 0.02 * deviation
    assert 0.95 * most < abs(found).max() <= 1.001 * most


def test_initializers_of_fixed_values_give_them() -> None:
    grid = tf.constant_initializer(np.arange(4.0))([2, 2])
    assert tf.Session().run(grid).tolist() == [[0.0, 1.0], [2.0, 3.0]]
    wide = np.asarray(tf.Session().run(tf.orthogonal_initializer(2.0)([2, 3, 4])))
    assert np.allclose(wide.reshape(6, 4).T @ wide.reshape(6, 4), 4 * np.eye(4), atol=1e-4)
    assert tf.Session().run(tf.initializers.identity(3.0)([2, 2])).tolist() == [[3.0, 0.0], [0.0, 3.0]]
    with pytest.raises(ArgumentError, match="variance_scaling_initializer: unknown mode"):
        tf.variance_scaling_initializer(mode="fan")
    with pytest.raises(ShapeError, match="orthogonal_initializer: no matrix"):
        tf.orthogonal_initializer()([3])
