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

LARGEST = 4096
"""Elements of a result above which folding would store more than it saves."""


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
    return size is not None and size <= LARGEST


_NEVER = Trait.EFFECT | Trait.HOST | Trait.ELSEWHERE
