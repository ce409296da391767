"""Collecting the nodes of a dataflow graph: names, constants, and what keeps a node from running where it must not.

A node whose operands are all constant would run whether or not its branch is taken, so it waits for the *pivot* of its
place: something that is alive only where the branch is taken or the iteration happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from polyflow.core.dataflow import ROOT, Frame, Node, Source
from polyflow.core.tensor import Operation
from polyflow.core.types import TensorType


@dataclass
class Place:
    """Where in the program nodes are being made."""

    frame: int = ROOT
    pivot: Source | None = None
    """What is alive only if this place is reached; ``None`` where it always is."""
    done: Source | None = None
    """What happens once all effects so far have happened."""


class NodeBuilder:
    """Collects the nodes of one graph."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.frames: list[Frame] = [Frame("")]
        self.still: set[Source] = set()
        """What comes without being caused by anything in its place: constants, of programs and of loops."""
        self._names: dict[str, int] = {}
        self._numbers: dict[int, Source] = {}

    # -- nodes

    def add(
        self,
        place: Place,
        kind: str,
        name: str,
        inputs: Sequence[Source] = (),
        after: Sequence[Source] = (),
        *,
        outputs: int = 1,
        operation: Operation | None = None,
        type: TensorType | None = None,
        **attributes: Any,
    ) -> Source:
        """Add a node; return its first output."""
        after = [each for each in dict.fromkeys(after) if each not in inputs]
        if kind != "parameter" and place.pivot is not None and self.still.issuperset((*inputs, *after)):
            after = [*after, place.pivot]
        node = Node(
            kind, self._unique(name), tuple(inputs), tuple(after), place.frame, outputs, operation, type, attributes
        )
        self.nodes.append(node)
        return Source(len(self.nodes) - 1)

    def constant(self, name: str, **attributes: Any) -> Source:
        """A constant, which is there without being a value that takes a route."""
        self.nodes.append(Node("constant", self._unique(name), attributes=attributes))
        source = Source(len(self.nodes) - 1)
        self.still.add(source)
        return source

    def number(self, value: int) -> Source:
        """Python's number ``value``."""
        if value not in self._numbers:
            self._numbers[value] = self.constant(f"number_{value}", value=value)
        return self._numbers[value]

    def _unique(self, name: str) -> str:
        count = self._names.get(name)
        self._names[name] = 0 if count is None else count + 1
        return name if count is None else self._unique(f"{name}_{count + 1}")

    def settled(self, place: Place, name: str) -> Source:
        """What happens once all effects so far have, as a value without content, which can take a route."""
        if place.done is None:
            return self.add(place, "token", f"{name}/start")
        if self.nodes[place.done.node].kind in ("token", "trigger", "switch", "merge", "exit"):
            return place.done
        return self.add(place, "token", f"{name}/done", after=[place.done])

    def is_constant(self, source: Source) -> bool:
        """Whether ``source`` is there from the start."""
        return self.nodes[source.node].kind == "constant"

    def moving(self, place: Place, source: Source, name: str) -> Source:
        """``source`` as a value that comes only where ``place`` is reached."""
        if source not in self.still:
            return source
        return self.add(place, "identity", f"{name}/value", [source])


class LoopFrame:
    """The frame of one loop: each variable of it is entered, merged, switched, and given on or taken out."""

    def __init__(self, builder: NodeBuilder, operation: Operation, outer: Place) -> None:
        self._builder = builder
        self._operation = operation
        self._outer = outer
        self.frame = len(builder.frames)
        at_once = operation.attributes["parallel_iterations"]
        builder.frames.append(Frame(operation.name, outer.frame, at_once, operation))
        self.merged: list[Source] = []
        """By variable, its value at the start of an iteration."""
        self._inner = Place(self.frame)

    def variable(self, value: Source, name: str, type: TensorType | None = None) -> int:
        """Enter a value that each iteration replaces; return its number."""
        entered = self._builder.add(self._outer, "enter", f"{name}/enter", [value], frame=self.frame)
        self.merged.append(self._builder.add(self._inner, "merge", name, [entered], type=type))
        return len(self.merged) - 1

    def constant(self, value: Source, name: str) -> Source:
        """Enter a value that is the same in all iterations."""
        builder = self._builder
        if builder.is_constant(value):
            return value
        found = builder.add(self._outer, "enter", name, [value], frame=self.frame, is_constant=True)
        builder.still.add(found)
        return found

    def switch(self, values: Sequence[Source], goes_on: Source) -> tuple[list[Source], list[Source]]:
        """The variables in the iteration, if there is one, and behind the loop."""
        place = Place(self.frame, self.merged[0])
        name = self._operation.name
        is_wanted = self._builder.add(place, "loop_cond", f"{name}/goes_on", [goes_on], operation=self._operation)
        switches = [
            self._builder.add(place, "switch", f"{name}/switch", [each, is_wanted], outputs=2) for each in values
        ]
        return [Source(each.node, 1) for each in switches], [Source(each.node, 0) for each in switches]

    def close(self, following: Mapping[int, Source], place: Place) -> None:
        """Let the variables have the values ``following`` in the next iteration."""
        for variable, value in following.items():
            nodes = self._builder.nodes
            merge = self.merged[variable].node
            later = self._builder.add(place, "next_iteration", f"{nodes[merge].name}/next", [value])
            nodes[merge] = replace(nodes[merge], inputs=(*nodes[merge].inputs, later))

    def exit(self, value: Source, name: str, type: TensorType | None = None) -> Source:
        """The value outside, once there is no further iteration."""
        return self._builder.add(Place(self.frame), "exit", f"{name}/exit", [value], type=type)
