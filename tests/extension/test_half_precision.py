"""Floats of 16 bits on every backend: promotion, rounding once, conversion, and what libraries do not have."""

from __future__ import annotations

import math
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest

import polyflow as pf
from polyflow.core.dtypes import as_dtype
from polyflow.core.literal import literal
from polyflow.extension.half_precision import is_half, is_widened
from polyflow.extension.manager import extensions

BACKENDS = ("numpy", "jax", "reference")
HALVES = ("float16", "bfloat16")
NATIVE = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16}


def run(backend, result, feeds=None):
    with pf.Session(backend) as session:
        return session.backend.to_literal(session.run(result, feeds))


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_here_declares_both(backend):
    assert {pf.float16, pf.bfloat16} <= extensions().backend(backend).dtypes


def test_numpy_finds_out_about_bfloat16_without_loading_it():
    program = (
        "import sys, polyflow as pf; pf.Session('numpy').run(pf.constant(1.0) + 1); print('ml_dtypes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("float16", "float16", "float16"), ("bfloat16", "bfloat16", "bfloat16"), ("float16", "bfloat16", "float32"),
        ("bfloat16", "float32", "float32"), ("float16", "float64", "float64"), ("bfloat16", "int64", "bfloat16"),
        ("int8", "float16", "float16"), ("bool", "bfloat16", "bfloat16"), ("bfloat16", "complex64", "complex64"),
    ],
)  # fmt: skip
def test_halves_promote_alike_on_every_backend(backend, left, right, expected):
    found = run(backend, pf.constant(literal([1, 0], left)) + pf.constant(literal([1, 1], right)))
    assert (found.dtype.name, found.tolist()) == (expected, [2.0, 1.0])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", HALVES)
def test_python_numbers_take_the_dtype_of_a_half(backend, dtype):
    x = pf.constant(literal([1.0, 2.0], dtype))
    assert run(backend, 2 * x + 0.5).dtype is as_dtype(dtype)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", HALVES)
def test_what_an_op_computes_is_rounded_once(backend, dtype):
    count = 4096  # summed step by step in 16 bits, ones would stop growing at 2048 or at 256
    x = pf.placeholder(dtype, (count,))
    ones = literal([1.0] * count, dtype)
    for result in (pf.sum(x), pf.vecdot(x, x), pf.sum(x / 1.0)):
        assert run(backend, result, {x: ones}).tolist() == count


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("dtype", HALVES)
def test_two_operations_are_rounded_twice_though_a_compiler_could_do_without(backend, dtype):
    epsilon = {"float16": 2.0**-10, "bfloat16": 2.0**-7}[dtype]
    x, y, z = (pf.placeholder(dtype, ()) for _ in range(3))
    feeds = {each: literal(value, dtype) for each, value in ((x, 1.0), (y, epsilon / 2), (z, 1.0))}
    assert run(backend, (x + y) - z, feeds).tolist() == 0.0


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize(
    "function",
    [
        lambda x: pf.linalg.inv(x), lambda x: pf.linalg.solve(x, x), lambda x: pf.linalg.svdvals(x),
        lambda x: pf.linalg.cholesky(x), lambda x: pf.linalg.qr(x).R, lambda x: pf.linalg.eigvalsh(x),
        lambda x: pf.linalg.det(x), lambda x: pf.std(x), lambda x: pf.nn.softmax(x), lambda x: pf.erf(x),
    ],
    ids=["inv", "solve", "svdvals", "cholesky", "qr", "eigvalsh", "det", "std", "softmax", "erf"],
)  # fmt: skip
def test_a_half_gives_what_float32_gives_rounded(backend, dtype, function):
    values = [[4.0, 1.0], [1.0, 3.0]]
    half, single = (pf.constant(literal(values, each)) for each in (dtype, "float32"))
    found, wide = run(backend, function(half)), run(backend, function(single))
    assert found.dtype is as_dtype(dtype)
    expected = np.asarray(wide.tolist(), np.float32).astype(NATIVE[dtype]).astype(float)
    ulp = float(ml_dtypes.finfo(NATIVE[dtype]).eps)
    assert np.allclose(np.asarray(found.tolist()), expected, rtol=ulp, atol=1e-6)


@pytest.mark.parametrize("dtype", HALVES)
def test_numpy_is_widened_where_it_rounds_and_nowhere_else(dtype):
    numpy, half = extensions().backend("numpy"), [as_dtype(dtype)]
    assert is_widened(pf.linalg.svd, half, numpy)
    assert not is_widened(pf.concat, half, numpy)
    assert not is_widened(pf.linalg.svd, [pf.float32], numpy)
    assert not is_half([pf.float32, None])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", HALVES)
def test_float64_and_integers_are_rounded_once_on_their_way_to_a_half(backend, dtype):
    tie = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]
    above = pf.astype(pf.constant([1 + tie + 2.0**-45, 1 + tie, -1 - tie - 2.0**-45], "float64"), dtype)
    assert run(backend, above).tolist() == [1 + 2 * tie, 1.0, -1 - 2 * tie]
    whole = 2**14 + 2**3 + 1 if dtype == "bfloat16" else 2**11 * 4 + 4 + 1
    found = run(backend, pf.astype(pf.constant([whole], "int64"), dtype)).tolist()
    assert found == np.asarray([whole], np.float64).astype(np.float32).astype(NATIVE[dtype]).astype(float).tolist()


@pytest.mark.parametrize("dtype", HALVES)
def test_arrays_of_halves_pass_from_each_backend_to_each_other(dtype):
    numbers = [1.5, -0.0, math.inf, 3.0]
    for source in BACKENDS:
        made = pf.eager(source).asarray(numbers, dtype=as_dtype(dtype))
        for target in BACKENDS:
            found = pf.eager(target).asarray(made)
            assert found.dtype is as_dtype(dtype)
            assert extensions().backend(target).to_literal(found.value) == literal(numbers, dtype)


@pytest.mark.parametrize("dtype", HALVES)
def test_a_numpy_array_of_halves_is_fed_to_jax_and_fetched_as_such(dtype):
    import jax

    x = pf.placeholder(dtype, (2,))
    found = pf.Session("jax").run(x * 2, {x: np.asarray([1.0, 2.5], NATIVE[dtype])})
    assert isinstance(found, jax.Array)
    assert np.asarray(found).dtype == NATIVE[dtype]
    again = pf.Session("numpy").run(x + 1, {x: np.asarray(found)})
    assert again.dtype == NATIVE[dtype]
    assert again.astype(float).tolist() == [3.0, 6.0]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", HALVES)
def test_gradients_of_halves_are_halves(backend, dtype):
    x = pf.placeholder(dtype, (3,))
    (g,) = pf.gradients(pf.sum(pf.exp(x) * x), x)
    found = run(backend, g, {x: literal([0.0, 1.0, -1.0], dtype)})
    assert found.dtype is as_dtype(dtype)
    assert np.asarray(found.tolist()) == pytest.approx([1.0, 2 * math.e, 0.0], rel=0.02, abs=1e-2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_rank_of_a_half_is_counted_with_the_precision_of_a_half(backend):
    x = pf.constant(literal([[1.0, 0.0], [0.0, 1e-3]], "float16"))
    assert run(backend, pf.linalg.matrix_rank(x)).tolist() == 1
    assert run(backend, pf.linalg.matrix_rank(pf.astype(x, "float32"))).tolist() == 2
    assert run(backend, pf.linalg.matrix_rank(x, rtol=1e-4)).tolist() == 2
