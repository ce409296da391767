"""Writing a loop as Python's own: ``for``, the condition as a ``break``, stacks as lists, carried values in place."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from polyflow.core.dtypes import int64
from polyflow.core.literal import literal
from polyflow.core.nested import first_stack
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.extension.backend import Backend
from polyflow.runtime.memory import owned_states

if TYPE_CHECKING:
    from polyflow.runtime.writer import Writer

_DEEPEST = 12
"""Loops inside loops that are written out; what is deeper becomes a function, since Python allows 20 blocks."""


def write_loop(writer: Writer, operation: Operation, used: Sequence[bool], freed: Sequence[Tensor]) -> None:
    """Add the lines of a loop, of whose results those are ``used``; ``freed`` operands are not read again."""
    attributes = operation.attributes
    body: Program = attributes["body"]
    test: Program | None = attributes["condition"]
    carried, scanned = attributes["carried"], attributes["scanned"]
    inputs = operation.inputs[: len(operation.inputs) - attributes["has_room"]]
    operands = writer.operands(inputs)
    counted = operands.pop() if attributes["is_counted"] else None
    arrays, constants = operands[carried : carried + scanned], operands[carried + scanned :]
    changed = owned_states(operation, writer.backend)
    once = [each for each in freed if sum(each is one for one in inputs) == 1]
    start = [
        _handed_over(writer, inputs[place], name, once) if place in changed else name
        for place, name in enumerate(operands[:carried])
    ]
    state = [writer.name() for _ in range(carried)]
    first = first_stack(operation)
    lists = [writer.name() if is_used else "" for is_used in used[first:]]
    if state:
        writer.emit(f"{', '.join(state)} = {', '.join(start)}")
    writer.delete([each for each in inputs[:carried] if any(each is one for one in once)])
    rows = [_is_filled_by_row(writer, output) for output in operation.outputs[first:]]
    for name, output, is_array in zip(lists, operation.outputs[first:], rows, strict=True):
        if name:
            writer.emit(f"{name} = {_room(writer, output)}()" if is_array else f"{name} = []")
    counter = writer.name("i")
    elements = [writer.name() for _ in range(scanned)]
    writer.emit(_header(writer, attributes, counter, counted, arrays, elements), operation)
    with writer.inside(operation, counter):
        if test is not None:
            writer.names.update(zip(test.parameters, [*state, *constants], strict=True))
            writer.block(test)
            writer.emit(f"if not {writer.names[test.results[0]]}: break", operation)
        writer.names.update(zip(body.parameters, [*state, *elements, *constants], strict=True))
        if len(writer.loops) > _DEEPEST:
            _call(writer, body)
        else:
            writer.block(body, {body.parameters[place] for place in changed})
        for name, tensor, is_array in zip(lists, body.results[carried:], rows, strict=True):
            if name:
                value = writer.names[tensor]
                writer.emit(f"{name}[{counter}] = {value}" if is_array else f"{name}.append({value})")
        if state:
            results = [writer.names[each] for each in body.results[:carried]]
            writer.emit(f"{', '.join(state)} = {', '.join(results)}")
        given = set(body.parameters)
        writer.delete([each for each in dict.fromkeys(body.results) if each not in given and each.type.rank])
        writer.emit("pass")
    if test is not None and attributes["limit"] is not None:
        writer.emit(f"else: {counter} = {attributes['limit']}")
    writer.names.update(zip(operation.outputs[:carried], state, strict=True))
    if test is not None and used[carried]:
        count = writer.names[operation.outputs[carried]] = writer.name()
        writer.emit(f"{count} = {_counter(writer)}({counter})")
    for name, output, is_array in zip(lists, operation.outputs[first:], rows, strict=True):
        if is_array and name:
            writer.names[output] = name
        elif name:
            _finish_stack(writer, name, output, attributes["reverse"])


def _is_filled_by_row(writer: Writer, output: Tensor) -> bool:
    """Whether a stack is one array from the start: its size is known, and the library's arrays can be changed."""
    return bool(writer.backend.updating) and output.type.is_static and output not in writer.listed


def _room(writer: Writer, output: Tensor) -> str:
    """The name of a function that makes the array for a stack."""
    xp, dtype = writer.backend.namespace, writer.backend.native_dtype(output.type.known_dtype)
    return writer.share("k", partial(xp.empty, output.type.static_shape, dtype=dtype))


def _handed_over(writer: Writer, tensor: Tensor, name: str, once: Sequence[Tensor]) -> str:
    """The array that the loop may change: the operand if it is among those that are read here ``once``, else a copy."""
    if tensor in writer.reusable and any(tensor is each for each in once):
        return name
    writer.globals["k_copy"] = writer.backend.copy
    return f"k_copy({name})"


def _call(writer: Writer, body: Program) -> None:
    """A body that lies too deep to be written out, as a function."""
    function = writer.share("f", writer.outline(body))
    parameters = [writer.names[each] for each in body.parameters]
    for each in body.results:
        writer.names[each] = writer.name()
    results = ", ".join(writer.names[each] for each in body.results)
    call = f"{function}({', '.join(parameters)})"
    writer.emit(f"{results}, = {call}" if results else call)


def _header(
    writer: Writer, attributes: Any, counter: str, counted: str | None, arrays: Sequence[str], elements: Sequence[str]
) -> str:
    if attributes["condition"] is not None:
        if attributes["limit"] is not None:
            return f"for {counter} in range({attributes['limit']}):"
        writer.globals["k_forever"] = itertools.count
        return f"for {counter} in k_forever():"
    count = str(attributes["length"]) if counted is None else f"int({counted})"
    if counted is None and attributes["length"] is None:
        count = f"len({arrays[0]})"
    indices = f"range({count})[::-1]" if attributes["reverse"] else f"range({count})"
    if not arrays:
        return f"for {counter} in {indices}:"
    writer.globals["k_elements"] = _elements
    parts = [f"k_elements({array}, {indices})" for array in arrays]
    return f"for {counter}, {', '.join(elements)} in zip({indices}, {', '.join(parts)}):"


def _counter(writer: Writer) -> str:
    backend, device = writer.backend, writer.device
    writer.globals["k_counted"] = lambda count: backend.from_literal(literal(count, int64), device)
    return "k_counted"


def _finish_stack(writer: Writer, name: str, output: Tensor, reverse: bool) -> None:
    if reverse:
        writer.emit(f"{name}.reverse()")
    writer.names[output] = name
    if output not in writer.listed:
        writer.emit(f"{name} = {writer.share('k', stacker(output.type, writer.backend))}({name})")


def _elements(array: Any, indices: Any) -> Any:
    """The elements of a stack, or of a list that stands for one, in the order of ``indices``."""
    return [array[index] for index in indices]


def stacker(type: TensorType, backend: Backend) -> Callable[[list[Any]], Any]:
    """What makes one array of ``type`` of the elements of a stack."""
    xp = backend.namespace
    shape = (0, *(size or 0 for size in type.known_shape[1:]))
    dtype = backend.native_dtype(type.known_dtype)
    may_differ = None in type.known_shape[1:]

    def stack(values: list[Any]) -> Any:
        if not values:
            return xp.zeros(shape, dtype=dtype)
        if may_differ:
            shapes = {getattr(each, "shape", None) for each in values}
            if len(shapes) > 1 or None in shapes:
                return values  # elements of several shapes, or lists of such: only loops can read them
        return xp.stack([xp.asarray(each) for each in values])

    return stack
