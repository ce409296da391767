"""Programs as functions: one, which an engine with a compiler compiles, or several with what runs between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from polyflow.core.operators import later
from polyflow.core.program import Program
from polyflow.core.tensor import Operation
from polyflow.extension.backend import Backend, CompileRequest
from polyflow.runtime.straight import StraightProgram

if TYPE_CHECKING:
    from polyflow.runtime.dataflow import DataflowProgram
    from polyflow.runtime.segments import Segment

# For backends with a compiler.
_cut = later("polyflow.runtime.segments", "cut")
_run_in_order = later("polyflow.runtime.segments", "run_in_order")
_in_stretches = later("polyflow.runtime.stretches", "in_stretches")
Function = Callable[..., tuple[Any, ...]]
Made = tuple[Function, "tuple[StraightProgram | DataflowProgram, ...]", list[str]]
"""A function of a program, the sources it was made of, and a word on each decision."""
CALLBACK = "elsewhere"
"""The op whose kernel, where a backend with a compiler has one, calls another backend from a compiled program."""


def compiled(program: Program, backend: Backend, device: str, donated: Sequence[int] = ()) -> Made:
    """A function of the parameters of ``program``; the memory of those that are ``donated`` may be taken over."""
    types = tuple(each.type for each in program.parameters)
    if not backend.is_compiled:
        straight = StraightProgram(program, backend, device)
        return backend.compile(straight.function, CompileRequest(types, (), device)), (straight,), ["run as it is"]
    segments = _cut(program, CALLBACK in backend.kernels)
    if all(each.is_static and not each.on_host for each in segments):
        straight = StraightProgram(program, backend, device)
        request = CompileRequest(types, tuple(donated), device)
        return _compile(straight, request, backend), (straight,), [f"{len(donated)} variables replaced in each run"]
    sources, functions, notes = [], [], [f"cut into {len(segments)} segments"]
    for number, segment in enumerate(segments):
        straight, function, how = _segment(segment, backend, device)
        sources.append(straight)
        functions.append(function)
        notes.append(f"segment {number}, {len(segment.program.operations)} operations, {how}")
    constant = partial(_constant, backend, device)
    return _run_in_order(program, segments, functions, constant), tuple(sources), notes


def _segment(segment: Segment, backend: Backend, device: str) -> tuple[StraightProgram, Function, str]:
    if segment.is_elsewhere:
        straight = StraightProgram(segment.program, backend, device, inline=True)
        return straight, straight.function, f"elsewhere: {segment.on_host}"
    types = tuple(each.type for each in segment.program.parameters)
    if segment.on_host:
        program, stretches = _in_stretches(
            segment.program, CALLBACK in backend.kernels, lambda each: _segment(each, backend, device)[:2]
        )
        straight = StraightProgram(program, backend, device, inline=True)
        straight.inside += [each for stretch in stretches for each in stretch.sources if each not in straight.inside]
        function = _compile(straight, CompileRequest(types, (), device, False, False), backend)
        but = f" but for {len(stretches)} stretches in it" if stretches else ""
        return straight, function, f"not compiled, run operation by operation{but}: {segment.on_host}"
    straight = StraightProgram(segment.program, backend, device)
    function = _compile(straight, CompileRequest(types, (), device, segment.is_static), backend)
    return straight, function, "compiled" if segment.is_static else "compiled once for each size of its operands"


def _compile(straight: StraightProgram, request: CompileRequest, backend: Backend) -> Function:
    try:
        return backend.compile(straight.function, request)
    except Exception as error:
        raise straight.explain_failure(error) or error from error


def _constant(backend: Backend, device: str, operation: Operation) -> Any:
    return backend.from_literal(operation.attributes["value"], device)
