"""The graph of a body: what a function given to ``cond`` or ``while_loop`` builds when it is called once.

It reaches out: tensors of the graph around it are captured and become parameters, variables of that graph are read and
written at the body's own time, and new variables are made in the outermost graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from polyflow.core import building
from polyflow.core.building import Builder
from polyflow.core.capturing import CapturingGraph
from polyflow.core.declaration import Op, Trait
from polyflow.core.graph import Graph
from polyflow.core.primitives import placeholder_op
from polyflow.core.structures import Structure, flatten
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType


class BodyGraph(CapturingGraph):
    """A graph inside ``outer``, which is a graph or the program that a rule is writing."""

    def __init__(self, outer: Any, name: str) -> None:
        super().__init__(outer, getattr(outer, "seed", None))
        self.name = name
        self.root: Any = getattr(outer, "root", outer)
        """The graph in which variables are made."""
        self.outer_control: list[Operation] = []
        """Operations of ``outer`` that something in the body is to run after."""
        self._scope = f"{name}/"
        self._values: dict[Any, Tensor] = {}  # by variable, its value at this place in the body
        self._written: dict[Any, None] = {}

    # -- reaching out

    def _held(self, tensor: Tensor) -> Tensor:
        with building.overriding(self), self.control_dependencies(None):
            operation = tensor.operation
            if operation.op.is_variable:  # by its handle, to be read and written at the body's own time
                return self.add(operation.op, (), operation.attributes, operation.name).output
            return super()._held(tensor)

    def _as_operation(self, value: Any) -> Operation:
        operation = value if isinstance(value, Operation) else getattr(value, "operation", None)
        if isinstance(operation, Operation) and operation.owner is not self:
            self.outer_control.append(operation)
            return _NOTHING
        return super()._as_operation(value)

    def _current_control(self) -> tuple[Operation, ...]:
        return tuple([each for each in super()._current_control() if each is not _NOTHING])

    # -- variables

    def variable_value(self, variable: Any) -> Tensor:
        """The value of ``variable`` at this place in the body."""
        if variable not in self._values:
            self._values[variable] = variable.read_value()
        return self._values[variable]

    def set_variable_value(self, variable: Any, latest: Tensor) -> None:
        """Let ``latest`` be the value of ``variable`` from here on: the body has written it."""
        self._values[variable] = latest
        self._written[variable] = None

    def variable_name(self, name: str) -> str:
        """What a variable made in the body is called in the graph where it is made."""
        return self._scope + name

    def collection(self, name: str) -> list[Any]:
        """The list that the outermost graph keeps under ``name``: its variables are the body's."""
        return self.root.collection(name) if isinstance(self.root, Graph) else super().collection(name)

    @property
    def written(self) -> tuple[Any, ...]:
        """The variables that the body writes."""
        return tuple(self._written)

    @property
    def effects(self) -> list[Operation]:
        """The operations that run whenever the body does, though no result needs them."""
        return [each for each in self._operations if _has_effect(each)]


_NOTHING = Operation(placeholder_op, "nothing", (), {}, ())
"""Stands for an operation of the graph around among the control inputs of a body."""


def _has_effect(operation: Operation) -> bool:
    if operation.op is placeholder_op:
        return False
    inside = operation.attributes.get("bodies", ())
    return operation.op.has_trait(Trait.EFFECT) or any(each.graph.effects for each in inside)


@dataclass(frozen=True, eq=False)
class Body:
    """A function as a graph: what it takes, what it reaches out for, what it gives."""

    graph: BodyGraph
    parameters: tuple[Tensor, ...]
    results: tuple[Tensor, ...]
    structure: Structure
    """Of what the function returned."""
    has_value: tuple[bool, ...]
    """For each leaf of the structure, whether it is a result; operations and ``None`` have no value."""

    @property
    def captured(self) -> tuple[Tensor, ...]:
        """Tensors of the graph around that the body needs."""
        return tuple(self.graph.captured)

    def rebuild(self, outputs: Sequence[Any], operation: Any) -> Any:
        """``outputs`` where the function returned its results; ``operation`` where it returned operations."""
        rest = iter(outputs)
        return self.structure.rebuild([next(rest) if has_value else operation for has_value in self.has_value])

    def __repr__(self) -> str:
        return f"<body of {len(self.graph)} operations>"


def trace(
    function: Callable[..., Any],
    types: Sequence[TensorType],
    structure: Structure | None,
    outer: Builder,
    name: str,
    names: Sequence[str] = (),
) -> Body:
    """``function`` called once on parameters of ``types``, arranged in ``structure``, in a graph inside ``outer``."""
    graph = BodyGraph(outer, name)
    with building.overriding(graph):
        labels = names or [f"value_{place}" for place in range(len(types))]
        parameters = tuple([graph.parameter(type, label) for type, label in zip(types, labels, strict=True)])
        returned = function(*(() if structure is None else structure.rebuild(parameters)))
        leaves, found = flatten(returned)
        has_value = tuple([each is not None and not isinstance(each, Operation) for each in leaves])
        results = [graph.as_tensor(each) for each, has in zip(leaves, has_value, strict=True) if has]
    return Body(graph, parameters, tuple(results), found, has_value)


def construct(
    op: Op,
    outer: Any,
    operands: Sequence[Tensor],
    bodies: Sequence[Body],
    attributes: Mapping[str, Any],
    name: str,
) -> tuple[tuple[Tensor, ...], Operation | None]:
    """Add the operation ``op`` with ``bodies`` to ``outer``: ``operands``, then all that the bodies captured.

    ``name`` is one of :func:`scope_name`. Its outputs and, in a graph, itself. Variables that a body writes are from
    here on what the operation leaves them.
    """
    captured = tuple(dict.fromkeys(each for body in bodies for each in body.captured))
    control = [each for body in bodies for each in body.graph.outer_control]
    attributes = {**attributes, "bodies": tuple(bodies), "captured": captured}
    if not isinstance(outer, Graph):
        return tuple(outer.apply(op, [*operands, *captured], attributes, name, None)), None
    with outer.control_dependencies(control) if control else nullcontext():
        operation = outer.add(op, (*operands, *captured), attributes, f"{name}/")
    for variable in dict.fromkeys(each for body in bodies for each in body.graph.written):
        with building.overriding(outer):
            variable.follow(variable.read_value())
    return operation.outputs, operation


def scope_name(outer: Any, name: str) -> str:
    """The full name of a construct in ``outer``, under which its bodies put the names of their operations."""
    return outer.unique_name(name) if isinstance(outer, Graph) else name
