"""Running passes in the order of their stages, each checked when checking is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from polyflow.core.nested import map_bodies
from polyflow.core.operators import later
from polyflow.core.program import Program
from polyflow.core.rewriting import Replacement, Rewriter, rewrite
from polyflow.core.tensor import Operation
from polyflow.errors import PassError, PolyflowError, message
from polyflow.extension.passes import STAGES, Pass, PassContext

_verify = later("polyflow.core.verifier", "verify")  # where checking is asked for
_format_operation = later("polyflow.core.printer", "format_operation")


class Step:
    """What one pass did."""

    def __init__(self, name: str, before: int, after: int) -> None:
        self.name = name
        self.before = before
        self.after = after
        """Numbers of operations."""


def run_passes(
    program: Program, passes: Sequence[Pass], context: PassContext, *, check: bool = False
) -> tuple[Program, list[Step]]:
    """The program after all ``passes``, stage by stage, and what each did; ``check`` verifies after each."""
    steps = []
    passes = [each for each in passes if getattr(each, "backend", context.backend) == context.backend]
    for each in sorted(passes, key=lambda one: STAGES.index(one.stage)):
        before = len(program)
        try:
            program = _apply(each, program, context)
        except PolyflowError:
            raise
        except Exception as error:
            raise _failed(each, error) from error
        steps.append(Step(each.name, before, len(program)))
        if check:
            try:
                _verify(program)
            except PolyflowError as error:
                raise type(error)(f"after pass {each.name!r}: {error}") from error
    return program, steps


def _failed(each: Pass, error: Exception) -> PassError:
    operation = getattr(error, "polyflow_operation", None)
    return PassError(
        message(
            f"pass {each.name!r} failed: {type(error).__name__}: {error}",
            operand=operation and _format_operation(operation),
            where=operation and operation.location,
            remedy="Session(optimise=False) goes without it",
        )
    )


def _apply(each: Pass, program: Program, context: PassContext) -> Program:
    """The program after a pass, which goes over the bodies of loops and branches first."""

    def inside(rewriter: Rewriter, operation: Operation) -> Replacement:
        changed = map_bodies(operation, lambda body: _apply(each, body, context))
        if changed is operation:
            return None
        return rewriter.keep(changed)

    if getattr(each, "enters_bodies", True) and program.is_nested:
        program = rewrite(program, inside)
    return each(program, context)
