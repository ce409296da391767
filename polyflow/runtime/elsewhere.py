"""What a backend cannot do, done by another: regions of a program that run on the backends behind it.

Only where a session names such backends. A region is all that can run on one of them before its own backend is asked
again; values cross where the own backend makes what a region reads, or reads what a region makes, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple

from polyflow.core.declaration import Trait, define_op
from polyflow.core.literal import literal
from polyflow.core.nested import every_operation, map_bodies
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.rewriting import with_inputs
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.extension.backend import Backend
from polyflow.extension.fallback import fallbacks_of
from polyflow.extension.lacks import find_lacks, lack_of, refuse
from polyflow.runtime.compiling import CALLBACK, compiled
from polyflow.runtime.levels import by_level, constants_of


class Region:
    """A part of a program that runs on another backend: a function of arrays of the own one."""

    def __init__(self, program: Program, home: Backend, device: str, away: Backend, kept: Sequence[bool]) -> None:
        self.program = program
        self.home = home
        self.device = device
        self.away = away
        self.kept = tuple(kept)
        """For each result whether it stays in the form of the other backend."""
        self.away_device = away.devices()[0]
        self.function, self.sources, _ = compiled(program, away, self.away_device)
        self.failure: Exception | None = None
        """What went wrong in the latest call from inside a compiled program, which loses all but the text of it."""

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        """The results; operands that are not of the other backend, and results that do not stay there, are copied."""
        found = self.function(*map(self._sent, operands))
        return tuple([x if stays else self._returned(x) for x, stays in zip(found, self.kept, strict=True)])

    def on_host(self, convert: Callable[[Any], Any], *operands: Any) -> tuple[Any, ...]:
        """As a call, for a backend that calls from inside a compiled program: results by ``convert`` of literals."""
        try:
            return tuple([convert(self.away.to_literal(each)) for each in self.function(*map(self._sent, operands))])
        except Exception as error:
            self.failure = next((each.explain_failure(error) for each in self.sources), None)
            raise

    @property
    def types(self) -> tuple[TensorType, ...]:
        """The types of the results."""
        return tuple(each.type for each in self.program.results)

    def _sent(self, array: Any) -> Any:
        if self.away.type_of(array) is not None:
            return array
        is_own = self.home.type_of(array) is not None
        return self.away.from_literal(self.home.to_literal(array) if is_own else literal(array), self.away_device)

    def _returned(self, array: Any) -> Any:
        return self.home.from_literal(self.away.to_literal(array), self.device)

    def __repr__(self) -> str:
        names = [each.op.full_name for each in self.program.operations if each.op is not constant_op]
        return f"<{', '.join(names)} on {self.away.name}>"


@define_op(name="elsewhere", traits=Trait.ELSEWHERE, takes_unknown=True)
def elsewhere_op(operands: Sequence[TensorType], /, *, region: Region) -> tuple[TensorType, ...]:
    """The results of ``region``, which runs on another backend.

    Programs of sessions with ``fallback`` have them; users never call it.
    """
    return region.types


elsewhere_op.no_gradient("it is made after gradients are")


@elsewhere_op.kernel
def run_elsewhere(xp: Any, operands: Sequence[Any], /, *, region: Region) -> tuple[Any, ...]:
    """The region called."""
    return region(*operands)


def placed(program: Program, backend: Backend, device: str, alone: bool = False) -> Program:
    """``program`` with all that ``backend`` lacks in regions that run on the backends behind it.

    ``alone`` gives every operation a region of its own, under its own name, whose results come back if they can.
    """
    return _Placing(backend, device, alone).program(program) if fallbacks_of(backend) else program


def check_kernels(program: Program, backend: Backend, troubles: str | None = None) -> None:
    """Refuse a program of which ``backend`` cannot run everything; all that it lacks is listed."""
    regions = operations_elsewhere(program, backend)
    held = frozenset(each for region in regions for each in (*region.inputs, *region.outputs))
    refuse(list(find_lacks(program, backend, held)), backend, troubles)


def operations_elsewhere(program: Program, backend: Backend) -> list[Operation]:
    """The operations of ``program``, and of the programs in it, that run on one of the backends behind ``backend``."""
    if not fallbacks_of(backend):
        return []
    return [each for each in every_operation(program) if each.op is elsewhere_op]


def called_back(regions: Iterable[Operation]) -> Exception | None:
    """The error, told only once, that ended a call from inside a compiled program to one of ``regions``."""
    for each in regions:
        region: Region = each.attributes["region"]
        found, region.failure = region.failure, None
        if found is not None:
            return found
    return None


def report(program: Program, backend: Backend) -> list[str]:
    """What runs elsewhere in ``program``: each operation with its line, and what is copied in each run."""
    notes = []
    outermost = set(program.operations)
    for each in operations_elsewhere(program, backend):
        region: Region = each.attributes["region"]
        inside = [every for every in region.program.operations if every.op is not constant_op]
        sent = [x.type for x in each.inputs if x.operation.op is not elsewhere_op]
        returned = [x.type for x, stays in zip(each.outputs, region.kept, strict=True) if not stays]
        copies = f"copies {len(sent)} values to it ({_bytes(sent)}) and {len(returned)} back ({_bytes(returned)})"
        way = ""
        if backend.is_compiled:
            is_called = each not in outermost and CALLBACK in backend.kernels
            way = ", called back from a compiled loop or branch" if is_called else ", between what is compiled"
        notes.append(f"{region.away.name} runs {len(inside)} operations{way}, {copies}:")
        notes += [f"  {every.op.full_name}, built at {every.location}" for every in inside]
    return notes


def _bytes(types: Iterable[TensorType]) -> str:
    total = 0
    for each in types:
        if each.size is None:
            return "of sizes that depend on data"
        total += each.size * each.known_dtype.itemsize
    return f"{total} bytes"


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
