"""How the examples paint what they found; nothing here knows of polyflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

COLOURS = "#2f6fb2", "#e07a1f", "#2e8b57", "#a23b72", "#6b7684"
RED, BLUE = "#c8323c", "#2f6fb2"
SHADES = LinearSegmentedColormap.from_list("shades", ["#a9c8ea", "#ffffff", "#f2b1b0"])


def draw_losses(curves: Mapping[str, Sequence[float]], path: Path, compared: int, allowed: float) -> None:
    """Paint the loss of each engine, and how far it is from the first one's in the steps that are compared."""
    figure = Figure(figsize=(10, 4), dpi=150, layout="constrained")
    left, right = figure.subplots(1, 2)
    _dress(left, "Loss", xlabel="step", ylabel="cross entropy, mean of 10 steps", yscale="log")
    _dress(right, f"Difference to {next(iter(curves))}", xlabel="step", ylabel="of the loss, relative", yscale="log")
    expected = np.asarray(next(iter(curves.values())))
    for number, (name, losses) in enumerate(curves.items()):
        # Thick lines first, so that all show where they agree.
        width, colour = 1.2 + 2.2 * (len(curves) - 1 - number), COLOURS[number % len(COLOURS)]
        smooth = np.convolve(losses, np.full(10, 0.1), mode="valid") if len(losses) >= 10 else np.asarray(losses)
        first = len(losses) - len(smooth) + 1
        steps = range(first, len(losses) + 1)
        left.plot(steps, smooth, linewidth=width, color=colour, label=f"{name}, {len(losses)} steps")
        if number > 0:
            count = min(compared, len(losses), len(expected))
            difference = np.abs(losses[:count] - expected[:count]) / expected[:count]
            steps, equal = np.flatnonzero(difference), int((difference == 0).sum())
            right.plot(steps + 1, difference[steps], "o", ms=4, color=colour, label=f"{name}, equal in {equal} steps")
    right.axhline(allowed, color=RED, linewidth=1, linestyle="dashed", label="allowed")
    right.set(xlim=(0, compared + 1), ylim=(1e-8, 10 * allowed))
    for axes in (left, right):
        axes.legend(frameon=False)
    figure.savefig(path)


def _dress(axes: Axes, title: str, **options: str) -> None:
    axes.set_title(title, fontsize=11, loc="left", fontweight="bold")
    axes.grid(alpha=0.3, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set(**options)


def draw_confusion(labels: Sequence[int], guesses: Sequence[int], path: Path, name: str) -> None:
    """Paint how often each digit was taken for each other."""
    counts = np.zeros((10, 10), dtype=int)
    np.add.at(counts, (np.asarray(labels), np.asarray(guesses)), 1)
    right = counts.trace() / counts.sum()
    figure = Figure(figsize=(5.2, 5.2), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(f"{name}: {right:.1%} of {counts.sum()} test images are right", fontsize=11, fontweight="bold")
    axes.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            is_dark = count > counts.max() / 2
            axes.text(column, row, str(count), ha="center", va="center", color="white" if is_dark else "#1f2933")
    axes.set(xlabel="guessed", ylabel="written", xticks=range(10), yticks=range(10))
    axes.spines[:].set_visible(False)
    figure.savefig(path)


def draw_boundary(red: np.ndarray, blue: np.ndarray, red_share: Callable[[np.ndarray], np.ndarray], path: Path) -> None:
    """Paint the points, and the probability of red that ``red_share`` gives for each point of the plane."""
    points = np.concatenate([red, blue])
    (left, low), (right, high) = points.min(axis=0) - 0.2, points.max(axis=0) + 0.2
    xs, ys = np.meshgrid(np.linspace(left, right, 150), np.linspace(low, high, 150))
    share = red_share(np.stack([xs.ravel(), ys.ravel()], axis=1)).reshape(xs.shape)
    figure = Figure(figsize=(5.8, 5.2), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title("What the network makes of the plane", fontsize=11, loc="left", fontweight="bold")
    shade = axes.contourf(xs, ys, share, levels=np.linspace(0, 1, 21), cmap=SHADES)
    axes.contour(xs, ys, share, levels=[0.5], colors="#1f2933", linewidths=1.2)
    axes.scatter(*red.T, s=26, color=RED, edgecolor="white", linewidth=0.6)
    axes.scatter(*blue.T, s=26, color=BLUE, edgecolor="white", linewidth=0.6)
    figure.colorbar(shade, ax=axes, label="probability of red", shrink=0.85, ticks=np.linspace(0, 1, 6))
    axes.set(xlim=(left, right), ylim=(low, high), aspect="equal")
    figure.savefig(path)
