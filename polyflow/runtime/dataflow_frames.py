"""Frames and iterations of one run: where the values of a dataflow graph are while it runs."""

from __future__ import annotations

from typing import Any

from polyflow.runtime.dataflow_code import FrameCode, NodeCode, Route


class Iteration:
    """One iteration of a frame: the values that have come, and what each node waits for."""

    __slots__ = ("frame", "number", "values", "pending", "dead", "active", "children")

    def __init__(self, frame: FrameRun, number: int) -> None:
        self.frame = frame
        self.number = number
        self.values = frame.values.copy()
        self.pending = frame.pending.copy()
        self.dead: set[int] | None = None
        """The nodes that a dead token has come to."""
        self.active = 0
        """Nodes that are ready or run."""
        self.children: dict[int, FrameRun] | None = None


class FrameRun:
    """A frame that was entered from one iteration of the frame around."""

    __slots__ = (
        "code", "outer", "values", "pending", "initial", "iterations", "oldest", "newest", "waiting", "deferred",
        "exited",
    )  # fmt: skip

    def __init__(self, code: FrameCode, outer: Iteration | None) -> None:
        self.code = code
        self.outer = outer
        self.values = code.values
        self.pending = code.pending
        self.initial = code.initial
        self.iterations: dict[int, Iteration] = {}
        self.oldest = 0
        self.newest = -1
        self.waiting = code.enters
        """Values that have not entered yet."""
        self.deferred: list[tuple[Route, Any]] = []
        """What goes to the iteration after the newest, once there may be one."""
        self.exited: set[int] = set()

    def settle(self, route: Route, value: Any) -> None:
        """Let all iterations to come begin with a constant of the loop."""
        if self.values is self.code.values:
            self.values, self.pending = self.values.copy(), self.pending.copy()
        for node, place, _ in route.data:
            self.values[place] = value
            self._arrive(node)
        for node in route.controls:
            self._arrive(node)

    def _arrive(self, node: NodeCode) -> None:
        self.pending[node.index] -= 1
        if not self.pending[node.index]:
            self.initial = [*self.initial, node]
