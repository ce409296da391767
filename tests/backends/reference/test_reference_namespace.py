"""The reference namespace as a whole: its names and signatures, its documentation, its import, its speed."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
import time
from types import ModuleType

import array_api_strict
import numpy as np
import polyflow_reference
import pytest
from polyflow_reference import namespace as xp
from reference_oracle import samples, to_numpy, to_reference

MODULES = [
    module.name
    for module in pkgutil.iter_modules(polyflow_reference.__path__)
    if module.name not in ("backend", "plugin")
]
STRICT = {"": array_api_strict, "linalg.": array_api_strict.linalg, "fft.": array_api_strict.fft}
FUNCTIONS = [
    prefix + name
    for prefix, module in STRICT.items()
    for name in module.__all__
    if inspect.isfunction(getattr(module, name))
    and name not in ("get_array_api_strict_flags", "reset_array_api_strict_flags", "set_array_api_strict_flags")
]


def looked_up(module: ModuleType, name: str) -> object:
    for part in name.split("."):
        module = getattr(module, part)
    return module


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_the_signature_of_the_standard(name: str) -> None:
    found, expected = (inspect.signature(looked_up(module, name)) for module in (xp, array_api_strict))  # type: ignore[arg-type]

    def shown(signature: inspect.Signature) -> list[tuple[str, object]]:
        positional = inspect.Parameter.POSITIONAL_ONLY
        return [
            ("" if parameter.kind is positional else parameter.name, parameter.kind)
            for parameter in signature.parameters.values()
        ]

    assert shown(found) == shown(expected)


def test_dtypes_and_constants_are_attributes() -> None:
    dtypes = xp.__array_namespace_info__().dtypes()
    assert len(dtypes) == 13
    assert all(getattr(xp, name) is dtype for name, dtype in dtypes.items())
    assert (xp.pi, xp.e, xp.inf, xp.newaxis) == (np.pi, np.e, np.inf, None)
    assert xp.nan != xp.nan
    assert xp.__array_api_version__ == "2025.12"
    assert xp.__array_namespace_info__().default_dtypes() == {
        "real floating": xp.float32, "complex floating": xp.complex64, "integral": xp.int64, "indexing": xp.int64,
    }  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_the_documentation_hold(name: str) -> None:
    module = importlib.import_module(f"polyflow_reference.{name}")
    outcome = doctest.testmod(module)
    assert outcome.failed == 0
    assert outcome.attempted > 0


@pytest.mark.parametrize("name", MODULES)
def test_every_public_function_has_a_docstring(name: str) -> None:
    module = importlib.import_module(f"polyflow_reference.{name}")
    own = [
        value for key, value in vars(module).items()
        if inspect.isfunction(value) and getattr(value, "__module__", "") == module.__name__ and not key.startswith("_")
    ]  # fmt: skip
    assert [value.__name__ for value in own if not value.__doc__] == []


def test_import_is_quick_and_loads_no_array_library() -> None:
    program = """
import sys, time
start = time.process_time()  # not that of a clock, which tells of other processes too
import polyflow_reference.namespace
seconds = time.process_time() - start
loaded = [name for name in ("numpy", "jax", "torch", "array_api_compat") if name in sys.modules]
print(seconds, loaded)
"""
    for _ in range(5):  # a busy machine may need several tries to show what it can do
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        seconds, loaded = done.stdout.split(" ", 1)
        assert loaded.strip() == "[]"
        if float(seconds) < 0.4:
            return
    pytest.fail(f"import takes {seconds} seconds")


def test_training_steps_of_a_small_network_agree_with_numpy_and_take_little_time() -> None:
    x, y = samples("float32", 32, 64), np.eye(10, dtype="float32")[np.arange(32) % 10]
    start = [
        samples("float32", *shape, seed=k) * np.float32(0.1)
        for k, shape in enumerate([(64, 32), (32,), (32, 10), (10,)])
    ]

    def trained(xp: ModuleType, arrays: list[object], steps: int) -> list[object]:
        x, y, w1, b1, w2, b2 = arrays
        for _ in range(steps):
            hidden = xp.maximum(x @ w1 + b1, 0.0)
            scores = hidden @ w2 + b2
            weights = xp.exp(scores - xp.max(scores, axis=1, keepdims=True))
            error = (weights / xp.sum(weights, axis=1, keepdims=True) - y) / 32.0
            back = xp.where(hidden > 0.0, error @ w2.T, xp.zeros_like(hidden))
            w2, b2 = w2 - 0.1 * (hidden.T @ error), b2 - 0.1 * xp.sum(error, axis=0)
            w1, b1 = w1 - 0.1 * (x.T @ back), b1 - 0.1 * xp.sum(back, axis=0)
        return [w1, b1, w2, b2]

    begun = time.process_time()
    found = trained(xp, [to_reference(value) for value in (x, y, *start)], steps=10)
    assert time.process_time() - begun < 5.0
    for one, other in zip(found, trained(np, [x, y, *start], steps=10), strict=True):
        np.testing.assert_allclose(to_numpy(one), other, atol=1e-5)
