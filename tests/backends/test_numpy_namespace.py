"""The namespace of the NumPy backend: the standard's functions, NumPy's own where they are those."""

from __future__ import annotations

import subprocess
import sys

import array_api_compat.numpy
import numpy as np
import pytest
from polyflow_numpy import namespace

from polyflow.errors import BackendError
from polyflow.extension.manager import extensions

KNOWN = {
    "arange", "asarray", "ceil", "empty", "empty_like", "eye", "floor", "full", "full_like", "linspace", "matmul",
    "matrix_transpose", "ones", "ones_like", "permute_dims", "trunc", "zeros", "zeros_like",
}  # fmt: skip
"""What array_api_compat wraps for versions of NumPy before 2.1, and for nothing since."""


def names() -> list[str]:
    own = {"annotations", "clone_module", "numpy", "Final", "py_bool", "astype"}
    return sorted(each for each in vars(array_api_compat.numpy) if not each.startswith("_") and each not in own)


def test_it_has_what_array_api_compat_has_but_for_what_that_wraps_in_vain() -> None:
    differing = {name for name in names() if getattr(namespace, name) is not getattr(array_api_compat.numpy, name)}
    assert differing == KNOWN
    assert all(getattr(namespace, name) is getattr(np, name) for name in KNOWN)
    assert namespace.__array_api_version__ == array_api_compat.numpy.__array_api_version__


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("arange", (5,), {"stop": None, "step": 1, "dtype": None, "device": "cpu"}),
        ("arange", (1, 7), {"step": 2, "dtype": np.float32}),
        ("asarray", ([1, 2],), {"dtype": np.float32, "copy": True, "device": "cpu"}),
        ("asarray", (np.arange(3),), {"copy": False}),
        ("ceil", (np.arange(3),), {}),
        ("floor", (np.arange(3, dtype=np.uint8),), {}),
        ("trunc", (np.arange(3) / 2,), {}),
        ("eye", (2, 3), {"k": 1, "dtype": None, "device": None}),
        ("full", ((2,), 3), {"dtype": None, "device": "cpu"}),
        ("full_like", (np.ones(2, np.float32), 7), {}),
        ("linspace", (0, 1, 5), {"dtype": np.float32, "endpoint": False, "device": None}),
        ("ones", (3,), {"dtype": None}),
        ("zeros_like", (np.ones((2, 2), np.int8),), {"dtype": np.complex64, "device": "cpu"}),
        ("matrix_transpose", (np.ones((2, 3)),), {}),
        ("permute_dims", (np.ones((2, 3, 4)), (2, 0, 1)), {}),
        ("astype", (np.arange(3), np.float32), {"copy": False, "device": "cpu"}),
        ("astype", (np.float64(2.5), np.int8), {}),
    ],
)  # fmt: skip
def test_what_is_taken_from_numpy_does_what_array_api_compat_does(name: str, arguments: tuple, options: dict) -> None:
    found, expected = (getattr(each, name)(*arguments, **options) for each in (namespace, array_api_compat.numpy))
    assert (found.dtype, found.shape, found.tolist()) == (expected.dtype, expected.shape, expected.tolist())


@pytest.mark.parametrize("name", ["asarray", "zeros", "arange"])
def test_another_device_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="tpu"):
        getattr(namespace, name)(3, device="tpu")
    with pytest.raises(BackendError, match=r"NumPy has no device 'tpu'\n  needed:  'cpu', or None"):
        namespace.astype(np.ones(2), np.int8, device="tpu")


@pytest.mark.parametrize("name", ["nothing", "__wrapped__"])
def test_what_it_has_not_is_an_attribute_error(name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        getattr(namespace, name)


def test_kernels_are_found_in_it_for_every_op_as_in_array_api_compat() -> None:
    for name in extensions().ops:
        found, expected = namespace, array_api_compat.numpy
        for part in name.split("."):
            found, expected = getattr(found, part, None), getattr(expected, part, None)
        assert (found is None) == (expected is None)


def test_array_api_compat_is_loaded_when_a_function_of_it_is_needed() -> None:
    code = """
import sys, polyflow as pf
session = pf.Session("numpy")
x = pf.constant([[2.0, 1.0], [1.0, 3.0]])
found = session.run(pf.sum(x @ x, axis=0))
before = "array_api_compat" in sys.modules
solved = session.run(pf.linalg.solve(x, x))
print(found.tolist(), before, "array_api_compat" in sys.modules, solved.round(3).tolist())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[10.0, 15.0] False True [[1.0, 0.0], [0.0, 1.0]]"


def test_the_names_are_listed_without_loading_what_is_behind_them() -> None:
    code = """
import sys
from polyflow_numpy import namespace
print({"sin", "clip", "linalg", "astype"} <= set(dir(namespace)))
print("array_api_compat.numpy" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\nFalse\n"
