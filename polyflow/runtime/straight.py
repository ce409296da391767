"""The straight executor: a program as one Python function, each line one kernel call, values freed at their last use.

The source is registered with ``linecache``, so that a traceback shows the line of the program that failed, and an error
of a kernel comes back with the operation and the user's line.
"""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable, Sequence
from typing import Any

from polyflow.core.primitives import constant_op
from polyflow.core.printer import format_operation
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.traversal import last_uses
from polyflow.errors import ExecutionError, message
from polyflow.extension.backend import Backend
from polyflow.extension.kernels import call_kernel, find_kernel, native_attributes

_FIRST_LINE = 2  # the first operation's, below the line with `def`
_serial = itertools.count()


class StraightProgram:
    """A program compiled to a Python function of its parameters, which returns the tuple of its results."""

    def __init__(self, program: Program, backend: Backend, device: str) -> None:
        self.program = program
        self.filename = f"<polyflow program {next(_serial)} on {backend.name}>"
        writer = _Writer(program, backend, device)
        self.source = writer.source()
        self._operations = writer.called
        linecache.cache[self.filename] = (len(self.source), None, self.source.splitlines(True), self.filename)
        scope = writer.globals
        exec(compile(self.source, self.filename, "exec"), scope)
        self.function: Callable[..., tuple[Any, ...]] = scope["program"]

    def explain_failure(self, error: Exception) -> ExecutionError | None:
        """The error of a kernel with the operation that failed; ``None`` where no operation did."""
        trace = error.__traceback__
        line = None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.filename:
                line = trace.tb_lineno
            trace = trace.tb_next
        if line is None or not 0 <= line - _FIRST_LINE < len(self._operations):
            return None
        operation = self._operations[line - _FIRST_LINE]
        return ExecutionError(
            message(
                f"{operation.op.full_name} failed while it ran: {type(error).__name__}: {error}",
                operand=format_operation(operation),
                where=operation.location,
            )
        )

    def __del__(self) -> None:
        linecache.cache.pop(self.filename, None)


class _Writer:
    """Writes the source of a program, and collects the kernels and constants that it refers to."""

    def __init__(self, program: Program, backend: Backend, device: str) -> None:
        self.globals: dict[str, Any] = {}
        self.called: list[Operation] = []
        self._program = program
        self._backend = backend
        self._device = device
        self._names: dict[Tensor, str] = {}
        self._reusable = _reusable(program, backend)
        self._kernels: dict[Any, str] = {}

    def source(self) -> str:
        program = self._program
        for index, tensor in enumerate(program.parameters):
            self._names[tensor] = f"p{index}"
        ends = last_uses(program.operations)
        kept = set(program.results).union(program.parameters)
        lines = [f"def program({', '.join(self._names.values())}):"]
        for place, operation in enumerate(program.operations):
            if operation.op is constant_op:
                self._constant(operation)
                continue
            freed = [each for each in dict.fromkeys(operation.inputs) if ends[each] == place and each not in kept]
            line = self._call(operation, freed)
            freed += [each for each in operation.outputs if each not in ends and each not in kept]
            names = [name for name in (self._names[each] for each in freed) if name[0] == "v"]
            lines.append(f"    {line}" + (f"; del {', '.join(names)}" if names else ""))
            self.called.append(operation)
        results = [self._names[each] for each in program.results]
        lines.append(f"    return ({', '.join(results)}{',' if results else ''})")
        return "\n".join(lines) + "\n"

    def _constant(self, operation: Operation) -> None:
        name = f"c{len(self.globals)}"
        self.globals[name] = self._backend.from_literal(operation.attributes["value"], self._device)
        self._names[operation.outputs[0]] = name

    def _call(self, operation: Operation, freed: Sequence[Tensor]) -> str:
        for tensor in operation.outputs:
            self._names[tensor] = f"v{len(self._names)}"
        operands = [self._names[each] for each in operation.inputs]
        attributes = {
            name: _Source(self._attribute(value)) if name != "absent" else value
            for name, value in native_attributes(operation.attributes, self._backend, self._device).items()
        }
        args, keywords = operation.op.signature.arguments(operands, attributes)
        parts = [_text(each) for each in args]
        target = self._target(operation, freed)
        if target is not None:
            parts.append(self._names[target])
        parts += [f"{name}={_text(value)}" for name, value in keywords.items()]
        call = f"{self._kernel(operation)}({', '.join(parts)})"
        results = ", ".join(self._names[each] for each in operation.outputs)
        comma = "," if len(operation.outputs) == 1 and operation.op.signature.output_count != 1 else ""
        return f"{results}{comma} = {call}" if results else call

    def _target(self, operation: Operation, freed: Sequence[Tensor]) -> Tensor | None:
        """The operand whose memory the result may take over, if there is one."""
        if operation.op.full_name not in self._backend.in_place:
            return None
        type = operation.outputs[0].type
        return next((each for each in freed if each in self._reusable and each.type == type), None)

    def _kernel(self, operation: Operation) -> str:
        op = operation.op
        if op not in self._kernels:
            self._kernels[op] = f"k_{op.name}" if f"k_{op.name}" not in self.globals else f"k{len(self.globals)}"
            self.globals[self._kernels[op]] = find_kernel(op, self._backend)
        return self._kernels[op]

    def _attribute(self, value: Any) -> str:
        """The source of an attribute: spelled out where that is exact, else the name of a global."""
        if value is None or isinstance(value, bool | int | str):
            return repr(value)
        if type(value) is tuple and all(isinstance(each, int) for each in value):
            return repr(value)
        name = f"a{len(self.globals)}"
        self.globals[name] = value
        return name


def _reusable(program: Program, backend: Backend) -> set[Tensor]:
    """The values that have memory of their own, which nothing else can share: arrays, not scalars, read by kernels
    that return fresh memory."""
    found: set[Tensor] = set()
    for operation in program.operations:
        if operation.op.full_name in backend.fresh:
            found.update(each for each in operation.outputs if each.type.is_static and each.type.rank)
        else:
            found.difference_update(operation.inputs)
    return found


class _Source(str):
    """A piece of source, as opposed to a structure of pieces."""

    __slots__ = ()


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return str(value)


def evaluate(operation: Operation, operands: Sequence[Any], backend: Backend, device: str) -> tuple[Any, ...]:
    """The outputs of one operation on arrays of ``backend``, without a program around it."""
    kernel: Any = find_kernel(operation.op, backend)
    result = call_kernel(kernel, operation.op, operands, operation.attributes, backend, device)
    return (result,) if operation.op.signature.output_count == 1 else tuple(result)
