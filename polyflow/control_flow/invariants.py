"""Shape invariants: which shapes loop variables keep, and which change from iteration to iteration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyflow.core.location import user_location
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
        if given is None or all(each is None or isinstance(each, int) for each in given):
            return [None if given is None else tuple(given)]
        given = None if not isinstance(given, Mapping) else given
    keys = structure.keys if structure.kind is dict else range(len(structure.members))
    try:
        parts = [given[key] for key in keys]
        if len(parts) != len(given):
            raise IndexError
    except (TypeError, LookupError):
        raise ControlFlowError(
            message(
                "while_loop: shape_invariants do not have the structure of loop_vars",
                found=repr(given),
                needed=f"a shape, or None, for each of {structure}",
                where=user_location(),
            )
        ) from None
    return [each for part, member in zip(parts, structure.members, strict=True) for each in _shapes(part, member)]
