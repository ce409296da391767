"""Writing a program anew with some operations replaced: the one loop that passes share.

A pass hands in a function that sees each operation with its operands already rewritten, and says what takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyflow.core.declaration import Op
from polyflow.core.inference import infer
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor

Replacement = tuple[Tensor, ...] | None
Rule = Callable[["Rewriter", Operation], Replacement]


class Rewriter:
    """Collects the operations of the new program."""

    def __init__(self, program: Program) -> None:
        self.operations: list[Operation] = []
        self._program = program
        self._taken: set[str] | None = None
        """The names in the program, once one is to be found that is not among them."""

    def keep(self, operation: Operation) -> tuple[Tensor, ...]:
        """Let ``operation`` stand."""
        self.operations.append(operation)
        return operation.outputs

    def instead(
        self, operation: Operation, op: Op, inputs: tuple[Any, ...], attributes: Mapping[str, Any], name: str = ""
    ) -> tuple[Tensor, ...]:
        """An operation that takes the place, and the name, of ``operation``.

        Among the ``inputs`` may stand, instead of a tensor, what makes one: op, inputs and attributes.
        """
        name = name or operation.name
        made_first = []
        for place, each in enumerate(inputs):
            if isinstance(each, Tensor):
                made_first.append(each)
            else:
                inner, its_inputs, its_attributes = each
                made_first += self.instead(operation, inner, its_inputs, its_attributes, self._free(f"{name}/{place}"))
        attributes = {**op.signature.defaults, **attributes}
        inferred = infer(op, [each.type for each in made_first], attributes, operation.location)
        made = Operation(
            op,
            name,
            tuple(made_first),
            inferred.attributes,
            inferred.outputs,
            device=operation.device,
            location=operation.location,
            origin=operation.origin,
        )
        return self.keep(made)

    def _free(self, name: str) -> str:
        """A name like ``name`` that nothing has."""
        if self._taken is None:
            every = (*(each.operation for each in self._program.parameters), *self._program.operations)
            self._taken = {each.name for each in every}
        while name in self._taken:
            name += "_1"
        self._taken.add(name)
        return name

    def constant(self, value: Any, like: Operation) -> Tensor:
        """A constant that takes the place, and the name, of ``like``."""
        types = (value.type,)
        made = Operation(
            constant_op,
            like.name,
            (),
            {"value": value, "weak": False},
            types,
            location=like.location,
            origin=like.origin,
        )
        self.operations.append(made)
        return made.output


def rewrite(program: Program, rule: Rule) -> Program:
    """The program in which ``rule`` has had its say on each operation; the same object where nothing changed.

    ``rule(rewriter, operation)`` returns the tensors that replace the outputs, or ``None`` to keep the operation.
    """
    rewriter = Rewriter(program)
    replaced: dict[Tensor, Tensor] = {}
    for operation in program.operations:
        current = with_inputs(operation, replaced) if replaced else operation
        try:
            outputs = rule(rewriter, current)
        except Exception as error:
            if not hasattr(error, "polyflow_operation"):
                error.polyflow_operation = current  # type: ignore[attr-defined]  # for whoever tells the user
            raise
        if outputs is None:
            outputs = rewriter.keep(current)
        if outputs is not operation.outputs:
            replaced.update(zip(operation.outputs, outputs, strict=True))
    if not replaced and rewriter.operations == list(program.operations):
        return program
    results = tuple([replaced.get(each, each) for each in program.results])
    return Program(program.parameters, tuple(rewriter.operations), results)


def with_inputs(operation: Operation, replaced: Mapping[Tensor, Tensor]) -> Operation:
    """``operation`` reading the replacements of its inputs; itself where none is replaced."""
    for tensor in operation.inputs:
        if tensor in replaced:
            break
    else:
        return operation
    return operation.changed(inputs=[replaced.get(each, each) for each in operation.inputs])
