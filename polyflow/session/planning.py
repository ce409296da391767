"""From fetches and feed types to a plan: specialise, optimise, compile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from polyflow.core.graph import Graph
from polyflow.core.specialise import specialise
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.extension.backend import Backend
from polyflow.extension.manager import Extensions
from polyflow.extension.passes import PassContext
from polyflow.passes.pipeline import run_passes
from polyflow.runtime.planner import Plan, check_kernels, evaluator, make_plan


def plan_fetches(
    graph: Graph,
    fetches: Sequence[Tensor],
    targets: Sequence[Operation],
    feeds: Mapping[Tensor, TensorType],
    *,
    backend: Backend,
    device: str,
    extensions: Extensions,
    optimise: bool = True,
    check: bool = False,
) -> Plan:
    """The plan that computes ``fetches`` and runs ``targets`` for feeds of these types.

    ``optimise=False`` leaves the passes out; ``check`` verifies the program after each of them.
    """
    specialised = specialise(graph, fetches, targets, feeds, extensions.namespace)
    check_kernels(specialised.program, backend)
    context = PassContext(evaluator(backend, device), backend.name, backend.is_compiled)
    passes = extensions.passes if optimise else ()
    program, steps = run_passes(specialised.program, passes, context, check=check)
    notes = [f"backend {backend.name}, device {device}"]
    notes += [f"{each.name}: {each.before} -> {each.after} operations" for each in steps]
    return make_plan(specialised, program, backend, device, notes)
