"""Python functions in programs: they get arrays of NumPy, which Python reads many times faster than JAX's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from polyflow.extension import Kernel
from polyflow.ops.host_functions import run_py_func


def py_func(
    operands: Sequence[Any], *, func: Callable[..., Any], Tout: Any, shapes: Any, rule: Any = None
) -> tuple[Any, ...]:
    """What ``func`` returns, as JAX's arrays."""
    return run_py_func(jnp, [np.asarray(each) for each in operands], func, Tout, shapes)


KERNELS: dict[str, Kernel] = {"py_func": py_func, "pure_py_func": py_func}
