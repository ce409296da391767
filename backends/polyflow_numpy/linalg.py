"""Linear algebra where NumPy reads another triangle than the one it is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyflow.extension import Kernel

Array = Any  # numpy.ndarray


def cholesky(x: Array, /, *, upper: bool = False) -> Array:
    """``numpy.linalg.cholesky``, which reads the upper triangle if that is what it returns."""
    if not upper:
        return np.linalg.cholesky(x)
    return np.linalg.cholesky(x.conj().swapaxes(-1, -2)).conj().swapaxes(-1, -2)


KERNELS: dict[str, Kernel] = {"linalg.cholesky": cholesky}
