"""On NumPy long rows are broadcast without buffers, and short ones are summed by products."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from polyflow_numpy import blocks, expressions, kernels
from polyflow_numpy.quiet import LONG, on_long_rows, quiet

import polyflow as pf
from polyflow.core.types import TensorType

GENERATOR = np.random.default_rng(0)
SHAPES = [(3, LONG), (40, LONG - 1), (2, 3, 1000), (100, 100), (1, 2000), (2000,)]


def test_buffers_are_short_inside_only() -> None:
    before = np.getbufsize()
    inside = on_long_rows(np.getbufsize)()
    assert inside < LONG < before
    assert np.getbufsize() == before
    assert quiet(np.getbufsize)() == before


def test_buffers_are_as_before_behind_an_error() -> None:
    before = np.getbufsize()
    with pytest.raises(ValueError, match="broadcast"):
        on_long_rows(np.subtract)(np.ones(2), np.ones(3))
    assert np.getbufsize() == before


@pytest.mark.parametrize(("width", "is_long"), [(LONG, True), (LONG - 1, False)])
def test_blocks_of_long_rows_are_worked_on_without_buffers(width: int, is_long: bool) -> None:
    sizes = []

    def function(x: Any, column: Any, room: Any) -> tuple[Any]:
        sizes.append(np.getbufsize())
        return (np.subtract(x, column, room),)

    matrix, column = (TensorType(pf.float32, (5000, each)) for each in (width, 1))
    x = GENERATOR.normal(size=(5000, width)).astype("float32")
    (found,) = blocks.in_rows(function, [matrix, column], [matrix])(x, x[:, :1])
    np.testing.assert_array_equal(found, x - x[:, :1])
    assert len(sizes) > 1
    assert all((each < LONG) == is_long for each in sizes)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_softmax_of_rows_is_the_formula(shape: tuple[int, ...], dtype: str) -> None:
    x = (30 * GENERATOR.normal(size=shape)).astype(dtype)
    powers = np.exp(x.astype("longdouble") - x.max(axis=-1, keepdims=True))
    expected = powers / powers.sum(axis=-1, keepdims=True)
    tolerance = 8 * np.finfo(dtype).eps
    found = kernels.softmax(x, axis=-1)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected.astype(dtype), rtol=tolerance * 30, atol=tolerance)
    found = kernels.log_softmax(x, axis=len(shape) - 1)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, np.log(expected).astype(dtype), rtol=tolerance, atol=tolerance * 30)


@pytest.mark.parametrize("width", [LONG, 100])
def test_a_row_that_is_not_finite_leaves_others_alone(width: int) -> None:
    x = GENERATOR.normal(size=(200, width))
    expected = kernels.softmax(x, axis=1)
    x[3], x[5, 7] = -np.inf, np.nan
    found = quiet(kernels.softmax)(x, axis=1)
    assert np.isnan(found[[3, 5]]).all()
    rest = np.delete(np.arange(200), [3, 5])
    np.testing.assert_array_equal(found[rest], expected[rest])


def test_rows_that_lie_apart_are_summed_too() -> None:
    x = GENERATOR.normal(size=(100, 200)).T
    np.testing.assert_allclose(kernels.softmax(x, axis=1), kernels.softmax(x.copy(), axis=1), rtol=1e-13)


def test_ones_are_shared_and_nobody_writes_to_them() -> None:
    ones = expressions.shared_ones((3, 1), "float32")
    assert expressions.shared_ones((3, 1), "float32") is ones
    with pytest.raises(ValueError, match="read-only"):
        ones[0] = 2


def written(y: pf.Tensor, *feeds: pf.Tensor) -> str:
    return pf.Session().explain(y, {each: np.ones(each.shape, "float32") for each in feeds})


LARGE = (1024, 400)
SQUARES = {
    "sum": lambda x: pf.sum(pf.square(x), axis=-1),
    "sum, kept": lambda x: pf.sum(pf.square(x), axis=1, keepdims=True),
    "mean": lambda x: pf.mean(pf.square(x), axis=(1,)),
    "mean, kept": lambda x: pf.mean(pf.square(x), axis=-1, keepdims=True),
    "variance": lambda x: pf.nn.moments(x, -1, keepdims=True)[1],
    "norm": lambda x: pf.nn.layer_norm(x),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", ["rows", "columns"])
@pytest.mark.parametrize("build", SQUARES.values(), ids=SQUARES)
def test_squares_along_large_rows_are_summed_by_products(build: Any, order: str, dtype: str) -> None:
    x = pf.placeholder(dtype, LARGE, name="x")
    y = build(x)
    value = GENERATOR.normal(1.0, 2.0, LARGE).astype(dtype)
    value = np.asfortranarray(value) if order == "columns" else value
    assert "k_square" not in pf.Session().explain(y, {x: value})
    assert "k_vecdot" in pf.Session().explain(y, {x: value})
    found, plain = (pf.Session(optimise=each).run(y, {x: value}) for each in (True, False))
    assert found.dtype == plain.dtype
    assert found.shape == plain.shape
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(found, plain, rtol=100 * eps, atol=10 * eps)


@pytest.mark.parametrize(
    ("shape", "build"),
    [
        (LARGE, lambda x: pf.sum(pf.square(x), axis=0)),
        (LARGE, lambda x: pf.sum(pf.square(x), axis=(0, 1))),
        (LARGE, lambda x: pf.sum(pf.square(x))),
        (LARGE, lambda x: pf.sum(pf.abs(x), axis=1)),
        (LARGE, lambda x: pf.sum(squares := pf.square(x), axis=1, keepdims=True) * squares),
        (LARGE, lambda x: pf.sum(pf.square(pf.astype(x, "int32")), axis=1)),
        (LARGE, lambda x: pf.sum(pf.square(pf.astype(x, "float16")), axis=1)),
        (LARGE, lambda x: pf.sum(pf.square(pf.astype(x, "complex64")), axis=1)),
        ((10, 400), lambda x: pf.sum(pf.square(x), axis=1)),
        ((10000, 100), lambda x: pf.sum(pf.square(x), axis=1)),
        ((1000, 600), lambda x: pf.sum(pf.square(x), axis=1)),
        ((1 << 17,), lambda x: pf.sum(pf.square(x), axis=0)),
    ],
    ids=["columns", "both", "all", "others", "read twice", "int", "half", "complex", "few", "short", "long", "one row"],
)
def test_other_squares_are_summed_as_they_were(shape: tuple[int, ...], build: Any) -> None:
    x = pf.placeholder("float32", shape, name="x")
    assert "k_vecdot" not in written(build(x), x)


def test_squares_that_are_not_finite_sum_to_what_they_did() -> None:
    x = pf.placeholder("float32", LARGE, name="x")
    value = np.ones(LARGE, "float32")
    value[0, 0], value[1, 3], value[2, 5] = np.inf, np.nan, 1e30
    found = pf.Session().run(pf.mean(pf.square(x), axis=1), {x: value})
    np.testing.assert_array_equal(found[:4], np.asarray([np.inf, np.nan, np.inf, 1], "float32"))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("keepdims", [True, False])
def test_large_matrices_of_long_rows_are_summed_row_by_row(keepdims: bool, order: Any) -> None:
    x = pf.placeholder("float32", LARGE, name="x")
    y = pf.sum(x, axis=1, keepdims=keepdims)
    assert "k_row_sums" in written(y, x)
    value = np.asarray(GENERATOR.normal(1.0, 2.0, LARGE), "float32", order=order)
    found = pf.Session().run(y, {x: value})
    np.testing.assert_allclose(found, value.sum(axis=1, keepdims=keepdims), rtol=1e-5)
    assert found.shape == ((1024, 1) if keepdims else (1024,))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("shape", [(), (3, 5), (0, 4), (2047,), (32, 64), (4, 8, 100), (512, 512), (513, 512)], ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_relu_is_the_larger_of_x_and_zero_at_any_size(shape: tuple[int, ...], order: Any, dtype: str) -> None:
    x = np.asarray(3 * GENERATOR.normal(size=shape), dtype, order=order)
    if shape and x.size and dtype != "int32":
        x.flat[:3] = np.nan, -np.inf, -0.0
    room = np.full_like(x, 7)
    for found in (kernels.relu(x), kernels.relu(x, room)):
        np.testing.assert_array_equal(found, np.where(x != x, x, np.where(x > 0, x, np.zeros((), dtype))))
        assert found.dtype == dtype
        assert not np.signbit(found[~np.isnan(found)]).any()
    assert np.array_equal(room, kernels.relu(x), equal_nan=dtype != "int32")


def test_squares_that_are_fed_are_summed_as_they_are() -> None:
    squares = pf.square(pf.placeholder("float32", LARGE, name="x"))
    found = pf.Session().run(pf.mean(squares, axis=1), {squares: np.full(LARGE, 3, "float32")})
    np.testing.assert_array_equal(found, np.full(LARGE[0], 3, "float32"))
