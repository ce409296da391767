"""The passes that change loops: what they do is loaded with the first program that has one."""

from __future__ import annotations

from polyflow.core.program import Program
from polyflow.extension.passes import PassContext


class ProductSums:
    """Takes sums of matrix products out of loops of known length."""

    name = "sums of products"
    stage = "optimise"

    def __call__(self, program: Program, context: PassContext) -> Program:
        if not program.is_nested:
            return program
        from polyflow.control_flow.sums import with_sums_taken_out  # with a loop to look into

        return with_sums_taken_out(program)


class LoopRooms:
    """Gives loops that keep values the room for them, where a compiler has to know its size."""

    name = "loop rooms"
    stage = "lower"
    enters_bodies = False

    def __call__(self, program: Program, context: PassContext) -> Program:
        if not context.is_compiled or not program.is_nested:
            return program
        from polyflow.control_flow.rooms import with_rooms  # as above

        return with_rooms(program)
