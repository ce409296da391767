"""Dead code: operations that no result needs and that do nothing else."""

from __future__ import annotations

from polyflow.core.declaration import Trait
from polyflow.core.program import Program
from polyflow.extension.passes import PassContext


class DeadCode:
    """Drops what nobody reads."""

    name = "dead code"
    stage = "simplify"

    def __call__(self, program: Program, context: PassContext) -> Program:
        needed = set(program.results)
        kept = []
        for operation in reversed(program.operations):
            is_needed = operation.op.has_trait(Trait.EFFECT)
            for tensor in operation.outputs:
                is_needed = is_needed or tensor in needed
            if is_needed:
                needed.update(operation.inputs)
                kept.append(operation)
        if len(kept) == len(program.operations):
            return program
        return Program(program.parameters, tuple(reversed(kept)), program.results)
