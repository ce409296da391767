"""The nodes of a dataflow graph in the form in which the executor runs them: by frame, with their edges resolved.

Each iteration of a frame has a list of values, in which every input of every node has a place of its own, and a list of
how many inputs each node still waits for. Both begin as copies of those here; constants are in place from the start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polyflow.core.dataflow import ROOT, Dataflow, Frame, Node, Source, consumers
from polyflow.extension.backend import Backend
from polyflow.runtime.dataflow_kernels import constant_of, function_of, is_large

CALL_ON_TWO, CALL, SWITCH, MERGE, ENTER, EXIT, NEXT, FETCH = range(8)
"""What a node does when its inputs are there."""

_KINDS = {"switch": SWITCH, "merge": MERGE, "enter": ENTER, "exit": EXIT, "next_iteration": NEXT, "fetch": FETCH}


class Route:
    """Where one output goes."""

    __slots__ = ("data", "sends", "controls", "merges", "is_plain")

    def __init__(self) -> None:
        self.data: list[tuple[NodeCode, int, int]] = []
        """Nodes, each with the place of the input among the values, and its own index."""
        self.sends: list[NodeCode] = []
        """Nodes that need nothing else and pass the value on at once; to a dead token they do nothing."""
        self.controls: list[NodeCode] = []
        self.merges: list[tuple[NodeCode, int]] = []
        """Merges, each with the number of the input."""
        self.is_plain = True
        """Whether there are only data edges to operations."""


class NodeCode:
    """A node: where its inputs lie, what it does, where its outputs go."""

    __slots__ = (
        "kind", "node", "frame", "index", "start", "stop", "blank", "function", "routes", "route", "is_single",
        "is_large", "is_trigger", "target", "is_constant", "place",
    )  # fmt: skip

    def __init__(self, node: Node, frame: FrameCode) -> None:
        self.kind = _KINDS.get(node.kind, CALL)
        self.node = node
        self.frame = frame
        self.index = len(frame.pending)
        self.start = len(frame.values)
        size = 0 if self.kind == MERGE else len(node.inputs)  # a merge keeps nothing: it passes on what comes
        self.stop = self.start + size
        self.blank = [None] * size
        self.function: Callable[..., Any] = _nothing
        self.routes = [Route() for _ in range(node.outputs)]
        self.route = self.routes[0]
        self.is_single = node.outputs == 1
        self.is_large = False
        self.is_trigger = node.kind == "trigger"
        """Whether a dead token is as good as a live one."""
        self.target: FrameCode = frame
        self.is_constant = bool(node.attributes.get("is_constant"))
        self.place = 0
        """Of a fetch, its place among the results."""
        frame.values += self.blank
        frame.pending.append(len(node.inputs) + len(node.after))


class FrameCode:
    """A frame: what its iterations begin with."""

    def __init__(self, number: int, frame: Frame) -> None:
        self.number = number
        self.frame = frame
        self.parallel = frame.parallel_iterations
        self.values: list[Any] = []
        self.pending: list[int] = []
        self.initial: list[NodeCode] = []
        """The nodes that wait for nothing."""
        self.enters = 0
        self.exits: list[NodeCode] = []


class GraphCode:
    """All frames of a graph, and how values get in and out."""

    def __init__(self, graph: Dataflow, backend: Backend, device: str) -> None:
        self.frames = [FrameCode(number, each) for number, each in enumerate(graph.frames)]
        self.parameters: list[Route] = []
        self.results = [graph.nodes[each.node].name for each in graph.results]
        """The names of what is fetched."""
        fetches = [Node("fetch", f"fetch_{place}", (source,)) for place, source in enumerate(graph.results)]
        nodes = [*graph.nodes, *fetches]
        known = consumers(Dataflow(tuple(nodes), graph.frames, graph.parameters, ()))
        codes = [NodeCode(each, self.frames[each.frame]) for each in nodes]
        for number, (node, code) in enumerate(zip(nodes, codes, strict=True)):
            is_still = node.kind == "constant" or code.is_constant
            for output, route in enumerate(code.routes):
                for consumer, place in known.get(Source(number, output), ()):
                    self._connect(route, codes[consumer], place, is_still)
            if node.kind == "constant":
                self._settle(code, constant_of(node, backend, device))
            elif node.kind == "parameter":
                self.parameters.append(code.route)
            elif code.kind == CALL:
                code.function = function_of(node, backend, device)
                code.is_large = node.kind == "op" and node.operation is not None and is_large(node.operation)
                code.is_single = _is_single(node)
                code.kind = CALL_ON_TWO if len(node.inputs) == 2 else CALL
            elif code.kind == ENTER:
                code.target = self.frames[node.attributes["frame"]]
                code.target.enters += 1
            elif code.kind == EXIT:
                code.frame.exits.append(code)
            elif code.kind == FETCH:
                code.place = number - len(graph.nodes)
        for code in codes:
            if code.node.kind not in ("constant", "parameter") and not code.frame.pending[code.index]:
                code.frame.initial.append(code)
        self.root = self.frames[ROOT]

    def _connect(self, route: Route, code: NodeCode, place: int, is_still: bool) -> None:
        is_sender = code.kind in (NEXT, EXIT, FETCH) and len(code.node.inputs) == 1 and not code.node.after
        is_sent = is_sender and not is_still  # what is there from the start is waited for like an operand
        if place >= 0 and code.kind != MERGE and not is_sent:
            route.data.append((code, code.start + place, code.index))
            return
        route.is_plain = False
        if is_sent:
            route.sends.append(code)
        elif place < 0:
            route.controls.append(code)
        else:
            route.merges.append((code, place))

    def _settle(self, constant: NodeCode, value: Any) -> None:
        """Put the value of a constant where it is read."""
        for code, place, index in constant.route.data:
            code.frame.values[place] = value
            code.frame.pending[index] -= 1


def _is_single(node: Node) -> bool:
    """Whether what is called returns the only output, not the tuple of outputs."""
    return node.kind != "op" or node.operation is None or node.operation.op.signature.output_count == 1


def _nothing() -> None:
    return None
