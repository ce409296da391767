"""Programs as text: what tests compare and ``session.explain`` shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyflow.core.program import Program
from polyflow.core.signature import Signature
from polyflow.core.tensor import Operation, Tensor


def format_program(program: Program) -> str:
    """The text of ``program``, one operation a line.

    Attributes that have their default value are left out. The text is the same for the same program, always.
    """
    parameters = ", ".join(f"{tensor_name(each)}: {each.type}" for each in program.parameters)
    lines = [f"program({parameters}):"]
    lines += [f"  {format_operation(each)}" for each in program.operations]
    lines.append(f"  return {', '.join(map(tensor_name, program.results)) or 'nothing'}")
    return "\n".join(lines)


def format_operation(operation: Operation) -> str:
    """One operation as ``result: type = op(operands, attributes)``."""
    results = ", ".join(f"{tensor_name(each)}: {each.type}" for each in operation.outputs)
    arguments = [tensor_name(each) for each in operation.inputs]
    arguments += _format_attributes(operation.op.signature, operation.attributes)
    call = f"{operation.op.full_name}({', '.join(arguments)})"
    return f"{results} = {call}" if results else call


def tensor_name(tensor: Tensor) -> str:
    """``%name``, with the index where an operation has several outputs."""
    suffix = f":{tensor.index}" if len(tensor.operation.outputs) > 1 else ""
    return f"%{tensor.operation.name}{suffix}"


def _format_attributes(signature: Signature, attributes: Mapping[str, Any]) -> list[str]:
    defaults = signature.defaults
    shown = [(name, value) for name, value in attributes.items() if name not in defaults or defaults[name] != value]
    return [f"{name}={value}" for name, value in shown if name != "absent"]
