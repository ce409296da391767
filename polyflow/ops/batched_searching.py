"""Batching rules of the ops that search a table, for tables of each example's own: all are sorted at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.core.batching import again, flat, in_all


def batched_searchsorted(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The rule of ``searchsorted``, whose operands are the table, what is sought and perhaps a sorter."""
    if batched[1] and sum(batched) == 1:
        return again(operation, inputs)
    table, sought, *sorter = in_all(xp, inputs, batched)
    if sorter:
        table = xp.take_along_axis(table, sorter[0], axis=1)
    found = _places(xp, table, flat(xp, sought), operation.attributes["side"])
    return xp.reshape(found, sought.type.static_shape)


def batched_isin(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The rule of ``isin``, whose second operand is the table."""
    if not batched[1]:
        return again(operation, inputs)
    sought, table = in_all(xp, inputs, batched)
    lines, table = flat(xp, sought), flat(xp, table)
    if lines.dtype.kind in ("bool", "complex"):  # which have no order
        found = xp.any(xp.expand_dims(lines, axis=2) == xp.expand_dims(table, axis=1), axis=2)
    else:
        table = xp.sort(table, axis=1)
        found = _places(xp, table, lines, "right") > _places(xp, table, lines, "left")
        found = found & (lines == lines)  # NaN, which sorts beside NaN, equals nothing
    if operation.attributes["invert"]:
        found = ~found
    return xp.reshape(found, sought.type.static_shape)


def _places(xp: Any, table: Any, sought: Any, side: str) -> Any:
    """For lines of ``table``, sorted, and of ``sought``: how many of the table stand before each that is sought.

    That is its place among all, less its place among those that are sought; sorting is stable, so that among equals
    those come first that stand first.
    """
    parts = [sought, table] if side == "left" else [table, sought]
    places = _ranks(xp, xp.concat(parts, axis=1))
    start = 0 if side == "left" else table.shape[1]
    return places[:, start : start + sought.shape[1]] - _ranks(xp, sought)


def _ranks(xp: Any, x: Any) -> Any:
    """The place of each element in its line, once that is sorted."""
    return xp.argsort(xp.argsort(x, axis=1), axis=1)
