"""What tests of several layers share: programs of fetches, and gradients by finite differences."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from polyflow.core.program import Program
from polyflow.core.specialise import Specialised, specialise
from polyflow.core.tensor import Operation, Tensor
from polyflow.extension.manager import extensions
from polyflow.extension.passes import PassContext
from polyflow.runtime.planner import evaluator

HERE = Path(__file__).parent


def plain(value: object) -> str:
    """``repr`` without addresses, which differ from process to process: the name of a case."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def specialised(fetches: Sequence[Any], *feeds: Tensor, targets: Sequence[Operation] = ()) -> Specialised:
    """``fetches`` specialised for feeds of their declared types."""
    graph = (fetches[0] if fetches else targets[0]).graph
    return specialise(graph, fetches, targets, {each: each.type for each in feeds}, extensions().namespace)


def program_of(fetches: Any, *feeds: Tensor) -> Program:
    """The program of one fetch, or of several."""
    return specialised(fetches if isinstance(fetches, list | tuple) else [fetches], *feeds).program


def context(backend: str = "numpy", *, is_compiled: bool = False) -> PassContext:
    """What a pass is told when a session on ``backend`` makes a plan."""
    loaded = extensions().backend(backend)
    has_blocks, has_rows = loaded.in_blocks is not None, getattr(loaded, "in_rows", None) is not None
    return PassContext(evaluator(loaded, loaded.devices()[0]), backend, is_compiled, has_blocks, has_rows)


def finite_differences(function: Callable[..., Any], *arguments: Any, step: float = 1e-6) -> list[np.ndarray]:
    """The gradient of the sum of ``function`` with respect to each argument, in float64, by central differences."""
    points = [np.array(each, dtype=np.float64) for each in arguments]
    gradients = []
    for position, point in enumerate(points):
        gradient = np.zeros_like(point)
        for index in np.ndindex(point.shape):
            sums = []
            for sign in (1, -1):
                moved = [each.copy() for each in points]
                moved[position][index] += sign * step
                sums.append(np.sum(function(*moved)))
            gradient[index] = (sums[0] - sums[1]) / (2 * step)
        gradients.append(gradient)
    return gradients


def here(location: Any, file: str) -> bool:
    """Whether ``location`` is a line of ``file``."""
    return location is not None and Path(location.file) == Path(file)


def types(values: Mapping[str, Any]) -> dict[str, str]:
    """The names of the types of ``values``."""
    return {name: type(value).__name__ for name, value in values.items()}
