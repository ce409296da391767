"""Bodies of loops and branches that run on the host: what lies between their host operations compiled, in stretches.

A loop that calls Python in each iteration is a loop of Python's. What else there is in its body need not run operation
by operation for that: it is cut as a whole program is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.nested import map_bodies
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.rewriting import with_inputs
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.runtime.segments import Segment, cut
from polyflow.runtime.straight import StraightProgram

Compile = Callable[[Segment], tuple[StraightProgram, Callable[..., tuple[Any, ...]]]]
"""From a segment to its source and its function."""
FEWEST = 2
"""Operations that are worth a compilation."""


class Stretch:
    """Operations of a body that are compiled together: a function of arrays."""

    def __init__(self, segment: Segment, source: StraightProgram, function: Callable[..., tuple[Any, ...]]) -> None:
        self.function = function
        self.sources = (source,)
        self.types = tuple(each.type for each in segment.program.results)

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        """The results."""
        return self.function(*operands)

    def __repr__(self) -> str:
        return f"<{', '.join(each.op.full_name for each in _computing(self.sources[0].program))}, compiled>"


@define_op(name="stretch", traits=Trait.ELSEWHERE, takes_unknown=True)
def stretch_op(operands: Sequence[TensorType], /, *, region: Stretch) -> tuple[TensorType, ...]:
    """The results of ``region``, which is compiled by itself.

    Bodies that run on the host have them; users never call it.
    """
    return region.types


stretch_op.no_gradient("it is made after gradients are")


@stretch_op.kernel
def run_stretch(xp: Any, operands: Sequence[Any], /, *, region: Stretch) -> tuple[Any, ...]:
    """The region called."""
    return region(*operands)


def in_stretches(program: Program, has_callbacks: bool, compile: Compile) -> tuple[Program, list[Stretch]]:
    """``program``, whose operations run on the host, with stretches in the bodies of those; and the stretches."""
    maker = _Maker(has_callbacks, compile)
    return maker.rewritten(program, [_computing(program)]), maker.made


class _Maker:
    """Makes the stretches of a program."""

    def __init__(self, has_callbacks: bool, compile: Compile) -> None:
        self._has_callbacks = has_callbacks
        self._compile = compile
        self.made: list[Stretch] = []

    def rewritten(self, program: Program, groups: Sequence[Segment | Sequence[Operation]]) -> Program:
        """``program`` as these groups of its operations, in order: segments become stretches."""
        operations = [each for each in program.operations if each.op is constant_op]
        replaced: dict[Tensor, Tensor] = {}
        for group in groups:
            if isinstance(group, Segment):
                made = self._stretch(group, replaced)
                replaced.update(zip(group.program.results, made.outputs, strict=True))
                operations.append(made)
                continue
            for operation in group:
                current = map_bodies(with_inputs(operation, replaced), self._body)
                if current is not operation:
                    replaced.update(zip(operation.outputs, current.outputs, strict=True))
                operations.append(current)
        if not replaced:
            return program
        results = tuple([replaced.get(each, each) for each in program.results])
        read = {*results, *(each for operation in operations for each in operation.inputs)}
        kept = [each for each in operations if each.op is not constant_op or each.output in read]
        return Program(program.parameters, tuple(kept), results)

    def _body(self, body: Program) -> Program:
        groups: list[Segment | Sequence[Operation]] = []
        for segment in cut(body, self._has_callbacks):
            operations = _computing(segment.program)
            is_left = segment.on_host or segment.is_elsewhere or len(operations) < FEWEST
            groups.append(operations if is_left else segment)
        return self.rewritten(body, groups)

    def _stretch(self, segment: Segment, replaced: Mapping[Tensor, Tensor]) -> Operation:
        stretch = Stretch(segment, *self._compile(segment))
        self.made.append(stretch)
        takes = tuple([replaced.get(each, each) for each in segment.takes])
        last = segment.program.operations[-1]
        attributes = {"region": stretch}
        return Operation(
            stretch_op, last.name, takes, attributes, stretch.types, location=last.location, origin=last.origin
        )


def _computing(program: Program) -> list[Operation]:
    """The operations but constants."""
    return [each for each in program.operations if each.op is not constant_op]
