"""The dataflow form of a program: one flat graph in which loops and branches are routes that values take.

A :class:`~polyflow.core.program.Program` is a sequence whose loops and branches are operations with programs inside.
Here there are only nodes. ``switch`` sends a value one way or another, and a *dead* token the other ways; ``merge``
passes on the first value that comes; ``enter`` takes a value into a frame, ``next_iteration`` from one iteration of it
to the next, and ``exit`` out of it again. The edge from ``next_iteration`` to ``merge`` goes backwards, so nodes name
each other by number. This is how TensorFlow 1 ran graphs: Yu et al., "Dynamic Control Flow in Large-Scale Machine
Learning", EuroSys 2018.

Besides these and the operations of the program there are a few nodes that work on Python's integers and lists:
``number`` is the branch that an array chooses; ``count``, ``length``, ``below``, ``increment`` and ``number_array``
count iterations; ``element`` picks one of a scanned array; ``new_stack``, ``push`` and ``stack`` collect what
iterations give. A ``token`` has no content, and says that something has happened; a ``trigger`` is one that comes even
if that is dead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from polyflow.core.printer import format_attributes
from polyflow.core.tensor import Operation
from polyflow.core.types import TensorType

ROOT = 0
"""The frame of what is in no loop."""


class Source(NamedTuple):
    """Output number ``output`` of node number ``node``; of a node without outputs, that it has run."""

    node: int
    output: int = 0


@dataclass(frozen=True, eq=False)
class Node:
    """Something that happens when all ``inputs`` have come and everything in ``after`` has happened."""

    kind: str
    """``"parameter"``, ``"constant"``, ``"op"``, a primitive such as ``"switch"``, or a helper such as ``"push"``."""
    name: str
    inputs: tuple[Source, ...] = ()
    after: tuple[Source, ...] = ()
    """Control edges."""
    frame: int = ROOT
    """The frame in which it waits for its inputs: of an ``enter`` the outer one, of an ``exit`` the inner one."""
    outputs: int = 1
    operation: Operation | None = None
    """Of an ``"op"`` what it runs; of others what they are there for."""
    type: TensorType | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Frame:
    """A loop: each time that it is entered it has iterations of its own."""

    name: str
    parent: int | None = None
    parallel_iterations: int = 1
    operation: Operation | None = None


@dataclass(frozen=True, eq=False)
class Dataflow:
    """Nodes by number, frames by number, and what comes in and goes out."""

    nodes: tuple[Node, ...]
    frames: tuple[Frame, ...]
    parameters: tuple[int, ...]
    results: tuple[Source, ...]

    def __len__(self) -> int:
        return len(self.nodes)

    def target_frame(self, node: Node) -> int:
        """The frame in which the outputs of ``node`` are."""
        if node.kind == "enter":
            return int(node.attributes["frame"])
        if node.kind == "exit":
            parent = self.frames[node.frame].parent
            return ROOT if parent is None else parent
        return node.frame


def format_dataflow(graph: Dataflow) -> str:
    """The text of ``graph``: one node a line, in the order in which they were made, indented by frame.

    >>> print(format_dataflow(Dataflow((Node("parameter", "x"),), (Frame(""),), (0,), (Source(0),))))
    dataflow(%x):
      return %x
    """
    names = graph.nodes
    lines = [f"dataflow({', '.join(f'%{names[each].name}' for each in graph.parameters)}):"]
    shown = [ROOT]
    for node in graph.nodes:
        if node.kind == "parameter":
            continue
        frame = node.frame if node.kind != "enter" else int(node.attributes["frame"])
        if node.kind != "constant" and frame != shown[-1]:
            shown.append(frame)
            if frame != ROOT:
                loop = graph.frames[frame]
                lines.append(
                    f"{'  ' * _depth(graph, frame)}frame {loop.name}, {loop.parallel_iterations} iterations at once:"
                )
        lines.append(f"{'  ' * (_depth(graph, shown[-1]) + 1)}{_format_node(graph, node)}")
    results = ", ".join(_format_source(graph, each) for each in graph.results)
    lines.append(f"  return {results or 'nothing'}")
    return "\n".join(lines)


def _depth(graph: Dataflow, frame: int) -> int:
    depth, parent = 0, graph.frames[frame].parent
    while parent is not None:
        depth, parent = depth + 1, graph.frames[parent].parent
    return depth


def _format_node(graph: Dataflow, node: Node) -> str:
    arguments = [_format_source(graph, each) for each in node.inputs]
    word = node.kind
    if node.kind == "op":
        assert node.operation is not None
        word = node.operation.op.full_name
        arguments += format_attributes(node.operation)
    else:
        arguments += [f"{name}={value}" for name, value in node.attributes.items() if name != "frame"]
    count = node.outputs if node.kind != "op" else len(node.operation.outputs) if node.operation else 0
    results = [f"%{node.name}"] if count == 1 else [f"%{node.name}:{each}" for each in range(count)]
    type = "" if node.type is None else f": {node.type}"
    text = f"{', '.join(results)}{type} = " if results else ""
    text += f"{word}({', '.join(arguments)})"
    if node.after:
        text += f" after {', '.join(_format_source(graph, each) for each in node.after)}"
    return text


def _format_source(graph: Dataflow, source: Source) -> str:
    node = graph.nodes[source.node]
    return f"%{node.name}:{source.output}" if node.outputs > 1 else f"%{node.name}"


def consumers(graph: Dataflow) -> Mapping[Source, Sequence[tuple[int, int]]]:
    """For each output the nodes that take it, each with the place of the input, -1 for a control edge."""
    found: dict[Source, list[tuple[int, int]]] = {}
    for number, node in enumerate(graph.nodes):
        for place, source in enumerate(node.inputs):
            found.setdefault(source, []).append((number, place))
        for source in node.after:
            found.setdefault(source, []).append((number, -1))
    return found
