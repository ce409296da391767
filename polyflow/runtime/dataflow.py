"""The dataflow executor: a lowered program, run by tokens, with several threads and several iterations at once."""

from __future__ import annotations

import os
from typing import Any

from polyflow.core.dataflow import Dataflow, format_dataflow
from polyflow.core.program import Program
from polyflow.core.tensor import Operation
from polyflow.extension.backend import Backend
from polyflow.runtime.dataflow_code import GraphCode, NodeCode
from polyflow.runtime.dataflow_frames import Iteration
from polyflow.runtime.dataflow_run import DataflowRun
from polyflow.runtime.failures import described


class DataflowProgram:
    """A program as a function of its parameters that runs what is ready, as :class:`StraightProgram` runs line by line.

    ``threads`` is the largest number of threads that work for one run, that of the caller included; none of them
    outlives the run.
    """

    def __init__(
        self, program: Program, graph: Dataflow, backend: Backend, device: str, threads: int | None = None
    ) -> None:
        self.program = program
        self.graph = graph
        self.threads = threads or os.cpu_count() or 1
        self._backend = backend
        self._device = device
        self._code = GraphCode(graph, backend, device)

    def function(self, *arguments: Any) -> tuple[Any, ...]:
        """The results for ``arguments``; to be called under the settings of ``backend.compile``."""
        return DataflowRun(self._code, self.threads, lambda help: self._backend.eager(help, self._device)).run(
            arguments
        )

    def sources(self) -> str:
        """The lowered program."""
        return format_dataflow(self.graph)

    def explain_failure(self, error: BaseException) -> Exception | None:
        """The error of a kernel with the operation that failed; ``None`` where no operation did."""
        trace = error.__traceback__
        found: tuple[NodeCode, Iteration] | None = None
        while trace is not None:
            names = trace.tb_frame.f_locals
            is_ours = trace.tb_frame.f_code is DataflowRun._run_nodes.__code__ and names["self"].code is self._code
            if is_ours and names.get("running") is not None:  # a kernel failed, and not the waiting for one
                found = names["node"], names["iteration"]
            trace = trace.tb_next
        if found is None or found[0].node.operation is None or not isinstance(error, Exception):
            return None
        return described(found[0].node.operation, error, _loops(found[1]))

    def every(self) -> list[Any]:
        """The programs that are compiled apart: none but this."""
        return [self]


def _loops(iteration: Iteration | None) -> list[tuple[Operation, int]]:
    """The loops that an iteration is in and the numbers of their iterations, outermost first."""
    found: list[tuple[Operation, int]] = []
    while iteration is not None:
        loop = iteration.frame.code.frame.operation
        if loop is not None:
            found.append((loop, iteration.number))
        iteration = iteration.frame.outer
    return found[::-1]
