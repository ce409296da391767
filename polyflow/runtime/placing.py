"""Dividing a program among backends: regions for what its own lacks, as large as they can be.

A region is all that can run on one of the backends behind it before its own backend is asked again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

from polyflow.core.declaration import Trait
from polyflow.core.nested import every_operation, map_bodies
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.rewriting import with_inputs
from polyflow.core.tensor import Operation, Tensor
from polyflow.extension.backend import Backend
from polyflow.extension.fallback import fallbacks_of
from polyflow.extension.lacks import lack_of
from polyflow.runtime.elsewhere import Region, elsewhere_op
from polyflow.runtime.levels import by_level, constants_of


def placed(program: Program, backend: Backend, device: str, alone: bool = False) -> Program:
    """``program`` with all that ``backend`` lacks in regions that run on the backends behind it.

    ``alone`` gives every operation a region of its own, under its own name, whose results come back if they can.
    """
    return _Placing(backend, device, alone).program(program)


class _Placing:
    """Puts the operations of one program, and of those in it, where they can run."""

    def __init__(self, backend: Backend, device: str, alone: bool) -> None:
        self._home = backend
        self._device = device
        self._others = fallbacks_of(backend)
        self._alone = alone

    def program(self, program: Program) -> Program:
        """The program with its regions; itself where it needs none."""
        places: dict[Operation, int] = {}
        replaced: dict[Tensor, Tensor] = {}
        for operation in program.operations:
            current = with_inputs(operation, replaced)
            place = self._place(current)
            if not place:
                current = map_bodies(current, self.program)
            places[current] = place
            if current is not operation:
                replaced.update(zip(operation.outputs, current.outputs, strict=True))
        results = tuple([replaced.get(each, each) for each in program.results])
        if any(places.values()):
            return self._divided(Program(program.parameters, tuple(places), results), places)
        return Program(program.parameters, tuple(places), results) if replaced else program

    def _place(self, operation: Operation) -> int:
        """0 for the own backend, else the number of the first one behind it that can run ``operation``."""
        if operation.op is constant_op:
            return self._holder(operation)
        is_bound = operation.op.traits & (Trait.EFFECT | Trait.HOST)
        if is_bound or lack_of(operation, self._home) is None:
            return 0
        every = list(every_operation(Program((), (operation,), ())))
        for number, other in enumerate(self._others, 1):
            if all(lack_of(each, other) is None for each in every):
                return number
        return 0

    def _holder(self, constant: Operation) -> int:
        """Where a constant lies that the own backend reads or returns: where there is its dtype."""
        dtype = constant.outputs[0].type.dtype
        every = (self._home, *self._others)
        return next((number for number, each in enumerate(every) if dtype in each.dtypes), 0)

    def _divided(self, program: Program, places: Mapping[Operation, int]) -> Program:
        groups = by_level(program, places.__getitem__, 1 + len(self._others))
        if self._alone:
            groups = [(place, [each]) for place, group in groups for each in group]
        constants = constants_of(program)
        users: dict[Tensor, list[Operation]] = {}
        for operation in program.operations:
            for each in operation.inputs:
                users.setdefault(each, []).append(operation)
        returned = set(program.results)
        division = _Division(places, constants, users, returned)
        operations: list[Operation] = []
        replaced: dict[Tensor, Tensor] = {}
        for value, operation in constants.items():
            if value in returned or any(not places[each] for each in users.get(value, ())):
                place = places[operation]
                operations.append(self._region([operation], place, division) if place else operation)
                if place:
                    replaced[value] = operations[-1].output
        for place, group in groups:
            if place:
                region = self._region(group, place, division)
                made = region.changed(inputs=[replaced.get(each, each) for each in region.inputs])
                replaced.update(zip(region.attributes["region"].program.results, made.outputs, strict=True))
                operations.append(made)
            for operation in () if place else group:
                current = with_inputs(operation, replaced)
                if current is not operation:
                    replaced.update(zip(operation.outputs, current.outputs, strict=True))
                operations.append(current)
        results = tuple([replaced.get(each, each) for each in program.results])
        return Program(program.parameters, tuple(operations), results)

    def _region(self, group: Sequence[Operation], place: int, division: _Division) -> Operation:
        """The operation that runs ``group`` in a ``place``."""
        inside = set(group)
        reads = dict.fromkeys(each for operation in group for each in operation.inputs if each.operation not in inside)
        own = [division.constants[each] for each in reads if each in division.constants]
        takes = tuple([each for each in reads if each not in division.constants])
        results = tuple(each for operation in group for each in operation.outputs if division.is_read(each, inside))
        kept = [each.type.dtype not in self._home.dtypes for each in results]
        if not self._alone:
            kept = [held or not division.is_read_outside(x, place) for held, x in zip(kept, results, strict=True)]
        away = self._others[place - 1]
        region = Region(Program(takes, (*own, *group), results), self._home, self._device, away, kept)
        last = group[-1]
        attributes = {"region": region}
        return Operation(
            elsewhere_op, last.name, takes, attributes, region.types, location=last.location, origin=last.origin
        )


class _Division(NamedTuple):
    """What is known of a program while its regions are made."""

    places: Mapping[Operation, int]
    constants: Mapping[Tensor, Operation]
    users: Mapping[Tensor, Sequence[Operation]]
    returned: Set[Tensor]
    """The results of the program."""

    def is_read(self, tensor: Tensor, inside: Set[Operation]) -> bool:
        """Whether anything but the operations ``inside`` a region reads ``tensor``."""
        return tensor in self.returned or any(each not in inside for each in self.users.get(tensor, ()))

    def is_read_outside(self, tensor: Tensor, place: int) -> bool:
        """Whether anything reads ``tensor`` that does not run in this ``place``."""
        return tensor in self.returned or any(self.places[each] != place for each in self.users.get(tensor, ()))
