"""Lowering of primitives that a user wired by hand: each is a node already; what is found out is their frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from polyflow.control_flow.node_builder import NodeBuilder, Place
from polyflow.core.dataflow import ROOT, Frame, Source
from polyflow.core.tensor import Operation
from polyflow.errors import ControlFlowError, message


class Wiring:
    """Adds the nodes of hand-wired primitives, and knows the frame of everything that depends on them."""

    def __init__(self, builder: NodeBuilder) -> None:
        self._builder = builder
        self._frames: dict[tuple[int, str], int] = {}
        """By the frame around and the name."""
        self._places: dict[int, Place] = {}
        self._edges: dict[Any, int] = {}
        """By back edge, the node that gives what comes back."""
        self.is_used = False
        """Whether there have been primitives, so that operations may be dead by a hand's wiring."""

    def place(self, operation: Operation, inputs: Sequence[Source], outer: Place) -> Place:
        """Where ``operation`` is: in the frame of its operands, ``outer`` where no hand has wired one."""
        if not self._frames:
            return outer
        found = {self._frame(each) for each in inputs if not self._is_free(each)}
        if len(found) > 1:
            names = " and ".join(sorted(repr(self._builder.frames[each].name or "none") for each in found))
            raise ControlFlowError(
                message(
                    f"{operation.name}: the operands are in different frames",
                    found=names,
                    needed="one frame",
                    where=operation.location,
                    remedy="polyflow.dataflow.enter(..., is_constant=True) brings a value in, exit takes it out",
                )
            )
        return self._places.get(found.pop(), outer) if found else outer

    def _is_free(self, source: Source) -> bool:
        return self._builder.is_constant(source) or source.node in self._edges.values()

    def _frame(self, source: Source) -> int:
        node = self._builder.nodes[source.node]
        if node.kind == "enter":
            return int(node.attributes["frame"])
        return (self._builder.frames[node.frame].parent or ROOT) if node.kind == "exit" else node.frame

    def primitive(self, operation: Operation, inputs: Sequence[Source], place: Place) -> Sequence[Source]:
        """Add the node of a primitive; its outputs."""
        builder, name, attributes = self._builder, operation.name, operation.attributes
        kind = operation.op.name
        self.is_used = True
        if kind == "comes_back":
            source = builder.add(Place(), "next_iteration", name)
            self._edges[attributes["edge"]] = source.node
            return [source]
        if kind == "bound":
            number = self._edges[attributes["edge"]]
            node = builder.nodes[number]
            builder.nodes[number] = replace(node, inputs=tuple(inputs), frame=self._frame(inputs[0]))
            return []
        if kind == "next_iteration":
            return inputs  # the node is that of the back edge
        if kind == "enter":
            return [self._enter(operation, inputs, place)]
        if kind == "exit" and place.frame == ROOT:
            raise ControlFlowError(
                message(f"{name}: what leaves a frame must be in one", where=operation.location, remedy="enter")
            )
        if kind == "merge":
            inputs = [builder.moving(place, each, name) for each in inputs]
        count = 2 if kind in ("switch", "merge") else 1
        type = operation.outputs[0].type if count == 1 or kind == "merge" else None
        source = builder.add(place, kind, name, inputs, outputs=count, operation=operation, type=type)
        if kind == "merge":
            if place.pivot is None and place.frame != ROOT:
                place.pivot = source  # which is alive in every iteration
            number_type = operation.outputs[1].type
            index = builder.add(place, "number_array", f"{name}/index", [Source(source.node, 1)], type=number_type)
            return [source, index]
        return [Source(source.node, each) for each in range(count)]

    def _enter(self, operation: Operation, inputs: Sequence[Source], place: Place) -> Source:
        builder, attributes = self._builder, operation.attributes
        key = place.frame, attributes["frame_name"]
        if key not in self._frames:
            self._frames[key] = frame = len(builder.frames)
            builder.frames.append(Frame(key[1], place.frame, attributes["parallel_iterations"], operation))
            self._places[frame] = Place(frame)
        frame, is_constant = self._frames[key], attributes["is_constant"]
        entered = builder.add(
            place, "enter", operation.name, inputs, operation=operation, frame=frame, is_constant=is_constant
        )
        if is_constant:
            builder.still.add(entered)
        return entered
