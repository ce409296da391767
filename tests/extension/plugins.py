"""Plugins, backends and fixtures that the tests of this folder share."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow.plugin
from polyflow.core.declaration import define_op
from polyflow.core.types import TensorType
from polyflow.extension import BackendEntry, NamespaceBackend, hookimpl, manager
from polyflow.extension.manager import GROUP, Extensions


@define_op(dtypes="numeric")
def triple(x: TensorType, /) -> TensorType:
    """Three times ``x``."""
    return x


@triple.gradient
def triple_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.multiply(g, 3)


@define_op(name="triple")
def another_triple(x: TensorType, /) -> TensorType:
    return x


class FewBackend(NamespaceBackend):
    """NumPy under another name."""

    def __init__(self, name: str = "few") -> None:
        super().__init__(name, np)
        self.array_types = (np.ndarray, np.generic)


def plugin(**hooks: Callable[[], Any]) -> types.SimpleNamespace:
    """A plugin with hooks such as ``ops=...``."""
    made = types.SimpleNamespace()
    for name, function in hooks.items():

        def hook(function: Callable[[], Any] = function) -> Any:
            return function()

        hook.__name__ = f"polyflow_{name}"
        setattr(made, hook.__name__, hookimpl(hook))

    return made


def fail(error: Exception) -> Any:
    raise error


@pytest.fixture
def installed() -> Extensions:
    """The built-in plugin and a backend, as if nothing else were installed."""
    found = Extensions(load_entry_points=False)
    found.register(polyflow.plugin, "builtin", "polyflow")
    found.register(
        plugin(backends=lambda: [BackendEntry("few", FewBackend, "a few things", "pip install few")]), "few", "few-dist"
    )
    return found


class Point:
    """An entry point, as installed packages have it."""

    def __init__(self, name: str, load: Callable[[], object]) -> None:
        self.name, self.value, self.load = name, f"{name}_module", load


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> list[Point]:
    found = [
        Point("good", lambda: plugin(backends=lambda: [BackendEntry("few", FewBackend)])),
        Point("bad", lambda: fail(ModuleNotFoundError("No module named 'torch'"))),
        Point("ugly", lambda: plugin(nonsense=list)),
    ]

    def entry_points(group: str) -> list[tuple[Point, str]]:
        by_name = sorted(found, key=lambda each: each.name)
        return [(each, f"{each.name}-dist") for each in by_name] if group == GROUP else []

    monkeypatch.setattr(manager, "entry_points", entry_points)
    return found
