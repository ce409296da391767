"""Bridges between the reference backend and NumPy, which the tests of this folder compare it with."""

from __future__ import annotations

from typing import Any

import numpy as np
from polyflow_reference.array import Array, frombytes

from polyflow.core.dtypes import as_dtype

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "float32", "float64")
COMPLEXES = ("complex64", "complex128")
NUMERIC = (*INTEGERS, *FLOATS, *COMPLEXES)
ALL = ("bool", *NUMERIC)


def to_reference(x: Any) -> Array:
    """A NumPy array as one of the reference backend."""
    array = np.asarray(x)
    return frombytes(np.ascontiguousarray(array).tobytes(), as_dtype(array.dtype.name), array.shape)


def to_numpy(x: Array) -> np.ndarray:
    """An array of the reference backend as one of NumPy."""
    return np.frombuffer(x.tobytes(), x.dtype.name).reshape(x.shape)


def samples(dtype: str, *shape: int, seed: int = 0) -> np.ndarray:
    """Numbers of a dtype: for integers its whole range, for floats around one."""
    generator = np.random.default_rng(seed)
    if dtype == "bool":
        return generator.integers(0, 2, shape).astype(bool)
    if dtype in INTEGERS:
        limits = np.iinfo(dtype)
        return generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    values = generator.normal(0.0, 2.0, shape)
    if dtype in COMPLEXES:
        values = values + 1j * generator.normal(0.0, 2.0, shape)
    return np.asarray(values, dtype)


def assert_same(found: Array, expected: Any) -> None:
    """The same dtype, shape and bits; all NaNs count as one."""
    expected = np.asarray(expected)
    assert (found.dtype.name, found.shape) == (expected.dtype.name, expected.shape)
    np.testing.assert_array_equal(to_numpy(found), expected)
    if expected.dtype.kind in "fc":
        for part in (np.real, np.imag):
            known = ~np.isnan(part(expected))
            signs = np.signbit(part(to_numpy(found)))[known], np.signbit(part(expected))[known]
            np.testing.assert_array_equal(*signs, "signs of zeros")


def assert_close(found: Array, expected: Any, *, ulps: float = 2, scale: float | None = None) -> None:
    """The same dtype and shape, and values within so many units in the last place.

    ``scale`` is the size that the unit belongs to, where it is not that of the value itself: sums cancel.
    """
    expected = np.asarray(expected)
    if expected.dtype.kind not in "fc":
        assert_same(found, expected)
        return
    assert (found.dtype.name, found.shape) == (expected.dtype.name, expected.shape)
    epsilon = np.finfo(expected.dtype).eps
    values = to_numpy(found)
    wide = np.complex128 if expected.dtype.kind == "c" else np.float64
    np.testing.assert_allclose(
        values.astype(wide), expected.astype(wide), rtol=ulps * epsilon, atol=ulps * epsilon * (scale or 0.0)
    )
