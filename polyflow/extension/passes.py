"""What a pass is: a function from program to program, with a name and a stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from polyflow.core.declaration import Op
from polyflow.core.literal import Literal
from polyflow.core.program import Program
from polyflow.core.tensor import Operation

STAGES = ("simplify", "optimise", "fuse", "lower")
"""The stages in order: smaller and equal; faster on this backend; several operations as one, once it is settled which
there are; into forms that an executor needs."""

Evaluate = Callable[[Operation, tuple[Literal, ...]], tuple[Literal, ...]]
"""Runs one operation on known operands, on the backend that the program is meant for."""


@dataclass(frozen=True)
class PassContext:
    """What a pass may know besides the program."""

    evaluate: Evaluate
    backend: str
    is_compiled: bool = False
    """Whether the backend's compiler sees the program next, and does what compilers do."""
    blocks: bool = False
    """Whether the backend runs elementwise programs block by block."""
    rows: bool = False
    """Whether it runs programs that treat the slices along the first axis alike some slices at a time."""
    can_run: Callable[[Op], bool] = lambda op: True
    """Whether the backend has a kernel for an op that a pass would bring in."""


class Pass(Protocol):
    """A transformation of programs. It reads traits, never the names of ops.

    It is applied to the bodies of loops and branches first, unless it has ``enters_bodies = False``, and on every
    backend, unless it names one: ``backend = "mine"``.
    """

    name: str
    stage: str

    def __call__(self, program: Program, context: PassContext) -> Program:
        """The program transformed; the same object where there is nothing to do."""
        ...
