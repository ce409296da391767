"""Small operations on NumPy are written as expressions; they mean what the kernels mean, and go where those go."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.extension.manager import extensions

GENERATOR = np.random.default_rng(0)


def source(y: pf.Tensor, x: pf.Tensor, value: Any) -> str:
    return pf.Session().explain(y, {x: value}).split("generated function\n")[1].split("\ndecisions")[0]


@pytest.mark.parametrize(
    ("shape", "call", "written"),
    [
        ((5, 3), lambda x: pf.sum(x, axis=0), r"= a\d+\.dot\(p0\)"),
        ((5, 3), lambda x: pf.sum(x, axis=-2, keepdims=True), r"= a\d+\.dot\(p0\)"),
        ((5, 3), lambda x: pf.sum(x, axis=1), r"= p0\.dot\(a\d+\)"),
        ((5, 3), lambda x: pf.sum(x, axis=(-1,), keepdims=True), r"= p0\.dot\(a\d+\)"),
        ((5, 513), lambda x: pf.sum(x, axis=1), r"= k_reduce\d+\(p0, 1, a\d+, None, False\)"),
        ((0, 3), lambda x: pf.sum(x, axis=0), r"= k_reduce\d+\(p0, 0, a\d+, None, False\)"),
        ((5, 3), lambda x: pf.sum(x), r"= k_reduce\d+\(p0, None, a\d+, None, False\)"),
        (
            (2, 5, 3),
            lambda x: pf.sum(x, axis=(0, 2), keepdims=True),
            r"= k_reduce\d+\(p0, \(0, 2\), a\d+, None, True\)",
        ),
        ((5, 3), lambda x: pf.mean(x, axis=0), r"= k_divide\d+\(a\d+\.dot\(p0\), a\d+\)"),
        ((5, 3), lambda x: pf.mean(x), r"= k_reduce\d+\(p0, None, None, None, False\) / a\d+"),
        (
            (7,),
            lambda x: pf.mean(x, keepdims=True),
            r"= k_divide\d+\(k_reduce\d+\(p0, None, None, None, True\), a\d+\)",
        ),
        ((5, 3), lambda x: x @ pf.matrix_transpose(x), r"(v\d+) = p0\.T\n    v\d+ = p0\.dot\(\1\)"),
        ((5, 3), lambda x: pf.reshape(x, (3, 5)), r"= p0\.reshape\(\(3, 5\)\)"),
        ((5, 3), lambda x: pf.expand_dims(x, axis=0), r"= p0\[None\]"),
        ((5, 3), lambda x: pf.expand_dims(x, axis=-2), r"= p0\[:, None\]"),
        ((5, 3), lambda x: pf.expand_dims(x, axis=2), r"= p0\[:, :, None\]"),
        ((5, 3), lambda x: pf.expand_dims(x, axis=(0, 2)), r"= k_expand_dims\(p0, axis=\(0, 2\)\)"),
        ((), lambda x: pf.expand_dims(x * 2.0, axis=-1), r"= v\d+\[None\]"),
        ((5, 3, 2), lambda x: pf.permute_dims(x, (2, 0, 1)), r"= p0\.transpose\(\(2, 0, 1\)\)"),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_expression_gives_what_the_reference_gives(
    shape: tuple[int, ...], call: Callable[[pf.Tensor], pf.Tensor], written: str, dtype: str
) -> None:
    x = pf.placeholder(dtype, shape, name="x")
    value = GENERATOR.normal(size=shape).astype(dtype)
    assert re.search(written, source(call(x), x, value))
    found = pf.Session().run(call(x), {x: value})
    wanted = np.asarray(pf.Session("reference").run(call(x), {x: value}).tolist())
    assert found.dtype == dtype
    np.testing.assert_allclose(found, wanted, rtol=2e-6 if dtype == "float32" else 1e-14, atol=1e-7)


@pytest.mark.parametrize("dtype", ["int32", "complex64", "float16", "bool"])
def test_other_dtypes_are_summed_by_their_kernels(dtype: str) -> None:
    x = pf.placeholder(dtype, (4, 3), name="x")
    value = GENERATOR.integers(0, 2, (4, 3)).astype(dtype)
    y = pf.sum(pf.astype(x, "int64") if dtype == "bool" else x, axis=0)
    assert ".dot(" not in source(y, x, value)
    assert np.array_equal(pf.Session().run(y, {x: value}), value.astype("complex64").sum(axis=0))


def test_who_replaces_a_kernel_replaces_its_expression() -> None:
    backend = copy.copy(extensions().backend("numpy"))
    backend.kernels = {**backend.kernels, "matmul": lambda x1, x2: np.matmul(x1, x2) + 1}
    x = pf.placeholder("float32", (2, 2), name="x")
    assert pf.Session(backend).run(x @ x, {x: np.eye(2, dtype="float32")}).tolist() == [[2, 1], [1, 2]]


@pytest.mark.parametrize("shape", [(100, 2), (40, 10), (3, 30, 7), (4, 40), (5, 1), (64, 1)])
@pytest.mark.parametrize("op", [pf.nn.softmax, pf.nn.log_softmax])
def test_short_rows_are_normalised_as_long_ones_are(op: Any, shape: tuple[int, ...]) -> None:
    x = pf.placeholder("float32", shape, name="x")
    value = (GENERATOR.normal(size=shape) * 30).astype("float32")
    value.flat[0] = -np.inf
    found = pf.Session().run(op(x), {x: value})
    wanted = np.asarray(pf.Session("reference").run(op(x), {x: value}).tolist())
    np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=2e-7)
    assert found.flags.c_contiguous


def test_what_is_not_a_number_stays_in_its_row() -> None:
    x = pf.placeholder("float32", (40, 3), name="x")
    value = np.zeros((40, 3), "float32")
    value[1, 1], value[2, 2] = np.nan, np.inf
    found = pf.Session().run(pf.nn.softmax(x), {x: value})
    assert np.isnan(found).any(axis=1).tolist() == [False, True, True] + [False] * 37
