"""Programs as text: what tests compare and ``session.explain`` shows."""

from __future__ import annotations

from typing import Any

from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor


def format_program(program: Program) -> str:
    """The text of ``program``, one operation a line.

    Attributes that have their default value are left out. The text is the same for the same program, always.
    """
    parameters = ", ".join(f"{tensor_name(each)}: {each.type}" for each in program.parameters)
    lines = [f"program({parameters}):"]
    for operation in program.operations:
        lines.append(f"  {format_operation(operation)}")
        for name, body in _bodies(operation):
            inner = format_program(body).splitlines()
            lines += [f"    {name} = {inner[0]}", *(f"    {line}" for line in inner[1:])]
    lines.append(f"  return {', '.join(map(tensor_name, program.results)) or 'nothing'}")
    return "\n".join(lines)


def format_operation(operation: Operation) -> str:
    """One operation as ``result: type = op(operands, attributes)``."""
    results = ", ".join(f"{tensor_name(each)}: {each.type}" for each in operation.outputs)
    arguments = [tensor_name(each) for each in operation.inputs]
    arguments += format_attributes(operation)
    call = f"{operation.op.full_name}({', '.join(arguments)})"
    return f"{results} = {call}" if results else call


def tensor_name(tensor: Tensor) -> str:
    """``%name``, with the index where an operation has several outputs."""
    suffix = f":{tensor.index}" if len(tensor.operation.outputs) > 1 else ""
    return f"%{tensor.operation.name}{suffix}"


def _bodies(operation: Operation) -> list[tuple[str, Program]]:
    """The programs that an operation runs, under the names of their attributes."""
    found: list[tuple[str, Program]] = []
    for name, value in operation.attributes.items():
        if isinstance(value, Program):
            found.append((name, value))
        elif type(value) is tuple and value and isinstance(value[0], Program):
            found += [(f"{name}[{place}]", each) for place, each in enumerate(value)]
    return found


def format_attributes(operation: Operation) -> list[str]:
    """``name=value`` for each attribute that has not its default value and is no program."""
    attributes, defaults = operation.attributes, operation.op.signature.defaults
    shown = [(name, value) for name, value in attributes.items() if name not in defaults or defaults[name] != value]
    return [f"{name}={value}" for name, value in shown if name != "absent" and not _holds_program(value)]


def _holds_program(value: Any) -> bool:
    return isinstance(value, Program) or (type(value) is tuple and bool(value) and isinstance(value[0], Program))
