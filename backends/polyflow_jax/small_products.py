"""Products of tiny matrices in programs for a CPU: as sums, which XLA makes part of the loops around them.

Its library for products takes about half a microsecond for a call alone. Up to a few thousand multiplications, sums are
the faster by a factor of two to five; beyond them, and for vectors, the library is.
"""

from __future__ import annotations

from math import prod
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from polyflow.extension import Kernel

MOST = 3500
"""Multiplications up to which sums are faster."""


def matmul(x1: Any, x2: Any, /) -> Any:
    """``jax.numpy.matmul``."""
    if not (isinstance(x1, jax.core.Tracer) or isinstance(x2, jax.core.Tracer)) or not _is_tiny(x1, x2):
        return jnp.matmul(x1, x2)
    return lax.platform_dependent(x1, x2, cpu=_summed, default=jnp.matmul)


KERNELS: dict[str, Kernel] = {"matmul": matmul}


def _is_tiny(x1: Any, x2: Any) -> bool:
    if x1.ndim != 2 or x2.ndim != 2 or x1.dtype not in (jnp.float32, jnp.float64):
        return False
    sizes: tuple[int, ...] = (*x1.shape, x2.shape[1])
    return min(sizes) > 1 and prod(sizes) <= MOST


def _summed(x1: Any, x2: Any) -> Any:
    return jnp.sum(x1[:, :, None] * x2, axis=1)
