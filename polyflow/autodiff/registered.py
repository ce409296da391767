"""Gradients registered by name, in TensorFlow 1's manner, for ops that have none of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polyflow.errors import GradientError, message

_RULES: dict[str, Callable[..., Any]] = {}


class RegisterGradient:
    """Decorator that makes a function the gradient of the op called ``name``.

    The function takes the operation (with ``inputs``, ``outputs``, ``output``, ``attributes``) and the gradient of its
    output, one argument for each output, and returns the gradients of its inputs.

    >>> import polyflow as pf
    >>> @pf.RegisterGradient("doctest_only")
    ... def doctest_only_gradient(operation, g):
    ...     return 2 * g
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        known = _RULES.get(self._name)
        if known is not None and _code(known.__wrapped__) is not _code(rule):  # type: ignore[attr-defined]
            raise GradientError(
                message(
                    f"{self._name!r} has a registered gradient already",
                    found=_full_name(known.__wrapped__),  # type: ignore[attr-defined]
                    needed="one gradient a name",
                )
            )

        def adapted(xp: Any, operation: Any, g: Any) -> Any:
            return rule(operation, *g) if isinstance(g, tuple) else rule(operation, g)

        adapted.__wrapped__ = rule  # type: ignore[attr-defined]
        _RULES[self._name] = adapted
        return rule


def _code(rule: Callable[..., Any]) -> object:
    """What is the same for a function that a reloaded module defines again."""
    return getattr(rule, "__code__", rule)


def _full_name(rule: Callable[..., Any]) -> str:
    return f"{rule.__module__}.{getattr(rule, '__qualname__', type(rule).__qualname__)}"


def registered_gradient(name: str) -> Callable[..., Any] | None:
    """The rule registered for the op called ``name``."""
    return _RULES.get(name)
