"""What a backend cannot do, done by another: regions of a program that run on the backends behind it.

Only where a session names such backends (:mod:`polyflow.runtime.placing` finds the regions). Values cross where the own
backend makes what a region reads, or reads what a region makes, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.literal import literal
from polyflow.core.nested import every_operation
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.tensor import Operation
from polyflow.core.types import TensorType
from polyflow.extension.backend import Backend
from polyflow.extension.fallback import fallbacks_of
from polyflow.extension.lacks import find_lacks, refuse
from polyflow.runtime.compiling import CALLBACK, compiled


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
