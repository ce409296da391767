"""Programs inside operations: the bodies of loops and branches, found and replaced wherever a program is walked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from polyflow.core.declaration import Trait
from polyflow.core.program import Program
from polyflow.core.tensor import Operation


def bodies(operation: Operation) -> tuple[Program, ...]:
    """The programs that ``operation`` runs, in the order of its attributes."""
    if not operation.op.is_nested:
        return ()
    found: list[Program] = []
    for value in operation.attributes.values():
        if isinstance(value, Program):
            found.append(value)
        elif type(value) is tuple:
            found += [each for each in value if isinstance(each, Program)]
    return tuple(found)


def map_bodies(operation: Operation, function: Callable[[Program], Program]) -> Operation:
    """``operation`` with ``function`` applied to each program that it runs; itself where none changes.

    The outputs of a changed operation are new tensors.
    """
    if not operation.op.is_nested:
        return operation
    attributes = {name: _mapped(value, function) for name, value in operation.attributes.items()}
    if all(attributes[name] is value for name, value in operation.attributes.items()):
        return operation
    return operation.changed(attributes=attributes)


def _mapped(value: Any, function: Callable[[Program], Program]) -> Any:
    if isinstance(value, Program):
        return function(value)
    if type(value) is tuple and any(isinstance(each, Program) for each in value):
        mapped = tuple([function(each) if isinstance(each, Program) else each for each in value])
        return value if all(a is b for a, b in zip(value, mapped, strict=True)) else mapped
    return value


def first_stack(operation: Operation) -> int:
    """The place among the outputs of a loop from which on they are stacks: behind what it carries, and its count."""
    attributes = operation.attributes
    return int(attributes["carried"]) + (attributes["condition"] is not None)


def every_operation(program: Program) -> Iterator[Operation]:
    """The operations of ``program`` and of all programs inside, each before those that it runs."""
    for operation in program.operations:
        yield operation
        if operation.op.is_nested:
            for body in bodies(operation):
                yield from every_operation(body)


def has_effect(operation: Operation) -> bool:
    """Whether ``operation``, or one that it runs, does something besides giving a result."""
    if operation.op.has_trait(Trait.EFFECT):
        return True
    return operation.op.is_nested and any(has_effect(each) for body in bodies(operation) for each in body.operations)
