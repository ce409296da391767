"""The manual is complete and its examples are true: docstrings of ops, modules, classes, functions and methods."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator

import pytest

import polyflow
from polyflow.core.declaration import Op
from polyflow.core.graph import Graph
from polyflow.extension.manager import extensions

OPS = dict(extensions().ops)


def importable() -> Iterator[str]:
    yield "polyflow"
    for found in pkgutil.walk_packages(polyflow.__path__, "polyflow."):
        if not found.name.endswith("__main__"):
            yield found.name


def documented(name: str) -> dict[str, str]:
    """The docstrings of a module, of its public functions and classes, and of their public methods."""
    module = importlib.import_module(name)
    found = {name: module.__doc__ or ""}
    for label, value in vars(module).items():
        if isinstance(value, Op) or label.startswith("_") or getattr(value, "__module__", None) != name:
            continue
        if inspect.isfunction(value) or inspect.isclass(value):
            found[f"{name}.{label}"] = value.__doc__ or ""
        if inspect.isclass(value):
            for part, member in vars(value).items():
                function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if not part.startswith("_") and inspect.isfunction(function):
                    found[f"{name}.{label}.{part}"] = function.__doc__ or ""
    return found


DOCTESTS = {f"op {name}": op.__doc__ or "" for name, op in OPS.items()}
BROKEN: dict[str, Exception] = {}
"""Modules that cannot be imported: one failing test each, instead of none that runs."""
for _name in importable():
    try:
        DOCTESTS |= {label: text for label, text in documented(_name).items() if ">>>" in text}
    except Exception as _error:
        BROKEN[_name] = _error


def test_every_module_can_be_imported() -> None:
    assert not BROKEN


@pytest.mark.parametrize("name", DOCTESTS)
def test_the_examples_of_the_manual_are_true(name: str) -> None:
    scope: dict[str, object] = {}
    if not name.startswith("op "):
        module, _, _ = name.rpartition(".")
        scope = vars(sys.modules.get(name) or sys.modules.get(module) or sys.modules[module.rpartition(".")[0]]).copy()
    report: list[str] = []
    example = doctest.DocTestParser().get_doctest(DOCTESTS[name], scope, name, None, 0)
    with Graph().as_default():
        doctest.DocTestRunner(verbose=False).run(example, out=report.append)
    assert not report, "".join(report)


def test_there_are_examples_everywhere() -> None:
    assert len(DOCTESTS) > len(OPS) + 40


@pytest.mark.parametrize("name", sorted(set(importable()) - {"polyflow", *BROKEN}))
def test_what_is_public_is_documented(name: str) -> None:
    rules = ("_gradient", "_kernel", "_expansion", "_samples", "_rule", "_batching")  # documented by their op
    missing = [
        label
        for label, text in documented(name).items()
        if not text and label.count(".") == name.count(".") + 1 and not label.endswith(rules)
    ]
    assert not missing, f"no docstring: {', '.join(missing)}"
