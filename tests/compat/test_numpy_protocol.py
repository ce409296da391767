"""NumPy's functions on tensors build the graph."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf

A = np.array([[0.5, -1.5], [2.0, 0.25]])

CASES = {
    "exp": lambda x: np.exp(x),
    "absolute": lambda x: np.absolute(x),
    "power": lambda x: np.power(x, 2),
    "arctan2": lambda x: np.arctan2(x, 2.0),
    "array + tensor": lambda x: A + x,
    "array @ tensor": lambda x: A @ x,
    "sum with an axis by position": lambda x: np.sum(x, 1),
    "mean": lambda x: np.mean(x, axis=0, keepdims=True),
    "amax": lambda x: np.max(x),
    "reshape": lambda x: np.reshape(x, (4,)),
    "transpose": lambda x: np.transpose(x),
    "concatenate": lambda x: np.concatenate([x, x], axis=1),
    "where": lambda x: np.where(x > 0, x, 0.0),
    "dot": lambda x: np.dot(x, x),
    "clip": lambda x: np.clip(x, -1.0, 1.0),
}


@pytest.mark.parametrize("function", CASES.values(), ids=CASES)
def test_numpy_function_of_a_tensor_equals_that_of_its_value(function):
    with pf.Graph().as_default():
        found = pf.Session().run(function(pf.constant(A)))
    np.testing.assert_allclose(found, function(A))


def test_what_polyflow_has_no_function_for_is_refused():
    with pf.Graph().as_default():
        x = pf.constant(A)
        with pytest.raises(TypeError):
            np.linalg.lstsq(x, x)
