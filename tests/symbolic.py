"""Running a function of arrays through a graph whose placeholders know nothing of types, for tests of ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import polyflow as pf

BACKENDS = ["numpy", "jax", "reference"]


def run(function: Callable[..., Any], *arrays: Any, backend: str = "numpy") -> Any:
    """What ``function`` of placeholders gives when they are fed ``arrays``, as NumPy arrays."""
    placeholders = [pf.placeholder() for _ in arrays]
    feeds = {x: np.asarray(each) for x, each in zip(placeholders, arrays, strict=True)}
    found = pf.Session(backend).run(function(*placeholders), feeds)
    return [np.asarray(each) for each in found] if isinstance(found, list | tuple) else np.asarray(found)


def slope(function: Callable[..., Any], *arrays: Any, backend: str = "numpy") -> np.ndarray[Any, Any]:
    """The gradient of the sum of what ``function`` gives, with respect to the first of ``arrays``."""
    return run(lambda x, *rest: pf.gradients(pf.sum(function(x, *rest)), x)[0], *arrays, backend=backend)
