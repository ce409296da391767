"""TensorSlow programs run, on every backend, and TensorSlow's faults are not kept."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
import polyflow.compat.tensorslow as ts
from polyflow.autodiff import registered

BACKENDS = ["numpy", "jax", "reference"]


@pytest.fixture(autouse=True)
def fresh_graph():
    ts.Graph().as_default()
    yield
    pf.reset_default_graph()


@pytest.fixture
def registered_rules(monkeypatch):
    monkeypatch.setattr(registered, "_RULES", dict(registered._RULES))


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_first_program_of_the_tutorial_gives_integers(backend):
    A = ts.Variable([[1, 0], [0, -1]])
    b = ts.Variable([1, 1])
    x = ts.placeholder()
    z = ts.add(ts.matmul(A, x), b)
    found = ts.Session(backend).run(z, {x: [1, 2]})
    assert found.tolist() == [2, -1]
    assert pf.isdtype(found.dtype, "integral") if backend == "numpy" else True


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_softmax_classifier_learns(backend):
    X, c = ts.placeholder(), ts.placeholder()
    generator = np.random.default_rng(0)
    red, blue = generator.normal(-2, 1, (20, 2)), generator.normal(2, 1, (20, 2))
    W, b = ts.Variable(generator.normal(size=(2, 2))), ts.Variable(generator.normal(size=2))
    p = ts.softmax(ts.add(ts.matmul(X, W), b))
    J = ts.negative(ts.reduce_sum(ts.reduce_sum(ts.multiply(c, ts.log(p)), axis=1)))
    step = ts.train.GradientDescentOptimizer(learning_rate=0.01).minimize(J)
    feeds = {X: np.concatenate((blue, red)).tolist(), c: [[1, 0]] * 20 + [[0, 1]] * 20}
    session = ts.Session(backend)
    first = float(session.run(J, feeds))
    for _ in range(50):
        session.run(step, feeds)
    assert float(session.run(J, feeds)) < first / 5


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_class_with_compute_is_an_operation(backend):
    class sine(ts.Operation):
        def __init__(self, x):
            super().__init__([x])

        def compute(self, x_value):
            return np.sin(x_value)

    w = ts.Variable(np.array([0.5, 1.0]))
    J = ts.reduce_sum(ts.multiply(sine(w), 2.0))
    found, gradient = ts.Session(backend).run([J, pf.gradients(J, w)[0]])
    assert float(found) == pytest.approx(2 * np.sin([0.5, 1.0]).sum())
    assert gradient.tolist() == pytest.approx((2 * np.cos([0.5, 1.0])).tolist())


def test_a_registered_gradient_takes_the_place_of_the_traced_one(registered_rules):
    class halves(ts.Operation):
        def __init__(self, x):
            super().__init__([x])

        def compute(self, x_value):
            return x_value / 2

    seen = []

    @ts.RegisterGradient("halves")
    def halves_gradient(op, grad):
        seen.append((len(op.inputs), op.output is op.outputs[0]))
        return grad * 100 * op.inputs[0]

    w = ts.Variable(np.array([1.0, 3.0]))
    (gradient,) = pf.gradients(ts.reduce_sum(halves(w)), w)
    assert ts.Session().run(gradient).tolist() == [100.0, 300.0]
    assert seen == [(1, True)]


def test_compute_that_needs_values_is_refused_with_the_line():
    class branching(ts.Operation):
        def __init__(self, x):
            super().__init__([x])

        def compute(self, x_value):
            return x_value if x_value > 0 else -x_value

    with pytest.raises(pf.errors.SymbolicValueError, match="used as a condition"):
        ts.Session().run(branching(1.0))


def test_the_gradient_of_a_broadcast_multiply_has_the_shape_of_the_operand():
    x, y = ts.Variable([1.0, 2.0]), ts.Variable([[3.0, 4.0], [5.0, 6.0]])
    (gradient,) = pf.gradients(ts.reduce_sum(ts.multiply(x, y)), x)
    assert ts.Session().run(gradient).tolist() == [8.0, 10.0]


def test_the_gradient_of_matmul_of_a_matrix_with_itself_is_right():
    x = ts.Variable([[1.0, 2.0], [3.0, 4.0]])
    (gradient,) = pf.gradients(ts.reduce_sum(ts.matmul(x, x)), x)
    assert ts.Session().run(gradient).tolist() == [[7.0, 11.0], [9.0, 13.0]]


def test_a_graph_may_be_deep():
    x = y = ts.Variable(1.0)
    for _ in range(5000):
        y = ts.add(y, x)
    assert ts.Session().run(pf.gradients(y, x)[0]).tolist() == 5001.0
