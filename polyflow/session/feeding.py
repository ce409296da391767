"""Feeds: what is fed, as an array that programs take, and of a type that was promised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.core.graph import Graph
from polyflow.core.literal import literal
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType, accepts
from polyflow.errors import FeedError, PolyflowError, message, with_line
from polyflow.extension.backend import Backend
from polyflow.extension.fallback import holder_of
from polyflow.extension.lacks import check_dtype
from polyflow.session.fetching import find_element


def find_feed(graph: Graph, key: Any) -> Tensor:
    """The tensor of ``graph`` that ``key`` is or names."""
    element = find_element(graph, key, "feed")
    if isinstance(element, Operation):
        raise FeedError(message(f"operation {element.name!r} cannot be fed", needed="a tensor, or the name of one"))
    return element


def convert_feed(backend: Backend, device: str, tensor: Tensor, value: Any) -> tuple[Any, TensorType]:
    """``value`` as an array that programs take, and its type, which must be one that ``tensor`` accepts."""
    array, found = as_array(backend, device, tensor, value)
    declared = tensor.type
    if found.dtype is not declared.dtype or found.shape != declared.shape:
        check_feed(tensor, found)
    return array, found


def as_array(backend: Backend, device: str, tensor: Tensor, value: Any) -> tuple[Any, TensorType]:
    """``value`` as an array that programs take, and its type; Python numbers take the dtype of ``tensor``."""
    found = backend.type_of(value)
    if found is not None:
        return value, found
    try:
        is_nested = isinstance(value, list | tuple | bool | int | float | complex)
        snapshot = literal(value, tensor.type.dtype if is_nested and not hasattr(value, "dtype") else None)
    except PolyflowError as error:
        raise with_line(FeedError(f"feed of {tensor.name!r}: {error}"), tensor.operation.location) from None
    found = snapshot.type
    if not accepts(TensorType(tensor.type.dtype, None), found):
        check_feed(tensor, found)
    holder = holder_of(found.known_dtype, backend)
    check_dtype(tensor, found, holder)
    return holder.from_literal(snapshot, device if holder is backend else holder.devices()[0]), found


def check_distinct(tensors: Sequence[Tensor]) -> None:
    """Refuse a tensor that is fed twice."""
    if len(set(tensors)) != len(tensors):
        twice = next(each for place, each in enumerate(tensors) if each in set(tensors[:place]))
        raise FeedError(message(f"{twice.name!r} is fed twice", where=twice.operation.location, remedy="feed it once"))


def check_feed(tensor: Tensor, found: TensorType) -> None:
    """Refuse a value of type ``found`` for ``tensor``, unless it is one that was promised."""
    declared = tensor.type
    if accepts(declared, found):
        return
    is_dtype = declared.dtype is not None and declared.dtype is not found.dtype
    remedy = f"cast it: value.astype({str(declared.dtype)!r})" if is_dtype else "reshape the value, or the placeholder"
    raise FeedError(
        message(
            f"feed of {tensor.name!r} has the wrong {'dtype' if is_dtype else 'shape'}",
            found=str(found),
            needed=str(declared),
            where=tensor.operation.location,
            remedy=remedy,
        )
    )
