"""Shape invariants: which shapes loop variables keep, and which change from iteration to iteration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.core.location import user_location
from polyflow.core.shapes import declared_shape, is_size
from polyflow.core.structures import Structure
from polyflow.core.types import Shape, TensorType, format_shape, shape_accepts
from polyflow.errors import ControlFlowError, ShapeError, message

UNCHANGED = "unchanged"
"""The invariant of a loop variable that keeps the shape it starts with."""


def carried_type(type: TensorType, invariant: Any) -> TensorType:
    """The type that a loop variable has in every iteration."""
    return type if invariant == UNCHANGED else TensorType(type.dtype, invariant)


def invariants_of(given: Any, structure: Structure, types: Sequence[TensorType]) -> list[Any]:
    """For each loop variable the shape that it keeps, checked against the type that it starts with."""
    shapes = _shapes(given, structure)
    for shape, type in zip(shapes, types, strict=True):
        if not shape_accepts(shape, type.shape) and type.shape is not None:
            raise ShapeError(
                message(
                    "while_loop: a loop variable does not start with its shape invariant",
                    found=format_shape(type.shape),
                    needed=format_shape(shape),
                    where=user_location(),
                )
            )
    return shapes


def _shapes(given: Any, structure: Structure) -> list[Shape | None]:
    if structure.kind is None:
        if given is None or (isinstance(given, list | tuple) and all(each is None or is_size(each) for each in given)):
            return [None if given is None else declared_shape(given)]
        raise _refused(given, "a shape (sizes of at least 0, None for what changes), or None for a rank that changes")
    keys = structure.keys if structure.kind is dict else range(len(structure.members))
    try:
        parts = [given[key] for key in keys]
        if len(parts) != len(given):
            raise IndexError
    except (TypeError, LookupError):
        raise _refused(given, f"a shape, or None, for each of {structure}") from None
    return [each for part, member in zip(parts, structure.members, strict=True) for each in _shapes(part, member)]


def _refused(given: Any, needed: str) -> ControlFlowError:
    return ControlFlowError(
        message(
            "while_loop: shape_invariants do not have the structure of loop_vars",
            found=repr(given),
            needed=needed,
            where=user_location(),
        )
    )
