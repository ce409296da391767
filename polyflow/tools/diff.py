"""``polyflow diff``: run what a script runs on two backends, and find the first operation whose results part.

The program is run as it was specialised, operation by operation, on the first backend. The second computes each
operation anew from the same operands, so that the operation that is named is the one to blame, and not one that came
after it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from polyflow.core.declaration import Trait
from polyflow.core.literal import Literal
from polyflow.core.printer import format_operation
from polyflow.core.specialise import Specialised
from polyflow.core.tensor import Operation
from polyflow.errors import ArgumentError, message
from polyflow.extension.backend import Backend, CompileRequest
from polyflow.extension.manager import extensions
from polyflow.runtime.straight import StraightProgram, evaluate
from polyflow.tools.diff_script import Run, runs_of
from polyflow.tools.distance import distance, flat
from polyflow.tools.reproduction import reproduction
from polyflow.tools.writing import check_writable

_UNDEFINED = frozenset({"empty", "empty_like", "absent", "absent_rows"})
"""Ops whose results are nobody's promise."""


@dataclass(frozen=True)
class Parting:
    """The first operation whose results part, with what came of it."""

    operation: Operation
    loops: tuple[tuple[Operation, Any], ...]
    """The loops that it was in, outermost first, each with the number of its iteration."""
    operands: tuple[Literal, ...]
    results: tuple[Literal, Literal]
    """That result of which the two backends have different values."""
    ulps: float
    place: int
    """The element that is furthest off, in row-major order."""


@dataclass(frozen=True)
class Comparison:
    """What came of comparing one run."""

    compared: int
    """How many operations were compared, those in loops once for each iteration."""
    skipped: int
    """How many act on the world outside, or have results that nobody promises."""
    parting: Parting | None
    furthest: float
    """How far the results of the operations were apart at most, in units of the last place."""


class _Found(Exception):
    def __init__(self, parting: Parting) -> None:
        super().__init__("found")
        self.parting = parting


class Comparer:
    """Looks at each operation while it runs on ``backends[0]``, and runs it on ``backends[1]`` too."""

    def __init__(self, backends: tuple[Backend, Backend], ulps: float) -> None:
        self.backends = backends
        self.devices = tuple(each.devices()[0] for each in backends)
        self.ulps = ulps
        self.compared = self.skipped = 0
        self.furthest = 0.0

    def compare(self, specialised: Specialised, arguments: Sequence[Any]) -> Comparison:
        """Run the program on arrays of the first backend."""
        first, device = self.backends[0], self.devices[0]
        program = StraightProgram(specialised.program, first, device, True, lambda *found: self._look(program, *found))
        types = tuple(each.type for each in specialised.program.parameters)
        function = first.compile(program.function, CompileRequest(types, (), device, False, False))
        parting = None
        try:
            function(*arguments)
        except _Found as found:
            parting = found.parting
        except Exception as error:
            raise program.explain_failure(error) or error from error
        return Comparison(self.compared, self.skipped, parting, self.furthest)

    def _look(
        self, program: StraightProgram, results: Sequence[Any], operands: Sequence[Any], _: object = None
    ) -> None:
        frame = sys._getframe(2)  # of the program's own function, which called the lambda
        site = program.site(frame.f_code.co_filename, frame.f_lineno)
        operation = site.operation
        if operation.op.traits & (Trait.EFFECT | Trait.HOST) or operation.op.full_name in _UNDEFINED:
            self.skipped += 1
            return
        self.compared += 1
        given = tuple(map(self._read, operands))
        for mine, theirs in zip(map(self._read, results), self._elsewhere(operation, given), strict=True):
            ulps, place = distance(mine, theirs, operation.op.has_trait(Trait.ELEMENTWISE))
            self.furthest = max(self.furthest, ulps)
            if ulps > self.ulps:
                loops = tuple((loop, frame.f_locals.get(counter)) for loop, counter in site.loops)
                raise _Found(Parting(operation, loops, given, (mine, theirs), ulps, place))

    def _read(self, array: Any) -> Literal:
        backend, device = self.backends[0], self.devices[0]
        if backend.type_of(array) is None:  # a Python number, where that is faster
            array = backend.eager(backend.namespace.asarray, device)(array)
        return backend.to_literal(array)

    def _elsewhere(self, operation: Operation, operands: Sequence[Literal]) -> Iterator[Literal]:
        backend, device = self.backends[1], self.devices[1]
        arrays = [backend.from_literal(each, device) for each in operands]
        found = backend.eager(lambda *given: evaluate(operation, given, backend, device), device)(*arrays)
        return map(backend.to_literal, found)


# -- the command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``polyflow diff``."""
    parser.add_argument(
        "script", type=Path, help="a Python file that runs something, eagerly or not, or leaves `fetches` and `feeds`"
    )
    parser.add_argument("--backends", nargs=2, required=True, metavar="NAME", help="the two to compare")
    parser.add_argument("--ulps", type=float, default=64.0, help="units of the last place that results may differ by")
    parser.add_argument("--write", type=Path, metavar="FILE", help="where to write the reproduction")


def run(arguments: argparse.Namespace) -> int:
    """Compare every run of the script until one parts: 1 where one does."""
    if not arguments.script.exists():
        raise ArgumentError(message("polyflow diff: the script is not there", found=str(arguments.script)))
    check_writable(arguments.write)
    names = tuple(arguments.backends)
    number = 0
    for is_eager, runs in groupby(runs_of(arguments.script, names[0]), attrgetter("is_eager")):
        agreed: list[Comparison] = []
        lines: list[object] = []
        for each in runs:
            comparison = compare_run(each, names, arguments.ulps)
            if comparison.parting is not None:
                _say_agreed(number, agreed, lines)
                print(f"run {number + len(agreed) + 1}, {each.location}:\n{describe(comparison.parting, names)}")
                return _reproduced(comparison.parting, names, arguments.write)
            agreed.append(comparison)
            lines.append(each.location)
            if not is_eager:  # of which there are too many for a line each
                _say_agreed(number, agreed, lines)
                number, agreed, lines = number + 1, [], []
        _say_agreed(number, agreed, lines)
        number += len(agreed)
    return 0


def _say_agreed(before: int, agreed: Sequence[Comparison], lines: Sequence[object]) -> None:
    """One line for runs that came after ``before`` others."""
    if not agreed:
        return
    compared, skipped = sum(each.compared for each in agreed), sum(each.skipped for each in agreed)
    which = f"run {before + 1}, {lines[0]}"
    if len(agreed) > 1:
        which = f"runs {before + 1} to {before + len(agreed)}, {lines[0]} to {lines[-1]}"
    print(
        f"{which}: {compared} operations agree{f', {skipped} not comparable' if skipped else ''}; "
        f"the furthest are {max(each.furthest for each in agreed):.3g} units of the last place apart"
    )


def _reproduced(parting: Parting, names: Sequence[str], target: Path | None) -> int:
    """Write the script that reproduces what parts, and say where it is."""
    operation = parting.operation
    text = reproduction(operation, parting.operands, names)
    if text is None:
        print("  no reproduction: an attribute of the operation cannot be written down")
        return 1
    target = target or Path(f"diff_{operation.op.full_name.replace('.', '_')}.py")
    target.write_text(text, encoding="utf-8")
    print(f"  to reproduce it alone: python {target}")
    return 1


def compare_run(run: Run, names: Sequence[str], ulps: float) -> Comparison:
    """Compare one run on the backends called ``names``."""
    first, second = (extensions().backend(each) for each in names)
    specialised = run.specialised()
    return Comparer((first, second), ulps).compare(specialised, run.arguments(specialised, first))


def describe(parting: Parting, names: Sequence[str]) -> str:
    """Which operation it is, where it was built, in which iteration, and what each backend found."""
    mine, theirs = parting.results
    loops = [f"iteration {count} of {loop.name}, built at {loop.location}" for loop, count in parting.loops]
    origin = parting.operation.origin
    lines = [f"{parting.operation.op.full_name} is the first operation whose results part"]
    lines.append(f"  operand:  {format_operation(parting.operation)}")
    if origin is not None:
        lines.append(f"  it belongs to the gradient of {origin.name!r}, built at {origin.location}")
    lines += [f"  it was in {each}" for each in loops]
    if mine.type != theirs.type:
        lines.append(f"  {names[0]}: {mine.type}; {names[1]}: {theirs.type}")
    else:
        found = f"element {parting.place} of {mine.size}"
        values = [flat(each)[parting.place] for each in parting.results]
        lines += [f"  {name + ':':<9} {value!r}, {found}" for name, value in zip(names, values, strict=True)]
        lines.append(f"  apart by: {parting.ulps:.3g} units of the last place")
    lines.append(f"  built at: {parting.operation.location}")
    return "\n".join(lines)
