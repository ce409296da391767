"""The graph that a user builds: operations with unique names, in the order in which they were made.

It only grows. Scopes, control dependencies and device wishes are recorded on the operations made inside them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from polyflow.core import building
from polyflow.core.declaration import Op
from polyflow.core.inference import infer
from polyflow.core.literal import is_weak_number, literal, weak_literal
from polyflow.core.location import Location, user_location
from polyflow.core.primitives import constant_op
from polyflow.core.tensor import Operation, StaysHere, Tensor
from polyflow.core.types import TensorType
from polyflow.errors import FinalizedGraphError, GraphError, UnknownNameError, message, nearest


class Graph(StaysHere):
    """A program as data: what a session runs.

    >>> graph = Graph()
    >>> with graph.as_default():
    ...     x = graph.constant(2.0, name="x")
    >>> graph.get_tensor_by_name("x:0") is x
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        self._operations: list[Operation] = []
        self._by_name: dict[str, Operation] = {}
        self._name_counts: dict[str, int] = {}
        """By name as it was asked for, the last number that was put behind it: it and all lower ones are taken."""
        self._scope = ""
        self._control: list[tuple[Operation, ...]] = []
        self._device: str | None = None
        self._finalized = False
        self._lock = threading.RLock()
        self._collections: dict[str, list[Any]] = {}
        self.seed = seed
        """From which every random stream of the graph is derived."""

    # -- building

    def apply(
        self, op: Op, operands: Sequence[object], attributes: Mapping[str, Any], name: str | None, device: str | None
    ) -> Any:
        """Add an operation; return its output, or the tuple of them where the op declares several."""
        inputs = tuple(map(self.as_tensor, operands))
        return op.result_of(self.add(op, inputs, attributes, name, device).outputs)

    def add(
        self,
        op: Op,
        inputs: tuple[Tensor, ...],
        attributes: Mapping[str, Any],
        name: str | None = None,
        device: str | None = None,
    ) -> Operation:
        """Add an operation on tensors of this graph."""
        location = user_location(skipped=1)
        inferred = infer(op, [each.type for each in inputs], attributes, location)
        return self._added(op, inputs, inferred.attributes, inferred.outputs, name, device, location)

    def _added(
        self,
        op: Op,
        inputs: tuple[Tensor, ...],
        attributes: Mapping[str, Any],
        types: tuple[TensorType, ...],
        name: str | None,
        device: str | None,
        location: Location | None,
    ) -> Operation:
        with self._lock:
            if self._finalized:
                raise FinalizedGraphError(
                    message(f"{op.full_name}: the graph is finalized", where=location, remedy="build before finalize()")
                )
            control_inputs = self._current_control() if self._control else ()
            operation = Operation(  # all by position: by name it would take half as long again
                op, self.unique_name(name or op.name), inputs, attributes, types, control_inputs,
                device or self._device, location, self, len(self._operations),
            )  # fmt: skip
            self._operations.append(operation)
        return operation

    def as_tensor(self, value: object) -> Tensor:
        """``value`` as a tensor of this graph: a tensor, a variable, a number, a nested list or an array."""
        if not isinstance(value, Tensor) or value.rebound is not None:
            convert = getattr(value, "__tensor__", None)
            if convert is None:
                return self.constant(value)
            value = convert()
        assert isinstance(value, Tensor), "__tensor__ returns a tensor"
        if value.operation.owner is not self:
            raise _of_another_graph(value.name, value.operation)
        return value

    def constant(self, value: object, dtype: Any = None, name: str | None = None) -> Tensor:
        """A tensor that always has ``value``; a bare Python number takes the dtype of what it meets."""
        is_weak = dtype is None and is_weak_number(value)
        snapshot = weak_literal(value) if is_weak else literal(value, dtype)
        attributes = {"value": snapshot, "weak": is_weak}
        types = (constant_op.rule(**attributes),)
        return self._added(constant_op, (), attributes, types, name, None, user_location(skipped=1)).outputs[0]

    def unique_name(self, name: str) -> str:
        """``name`` inside the current scope, numbered if it is taken; one that ends in ``/`` was made so before."""
        if name.endswith("/"):
            return name[:-1]
        name = self._scope + name
        counts = self._name_counts
        count = counts.get(name)
        if count is None:
            count = 0
            if not self._is_numbered(name):
                counts[name] = count
                return name
        while True:
            count += 1
            candidate = f"{name}_{count}"
            if candidate not in counts:
                counts[name] = count
                return candidate

    def _is_numbered(self, name: str) -> bool:
        """Whether ``name`` has been made from another name, with a number: such names are not kept one by one."""
        stem, _, number = name.rpartition("_")
        count = self._name_counts.get(stem, 0)
        return count > 0 and number.isdecimal() and 1 <= int(number) <= count and str(int(number)) == number

    def finalize(self) -> None:
        """Refuse every further operation: what runs from now on cannot change."""
        self._finalized = True

    @property
    def finalized(self) -> bool:
        return self._finalized

    # -- scopes

    def as_default(self) -> _Default:
        """Make this graph the default of the thread: at once, and for good unless used with ``with``."""
        return _Default(self)

    @contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Put ``name/`` before the names of the operations made inside; an empty name returns to the top."""
        previous = self._scope
        self._scope = f"{self.unique_name(name)}/" if name else ""
        try:
            yield self._scope
        finally:
            self._scope = previous

    @contextmanager
    def control_dependencies(self, control_inputs: Sequence[Any] | None) -> Iterator[None]:
        """Make the operations made inside run after ``control_inputs``; ``None`` lifts the outer ones."""
        previous = self._control
        if control_inputs is None:
            self._control = []
        else:
            self._control = [*previous, tuple(self._as_operation(each) for each in control_inputs)]
        try:
            yield
        finally:
            self._control = previous

    @contextmanager
    def device(self, name: str | None) -> Iterator[None]:
        """Wish for the operations made inside to be placed on device ``name``."""
        previous, self._device = self._device, name
        try:
            yield
        finally:
            self._device = previous

    def _current_control(self) -> tuple[Operation, ...]:
        return tuple(dict.fromkeys(each for group in self._control for each in group))

    def _as_operation(self, value: Any) -> Operation:
        if not isinstance(value, Operation):
            return self.as_tensor(value).operation
        if value.owner is not self:
            raise _of_another_graph(value.name, value)
        return value

    # -- looking things up

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, in the order in which they were made."""
        return tuple(self._operations)

    def get_operations(self) -> list[Operation]:
        """All operations, as TensorFlow 1 asks for them."""
        return list(self._operations)

    def get_operation_by_name(self, name: str) -> Operation:
        """The operation called ``name``."""
        with self._lock:  # those made since the last time anybody asked are not among them yet
            self._by_name.update((each.name, each) for each in self._operations[len(self._by_name) :])
        found = self._by_name.get(name)
        if found is None:
            raise UnknownNameError(message(f"no operation {name!r} in the graph", remedy=nearest(name, self._by_name)))
        return found

    def get_tensor_by_name(self, name: str) -> Tensor:
        """The tensor called ``operation:index``; ``:0`` may be left out."""
        operation_name, _, index = name.partition(":")
        outputs = self.get_operation_by_name(operation_name).outputs
        position = int(index or 0) if (index or "0").isdigit() else len(outputs)
        if position >= len(outputs):
            raise UnknownNameError(
                message(f"no tensor {name!r} in the graph", needed=f"an index below {len(outputs)} after the colon")
            )
        return outputs[position]

    def collection(self, name: str) -> list[Any]:
        """The list kept under ``name``, such as the graph's variables."""
        return self._collections.setdefault(name, [])

    def add_to_collection(self, name: str, value: Any) -> None:
        """Add ``value`` to the list kept under ``name``."""
        self.collection(name).append(value)

    def get_collection(self, name: str) -> list[Any]:
        """A copy of the list kept under ``name``, as TensorFlow 1 gives it."""
        return list(self.collection(name))

    def __len__(self) -> int:
        return len(self._operations)

    def __repr__(self) -> str:
        return f"<Graph of {len(self._operations)} operations>"


def _of_another_graph(name: str, operation: Operation) -> GraphError:
    return GraphError(
        message(
            f"{name} belongs to another graph",
            found=f"it was built at {operation.location}",
            needed="tensors and operations of one graph",
            where=user_location(),
            remedy="build it inside `with graph.as_default():`",
        )
    )


class _Default:
    """The result of ``graph.as_default()``: the graph is the default already; leaving a ``with`` undoes it."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._previous = building.swap_default(graph)

    def __enter__(self) -> Graph:
        return self._graph

    def __exit__(self, *_: object) -> None:
        building.swap_default(self._previous)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._graph, name)


def get_default_graph() -> Graph:
    """The graph that operations without tensor operands are added to in this thread."""
    builder = building.default_builder()
    assert isinstance(builder, Graph), "a rule that builds a program must not ask for the default graph"
    return builder


def reset_default_graph() -> None:
    """Start over with an empty default graph, in this thread and for those that have set none."""
    building.swap_default(None)
    building.set_root(Graph())


def on_default_graph(method: Callable[..., Any]) -> Callable[..., Any]:
    """A function that calls the named method of the default graph."""

    def function(*args: Any, **kwargs: Any) -> Any:
        return getattr(get_default_graph(), method.__name__)(*args, **kwargs)

    function.__name__ = function.__qualname__ = method.__name__
    function.__doc__ = method.__doc__
    return function


name_scope = on_default_graph(Graph.name_scope)
control_dependencies = on_default_graph(Graph.control_dependencies)
device = on_default_graph(Graph.device)
building.set_root(Graph())
