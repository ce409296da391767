"""The operations of a program in groups that run one after the other, each of one kind, as few as can be."""

from __future__ import annotations

from collections.abc import Callable

from polyflow.core.nested import has_effect
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor


def by_level(program: Program, kind_of: Callable[[Operation], int], kinds: int) -> list[tuple[int, list[Operation]]]:
    """The operations of ``program`` but its constants: groups in order, each with its kind, which is below ``kinds``.

    Each operation runs as early as it can; those that do something besides giving a result keep their order.
    """
    levels: dict[Tensor, int] = dict.fromkeys(program.parameters, 0)
    groups: dict[int, list[Operation]] = {}
    latest_effect = 0
    for operation in program.operations:
        if operation.op is constant_op:
            continue
        level = max((levels[each] for each in operation.inputs if each in levels), default=0)
        is_effect = has_effect(operation)
        if is_effect:
            level = max(level, latest_effect)
        level += (kind_of(operation) - level) % kinds
        if is_effect:
            latest_effect = level
        levels.update(dict.fromkeys(operation.outputs, level))
        groups.setdefault(level, []).append(operation)
    return [(level % kinds, groups[level]) for level in sorted(groups)]


def constants_of(program: Program) -> dict[Tensor, Operation]:
    """The constants of ``program`` by their value; every group has its own of those that it reads."""
    return {each.outputs[0]: each for each in program.operations if each.op is constant_op}
