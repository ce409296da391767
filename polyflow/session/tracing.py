"""Tracing: a Python function called once on symbolic tensors, which leaves a graph of what it did.

Which of its arguments become tensors is decided here. Arrays do, and Python floats and complex numbers, in the dtype in
which the arrays beside them meet (the default dtype without any). Everything else - integers, bools, strings, None -
is a value that the trace is made for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from polyflow.core import building
from polyflow.core.building import Builder
from polyflow.core.capturing import CapturingGraph
from polyflow.core.declaration import Op
from polyflow.core.dtypes import DEFAULT_DTYPES, DType, as_dtype, complex_dtype, promote, real_dtype
from polyflow.core.graph import Graph
from polyflow.core.literal import literal
from polyflow.core.location import user_location
from polyflow.core.program_builder import ProgramBuilder
from polyflow.core.tensor import Operation, Tensor
from polyflow.errors import GraphError, message
from polyflow.ops.ordering import identity
from polyflow.ops.state import Variable, assign_op, read_variable_op


class TracedGraph(CapturingGraph):
    """The graph of one traced function: it has no state, and reaches out only if told into which builder."""

    def __init__(self, function: str, outer: Builder | None = None) -> None:
        super().__init__(outer)
        self.function = function

    def _capture(self, tensor: Tensor) -> Tensor:
        if self.outer is None:
            raise self._foreign(tensor)
        return super()._capture(tensor)

    def _foreign(self, tensor: Tensor) -> GraphError:
        state = tensor.operation.op.is_variable or tensor.operation.op is read_variable_op
        value = f"session.run({tensor.operation.name})" if state else "its value"
        return GraphError(
            message(
                f"{self.function} uses {tensor.name}, {'a variable' if state else 'a tensor'} of another graph",
                found=f"it was built at {tensor.operation.location}",
                needed="arguments, and what is computed from them: a traced function has a graph of its own",
                where=user_location(),
                remedy=f"pass {value} as an argument, or call the function on tensors of that graph",
            )
        )

    def add(
        self,
        op: Op,
        inputs: tuple[Tensor, ...],
        attributes: Mapping[str, Any],
        name: str | None = None,
        device: str | None = None,
    ) -> Operation:
        """Add an operation; one that makes, reads or writes a variable is refused."""
        if op.is_variable or op is assign_op or op is read_variable_op:
            what = "makes a variable" if op.is_variable else "reads or writes a variable"
            raise GraphError(
                message(
                    f"{self.function} {what} while it is traced",
                    needed="a function of its arguments: a trace runs many times, and keeps no state between runs",
                    where=user_location(),
                    remedy="make the variable outside, pass its value as an argument and return the new one; "
                    "give random numbers a key: polyflow.random.normal(shape, key=key)",
                )
            )
        return super().add(op, inputs, attributes, name, device)


# -- where a function is called


def current_builder(leaves: Sequence[Any]) -> Builder | None:
    """What a call with these leaves builds into: a trace that is going on, the graph of a tensor; ``None`` for none."""
    found = building.overriding_builder()
    if isinstance(found, Graph | ProgramBuilder):
        return found
    for each in leaves:
        if isinstance(each, Tensor | Variable):
            return each.owner
    return None


# -- what arguments are


def is_number(leaf: object) -> bool:
    """Whether ``leaf`` is a Python number that becomes a tensor: a float or a complex number, no integer or bool."""
    return isinstance(leaf, float | complex) and not hasattr(leaf, "dtype")


def is_array(leaf: object) -> bool:
    """Whether ``leaf`` is an array or a tensor."""
    return hasattr(leaf, "dtype") and hasattr(leaf, "shape")


def number_dtype(number: object, dtypes: Sequence[DType | None]) -> DType:
    """The dtype of a Python float or complex number among arrays of ``dtypes``.

    >>> from polyflow.core.dtypes import float64, int8
    >>> number_dtype(1.0, [int8]), number_dtype(1.0, [int8, float64]), number_dtype(1j, [float64])
    (polyflow.float32, polyflow.float64, polyflow.complex128)
    """
    met = [each for each in dtypes if each is not None and each.is_differentiable]
    if not met:
        return DEFAULT_DTYPES[complex if isinstance(number, complex) else float]
    common = reduce(promote, met)
    return complex_dtype(common) if isinstance(number, complex) else real_dtype(common)


def as_tensors(leaves: Sequence[Any], builder: Any, beside: Sequence[Any] = ()) -> list[Any]:
    """``leaves`` with arrays and numbers as tensors of ``builder``, each a new one that stands for no other value.

    Numbers take the dtype in which arrays among the leaves, and those ``beside`` them, meet.
    """
    dtypes = [_dtype_of(each) for each in (*leaves, *beside)]
    found: list[Any] = []
    for leaf in leaves:
        if is_number(leaf):
            leaf = literal(leaf, number_dtype(leaf, dtypes))
        elif not is_array(leaf):
            found.append(leaf)
            continue
        found.append(identity(builder.as_tensor(leaf)))
    return found


def _dtype_of(leaf: Any) -> DType | None:
    if isinstance(leaf, Tensor | Variable):
        return leaf.dtype
    return as_dtype(leaf.dtype) if is_array(leaf) else None


def is_tensor_like(value: object) -> bool:
    """Whether a function that returns ``value`` returns something that is computed: no string, no None."""
    return hasattr(value, "__tensor__") or is_array(value) or isinstance(value, bool | int | float | complex)
