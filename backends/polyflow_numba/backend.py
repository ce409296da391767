"""NumPy's backend with one kernel more: that of operations in machine code."""

from __future__ import annotations

import copy
from typing import Any

from polyflow.extension import Backend
from polyflow.extension.manager import extensions
from polyflow_numba.functions import numba  # what a session without Numba fails by
from polyflow_numba.regions import machine_code_op, run_machine_code


def numba_backend() -> Backend:
    """A backend that takes after NumPy's in everything. Raises ``ImportError`` where Numba is not installed."""
    assert numba is not None
    backend: Any = copy.copy(extensions().backend("numpy"))
    backend.name = "numba"
    backend.kernels = {**backend.kernels, machine_code_op.full_name: run_machine_code}
    backend.fresh = backend.fresh | {machine_code_op.full_name}
    return backend  # type: ignore[no-any-return]
