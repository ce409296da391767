"""Constant folding: what depends on constants alone is computed once, when the plan is made."""

from __future__ import annotations

from polyflow.core.declaration import Trait
from polyflow.core.literal import Literal
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.rewriting import Replacement, Rewriter, rewrite
from polyflow.core.tensor import Operation
from polyflow.errors import ExecutionError
from polyflow.extension.passes import PassContext

SMALL = 1 << 12
"""Elements of a result up to which every operation is folded."""
LARGEST = 1 << 18
"""Elements up to which those are that compute each element, or give no more than they take. Others, such as ``zeros``
and ``broadcast_to``, cost less when they run than what they would leave to be stored and read."""


class ConstantFolding:
    """Replaces operations on constants by their results, computed on the backend of the session."""

    name = "constant folding"
    stage = "simplify"

    def __call__(self, program: Program, context: PassContext) -> Program:
        if context.is_compiled:
            return program  # the compiler folds, without running operations one by one

        def fold(rewriter: Rewriter, operation: Operation) -> Replacement:
            if not _can_fold(operation):
                return None
            values: tuple[Literal, ...] = tuple(each.operation.attributes["value"] for each in operation.inputs)
            try:
                (result,) = context.evaluate(operation, values)
            except ExecutionError:
                return None  # it fails when it runs, unless it is in a branch that is not taken
            return (rewriter.constant(result, like=operation),)

        return rewrite(program, fold)


def _can_fold(operation: Operation) -> bool:
    for tensor in operation.inputs:
        if tensor.operation.op is not constant_op:
            return False
    op = operation.op
    if op is constant_op or len(operation.outputs) != 1 or op.is_nested or op.has_any(_NEVER):
        return False
    size = operation.outputs[0].type.size
    if size is None or size > LARGEST:
        return False
    taken = sum(each.type.size or 0 for each in operation.inputs)
    return size <= max(SMALL, taken) or (taken > 0 and op.has_trait(Trait.ELEMENTWISE))


_NEVER = Trait.EFFECT | Trait.HOST | Trait.ELSEWHERE
