"""Products, decompositions and solutions of the reference backend against NumPy, and against what they promise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from polyflow_reference import namespace as xp
from reference_oracle import (
    COMPLEXES,
    FLOATS,
    INTEGERS,
    NUMERIC,
    assert_close,
    assert_same,
    samples,
    to_numpy,
    to_reference,
)

from polyflow.errors import ArgumentError, AxisError, ShapeError

KINDS = ["float64", "complex128"]
SHAPES = [(1, 1), (3, 3), (5, 5), (4, 2), (2, 4), (2, 3, 2), (3, 0), (0, 3), (0, 0)]
SQUARE = [(1, 1), (2, 2), (5, 5), (3, 4, 4), (0, 0), (0, 2, 2)]


def adjoint(x: np.ndarray) -> np.ndarray:
    return x.conj().swapaxes(-1, -2)


def assert_orthonormal(columns: np.ndarray) -> None:
    count = columns.shape[-1]
    expected = np.broadcast_to(np.eye(count), (*columns.shape[:-2], count, count))
    np.testing.assert_allclose(adjoint(columns) @ columns, expected, atol=1e-13)


@pytest.mark.parametrize("dtype", NUMERIC)
@pytest.mark.parametrize(
    "shapes",
    [((3, 4), (4, 2)), ((4,), (4, 2)), ((3, 4), (4,)), ((4,), (4,)), ((2, 1, 3, 4), (5, 4, 2)), ((3, 0), (0, 2)),
     ((0, 4), (4, 2)), ((2, 4), (3, 4, 0))],
)  # fmt: skip
def test_matrix_products(shapes: tuple[tuple[int, ...], tuple[int, ...]], dtype: str) -> None:
    x, y = samples(dtype, *shapes[0]), samples(dtype, *shapes[1], seed=1)
    wide = dtype if dtype in INTEGERS else "complex128" if dtype in COMPLEXES else "float64"
    with np.errstate(over="ignore"):
        expected = np.matmul(x.astype(wide), y.astype(wide)).astype(dtype)
    assert_close(to_reference(x) @ to_reference(y), expected, ulps=2 if wide != dtype else 16, scale=16.0)


@pytest.mark.parametrize("dtype", ["float32"])
def test_float32_products_accumulate_in_double_precision(dtype: str) -> None:
    x = xp.asarray([1e8, 1.0, -1e8], dtype=xp.float32)
    assert xp.matmul(x, xp.ones(3)).item() == 1.0


@pytest.mark.parametrize("axes", [0, 1, 2, ((0,), (1,)), ((1, 0), (0, 1)), ((-1,), (0,))])
@pytest.mark.parametrize("dtype", ["int32", "float64", "complex128"])
def test_tensor_products(axes: Any, dtype: str) -> None:
    x, y = samples(dtype, 3, 3), samples(dtype, 3, 3, seed=1)
    assert_close(
        xp.tensordot(to_reference(x), to_reference(y), axes=axes), np.tensordot(x, y, axes), ulps=32, scale=8.0
    )


@pytest.mark.parametrize("dtype", ["int16", "float64", "complex128"])
def test_vector_products(dtype: str) -> None:
    x, y = samples(dtype, 2, 3, 4), samples(dtype, 3, 4, seed=1)
    assert_close(xp.vecdot(to_reference(x), to_reference(y)), np.vecdot(x, y), ulps=32, scale=8.0)
    z = samples(dtype, 3, 1, seed=2)
    assert_close(xp.vecdot(to_reference(x), to_reference(z), axis=-2), np.vecdot(x, z, axis=-2), ulps=32, scale=8.0)


@pytest.mark.parametrize("dtype", ["int64", "float64", "complex128"])
def test_outer_and_cross_products(dtype: str) -> None:
    x, y = samples(dtype, 3), samples(dtype, 3, seed=1)
    linalg = xp.linalg
    assert_close(linalg.outer(to_reference(x), to_reference(y)), np.linalg.outer(x, y), ulps=4)
    stacked = samples(dtype, 2, 3, 4, seed=2)
    found = linalg.cross(to_reference(stacked), to_reference(x.reshape(3, 1)), axis=-2)
    assert_close(found, np.cross(stacked, x.reshape(3, 1) + 0 * stacked, axis=-2), ulps=32, scale=8.0)


@pytest.mark.parametrize("offset", [0, 1, -2, 9])
def test_diagonals_and_traces(offset: int) -> None:
    x = samples("int8", 2, 3, 4)
    assert_same(xp.linalg.diagonal(to_reference(x), offset=offset), np.linalg.diagonal(x, offset=offset))
    assert_same(xp.linalg.trace(to_reference(x), offset=offset), np.linalg.trace(x, offset=offset).astype("int64"))


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode", ["reduced", "complete"])
def test_qr(shape: tuple[int, ...], dtype: str, mode: Any) -> None:
    x = samples(dtype, *shape)
    q, r = map(to_numpy, xp.linalg.qr(to_reference(x), mode=mode))
    np.testing.assert_allclose(q @ r, x, atol=1e-13)
    assert_orthonormal(q)
    np.testing.assert_array_equal(r, np.triu(r))
    np.testing.assert_allclose(r, np.linalg.qr(x, mode=mode).R, atol=1e-12)


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("full_matrices", [False, True])
@pytest.mark.parametrize("kind", ["full rank", "rank one", "zero"])
def test_svd(shape: tuple[int, ...], dtype: str, full_matrices: bool, kind: str) -> None:
    x = samples(dtype, *shape)
    x = {
        "full rank": x,
        "rank one": x[..., :1].sum(-1, keepdims=True) * x[..., :1, :].sum(-2, keepdims=True),
        "zero": x * 0,
    }[kind]
    u, s, vh = map(to_numpy, xp.linalg.svd(to_reference(x), full_matrices=full_matrices))
    count = s.shape[-1]
    assert s.dtype == "float64"
    np.testing.assert_allclose(u[..., :count] * s[..., None, :] @ vh[..., :count, :], x, atol=1e-13)
    assert_orthonormal(u)
    assert_orthonormal(adjoint(vh))
    np.testing.assert_allclose(s, np.linalg.svdvals(x), atol=1e-13)


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e160, 1e300])
@pytest.mark.parametrize("name", ["svdvals", "eigvalsh", "eigvals"])
def test_decompositions_neither_overflow_nor_vanish(name: str, size: float) -> None:
    x = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 4.0]])
    found, expected = (to_numpy(getattr(xp.linalg, name)(to_reference(x * factor))) for factor in (size, 1.0))
    np.testing.assert_allclose(np.sort(found / size), np.sort(expected), rtol=1e-13)


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("shape", SQUARE)
def test_eigenvalues_of_hermitian_matrices(shape: tuple[int, ...], dtype: str) -> None:
    x = samples(dtype, *shape)
    x = x + adjoint(x)
    values, vectors = map(to_numpy, xp.linalg.eigh(to_reference(x)))
    np.testing.assert_allclose(x @ vectors, vectors * values[..., None, :], atol=1e-13)
    assert_orthonormal(vectors)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(x), atol=1e-13)
    assert_same(xp.linalg.eigvalsh(to_reference(x)), values)


MATRICES = {
    "rotation": [[0.0, -1.0], [1.0, 0.0]],
    "permutation": [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
    "defective": [[2.0, 1.0], [0.0, 2.0]],
    "zero": [[0.0, 0.0], [0.0, 0.0]],
    "nilpotent": [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]],
    "graded": [[1e8, 1.0], [1.0, 1e-8]],
}


@pytest.mark.parametrize("name", MATRICES)
def test_eigenvalues_of_awkward_matrices(name: str) -> None:
    x = np.array(MATRICES[name])
    values, vectors = map(to_numpy, xp.linalg.eig(to_reference(x)))
    np.testing.assert_allclose(x @ vectors, vectors * values, atol=1e-7 * max(1.0, np.abs(x).max() * 1e-8))
    expected = np.sort_complex(np.linalg.eigvals(x).astype("complex128").round(7))
    np.testing.assert_allclose(np.sort_complex(values.round(7)), expected, atol=2e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("shape", SQUARE)
def test_eigenvalues_of_general_matrices(shape: tuple[int, ...], dtype: str) -> None:
    x = samples(dtype, *shape)
    values, vectors = map(to_numpy, xp.linalg.eig(to_reference(x)))
    tolerance = 1e-13 if dtype.endswith(("4", "8")) and dtype != "complex64" else 1e-5
    assert values.dtype == vectors.dtype == (x[:0].astype("complex64") + x[:0]).dtype
    np.testing.assert_allclose(x @ vectors, vectors * values[..., None, :], atol=tolerance * 10)
    np.testing.assert_allclose(values.sum(-1), np.trace(x, axis1=-2, axis2=-1), atol=tolerance * 10)
    assert_same(xp.linalg.eigvals(to_reference(x)), values)


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("shape", SQUARE)
def test_elimination(shape: tuple[int, ...], dtype: str) -> None:
    x = samples(dtype, *shape)
    right = samples(dtype, *shape[:-1], 3, seed=1)
    linalg = xp.linalg
    assert_close(linalg.inv(to_reference(x)), np.linalg.inv(x), ulps=200, scale=10.0)
    assert_close(linalg.det(to_reference(x)), np.linalg.det(x), ulps=200, scale=10.0)
    assert_close(linalg.solve(to_reference(x), to_reference(right)), np.linalg.solve(x, right), ulps=200, scale=10.0)
    for found, expected in zip(linalg.slogdet(to_reference(x)), np.linalg.slogdet(x), strict=True):
        assert_close(found, expected, ulps=100, scale=10.0)
    for n in (0, 1, 3, -2):
        power = linalg.matrix_power(to_reference(x), n)
        np.testing.assert_allclose(to_numpy(power), np.linalg.matrix_power(x, n), rtol=1e-10, atol=1e-10)


def test_a_vector_is_one_right_side_and_batches_broadcast() -> None:
    x, b = samples("float64", 2, 3, 3), samples("float64", 3, seed=1)
    expected = np.stack([np.linalg.solve(matrix, b) for matrix in x])
    assert_close(xp.linalg.solve(to_reference(x), to_reference(b)), expected, ulps=100)
    rights = samples("float64", 4, 1, 3, 2, seed=1)
    assert_close(
        xp.linalg.solve(to_reference(x), to_reference(rights)), np.linalg.solve(x, rights), ulps=100, scale=4.0
    )


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("upper", [False, True])
def test_cholesky(dtype: str, upper: bool) -> None:
    x = samples(dtype, 2, 4, 4)
    x = x @ adjoint(x)
    assert_close(
        xp.linalg.cholesky(to_reference(x), upper=upper), np.linalg.cholesky(x, upper=upper), ulps=500, scale=2.0
    )


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2)])
def test_pseudo_inverses_and_ranks(shape: tuple[int, ...], dtype: str) -> None:
    for x in (samples(dtype, *shape), samples(dtype, *shape)[..., :1] @ samples(dtype, *shape)[..., :1, :]):
        assert_close(xp.linalg.pinv(to_reference(x)), np.linalg.pinv(x, rtol=1e-14), ulps=500, scale=4.0)
        assert_same(xp.linalg.matrix_rank(to_reference(x)), np.linalg.matrix_rank(x).astype("int64"))


def test_tolerances_may_differ_in_a_batch() -> None:
    x = np.stack([np.diag([1.0, 1e-3])] * 2)
    tolerances = to_reference(np.array([1e-2, 1e-4]))
    assert xp.linalg.matrix_rank(to_reference(x), rtol=tolerances).tolist() == [1, 2]
    assert xp.linalg.matrix_rank(to_reference(x), rtol=0.1).tolist() == [1, 1]
    assert_close(xp.linalg.pinv(to_reference(x), rtol=tolerances)[:, 1, 1], np.array([0.0, 1e3]), ulps=4)


@pytest.mark.parametrize("dtype", [*FLOATS[1:], *COMPLEXES])
@pytest.mark.parametrize("ord", ["fro", "nuc", 1, 2, math.inf, -1, -2, -math.inf, None])
@pytest.mark.parametrize("keepdims", [False, True])
def test_norms_of_matrices(dtype: str, ord: Any, keepdims: bool) -> None:
    x = samples(dtype, 2, 3, 4)
    order = "fro" if ord is None else ord
    found = xp.linalg.matrix_norm(to_reference(x), ord=ord, keepdims=keepdims)
    wide = x.astype("complex128" if dtype in COMPLEXES else "float64")
    expected = np.linalg.matrix_norm(wide, ord=order, keepdims=keepdims)
    assert_close(found, expected.astype(x.real.dtype), ulps=16)


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEXES])
@pytest.mark.parametrize("ord", [2, 1, 0, 3, -1, 0.5, math.inf, -math.inf])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
def test_norms_of_vectors(dtype: str, ord: float, axis: Any) -> None:
    x = samples(dtype, 2, 3, 4)
    found = xp.linalg.vector_norm(to_reference(x), ord=ord, axis=axis)
    wide = x.astype("complex128" if dtype in COMPLEXES else "float64")
    expected = np.linalg.vector_norm(wide, ord=ord, axis=axis)
    assert_close(found, expected.astype(x.real.dtype), ulps=16)


def test_a_length_does_not_overflow_on_the_way() -> None:
    assert xp.linalg.vector_norm(xp.asarray([3e200, 4e200], dtype=xp.float64)).item() == pytest.approx(5e200)


@pytest.mark.parametrize(
    "call",
    [lambda a: a.inv(xp.ones((2, 2))), lambda a: a.solve(xp.zeros((1, 1)), xp.ones(1)),
     lambda a: a.cholesky(-xp.eye(1)), lambda a: a.matrix_power(xp.zeros((2, 2)), -1),
     lambda a: a.svdvals(xp.asarray([[math.nan]])), lambda a: a.eigvals(xp.asarray([[math.inf]])),
     lambda a: a.eigvalsh(xp.asarray([[math.nan]])), lambda a: a.pinv(xp.asarray([[math.nan]]))],
)  # fmt: skip
def test_what_mathematics_does_not_give_is_nan(call: Any) -> None:
    assert xp.all(xp.isnan(call(xp.linalg)))


@pytest.mark.parametrize(
    ("call", "error"),
    [(lambda a: a.inv(xp.ones((2, 3))), ShapeError),
     (lambda a: a.det(xp.ones(2)), ShapeError), (lambda a: a.qr(xp.eye(2), mode="raw"), ArgumentError),
     (lambda a: a.matrix_norm(xp.eye(2), ord=3), ArgumentError),
     (lambda a: a.outer(xp.eye(2), xp.ones(2)), ShapeError),
     (lambda a: a.cross(xp.ones(2), xp.ones(2)), ShapeError), (lambda a: a.matmul(xp.ones(2), xp.ones(3)), ShapeError),
     (lambda a: a.matmul(xp.ones(()), xp.ones(3)), ShapeError),
     (lambda a: a.vecdot(xp.ones(2), xp.ones(3)), ShapeError),
     (lambda a: a.tensordot(xp.ones(2), xp.ones(2), axes=2), AxisError),
     (lambda a: a.solve(xp.eye(2), xp.ones(3)), ShapeError)],
)  # fmt: skip
def test_calls_that_make_no_sense_are_refused(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call(xp.linalg)
