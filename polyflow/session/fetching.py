"""Fetches and feeds: nested structures of graph elements, taken apart and put together again."""

from __future__ import annotations

from typing import Any

from polyflow.core.graph import Graph
from polyflow.core.structures import Rebuild, flatten
from polyflow.core.tensor import Operation, Tensor
from polyflow.errors import FeedError, FetchError, UnknownNameError, message


def flatten_fetches(fetches: Any) -> tuple[list[Any], Rebuild]:
    """The leaves of ``fetches`` in order, and the function that puts their values in the same structure."""
    leaves, structure = flatten(fetches)
    # After `x[key] = value` the object x stands for another tensor: a plan made before must not be found for it.
    return [each.__tensor__() if isinstance(each, Tensor) else each for each in leaves], structure.rebuilder()


def find_element(graph: Graph, value: Any, role: str) -> Tensor | Operation:
    """The tensor or operation of ``graph`` that ``value`` is or names; ``role`` is ``"fetch"`` or ``"feed"``."""
    refused = FetchError if role == "fetch" else FeedError
    element = getattr(value, "handle", value)
    if isinstance(element, str):
        element = _by_name(graph, element, role)
    if not isinstance(element, Tensor | Operation):
        raise refused(
            message(
                f"a {role} is nothing of a graph",
                found=f"{type(value).__name__}: {value!r:.80}",
                needed="a tensor, a variable, a name" + (", an operation" if role == "fetch" else ""),
            )
        )
    owner = element.operation.owner if isinstance(element, Tensor) else element.owner
    if owner is not graph:
        operation = element.operation if isinstance(element, Tensor) else element
        raise refused(
            message(
                f"{role} {element.name!r} belongs to another graph than the session",
                where=operation.location,
                needed="an element of the graph that the session was opened with",
                remedy="Session(graph=...) with the graph that it was built in",
            )
        )
    return element


def _by_name(graph: Graph, name: str, role: str) -> Tensor | Operation:
    refused = FetchError if role == "fetch" else FeedError
    try:
        if ":" in name or role == "feed":
            return graph.get_tensor_by_name(name)
        operation = graph.get_operation_by_name(name)
    except UnknownNameError as error:
        raise refused(f"{role}: {error}") from None
    return operation.outputs[0] if len(operation.outputs) == 1 else operation
