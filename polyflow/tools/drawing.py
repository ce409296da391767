"""Graphs and programs as pictures: ``draw_graph`` paints a file with matplotlib, ``to_dot`` writes Graphviz text.

What is shown is decided in :mod:`polyflow.tools.graph_outline`, where it stands in
:mod:`polyflow.tools.layered_layout`; here is how it looks.
"""

from __future__ import annotations

import importlib
from itertools import pairwise
from os import PathLike
from typing import Any

from polyflow.core.graph import Graph
from polyflow.core.program import Program
from polyflow.errors import PluginError, ValueRangeError, message
from polyflow.tools.graph_outline import Arrow, Box, Outline, outline
from polyflow.tools.layered_layout import LABEL_HEIGHT, Layout, Link, Point, lay_out

FILLS = {
    "placeholder": ("#d7e8fb", "#2f6fb2"),
    "variable": ("#fdebc8", "#b9770e"),
    "operation": ("#ffffff", "#6b7684"),
    "scope": ("#e9e5f8", "#6a55b5"),
    "constant": ("#ededed", "#9a9a9a"),
    "result": ("#daf2df", "#2e8b57"),
}
"""The colours of each kind of box: inside and edge."""

MOST_BOXES = 400
_MOST_DOTS = 60_000  # matplotlib paints no picture of 65,536 dots or more
_MARGIN = 0.3
_TITLE_SIZE, _LINE_SIZE = 9.5, 7.5  # points
_LINES = {"data": "#6b7684", "variable": "#d39a3c", "control": "#98a2ad"}
_INK, _FAINT = "#1f2933", "#5b6673"


def draw_graph(
    graph: Graph | Program,
    path: str | PathLike[str],
    *,
    title: str | None = None,
    depth: int | None = None,
    constants: bool = False,
) -> None:
    """Paint ``graph``, a graph or a program, into the file ``path``: PNG, SVG or PDF, by its suffix.

    >>> import polyflow as pf, tempfile, pathlib
    >>> with pf.Graph().as_default() as graph:
    ...     y = pf.matmul(pf.placeholder("float32", (None, 2), name="x"), pf.Variable([[1.0], [2.0]], name="w"))
    >>> picture = pathlib.Path(tempfile.mkdtemp(), "graph.png")
    >>> draw_graph(graph, picture, title="a layer")
    >>> picture.exists()
    True

    Data flows downward along lines that are labelled with tensor types; dashed lines are control dependencies.
    ``depth`` is the number of name parts that are told apart: with 1 each outermost scope is one box, which is the
    default for graphs of more than 24 operations. Constants and initial values are shown only with ``constants``.
    Needs matplotlib, which ``polyflow[demo]`` installs.
    """
    figures, patches, paths = (_matplotlib(each) for each in ("figure", "patches", "path"))
    found = outline(graph, depth=depth, constants=constants)
    if len(found.boxes) > MOST_BOXES:
        raise ValueRangeError(
            message(
                "too much for one picture",
                found=f"{len(found.boxes)} boxes",
                needed=f"at most {MOST_BOXES}",
                remedy="depth=1, with name scopes around the parts; or polyflow.tools.drawing.to_dot, for Graphviz",
            )
        )
    layout = lay_out([_size(each) for each in found.boxes], [_link(each) for each in found.arrows])
    kinds = [each for each in FILLS if any(box.kind == each for box in found.boxes)]
    has_control = any(each.kind == "control" for each in found.arrows)
    figure, axes = _canvas(figures, layout, title, _legend_width(kinds, has_control))
    _paint_arrows(axes, patches, paths.Path, found, layout)
    for box, centre in zip(found.boxes, layout.boxes, strict=True):
        _paint_box(axes, patches, box, centre)
    _paint_legend(axes, patches, kinds, has_control, layout.width / 2, layout.height + 0.5)
    figure.savefig(path)


def to_dot(graph: Graph | Program, *, depth: int | None = None, constants: bool = False) -> str:
    """The text of ``graph`` for Graphviz's ``dot``, with name scopes as clusters; the options of :func:`draw_graph`.

    >>> import polyflow as pf
    >>> with pf.Graph().as_default() as graph:
    ...     y = pf.exp(pf.placeholder("float32", (2,), name="x"))
    >>> print(to_dot(graph))
    digraph polyflow {
      node [shape=box style="rounded,filled" fontname=Helvetica fontsize=11]
      edge [fontname=Helvetica fontsize=9 color="#5b6673"]
      n0 [label="x\\nfloat32[2]" fillcolor="#d7e8fb" color="#2f6fb2"]
      n1 [label="exp" fillcolor="#ffffff" color="#6b7684"]
      n0 -> n1 [style=solid]
    }
    """
    found = outline(graph, depth=depth, constants=constants)
    lines = [
        "digraph polyflow {",
        '  node [shape=box style="rounded,filled" fontname=Helvetica fontsize=11]',
        f'  edge [fontname=Helvetica fontsize=9 color="{_FAINT}"]',
        *_dot_nodes(found),
    ]
    for arrow in found.arrows:
        look = "style=dashed" if arrow.kind == "control" else "style=solid"
        label = f" label={_quoted(arrow.label)}" if arrow.label else ""
        lines += [f"  n{arrow.source} -> n{target} [{look}{label}]" for target in arrow.targets]
    return "\n".join([*lines, "}"])


def _dot_nodes(found: Outline) -> list[str]:
    scopes: dict[str, list[str]] = {}
    for number, box in enumerate(found.boxes):
        fill, edge = FILLS[box.kind]
        label = _quoted("\n".join([box.title, *box.lines]))
        scopes.setdefault(box.scope, []).append(f'  n{number} [label={label} fillcolor="{fill}" color="{edge}"]')
    lines = scopes.pop("", [])
    for scope, members in scopes.items():
        lines += [f"  subgraph {_quoted('cluster_' + scope)} {{", f"    label={_quoted(scope)} color=gray"]
        lines += [f"  {each}" for each in members] + ["  }"]
    return lines


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _matplotlib(part: str) -> Any:  # its modules, which are an optional extra
    try:
        return importlib.import_module(f"matplotlib.{part}")
    except ImportError as error:
        raise PluginError(
            message(
                "draw_graph needs matplotlib",
                found=f"{type(error).__name__}: {error}",
                remedy="pip install 'polyflow[demo]'; to_dot(graph) gives Graphviz text and needs nothing",
            )
        ) from error


def _text_width(text: str, points: float) -> float:
    """About how wide ``text`` is, in inches: close enough to lay boxes out without painting them first."""
    return len(text) * points * 0.6 / 72


def _size(box: Box) -> tuple[float, float]:
    small = [*box.lines, f"{box.scope}/"] if box.scope else box.lines
    widths = [_text_width(box.title, _TITLE_SIZE), *(_text_width(each, _LINE_SIZE) for each in small)]
    return max(0.7, max(widths) + 0.25), 0.32 + 0.15 * len(small)


def _link(arrow: Arrow) -> Link:
    """An arrow as the layout sees it: that data flows in straight lines matters most."""
    weight = 1.0 if arrow.kind == "data" else 0.2
    return Link(arrow.source, arrow.targets, _text_width(arrow.label, _LINE_SIZE), weight)


def _canvas(figures: Any, layout: Layout, title: str | None, legend_width: float) -> tuple[Any, Any]:
    """A figure with the title and with room for a legend below, and axes in which lengths are inches."""
    heading = 0.4 if title else 0.0
    inner = max(layout.width, legend_width, _text_width(title or "", 12))
    width, height = inner + 2 * _MARGIN, layout.height + heading + 0.55 + 2 * _MARGIN
    dots = min(160, _MOST_DOTS / max(width, height))
    figure = figures.Figure(figsize=(width, height), dpi=dots, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    left, top = -_MARGIN - (inner - layout.width) / 2, -_MARGIN - heading
    axes.set(xlim=(left, left + width), ylim=(top + height, top))
    if title:
        axes.text(layout.width / 2, -heading, title, size=12, weight="bold", color=_INK, ha="center", va="center")
    return figure, axes


def _paint_arrows(axes: Any, patches: Any, path: Any, found: Outline, layout: Layout) -> None:
    for arrow, lines, place in zip(found.arrows, layout.lines, layout.labels, strict=True):
        for line in lines:
            axes.add_patch(_painted_line(patches, path, line, arrow.kind))
        if arrow.label:
            text = axes.text(*place, arrow.label, size=_LINE_SIZE, color=_FAINT, ha="center", va="center", zorder=3)
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.2})


def _painted_line(patches: Any, path: Any, points: tuple[Point, ...], kind: str) -> Any:
    """A line through ``points`` that leaves and meets every row straight, with a head at its end."""
    vertices, codes = [points[0]], [path.MOVETO]
    for (x, y), (to_x, to_y) in pairwise(points):
        middle = (y + to_y) / 2
        vertices += [(x, middle), (to_x, middle), (to_x, to_y)]
        codes += [path.CURVE4] * 3
    return patches.FancyArrowPatch(
        path=path(vertices, codes),
        arrowstyle="-|>,head_length=4,head_width=2",
        linestyle=(0, (3, 2)) if kind == "control" else "solid",
        linewidth=0.9,
        color=_LINES[kind],
        zorder=1,
    )


def _paint_box(axes: Any, patches: Any, box: Box, centre: Point) -> None:
    x, y = centre
    width, height = _size(box)
    fill, edge = FILLS[box.kind]
    rounding = height / 2 if box.kind in ("placeholder", "result") else 0.06
    cards = (0.05, 0.0) if box.kind == "scope" else (0.0,)  # a scope is a pile of cards
    for shift in cards:
        corner = (x - width / 2 + shift, y - height / 2 + shift)
        shape = f"round,pad=0,rounding_size={min(rounding, 0.2)}"
        axes.add_patch(
            patches.FancyBboxPatch(
                corner, width, height, boxstyle=shape, facecolor=fill, edgecolor=edge, linewidth=1.0, zorder=2
            )
        )
    top = y - 0.075 * len(box.lines)
    if box.scope:
        top += 0.075
        axes.text(x, top - 0.16, f"{box.scope}/", size=_LINE_SIZE, color=edge, ha="center", va="center", zorder=3)
    axes.text(x, top, box.title, size=_TITLE_SIZE, weight="bold", color=_INK, ha="center", va="center", zorder=3)
    for number, line in enumerate(box.lines, 1):
        place = top + 0.02 + 0.15 * number
        axes.text(x, place, line, size=_LINE_SIZE, color=_FAINT, ha="center", va="center", zorder=3)


def _legend_width(kinds: list[str], has_control: bool) -> float:
    entries = [*kinds, "runs after"] if has_control else kinds
    return sum(0.5 + _text_width(each, _LINE_SIZE) for each in entries)


def _paint_legend(axes: Any, patches: Any, kinds: list[str], has_control: bool, middle: float, y: float) -> None:
    x = middle - _legend_width(kinds, has_control) / 2
    for kind in kinds:
        fill, edge = FILLS[kind]
        corner = (x, y - LABEL_HEIGHT / 2)
        axes.add_patch(patches.Rectangle(corner, 0.2, LABEL_HEIGHT, facecolor=fill, edgecolor=edge, linewidth=0.8))
        axes.text(x + 0.27, y, kind, size=_LINE_SIZE, color=_FAINT, va="center")
        x += 0.5 + _text_width(kind, _LINE_SIZE)
    if has_control:
        axes.plot([x, x + 0.2], [y, y], linestyle=(0, (3, 2)), linewidth=0.9, color=_LINES["control"])
        axes.text(x + 0.27, y, "runs after", size=_LINE_SIZE, color=_FAINT, va="center")
