"""The pictures of docs/benchmarks.md: each ratio on a logarithmic axis, its quartiles, and the bar it has to clear."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.results import MEASURED, Figure
from benchmarks.running import ratio

INK, QUIET, GRID = "#24292f", "#6e7781", "#d8dee4"
LOOKS = {True: ("#1f77a4", "o"), False: ("#c8553d", "D"), None: ("#8c959f", "o")}
"""Colour and marker of what meets its bar, misses it, or has none."""
MEANING = {True: "meets its bar", False: "misses its bar", None: "no bar"}
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
ROW = 0.235  # inches


def draw_ratios(figures: Sequence[Figure], path: Path, title: str, width: float = 10.0) -> None:
    """A row for each figure that was measured, under the heading of its group."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = _rows([each for each in figures if each.status == MEASURED])
    height = ROW * len(rows) + 1.15
    with plt.rc_context({"font.size": 8.5, "font.family": "DejaVu Sans", "text.color": INK}):
        painting, axes = plt.subplots(figsize=(width, height), dpi=110)
        painting.subplots_adjust(left=4.75 / width, right=1 - 1.05 / width, top=1 - 0.75 / height, bottom=0.4 / height)
        ratios = [each for each in rows if isinstance(each, Figure)]
        low = min([0.1, *(each.low for each in ratios), *(each.bar or 1.0 for each in ratios if _has_ratio_bar(each))])
        high = max([2.0, *(each.high for each in ratios)])
        axes.set_xscale("log")
        axes.set_xlim(low / 1.3, high * 1.3)
        axes.set_ylim(len(rows) - 0.4, -0.9)
        for place, each in enumerate(rows):
            if isinstance(each, Figure):
                _paint(axes, place, each)
            else:
                axes.text(
                    -0.01,
                    place + 0.1,
                    each,
                    transform=axes.get_yaxis_transform(),
                    ha="right",
                    va="center",
                    weight="bold",
                )
        axes.axvline(1.0, color=INK, linewidth=1.0, zorder=1)
        _dress(axes, low, high)
        _legend(axes, ratios)
        painting.text(0.012, 1 - 0.3 / height, title, fontsize=11.5, weight="bold", va="center")
        path.parent.mkdir(parents=True, exist_ok=True)
        painting.savefig(path, metadata={"Software": None}, pil_kwargs={"optimize": True})
        plt.close(painting)


def _rows(figures: Sequence[Figure]) -> list[Figure | str]:
    """The figures, with the name of each group before its first."""
    found: list[Figure | str] = []
    for each in figures:
        if not found or not isinstance(found[-1], Figure) or found[-1].group != each.group:
            found.append(each.group)
        found.append(each)
    return found


def _has_ratio_bar(each: Figure) -> bool:
    return each.bar is not None and each.bar_of == "ratio"


def _paint(axes: Any, place: int, each: Figure) -> None:
    colour, marker = LOOKS[each.is_met]
    axes.plot([each.low, each.high], [place, place], color=colour, linewidth=2.4, alpha=0.45, solid_capstyle="round")
    axes.plot([each.ratio], [place], color=colour, marker=marker, markersize=5, zorder=3)
    if _has_ratio_bar(each):
        axes.plot([each.bar] * 2, [place - 0.36, place + 0.36], color=INK, linewidth=1.6, zorder=2)
    side = axes.get_yaxis_transform()
    axes.text(-0.01, place, label(each), transform=side, ha="right", va="center")
    axes.text(1.01, place, amount(each), transform=side, ha="left", va="center", color=colour, weight="bold")


def amount(each: Figure) -> str:
    """What stands at the end of a row: the ratio, or what a bar is about."""
    if each.bar is not None and each.bar_of != "ratio":
        return f"{each.shown:.0f} of {each.bar:g}{each.counted_in}"
    return ratio(each.ratio)


def label(each: Figure) -> str:
    """What a row is called: the work, the side of ours, the peer."""
    name = each.name.replace("12 elementwise operations, 4 million float32", "12 operations, 4 million float32")
    for long, short in (
        (", batch 100", ""),
        (", batch 128", ""),
        (" of a fresh process", ""),
        (", 1500 x 1500", ""),
        ("polyflow without the ", "no "),
    ):
        name = name.replace(long, short)
    name = name if len(name) <= 48 else f"{name[:47]}…"
    if each.group == "pass":
        return name
    threads = "" if each.threads == "one thread" else f", {each.threads}"
    return f"{name}{threads} · {each.peer.removeprefix('polyflow, ')}"


def _dress(axes: Any, low: float, high: float) -> None:
    ticks = [each for each in TICKS if low / 1.3 <= each <= high * 1.3]
    axes.set_xticks(ticks, [f"{each:g}" for each in ticks])
    axes.minorticks_off()
    axes.set_yticks([])
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", colors=QUIET, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _legend(axes: Any, ratios: Sequence[Figure]) -> None:
    from matplotlib.lines import Line2D

    found = [each for each in LOOKS if any(one.is_met is each for one in ratios)]
    handles = [
        Line2D([], [], color=LOOKS[each][0], marker=LOOKS[each][1], linestyle="none", markersize=5, label=MEANING[each])
        for each in found
    ]
    if any(map(_has_ratio_bar, ratios)):
        handles.append(
            Line2D([], [], color=INK, marker="|", linestyle="none", markersize=9, markeredgewidth=1.6, label="bar")
        )
    handles.append(Line2D([], [], color=QUIET, linewidth=2.4, alpha=0.6, label="quartiles"))
    axes.legend(
        handles=handles,
        ncols=len(handles),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        handletextpad=0.3,
        columnspacing=1.2,
        borderaxespad=0.1,
    )
