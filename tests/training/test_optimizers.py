"""Optimizers, step by step against their formulas in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import GradientError, ValueRangeError

START = np.array([1.0, -2.0, 0.5])
TARGET = np.array([0.3, 0.1, -0.7])
STEPS = 6


def gradient(w: np.ndarray) -> np.ndarray:
    return 4 * (w - TARGET) ** 3 + 2 * (w - TARGET)


def loss_of(w: Any) -> Any:
    return pf.sum((w - TARGET) ** 4 + (w - TARGET) ** 2)


def descent(rate: float) -> list[np.ndarray]:
    w, path = START.copy(), []
    for _ in range(STEPS):
        w = w - rate * gradient(w)
        path.append(w)
    return path


def momentum(rate: float, factor: float, nesterov: bool) -> list[np.ndarray]:
    w, a, path = START.copy(), np.zeros(3), []
    for _ in range(STEPS):
        g = gradient(w)
        a = factor * a + g
        w = w - rate * (g + factor * a if nesterov else a)
        path.append(w)
    return path


def adam(rate: float, beta1: float, beta2: float, epsilon: float) -> list[np.ndarray]:
    w, m, v, path = START.copy(), np.zeros(3), np.zeros(3), []
    for t in range(1, STEPS + 1):
        g = gradient(w)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        w = w - rate * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + epsilon)
        path.append(w)
    return path


def rmsprop(rate: float, decay: float, factor: float, epsilon: float, centered: bool) -> list[np.ndarray]:
    w, s, a, m, path = START.copy(), np.ones(3), np.zeros(3), np.zeros(3), []
    for _ in range(STEPS):
        g = gradient(w)
        s = decay * s + (1 - decay) * g * g
        m = decay * m + (1 - decay) * g
        a = factor * a + rate * g / np.sqrt(s - centered * m * m + epsilon)
        w = w - a
        path.append(w)
    return path


def adagrad(rate: float, start: float) -> list[np.ndarray]:
    w, a, path = START.copy(), np.full(3, start), []
    for _ in range(STEPS):
        g = gradient(w)
        a = a + g * g
        w = w - rate * g / np.sqrt(a)
        path.append(w)
    return path


CASES: dict[str, tuple[Callable[[], Any], list[np.ndarray]]] = {
    "descent": (lambda: pf.train.GradientDescentOptimizer(0.05), descent(0.05)),
    "momentum": (lambda: pf.train.MomentumOptimizer(0.02, 0.9), momentum(0.02, 0.9, False)),
    "nesterov": (lambda: pf.train.MomentumOptimizer(0.02, 0.9, use_nesterov=True), momentum(0.02, 0.9, True)),
    "rmsprop": (lambda: pf.train.RMSPropOptimizer(0.05, 0.8, 0.5), rmsprop(0.05, 0.8, 0.5, 1e-10, False)),
    "centered": (
        lambda: pf.train.RMSPropOptimizer(0.05, 0.8, 0.5, 1e-3, centered=True),
        rmsprop(0.05, 0.8, 0.5, 1e-3, True),
    ),
    "adagrad": (lambda: pf.train.AdagradOptimizer(0.5), adagrad(0.5, 0.1)),
    "adam": (lambda: pf.train.AdamOptimizer(0.1), adam(0.1, 0.9, 0.999, 1e-8)),
    "adam with betas": (lambda: pf.train.AdamOptimizer(0.1, 0.5, 0.9, 1e-2), adam(0.1, 0.5, 0.9, 1e-2)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("backend", ["numpy", "reference"])
def test_the_path_of_an_optimizer_is_that_of_its_formula(name: str, backend: str) -> None:
    make, expected = CASES[name]
    w = pf.Variable(START)
    step = make().minimize(loss_of(w))
    with pf.Session(backend) as session:
        for point in expected:
            session.run(step)
            np.testing.assert_allclose(session.run(w.handle).tolist(), point, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["momentum", "adam"])
def test_the_path_on_jax_is_that_of_its_formula(name: str) -> None:
    make, expected = CASES[name]
    w = pf.Variable(START)
    step = make().minimize(loss_of(w))
    with pf.Session("jax") as session:
        call = session.prepare(step)
        for point in expected:
            call()
            np.testing.assert_allclose(session.run(w.handle).tolist(), point, rtol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_every_variable_steps_from_the_values_at_the_start(name: str) -> None:
    a, b = pf.Variable(2.0, dtype="float64"), pf.Variable(3.0, dtype="float64")
    step = CASES[name][0]().minimize(a * b)
    swapped = pf.Graph()
    with swapped.as_default():
        d, c = pf.Variable(3.0, dtype="float64"), pf.Variable(2.0, dtype="float64")
        other = CASES[name][0]().minimize(c * d)
        second = pf.Session()
        second.run([other])
    with pf.Session() as session:
        session.run(step)
        assert session.run([a, b]) == second.run([c, d])


@pytest.mark.parametrize("name", CASES)
def test_the_loss_fetched_with_a_step_is_that_before_the_step(name: str) -> None:
    w = pf.Variable(START)
    loss = loss_of(w)
    step = CASES[name][0]().minimize(loss)
    with pf.Session() as session:
        before = session.run(loss)
        assert session.run([step, loss])[1] == before
        assert session.run(loss) < before


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtypes", [("float64", "float32"), ("float32", "float64"), ("float16", "float32")], ids=str)
def test_variables_of_different_dtypes_are_trained_together(name: str, dtypes: tuple[str, str]) -> None:
    a, b = (pf.Variable(1.0, dtype=dtype) for dtype in dtypes)
    step = CASES[name][0]().minimize(pf.astype(a * a, "float64") + pf.astype(b * b, "float64"))
    with pf.Session() as session:
        session.run(step)
        found = session.run([a, b])
    assert [each.dtype.name for each in found] == list(dtypes)
    assert all(0.0 < float(each) < 1.0 for each in found)


@pytest.mark.parametrize(
    "make", [lambda: pf.placeholder("float32", (), name="rate"), lambda: pf.Variable(0.5, trainable=False, name="rate")]
)
def test_the_learning_rate_may_be_a_tensor_of_another_dtype(make: Any) -> None:
    rate = make()
    w = pf.Variable(1.0, dtype="float64")
    step = pf.train.GradientDescentOptimizer(rate).minimize(w * w)
    with pf.Session() as session:
        session.run(step, {rate: 0.25})
        found = session.run(w.handle)
    assert found == 0.5
    assert found.dtype == "float64"


def test_a_learning_rate_may_change_from_step_to_step() -> None:
    rate = pf.placeholder("float64", ())
    w = pf.Variable(1.0, dtype="float64")
    step = pf.train.AdamOptimizer(rate).minimize(w * w)
    with pf.Session() as session:
        session.run(step, {rate: 0.0})
        assert session.run(w.handle) == 1.0
        session.run(step, {rate: 0.5})
        assert session.run(w.handle) < 1.0


def test_only_trainable_variables_are_changed() -> None:
    a, b = pf.Variable(1.0), pf.Variable(1.0, trainable=False)
    step = pf.train.GradientDescentOptimizer(0.5).minimize(a * b)
    with pf.Session() as session:
        session.run(step)
        assert session.run([a, b]) == [0.5, 1.0]


def test_only_the_variables_of_var_list_are_changed() -> None:
    a, b = pf.Variable(1.0), pf.Variable(1.0)
    step = pf.train.GradientDescentOptimizer(0.5).minimize(a * b, var_list=[b])
    with pf.Session() as session:
        session.run(step)
        assert session.run([a, b]) == [1.0, 0.5]


def test_a_variable_that_the_loss_does_not_reach_is_left_alone() -> None:
    a, b = pf.Variable(1.0), pf.Variable(1.0)
    optimizer = pf.train.MomentumOptimizer(0.5, 0.9)
    pairs = optimizer.compute_gradients(a * a)
    assert [gradient is None for gradient, _ in pairs] == [False, True]
    with pf.Session() as session:
        session.run(optimizer.apply_gradients(pairs))
        assert session.run([a, b]) == [0.0, 1.0]
    assert optimizer.get_slot(b, "momentum") is None
    assert optimizer.get_slot(a, "momentum") is not None
    assert optimizer.get_slot_names() == ["momentum"]


def test_gradients_may_be_changed_between_computing_and_applying() -> None:
    w = pf.Variable([3.0, -4.0])
    optimizer = pf.train.GradientDescentOptimizer(1.0)
    clipped = [
        (pf.clip(gradient, -1.0, 1.0), variable) for gradient, variable in optimizer.compute_gradients(pf.sum(w * w))
    ]
    with pf.Session() as session:
        session.run(optimizer.apply_gradients(clipped))
        assert session.run(w.handle).tolist() == [2.0, -3.0]


def test_the_global_step_counts() -> None:
    w, count = pf.Variable(1.0), pf.Variable(0, trainable=False)
    step = pf.train.AdamOptimizer(0.1).minimize(w * w, global_step=count)
    with pf.Session() as session:
        for _ in range(3):
            session.run(step)
        found = session.run(count.handle)
    assert found == 3
    assert found.dtype == "int64"


def test_slots_are_not_trainable_and_start_at_zero() -> None:
    w = pf.Variable(START, name="w")
    optimizer = pf.train.AdamOptimizer(0.1)
    optimizer.minimize(loss_of(w))
    assert [each.name for each in pf.trainable_variables()] == ["w:0"]
    assert optimizer.get_slot_names() == ["m", "v"]
    slot = optimizer.get_slot(w, "m")
    assert slot is not None
    assert pf.Session().run(slot.handle).tolist() == [0.0, 0.0, 0.0]


def test_two_optimizers_keep_their_own_slots() -> None:
    w = pf.Variable(1.0)
    first, second = pf.train.AdamOptimizer(0.1), pf.train.AdamOptimizer(0.1)
    first.minimize(w * w)
    second.minimize(w * w)
    assert first.get_slot(w, "m") is not second.get_slot(w, "m")


def test_a_loss_without_variables_is_refused() -> None:
    with pytest.raises(
        GradientError, match=r"GradientDescent: there is nothing to train\n  found:   no trainable variable"
    ) as caught:
        pf.train.GradientDescentOptimizer(0.1).minimize(pf.constant(1.0))
    assert f"built at: {__file__}:" in str(caught.value)


def test_a_loss_that_depends_on_no_variable_is_refused() -> None:
    w = pf.Variable(1.0, name="w")
    with pytest.raises(
        GradientError, match=r"Adam: the loss depends on none of the variables\n  found:   w:0"
    ) as caught:
        pf.train.AdamOptimizer().minimize(pf.constant(1.0))
    assert f"built at: {__file__}:" in str(caught.value)
    del w


def test_an_optimizer_of_ones_own_says_what_a_step_is() -> None:
    class SignDescent(pf.train.Optimizer):
        """``w <- w - learning_rate * sign(g)``."""

        def update(self, gradient: Any, variable: Any) -> list[Any]:
            return [variable.assign_sub(self.learning_rate * pf.sign(gradient))]

    w = pf.Variable(START)
    step = SignDescent(0.5, "SignDescent").minimize(loss_of(w))
    with pf.Session() as session:
        session.run(step)
        np.testing.assert_allclose(session.run(w.handle), START - 0.5 * np.sign(gradient(START)))


def test_an_optimizer_without_an_update_says_so() -> None:
    w = pf.Variable(1.0)
    with pytest.raises(NotImplementedError, match="must say how it updates a variable"):
        pf.train.Optimizer(0.1, "nothing").minimize(w * w)


def test_a_classifier_learns_the_same_on_every_backend() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(40, 2)).astype("float32")
    labels = (points[:, 0] * points[:, 1] > 0).astype("int64")
    x, t = pf.placeholder("float32", (None, 2)), pf.placeholder("int64", (None,))
    w1, b1 = pf.Variable(rng.normal(size=(2, 8)).astype("float32")), pf.Variable(np.zeros(8, "float32"))
    w2, b2 = pf.Variable(rng.normal(size=(8, 2)).astype("float32")), pf.Variable(np.zeros(2, "float32"))
    logits = pf.matmul(pf.tanh(pf.matmul(x, w1) + b1), w2) + b2
    one_hot = pf.nn.one_hot(t, 2)
    loss = -pf.mean(pf.sum(one_hot * pf.nn.log_softmax(logits), axis=-1))
    step = pf.train.AdamOptimizer(0.05).minimize(loss)
    curves = []
    for backend in ("numpy", "jax"):
        with pf.Session(backend) as session:
            call = session.prepare([loss, step], [x, t])
            curves.append([float(call(points, labels)[0]) for _ in range(60)])
    assert curves[0][-1] < 0.5 * curves[0][0]
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-4)


def test_adagrad_starts_above_0() -> None:
    with pytest.raises(ValueRangeError, match="AdagradOptimizer: no initial_accumulator_value"):
        pf.train.AdagradOptimizer(0.5, 0.0)
