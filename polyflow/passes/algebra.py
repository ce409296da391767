"""Simple algebra: operations that change nothing go. Rewrites here are exact in floating point, or declared by ops."""

from __future__ import annotations

from collections.abc import Iterator
from math import copysign
from typing import Any

from polyflow.core.declaration import Op, Trait
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.rewriting import Replacement, Rewriter, rewrite
from polyflow.core.tensor import Operation, Tensor
from polyflow.extension.passes import PassContext


class Algebra:
    """Removes identities, neutral elements, involutions applied twice and idempotent repetitions."""

    name = "algebra"
    stage = "simplify"

    def __call__(self, program: Program, context: PassContext) -> Program:
        return rewrite(program, lambda rewriter, operation: _simplify(rewriter, operation, context))


def _simplify(rewriter: Rewriter, operation: Operation, context: PassContext) -> Replacement:
    op, inputs = operation.op, operation.inputs
    if not inputs or len(operation.outputs) != 1 or not _may_change(op):
        return None
    if op.simplification_rule is not None:
        simpler = op.simplification_rule(operation)
        if isinstance(simpler, Tensor):
            return (simpler,)
        if simpler is not None and all(map(context.can_run, _ops(simpler))):
            return rewriter.instead(operation, *simpler)
    result_type = operation.outputs[0].type
    if op.has_trait(Trait.IDENTITY) and inputs[0].type == result_type and None not in result_type.known_shape:
        return (inputs[0],)
    inner = inputs[0].operation
    if len(inputs) == 1 and inner.op is op and inner.attributes == operation.attributes:
        if op.has_trait(Trait.INVOLUTION):
            return (inner.inputs[0],)
        if op.has_trait(Trait.IDEMPOTENT):
            return (inputs[0],)
    if op.neutral and len(inputs) == 2:
        for index, neutral in op.neutral.items():
            other = inputs[1 - index]
            if other.type == result_type and _is_scalar(inputs[index], neutral):
                return (other,)
    return None


def _may_change(op: Op) -> bool:
    """Whether there is anything to be simplified about ``op`` at all; most have nothing."""
    return bool(op.simplification_rule or op.neutral) or op.has_any(_SIMPLE)


_SIMPLE = Trait.IDENTITY | Trait.INVOLUTION | Trait.IDEMPOTENT


def _ops(made: Any) -> Iterator[Op]:
    """The ops of a simpler form, which may have others among its inputs."""
    op, inputs, _ = made
    yield op
    for each in inputs:
        if not isinstance(each, Tensor):
            yield from _ops(each)


def _is_scalar(tensor: Tensor, value: object) -> bool:
    """Whether every element of ``tensor`` is ``value``, the sign of a floating zero included.

    No complex number is: ``(a + bi) * (1 + 0i)`` loses the signs of zeros, and makes NaN of infinities.
    """
    if tensor.operation.op is not constant_op:
        return False
    found = tensor.operation.attributes["value"].uniform_value
    if found is None or found != value:
        return False
    if isinstance(found, float) and found == 0 and isinstance(value, float):
        return copysign(1.0, found) == copysign(1.0, value)
    return not isinstance(found, complex)
