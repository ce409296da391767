"""The source of a region: one loop nest for each group of nodes, in Python that Numba compiles."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from polyflow_numba.loops import Layout, Loop, arranged, is_by_rows, is_same_element, strides
from polyflow_numba.nodes import SHORT, Node, Value, before, copied, lane, plain

_HEAD = """from math import sqrt

from numpy import ascontiguousarray, empty

from polyflow_numba.functions import *

"""


def source(operands: Sequence[Node], results: Sequence[Value]) -> str:
    """The source of a module with a function ``region`` of arrays, which returns the result, or the tuple of them."""
    made = [each.node if _is_made(each) else copied(each).node for each in results]
    return _Writer(operands, made).module()


def _is_made(value: Value) -> bool:
    return value.is_plain and value.node.kind not in ("given", "number") and not is_by_rows(value.node)


class _Writer:
    """Writes one module."""

    def __init__(self, operands: Sequence[Node], results: Sequence[Node]) -> None:
        self._operands = {each: f"p{place}" for place, each in enumerate(operands)}
        self._results = results
        self._layout: Layout = arranged(list(before(results)))
        self._numbers: dict[tuple[str, str], str] = {}
        self._lines: list[str] = []
        self._names: dict[Node, str] = {}
        """Of the elements that the loop has computed, and of computed arrays without dimensions."""
        self._count = itertools.count()

    def module(self) -> str:
        """The whole source."""
        for dtype, size in self._layout.sizes.items():
            self._lines.append(f"    w_{SHORT[dtype]} = empty({size}, {SHORT[dtype]})")
        for loop in self._layout.loops:
            self._write(loop)
        rooms = [f"r{place}" for place in range(len(self._results))]
        names = list(self._operands.values())
        numbers = "".join(f"{name} = {SHORT[dtype]}({text})\n" for (dtype, text), name in self._numbers.items())
        types = (
            "".join(f"{_type(each)} " for each in self._operands),
            "".join(f"{_type(each)} " for each in self._results),
        )
        compute = (
            f"\n@region_code({types[0].strip()!r}, {types[1].strip()!r})\ndef compute({', '.join([*names, *rooms])}):\n"
        )
        return _HEAD + numbers + compute + "\n".join(self._lines) + "\n    return 0\n\n" + self._caller(names, rooms)

    def _caller(self, names: Sequence[str], rooms: Sequence[str]) -> str:
        """The function that makes the arrays for the results."""
        taken = [name if each.shape else f"{name}[()]" for each, name in self._operands.items()]
        made = [
            f"    {name} = empty({each.shape!r}, {SHORT[each.dtype]})\n"
            for name, each in zip(rooms, self._results, strict=True)
        ]
        retry = [f"ascontiguousarray({name})" if each.shape else f"{name}[()]" for each, name in self._operands.items()]
        return (
            f"\ndef region({', '.join(names)}):\n"
            + "".join(made)
            + f"    try:\n        compute({', '.join([*taken, *rooms])})\n"
            + "    except TypeError:  # an operand does not lie in memory row by row\n"
            + f"        compute({', '.join([*retry, *rooms])})\n"
            + f"    return {', '.join(rooms)}\n"
        )

    # -- a loop

    def _write(self, loop: Loop) -> None:
        """The lines of a loop; what does not change along its innermost axis is read in front of that."""
        if is_by_rows(loop.nodes[0]):
            self._lines.append("    " + self._by_rows(loop.nodes[0]))
            return
        index = [f"i{axis}" for axis in range(len(loop.shape))]
        along = lane(loop.shape) if loop.shape else -1
        indent = "    "
        for axis, size in enumerate(loop.shape):
            if axis != along:
                self._lines.append(f"{indent}for i{axis} in range({size}):")
                indent += "    "
        body = _Body(self, index, index[along] if index else "")
        for node in loop.nodes:
            body.compute(node)
        self._lines += [indent + each for each in body.outside]
        if loop.shape:
            self._lines.append(f"{indent}for {index[along]} in range({loop.shape[along]}):")
            indent += "    "
        self._lines += [indent + each for each in body.inside]

    def _by_rows(self, node: Node) -> str:
        """The call that computes ``node``."""
        places, memory = self._layout.places, f"w_{SHORT[node.dtype]}"
        starts = [places[each.node] for each in node.operands]
        to = [0] * (2 - len(node.shape)) + strides(node.shape)
        sizes = [1] * (2 - len(node.shape)) + list(node.shape)
        x = node.operands[0]
        steps = self._steps(x)
        if node.kind == "rows":
            steps = [step for axis, step in enumerate(steps) if axis not in node.axes]
            steps = [0] * (2 - len(steps)) + steps
            arguments = [starts[0], *steps, places[node], *to, *sizes, x.shape[node.axes[0]]]
            return _call(f"rows_{node.text}", memory, arguments)
        others = self._steps(node.operands[1])
        arguments = [starts[0], steps[0], starts[1], others[1], places[node], *to, *sizes, x.shape[1]]
        return _call("rows_product", memory, arguments)

    def _steps(self, value: Value) -> list[int]:
        """How far apart in memory neighbours along each axis of ``value`` are."""
        found = [0] * len(value.shape)
        for axis, stride in zip(value.axes, strides(value.node.shape), strict=True):
            if axis is not None:
                found[axis] = stride
        return found

    def name(self, prefix: str) -> str:
        return f"{prefix}{next(self._count)}"

    def number(self, node: Node) -> str:
        """The name of a constant."""
        text = node.text if node.text not in ("inf", "-inf", "nan") else f"float({node.text!r})"
        return self._numbers.setdefault((node.dtype, text), f"c{len(self._numbers)}")

    def address(self, value: Value, index: Sequence[str]) -> str:
        """Where in memory an element of ``value`` lies."""
        node = value.node
        parts = [str(self._layout.places[node])]
        for axis, stride in zip(value.axes, strides(node.shape), strict=True):
            place = "0" if axis is None else index[axis]
            if place != "0":
                parts.append(place if stride == 1 else f"{place} * {stride}")
        return " + ".join(parts)

    def element(self, value: Value, index: Sequence[str]) -> str:
        """The expression for an element of ``value``."""
        node = value.node
        if node.kind == "number":
            return self.number(node)
        if node.kind == "given":
            places = ["0" if axis is None else index[axis] for axis in value.axes]
            return f"{self._operands[node]}[{', '.join(places)}]" if places else self._operands[node]
        if not node.shape and not is_by_rows(node):
            return self._names[node]
        return f"w_{SHORT[node.dtype]}[{self.address(value, index)}]"

    def targets(self, node: Node, index: Sequence[str]) -> list[str]:
        """Where an element of ``node`` is to be written to."""
        places = ", ".join(index) or "()"
        found = [f"r{number}[{places}]" for number, each in enumerate(self._results) if each is node]
        if node in self._layout.places:
            found.append(f"w_{SHORT[node.dtype]}[{self.address(plain(node), index)}]")
        return found

    def keep(self, node: Node, name: str) -> None:
        self._names[node] = name


class _Body:
    """What a loop does for one element."""

    def __init__(self, writer: _Writer, index: list[str], lane: str) -> None:
        self._writer = writer
        self._index = index
        self._lane = lane
        self._read: dict[str, str] = {}
        self._local: dict[Node, str] = {}
        self.outside: list[str] = []
        self.inside: list[str] = []

    def compute(self, node: Node) -> None:
        """Add the lines for ``node``."""
        name = self._writer.name("t")
        text = getattr(self, "_" + node.kind.replace(" ", "_"))(node, name)
        self.inside.append(f"{name} = {text}")
        self._local[node] = name
        if not node.shape:
            self._writer.keep(node, name)
        self.inside += [f"{target} = {name}" for target in self._writer.targets(node, self._index)]

    def _element(self, value: Value, index: Sequence[str]) -> str:
        """The name of an element that is read once."""
        text = self._writer.element(value, index)
        if "[" not in text:
            return text
        if text not in self._read:
            name = self._read[text] = self._writer.name("x")
            changes = not self._lane or self._lane in text.replace("[", " ").replace(",", " ").replace("]", " ").split()
            (self.inside if changes else self.outside).append(f"{name} = {text}")
        return self._read[text]

    def _map(self, node: Node, name: str) -> str:
        found = [
            self._local[each.node]
            if each.node in self._local and is_same_element(node, each)
            else self._element(each, self._index)
            for each in node.operands
        ]
        return node.text.format(*found)

    def _fold(self, node: Node, name: str) -> str:
        (x,) = node.operands
        found = [self._element(x, each) for each in self._indices(node)]
        if node.text == "sum":
            return _cast(node, " + ".join(found))
        function = {"max": "larger", "min": "smaller"}[node.text]
        text = found[0]
        for each in found[1:]:
            text = f"{function}({text}, {each})"
        return text

    def _indices(self, node: Node) -> list[list[str]]:
        """The indices of the elements of the operand that are folded into one element of ``node``."""
        shape = node.operands[0].shape
        found = []
        for places in itertools.product(*[map(str, range(shape[axis])) for axis in node.axes]):
            taken, kept = dict(zip(node.axes, places, strict=True)), iter(self._index)
            found.append([taken[axis] if axis in taken else next(kept) for axis in range(len(shape))])
        return found

    def _product(self, node: Node, name: str) -> str:
        (a, b), (i, j) = node.operands, self._index
        every = map(str, range(a.shape[1]))
        return " + ".join([f"{self._element(a, (i, k))} * {self._element(b, (k, j))}" for k in every])


def _call(function: str, memory: str, arguments: Sequence[int]) -> str:
    """A call with typed numbers: Numba would compile the function anew for others written out. They are unsigned since
    an index that may be negative is looked at twice."""
    return f"{function}({memory}, {', '.join(f'u8({each})' for each in arguments)})"


def _cast(node: Node, text: str) -> str:
    """Integers stay as wide as they are."""
    return f"{SHORT[node.dtype]}({text})" if node.dtype.startswith("int") else text


def _type(node: Node) -> str:
    return f"{SHORT[node.dtype]}:{len(node.shape)}"
