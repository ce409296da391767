"""From a graph, fetches and the types of the feeds to a program: pruned, typed, gradients expanded, state as values.

Variables become parameters and results. Among the operations that run, reads and writes of a variable take effect in
the order in which the graph created them: the walk goes in that order and keeps each variable's current value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from polyflow.core import building
from polyflow.core.declaration import Op
from polyflow.core.graph import Graph
from polyflow.core.primitives import constant_op, placeholder_op
from polyflow.core.program import Program
from polyflow.core.program_builder import ProgramBuilder
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.traversal import ancestors
from polyflow.core.types import TensorType
from polyflow.errors import FeedError, message


class VariableState:
    """One variable while a program is made."""

    def __init__(self, operation: Operation, current: Tensor) -> None:
        self.operation = operation
        """The graph's operation that is the variable."""
        self.current = current
        self.is_written = False


class Specialised(NamedTuple):
    """A program with the meaning of its parameters and results.

    Parameters are the feeds, then the variables read; results are the fetches, then the variables written.
    """

    program: Program
    feeds: tuple[Tensor, ...]
    reads: tuple[Operation, ...]
    writes: tuple[Operation, ...]


class Specialiser(ProgramBuilder):
    """Writes the program of some fetches of a graph."""

    def __init__(self, graph: Graph, feeds: Mapping[Tensor, TensorType], xp: Any) -> None:
        super().__init__(xp)
        self.graph = graph
        self.variables: dict[Tensor, VariableState] = {}
        """By the parameter that holds the value at the start of the run."""
        self.afterwards: list[Callable[[], None]] = []
        """What is to be done when all operations asked for are there."""
        self._mapping: dict[Tensor, Tensor] = {}
        self._done: set[Operation] = set()
        self._sources: set[Tensor] = set()
        """Tensors of the graph by which something is differentiated."""
        self._opaque: set[Tensor] = set()
        """What they have become."""
        for tensor, type in feeds.items():
            self.location = tensor.operation.location
            parameter = self._mapping[tensor] = self.parameter(type, tensor.operation.name)
            if tensor.operation.op.is_variable:  # a feed stands in for the value at the start of the run
                self.variables[parameter] = VariableState(tensor.operation, parameter)

    def run(self, operations: Sequence[Operation]) -> None:
        """Specialise ``operations`` and all that they need."""
        with building.overriding(self):
            order = ancestors(operations, stop=self._mapping)
            for operation in order:
                if operation.op.full_name == "gradients":
                    self._sources.update(operation.inputs[-len(operation.outputs) :])
            for operation in order:
                if operation not in self._done and not self._is_fed(operation):
                    self._done.add(operation)
                    self._specialise(operation)
            while self.afterwards:
                self.afterwards.pop()()

    def _is_fed(self, operation: Operation) -> bool:
        """Whether feeds give all that ``operation`` would compute."""
        for each in operation.outputs:  # `all` takes twice as long
            if each not in self._mapping:
                return False
        return bool(operation.outputs)

    def resolve(self, tensor: Tensor) -> Tensor:
        """The program's tensor for one of the graph, specialised now if no fetch has asked for it before."""
        if tensor not in self._mapping:
            if tensor.operation.owner is not self.graph:
                return super().resolve(tensor)
            context = self.location, self.device, self.scope, self.origin
            self.scope, self.origin = "", None
            self.run([tensor.operation])
            self.location, self.device, self.scope, self.origin = context
        return self._mapping[tensor]

    def variable(self, handle: Tensor) -> VariableState:
        """The state of the variable whose parameter ``handle`` is."""
        return self.variables[handle]

    def write(self, handle: Tensor, value: Tensor, assigned: Op) -> Tensor:
        """Give the variable whose parameter ``handle`` is a new value, by the op that marks one as ``assigned``."""
        state = self.variables[handle]
        name = f"{state.operation.name}/assigned"
        state.current = self.add(assigned, (value, state.current), {}, name).output
        state.is_written = True
        return state.current

    def add_variable(self, operation: Operation, type: TensorType) -> Tensor:
        """The parameter that holds the variable's value at the start of the run."""
        parameter = self.parameter(type, operation.name)
        self.variables[parameter] = VariableState(operation, parameter)
        return parameter

    def _specialise(self, operation: Operation) -> None:
        self.location, self.device = operation.location, operation.device
        if operation.op is placeholder_op:
            raise missing_feed(operation)
        if operation.op.is_variable:
            self._mapping[operation.output] = self.add_variable(operation, operation.output.type)
            return
        if operation.op is constant_op and operation.attributes["weak"] and operation.outputs[0] not in self._sources:
            self._mapping[operation.outputs[0]] = operation.outputs[0]
            return
        inputs = [self._mapping[each] for each in operation.inputs]
        self.constructing = operation.name
        rule = operation.op.stable_rule
        outputs = None if rule is None else rule(self.xp, self._see, *inputs)
        if outputs is None:
            outputs = self.apply(operation.op, inputs, operation.attributes, operation.name, operation.device)
        if isinstance(outputs, Tensor):
            outputs = (outputs,)
        for tensor, made in zip(operation.outputs, outputs, strict=True):
            self._mapping.setdefault(tensor, made)  # where a feed gives one output of several, it stays
            if tensor in self._sources:
                self._opaque.add(made)

    def _see(self, tensor: Tensor) -> Operation | None:
        """The operation that made ``tensor``, unless something is differentiated by it."""
        return None if tensor in self._opaque else tensor.operation


def specialise(
    graph: Graph,
    fetches: Sequence[Tensor],
    targets: Sequence[Operation],
    feeds: Mapping[Tensor, TensorType],
    xp: Any,
) -> Specialised:
    """The program that computes ``fetches`` and runs ``targets``, given the types of ``feeds``.

    ``xp`` is the namespace of ops that gradient rules and expansions are written against.

    Raises ``FeedError`` where a placeholder is needed and not fed, and every error of inference, with the user's line.
    """
    specialiser = Specialiser(graph, feeds, xp)
    specialiser.run([*(each.operation for each in fetches if each not in feeds), *targets])
    results = [specialiser.resolve(each) for each in fetches]
    states = specialiser.variables.values()
    written = [state for state in states if state.is_written]
    program = specialiser.finish([*results, *(state.current for state in written)])
    return Specialised(
        program,
        tuple(feeds),
        tuple(state.operation for state in states if state.operation.output not in feeds),
        tuple(state.operation for state in written),
    )


def missing_feed(placeholder: Operation, remedy: str = "session.run(fetches, {{{}: value}})") -> FeedError:
    """The error of a placeholder that is needed and was not fed; in ``remedy`` its name stands in place of ``{}``."""
    error = FeedError(
        message(
            f"placeholder {placeholder.name!r} is needed and was not fed",
            needed=f"a value of type {placeholder.output.type}",
            where=placeholder.location,
            remedy=remedy.format(placeholder.name),
        )
    )
    error.unfed = placeholder
    return error
