"""Sums of products over the iterations of a loop, as one product behind it.

The gradient of a weight that every iteration multiplies by is such a sum: ``total + x.T @ g`` in each of them. With the
factors stacked it is one product of matrices that are as many times higher, which takes a fraction of the time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from polyflow.control_flow.structured import loop_op
from polyflow.core.nested import has_effect
from polyflow.core.program import Program
from polyflow.core.pruning import prune
from polyflow.core.rewriting import Replacement, Rewriter, rewrite
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.extension.manager import extensions


class _Sum(NamedTuple):
    """A carried value that only sums up products."""

    place: int
    left: Tensor
    """Of the body, with rows that are summed over, as are those of ``right``."""
    right: Tensor


def with_sums_taken_out(program: Program) -> Program:
    """The program with products behind its loops; the same object where no loop of it sums any."""
    found = rewrite(program, _taken_out)
    return program if found.operations == program.operations else prune(found)


def _taken_out(rewriter: Rewriter, operation: Operation) -> Replacement:
    if operation.op is not loop_op or operation.attributes["length"] is None or has_effect(operation):
        return None
    attributes = operation.attributes
    if attributes["condition"] is not None or attributes["is_counted"]:
        return None
    body: Program = attributes["body"]
    sums = _sums(body, attributes["carried"])
    if not sums:
        return None
    made, factors = _with_factors(operation, sums)
    rewriter.operations.append(made)
    outputs = list(made.outputs[: len(operation.outputs)])
    for each in sums:
        left, right = factors[each.left], factors[each.right]
        outputs[each.place] = _product(rewriter, operation, each.place, left, right)
    return tuple(outputs)


def _sums(body: Program, carried: int) -> list[_Sum]:
    uses: dict[Tensor, int] = {}
    for tensor in (*(x for each in body.operations for x in each.inputs), *body.results):
        uses[tensor] = uses.get(tensor, 0) + 1
    found = []
    for place in range(carried):
        total, result = body.parameters[place], body.results[place].operation
        if result.op.full_name != "add" or uses.get(total) != 1 or uses[body.results[place]] != 1:
            continue
        others = [each for each in result.inputs if each is not total]
        if len(others) != 1 or others[0].type != total.type or uses[others[0]] != 1:
            continue
        product = others[0].operation
        if product.op.full_name != "matmul" or len(product.inputs) != 2 or total.type.rank != 2:
            continue
        transposed, right = product.inputs
        if transposed.operation.op.full_name != "matrix_transpose" or not transposed.operation.inputs:
            continue
        left = transposed.operation.inputs[0]
        if left.type.is_static and right.type.is_static and left.type.rank == right.type.rank == 2:
            found.append(_Sum(place, left, right))
    return found


def _with_factors(operation: Operation, sums: list[_Sum]) -> tuple[Operation, dict[Tensor, Tensor]]:
    """The loop with the factors stacked behind its results, and where each of them is."""
    attributes = operation.attributes
    body: Program = attributes["body"]
    carried, scanned, length = attributes["carried"], attributes["scanned"], attributes["length"]
    given = dict(zip(body.parameters[carried : carried + scanned], operation.inputs[carried:], strict=False))
    places = {each: carried + place for place, each in enumerate(body.results[carried:])}
    extra = dict.fromkeys(x for each in sums for x in (each.left, each.right) if x not in given and x not in places)
    widened = Program(body.parameters, body.operations, (*body.results, *extra))
    types = [
        *(each.type for each in operation.outputs),
        *(each.type.with_shape((length, *each.type.known_shape)) for each in extra),
    ]
    made = operation.changed(attributes={**attributes, "body": widened}, types=types)
    stacks = dict(zip(extra, made.outputs[len(operation.outputs) :], strict=True))
    factors = {}
    for each in sums:
        for tensor in (each.left, each.right):
            if tensor in given:
                factors[tensor] = given[tensor]
            else:
                factors[tensor] = stacks[tensor] if tensor in stacks else made.outputs[places[tensor]]
    return made, factors


def _product(rewriter: Rewriter, operation: Operation, place: int, left: Tensor, right: Tensor) -> Tensor:
    """``left.T @ right`` over all iterations, added to what the sum starts with."""
    ops = extensions().ops
    name = f"{operation.name}/product_{place}"

    def add(label: str, op: Any, inputs: tuple[Tensor, ...], attributes: Any, shape: tuple[int, ...]) -> Tensor:
        type = TensorType(left.type.dtype, shape)
        full = {**ops[op].signature.defaults, **attributes}
        made = _operation(operation, f"{name}/{label}", ops[op], inputs, full, [type])
        rewriter.operations.append(made)
        return made.output

    flat = []
    for label, each in (("left", left), ("right", right)):
        length, rows, columns = each.type.static_shape
        flat.append(add(label, "reshape", (each,), {"shape": (length * rows, columns)}, (length * rows, columns)))
    rows, columns = flat[0].type.static_shape[1], flat[1].type.static_shape[1]
    turned = add("turned", "matrix_transpose", (flat[0],), {}, (rows, flat[0].type.static_shape[0]))
    total = add("matmul", "matmul", (turned, flat[1]), {}, (rows, columns))
    start = operation.inputs[place]
    if start.operation.op.full_name == "zeros":
        return total
    return add("sum", "add", (start, total), {}, (rows, columns))


def _operation(like: Operation, name: str, op: Any, inputs: Any, attributes: Any, types: Any) -> Operation:
    return Operation(
        op, name, tuple(inputs), attributes, tuple(types), device=like.device, location=like.location,
        position=like.position, origin=like.origin,
    )  # fmt: skip
