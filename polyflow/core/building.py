"""Who is building now: the default graph of each thread, and what may stand in its place.

A builder is whatever a call of an op adds its operation to: a graph, the program that a specialisation is making, or a
namespace that runs each op at once.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol


class Builder(Protocol):
    """What a called op is applied by."""

    def apply(
        self, op: Any, operands: Sequence[object], attributes: Mapping[str, Any], name: str | None, device: str | None
    ) -> Any:
        """Add an operation, or run it; return its output, or the tuple of them."""


class _Context(threading.local):
    """The builders of one thread: the default graph, and the stack of those that override every other choice."""

    def __init__(self) -> None:
        self.default: Builder | None = None
        self.overriding: list[Builder] = []


class _Root:
    """The default builder of threads that have set none."""

    builder: Builder | None = None


_context = _Context()
_root = _Root()


def default_builder() -> Builder:
    """The builder of ops that have no tensor among their operands."""
    if _context.overriding:
        return _context.overriding[-1]
    chosen = _root.builder if _context.default is None else _context.default  # a new graph is empty, and so is false
    if chosen is None:  # the first op of the process: the module of graphs sets the root when it is loaded
        import_module("polyflow.core.graph")
        chosen = _root.builder
    assert chosen is not None
    return chosen


def builder_of(operands: Sequence[object]) -> Builder:
    """The builder that ``operands`` belong to: an overriding one, that of the first tensor, or the default."""
    if _context.overriding:
        return _context.overriding[-1]
    for operand in operands:
        owner = getattr(operand, "owner", None)
        if owner is not None:
            return owner  # type: ignore[no-any-return]
    return default_builder()


def overriding_builder() -> Builder | None:
    """The builder that overrides every other choice in this thread, if there is one."""
    return _context.overriding[-1] if _context.overriding else None


def set_root(builder: Builder | None) -> None:
    """Make ``builder`` the default of every thread that has set none."""
    _root.builder = builder


def swap_default(builder: Builder | None) -> Builder | None:
    """Make ``builder`` this thread's default and return the one that was."""
    previous, _context.default = _context.default, builder
    return previous


class overriding:
    """While this context lasts, every op called in this thread is applied by ``builder``."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def __enter__(self) -> None:
        _context.overriding.append(self._builder)

    def __exit__(self, *_: object) -> None:
        _context.overriding.pop()
