"""How a backend may write an operation in generated code: as an expression, instead of a call of its kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from polyflow.core.tensor import Operation

KernelT = TypeVar("KernelT", bound=Callable[..., Any])


class Expression(NamedTuple):
    """A Python expression for the one result of an operation.

    >>> Expression("{ones}.dot({0})", {"ones": [1.0, 1.0]}).text.format("x", ones="c1")
    'c1.dot(x)'
    """

    text: str
    """With the operands as ``{0}``, ``{1}`` and so on, and the constants by their names in braces."""
    constants: Mapping[str, Any] = MappingProxyType({})
    """Objects that the expression refers to; a function too is one."""


Maker = Callable[[Operation], Expression | None]
"""Finds the expression for an operation whose types are known; ``None`` leaves it to the kernel."""


def written_by(maker: Maker) -> Callable[[KernelT], KernelT]:
    """A decorator of a kernel: what ``maker`` finds for an operation says what the kernel would, and sooner."""

    def hang(kernel: KernelT) -> KernelT:
        kernel.expression = maker  # type: ignore[attr-defined]
        return kernel

    return hang
