"""Dead code: operations that no result needs and that do nothing else."""

from __future__ import annotations

from polyflow.core.program import Program
from polyflow.core.pruning import prune
from polyflow.extension.passes import PassContext


class DeadCode:
    """Drops what nobody reads, of loops and branches as well."""

    name = "dead code"
    stage = "simplify"

    def __call__(self, program: Program, context: PassContext) -> Program:
        return prune(program)
