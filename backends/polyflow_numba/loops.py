"""Nodes as loops: which of them share one, and where in memory lies what one loop leaves for another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from polyflow_numba.nodes import Node, Value, lane

WIDTH = 16
"""Rows of memory begin at multiples of so many elements."""
_READY = ("given", "number")


@dataclass(eq=False)
class Loop:
    """Nodes of one shape that are computed element by element, in this order; or one that a function computes."""

    shape: tuple[int, ...]
    nodes: list[Node] = field(default_factory=list)

    def takes(self, node: Node) -> bool:
        """Whether ``node`` may be computed in this loop too."""
        return self.shape == node.shape and not is_by_rows(node) and not is_by_rows(self.nodes[0])


@dataclass
class Layout:
    """The loops, and the memory between them."""

    loops: list[Loop]
    places: dict[Node, int]
    """Of the nodes that several loops read, where in the memory of their dtype they begin."""
    sizes: dict[str, int]
    """Elements of memory, by dtype."""


def is_by_rows(node: Node) -> bool:
    """Whether a function computes ``node`` of rows of memory, and leaves it in memory."""
    return node.kind.startswith("rows")


def is_same_element(node: Node, operand: Value) -> bool:
    """Whether each element of ``node`` reads the same element of ``operand`` and no other."""
    return node.kind == "map" and operand.is_plain and operand.node.shape == node.shape


def arranged(nodes: Sequence[Node]) -> Layout:
    """``nodes``, each behind its operands, in loops."""
    loops: list[Loop] = []
    number: dict[Node, int] = {}
    for node in nodes:
        if node.kind in _READY:
            continue
        first = 0
        for operand in node.operands:
            if operand.node.kind not in _READY:
                first = max(first, number[operand.node] + (not is_same_element(node, operand)))
        shared = (each for each in range(first, len(loops)) if loops[each].takes(node))
        place = next(shared, len(loops))
        if place == len(loops):
            loops.append(Loop(node.shape))
        loops[place].nodes.append(node)
        number[node] = place
    places, sizes = _placed(loops, _ends(loops, number))
    return Layout(loops, places, sizes)


def _ends(loops: Sequence[Loop], number: dict[Node, int]) -> dict[Node, int]:
    """The last loop that reads each of the nodes that have to lie in memory."""
    ends: dict[Node, int] = {}
    for place, loop in enumerate(loops):
        for node in loop.nodes:
            if is_by_rows(node):
                ends[node] = place
            for operand in node.operands:
                made = operand.node
                is_kept = made.kind not in _READY and (made.shape or is_by_rows(made))
                if is_kept and (number[made] != place or not is_same_element(node, operand)):
                    ends[made] = place
    return ends


def _placed(loops: Sequence[Loop], ends: dict[Node, int]) -> tuple[dict[Node, int], dict[str, int]]:
    """Where nodes lie, memory that nobody reads any more used again; and how much there is of each dtype."""
    places: dict[Node, int] = {}
    sizes: dict[str, int] = {}
    free: dict[tuple[str, int], list[int]] = {}
    for number, loop in enumerate(loops):
        for node in loop.nodes:
            if node in ends:
                size = room(node)
                left = free.get((node.dtype, size))
                if left:
                    places[node] = left.pop()
                else:
                    places[node] = sizes.get(node.dtype, 0)
                    sizes[node.dtype] = places[node] + size
        for node in [each for each in places if ends[each] == number]:
            free.setdefault((node.dtype, room(node)), []).append(places[node])
    return places, sizes


def strides(shape: Sequence[int]) -> list[int]:
    """How far apart in memory neighbours along each axis are."""
    if not shape:
        return []
    along = lane(shape)
    found = [1] * len(shape)
    distance = _padded(shape[along])
    for axis in reversed([each for each in range(len(shape)) if each != along]):
        found[axis] = distance
        distance *= shape[axis]
    return found


def room(node: Node) -> int:
    """The elements of memory that ``node`` takes."""
    if not node.shape:
        return 1
    along = lane(node.shape)
    return _padded(node.shape[along]) * prod(size for axis, size in enumerate(node.shape) if axis != along)


def _padded(size: int) -> int:
    return -(-size // WIDTH) * WIDTH if size >= WIDTH else size
