"""Looking for the first operation that makes a NaN or an infinity: ``RunOptions(check_numerics=True)``.

The program runs as it was specialised, operation by operation, loops as Python's own, and the results of each operation
are looked at. One that hands on what came in already is not to blame. Indices are looked at too: a compiled engine goes
on where one lies outside its axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polyflow.core.program import Program
from polyflow.core.tensor import Operation
from polyflow.errors import NumericsError, message
from polyflow.extension.backend import Backend
from polyflow.runtime.bounds import check_bounds


class NotFinite(Exception):
    """What :func:`checker` raises where a result holds something that no operand held."""


def checker(backend: Backend, device: str) -> Callable[..., None]:
    """A function of the results and the operands of one operation, which raises where it made a NaN or an infinity;
    given the operation too, also where an index lies outside its axis."""
    xp = backend.namespace

    def holds(arrays: Sequence[Any], test: Callable[[Any], Any]) -> bool:
        return any(bool(xp.any(test(each))) for each in arrays)

    def is_inexact(array: Any) -> bool:
        is_own = hasattr(array, "dtype") and backend.type_of(array) is not None  # not held by another backend
        return is_own and bool(xp.isdtype(array.dtype, ("real floating", "complex floating")))

    def check(results: Sequence[Any], operands: Sequence[Any], operation: Operation | None = None) -> None:
        if operation is not None:
            check_bounds(operation, operands, xp)
        made = [xp.asarray(each) for each in results if is_inexact(each)]
        if not made or not holds(made, lambda x: ~xp.isfinite(x)):
            return
        given = [xp.asarray(each) for each in operands if is_inexact(each)]
        for name, test in (("NaN", xp.isnan), ("an infinity", xp.isinf)):
            if holds(made, test) and not holds(given, xp.isnan) and not (name != "NaN" and holds(given, test)):
                raise NotFinite(name)

    return check


def check_arguments(program: Program, backend: Backend, device: str) -> Callable[[Sequence[Any]], None]:
    """A function of the arguments of a program that raises ``NumericsError`` where one is not finite already."""
    check = checker(backend, device)
    names = [each.operation for each in program.parameters]

    def look(arguments: Sequence[Any]) -> None:
        for operation, array in zip(names, arguments, strict=True):
            try:
                check([array], [])
            except NotFinite as found:
                raise NumericsError(
                    message(
                        f"check_numerics: {operation.name!r} holds {found} before anything has run",
                        where=operation.location,
                        remedy="look at what is fed, or at what was assigned to the variable",
                    )
                ) from None

    return look
