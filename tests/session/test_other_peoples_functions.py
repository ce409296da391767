"""Functions that others wrote for arrays of the array API standard: traced as they are, and differentiated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import array_api_compat
import array_api_extra as xpx
import einops as plain_einops
import numpy as np
import pytest
import scipy
import scipy.fft
import scipy.integrate
import scipy.optimize
import scipy.special
import scipy.stats
import sklearn
from einops import array_api as einops
from scipy.spatial.transform import Rotation
from sklearn.metrics import pairwise
from sklearn.utils import extmath

import polyflow as pf
import polyflow.compat.einops
from polyflow.errors import SymbolicValueError
from tests.programs import finite_differences

X = np.random.default_rng(0).uniform(0.2, 0.8, (3, 4))
Y = np.random.default_rng(1).uniform(0.2, 0.8, (2, 4))
WEIGHTS = np.random.default_rng(2).normal(size=400)

special, stats = scipy.special, scipy.stats


def like(x: Any, value: np.ndarray) -> Any:
    """``value`` as an array of the namespace of ``x``."""
    return array_api_compat.array_namespace(x).asarray(value)


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "scipy.special.logsumexp": lambda x: special.logsumexp(x, axis=1),
    "scipy.special.logsumexp, b": lambda x: special.logsumexp(x, axis=0, b=x - 0.4, return_sign=True)[0],
    "scipy.special.softmax": lambda x: special.softmax(x, axis=1),
    "scipy.special.log_softmax": lambda x: special.log_softmax(x, axis=0),
    "scipy.special.xlogy": lambda x: special.xlogy(x, x),
    "scipy.special.rel_entr": lambda x: special.rel_entr(x, x + 1),
    "scipy.special.softplus": special.softplus,
    "scipy.stats.zscore": lambda x: stats.zscore(x, axis=1),
    "scipy.stats.gzscore": lambda x: stats.gzscore(x, axis=1),
    "scipy.stats.gmean": lambda x: stats.gmean(x, axis=1),
    "scipy.stats.gstd": lambda x: stats.gstd(x, axis=1),
    "scipy.stats.skew": lambda x: stats.skew(x, axis=1),
    "scipy.stats.kurtosis": lambda x: stats.kurtosis(x, axis=1),
    "scipy.stats.variation": lambda x: stats.variation(x, axis=1),
    "scipy.stats.sem": lambda x: stats.sem(x, axis=1),
    "scipy.stats.tvar": lambda x: stats.tvar(x, axis=1),
    "scipy.stats.kstat": lambda x: stats.kstat(x, 3, axis=1),
    "scipy.stats.circvar": lambda x: stats.circvar(x, axis=1),
    "scipy.stats.circstd": lambda x: stats.circstd(x, axis=1),
    "scipy.stats.directional_stats": lambda x: stats.directional_stats(x).mean_direction,
    "scipy.stats.describe": lambda x: stats.describe(x, axis=1).variance,
    "scipy.stats.boxcox_llf": lambda x: stats.boxcox_llf(0.5, x, axis=1),
    "scipy.stats.yeojohnson_llf": lambda x: stats.yeojohnson_llf(0.5, x, axis=1),
    "scipy.integrate.trapezoid": lambda x: scipy.integrate.trapezoid(x * x, axis=1),
    "scipy.integrate.cumulative_trapezoid": lambda x: scipy.integrate.cumulative_trapezoid(x, axis=1),
    "scipy.integrate.romb": lambda x: scipy.integrate.romb(x[:, :3], axis=1),
    "scipy.fft.rfft": lambda x: abs(scipy.fft.rfft(x, axis=1)),
    "scipy.fft.fftn": lambda x: abs(scipy.fft.fftn(x)),
    "scipy.optimize.rosen": scipy.optimize.rosen,
    "scipy.spatial.transform.Rotation": lambda x: Rotation.from_quat(x).as_matrix(),
    "array_api_extra.cov": xpx.cov,
    "array_api_extra.kron": lambda x: xpx.kron(x, x),
    "array_api_extra.atleast_nd": lambda x: xpx.atleast_nd(x * x, ndim=4),
    "array_api_extra.sinc": xpx.sinc,
    "array_api_extra.pad": lambda x: xpx.pad(x, 2),
    "array_api_extra.create_diagonal": lambda x: xpx.create_diagonal(x[0, :]),
    "array_api_extra.partition": lambda x: xpx.partition(x, 2, axis=1),
    "array_api_extra.at.add": lambda x: xpx.at(x * 1)[1:, 0].add(x[0, 0] ** 2),
    "array_api_extra.at.set": lambda x: xpx.at(x, x > 0.5).set(0.0),
    "array_api_extra.apply_where": lambda x: xpx.apply_where(x > 0.5, (x,), lambda a: a**2, lambda a: a),
    "array_api_extra.one_hot": lambda x: xpx.one_hot(like(x, np.asarray([1, 0, 3])), 4) * x,
    "array_api_extra.nan_to_num": lambda x: xpx.nan_to_num(x * x),
    "einops.rearrange": lambda x: einops.rearrange(x, "a (b c) -> b a c", b=2) ** 2,
    "einops.reduce": lambda x: einops.reduce(x, "a (b c) -> a c", "max", b=2),
    "einops.repeat": lambda x: einops.repeat(x * x, "a b -> a 2 b"),
    "einops.einsum": lambda x: plain_einops.einsum(x, x, "a b, c b -> a c"),
    "einops.pack": lambda x: einops.pack([x, x * x], "a *")[0],
    "sklearn.utils.extmath.softmax": extmath.softmax,
    "sklearn.metrics.pairwise.cosine_similarity": lambda x: pairwise.cosine_similarity(x, like(x, Y)),
    "sklearn.metrics.pairwise.euclidean_distances": lambda x: pairwise.euclidean_distances(x, like(x, Y)),
    "sklearn.metrics.pairwise.rbf_kernel": lambda x: pairwise.rbf_kernel(x, like(x, Y)),
    "sklearn.metrics.pairwise.laplacian_kernel": lambda x: pairwise.laplacian_kernel(x, like(x, Y)),
    "sklearn.metrics.pairwise.polynomial_kernel": lambda x: pairwise.polynomial_kernel(x, like(x, Y)),
}


@pytest.fixture(autouse=True)
def _sklearn_takes_arrays_of_any_namespace() -> Any:
    # Whether arrays are finite is a question to their values, which a traced function cannot ask.
    with sklearn.config_context(array_api_dispatch=True, assume_finite=True):
        yield


def weighted(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The elements of what ``function`` returns, each with a weight of its own, summed."""

    def total(x: Any) -> Any:
        y = function(x)
        if not getattr(y, "shape", ()):
            return y
        xp = array_api_compat.array_namespace(y)
        weights = WEIGHTS[: int(np.prod(y.shape))].reshape(y.shape)
        return xp.sum(y * xp.asarray(weights))

    return total


@pytest.mark.parametrize("name", FUNCTIONS)
def test_its_gradient_equals_finite_differences(name: str) -> None:
    function = weighted(FUNCTIONS[name])
    value, gradient = pf.value_and_grad(function)(X)
    np.testing.assert_allclose(value, function(X.copy()), rtol=1e-9)
    (wanted,) = finite_differences(lambda x: function(x.copy()), X)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_runs_on_eager_arrays(name: str, backend: str) -> None:
    xp: Any = pf.eager(backend)
    found = FUNCTIONS[name](xp.asarray(X.copy()))
    assert array_api_compat.array_namespace(found) is xp
    np.testing.assert_allclose(found, FUNCTIONS[name](X.copy()), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["scipy.special.logsumexp", "array_api_extra.cov", "einops.reduce"])
def test_it_is_mapped_and_differentiated_again_on_jax(name: str) -> None:
    function = weighted(FUNCTIONS[name])
    rows = np.stack([X, X[::-1]])
    mapped = pf.vmap(pf.grad(function), backend="jax")(rows)
    np.testing.assert_allclose(mapped, np.stack([pf.grad(function)(each) for each in rows]), rtol=1e-9)
    assert pf.hessian(function)(X).shape == (3, 4, 3, 4)


def test_tensors_are_lazy_arrays_of_polyflow() -> None:
    x = pf.placeholder("float64", (3, 4))
    assert array_api_compat.is_lazy_array(x)
    assert array_api_compat.is_array_api_obj(x)
    assert array_api_compat.array_namespace(x, x * 2) is pf
    assert array_api_compat.size(x) == 12


@pytest.mark.parametrize("backend", ["numpy", "jax", "reference"])
def test_eager_arrays_are_arrays_of_their_namespace_and_not_lazy(backend: str) -> None:
    xp: Any = pf.eager(backend)
    x = xp.asarray([[1.0, 2.0]])
    assert array_api_compat.is_array_api_obj(x)
    assert array_api_compat.array_namespace(x, x * 2, 3.0, None) is xp
    assert not array_api_compat.is_lazy_array(x)
    assert array_api_compat.is_writeable_array(x)
    assert array_api_compat.size(x) == 2
    assert array_api_compat.device(x) == x.device == array_api_compat.device(array_api_compat.to_device(x, x.device))
    with pytest.raises(TypeError, match="Multiple namespaces"):
        array_api_compat.array_namespace(x, np.ones(2))


def test_a_tensor_whose_size_is_not_known_is_lazy_and_has_no_size() -> None:
    x = pf.placeholder("float64", (None, 4))
    assert array_api_compat.is_lazy_array(x)
    assert array_api_compat.size(x) is None
    assert array_api_compat.array_namespace(x, 1.5) is pf


CONDITION: tuple[Any, str] = (stats.hmean, "_stats_py.py")
"""A function that asks what a value is, and where it does."""
if tuple(map(int, scipy.__version__.split(".")[:2])) >= (1, 18):  # that one no longer does, another has begun to
    CONDITION = (lambda x: stats.kstat(x, 3), "_axis_nan_policy.py")


@pytest.mark.parametrize(
    ("function", "line_of", "remedy"),
    [
        (*CONDITION, "polyflow.where or polyflow.cond"),
        (lambda x: special.erf(x), "_support_alternative_backends.py", "polyflow's function of the same name"),
    ],
    ids=["a condition", "a NumPy array"],
)
def test_where_it_needs_a_value_the_error_names_its_line(
    function: Callable[[Any], Any], line_of: str, remedy: str
) -> None:
    with pytest.raises(SymbolicValueError) as caught:
        pf.grad(weighted(function))(X)
    text = str(caught.value)
    assert remedy in text
    assert Path(line_of).name in text


def test_elements_set_in_a_copy_leave_the_original() -> None:
    def function(x: Any) -> Any:
        y = xpx.at(x, x > 0.5).set(0.0, copy=True)
        return x - y

    np.testing.assert_array_equal(pf.function(function)(X), np.where(X > 0.5, X, 0.0))
