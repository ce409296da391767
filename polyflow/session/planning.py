"""From fetches and feed types to a plan: specialise, optimise, compile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from polyflow.control_flow import DATAFLOW
from polyflow.core.graph import Graph
from polyflow.core.nested import every_operation
from polyflow.core.program import Program
from polyflow.core.shapes import is_size
from polyflow.core.specialise import specialise
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.errors import ControlFlowError, RunEndedError, ValueRangeError, message
from polyflow.extension.backend import Backend
from polyflow.extension.fallback import fallbacks_of
from polyflow.extension.lacks import has_kernel
from polyflow.extension.manager import Extensions
from polyflow.extension.passes import Pass, PassContext
from polyflow.passes.pipeline import Step, run_passes
from polyflow.runtime.collector import larger_portions
from polyflow.runtime.context import runs_on_host
from polyflow.runtime.elsewhere import check_kernels
from polyflow.runtime.planner import Plan, evaluator, make_checked_plan, make_plan


@larger_portions()
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
    executor: str | None = None,
    threads: int | None = None,
    check_numerics: bool = False,
    steps: int | None = None,
    memory_limit: int | None = None,
) -> Plan:
    """The plan that computes ``fetches`` and runs ``targets`` for feeds of these types.

    ``optimise=False`` leaves all passes out but those that lower; ``check`` verifies the program after each of them;
    ``steps`` makes it a plan of so many runs, ``check_numerics`` one that looks at every result. ``executor`` is
    ``"dataflow"``, in at most ``threads`` threads, or ``"straight"``; ``None`` leaves it to the plan. Where more than
    ``memory_limit`` bytes would be alive, values are computed anew.
    """
    specialised = specialise(graph, fetches, targets, feeds, extensions.namespace)
    if steps is not None:
        from polyflow.session.repeating import repeated  # which few sessions do

        specialised = repeated(specialised, steps, extensions.namespace)
    program = specialised.program
    if fallbacks_of(backend):
        from polyflow.runtime.placing import placed  # as above

        program = placed(program, backend, device, alone=check_numerics)
    check_kernels(program, backend, extensions.troubles())
    wired = next((each for each in every_operation(program) if each.op.namespace == DATAFLOW), None)
    by_dataflow = executor == "dataflow" or wired is not None
    if memory_limit is not None and by_dataflow:
        raise _unordered(wired)
    if check_numerics:
        if memory_limit is not None:
            context = PassContext(evaluator(backend, device), backend.name)
            program = _run_passes(memory_limit, program, (), context)[0]
        return make_checked_plan(specialised, program, backend, device)
    blocks = backend.in_blocks is not None and not by_dataflow
    rows = getattr(backend, "in_rows", None) is not None and not by_dataflow
    can_run = partial(has_kernel, backend=backend)
    context = PassContext(evaluator(backend, device), backend.name, backend.is_compiled, blocks, rows, can_run)
    # What lowers a program to a form that a backend can run is no optimisation.
    passes = extensions.passes if optimise else [each for each in extensions.passes if each.stage == "lower"]
    program, taken, kept = _run_passes(memory_limit, program, passes, context, check)
    notes = [f"backend {backend.name}, device {device}"]
    notes += [f"{each.name}: {each.before} -> {each.after} operations" for each in taken]
    notes += kept
    if wired is not None and executor == "straight":
        raise ControlFlowError(
            message(
                f"{wired.name}: {wired.op.full_name} runs under the dataflow executor only",
                where=wired.location,
                remedy='Session(executor="dataflow"), or leave the choice to the session',
            )
        )
    if not by_dataflow:
        return make_plan(specialised, program, backend, device, notes)
    from polyflow.control_flow.lowering import lower  # with the executor that few programs need

    return make_plan(specialised, program, backend, device, notes, lower(program), threads)


def _run_passes(
    limit: int | None, program: Program, passes: Sequence[Pass], context: PassContext, check: bool = False
) -> tuple[Program, list[Step], list[str]]:
    if limit is None:
        return *run_passes(program, passes, context, check=check), []
    from polyflow.control_flow.structured import call_op  # with a limit, which few sessions have
    from polyflow.passes.memory_limit import run_within

    return run_within(limit, program, passes, context, call_op, check=check)


def check_executor(executor: str | None, threads: int | None) -> tuple[str | None, int | None]:
    """The two as they are, if they make sense; else ``ValueRangeError``."""
    if executor not in (None, "straight", "dataflow"):
        raise ValueRangeError(
            message(
                "no such executor", found=repr(executor), needed="'straight', 'dataflow', or None for the plan's choice"
            )
        )
    if threads is not None and not (is_size(threads) and threads):
        raise ValueRangeError(message("inter_op_threads", found=repr(threads), needed="1 or more, or None"))
    return executor, threads


def _unordered(wired: Operation | None) -> ValueRangeError:
    return ValueRangeError(
        message(
            "memory_limit needs the straight executor: the dataflow executor runs operations in no order that is known "
            "beforehand, and nobody can say what will be alive",
            operand=None if wired is None else wired.name,
            where=None if wired is None else wired.location,
            remedy='Session(executor="straight"), or no memory_limit',
        )
    )


def may_wait(plan: Plan) -> bool:
    """Whether a run of ``plan`` is one that a time limit or the end of its session is to interrupt."""
    return plan.executor == "dataflow" or runs_on_host(plan.program)


def explained(plan: Plan, error: Exception) -> Exception:
    """``error`` with the operation that caused it; what ends a run on purpose keeps its class."""
    found = plan.failure(error)
    if isinstance(error, RunEndedError) and found is not error:
        return type(error)(str(found).replace(f" failed while it ran: {type(error).__name__}:", ":", 1))
    return found
