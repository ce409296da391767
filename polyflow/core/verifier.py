"""What is true of every program; a pass that breaks it is caught here, not three layers later."""

from __future__ import annotations

from polyflow.core.inference import infer
from polyflow.core.nested import bodies
from polyflow.core.printer import format_operation
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import accepts
from polyflow.errors import VerificationError, message


def verify(program: Program) -> None:
    """Refuse a program that reads a value before it is made, names two operations alike, or has a wrong type.

    The programs inside are closed, and verified as well.
    """
    known: set[Tensor] = set(program.parameters)
    names = {each.operation.name for each in program.parameters}
    for operation in program.operations:
        for tensor in operation.inputs:
            if tensor not in known:
                raise _broken(operation, f"operand {tensor.name} has not been made yet")
        if operation.name in names:
            raise _broken(operation, "its name is taken")
        names.add(operation.name)
        known.update(operation.outputs)
        _verify_types(operation)
        for body in bodies(operation):
            verify(body)
    for tensor in program.results:
        if tensor not in known:
            raise VerificationError(message(f"the program returns {tensor.name}, which it does not make"))


def _verify_types(operation: Operation) -> None:
    types = [each.type for each in operation.inputs]
    inferred = infer(operation.op, types, operation.attributes, operation.location)
    for tensor, dtype in zip(operation.inputs, inferred.dtypes, strict=True):
        if dtype is not None and tensor.type.dtype is not dtype:
            raise _broken(operation, f"operand {tensor.name} should have been cast to {dtype}")
    for tensor, type in zip(operation.outputs, inferred.outputs, strict=True):
        if not accepts(type, tensor.type):
            raise _broken(operation, f"output {tensor.name} is of type {tensor.type}, inferred is {type}")


def _broken(operation: Operation, reason: str) -> VerificationError:
    return VerificationError(message(f"in `{format_operation(operation)}`: {reason}", where=operation.location))
