"""The pass by which NumPy sums squares along rows as products of the rows with themselves, which BLAS computes.

Squares that nothing else reads need not be written and read again; a variance along the last axis is made of them.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from polyflow.core.literal import literal
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.rewriting import Replacement, Rewriter, rewrite
from polyflow.core.tensor import Operation, Tensor
from polyflow.extension.passes import PassContext

SHORTEST, LONGEST = 128, 512
"""Rows that are multiplied by themselves: the call for each costs more than it saves in shorter ones, and in longer
ones NumPy's sums, in pairs, round less."""
FEWEST = 1 << 16
"""Elements from which on it pays."""


class SumsOfSquares:
    """Writes sums and means of squares along the last axis as products of vectors."""

    name = "sums of squares"
    stage = "lower"  # behind fusion, which knows sums along an axis, and no products of vectors
    backend = "numpy"

    def __call__(self, program: Program, context: PassContext) -> Program:
        sums = [each for each in program.operations if _is_sum(each)]
        if not sums:
            return program
        read = Counter([*(tensor for each in program.operations for tensor in each.inputs), *program.results])
        chosen = {each.name: each.inputs[0].operation.name for each in sums if read[each.inputs[0]] == 1}

        def shorter(rewriter: Rewriter, operation: Operation) -> Replacement:
            return _as_product(rewriter, operation) if operation.name in chosen else None

        last = rewrite(program, shorter)
        kept = [each for each in last.operations if each.name not in chosen.values()]
        return Program(last.parameters, tuple(kept), last.results)


def _is_sum(operation: Operation) -> bool:
    """Whether this is a sum, or a mean, of the squares of the elements of rows."""
    if operation.op.full_name not in ("sum", "mean") or operation.inputs[0].operation.op.full_name != "square":
        return False
    type, axis = operation.inputs[0].type, operation.attributes["axis"]
    if not type.is_static or type.rank < 2 or type.dtype is not operation.output.type.dtype:
        return False
    axes = axis if isinstance(axis, tuple) else (axis,)
    is_last = len(axes) == 1 and axes[0] in (-1, type.rank - 1)
    is_long = SHORTEST <= type.static_shape[-1] <= LONGEST and (type.size or 0) >= FEWEST
    return is_last and is_long and type.known_dtype.name in ("float32", "float64")


def _as_product(rewriter: Rewriter, operation: Operation) -> tuple[Tensor, ...]:
    from polyflow.ops.arithmetic import divide  # the ops are loaded when there is a program
    from polyflow.ops.linear import vecdot
    from polyflow.ops.manipulation import expand_dims

    (x,) = operation.inputs[0].operation.inputs
    made: Any = (vecdot, (x, x), {"axis": -1})
    if operation.attributes["keepdims"]:
        made = (expand_dims, (made,), {"axis": -1})
    if operation.op.full_name == "mean":
        count = literal(operation.inputs[0].type.static_shape[-1], dtype=x.type.known_dtype)
        made = (divide, (made, (constant_op, (), {"value": count, "weak": False})), {})
    return rewriter.instead(operation, *made)
