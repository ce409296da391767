"""Linear algebra where it is special: named results, degenerate matrices, what has no gradient, agreement with JAX."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import GradientError


def run(*fetches):
    found = pf.Session().run(list(fetches))
    return found[0] if len(fetches) == 1 else found


def matrix(*shape, dtype="float64", seed=0):
    generator = np.random.default_rng(seed)
    numbers = generator.normal(size=shape)
    if dtype == "complex128":
        numbers = numbers + 1j * generator.normal(size=shape)
    return numbers.astype(dtype)


def gradient(function, x):
    x = pf.constant(x)
    return run(pf.gradients(function(x), x)[0])


NAMES = {
    "slogdet": (pf.linalg.slogdet, ("sign", "logabsdet")),
    "qr": (pf.linalg.qr, ("Q", "R")),
    "svd": (pf.linalg.svd, ("U", "S", "Vh")),
    "eigh": (pf.linalg.eigh, ("eigenvalues", "eigenvectors")),
    "eig": (pf.linalg.eig, ("eigenvalues", "eigenvectors")),
    "unique_all": (pf.unique_all, ("values", "indices", "inverse_indices", "counts")),
    "unique_counts": (pf.unique_counts, ("values", "counts")),
    "unique_inverse": (pf.unique_inverse, ("values", "inverse_indices")),
}


@pytest.mark.parametrize(("op", "names"), NAMES.values(), ids=NAMES)
def test_results_have_the_names_of_the_standard_in_the_graph_and_from_a_session(op, names):
    result = op(pf.constant([[2.0, 1.0], [1.0, 3.0]]))
    assert result._fields == names
    assert run(result)._fields == names


def test_the_main_namespace_and_linalg_share_their_products():
    assert pf.linalg.matmul is pf.matmul
    assert pf.linalg.vecdot is pf.vecdot


def test_shapes_are_inferred_from_what_is_known():
    x = pf.placeholder("float32", (None, 3, None))
    assert [each.shape for each in pf.linalg.svd(x, full_matrices=False)] == [
        (None, 3, None),
        (None, None),
        (None,) * 3,
    ]
    assert pf.linalg.svd(x).U.shape == (None, 3, 3)
    assert pf.linalg.inv(x).shape == (None, 3, None)
    assert pf.linalg.diagonal(x).shape == (None, None)
    assert pf.linalg.eig(x).eigenvalues.dtype is pf.complex64
    assert pf.linalg.det(pf.placeholder()).shape is None


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_the_eigenvalues_of_a_multiple_of_the_identity_have_a_gradient(dtype):
    x = 2 * np.eye(3, dtype=dtype)
    np.testing.assert_allclose(gradient(lambda x: pf.sum(pf.linalg.eigvalsh(x)), x), np.eye(3), atol=1e-14)
    np.testing.assert_allclose(gradient(lambda x: pf.sum(pf.linalg.svdvals(x)), x), np.eye(3), atol=1e-14)
    found = gradient(lambda x: pf.sum(pf.real(pf.linalg.eigvals(x))), x)
    np.testing.assert_allclose(found, np.eye(3), atol=1e-14)


DECOMPOSITIONS = {
    "eigh": (lambda x: pf.linalg.eigh(x).eigenvalues, lambda x: pf.linalg.eigh(x).eigenvectors),
    "svd": (lambda x: pf.linalg.svd(x).S, lambda x: pf.linalg.svd(x).U),
    "eig": (lambda x: pf.real(pf.linalg.eig(x).eigenvalues), lambda x: pf.real(pf.linalg.eig(x).eigenvectors)),
}


@pytest.mark.parametrize(("of_values", "of_vectors"), DECOMPOSITIONS.values(), ids=DECOMPOSITIONS)
def test_equal_values_have_gradients_and_their_vectors_are_not_given_a_wrong_one(of_values, of_vectors):
    x = 3 * np.eye(2)
    np.testing.assert_allclose(gradient(lambda x: pf.sum(of_values(x)), x), np.eye(2))
    assert np.isnan(gradient(lambda x: of_vectors(x)[0, 1], x)).any()


def test_zeros_beside_values_that_differ_do_not_hide_a_second_derivative():
    def rebuilt(x):
        w, v = pf.linalg.eigh(x)
        return ((v * pf.expand_dims(w * w, axis=-2)) @ v.mT)[0, 0]

    found = gradient(lambda x: pf.gradients(rebuilt(x), x)[0][0, 1], np.diag([1.0, 2.0]))
    np.testing.assert_allclose(found, [[0.0, 0.5], [0.5, 0.0]], atol=1e-14)  # of (x @ x)[0, 0], x kept symmetric


def test_the_gradient_of_a_vanishing_determinant_is_the_matrix_of_cofactors():
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    cofactors = np.array([[-3.0, 6.0, -3.0], [6.0, -12.0, 6.0], [-3.0, 6.0, -3.0]])
    np.testing.assert_allclose(gradient(pf.linalg.det, x), cofactors, atol=1e-13)
    np.testing.assert_array_equal(gradient(pf.linalg.det, np.zeros((3, 3))), 0)


def test_second_derivatives_of_a_determinant_hold_for_matrices_of_any_rank():
    for x in (np.zeros((2, 2)), np.ones((2, 2)), np.eye(2), np.diag([2.0, 0.0])):
        found = gradient(lambda x: pf.gradients(pf.linalg.det(x), x)[0][0, 0], x)
        np.testing.assert_allclose(found, [[0.0, 0.0], [0.0, 1.0]], atol=1e-14)


def test_third_derivatives_of_a_determinant_hold_where_singular_values_are_equal():
    def second(x):
        return pf.gradients(pf.gradients(pf.linalg.det(x), x)[0][0, 0], x)[0][1, 1]

    np.testing.assert_allclose(gradient(second, np.eye(3)), np.diag([0.0, 0.0, 1.0]), atol=1e-14)


@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, 2, -2, float("inf"), -float("inf")])
def test_the_gradient_of_the_norm_of_a_zero_matrix_is_zero(ord):
    found = gradient(lambda x: pf.linalg.matrix_norm(x, ord=ord), np.zeros((2, 3)))
    assert np.isfinite(found).all()
    if ord not in (2, -2):  # of equal singular values, the vectors are those that the engine took
        np.testing.assert_array_equal(found, 0)


@pytest.mark.parametrize("ord", [2, 1, 3, 0.5, -1, 0, float("inf")])
def test_the_norm_of_a_zero_vector_has_no_nan_in_its_gradients(ord):
    def slope(x):
        return pf.gradients(pf.linalg.vector_norm(x, ord=ord), x, unconnected_gradients="zero")[0]

    np.testing.assert_array_equal(gradient(lambda x: pf.linalg.vector_norm(x, ord=ord), np.zeros(3)), 0)
    assert np.isfinite(gradient(lambda x: pf.sum(slope(x)), np.zeros(3))).all()


def test_largest_magnitudes_that_tie_share_the_gradient():
    np.testing.assert_array_equal(
        gradient(lambda x: pf.linalg.vector_norm(x, ord=float("inf")), np.array([2.0, -2.0, 1.0])), [0.5, -0.5, 0.0]
    )


def test_vectors_that_may_be_turned_freely_have_no_gradient():
    x = pf.constant(matrix(4, 2))
    for result, name in ((pf.linalg.svd(x).S, "full_matrices=False"), (pf.linalg.qr(x, mode="complete").R, "reduced")):
        with pytest.raises(GradientError, match=name) as error:
            run(pf.gradients(pf.sum(result), x)[0])
        assert "test_linalg.py" in str(error.value)


def test_the_gradient_of_a_pseudoinverse_holds_while_the_rank_stays():
    left, right = matrix(4, 2), matrix(2, 3, seed=1)
    direction, weights = matrix(2, 3, seed=2), matrix(3, 4, seed=3)

    def value(step):
        return float(np.sum(np.linalg.pinv(left @ (right + step * direction)) * weights))

    slope = np.sum(gradient(lambda y: pf.sum(pf.linalg.pinv(left @ y) * weights), right) * direction)
    np.testing.assert_allclose(slope, (value(1e-5) - value(-1e-5)) / 2e-5, rtol=1e-8)


def test_only_one_triangle_is_read_and_the_gradient_is_symmetric():
    x = np.array([[4.0, 99.0], [2.0, 5.0]])
    np.testing.assert_allclose(run(pf.linalg.cholesky(x)), [[2.0, 0.0], [1.0, 2.0]])
    np.testing.assert_allclose(run(pf.linalg.eigvalsh(x)), np.linalg.eigvalsh(np.array([[4.0, 2.0], [2.0, 5.0]])))
    found = gradient(lambda x: pf.sum(pf.linalg.cholesky(x)), x)
    np.testing.assert_array_equal(found, found.T)


FUNCTIONS = {
    "det": lambda xp, x: xp.linalg.det(x),
    "inv": lambda xp, x: xp.linalg.inv(x),
    "solve": lambda xp, x: xp.linalg.solve(x, x[0]),
    "slogdet": lambda xp, x: xp.linalg.slogdet(x)[1],
    "pinv": lambda xp, x: xp.linalg.pinv(x[:, :2]),
    "matrix_power": lambda xp, x: xp.linalg.matrix_power(x, 3),
    "svdvals": lambda xp, x: xp.linalg.svdvals(x),
    "eigvalsh": lambda xp, x: xp.linalg.eigvalsh(x + xp.conj(x.mT)),
    "eigvals": lambda xp, x: xp.linalg.eigvals(x),
    "cholesky": lambda xp, x: xp.linalg.cholesky(x @ xp.conj(x.mT)),
    "qr": lambda xp, x: xp.abs(xp.linalg.qr(x)[1]),
    "matrix_norm": lambda xp, x: xp.linalg.matrix_norm(x, ord="nuc"),
    "vector_norm": lambda xp, x: xp.linalg.vector_norm(x, ord=3),
    "fft": lambda xp, x: xp.fft.fft(x, n=5, norm="ortho"),
    "irfft": lambda xp, x: xp.fft.irfft(x, axis=0),
    "hfft": lambda xp, x: xp.fft.hfft(x, n=5),
}


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_gradients_follow_the_convention_of_jax(function, dtype):
    jax = pytest.importorskip("jax")
    x = matrix(3, 3, dtype=dtype) + np.diag([2, 3, 4])
    with jax.enable_x64(True):
        expected = jax.grad(lambda x: jax.numpy.sum(jax.numpy.real(function(jax.numpy, x) ** 2)))(x)
    found = gradient(lambda x: pf.sum(pf.real(function(pf, x) ** 2)), x)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


BACKENDS = ("numpy", "jax", "reference")
SINGULAR = [[[1.0, 2.0], [2.0, 4.0]], [[2.0, 0.0], [0.0, 4.0]]]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: pf.linalg.inv(x), [[0.5, 0.0], [0.0, 0.25]]),
        (lambda x: pf.linalg.solve(x, pf.constant([2.0, 4.0])), [1.0, 1.0]),
        (lambda x: pf.linalg.solve(x, pf.constant([[2.0, 4.0], [4.0, 8.0]])), [[1.0, 2.0], [1.0, 2.0]]),
        (lambda x: pf.linalg.matrix_power(x, -1), [[0.5, 0.0], [0.0, 0.25]]),
    ],
    ids=["inv", "solve for a vector", "solve for columns", "matrix_power"],
)
def test_a_singular_matrix_gives_nan_and_leaves_the_others_of_its_stack_alone(backend, function, expected):
    found = np.asarray(pf.Session(backend).run(function(pf.constant(SINGULAR))).tolist())
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == expected


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("upper", [False, True])
def test_the_triangle_of_a_matrix_that_is_not_positive_definite_is_nan(backend, upper):
    x = pf.constant([[[1.0, 2.0], [2.0, 1.0]], [[4.0, 2.0], [2.0, 5.0]]])
    found = np.asarray(pf.Session(backend).run(pf.linalg.cholesky(x, upper=upper)).tolist())
    has_value = np.triu(np.ones((2, 2), bool)) if upper else np.tril(np.ones((2, 2), bool))
    assert (np.isnan(found[0]) == has_value).all()
    assert (found[0][~has_value] == 0).all()
    assert found[1].tolist() == ([[2.0, 1.0], [0.0, 2.0]] if upper else [[2.0, 0.0], [1.0, 2.0]])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "name", ["inv", "det", "svdvals", "eigvals", "eigvalsh", "pinv", "cofactors", "slogdet", "svd", "eig", "eigh"]
)
def test_a_matrix_with_nan_gives_nan_and_leaves_the_others_of_its_stack_alone(backend, name):
    x = pf.constant([[[np.nan, 0.0], [0.0, 1.0]], [[2.0, 0.0], [0.0, 4.0]]])
    results = getattr(pf.linalg, name)(x)
    for each in pf.Session(backend).run(list(results) if isinstance(results, tuple) else [results]):
        found = np.asarray(each.tolist())
        assert np.isnan(found[0]).all()
        assert not np.isnan(found[1]).any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_gradient_at_a_singular_matrix_is_nan_and_no_error(backend):
    x = pf.constant(SINGULAR)
    (g,) = pf.gradients(pf.sum(pf.linalg.inv(x)[1]), x)
    found = np.asarray(pf.Session(backend).run(g).tolist())
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_eager_linear_algebra_takes_halves(backend, dtype):
    xp = pf.eager(backend)
    x = xp.asarray([[2.0, 0.0], [0.0, 4.0]], dtype=dtype)
    found = xp.linalg.inv(x)
    assert found.dtype is pf.core.dtypes.as_dtype(dtype)
    assert found.value.tolist() == [[0.5, 0.0], [0.0, 0.25]]
    assert xp.linalg.eigh(x).eigenvalues.value.tolist() == [2.0, 4.0]
