"""What derivative an op has: by which operands, and whether that moves with them in its turn.

A fault of what is not there cannot be seen: the gradient by the places of ``take``, the second order of a sum.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from polyflow.core.declaration import NoGradient, Op
from polyflow.errors import PolyflowError
from polyflow.extension.manager import extensions
from polyflow_conformance.cases import Case, gradient_cases
from polyflow_conformance.gradient_check import probe_of
from polyflow_conformance.mutants.patching import patched
from polyflow_conformance.running import GraphOfCases


@dataclass(frozen=True)
class Derivative:
    """What the gradient rule of an op gives in its cases."""

    places: frozenset[int] = frozenset()
    """The operands by which it gives a gradient."""
    is_curved: bool = False
    """Whether that gradient has a gradient by the operands, in cases whose shapes do not depend on data: the function
    of others is its own weight."""


def derivative_of(op: Op) -> Derivative:
    """What there is of it.

    >>> from polyflow.extension.manager import extensions
    >>> derivative_of(extensions().ops["take"])
    Derivative(places=frozenset({0}), is_curved=False)
    >>> derivative_of(extensions().ops["square"])
    Derivative(places=frozenset({0}), is_curved=True)
    """
    if op.gradient_rule is None or op.gradient_reason is not None:
        return Derivative()
    found = [_of_case(op, each) for each in gradient_cases(op)]
    return Derivative(
        frozenset(place for each in found for place in each.places), any(each.is_curved for each in found)
    )


def _of_case(op: Op, case: Case) -> Derivative:
    graph = GraphOfCases()
    with graph.graph.as_default():
        result = case.call(graph.placeholder)
        results = case.compared(result if isinstance(result, list | tuple) else [result])
        probe = probe_of(case, results, list(graph.feeds), 2, graph)
    if probe is None:
        return Derivative()
    places: set[int] = set()
    specialise: Any = importlib.import_module("polyflow.core.specialise").specialise
    feeds = {each: each.type for each in graph.feeds}
    try:
        with patched(op, "gradient_rule", _noting(places, op.gradient_rule)):
            program = specialise(graph.graph, probe.slopes, (), feeds, extensions().namespace).program
    except PolyflowError:  # where there is no second order, or the number of results depends on data
        return Derivative(frozenset(places))
    is_curved = any(each.operation.op.full_name not in ("zeros", "zeros_like") for each in program.results)
    return Derivative(frozenset(places), is_curved and all(each.type.is_static for each in results))


def _noting(places: set[int], rule: Any) -> Callable[..., Any]:
    def noting(xp: Any, operation: Any, g: Any) -> Any:
        found = rule(xp, operation, g)
        parts = found if isinstance(found, tuple | list) else [found]
        places.update(
            place for place, each in enumerate(parts) if each is not None and not isinstance(each, NoGradient)
        )
        return found

    return noting
