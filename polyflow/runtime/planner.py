"""Making a plan of an optimised program: a check that every kernel is there, and compilation, with a word on each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from polyflow.core.declaration import Trait
from polyflow.core.literal import Literal
from polyflow.core.nested import bodies, every_operation
from polyflow.core.operators import later
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.specialise import Specialised
from polyflow.core.tensor import Operation, Tensor
from polyflow.errors import ExecutionError, message
from polyflow.extension.backend import Backend, CompileRequest
from polyflow.extension.passes import Evaluate
from polyflow.runtime.compiling import Made, compiled
from polyflow.runtime.elsewhere import called_back, check_kernels, operations_elsewhere, report
from polyflow.runtime.straight import StraightProgram, evaluate

if TYPE_CHECKING:
    from polyflow.core.dataflow import Dataflow
    from polyflow.runtime.dataflow import DataflowProgram

# The last two for runs with check_numerics.
_format_program = later("polyflow.core.printer", "format_program")
_check_arguments = later("polyflow.runtime.numerics", "check_arguments")
_checker = later("polyflow.runtime.numerics", "checker")
_HEADINGS = {"dataflow": "lowered program"}


class Plan:
    """A program compiled for one backend and device."""

    def __init__(
        self,
        specialised: Specialised,
        program: Program,
        function: Callable[..., tuple[Any, ...]],
        sources: tuple[StraightProgram | DataflowProgram, ...],
        guarded: tuple[int, ...],
        notes: Sequence[str] = (),
        executor: str = "straight",
        elsewhere: Sequence[Operation] = (),
    ) -> None:
        self.specialised = specialised
        self.program = program
        """After the passes; its parameters and results are those of ``specialised``."""
        self.function = function
        """Takes feeds, then the variables read; returns fetches, then the variables written."""
        self.sources = sources
        """What was compiled: the program, or its segments in order."""
        self.guarded = guarded
        """Fetches that may be a variable's value itself, and are handed out through ``backend.guard``."""
        self.notes = notes
        self.executor = executor
        self.elsewhere = elsewhere
        """The operations that run on other backends."""

    def run(self, *arguments: Any) -> tuple[Any, ...]:
        """Run on arrays; the error of a kernel names its operation."""
        try:
            return self.function(*arguments)
        except Exception as error:
            raise self.failure(error) from error

    def failure(self, error: Exception) -> Exception:
        """``error`` with the operation that caused it, if one did."""
        found = (each.explain_failure(error) for each in self.sources)
        explained = next((each for each in found if each is not None), None)
        return explained or called_back(self.elsewhere) or error

    def explain(self) -> str:
        """Every stage as text."""
        parts = [
            "specialised program",
            _format_program(self.specialised.program),
            "",
            "after passes",
            _format_program(self.program),
            "",
            _HEADINGS.get(self.executor, "generated function" if len(self.sources) == 1 else "generated functions"),
            *(each.sources() for each in self.sources),
            "",
            "decisions",
            *(f"  {note}" for note in self.notes),
        ]
        return "\n".join(parts)


def make_plan(
    specialised: Specialised,
    program: Program,
    backend: Backend,
    device: str,
    notes: Sequence[str] = (),
    dataflow: Dataflow | None = None,
    threads: int | None = None,
) -> Plan:
    """Compile ``program``, which passes made of ``specialised``, for ``backend``.

    With ``dataflow``, what lowering made of ``program``, it is run by the dataflow executor, in so many ``threads``.

    Raises ``KernelError`` or ``DTypeError`` that lists everything that the backend cannot run.
    """
    check_kernels(program, backend)
    elsewhere = operations_elsewhere(program, backend)
    start = time.perf_counter()
    if dataflow is not None:
        function, sources, decisions = _by_dataflow(specialised, program, dataflow, backend, device, threads)
    elif backend.is_compiled and not elsewhere:
        function, sources, decisions = compiled(program, backend, device, _donated(specialised))
        if sources[0].program is not program:  # cut into segments, past which a feed may go to the results
            function = _keeping_nothing_fed(function, specialised, program, backend, Trait.ELSEWHERE)
    else:
        function, sources, decisions = _straight(specialised, program, backend, device)
    made = f"compiled in {time.perf_counter() - start:.3f} s, {decisions[0]}"
    is_compiled = backend.is_compiled and dataflow is None
    guarded = _guarded(specialised, program, is_compiled, bool(backend.operators))
    executor = "straight" if dataflow is None else "dataflow"
    notes = [*notes, *report(program, backend), *decisions[1:], made]
    return Plan(specialised, program, function, sources, guarded, notes, executor, elsewhere)


def _straight(specialised: Specialised, program: Program, backend: Backend, device: str) -> Made:
    function, sources, decisions = compiled(program, backend, device)
    function = _keeping_nothing_fed(function, specialised, program, backend)
    return function, sources, [f"{len(specialised.writes)} variables replaced in each run", *decisions[1:]]


def make_checked_plan(specialised: Specialised, program: Program, backend: Backend, device: str) -> Plan:
    """A plan that runs ``program``, whose kernels are there, without passes, and raises ``NumericsError`` at the first
    NaN or infinity."""
    straight = StraightProgram(program, backend, device, True, _checker(backend, device))
    types = tuple(each.type for each in program.parameters)
    look = _check_arguments(program, backend, device)

    def looked(*arguments: Any) -> tuple[Any, ...]:
        look(arguments)
        return straight.function(*arguments)

    function = backend.compile(looked, CompileRequest(types, (), device, False, False))
    function = _keeping_nothing_fed(function, specialised, program, backend)
    notes = [f"backend {backend.name}, device {device}", "check_numerics: no passes, operation by operation"]
    guarded = _guarded(specialised, program, False, bool(backend.operators))
    return Plan(specialised, program, function, (straight,), guarded, notes)


def _by_dataflow(
    specialised: Specialised, program: Program, graph: Dataflow, backend: Backend, device: str, threads: int | None
) -> Made:
    from polyflow.runtime.dataflow import DataflowProgram  # an executor that few programs need

    executor = DataflowProgram(program, graph, backend, device, threads)
    request = CompileRequest(tuple(each.type for each in program.parameters), (), device, False, False)
    function = _keeping_nothing_fed(backend.compile(executor.function, request), specialised, program, backend)
    decisions = [f"dataflow executor, {executor.threads} threads at most, {len(graph)} nodes"]
    return function, (executor,), [f"{len(specialised.writes)} variables replaced in each run", *decisions]


def evaluator(backend: Backend, device: str) -> Evaluate:
    """What runs one operation on literals, for constant folding."""

    def run(operation: Operation, values: tuple[Literal, ...]) -> tuple[Literal, ...]:
        arrays = [backend.from_literal(each, device) for each in values]
        request = CompileRequest(tuple(each.type for each in values), (), device, False, False)
        try:
            # Handed over like a program, so that it runs under the same settings of the library, once and as it is.
            function = backend.compile(lambda *operands: evaluate(operation, operands, backend, device), request)
            return tuple(backend.to_literal(each) for each in function(*arrays))
        except Exception as error:
            raise ExecutionError(
                message(f"{operation.op.full_name} failed on constants: {error}", where=operation.location)
            ) from error

    return run


def _donated(specialised: Specialised) -> tuple[int, ...]:
    """The parameters whose old value nobody needs once the program has run."""
    written = set(specialised.writes)
    start = len(specialised.feeds)
    return tuple(start + index for index, each in enumerate(specialised.reads) if each in written)


def _guarded(
    specialised: Specialised, program: Program, is_compiled: bool, has_scalars: bool = False
) -> tuple[int, ...]:
    """The fetches whose memory is that of a parameter or of a variable's new value, and those that may be scalars,
    which are handed out as arrays.

    A compiled program returns views in memory of their own; elsewhere the views of a value are its memory, the
    constants are those of the plan, and what lies in the memory of feeds was copied.
    """
    seen_through = Trait.ELSEWHERE if is_compiled else _SHARING
    count = len(program.results) - len(specialised.writes)
    shared = set(program.parameters if is_compiled else program.parameters[len(specialised.feeds) :])
    if not is_compiled:
        shared.update(each.outputs[0] for each in every_operation(program) if each.op is constant_op)
    for each in program.results[count:]:
        shared |= _owners(each, seen_through)
    return tuple(
        index
        for index, each in enumerate(program.results[:count])
        if (has_scalars and each.type.shape == ()) or not shared.isdisjoint(_owners(each, seen_through))
    )


def _borrowed(specialised: Specialised, program: Program, seen_through: Trait) -> tuple[int, ...]:
    """The results that may lie in the memory of a feed, which its user may change at any time."""
    feeds = set(program.parameters[: len(specialised.feeds)])
    if not feeds:
        return ()
    return tuple(
        index for index, each in enumerate(program.results) if not feeds.isdisjoint(_owners(each, seen_through))
    )


_SHARING = Trait.VIEW | Trait.IDENTITY | Trait.ELSEWHERE
"""Traits of operations whose results may lie in the memory of their operands."""


def _owners(tensor: Tensor, seen_through: Trait) -> set[Tensor]:
    """``tensor`` and all whose memory it may lie in."""
    found = {tensor}
    waiting = [tensor]
    while waiting:
        current = waiting.pop()
        operation = current.operation
        if operation.op.has_trait(Trait.ELSEWHERE) and not operation.attributes["region"].kept[current.index]:
            continue  # it came back as a copy
        if operation.op.traits & seen_through:
            inside = [body.results[current.index] for body in bodies(operation) if current.index < len(body.results)]
            waiting += [each for each in (*operation.inputs, *inside) if each not in found]
            found.update(operation.inputs)
            found.update(inside)
    return found


def _keeping_nothing_fed(
    function: Callable[..., tuple[Any, ...]],
    specialised: Specialised,
    program: Program,
    backend: Backend,
    seen_through: Trait = _SHARING,
) -> Callable[..., tuple[Any, ...]]:
    """``function`` with those results copied that may lie in the memory of a feed: what was fetched or went to a
    variable stays when the feed is filled anew."""
    places = _borrowed(specialised, program, seen_through)
    if not places:
        return function

    def run(*arguments: Any) -> tuple[Any, ...]:
        found = list(function(*arguments))
        for place in places:
            found[place] = backend.copy(found[place])
        return tuple(found)

    return run
