"""What a kernel reads of the namespace on every way through it, itself or in a helper that is handed the namespace.

What it reads of its first parameter, the namespace, stands in its instructions. What stands in a branch may never be
reached, and what is looked for by ``hasattr`` or under ``try`` may be missing.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator, Sequence
from functools import cache
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from polyflow.extension.kernel_needs import MAIN, PARTS, Path, helpers_of, namespace_of, parameters_of, with_helpers

_READS = ("LOAD_ATTR", "LOAD_METHOD")
"""Instructions that read an attribute."""


@cache
def needs(rule: Any) -> tuple[Path, ...]:
    """The names that the kernel reads whichever way it goes, in alphabetical order."""
    functions = with_helpers(rule)
    return tuple(sorted(_needs(functions[0], namespace_of(rule), ()))) if functions else ()


def _needs(function: FunctionType, namespace: str, callers: tuple[FunctionType, ...]) -> frozenset[Path]:
    if function in callers:
        return frozenset()
    helpers = helpers_of(function, namespace)
    steps = list(_steps(function.__code__, namespace))
    for number, each in enumerate(steps):
        if each.called in helpers:
            found = _needs(helpers[each.called], namespace, (*callers, function))
            steps[number] = each._replace(needs=each.needs | found)
    return _on_every_way(steps)


class _Step(NamedTuple):
    """One instruction."""

    following: tuple[int, ...]
    """The numbers of those that may come next; its own where it ends a way that does not count."""
    needs: frozenset[Path]
    """What it reads of the namespace."""
    called: str
    """The global that it reads."""


def _steps(code: CodeType, namespace: str) -> Iterator[_Step]:
    """The instructions, or none where some of them catch errors."""
    found = list(dis.get_instructions(code))
    if any(each.opname == "PUSH_EXC_INFO" for each in found):
        return
    number_at = {each.offset: number for number, each in enumerate(found)}
    jumps = {*dis.hasjrel, *dis.hasjabs}
    operands = {*parameters_of(code)} - {each.argval for each in found if each.opname.startswith("STORE_FAST")}
    for number, each in enumerate(found):
        name = each.opname
        following: tuple[int, ...] = (number + 1,)
        if name.startswith("RETURN_") and not (number and _loaded(found[number - 1]) in operands):
            following = ()
        elif name.startswith(("RETURN_", "RAISE_", "RERAISE")):
            following = (number,)
        elif each.opcode in jumps:
            is_sure = name.startswith("JUMP_") and "_IF_" not in name
            following = (number_at[each.argval], *(() if is_sure else following))
        path = _read(found, number, namespace)
        is_sought = path is not None and path.rpartition(".")[2] in code.co_consts  # as by hasattr(xp, "maximum")
        needs = frozenset() if path is None or is_sought else frozenset([path])
        yield _Step(following, needs, each.argval if name == "LOAD_GLOBAL" else "")


def _read(found: Sequence[Any], number: int, namespace: str) -> Path | None:
    """The standard's name that the instruction reads of the namespace."""
    if number == 0 or not found[number].opname.startswith(_READS) or _loaded(found[number - 1]) != namespace:
        return None
    path: str = found[number].argval
    if path in PARTS and found[number + 1].opname.startswith(_READS):
        return f"{path}.{found[number + 1].argval}"
    return path if path in MAIN else None


def _loaded(instruction: Any) -> str | None:
    """The variable that an instruction leaves on top of the stack."""
    if not instruction.opname.startswith(("LOAD_FAST", "LOAD_DEREF")):
        return None
    name: str = instruction.argval[-1] if isinstance(instruction.argval, tuple) else instruction.argval
    return name  # newer Pythons load two at once


def _on_every_way(steps: Sequence[_Step]) -> frozenset[Path]:
    """What instructions need on every way from the first to one that returns."""
    everything = frozenset().union(*(each.needs for each in steps))
    needed = [everything] * len(steps)
    before: list[frozenset[Path]] = []
    while needed != before:
        before = list(needed)
        for number in reversed(range(len(steps))):
            following, own, _ = steps[number]
            ways = [needed[each] for each in following] or [frozenset()]
            needed[number] = own.union(frozenset.intersection(*ways))
    return needed[0] if needed else everything
