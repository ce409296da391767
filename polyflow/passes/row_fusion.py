"""Fusion by rows: operations that do the same with every slice along the first axis as one, which goes over some slices
at a time.

A normalization along the last axis, or attention in a batch of heads, reads and writes whole arrays between the
operations that it is made of; for a few slices these stay in the cache. Which axis an op leaves alone is what its
batching rule says.
"""

from __future__ import annotations

from collections.abc import Sequence

from polyflow.core.batching import along_axis, on_last_axes, over_axes
from polyflow.core.declaration import Trait
from polyflow.core.program import Program
from polyflow.core.tensor import Operation
from polyflow.core.types import TensorType
from polyflow.extension.passes import PassContext
from polyflow.passes.fusion import FEWEST, SMALLEST, has_large, is_large, with_regions

_LEFT_ALONE = Trait.EFFECT | Trait.HOST | Trait.IDENTITY | Trait.ELSEWHERE | Trait.NESTED

Rows = tuple[int, int]
"""How many slices there are, and the rank of the arrays: what all operations of a region have in common."""


class RowFusion:
    """Puts operations on slices along the first axis that follow one another into one."""

    name = "fusion by rows"
    stage = "fuse"

    def __call__(self, program: Program, context: PassContext) -> Program:
        if (
            not context.rows
            or not has_large(program)
            or sum(_touches_much(each) for each in program.operations) < FEWEST
        ):
            return program
        return with_regions(program, _rows, _is_worth, "fused_rows", by_rows=True)


def _is_worth(region: Sequence[Operation]) -> bool:
    """Whether the operations are worth a loop of their own, and are not of the kind that ``fusion`` has seen to."""
    large = [each for each in region if _touches_much(each)]
    return len(large) >= FEWEST and not all(is_large(each) for each in large)


def _touches_much(operation: Operation) -> bool:
    """Whether an operand or a result is large."""
    types = [each.type for each in (*operation.inputs, *operation.outputs)]
    return any(each.is_static and (each.size or 0) >= SMALLEST for each in types)


def _rows(operation: Operation) -> Rows | None:
    """The slices that ``operation`` goes over, each by itself; ``None`` where it mixes them, or has none."""
    op = operation.op
    if len(operation.outputs) != 1 or any(op.has_trait(each) for each in _LEFT_ALONE):
        return None
    types = [each.type for each in operation.inputs]
    result = operation.output.type
    if not all(each.is_static for each in (*types, result)) or result.rank < 2 or result.static_shape[0] < 2:
        return None
    rows = result.static_shape[0], result.rank
    are_rows = [_is_in(each, rows) for each in types]
    if not any(are_rows):
        return None
    others = [each for each, is_row in zip(types, are_rows, strict=True) if not is_row]
    return rows if _is_apart(operation, others) else None


def _is_in(type: TensorType, rows: Rows) -> bool:
    return type.rank == rows[1] and type.static_shape[0] == rows[0]


def _is_apart(operation: Operation, others: Sequence[TensorType]) -> bool:
    """Whether each slice of the result is made of that slice of the operands, and of ``others`` as they are."""
    op, rank = operation.op, operation.output.type.rank
    can_broadcast = all(each.rank < rank or each.static_shape[0] == 1 for each in others)
    if op.has_trait(Trait.ELEMENTWISE):
        return can_broadcast
    if op.has_trait(Trait.ASSOCIATIVE):  # a product of matrices, in front of which the first axis stands
        return rank > 2 and can_broadcast and all(each.rank > 1 for each in others)
    if others:
        return False
    if op.batching_rule in (along_axis, over_axes):
        axes = [operation.attributes[name] for name, form in op.signature.forms if form in ("axis", "new axis")]
        return bool(axes) and all(_leaves_the_first(axis, rank) for axis in axes)
    return op.batching_rule is on_last_axes and rank > 2


def _leaves_the_first(axis: object, rank: int) -> bool:
    """Whether an axis, or each of several, is another than the first; one that was left open is all of them."""
    each_axis = axis if isinstance(axis, tuple) else (axis,)
    return all(isinstance(each, int) and each % rank for each in each_axis)
