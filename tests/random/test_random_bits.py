"""Bits are those of jax.random on every backend, and JAX is where the expected ones come from."""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np
import pytest
from jax import enable_x64

import polyflow as pf
from polyflow.errors import DTypeError, ShapeError
from polyflow.ops.random_bits import bits_kernel

BACKENDS = ["numpy", "jax", "reference"]
SEEDS = [0, 42, 2**31 + 7, 2**40 + 5, -1]
SHAPES = [(), (1,), (3,), (7, 5), (2, 0, 3), (129,), (3, 5, 7, 2)]


def run(fetches: Any, backend: str = "numpy") -> Any:
    return pf.Session(backend).run(fetches)


def words(seed: int) -> np.ndarray[Any, Any]:
    """The key that JAX makes of a seed of 64 bits."""
    with enable_x64(True):
        return np.asarray(jax.random.PRNGKey(seed))


def same(found: Any, expected: Any) -> bool:
    """Whether two arrays are equal bit for bit."""
    found = np.asarray(found)
    expected = np.asarray(expected)
    return found.dtype == expected.dtype and found.shape == expected.shape and found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_keys_splits_and_folds_are_those_of_jax(seed: int, backend: str) -> None:
    key = pf.random.key(seed)
    session = pf.Session(backend)
    expected = words(seed)
    assert same(session.run(key), expected)
    for number in (2, 1, 5, 0):
        assert same(session.run(pf.random.split(key, number)), jax.random.split(expected, number))
    assert same(session.run(pf.random.split(key, (2, 3))), jax.random.split(expected, (2, 3)))
    for data in (0, 1, 2**32 - 1):
        assert same(session.run(pf.random.fold_in(key, data)), jax.random.fold_in(expected, np.uint32(data)))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
def test_bits_are_those_of_jax(dtype: str, backend: str) -> None:
    session = pf.Session(backend)
    for seed in SEEDS[:3]:
        found = session.run([pf.random.bits(pf.random.key(seed), shape, dtype) for shape in SHAPES])
        with enable_x64(True):
            expected = [np.asarray(jax.random.bits(words(seed), shape, dtype)) for shape in SHAPES]
        assert all(map(same, found, expected))


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("dtype", ["uint8", "uint32", "uint64"])
@pytest.mark.parametrize("count", [32767, 32768, 32769, 65537, 100_003], ids=str)
def test_bits_of_many_elements_are_those_of_jax(count: int, dtype: str, backend: str) -> None:
    with enable_x64(True):
        expected = jax.random.bits(words(3), (count,), dtype)
    assert same(run(pf.random.bits(pf.random.key(3), (count,), dtype), backend), expected)


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "uint64"])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 70_001], ids=str)
def test_the_generic_kernel_gives_numpys_bits(count: int, dtype: str) -> None:
    key = np.array([1, 2**32 - 1], np.uint32)
    with np.errstate(all="raise"):
        generic = bits_kernel(np, key, (count,), np.dtype(dtype))
    assert same(run(pf.random.bits(pf.constant(key), (count,), dtype)), generic)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_uniform_numbers_are_those_of_jax(dtype: str, backend: str) -> None:
    session = pf.Session(backend)
    found = session.run([pf.random.uniform(shape, dtype=dtype, key=pf.random.key(11)) for shape in SHAPES])
    with enable_x64(True):
        expected = [np.asarray(jax.random.uniform(words(11), shape, dtype)) for shape in SHAPES]
    assert all(map(same, found, expected))


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_many_uniform_numbers_between_bounds_are_those_of_jax(dtype: str, backend: str) -> None:
    count = 2**16 + 13
    with enable_x64(True):
        expected = jax.random.uniform(words(5), (count,), dtype, -0.3, 1.7)
    found = run(pf.random.uniform((count,), -0.3, 1.7, dtype, key=pf.random.key(5)), backend)
    assert same(found, expected)


@pytest.mark.parametrize("backend", ["jax", "reference"])
def test_bfloat16_draws_are_those_of_jax(backend: str) -> None:
    draws = [
        pf.random.uniform((50,), dtype="bfloat16", key=pf.random.key(2)),
        pf.random.normal((50,), dtype="bfloat16", key=pf.random.key(2)),
    ]
    expected = [each(words(2), (50,), jax.numpy.bfloat16) for each in (jax.random.uniform, jax.random.normal)]
    session = pf.Session(backend)
    found = session.run([pf.astype(each, pf.float32) for each in draws])
    assert same(found[0], expected[0].astype("float32"))
    np.testing.assert_allclose(np.asarray(found[1]), expected[1].astype("float32"), rtol=2**-7)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_bernoulli_draws_are_those_of_jax(p: float, backend: str) -> None:
    expected = jax.random.bernoulli(words(9), np.float32(p), (7, 11))
    assert same(run(pf.random.bernoulli((7, 11), p, key=pf.random.key(9)), backend), expected)


RANGES = {
    "int8": [(0, 100), (-128, 128), (-1000, 1000), (5, 5), (9, 2)],
    "uint8": [(0, 256), (3, 7), (-5, 300)],
    "int16": [(-32768, 32768), (0, 1000)],
    "uint16": [(0, 65536), (1, 2)],
    "int32": [(0, 10), (-(2**31), 2**31), (-5, 2**30)],
    "uint32": [(0, 2**32), (7, 8)],
    "int64": [(0, 10), (-(2**63), 2**63 - 1), (-(2**40), 2**50)],
    "uint64": [(0, 10), (0, 2**62)],
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", RANGES)
def test_whole_numbers_are_those_of_jax(dtype: str, backend: str) -> None:
    session = pf.Session(backend)
    draws = [pf.random.randint((5, 13), *bounds, dtype, key=pf.random.key(4)) for bounds in RANGES[dtype]]
    with enable_x64(True):
        expected = [np.asarray(jax.random.randint(words(4), (5, 13), *bounds, dtype)) for bounds in RANGES[dtype]]
    assert all(map(same, session.run(draws), expected))


def test_the_whole_range_of_64_bits_is_drawn_from() -> None:
    for bounds, dtype in (((-(2**63), 2**63), "int64"), ((0, 2**64 - 1), "uint64")):
        found = np.asarray(run(pf.random.randint((1000,), *bounds, dtype, key=pf.random.key(4))))
        lowest, highest = bounds
        middle = (lowest + highest) // 2
        assert 400 < sum(int(each) < middle for each in found) < 600


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [0, 1, 2, 10, 2000])
def test_permutations_are_those_of_jax(size: int, backend: str) -> None:
    key = pf.random.key(8)
    found = np.asarray(run(pf.random.permutation(size, key=key), backend))
    with enable_x64(True):
        assert same(found, jax.random.permutation(words(8), size))
    rows = np.arange(3 * size).reshape(size, 3)
    shuffled, independent = (pf.random.permutation(rows, key=key, axis=1, independent=each) for each in (False, True))
    with enable_x64(True):
        for tensor, is_independent in ((shuffled, False), (independent, True)):
            expected = jax.random.permutation(words(8), rows, axis=1, independent=is_independent)
            assert same(run(tensor, backend), expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_classes_are_those_of_jax(backend: str) -> None:
    logits = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]], np.float32))
    for shape, axis in ((None, -1), ((50, 2), -1), ((4, 3), 0)):
        found = run(pf.random.categorical(logits, shape, axis, key=pf.random.key(1)), backend)
        expected = jax.random.categorical(words(1), logits, axis, shape)
        assert np.asarray(found).tolist() == expected.tolist()


DRAWS = {
    "normal": (lambda key, dtype: pf.random.normal((40, 50), dtype=dtype, key=key), jax.random.normal),
    "exponential": (lambda key, dtype: pf.random.exponential((40, 50), dtype=dtype, key=key), jax.random.exponential),
    "laplace": (lambda key, dtype: pf.random.laplace((40, 50), dtype=dtype, key=key), jax.random.laplace),
    "logistic": (lambda key, dtype: pf.random.logistic((40, 50), dtype=dtype, key=key), jax.random.logistic),
    "gumbel": (lambda key, dtype: pf.random.gumbel((40, 50), dtype=dtype, key=key), jax.random.gumbel),
    "cauchy": (lambda key, dtype: pf.random.cauchy((40, 50), dtype=dtype, key=key), jax.random.cauchy),
    "truncated_normal": (
        lambda key, dtype: pf.random.truncated_normal((40, 50), dtype=dtype, key=key),
        lambda key, shape, dtype: jax.random.truncated_normal(key, -2.0, 2.0, shape, dtype),
    ),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", DRAWS)
def test_other_distributions_are_those_of_jax_but_for_last_places(name: str, dtype: str, backend: str) -> None:
    ours, theirs = DRAWS[name]
    with enable_x64(True):
        expected = np.asarray(theirs(words(6), (40, 50), dtype))
    found = np.asarray(run(ours(pf.random.key(6), dtype), backend))
    assert found.dtype == expected.dtype
    unit = np.finfo(dtype).eps
    # XLA's log1p is off by up to 120 units in float64; tan is steep near its poles.
    ulps = 2000 if name == "cauchy" else 16 if dtype == "float32" else 250
    np.testing.assert_allclose(found, expected, rtol=ulps * unit, atol=4 * unit)


def test_normal_numbers_are_those_of_jax_bit_for_bit_on_jax() -> None:
    expected = jax.random.normal(words(6), (1000,))
    assert same(run(pf.random.normal((1000,), key=pf.random.key(6)), "jax"), expected)


def test_a_key_given_as_a_tensor_is_checked() -> None:
    with pytest.raises(DTypeError, match=r"not a key.*\n.*\n.*\n.*polyflow.random.key\(seed\)|not a key"):
        pf.random.uniform((2,), key=pf.constant([1, 2]))
    with pytest.raises(ShapeError, match="not a key"):
        pf.random.uniform((2,), key=pf.random.split(pf.random.key(0)))


def test_the_words_of_all_counters_differ() -> None:
    found = np.asarray(run(pf.random.bits(pf.random.key(0), (2**16,), "uint64")))
    assert len(set(found.tolist())) == 2**16
    ones = np.unpackbits(found.view(np.uint8)).mean()
    assert abs(ones - 0.5) < 4 * 0.5 / math.sqrt(found.size * 64)
