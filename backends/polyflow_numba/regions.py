"""Regions: operations of a program that become one function in machine code, and the pass that finds them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.nested import has_effect
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.rewriting import with_inputs
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.extension.expressions import Expression, written_by
from polyflow_numba.nodes import Node, Value, constant, packed, plain
from polyflow_numba.operations import VIEWS, can_compile, value_of
from polyflow_numba.source import source

FEWEST = 4
"""Operations that cost more than the call of a function in machine code, which takes one to three microseconds."""


class Region:
    """Operations that are compiled together."""

    def __init__(self, operations: Sequence[Operation], operands: Sequence[Tensor], results: Sequence[Tensor]) -> None:
        self._operations = operations
        self._operands = operands
        self._results = results
        self.types = tuple([each.type for each in results])

    @cached_property
    def source(self) -> str:
        """The source in Python."""
        nodes = [Node("given", each.type.static_shape, each.type.known_dtype.name) for each in self._operands]
        values: dict[Tensor, Value] = {
            each: packed(plain(node)) for each, node in zip(self._operands, nodes, strict=True)
        }
        for operation in self._operations:
            for each in operation.inputs:
                if each not in values:
                    found = constant(each.operation.attributes["value"])
                    assert found is not None, "other constants are operands"
                    values[each] = found
            values[operation.output] = value_of(operation, [values[each] for each in operation.inputs])
        return source(nodes, [values[each] for each in self._results])

    @cached_property
    def function(self) -> Callable[..., Any]:
        """The compiled function, which returns the one result or a tuple of them."""
        from polyflow_numba.building import function_of  # Numba, which the pass does without

        return function_of(self.source)

    def __repr__(self) -> str:
        return f"<{', '.join(each.op.full_name for each in self._operations)}, in machine code>"


@define_op(name="machine_code", traits=Trait.NONE)
def machine_code_op(operands: Sequence[TensorType], /, *, region: Region) -> tuple[TensorType, ...]:
    """The results of ``region``, which is one function in machine code.

    The pass ``machine code`` makes them; users never call it.
    """
    return region.types


machine_code_op.no_gradient("it is made after gradients are")


def _called(operation: Operation) -> Expression:
    """A call of the function, without anything around it."""
    operands = ", ".join(f"{{{place}}}" for place in range(len(operation.inputs)))
    text = f"{{region}}({operands})"
    return Expression(text, {"region": operation.attributes["region"].function})


@written_by(_called)
def run_machine_code(operands: Sequence[Any], /, *, region: Region) -> tuple[Any, ...]:
    """The region called."""
    found = region.function(*operands)
    return found if len(region.types) != 1 else (found,)


def in_regions(program: Program) -> Program:
    """``program`` with what can be compiled, and is worth it, in regions; of these, what nobody reads is left out."""
    chosen = _chosen(program)
    groups = _groups(program, chosen) if _is_worth(chosen) else []
    if not any(is_compiled and _is_worth(group) for is_compiled, group in groups):
        return program
    users: dict[Tensor, list[Operation]] = {}
    for operation in program.operations:
        for tensor in operation.inputs:
            users.setdefault(tensor, []).append(operation)
    kept, replaced = set(program.results), dict[Tensor, Tensor]()
    operations = [each for each in program.operations if each.op is constant_op]
    for is_compiled, group in groups:
        if not (is_compiled and _is_worth(group)):
            for operation in group:
                operations.append(with_inputs(operation, replaced))
                replaced.update(zip(operation.outputs, operations[-1].outputs, strict=True))
            continue
        inside = set(group)
        results = [
            each.output
            for each in group
            if each.output in kept or any(user not in inside for user in users.get(each.output, ()))
        ]
        if results:
            operations.append(_operation(group, results, replaced))
            replaced.update(zip(results, operations[-1].outputs, strict=True))
    results = [replaced.get(each, each) for each in program.results]
    read = {*results, *(each for operation in operations for each in operation.inputs)}
    left = [each for each in operations if each.op is not constant_op or each.output in read]
    return Program(program.parameters, tuple(left), tuple(results))


def _is_worth(operations: Collection[Operation]) -> bool:
    """Whether there are enough of them that compute something."""
    return sum(each.op.full_name not in VIEWS for each in operations) >= FEWEST


def _operation(group: Sequence[Operation], results: Sequence[Tensor], replaced: dict[Tensor, Tensor]) -> Operation:
    made = {each.output for each in group}
    read = dict.fromkeys(each for operation in group for each in operation.inputs if each not in made)
    operands = [each for each in read if not _is_number(each)]
    region, last = Region(group, operands, results), group[-1]
    return Operation(
        machine_code_op,
        f"machine_code/{last.name}",
        tuple([replaced.get(each, each) for each in operands]),
        {"region": region},
        region.types,
        location=last.location,
        origin=last.origin,
    )


def _is_number(tensor: Tensor) -> bool:
    """Whether all elements of a constant are one number, which is written into the source."""
    operation = tensor.operation
    return operation.op is constant_op and constant(operation.attributes["value"]) is not None


def _chosen(program: Program) -> set[Operation]:
    """The operations that can be compiled, but for views that others read too."""
    chosen = {each for each in program.operations if can_compile(each)}
    kept = set(program.results)
    for operation in reversed(program.operations):
        if operation not in chosen:
            kept.update(operation.inputs)
        elif operation.op.full_name in VIEWS and operation.output in kept:
            chosen.discard(operation)
            kept.update(operation.inputs)
    return chosen


def _groups(program: Program, chosen: set[Operation]) -> list[tuple[bool, list[Operation]]]:
    """The operations but constants in groups that run one after the other, each as early as it can.

    Operations that do something besides giving a result keep their order.
    """
    levels: dict[Tensor, int] = {}
    groups: dict[int, list[Operation]] = {}
    latest = 0
    for operation in program.operations:
        if operation.op is constant_op:
            continue
        level = max((levels.get(each, 0) for each in operation.inputs), default=0)
        is_effect = has_effect(operation)
        if is_effect:
            level = max(level, latest)
        level += (level + (operation in chosen)) % 2  # compiled ones have odd levels
        if is_effect:
            latest = level
        levels.update(dict.fromkeys(operation.outputs, level))
        groups.setdefault(level, []).append(operation)
    return [(bool(level % 2), groups[level]) for level in sorted(groups)]
