"""What a picture of a graph shows: boxes and arrows, with name scopes folded up and constants left out.

Where they stand is for :mod:`polyflow.tools.layered_layout`, how they look for :mod:`polyflow.tools.drawing`.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from polyflow.core.graph import Graph
from polyflow.core.primitives import constant_op, placeholder_op
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.traversal import ancestors
from polyflow.errors import ValueRangeError, message
from polyflow.ops.state import read_variable_op

MANY = 24
"""The number of operations above which scopes are folded up unless the caller says how deep to look."""


@dataclass(frozen=True, slots=True)
class Box:
    """One operation, or a whole scope of them."""

    title: str
    lines: tuple[str, ...]
    """What it is, in small print: the op, or what a scope holds."""
    kind: str
    """``"placeholder"``, ``"variable"``, ``"constant"``, ``"operation"``, ``"scope"`` or ``"result"``."""
    scope: str = ""
    """The name scope that it stands in, without the last slash."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """Something that goes from one box to others; its label says of which type, where the box does not say it."""

    source: int
    targets: tuple[int, ...]
    label: str
    kind: str = "data"
    """``"data"``, ``"variable"`` where only variables go along it, or ``"control"``."""


@dataclass(frozen=True, slots=True)
class Outline:
    """Boxes in the order of creation, and arrows between their places in it."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


@dataclass
class _Group:
    """The operations that share a box."""

    path: str
    operations: list[Operation] = field(default_factory=list)


def outline(graph: Graph | Program, *, depth: int | None = None, constants: bool = False) -> Outline:
    """The boxes and arrows of ``graph``, a graph or a program.

    ``depth`` is the number of name parts that are told apart: with 1, everything below ``layer/`` is one box. By
    default nothing is folded up, unless there are more than ``MANY`` operations: then the depth is 1. Constants and
    what only computes initial values of variables are left out, unless ``constants``.
    """
    if depth is not None and depth < 1:
        raise ValueRangeError(
            message("depth is the number of name parts to tell apart", found=depth, needed="1 or more")
        )
    operations, results = _contents(graph)
    hidden = _unused_reads(operations) if constants else _constants(operations) | _unused_reads(operations)
    shown = [each for each in operations if each not in hidden]
    if depth is None:
        depth = 1 if len(shown) > MANY else max((each.name.count("/") + 1 for each in shown), default=1)
    groups: dict[str, _Group] = {}
    places: dict[Operation, int] = {}
    order: dict[str, int] = {}
    for operation in shown:
        parts = operation.name.split("/")
        is_folded = len(parts) > depth
        path = "/".join(parts[:depth])
        # A variable `w` and the scope `w/` that holds its slots have one path, and a box each.
        key = f"{path}/" if is_folded else path
        group = groups.setdefault(key, _Group(path))
        group.operations.append(operation)
        places[operation] = order.setdefault(key, len(order))
    boxes = [_box(each) for each in groups.values()]
    arrows = _arrows(shown, places, boxes)
    for tensor in results:
        if tensor.operation in places:
            arrows.append(Arrow(places[tensor.operation], (len(boxes),), str(tensor.type)))
            boxes.append(Box("result", (), "result"))
    return Outline(tuple(boxes), tuple(arrows))


def _contents(graph: Graph | Program) -> tuple[list[Operation], tuple[Tensor, ...]]:
    if isinstance(graph, Graph):
        return list(graph.operations), ()
    return [*(each.operation for each in graph.parameters), *graph.operations], graph.results


def _consumers(operations: Sequence[Operation]) -> dict[Operation, list[Operation]]:
    consumers: dict[Operation, list[Operation]] = {each: [] for each in operations}
    for operation in operations:
        for needed in [*(each.operation for each in operation.inputs), *operation.control_inputs]:
            consumers.setdefault(needed, []).append(operation)
    return consumers


def _constants(operations: Sequence[Operation]) -> set[Operation]:
    """Constants, and what is computed for nothing but the initial values of variables."""
    hidden = {each for each in operations if each.op is constant_op}
    consumers = _consumers(operations)
    roots = [each.attributes["initial_value"].operation for each in operations if each.op.is_variable]
    for operation in reversed(ancestors(roots)):
        is_state = operation.op.is_variable or operation.op is placeholder_op
        if not is_state and hidden.issuperset(consumers.get(operation, ())):
            hidden.add(operation)
    return hidden


def _unused_reads(operations: Sequence[Operation]) -> set[Operation]:
    """The reads that each assignment leaves behind for whatever comes later, where nothing came."""
    consumers = _consumers(operations)
    return {each for each in operations if each.op is read_variable_op and not consumers[each]}


def _box(group: _Group) -> Box:
    operations = group.operations
    if len(operations) > 1:
        variables = [each for each in operations if each.op.is_variable]
        scope, _, title = group.path.rpartition("/")
        return Box(title, _contents_in_words(operations, variables), "scope", scope)
    (operation,) = operations
    scope, _, title = operation.name.rpartition("/")
    kind = "operation"
    if operation.op.is_variable or operation.op is placeholder_op:
        kind = "variable" if operation.op.is_variable else "placeholder"
        lines: tuple[str, ...] = (str(operation.output.type),)
    elif operation.op is constant_op:
        kind = "constant"
        lines = (str(operation.attributes["value"]),)
    else:
        is_named = re.sub(r"_\d+$", "", title) != operation.op.name
        lines = (operation.type,) if is_named else ()
    return Box(title, lines, kind, scope)


def _contents_in_words(operations: Sequence[Operation], variables: Sequence[Operation]) -> tuple[str, ...]:
    """A few lines on what a scope holds: its variables, and its operations by how often they occur."""
    lines = [f"{each.name.rpartition('/')[2]}  {each.output.type}" for each in variables]
    if len(lines) > 3:
        lines = [f"{len(variables)} variables"]
    counts = Counter(each.op.name for each in operations if not each.op.is_variable)
    words = [name if count == 1 else f"{name}\u00a0×{count}" for name, count in counts.items()]
    if len(words) > 6:
        words = [*words[:5], f"{len(words) - 5} more"]
    return (*lines, *textwrap.wrap(", ".join(words), 30, break_long_words=False))


def _arrows(operations: Sequence[Operation], places: dict[Operation, int], boxes: Sequence[Box]) -> list[Arrow]:
    """One arrow for each box and set of tensors that leaves it, to all boxes that it goes to."""
    data: dict[tuple[int, int, bool], dict[Tensor, None]] = {}
    control: dict[tuple[int, int], None] = {}
    for operation in operations:
        target = places[operation]
        for tensor in operation.inputs:
            source = places.get(tensor.operation, target)
            if source != target:
                data.setdefault((source, target, tensor.operation.op.is_variable), {})[tensor] = None
        for before in operation.control_inputs:
            source = places.get(before, target)
            if source != target:
                control[source, target] = None
    bundles: dict[tuple[int, tuple[Tensor, ...]], list[int]] = {}
    for (source, target, _), tensors in data.items():
        bundles.setdefault((source, tuple(tensors)), []).append(target)
    arrows = [_arrow(source, targets, tensors, boxes[source]) for (source, tensors), targets in bundles.items()]
    waits: dict[int, list[int]] = {}
    for source, target in control:
        if not {(source, target, True), (source, target, False)} & data.keys():
            waits.setdefault(source, []).append(target)
    return arrows + [Arrow(source, tuple(targets), "", "control") for source, targets in waits.items()]


def _arrow(source: int, targets: Sequence[int], tensors: Sequence[Tensor], box: Box) -> Arrow:
    is_variable = tensors[0].operation.op.is_variable
    types = {str(each.type) for each in tensors}
    if box.kind in ("placeholder", "variable"):
        label = ""  # the box says it
    elif len(tensors) == 1:
        label = types.pop()
    elif len(types) == 1:
        label = f"{len(tensors)} × {types.pop()}"
    else:
        label = f"{len(tensors)} {'variables' if is_variable else 'tensors'}"
    return Arrow(source, tuple(targets), label, "variable" if is_variable else "data")
