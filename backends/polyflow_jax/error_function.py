"""The error function in JAX: XLA's own, and the activation that is made of it."""

from __future__ import annotations

import math
from typing import Any

from jax import lax, nn

from polyflow.extension import Kernel


def gelu(x: Any, /, *, approximate: bool = False) -> Any:
    """By ``erfc``, which keeps its digits for negative ``x``."""
    return nn.gelu(x, approximate=True) if approximate else 0.5 * x * lax.erfc(-math.sqrt(0.5) * x)


KERNELS: dict[str, Kernel] = {"erf": lax.erf, "erfc": lax.erfc, "erfinv": lax.erf_inv, "nn.gelu": gelu}
