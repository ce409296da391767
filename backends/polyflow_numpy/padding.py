"""Padding in NumPy: one array filled, then written into."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyflow.extension import Kernel

Array = np.ndarray[Any, Any]


def pad(x: Array, paddings: Any, /, *, mode: str = "constant", constant_values: Any = 0) -> Array:
    """The op of that name."""
    pairs = np.broadcast_to(np.asarray(paddings, np.int64).reshape(-1, 2 if np.ndim(paddings) else 1), (x.ndim, 2))
    if mode.lower() != "constant" and x.ndim:
        mirrored: Array = np.pad(x, pairs.tolist(), mode="reflect" if mode.lower() == "reflect" else "symmetric")
        return mirrored
    shape = [size + before + after for size, (before, after) in zip(x.shape, pairs, strict=True)]
    result = np.full(shape, constant_values, x.dtype)
    result[tuple(slice(pair[0], pair[0] + size) for size, pair in zip(x.shape, pairs, strict=True))] = x
    return result


KERNELS: dict[str, Kernel] = {"pad": pad}
