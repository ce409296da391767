"""Programs on slices along the first axis of large arrays, some slices at a time: what is between the first reads and
the last writes stays in the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from polyflow.core.types import TensorType

BLOCK = 1 << 18
"""Bytes of one operand in one block."""


def in_rows(
    function: Callable[..., tuple[Any, ...]], operands: Sequence[TensorType], results: Sequence[TensorType]
) -> Callable[..., tuple[Any, ...]]:
    """A function of whole arrays that calls ``function`` on slices of them; arrays of fewer axes, and those with
    another first axis, are handed on as they are."""
    rank, size = results[0].rank, results[0].static_shape[0]
    are_rows = [each.rank == rank and each.static_shape[0] == size for each in operands]
    types = [(each.static_shape, np.dtype(each.known_dtype.name)) for each in results]
    taken = [each for each, is_row in zip(operands, are_rows, strict=True) if is_row]
    largest = max(prod(each.static_shape[1:]) * each.known_dtype.bits // 8 for each in (*taken, *results))
    step = BLOCK // max(largest, 1)
    step = max(step - step % 8, 1)  # BLAS takes a few rows at a time, and what is left over by another way

    def run(*arrays: Any) -> tuple[Any, ...]:
        made = tuple([np.empty(shape, dtype) for shape, dtype in types])
        for start in range(0, size, step):
            part = slice(start, start + step)
            found = function(*[x[part] if is_row else x for x, is_row in zip(arrays, are_rows, strict=True)])
            for target, value in zip(made, found, strict=True):
                target[part] = value
        return made

    return run
