"""Convolutions, poolings and patches of every kind equal loops over their definitions."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from symbolic import BACKENDS, run, slope

import polyflow as pf

Array = np.ndarray[Any, Any]
GENERATOR = np.random.default_rng(0)


def pads_of(size: int, window: int, stride: int, dilation: int, padding: str) -> tuple[int, int, int]:
    """The padding in front and behind, and how many windows there are (TensorFlow, "tf.nn.convolution")."""
    reach = (window - 1) * dilation + 1
    if padding == "VALID":
        return 0, 0, (size - reach) // stride + 1
    count = -(-size // stride)
    total = max((count - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2, count


def convolved(x: Array, w: Array, strides: tuple[int, ...], padding: str, dilations: tuple[int, ...]) -> Array:
    """Channels last, any number of spatial axes, by the definition."""
    rank = x.ndim - 2
    geometry = [pads_of(x.shape[1 + a], w.shape[a], strides[a], dilations[a], padding) for a in range(rank)]
    y = np.zeros((x.shape[0], *(each[2] for each in geometry), w.shape[-1]))
    for place in np.ndindex(y.shape[1:-1]):
        for tap in np.ndindex(w.shape[:rank]):
            source = [place[a] * strides[a] + tap[a] * dilations[a] - geometry[a][0] for a in range(rank)]
            if all(0 <= source[a] < x.shape[1 + a] for a in range(rank)):
                y[(slice(None), *place)] += x[(slice(None), *source)] @ w[tap]
    return y


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("stride", "dilation", "padding"), [(1, 1, "SAME"), (2, 1, "VALID"), (3, 1, "SAME"), (1, 2, "SAME")]
)
def test_conv1d_and_conv3d_follow_their_definition(backend: str, stride: int, dilation: int, padding: str) -> None:
    x, w = GENERATOR.normal(size=(2, 7, 3)), GENERATOR.normal(size=(3, 3, 2))
    found = run(lambda x, w: pf.nn.conv1d(x, w, stride, padding, dilations=dilation), x, w, backend=backend)
    np.testing.assert_allclose(found, convolved(x, w, (stride,), padding, (dilation,)), atol=1e-12)
    x, w = GENERATOR.normal(size=(1, 4, 5, 3, 2)), GENERATOR.normal(size=(2, 3, 2, 2, 2))
    steps, gaps = (stride, 1, stride), (1, dilation, 1)
    found = run(lambda x, w: pf.nn.conv3d(x, w, strides=steps, padding=padding, dilations=gaps), x, w, backend=backend)
    np.testing.assert_allclose(found, convolved(x, w, steps, padding, gaps), atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_depthwise_and_separable_convolutions_treat_channels_apart(backend: str, padding: str) -> None:
    x, w, mix = (GENERATOR.normal(size=shape) for shape in ((1, 5, 4, 2), (2, 3, 2, 3), (1, 1, 6, 2)))
    parts = [convolved(x[..., c : c + 1], w[:, :, c : c + 1, :], (2, 2), padding, (1, 1)) for c in range(2)]
    apart = np.concatenate(parts, axis=-1)
    found = run(lambda x, w: pf.nn.depthwise_conv2d(x, w, 2, padding), x, w, backend=backend)
    np.testing.assert_allclose(found, apart, atol=1e-12)
    found = run(lambda x, w, m: pf.nn.separable_conv2d(x, w, m, 2, padding), x, w, mix, backend=backend)
    np.testing.assert_allclose(found, apart @ mix[0, 0], atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("stride", "padding", "size"), [(2, "SAME", 6), (2, "VALID", 7), (1, "SAME", 3), (3, "VALID", 9)]
)
def test_a_transposed_convolution_is_the_gradient_of_one(backend: str, stride: int, padding: str, size: int) -> None:
    w, g = GENERATOR.normal(size=(3, 3, 2, 4)), GENERATOR.normal(size=(1, 3, 3, 4))
    found = run(lambda g, w: pf.nn.conv2d_transpose(g, w, None, stride, padding), g, w, backend=backend)
    assert found.shape == (1, size, size, 2)
    x = np.zeros(found.shape)
    strides = (stride, stride)
    for place in np.ndindex(x.shape):  # the map is linear: its transpose, column by column
        unit = np.zeros_like(x)
        unit[place] = 1
        x[place] = np.sum(convolved(unit, w, strides, padding, (1, 1)) * g)
    np.testing.assert_allclose(found, x, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_transposed_convolution_of_volumes_is_the_gradient_of_one(backend: str) -> None:
    w, g = GENERATOR.normal(size=(2, 1, 2, 1, 2)), GENERATOR.normal(size=(1, 2, 2, 2, 2))
    x = np.zeros((1, 3, 2, 4, 1))
    for place in np.ndindex(x.shape):
        unit = np.zeros_like(x)
        unit[place] = 1
        x[place] = np.sum(convolved(unit, w, (2, 1, 2), "SAME", (1, 1, 1)) * g)
    found = run(lambda g, w: pf.nn.conv3d_transpose(g, w, x.shape, (2, 1, 2)), g, w, backend=backend)
    np.testing.assert_allclose(found, x, atol=1e-12)


def pooled(x: Array, window: tuple[int, ...], strides: tuple[int, ...], padding: str, fold: Any) -> Array:
    rank = x.ndim - 2
    geometry = [pads_of(x.shape[1 + a], window[a], strides[a], 1, padding) for a in range(rank)]
    y = np.zeros((x.shape[0], *(each[2] for each in geometry), x.shape[-1]))
    for place in np.ndindex(y.shape[1:-1]):
        ranges = []
        for a in range(rank):
            start = place[a] * strides[a] - geometry[a][0]
            ranges.append(range(max(start, 0), min(start + window[a], x.shape[1 + a])))
        y[(slice(None), *place)] = fold([x[(slice(None), *each)] for each in product(*ranges)], axis=0)
    return y


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("kind", ["max", "avg"])
def test_pooling_of_sequences_and_volumes_folds_each_window(backend: str, padding: str, kind: str) -> None:
    fold = np.max if kind == "max" else np.mean
    x = GENERATOR.normal(size=(2, 7, 3))
    found = run(lambda x: getattr(pf.nn, f"{kind}_pool1d")(x, 3, 2, padding), x, backend=backend)
    np.testing.assert_allclose(found, pooled(x, (3,), (2,), padding, fold), atol=1e-12)
    x = GENERATOR.normal(size=(1, 3, 5, 4, 2))
    found = run(lambda x: getattr(pf.nn, f"{kind}_pool3d")(x, (2, 3, 2), (1, 2, 2), padding), x, backend=backend)
    np.testing.assert_allclose(found, pooled(x, (2, 3, 2), (1, 2, 2), padding, fold), atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("stride", "rate", "padding"), [(1, 1, "VALID"), (2, 1, "SAME"), (1, 2, "SAME"), (2, 2, "VALID")]
)
def test_patches_are_the_windows_in_row_major_order(backend: str, stride: int, rate: int, padding: str) -> None:
    x = GENERATOR.normal(size=(1, 6, 7, 2))
    (top, _, rows), (left, _, columns) = (pads_of(x.shape[a], 2 + a - 1, stride, rate, padding) for a in (1, 2))
    expected = np.zeros((1, rows, columns, 2, 3, 2))
    for i, j, a, b in np.ndindex(rows, columns, 2, 3):
        row, column = i * stride + a * rate - top, j * stride + b * rate - left
        if 0 <= row < 6 and 0 <= column < 7:
            expected[0, i, j, a, b] = x[0, row, column]
    given = [1, 2, 3, 1], [1, stride, stride, 1], [1, rate, rate, 1], padding
    found = run(lambda x: pf.extract_image_patches(x, *given), x, backend=backend)
    assert np.array_equal(found, expected.reshape(1, rows, columns, 12))
    found = run(lambda x: pf.extract_patches(x, (2, 3), strides=stride, rates=rate, padding=padding), x[0, :, :, 0])
    assert np.array_equal(found, expected[0, ..., 0])


def test_the_gradient_of_patches_counts_how_often_an_element_is_seen() -> None:
    found = slope(lambda x: pf.extract_patches(x, 2), np.ones((3, 3)))
    assert found.tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
