"""einops' functions of its main module on tensors and eager arrays equal those on NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import einops
import numpy as np
import pytest

import polyflow as pf
import polyflow.compat.einops  # which makes einops find polyflow

X = np.random.default_rng(0).normal(size=(3, 4))
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "rearrange": lambda x: einops.rearrange(x, "a (b c) -> b (a c)", b=2),
    "rearrange of a list": lambda x: einops.rearrange([x, x * 2], "n a b -> a (n b)"),
    "reduce": lambda x: einops.reduce(x, "a (b c) -> a b", "mean", c=2),
    "reduce, max": lambda x: einops.reduce(x, "a b -> ()", "max"),
    "reduce by a function": lambda x: einops.reduce(
        x, "a b -> a", lambda y, axes: y.__array_namespace__().sum(y * y, axis=axes)
    ),
    "repeat": lambda x: einops.repeat(x, "a b -> a 2 (b c)", c=3),
    "einsum": lambda x: einops.einsum(x, x, "row one, row two -> one two"),
    "einsum of three": lambda x: einops.einsum(x, x, x, "a b, c b, c d -> a d"),
    "pack": lambda x: einops.pack([x, x[0]], "* b")[0],
    "unpack": lambda x: einops.unpack(x, [(2,), (1, 2)], "a *")[1],
}


@pytest.mark.parametrize("backend", ["numpy", "jax", "reference"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_eager_arrays_are_arrays_to_einops(name: str, backend: str) -> None:
    xp: Any = pf.eager(backend)
    found = FUNCTIONS[name](xp.asarray(X))
    assert found.owner is xp
    np.testing.assert_allclose(found, FUNCTIONS[name](X), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        (name, shape)
        for name in FUNCTIONS
        for shape in [(3, 4), (None, 4), (None, None)]
        if shape != (None, None) or name not in ("pack", "unpack")  # einops compares and adds the sizes there
    ],
    ids=str,
)
def test_tensors_are_arrays_to_einops_with_their_sizes_known_or_not(name: str, shape: Any) -> None:
    x = pf.placeholder("float64", shape)
    found = pf.Session().run(FUNCTIONS[name](x), {x: X})
    np.testing.assert_allclose(found, FUNCTIONS[name](X), rtol=1e-12)


def test_einsum_by_words_has_a_gradient() -> None:
    gradient = pf.grad(lambda x: einops.reduce(einops.einsum(x, x, "a b, c b -> a c"), "a c ->", "sum"))(X)
    np.testing.assert_allclose(gradient, np.broadcast_to(2 * X.sum(axis=0), X.shape), rtol=1e-12)


def test_a_size_that_does_not_fit_is_einops_error() -> None:
    with pytest.raises(einops.EinopsError, match="can't divide axis of length 4 in chunks of 3"):
        einops.rearrange(pf.constant(X), "a (b c) -> a b c", b=3)


def test_a_tensor_whose_rank_is_not_known_is_refused() -> None:
    with pytest.raises(pf.errors.ShapeError, match=r"einops: the rank of .* is not known"):
        einops.parse_shape(pf.placeholder("float32"), "a b")


def test_numbers_are_exchanged_with_numpy() -> None:
    np.testing.assert_array_equal(einops.asnumpy(pf.eager("numpy").asarray(X)), X)
    with pytest.raises(pf.errors.SymbolicValueError):
        einops.asnumpy(pf.constant(X))
