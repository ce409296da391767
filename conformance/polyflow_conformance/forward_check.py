"""Forward mode against central differences and against reverse mode, in double precision.

For a point x and a direction v the derivative ``J v`` that ``polyflow.jvp`` gives must equal the slope of every result
along ``x + t v``, element by element; and reverse mode must be its transpose: ``<g, J v> = <transpose(J) g, v>`` for a
random g. Of complex numbers the real parts of both products are equal. All cases of an op share one program.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    """One case: its results, their derivatives along the directions of the operands, and what reverse mode makes."""

    key: Any
    """What is probed, as the caller names it."""
    results: list[Tensor]
    tangents: list[Tensor]
    weights: list[list[complex]]
    gradients: list[Tensor]
    """Of the sum of all results with their weights, by the operands."""
    directions: Mapping[Tensor, list[complex]]


def check_forward(op: Op, backend: Backend) -> list[Result]:
    """The results of all cases of ``op``."""
    if float64 not in backend.dtypes:
        return []
    cases = list(gradient_cases(op, backend.dtypes))
    found = failures(cases, lambda some: failures_of(some, backend))
    return [case_result(case, "forward", backend, failure) for case, failure in found.items()]


def failures_of(cases: Sequence[Case], backend: Backend) -> dict[Case, str | None]:
    """What is wrong with each case of which there is a derivative to be asked, all in one program."""
    graph = GraphOfCases()
    with graph.graph.as_default():
        probes = [probe for case in cases if (probe := _probe_of(case, graph)) is not None]
    return wrong_tangents(probes, graph, backend)


def wrong_tangents(probes: Sequence[Probe], graph: GraphOfCases, backend: Backend | str) -> dict[Any, str | None]:
    """By the keys of the probes, what is wrong with their derivatives; all are moved together."""
    found: dict[Any, str | None] = {}
    if not probes:
        return found
    directions = {tensor: direction for probe in probes for tensor, direction in probe.directions.items()}
    fetches = [(probe.results, probe.tangents, probe.gradients) for probe in probes]
    with polyflow.Session(backend, graph.graph) as session:
        run = session.prepare(fetches, list(graph.feeds))
        at = {}
        for place in STENCIL:
            feeds = moved(graph.feeds, directions, place * STEP)
            arrays = run(*[session.backend.from_literal(each, session.device) for each in feeds])
            at[place] = [_lists(session.backend, each) for each in arrays]
    for number, probe in enumerate(probes):
        results = {place: everything[number][0] for place, everything in at.items()}
        _, tangents, gradients = at[0][number]
        found[probe.key] = _slope_failure(results, tangents) or _transpose_failure(probe, tangents, gradients)
    return found


def _lists(backend: Backend, groups: Any) -> list[list[list[complex]]]:
    return [[flat(backend.to_literal(each)) for each in group] for group in groups]


def _slope_failure(results: Mapping[int, list[list[complex]]], tangents: list[list[complex]]) -> str | None:
    for index, tangent in enumerate(tangents):
        scale = max([1.0, *map(abs, tangent), *map(abs, results[0][index])])
        for element, forward in enumerate(tangent):
            quotient = slope({place: values[index][element] for place, values in results.items()})
            if not abs(forward - quotient) <= TOLERANCE * scale:
                return f"result {index}, element {element}: forward {forward!r}, by differences {quotient!r}"
    return None


def _transpose_failure(probe: Probe, tangents: list[list[complex]], gradients: list[list[complex]]) -> str | None:
    forward, size = _product(probe.weights, tangents)
    reverse, other = _product(gradients, list(probe.directions.values()))
    if abs(forward - reverse) <= EXACTNESS * max(size, other, 1.0):
        return None
    return f"forward and reverse disagree: <g, Jv> is {forward!r}, <J'g, v> is {reverse!r}"


EXACTNESS = 1e-9
"""How near both products must be, relative to the sum of the magnitudes in them: only rounding lies between them."""


def _product(left: Sequence[Sequence[complex]], right: Sequence[Sequence[complex]]) -> tuple[float, float]:
    """The real part of the sum of all products, and the sum of their magnitudes."""
    pairs = [pair for a, b in zip(left, right, strict=True) for pair in zip(a, b, strict=True)]
    return sum((a * b).real for a, b in pairs), sum(abs(a * b) for a, b in pairs)


def _probe_of(case: Case, graph: GraphOfCases) -> Probe | None:
    """The case in the graph; ``None`` where nothing of it is differentiable, or its shape depends on data, or empty."""
    feeds = GraphOfCases()  # the operands, in the order in which the case asks for them
    with feeds.graph.as_default():
        case.call(feeds.placeholder)
    operands = [graph.placeholder(value) for value in feeds.feeds.values()]

    def called(*tensors: Tensor) -> Any:
        given = iter(tensors)
        result = case.call(lambda _: next(given))
        return case.compared(result if isinstance(result, list | tuple) else [result])

    return probe_of(case, called, operands, graph)


def probe_of(key: Any, called: Callable[..., Any], operands: Sequence[Tensor], graph: GraphOfCases) -> Probe | None:
    """The results of ``called`` on the operands, with their derivatives along a direction."""
    generator = random.Random(f"{[graph.feeds[each].shape for each in operands]}/forward")
    at = [each for each in operands if each.dtype in WIDE and each.type.size != 0]

    moving = set(at)

    def function(*wide: Tensor) -> tuple[Tensor, ...]:
        given = iter(wide)
        result = called(*[next(given) if each in moving else each for each in operands])
        results = result if isinstance(result, list | tuple) else [result]
        return tuple(each for each in results if each.dtype in WIDE and each.type.is_static and each.type.size)

    if not at or not function(*at):
        return None
    directions = {
        each: numbers(graph.feeds[each].dtype, graph.feeds[each].size, lambda: generator.gauss(0, 1)) for each in at
    }
    vectors = tuple(_constant(each, directions[each]) for each in at)
    results, tangents = polyflow.jvp(function, tuple(at), vectors)
    weights = [
        numbers(each.type.known_dtype, each.type.size or 0, lambda: generator.uniform(0.5, 1.5)) for each in results
    ]
    constants = [_constant(each, weight) for each, weight in zip(results, weights, strict=True)]
    gradients = polyflow.gradients(list(results), at, grad_ys=constants, unconnected_gradients="zero")
    return Probe(key, list(results), list(tangents), weights, gradients, directions)


def _constant(like: Tensor, elements: Sequence[complex]) -> Tensor:
    literal: Literal = literal_of(elements, like.type.known_dtype, like.type.static_shape)
    return polyflow.constant(literal)
