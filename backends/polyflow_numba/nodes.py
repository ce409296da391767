"""Operations as nodes of four kinds, which loops can be written of: what is mapped, folded, summed by rows, multiplied.

Nothing here knows loops or memory; ``loops.py`` does. Transposes, added axes and broadcasts are no nodes: a ``Value``
says which axis of its node each of its own axes is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from polyflow.core.literal import Literal

SHORT = {"float32": "f4", "float64": "f8", "int32": "i4", "int64": "i8", "bool": "b1"}
"""The dtypes that can be compiled, each with its name in generated code."""
UNROLLED = 16
"""Elements that are added up one by one in a line of source; of more, a function makes a loop."""


@dataclass(frozen=True, eq=False)
class Node:
    """A computed array."""

    kind: str
    """"given" (an operand), "number", "map", "fold" (a reduction in a line), "product" (of matrices, sums in a line),
    "rows" and "rows product" (likewise, of rows of memory, by a function)."""
    shape: tuple[int, ...]
    dtype: str
    operands: tuple[Value, ...] = ()
    text: str = ""
    """Of a map the expression, with its operands in braces; of a reduction "sum", "max" or "min"; a number itself."""
    axes: tuple[int, ...] = ()
    """Of a reduction the axes that it takes away."""


class Value(NamedTuple):
    """A node, looked at in another way."""

    node: Node
    shape: tuple[int, ...]
    axes: tuple[int | None, ...]
    """For each axis of the node the axis of this value; ``None`` where its one element is meant."""

    @property
    def is_plain(self) -> bool:
        """Whether it is the node as it is."""
        return self.axes == tuple(range(len(self.shape))) and self.shape == self.node.shape


def plain(node: Node) -> Value:
    """The node as it is."""
    return Value(node, node.shape, tuple(range(len(node.shape))))


def number(value: Any, dtype: str) -> Value:
    """A number as an array without dimensions."""
    return plain(Node("number", (), dtype, (), repr(value)))


def constant(value: Literal) -> Value | None:
    """A literal all of whose elements are one number; ``None`` for any other."""
    found = value.uniform_value
    if found is None or value.dtype.name not in SHORT:
        return None
    return stretched(number(found, value.dtype.name), value.shape)


def stretched(value: Value, shape: Sequence[int]) -> Value:
    """Broadcast to ``shape``."""
    more = len(shape) - len(value.shape)
    axes = tuple(
        [None if each is None or value.shape[each] != shape[each + more] else each + more for each in value.axes]
    )
    return Value(value.node, tuple(shape), axes)


def transposed(value: Value, order: Sequence[int]) -> Value:
    """With its axes in another ``order``."""
    places = {axis: place for place, axis in enumerate(order)}
    axes = tuple([None if each is None else places[each] for each in value.axes])
    return Value(value.node, tuple([value.shape[each] for each in order]), axes)


def reshaped(value: Value, shape: Sequence[int]) -> Value:
    """With axes of one element added or left out; the others are as they were."""
    kept = iter([place for place, size in enumerate(shape) if size != 1])
    places: dict[int, int | None] = {axis: None if size == 1 else next(kept) for axis, size in enumerate(value.shape)}
    return Value(value.node, tuple(shape), tuple([None if each is None else places[each] for each in value.axes]))


def is_reshaped_by_ones(before: Sequence[int], after: Sequence[int]) -> bool:
    """Whether two shapes differ by axes of one element."""
    return [each for each in before if each != 1] == [each for each in after if each != 1]


def lane(shape: Sequence[int]) -> int:
    """The axis whose elements lie side by side in memory, and which the innermost loop goes along: the last one, but
    that a batch of short rows is worked on as a few long ones."""
    return 0 if len(shape) == 2 and shape[0] > shape[1] and shape[1] < UNROLLED else len(shape) - 1


def mapped(text: str, dtype: str, shape: Sequence[int], *operands: Value) -> Value:
    """An expression of the elements of ``operands``, which are broadcast to ``shape``."""
    return plain(Node("map", tuple(shape), dtype, tuple([stretched(each, shape) for each in operands]), text))


def in_rows(value: Value) -> Value:
    """``value``, or a copy of it, the elements along whose lane lie side by side."""
    node, axes = value.node, value.axes
    if node.kind not in ("given", "number") and value.shape:
        is_turned = axes == (1, 0) and value.shape == node.shape[::-1] and lane(value.shape) != lane(node.shape)
        if value.is_plain or is_turned:
            return value
    return copied(value)


def copied(value: Value) -> Value:
    """A node of its own."""
    return mapped("{0}", value.node.dtype, value.shape, value)


def packed(value: Value) -> Value:
    """An operand whose lane does not lie side by side as a copy of which that is true; any other as it is."""
    shape = value.shape
    is_long = len(shape) == 2 and lane(shape) == 0 and shape[1] > 1 and shape[0] >= UNROLLED
    return copied(value) if is_long else value


def can_reduce(shape: Sequence[int], axes: Sequence[int]) -> bool:
    """Whether there are nodes for a reduction of such an array by ``axes``."""
    if not shape or not all(shape):
        return False
    if _count(shape, axes) <= UNROLLED:
        return True
    left, others = _without_lane(shape, axes)
    return lane(shape) in axes and len(shape) <= 3 and (not others or can_reduce(left, others))


def reduced(text: str, value: Value, axes: Sequence[int], keepdims: bool) -> Value:
    """The "sum", "max" or "min" of ``value`` by ``axes``."""
    shape, dtype = value.shape, value.node.dtype
    left = tuple([size for axis, size in enumerate(shape) if axis not in axes])
    if _count(shape, axes) <= UNROLLED:
        found = plain(Node("fold", left, dtype, (value,), text, tuple(axes)))
    else:
        rest, others = _without_lane(shape, axes)
        found = plain(Node("rows", rest, dtype, (in_rows(value),), text, (lane(shape),)))
        if others:
            found = reduced(text, found, others, False)
    return reshaped(found, [1 if axis in axes else size for axis, size in enumerate(shape)]) if keepdims else found


def _without_lane(shape: Sequence[int], axes: Sequence[int]) -> tuple[tuple[int, ...], list[int]]:
    """The shape without its lane, and the other ones of ``axes`` in it."""
    along = lane(shape)
    left = tuple([size for axis, size in enumerate(shape) if axis != along])
    return left, [axis - (axis > along) for axis in axes if axis != along]


def can_multiply(a: Sequence[int], b: Sequence[int]) -> bool:
    """Whether there is a node for a product of such matrices."""
    if len(a) != 2 or len(b) != 2 or not all((*a, *b)):
        return False
    return a[1] <= UNROLLED or (lane(a) == 1 and lane(b) == 0)


def product(a: Value, b: Value) -> Value:
    """The product of two matrices."""
    shape = a.shape[0], b.shape[1]
    if a.shape[1] <= UNROLLED:
        return plain(Node("product", shape, a.node.dtype, (a, b)))
    return plain(Node("rows product", shape, a.node.dtype, (in_rows(a), in_rows(b))))


def _count(shape: Sequence[int], axes: Sequence[int]) -> int:
    count = 1
    for each in axes:
        count *= shape[each]
    return count


def before(results: Sequence[Node]) -> Iterator[Node]:
    """The nodes that ``results`` are made of, and these, each behind its operands."""
    seen: set[Node] = set()
    waiting: list[tuple[Node, bool]] = [(each, False) for each in reversed(results)]
    while waiting:
        node, is_ready = waiting.pop()
        if is_ready:
            yield node
        elif node not in seen:
            seen.add(node)
            waiting.append((node, True))
            waiting += [(each.node, False) for each in reversed(node.operands)]
