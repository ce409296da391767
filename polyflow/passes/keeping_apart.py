"""What is computed anew, kept apart from what was computed before: for compilers, which would merge the two.

Operations that follow one another become one ``call`` with ``recompute``, whose operands a compiler does not see
through. Among them is a value that was made just before, so that the call is not made long before it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from polyflow.core.declaration import Op
from polyflow.core.primitives import constant_op, placeholder_op
from polyflow.core.program import Program
from polyflow.core.rewriting import with_inputs
from polyflow.core.tensor import Operation, Tensor


def kept_apart(program: Program, anew: Mapping[str, Operation], call: Op) -> Program:
    """``program`` with the operations named in ``anew``, each with the one that it repeats, inside of ``call``."""
    return _Writer(program, anew, call).program() if anew else program


class _Writer:
    """Collects the operations of the new program, and those that are to go into the next call."""

    def __init__(self, program: Program, anew: Mapping[str, Operation], call: Op) -> None:
        self._program = program
        self._anew = anew
        self._call = call
        self._last: dict[Tensor, int] = {each: len(program) for each in program.results}
        for place, operation in enumerate(program.operations):
            for each in operation.inputs:
                self._last[each] = max(place, self._last.get(each, 0))
        self._operations: list[Operation] = []
        self._replaced: dict[Tensor, Tensor] = {}
        self._made: dict[Tensor, int] = {}
        """Where the values of the new program are made, parameters and constants left out."""
        self._group: list[Operation] = []
        self._repeated: set[Operation] = set()
        """What the operations of the group repeat: nothing twice, since inside of a call it would be merged."""

    def program(self) -> Program:
        """The new program."""
        for place, operation in enumerate(self._program.operations):
            source = self._anew.get(operation.name)
            if source is None or source in self._repeated:
                self._close(place, operation)
            if source is None:
                self._add(with_inputs(operation, self._replaced), operation)
            else:
                self._group.append(operation)
                self._repeated.add(source)
        self._close(len(self._program), None)
        results = tuple([self._replaced.get(each, each) for each in self._program.results])
        return Program(self._program.parameters, tuple(self._operations), results)

    def _add(self, made: Operation, old: Operation) -> None:
        if made is not old:
            self._replaced.update(zip(old.outputs, made.outputs, strict=True))
        if made.op is not constant_op:
            self._made.update(dict.fromkeys(made.outputs, len(self._operations)))
        self._operations.append(made)

    def _close(self, place: int, reader: Operation | None) -> None:
        """Add the group as one call, which ``reader``, the operation at ``place``, waits for."""
        group, self._group, self._repeated = self._group, [], set()
        if not group:
            return
        inside = {each for operation in group for each in operation.outputs}
        results = [each for each in inside if self._last.get(each, -1) >= place]
        results.sort(key=lambda each: each.name)
        taken = dict.fromkeys(each for operation in group for each in operation.inputs if each not in inside)
        own = {each: each.operation for each in taken if each.operation.op is constant_op and not each.type.rank}
        operands = [each for each in taken if each not in own]
        waits_for = self._latest(() if reader is None else reader.inputs)
        given = [self._replaced.get(each, each) for each in operands]
        if waits_for is not None and waits_for not in set(given):
            operands.append(waits_for)
            given.append(waits_for)
        parameters = {each: _parameter(each, number) for number, each in enumerate(operands)}
        local: dict[Tensor, Tensor] = dict(parameters)
        body = [*own.values()]
        for operation in group:
            body.append(operation.changed(inputs=[local.get(each, each) for each in operation.inputs]))
            local.update(zip(operation.outputs, body[-1].outputs, strict=True))
        program = Program(tuple(parameters.values()), tuple(body), tuple([local[each] for each in results]))
        made = Operation(
            self._call,
            f"{group[-1].name}/call",
            tuple(given),
            {**self._call.signature.defaults, "body": program, "recompute": True},
            tuple([each.type for each in results]),
            location=group[-1].location,
            origin=group[-1].origin,
        )
        self._made.update(dict.fromkeys(made.outputs, len(self._operations)))
        self._operations.append(made)
        self._replaced.update(zip(results, made.outputs, strict=True))

    def _latest(self, inputs: Sequence[Tensor]) -> Tensor | None:
        """The one of ``inputs`` that is made last; else what the operation before makes."""
        known = [each for each in (self._replaced.get(each, each) for each in inputs) if each in self._made]
        if known:
            return max(known, key=self._made.__getitem__)
        outputs = self._operations[-1].outputs if self._operations else ()
        return next((each for each in outputs if each in self._made), None)


def _parameter(tensor: Tensor, place: int) -> Tensor:
    attributes = {"dtype": tensor.type.dtype, "shape": tensor.type.shape}
    return Operation(placeholder_op, f"operand_{place}", (), attributes, (tensor.type,)).output
