"""Every exception of polyflow, and the one layout of their messages.

A message says who (the operation), which operand, what was found, what is needed, where the user built it, and what to
try. Each class is also the builtin exception that a Python programmer would expect to catch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polyflow.core.tensor import Operation


class PolyflowError(Exception):
    """Base class of every error that polyflow raises on purpose."""


class ShapeError(PolyflowError, ValueError):
    """Shapes that do not fit together, or not the operation."""


class DTypeError(PolyflowError, TypeError):
    """A dtype that an operation does not take, or dtypes that do not promote."""


class AxisError(PolyflowError, IndexError, ValueError):
    """An axis outside the rank of its operand, or named twice."""


class ArgumentError(PolyflowError, TypeError):
    """A call that does not match the signature of an operation."""


class ValueRangeError(PolyflowError, ValueError):
    """An attribute whose value makes no sense, such as a negative count."""


class GraphError(PolyflowError, ValueError):
    """Tensors of different graphs in one call, or a graph that cannot be changed any more."""


class FinalizedGraphError(GraphError, RuntimeError):
    """An operation added after ``graph.finalize()``."""


class UnknownNameError(PolyflowError, KeyError):
    """A name that is in no graph, registry or scope that was asked."""

    __str__ = Exception.__str__  # KeyError would show the message quoted


class SymbolicValueError(PolyflowError, TypeError, ValueError):
    """A symbolic tensor used where a value is needed: ``if``, ``float``, iteration."""


class FeedError(PolyflowError, ValueError):
    """A feed that is missing, superfluous, or of the wrong dtype or shape."""

    unfed: Operation | None = None
    """The placeholder that is needed and was not fed, where that is what is wrong."""


class FetchError(PolyflowError, ValueError, TypeError):
    """A fetch that is no tensor, operation, variable or name of the session's graph."""


class ControlFlowError(PolyflowError, ValueError):
    """Branches or iterations do not fit together."""


class GradientError(PolyflowError, LookupError):
    """An operation on the way of a gradient that has no gradient rule, or a rule that broke its contract."""


class BackendError(PolyflowError, LookupError):
    """A backend that is unknown, or that cannot be loaded."""


class KernelError(PolyflowError, NotImplementedError):
    """An operation that the chosen backend has no kernel for."""

    def __init__(self, text: str, ops: Iterable[str] = ()) -> None:
        super().__init__(text)
        self.ops = tuple(dict.fromkeys(ops))
        """The full names of the ops that it lacks."""


class SessionClosedError(PolyflowError, RuntimeError):
    """A session used after ``close()``."""


class ExecutionError(PolyflowError, RuntimeError):
    """A kernel that failed while a program ran."""


class RunEndedError(PolyflowError, RuntimeError):
    """Base class of what ends a run without a fault of a kernel: an end of input, a cancellation, a time limit."""


class ResourceExhaustedError(PolyflowError, MemoryError):
    """A program that needs more memory than its session allows."""


class NumericsError(PolyflowError, ArithmeticError):
    """An operation that made a NaN or an infinity, in a run that was asked to look."""


class OutOfRangeError(RunEndedError, EOFError):
    """No more input: a closed queue with too few elements, or a counter at its limit."""


class CancelledError(RunEndedError):
    """An operation that was waiting, or would have waited, when its queue or its session was closed."""


class DeadlineExceededError(RunEndedError, TimeoutError):
    """A run that waited until its time was over."""


class DeadlockError(RunEndedError):
    """Runs that wait for each other, or for something that nobody is left to do."""


class InvalidArgumentError(RunEndedError, AssertionError, ValueError):
    """A condition that a program asserts, and that did not hold."""


class PluginError(PolyflowError, ImportError):
    """A plugin that cannot be imported, or two that declare the same name."""


class PassError(PolyflowError, RuntimeError):
    """A pass that failed: a fault of the pass, not of the program."""


class VerificationError(PolyflowError, AssertionError):
    """A program that breaks an invariant: a fault of a pass or of polyflow, not of the user."""


def message(
    summary: str,
    *,
    operand: str | None = None,
    found: object = None,
    needed: object = None,
    where: object = None,
    remedy: str | None = None,
) -> str:
    """The text of an error: a summary, then one line for each thing that is known.

    >>> print(message("add: shapes do not broadcast", found="(2,) and (3,)", remedy="reshape one of them"))
    add: shapes do not broadcast
      found:   (2,) and (3,)
      try:     reshape one of them
    """
    lines = [summary]
    details = (("operand", operand), ("found", found), ("needed", needed), ("built at", where), ("try", remedy))
    for label, detail in details:
        if detail is not None:
            lines.append(f"  {label + ':':<8} {detail}")
    return "\n".join(lines)


def with_line(error: PolyflowError, where: object, before: str = "") -> PolyflowError:
    """The error of somebody who did not know for whom: ``before`` in front of its text, the user's line behind it.

    >>> print(with_line(ShapeError("no such axis"), "model.py:7", "sum(float32[2]): "))
    sum(float32[2]): no such axis
      built at: model.py:7
    """
    line = f"\n  built at: {where}" if where is not None and "built at" not in str(error) else ""
    return type(error)(f"{before}{error}{line}") if before or line else error


_SHOWN = 20  # names of what is known, where none is close


def nearest(name: str, candidates: Iterable[str]) -> str:
    """A hint that names the candidates closest to ``name``, for the end of a message.

    >>> nearest("nunpy", ["numpy", "jax"])
    "did you mean 'numpy'?"
    >>> nearest("torch", ["numpy", "jax"])
    "known are: 'jax', 'numpy'"
    """
    import difflib  # a tenth of what `import polyflow` would load itself, and only errors need it

    known = sorted(candidates)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    if not known:
        return "none are known"
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"known are: {', '.join(map(repr, known[:_SHOWN]))}{more}"
