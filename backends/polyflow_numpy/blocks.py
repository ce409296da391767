"""Elementwise programs over large arrays, block by block: what is between the first reads and the last writes stays in
the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from polyflow.core.types import TensorType

BLOCK = 1 << 17
"""Bytes of one operand in one block: a few of them fit in the cache next to a core."""


def in_blocks(
    function: Callable[..., tuple[Any, ...]], operands: Sequence[TensorType], results: Sequence[TensorType]
) -> Callable[..., tuple[Any, ...]]:
    """A function of whole arrays that calls ``function`` on slices of them; scalars are handed on."""
    shape = results[0].static_shape
    dtypes = [np.dtype(each.known_dtype.name) for each in results]
    are_arrays = [each.shape != () for each in operands]
    widest = max(each.known_dtype.bits for each in (*operands, *results)) // 8
    size, step = int(np.prod(shape)), max(BLOCK // max(widest, 1), 1)

    def run(*arrays: Any) -> tuple[Any, ...]:
        sources = [each.reshape(-1) if is_array else each for each, is_array in zip(arrays, are_arrays, strict=True)]
        made = [np.empty(size, dtype) for dtype in dtypes]
        for start in range(0, size, step):
            part = slice(start, start + step)
            found = function(
                *[each[part] if is_array else each for each, is_array in zip(sources, are_arrays, strict=True)]
            )
            for target, value in zip(made, found, strict=True):
                target[part] = value
        return tuple([each.reshape(shape) for each in made])

    return run
