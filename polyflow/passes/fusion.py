"""Fusion: elementwise operations on large arrays as one operation, which goes over the arrays in blocks.

Each of them by itself reads its operands from memory and writes its result back; in blocks that fit in the cache only
the first reads and the last writes. An engine with a compiler does this itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.primitives import constant_op, placeholder_op
from polyflow.core.program import Program
from polyflow.core.rewriting import with_inputs
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.extension.passes import PassContext

SMALLEST = 1 << 16
"""Elements from which on an array is large."""
FEWEST = 3
"""Operations that are worth a loop of their own."""


@define_op(name="fused", traits=Trait.NESTED)
def fused_op(operands: Sequence[TensorType], /, *, body: Program, by_rows: bool = False) -> tuple[TensorType, ...]:
    """The results of ``body``, a program of elementwise operations on arrays of one shape and on scalars, or, if
    ``by_rows``, of operations each of which does the same with every slice along the first axis.

    Specialised programs have none; the passes ``fusion`` and ``fusion by rows`` make them.

    >>> import polyflow as pf
    >>> x = pf.placeholder("float32", (1000, 1000), name="x")
    >>> "= fused(" in pf.Session().explain(pf.sqrt(x * x + 1.0) - x)
    True
    """
    return tuple([each.type for each in body.results])


fused_op.no_gradient("it is made after gradients are")


class Fusion:
    """Puts elementwise operations that follow one another into one."""

    name = "fusion"
    stage = "fuse"

    def __call__(self, program: Program, context: PassContext) -> Program:
        if not context.blocks or not has_large(program) or not any(is_large(each) for each in program.operations):
            return program
        return with_regions(program, lambda each: each.output.type.shape if is_large(each) else None, is_long, "fused")


def is_long(region: Sequence[Operation]) -> bool:
    """Whether the operations are worth a loop of their own."""
    return len(region) >= FEWEST


def with_regions(
    program: Program,
    kind: Callable[[Operation], Any],
    is_worth: Callable[[Sequence[Operation]], bool],
    name: str,
    *,
    by_rows: bool = False,
) -> Program:
    """``program`` with operations of one ``kind`` that follow one another as one, named ``name`` and a number.

    ``kind`` gives ``None`` for what belongs into no region, ``is_worth`` says which regions become one operation.
    """
    users: dict[Tensor, list[Operation]] = {}
    for operation in program.operations:
        for tensor in operation.inputs:
            users.setdefault(tensor, []).append(operation)
    writer = _Writer(program, users, is_worth, name, by_rows)
    for operation in program.operations:
        writer.take(operation, kind(operation))
    writer.close()
    return writer.finish()


class _Writer:
    """Collects the operations of the new program; those of the region that is open are held back until it closes."""

    def __init__(
        self,
        program: Program,
        users: dict[Tensor, list[Operation]],
        is_worth: Callable[[Sequence[Operation]], bool],
        name: str,
        by_rows: bool,
    ) -> None:
        self._program = program
        self._users = users
        self._is_worth = is_worth
        self._name = name
        self._by_rows = by_rows
        self._results = set(program.results)
        self._operations: list[Operation] = []
        self._replaced: dict[Tensor, Tensor] = {}
        self._region: list[Operation] = []
        self._made: set[Tensor] = set()
        self._kind: Any = None
        self._count = 0

    def take(self, operation: Operation, kind: Any) -> None:
        """Put ``operation`` into the region if it is of its kind, or behind all before it that it needs."""
        if kind is not None and self._region and kind != self._kind:
            self.close()
        if kind is not None:
            self._region.append(operation)
            self._made.update(operation.outputs)
            self._kind = kind
            return
        if not self._made.isdisjoint(operation.inputs):
            self.close()
        self._operations.append(_reading(operation, self._replaced))

    def close(self) -> None:
        """Add the region as one operation, or as it is if it is short."""
        region, self._region, made, self._made = self._region, [], self._made, set()
        if not self._is_worth(region):
            self._operations += [_reading(each, self._replaced) for each in region]
            return
        inside = set(region)
        results = [
            each.output
            for each in region
            if each.output in self._results or any(user not in inside for user in self._users.get(each.output, ()))
        ]
        taken = dict.fromkeys(x for each in region for x in each.inputs if x not in made)
        own = {x: x.operation for x in taken if x.operation.op is constant_op and x.type.rank == 0}
        operands = [each for each in taken if each not in own]
        parameters = {each: _parameter(each, place) for place, each in enumerate(operands)}
        local: dict[Tensor, Tensor] = dict(parameters)
        body = [_reading(each, local) for each in region]
        program = Program(
            tuple(parameters.values()), (*own.values(), *body), tuple([local.get(each, each) for each in results])
        )
        self._count += 1
        fused = Operation(
            fused_op,
            f"{self._name}_{self._count}/{region[-1].name}",
            tuple([self._replaced.get(each, each) for each in operands]),
            {"body": program, "by_rows": self._by_rows},
            tuple([each.type for each in results]),
            location=region[-1].location,
            origin=region[-1].origin,
        )
        self._operations.append(fused)
        self._replaced.update(zip(results, fused.outputs, strict=True))

    def finish(self) -> Program:
        """The new program."""
        results = tuple([self._replaced.get(each, each) for each in self._program.results])
        return Program(self._program.parameters, tuple(self._operations), results)


def has_large(program: Program) -> bool:
    """Whether any value in ``program`` is large."""
    made = {id(each.type): each.type for operation in program.operations for each in operation.outputs}
    types = [*made.values(), *(each.type for each in program.parameters)]  # few, as most values share theirs
    return any((each.size or 0) >= SMALLEST for each in types)


def is_large(operation: Operation) -> bool:
    """Whether ``operation`` works element by element on one large array, or on several of one shape and scalars."""
    if not operation.op.has_trait(Trait.ELEMENTWISE) or operation.op.has_trait(Trait.EFFECT):
        return False
    if len(operation.outputs) != 1 or not operation.inputs:
        return False
    type = operation.output.type
    if not type.is_static or (type.size or 0) < SMALLEST:
        return False
    if operation.op.has_trait(Trait.IDENTITY) or operation.op.has_trait(Trait.HOST):
        return False
    return all(each.type.shape in (type.shape, ()) for each in operation.inputs)


def _parameter(tensor: Tensor, place: int) -> Tensor:
    attributes = {"dtype": tensor.type.dtype, "shape": tensor.type.shape}
    return Operation(placeholder_op, f"operand_{place}", (), attributes, (tensor.type,)).output


def _reading(operation: Operation, replaced: dict[Tensor, Tensor]) -> Operation:
    """``operation`` reading what stands for its operands; its results are then replaced too."""
    made = with_inputs(operation, replaced)
    if made is not operation:
        replaced.update(zip(operation.outputs, made.outputs, strict=True))
    return made
