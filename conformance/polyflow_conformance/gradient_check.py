"""Gradients against central differences, first and second order, along random directions, in double precision.

For a real function f, a point x and a direction v, ``sum(f'(x) * v)`` must equal the slope of ``f(x + t v)`` at t = 0.
Complex numbers move along complex directions, and the real part of the sum is the slope: a gradient is ``df/da - j
df/db``, JAX's convention. For the second order, f is itself a directional derivative. All cases of an op are moved
together, in one program.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import polyflow
from polyflow.core.declaration import Op
from polyflow.core.dtypes import float64
from polyflow.core.literal import Literal
from polyflow.core.tensor import Tensor
from polyflow.extension import Backend
from polyflow_conformance.cases import Case, gradient_cases
from polyflow_conformance.differences import (
    STENCIL,
    STEP,
    TOLERANCE,
    WIDE,
    failures,
    literal_of,
    moved,
    numbers,
    slope,
)
from polyflow_conformance.judging import case_result
from polyflow_conformance.results import Result
from polyflow_conformance.running import GraphOfCases
from polyflow_conformance.tolerance import flat


@dataclass(frozen=True)
class Probe:
    """One case at one order: f, its slopes, and the directions in which its operands move."""

    key: Any
    """What is probed, as the caller names it."""
    function: Tensor
    slopes: list[Tensor]
    directions: Mapping[Tensor, list[complex]]


def check_gradients(op: Op, backend: Backend) -> list[Result]:
    """The results of all cases of ``op``, at both orders."""
    if float64 not in backend.dtypes:
        return []
    wanted = [(case, order) for case in gradient_cases(op, backend.dtypes) for order in (1, 2)]
    found = failures(wanted, lambda some: failures_of(some, backend))
    return [case_result(case, f"gradient {order}", backend, failure) for (case, order), failure in found.items()]


def failures_of(wanted: Sequence[tuple[Case, int]], backend: Backend) -> dict[tuple[Case, int], str | None]:
    """What is wrong with each case at each order of which there is a derivative to be asked, all in one program."""
    graph = GraphOfCases()
    with graph.graph.as_default():
        probes = [probe for case, order in wanted if (probe := _probe_of(case, order, graph)) is not None]
    return wrong_slopes(probes, graph, backend)


def wrong_slopes(probes: Sequence[Probe], graph: GraphOfCases, backend: Backend | str) -> dict[Any, str | None]:
    """By the keys of the probes, what is wrong with their slopes; all are moved together."""
    found: dict[Any, str | None] = {}
    if not probes:
        return found
    directions = {tensor: direction for probe in probes for tensor, direction in probe.directions.items()}
    with polyflow.Session(backend, graph.graph) as session:
        run = session.prepare([(probe.function, probe.slopes) for probe in probes], list(graph.feeds))
        read = session.backend.to_literal
        at = {}
        for place in STENCIL:
            feeds = moved(graph.feeds, directions, place * STEP)
            at[place] = run(*[session.backend.from_literal(each, session.device) for each in feeds])
        for number, probe in enumerate(probes):
            values = {place: flat(read(results[number][0]))[0] for place, results in at.items()}
            slopes = [flat(read(each)) for each in at[0][number][1]]
            found[probe.key] = _compare(values, slopes, list(probe.directions.values()))
    return found


def _compare(values: Mapping[int, float], slopes: Sequence[Any], directions: Sequence[list[complex]]) -> str | None:
    quotient = slope(values).real
    found = sum(
        (a * b).real
        for slope, direction in zip(slopes, directions, strict=True)
        for a, b in zip(slope, direction, strict=True)
    )
    scale = max(abs(quotient), abs(found), max(map(abs, values.values())), 1.0)
    if abs(found - quotient) <= TOLERANCE * scale:
        return None
    return f"directional derivative {found!r}, by differences {quotient!r}"


def _probe_of(case: Case, order: int, graph: GraphOfCases) -> Probe | None:
    """The case in the graph; ``None`` where nothing of it is differentiable, or has no elements."""
    at: list[Tensor] = []

    def operand(value: Literal) -> Tensor:
        at.append(graph.placeholder(value))
        return at[-1]

    result = case.call(operand)
    compared = case.compared(result if isinstance(result, list | tuple) else [result])
    return probe_of((case, order), compared, at, order, graph)


def probe_of(
    key: Any,
    results: Sequence[Tensor],
    operands: Sequence[Tensor],
    order: int,
    graph: GraphOfCases,
    reach: float = 1.0,
) -> Probe | None:
    """A sum of ``results`` and its gradients by ``operands``, or for order 2 those of a sum of these gradients.

    ``reach`` is the length of the directions: less for functions that bend more than single ops do.
    """
    generator = random.Random(f"{[graph.feeds[each].shape for each in operands]}/{order}")
    outputs = [each for each in results if each.dtype in WIDE and each.type.size != 0]
    at = [each for each in operands if each.dtype in WIDE and each.type.size != 0]
    if not outputs or not at:
        return None
    function = _weighted_sum(outputs, [random_like(generator, each) for each in outputs])
    if order == 2:
        first = polyflow.gradients(function, at, unconnected_gradients="zero")
        function = _weighted_sum(first, [random_like(generator, each) for each in at])
    directions = {
        each: numbers(graph.feeds[each].dtype, graph.feeds[each].size, lambda: generator.gauss(0, reach)) for each in at
    }
    return Probe(key, function, polyflow.gradients(function, at, unconnected_gradients="zero"), directions)


def random_like(generator: random.Random, like: Tensor) -> Tensor:
    """Weights for the elements of ``like``: random, or its own elements where their number depends on data."""
    if not like.type.is_static:
        return like
    dtype = like.type.known_dtype
    found = numbers(dtype, like.type.size or 0, lambda: generator.uniform(0.5, 1.5))
    return polyflow.constant(literal_of(found, dtype, like.type.static_shape))


def _weighted_sum(tensors: Sequence[Tensor], weights: Sequence[Tensor]) -> Tensor:
    """The real part of the sum of all products."""
    parts = [polyflow.real(polyflow.sum(tensor * weight)) for tensor, weight in zip(tensors, weights, strict=True)]
    total: Tensor = reduce(operator.add, parts)
    return total
