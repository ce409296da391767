"""Where boxes and arrows stand in a layered drawing: all arrows go down, boxes of one row stand side by side.

The four steps of Sugiyama: break cycles, give each box a row, order the rows so that few arrows cross, find positions.
Lengths are inches, y grows downward. Nothing here knows what a box means or how it is painted.

Source: K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical system structures" (1981).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Point = tuple[float, float]

SIDE = 0.3
"""Between neighbours in a row."""
DROP = 0.2
"""Between a row of boxes and the row of labels below or above it."""
LABEL_HEIGHT = 0.16
_SWEEPS = 16


@dataclass(frozen=True, slots=True)
class Link:
    """An arrow from one box to some others, with a label of a given width at its start."""

    source: int
    targets: tuple[int, ...]
    label_width: float = 0.0
    weight: float = 1.0
    """How much its boxes want to stand under each other."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Centres of the boxes; of each link's label; for each link and target the points that its line goes through."""

    boxes: tuple[Point, ...]
    labels: tuple[Point, ...]
    lines: tuple[tuple[tuple[Point, ...], ...], ...]
    width: float
    height: float


@dataclass
class _Rows:
    """Vertices (boxes, labels, and bends of lines that pass a row), row by row; boxes stand in the even rows."""

    widths: list[float]
    row_of: list[int]
    box_count: int
    above: list[list[int]] = field(default_factory=list)
    below: list[list[int]] = field(default_factory=list)
    order: list[list[int]] = field(default_factory=list)
    weights: dict[tuple[int, int], float] = field(default_factory=dict)
    """By upper and lower vertex: how much the line between them wants to be straight."""

    anchors: dict[tuple[int, int], float] = field(default_factory=dict)
    """By box and neighbour: how far from the box's middle the line between them meets it."""

    def add(self, row: int, width: float) -> int:
        self.widths.append(width)
        self.row_of.append(row)
        self.above.append([])
        self.below.append([])
        return len(self.widths) - 1

    def connect(self, first: int, second: int, weight: float) -> None:
        upper, lower = sorted((first, second), key=self.row_of.__getitem__)
        if (upper, lower) not in self.weights:
            self.below[upper].append(lower)
            self.above[lower].append(upper)
        self.weights[upper, lower] = weight

    def neighbours(self, vertex: int) -> list[tuple[int, float]]:
        """The vertices above and below, each with the weight of the line to it."""
        near = [(each, self.weights[each, vertex]) for each in self.above[vertex]]
        return near + [(each, self.weights[vertex, each]) for each in self.below[vertex]]


def lay_out(sizes: Sequence[tuple[float, float]], links: Sequence[Link]) -> Layout:
    """The layout of boxes of these widths and heights.

    >>> layout = lay_out([(1.0, 0.5), (1.0, 0.5)], [Link(0, (1,))])
    >>> (first_x, first_y), (second_x, second_y) = layout.boxes
    >>> first_x == second_x, first_y < second_y
    (True, True)
    """
    layers = assign_layers(len(sizes), [(link.source, target) for link in links for target in link.targets])
    rows = _Rows([width for width, _ in sizes], [2 * each for each in layers], len(sizes))
    rows.above, rows.below = [[] for _ in sizes], [[] for _ in sizes]
    routes = [_route(rows, link) for link in links]
    _order_rows(rows)
    _place_anchors(rows)
    x = _horizontal(rows)
    y, heights = _vertical(rows, sizes)
    centres = [(x[each], y[row]) for each, row in enumerate(rows.row_of)]
    lines = tuple(tuple(_line(route, centres, rows, sizes, heights) for route in link_routes) for link_routes in routes)
    labels = tuple(centres[link_routes[0][1]] for link_routes in routes)
    width = max((x[each] + width / 2 for each, width in enumerate(rows.widths)), default=0.0)
    height = y[-1] + heights[-1] / 2 if y else 0.0
    return Layout(tuple(centres[: len(sizes)]), labels, lines, width, height)


def assign_layers(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The layer of each node: below all nodes that lead to it, but for edges that close a cycle.

    >>> assign_layers(3, [(0, 1), (1, 2), (0, 2)])
    [0, 1, 2]

    A node that leads to at least as many others as lead to it stands as low as it can, just above the first of them.
    """
    forward = _without_cycles(count, edges)
    successors: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for source, target in forward:
        successors[source].append(target)
        missing[target] += 1
    arriving = list(missing)
    layers = [0] * count
    ready = [each for each in range(count) if not arriving[each]]
    for node in ready:  # grows while it is walked
        for target in successors[node]:
            layers[target] = max(layers[target], layers[node] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    for node in reversed(ready):
        if len(successors[node]) >= arriving[node] and successors[node]:
            layers[node] = min(layers[each] for each in successors[node]) - 1
    return layers


def _without_cycles(count: int, edges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The edges, those turned round that lead back to a node on the way of a depth-first walk."""
    successors: list[list[int]] = [[] for _ in range(count)]
    for source, target in dict.fromkeys(edges):
        successors[source].append(target)
    found: dict[tuple[int, int], None] = {}
    state = ["new"] * count
    for start in range(count):
        stack = [(start, iter(successors[start]))] if state[start] == "new" else []
        while stack:
            node, targets = stack[-1]
            state[node] = "open"
            for target in targets:
                if state[target] == "open":
                    found[target, node] = None
                    continue
                found[node, target] = None
                if state[target] == "new":
                    stack.append((target, iter(successors[target])))
                    break
            else:
                state[node] = "done"
                stack.pop()
    return [(source, target) for source, target in found if source != target]


def _route(rows: _Rows, link: Link) -> list[list[int]]:
    """For each target the vertices of the line: source, label, bends, target; lines of one link share what they can."""
    shared: dict[int, int] = {}
    routes = []
    for target in link.targets:
        step = 1 if rows.row_of[target] > rows.row_of[link.source] else -1
        route = [link.source]
        for row in range(rows.row_of[link.source] + step, rows.row_of[target], step):
            if row not in shared:
                shared[row] = rows.add(row, 0.05 if shared else link.label_width)
            route.append(shared[row])
        route.append(target)
        is_short = len(route) == 3
        for first, second in pairwise(route):
            is_inner = first >= rows.box_count and second >= rows.box_count
            rows.connect(first, second, link.weight * (8.0 if is_inner else 4.0 if is_short else 0.5))
        routes.append(route)
    return routes


def _order_rows(rows: _Rows) -> None:
    """Order each row by the mean place of its neighbours, down and up a few times; the best order found stays."""
    rows.order = [[] for _ in range(max(rows.row_of, default=-1) + 1)]
    for vertex in _walk(rows):
        rows.order[rows.row_of[vertex]].append(vertex)
    best, fewest = [list(row) for row in rows.order], _crossings(rows)
    for sweep in range(_SWEEPS):
        is_down = sweep % 2 == 0
        neighbours = rows.above if is_down else rows.below
        for row in rows.order if is_down else reversed(rows.order):
            _sort_by_neighbours(rows, row, neighbours)
        crossings = _crossings(rows)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows.order], crossings
    rows.order = best


def _walk(rows: _Rows) -> list[int]:
    """All vertices, neighbours soon after each other."""
    seen: dict[int, None] = {}
    for start in sorted(range(len(rows.widths)), key=rows.row_of.__getitem__):
        stack = [start]
        while stack:
            vertex = stack.pop()
            if vertex not in seen:
                seen[vertex] = None
                stack += reversed(rows.below[vertex])
    return list(seen)


def _sort_by_neighbours(rows: _Rows, row: list[int], neighbours: list[list[int]]) -> None:
    places = {vertex: place for each in rows.order for place, vertex in enumerate(each)}

    def wish(vertex: int) -> float:
        near = neighbours[vertex]
        return sum(places[each] for each in near) / len(near) if near else places[vertex]

    row.sort(key=wish)


def _crossings(rows: _Rows) -> int:
    total = 0
    for upper, lower in pairwise(rows.order):
        places = {vertex: place for place, vertex in enumerate(lower)}
        ends = [place for vertex in upper for place in sorted(places[each] for each in rows.below[vertex])]
        total += sum(1 for index, first in enumerate(ends) for second in ends[index + 1 :] if second < first)
    return total


def _place_anchors(rows: _Rows) -> None:
    """Where lines meet boxes: side by side along the edge, in the order of the vertices that they come from."""
    places = {vertex: place for row in rows.order for place, vertex in enumerate(row)}
    for box in range(rows.box_count):
        for side in (rows.above[box], rows.below[box]):
            step = min(0.22, 0.7 * rows.widths[box] / len(side)) if side else 0.0
            for place, each in enumerate(sorted(side, key=places.__getitem__)):
                rows.anchors[box, each] = (place - (len(side) - 1) / 2) * step


def _horizontal(rows: _Rows) -> list[float]:
    """The x of each vertex: near the mean of its neighbours, rows in their order and without overlap."""
    x = [0.0] * len(rows.widths)
    for row in rows.order:
        for vertex, offset in zip(row, _offsets(rows, row), strict=True):
            x[vertex] = offset
    chains = _chains(rows)
    for sweep in range(4 * _SWEEPS):
        for row in rows.order if sweep % 2 == 0 else reversed(rows.order):
            wished = [_wish(rows, vertex, x) for vertex in row]
            for vertex, place in zip(row, _spread(wished, _offsets(rows, row)), strict=True):
                x[vertex] = place
        _straighten(rows, chains, x)
    left = min((x[each] - width / 2 for each, width in enumerate(rows.widths)), default=0.0)
    return [each - left for each in x]


def _wish(rows: _Rows, vertex: int, x: Sequence[float]) -> tuple[float, float]:
    """Where the vertex would like to be, and how much."""
    near = rows.neighbours(vertex)
    if not near:
        return x[vertex], 0.01
    total = sum(weight for _, weight in near)
    return sum(_straight(rows, each, vertex, x) * weight for each, weight in near) / total, total


def _straight(rows: _Rows, neighbour: int, vertex: int, x: Sequence[float] | Mapping[int, float]) -> float:
    """Where ``vertex`` would have to be for its line to ``neighbour`` to be straight."""
    return x[neighbour] + rows.anchors.get((neighbour, vertex), 0.0) - rows.anchors.get((vertex, neighbour), 0.0)


def _chains(rows: _Rows) -> list[dict[int, float]]:
    """Vertices that should stand on one straight line, each with its distance from the line's upper end.

    A vertex and one below it belong to one chain if each is the one that the other wants most to be straight with.
    """
    best_below = [max(near, key=lambda each: rows.weights[v, each], default=None) for v, near in enumerate(rows.below)]
    best_above = [max(near, key=lambda each: rows.weights[each, v], default=None) for v, near in enumerate(rows.above)]
    chains = []
    for vertex, above in enumerate(best_above):
        if above is not None and best_below[above] == vertex:
            continue  # in the middle of a chain
        chain = {vertex: 0.0}
        last, below = vertex, best_below[vertex]
        while below is not None and best_above[below] == last:
            chain[below] = _straight(rows, last, below, chain)
            last, below = below, best_below[below]
        chains.append(chain)
    return chains


def _straighten(rows: _Rows, chains: Sequence[dict[int, float]], x: list[float]) -> None:
    """Put each chain on one line, as near to what its vertices wish as their neighbours in the rows allow.

    A chain for which no line is free is tried in halves.
    """
    beside: dict[int, tuple[int | None, int | None]] = {}
    for row in rows.order:
        for left, vertex, right in zip([None, *row[:-1]], row, [*row[1:], None], strict=True):
            beside[vertex] = left, right
    waiting = list(chains)
    while waiting:
        chain = waiting.pop()
        low, high = float("-inf"), float("inf")
        for vertex, distance in chain.items():
            left, right = beside[vertex]
            if left is not None:
                low = max(low, x[left] + (rows.widths[left] + rows.widths[vertex]) / 2 + SIDE - distance)
            if right is not None:
                high = min(high, x[right] - (rows.widths[right] + rows.widths[vertex]) / 2 - SIDE - distance)
        if low <= high:
            place = min(max(_wish_of_chain(rows, chain, x), low), high)
            for vertex, distance in chain.items():
                x[vertex] = place + distance
        elif len(chain) > 1:
            members = list(chain.items())
            waiting += [dict(members[: len(members) // 2]), dict(members[len(members) // 2 :])]


def _wish_of_chain(rows: _Rows, chain: Mapping[int, float], x: Sequence[float]) -> float:
    """Where the upper end of the chain should be for its lines to other vertices to be straight."""
    wishes = [
        (_straight(rows, neighbour, vertex, x) - distance, weight)
        for vertex, distance in chain.items()
        for neighbour, weight in rows.neighbours(vertex)
        if neighbour not in chain
    ]
    if not wishes:
        wishes = [(x[vertex] - distance, 1.0) for vertex, distance in chain.items()]
    return sum(wish * weight for wish, weight in wishes) / sum(weight for _, weight in wishes)


def _offsets(rows: _Rows, row: list[int]) -> list[float]:
    """The places of a row that is pushed together, from 0."""
    offsets = [0.0]
    for first, second in pairwise(row):
        offsets.append(offsets[-1] + (rows.widths[first] + rows.widths[second]) / 2 + SIDE)
    return offsets[: len(row)]


def _spread(wishes: Sequence[tuple[float, float]], offsets: Sequence[float]) -> list[float]:
    """The places nearest to ``wishes``, by squares with weights, that keep the distances of ``offsets``.

    Less the offsets the places must not decrease: this is isotonic regression, solved by pooling adjacent violators.
    """
    blocks: list[tuple[float, float, int]] = []  # mean, weight, number of members
    for (wish, weight), offset in zip(wishes, offsets, strict=True):
        block = (wish - offset, weight, 1)
        while blocks and blocks[-1][0] > block[0]:
            mean, total, count = blocks.pop()
            joined = total + block[1]
            block = ((mean * total + block[0] * block[1]) / joined, joined, count + block[2])
        blocks.append(block)
    means = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _vertical(rows: _Rows, sizes: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """The y of the middle of each row, and its height."""
    heights = []
    for number, row in enumerate(rows.order):
        highest = max((sizes[each][1] for each in row if each < rows.box_count), default=0.0)
        heights.append(highest if number % 2 == 0 else LABEL_HEIGHT)
    middles: list[float] = []
    top = 0.0
    for height in heights:
        middles.append(top + height / 2)
        top += height + DROP
    return middles, heights


def _line(
    route: Sequence[int],
    centres: Sequence[Point],
    rows: _Rows,
    sizes: Sequence[tuple[float, float]],
    heights: Sequence[float],
) -> tuple[Point, ...]:
    step = 1 if rows.row_of[route[-1]] > rows.row_of[route[0]] else -1
    source, target = route[0], route[-1]
    points = [(centres[source][0] + rows.anchors[source, route[1]], centres[source][1] + step * sizes[source][1] / 2)]
    for vertex in route[1:-1]:
        x, y = centres[vertex]
        half = step * heights[rows.row_of[vertex]] / 2
        points += [(x, y - half), (x, y + half)]
    points.append(
        (centres[target][0] + rows.anchors[target, route[-2]], centres[target][1] - step * sizes[target][1] / 2)
    )
    return tuple(points)
