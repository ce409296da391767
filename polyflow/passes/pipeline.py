"""Running passes in the order of their stages, each checked when checking is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from polyflow.core.program import Program
from polyflow.core.verifier import verify
from polyflow.errors import PolyflowError
from polyflow.extension.passes import STAGES, Pass, PassContext


class Step(NamedTuple):
    """What one pass did."""

    name: str
    before: int
    after: int
    """Numbers of operations."""


def run_passes(
    program: Program, passes: Sequence[Pass], context: PassContext, *, check: bool = False
) -> tuple[Program, list[Step]]:
    """The program after all ``passes``, stage by stage, and what each did; ``check`` verifies after each."""
    steps = []
    for each in sorted(passes, key=lambda one: STAGES.index(one.stage)):
        before = len(program)
        program = each(program, context)
        steps.append(Step(each.name, before, len(program)))
        if check:
            try:
                verify(program)
            except PolyflowError as error:
                raise type(error)(f"after pass {each.name!r}: {error}") from error
    return program, steps
