"""Chains of matrix products in the order that takes the fewest multiplications: ``(A @ B) @ v`` as ``A @ (B @ v)``.

The order is found by dynamic programming over the chain (Cormen, Leiserson, Rivest, Stein, "Introduction to
Algorithms", section "Matrix-chain multiplication"). Products that something else reads as well stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

from polyflow.core.declaration import Trait
from polyflow.core.program import Program
from polyflow.core.rewriting import Replacement, Rewriter, rewrite
from polyflow.core.tensor import Operation, Tensor
from polyflow.extension.passes import PassContext

LONGEST = 64
"""Matrices of a chain; a longer one, whose order takes cubic time to find, is left as it is."""
MOST = 0.9
"""The part of the multiplications that a new order may take at most, since it rounds in other places."""


class ProductChains:
    """Puts chains of three or more matrices, of known sizes, into the cheapest order."""

    name = "product chains"
    stage = "optimise"

    def __call__(self, program: Program, context: PassContext) -> Program:
        links = {each for each in program.operations if _is_link(each)}
        inner = _inner(program, links) if len(links) > 1 else frozenset()
        splits = {each.name: _better(each, inner) for each in links if each.name not in inner} if inner else {}
        if not any(splits.values()):
            return program

        def reorder(rewriter: Rewriter, operation: Operation) -> Replacement:
            chosen = splits.get(operation.name)
            if not chosen:
                return None
            leaves = _leaves(operation, inner)
            return rewriter.instead(operation, *_product(operation, leaves, chosen, 0, len(leaves) - 1))

        last = rewrite(program, reorder)
        read = {tensor for each in last.operations for tensor in each.inputs}.union(last.results)
        kept = [each for each in last.operations if each.name not in inner or not read.isdisjoint(each.outputs)]
        return Program(last.parameters, tuple(kept), last.results)


def _is_link(operation: Operation) -> bool:
    if not operation.op.has_trait(Trait.ASSOCIATIVE):
        return False
    return all(each.type.is_static and each.type.rank <= 2 for each in (*operation.inputs, *operation.outputs))


def _inner(program: Program, links: set[Operation]) -> frozenset[str]:
    """The names of the links that nothing reads but one other link, in which they can be taken apart."""
    readers: dict[Tensor, list[Operation]] = {each: [] for each in program.results}
    for operation in program.operations:
        for each in operation.inputs:
            readers.setdefault(each, []).append(operation)
    found = set()
    for link in links.difference(each.operation for each in program.results):
        users = readers.get(link.output, [])
        if len(users) == 1 and users[0] in links:
            # In `(A @ v) @ B` and in `A @ (v @ B)` the vector does not stand at an end.
            middle = link.inputs[1] if users[0].inputs[0] is link.output else link.inputs[0]
            if middle.type.rank == 2:
                found.add(link.name)
    return frozenset(found)


def _leaves(last: Operation, inner: Set[str]) -> list[Tensor]:
    """The matrices of the chain that ends in ``last``, in order; a first or last one may be a vector."""
    found: list[Tensor] = []
    waiting = list(last.inputs[::-1])
    while waiting:
        tensor = waiting.pop()
        if tensor.operation.name in inner:
            waiting += tensor.operation.inputs[::-1]
        else:
            found.append(tensor)
    return found


def _better(last: Operation, inner: Set[str]) -> dict[tuple[int, int], int]:
    """For each part of the chain, by its ends, the leaf after which to split it; empty where nothing is won."""
    leaves = _leaves(last, inner)
    count = len(leaves)
    if not 2 < count <= LONGEST:
        return {}
    sizes = _sizes(leaves)
    costs = {(place, place): 0 for place in range(count)}
    splits: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for first in range(count - length):
            end = first + length
            costs[first, end], splits[first, end] = min(
                (costs[first, at] + costs[at + 1, end] + sizes[first] * sizes[at + 1] * sizes[end + 1], at)
                for at in range(first, end)
            )
    now = sum(_cost(each) for each in _links(last, inner))
    return splits if costs[0, count - 1] < MOST * now else {}


def _sizes(leaves: Sequence[Tensor]) -> list[int]:
    """The rows of each matrix of a chain, and the columns of the last; vectors at the ends are thin matrices."""
    shapes = [each.type.static_shape for each in leaves]
    first = (1, *shapes[0]) if len(shapes[0]) == 1 else shapes[0]
    return [first[0], first[1], *(shape[1] if len(shape) == 2 else 1 for shape in shapes[1:])]


def _links(last: Operation, inner: Set[str]) -> list[Operation]:
    """The products of the chain that ends in ``last``."""
    found = [last]
    for link in found:
        found += [each.operation for each in link.inputs if each.operation.name in inner]
    return found


def _cost(link: Operation) -> int:
    """The multiplications that a product takes."""
    left, right = (each.type for each in link.inputs)
    return (left.size or 0) * (right.static_shape[1] if right.rank == 2 else 1)


def _product(
    last: Operation, leaves: Sequence[Tensor], splits: dict[tuple[int, int], int], first: int, end: int
) -> Any:
    """What makes the product of ``leaves[first : end + 1]``: a tensor, or op, inputs and attributes."""
    if first == end:
        return leaves[first]
    at = splits[first, end]
    sides = (_product(last, leaves, splits, first, at), _product(last, leaves, splits, at + 1, end))
    return last.op, sides, last.attributes
