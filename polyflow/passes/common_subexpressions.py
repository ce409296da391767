"""Common subexpressions: the same op on the same operands is computed once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from polyflow.core.declaration import Trait
from polyflow.core.nested import has_effect
from polyflow.core.program import Program
from polyflow.core.rewriting import Replacement, Rewriter, rewrite
from polyflow.core.tensor import Operation
from polyflow.extension.passes import PassContext


class CommonSubexpressions:
    """Lets every repetition of an operation use the first one's results."""

    name = "common subexpressions"
    stage = "simplify"

    def __call__(self, program: Program, context: PassContext) -> Program:
        seen: dict[Hashable, Operation] = {}

        def merge(rewriter: Rewriter, operation: Operation) -> Replacement:
            if has_effect(operation):
                return None
            first = seen.setdefault(_key(operation), operation)
            return None if first is operation else first.outputs

        return rewrite(program, merge)


def _key(operation: Operation) -> Hashable:
    inputs = [id(each) for each in operation.inputs]
    if operation.op.has_trait(Trait.COMMUTATIVE):
        inputs.sort()
    return operation.op, tuple(inputs), attribute_key(operation.attributes)


def attribute_key(attributes: Mapping[str, Any]) -> Hashable:
    """A key that is equal for equal attributes only: 1, 1.0 and True differ here, as do 0.0 and -0.0."""
    return tuple([(name, type(value), _exact(value)) for name, value in attributes.items()]) if attributes else ()


def _exact(value: Any) -> Hashable:
    if isinstance(value, float | complex):
        return repr(value)
    if type(value) is tuple:
        return tuple([(type(each), _exact(each)) for each in value])
    return value  # type: ignore[no-any-return]
