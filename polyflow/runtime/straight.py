"""The straight executor: a program as one Python function, each line one kernel call, values freed at their last use.

The source is registered with ``linecache``, so that a traceback shows the line of the program that failed, and an error
of a kernel comes back with the operation, the user's line, and the loops and iterations that it was in.
"""

from __future__ import annotations

import itertools
import linecache
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from polyflow.core.declaration import Trait
from polyflow.core.nested import every_operation
from polyflow.core.operators import later
from polyflow.core.program import Program
from polyflow.core.tensor import Operation
from polyflow.extension.backend import Backend
from polyflow.extension.fallback import fallbacks_of
from polyflow.extension.kernels import call_kernel, kernel_of
from polyflow.runtime.writer import Site, Writer

_serial = itertools.count()
_gone: deque[str] = deque()
"""The names of programs that are no more. They end at any time, also while somebody walks over the lines that are kept,
which must not change then."""
_described = later("polyflow.runtime.failures", "described")


class StraightProgram:
    """A program compiled to a Python function of its parameters, which returns the tuple of its results.

    ``inline`` writes loops and branches out also where the backend has kernels for them; ``check`` is called with the
    results and the operands of each operation. With ``has_rooms`` the function takes, behind its operands, an array for
    each result, which it returns with the result in it or leaves aside.
    """

    def __init__(
        self,
        program: Program,
        backend: Backend,
        device: str,
        inline: bool = False,
        check: Callable[..., None] | None = None,
        has_rooms: bool = False,
    ) -> None:
        self.program = program
        self.filename = f"<polyflow program {next(_serial)} on {backend.name}>"
        self.inside: list[StraightProgram] = []
        """The functions of the programs inside that are not written out."""

        def outline(inner: Program, has_rooms: bool = False) -> Callable[..., Any]:
            self.inside.append(StraightProgram(inner, backend, device, inline, check, has_rooms))
            return self.inside[-1].function

        writer = Writer(program, backend, device, outline, inline, check, has_rooms)
        self.source = writer.source()
        for operation in every_operation(program) if fallbacks_of(backend) else ():
            if operation.op.has_trait(Trait.ELSEWHERE):
                self.inside += operation.attributes["region"].sources
        self._sites = writer.sites
        _forget()
        linecache.cache[self.filename] = (len(self.source), None, self.source.splitlines(True), self.filename)
        scope = writer.globals
        exec(compile(self.source, self.filename, "exec"), scope)
        self.function: Callable[..., tuple[Any, ...]] = scope["program"]

    def sources(self) -> str:
        """The source, and those of the functions inside."""
        return "\n".join(each.source.rstrip() for each in self.every())

    def explain_failure(self, error: Exception) -> Exception | None:
        """The error of a kernel with the operation that failed; ``None`` where no operation did."""
        known = {each.filename: each for each in self.every()}
        trace = error.__traceback__
        site, loops = None, []
        while trace is not None:
            program = known.get(trace.tb_frame.f_code.co_filename)
            found = None if program is None else program._sites.get(trace.tb_lineno)
            if found is not None:
                site = found
                loops += [(loop, trace.tb_frame.f_locals.get(counter)) for loop, counter in found.loops]
            trace = trace.tb_next
        if site is None:
            return None
        described: Exception = _described(site.operation, error, loops)
        return described

    def site(self, filename: str, line: int) -> Site:
        """What a line of the source of this program, or of one inside, stands for."""
        (program,) = (each for each in self.every() if each.filename == filename)
        return program._sites[line]

    def every(self) -> list[StraightProgram]:
        """This program and all inside."""
        return list(dict.fromkeys([self, *(each for inner in self.inside for each in inner.every())]))

    def __del__(self) -> None:
        if _gone is not None:  # modules are empty when the interpreter ends
            _gone.append(self.filename)


def _forget() -> None:
    """Give up the lines of the programs that are no more."""
    with suppress(IndexError):  # another thread may have taken the last one
        while _gone:
            linecache.cache.pop(_gone.popleft(), None)


def evaluate(operation: Operation, operands: Sequence[Any], backend: Backend, device: str) -> tuple[Any, ...]:
    """The outputs of one operation on arrays of ``backend``, without a program around it."""
    kernel: Any = kernel_of(operation, backend)
    result = call_kernel(kernel, operation.op, operands, operation.attributes, backend, device)
    return (result,) if operation.op.signature.output_count == 1 else tuple(result)
