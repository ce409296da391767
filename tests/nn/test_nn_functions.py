"""Composed functions of neural networks equal their formulas in NumPy, and have finite gradients where that is hard."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from symbolic import BACKENDS, run, slope

import polyflow as pf
from polyflow.errors import ArgumentError, ValueRangeError

G = np.random.default_rng(0)
X = G.normal(size=(4, 3))


def softmax(x: Any) -> Any:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("backend", BACKENDS)
def test_attention_is_the_softmax_of_products_times_values(backend: str) -> None:
    q, k, v = G.normal(size=(2, 4, 3)), G.normal(size=(2, 5, 3)), G.normal(size=(2, 5, 2))
    logits = q @ k.swapaxes(-1, -2) / np.sqrt(3)
    np.testing.assert_allclose(run(pf.nn.attention, q, k, v, backend=backend), softmax(logits) @ v, rtol=1e-12)
    causal = np.where(np.arange(4)[:, None] >= np.arange(5), logits, -np.inf)
    found = run(lambda q, k, v: pf.nn.attention(q, k, v, is_causal=True), q, k, v, backend=backend)
    np.testing.assert_allclose(found, softmax(causal) @ v, rtol=1e-12)
    mask = G.normal(size=(4, 5)) > 0
    mask[:, 0] = True
    found = run(lambda q, k, v, m: pf.nn.attention(q, k, v, m), q, k, v, mask, backend=backend)
    np.testing.assert_allclose(found, softmax(np.where(mask, logits, -np.inf)) @ v, rtol=1e-12)
    bias = G.normal(size=(2, 1, 5))
    found = run(lambda q, k, v, m: pf.nn.attention(q, k, v, m), q, k, v, bias, backend=backend)
    np.testing.assert_allclose(found, softmax(logits + bias) @ v, rtol=1e-12)


def test_a_query_that_sees_nothing_gets_zeros_and_a_finite_gradient() -> None:
    q, k, v, mask = G.normal(size=(2, 3)), G.normal(size=(4, 3)), G.normal(size=(4, 2)), np.zeros((2, 4), bool)
    assert not run(pf.nn.attention, q, k, v, mask).any()
    assert not slope(pf.nn.attention, q, k, v, mask).any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_moments_and_normalizations_follow_their_formulas(backend: str) -> None:
    x = G.normal(size=(2, 3, 4))
    mean, variance = run(lambda x: pf.nn.moments(x, [0, 2]), x, backend=backend)
    np.testing.assert_allclose([mean, variance], [x.mean(axis=(0, 2)), x.var(axis=(0, 2))], rtol=1e-12)
    weights = np.abs(G.normal(size=(4,)))
    mean, variance = run(lambda x, w: pf.nn.weighted_moments(x, -1, w), x, weights, backend=backend)
    expected = np.average(x, axis=-1, weights=weights)
    np.testing.assert_allclose(mean, expected, rtol=1e-12)
    np.testing.assert_allclose(
        variance, np.average((x - expected[..., None]) ** 2, axis=-1, weights=weights), rtol=1e-12
    )
    found = run(lambda x: pf.nn.layer_norm(x, 2.0, 1.0, axis=(1, 2), epsilon=1e-5), x, backend=backend)
    center, spread = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found, (x - center) / np.sqrt(spread + 1e-5) * 2 + 1, rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_batch_norm_moves_its_averages_when_it_is_told_to(backend: str) -> None:
    mean, variance = pf.Variable(np.zeros(3), trainable=False), pf.Variable(np.ones(3), trainable=False)
    x = pf.placeholder("float64", (None, 3))
    averages = {"moving_mean": mean, "moving_variance": variance}
    y, update = pf.nn.batch_norm(x, 2.0, 0.5, momentum=0.9, **averages)
    still, none = pf.nn.batch_norm(x, is_training=False, **averages)
    assert none is None
    session = pf.Session(backend)
    first = np.asarray(session.run(y, {x: X}))
    np.testing.assert_allclose(first, (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-3) * 2 + 0.5, rtol=1e-12)
    assert not np.asarray(session.run(mean)).any()
    session.run([y, update], {x: X})
    np.testing.assert_allclose(np.asarray(session.run(mean)), 0.1 * X.mean(0), rtol=1e-12)
    np.testing.assert_allclose(np.asarray(session.run(variance)), 0.9 + 0.1 * X.var(0), rtol=1e-12)
    expected = (X - 0.1 * X.mean(0)) / np.sqrt(0.9 + 0.1 * X.var(0) + 1e-3)
    np.testing.assert_allclose(np.asarray(session.run(still, {x: X})), expected, rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_local_response_normalization_divides_by_the_squares_near_by(backend: str) -> None:
    x = G.normal(size=(2, 7))
    expected = np.zeros_like(x)
    for n, c in np.ndindex(x.shape):
        near = x[n, max(c - 2, 0) : c + 3]
        expected[n, c] = x[n, c] / (1.5 + 0.3 * np.sum(near**2)) ** 0.75
    np.testing.assert_allclose(run(lambda x: pf.nn.lrn(x, 2, 1.5, 0.3, 0.75), x, backend=backend), expected, rtol=1e-12)


LABELS = (G.normal(size=(4, 3)) > 0).astype("float64")
CHANCES = G.uniform(0.1, 0.9, size=(4, 3))
ELEMENTS: dict[str, tuple[Any, Any, Any]] = {
    "mean_squared_error": (LABELS, X, (X - LABELS) ** 2),
    "absolute_difference": (LABELS, X, np.abs(X - LABELS)),
    "hinge_loss": (LABELS, X, np.maximum(0, 1 - (2 * LABELS - 1) * X)),
    "huber_loss": (
        LABELS,
        X * 3,
        np.where(abs(X * 3 - LABELS) <= 1, (X * 3 - LABELS) ** 2 / 2, abs(X * 3 - LABELS) - 0.5),
    ),
    "log_loss": (LABELS, CHANCES, -LABELS * np.log(CHANCES + 1e-7) - (1 - LABELS) * np.log(1 - CHANCES + 1e-7)),
    "sigmoid_cross_entropy": (LABELS, X, np.log1p(np.exp(X)) - LABELS * X),
}
WEIGHTS = np.asarray([[1.0], [0.0], [2.0], [0.5]])
REDUCTIONS = {
    "none": lambda losses: losses * WEIGHTS,
    "weighted_sum": lambda losses: (losses * WEIGHTS).sum(),
    "weighted_mean": lambda losses: (losses * WEIGHTS).sum() / (WEIGHTS.sum() * 3),
    "weighted_sum_over_batch_size": lambda losses: (losses * WEIGHTS).sum() / 12,
    "weighted_sum_by_nonzero_weights": lambda losses: (losses * WEIGHTS).sum() / 9,
}


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ELEMENTS)
def test_a_loss_is_weighed_and_reduced(name: str, reduction: str) -> None:
    labels, predictions, losses = ELEMENTS[name]
    function = getattr(pf.nn, name)
    found = run(lambda y, p, w: function(y, p, w, reduction=reduction), labels, predictions, WEIGHTS)
    np.testing.assert_allclose(found, REDUCTIONS[reduction](losses), rtol=1e-10)


def test_losses_over_an_axis_equal_their_formulas() -> None:
    found = run(lambda y, p: pf.nn.cosine_distance(y, p, 1), LABELS, X)
    np.testing.assert_allclose(found, np.mean(1 - (LABELS * X).sum(axis=1)), rtol=1e-12)
    one_hot = np.eye(3)[[0, 2, 1, 1]]
    logs = np.log(softmax(X))
    found = run(lambda y, p: pf.nn.softmax_cross_entropy(y, p, label_smoothing=0.3), one_hot, X)
    np.testing.assert_allclose(found, np.mean(-((one_hot * 0.7 + 0.1) * logs).sum(axis=1)), rtol=1e-12)
    found = run(pf.nn.sparse_softmax_cross_entropy, np.asarray([0, 2, 1, 1]), X)
    np.testing.assert_allclose(found, np.mean(-(one_hot * logs).sum(axis=1)), rtol=1e-12)


def test_weights_that_are_all_zero_give_a_loss_and_a_gradient_of_zero() -> None:
    assert run(lambda p: pf.nn.mean_squared_error(LABELS, p, 0.0), X) == 0
    assert not slope(lambda p: pf.nn.mean_squared_error(LABELS, p, 0.0), X).any()


@pytest.mark.parametrize("ord", ["euclidean", 1, 2, 3, np.inf])
def test_norms_equal_numpys(ord: Any) -> None:
    order = 2 if ord == "euclidean" else ord
    found = run(lambda x: pf.norm(x, ord, axis=1), X)
    np.testing.assert_allclose(found, np.linalg.norm(X, order, axis=1), rtol=1e-12)


@pytest.mark.parametrize("ord", ["fro", 1, np.inf])
@pytest.mark.parametrize("axis", [(1, 2), (2, 0)])
def test_norms_of_matrices_equal_numpys(ord: Any, axis: tuple[int, int]) -> None:
    x = G.normal(size=(2, 3, 4))
    found = run(lambda x: pf.norm(x, ord, axis=axis), x)
    np.testing.assert_allclose(found, np.linalg.norm(x, ord, axis=axis), rtol=1e-12)


def test_clipping_shortens_what_is_longer_and_its_gradient_is_finite_at_zero() -> None:
    np.testing.assert_allclose(run(lambda x: pf.clip_by_norm(x, 0.5), X), X * 0.5 / np.linalg.norm(X), rtol=1e-12)
    assert np.array_equal(run(lambda x: pf.clip_by_norm(x, 50.0), X), X)
    assert np.array_equal(slope(lambda x: pf.clip_by_norm(x, 1.0), np.zeros(3)), np.ones(3))
    assert np.array_equal(slope(lambda x: pf.global_norm([x, x]), np.zeros(3)), np.zeros(3))
    first, second, length = run(
        lambda x, y: [*pf.clip_by_global_norm([x, y], 1.0)[0], pf.global_norm([x, y])], X, 2 * X
    )
    np.testing.assert_allclose(length, np.sqrt(5) * np.linalg.norm(X), rtol=1e-12)
    np.testing.assert_allclose([first, second], [X / length, 2 * X / length], rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_dropout_keeps_the_share_it_says_and_scales_it(backend: str) -> None:
    x = np.ones((40, 50), "float32")
    found = run(lambda x: pf.nn.dropout(x, rate=0.25, seed=3), x, backend=backend)
    assert set(np.unique(found)) == {np.float32(0), np.float32(1) / np.float32(0.75)}
    assert abs(np.mean(found != 0) - 0.75) < 0.03
    rows = run(lambda x: pf.nn.dropout(x, 0.5, noise_shape=(40, 1)), x, backend=backend)
    assert all(len(set(row)) == 1 for row in rows.tolist())


def test_dropout_draws_anew_in_each_run_and_the_gradient_sees_the_same_draw() -> None:
    x = pf.placeholder("float32", (100,))
    y = pf.nn.dropout(x, rate=0.5)
    (g,) = pf.gradients(pf.sum(y), x)
    session, ones = pf.Session(), np.ones(100, "float32")
    value, slope_there = session.run([y, g], {x: ones})
    assert np.array_equal(value, slope_there)
    assert not np.array_equal(value, session.run(y, {x: ones}))


def test_dropout_says_what_it_cannot_do() -> None:
    with pytest.raises(ArgumentError, match="keep_prob or rate"):
        pf.nn.dropout(pf.ones((2,)))
    with pytest.raises(ValueRangeError, match="dropout cannot keep so many"):
        pf.nn.dropout(pf.ones((2,)), rate=1.0)


def test_an_embedding_gets_its_gradient_in_the_rows_looked_up() -> None:
    found = slope(lambda table: pf.nn.embedding_lookup(table, [2, 0, 2]), np.ones((4, 2)))
    assert found[:, 0].tolist() == [1, 0, 2, 0]
