"""What the nodes of a dataflow graph call: kernels with their attributes filled in, and the helpers of loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

from polyflow.core.dataflow import Node
from polyflow.core.declaration import Trait
from polyflow.core.literal import Literal, literal
from polyflow.core.tensor import Operation, Tensor
from polyflow.extension.backend import Backend
from polyflow.extension.half_precision import dtypes_of, is_widened
from polyflow.extension.kernels import kernel_of, native_attributes
from polyflow.runtime.loop_writer import stacker

Function = Callable[..., Any]

LARGE = 32768
"""Elements above which an operation is worth another thread; one that is not elementwise counts each 8 times."""


def constant_of(node: Node, backend: Backend, device: str) -> Any:
    """The value of a constant: an array, or a Python number of a helper."""
    value = node.attributes["value"]
    if not isinstance(value, Literal):
        return value
    array = backend.from_literal(value, device)
    return backend.as_scalar(array) if value.shape == () else array


def function_of(node: Node, backend: Backend, device: str) -> Function:
    """What ``node`` calls on its inputs."""
    if node.kind == "op":
        assert node.operation is not None
        return _kernel(node.operation, backend, device)
    return _HELPERS[node.kind](node, backend, device)


def is_large(operation: Operation) -> bool:
    """Whether ``operation`` may take so long, or wait, that other threads should go on meanwhile."""
    op = operation.op
    if op.has_trait(Trait.HOST):
        return True
    if op.has_trait(Trait.VIEW):
        return False
    sizes = [_size(each) for each in (*operation.inputs, *operation.outputs)]
    return sum(sizes) * (1 if op.has_trait(Trait.ELEMENTWISE) else 8) > LARGE


def _size(tensor: Tensor) -> int:
    size = tensor.type.size
    return LARGE if size is None else size


def _kernel(operation: Operation, backend: Backend, device: str) -> Function:
    """The kernel as a function of the operands alone."""
    op = operation.op
    scope: dict[str, Any] = {}
    operands = [f"v{place}" for place in range(len(operation.inputs))]
    template = backend.operators.get(op.full_name)
    is_scalar = all(each.type.shape == () for each in (*operation.inputs, *operation.outputs))
    if template is not None and is_scalar and not is_widened(op, dtypes_of(operation), backend):
        return _compiled(operands, template.format(*operands), scope)
    kernel = scope["kernel"] = kernel_of(operation, backend)
    assert kernel is not None, "the planner has checked that all kernels are there"
    attributes = native_attributes(operation.attributes, backend, device)
    if op.signature.is_plain and not attributes:
        return kernel
    for place, (name, value) in enumerate(attributes.items()):
        scope[f"a{place}"] = value
        if name != "absent":
            attributes = {**attributes, name: f"a{place}"}
    args, keywords = op.signature.arguments(operands, attributes)
    parts = [*map(_text, args), *(f"{name}={_text(value)}" for name, value in keywords.items())]
    return _compiled(operands, f"kernel({', '.join(parts)})", scope)


def _compiled(operands: Sequence[str], text: str, scope: dict[str, Any]) -> Function:
    return eval(_code(f"lambda {', '.join(operands)}: {text}"), scope)  # type: ignore[no-any-return]


@lru_cache(maxsize=1024)
def _code(text: str) -> CodeType:
    return compile(text, "<polyflow dataflow node>", "eval")  # most of the time of making a node


def _text(value: Any) -> str:
    return f"[{', '.join(map(_text, value))}]" if isinstance(value, list) else str(value)


# -- helpers


def _number(node: Node, backend: Backend, device: str) -> Function:
    last = node.attributes["count"] - 1
    return lambda value: min(int(value), last)


def _element(node: Node, backend: Backend, device: str) -> Function:
    if node.attributes["reverse"]:
        return lambda array, counter, length: array[length - 1 - counter]
    return lambda array, counter, length=None: array[counter]


def _push(node: Node, backend: Backend, device: str) -> Function:
    def push(stack: list[Any], value: Any) -> list[Any]:
        stack.append(value)  # nobody else has it: a stack goes from iteration to iteration
        return stack

    return push


def _stack(node: Node, backend: Backend, device: str) -> Function:
    assert node.type is not None
    reverse = node.attributes["reverse"]
    to_array = list if node.attributes["as_list"] else stacker(node.type, backend)
    return lambda values: to_array(values[::-1] if reverse else values)


def _number_array(node: Node, backend: Backend, device: str) -> Function:
    assert node.type is not None
    dtype = node.type.known_dtype
    return lambda number: backend.from_literal(literal(number, dtype), device)


def _plainly(function: Function) -> Callable[[Node, Backend, str], Function]:
    return lambda node, backend, device: function


_HELPERS: dict[str, Callable[[Node, Backend, str], Function]] = {
    "number": _number,
    "element": _element,
    "push": _push,
    "stack": _stack,
    "number_array": _number_array,
    "loop_cond": _plainly(bool),
    "identity": _plainly(lambda value: value),
    "token": _plainly(lambda: None),
    "trigger": _plainly(lambda: None),
    "count": _plainly(int),
    "length": _plainly(len),
    "below": _plainly(lambda counter, end: counter < end),
    "increment": _plainly(lambda counter: counter + 1),
    "new_stack": _plainly(list),
}
