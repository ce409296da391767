"""Programs over large arrays, a block at a time: what is between first reads and last writes stays in the cache.

Blocks of elementwise programs are worked on in several threads: NumPy lets others run while it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from polyflow.core.types import TensorType
from polyflow_numpy.quiet import LONG, on_long_rows
from polyflow_numpy.threads import in_threads

SMALL, LARGE = 1 << 17, 1 << 19
"""Bytes of one operand in one block, at least and at most: a few blocks fit in the caches of a core. Threads want large
ones: between two operations only one of them may run, and to be woken takes as long as an operation on 128 KiB."""
FEWEST = 4
"""Blocks of an array, as long as these are not small."""
ROWS = 1 << 18
"""Bytes of one operand in one block of slices."""
MATRIX_ROWS = 1 << 20
"""The same of a matrix, whose slices are rows: what is done with these is over so soon that the calls count."""
Run = Callable[..., tuple[Any, ...]]


def in_blocks(function: Run, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Run:
    """A function of whole arrays that calls ``function`` on pieces of them; scalars are handed on."""
    shape = results[0].static_shape
    size, widest = prod(shape), max(each.known_dtype.bits for each in (*operands, *results)) // 8
    made = [((size,), np.dtype(each.known_dtype.name)) for each in results]
    are_arrays = [each.shape != () for each in operands]
    block = min(max(size * widest // FEWEST, SMALL), LARGE)
    run = _in_parts(function, are_arrays, made, block // max(widest, 1), has_threads=block == LARGE)

    def flat(*arrays: Any) -> tuple[Any, ...]:
        found = run(
            *[each.reshape(-1) if is_array else each for each, is_array in zip(arrays, are_arrays, strict=True)]
        )
        return tuple([each.reshape(shape) for each in found])

    return flat


def in_rows(function: Run, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Run:
    """A function of whole arrays that calls ``function`` on slices of them; arrays of fewer axes, and those with
    another first axis, are handed on as they are."""
    rank, size = results[0].rank, results[0].static_shape[0]
    are_rows = [each.rank == rank and each.static_shape[0] == size for each in operands]
    taken = [each for each, is_row in zip(operands, are_rows, strict=True) if is_row]
    largest = max(prod(each.static_shape[1:]) * each.known_dtype.bits // 8 for each in (*taken, *results))
    step = (MATRIX_ROWS if rank == 2 else ROWS) // max(largest, 1)
    step = max(step - step % 8, 1)  # BLAS takes a few rows at a time, and what is left over by another way
    made = [(each.static_shape, np.dtype(each.known_dtype.name)) for each in results]
    run = _in_parts(function, are_rows, made, step, has_threads=False)  # BLAS has threads of its own
    widths = {each.static_shape[-1] for each in (*taken, *results)}
    return on_long_rows(run) if all(each >= LONG or each == 1 for each in widths) else run


def _in_parts(function: Run, are_cut: Sequence[bool], made: Sequence[Any], step: int, *, has_threads: bool) -> Run:
    """``function`` on ``step`` rows of the arrays that ``are_cut`` at a time, its results in arrays as they are to be
    ``made``: of a shape and a dtype each."""
    size = made[0][0][0]
    starts = range(0, size, step)

    def run(*arrays: Any) -> tuple[Any, ...]:
        results = tuple([np.empty(*each) for each in made])

        def work(start: int) -> None:
            part = slice(start, start + step)
            rooms = [each[part] for each in results]
            found = function(*[x[part] if is_cut else x for x, is_cut in zip(arrays, are_cut, strict=True)], *rooms)
            for room, value in zip(rooms, found, strict=True):
                if value is not room:
                    room[...] = value

        if has_threads:
            in_threads(work, starts)
        else:
            for start in starts:
                work(start)
        return results

    return run
