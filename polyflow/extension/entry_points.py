"""The entry points of installed distributions, read without ``importlib.metadata``, which takes longer to load.

Only distributions in plain folders of ``sys.path`` are read here, which is how installers leave them. Where there might
be others (zip files, eggs, finders with distributions of their own) ``importlib.metadata`` is asked as ever.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.machinery import PathFinder
from typing import Any, Protocol

from polyflow.errors import PluginError, message

_INFORMATION = (".dist-info", ".egg-info")


class EntryPoint(Protocol):
    """What plugins are found by; those of ``importlib.metadata`` are such."""

    @property
    def name(self) -> str:
        """Of the plugin."""

    @property
    def value(self) -> str:
        """Where it is, as ``"module"`` or ``"module:attribute"``."""

    def load(self) -> Any:
        """The object there."""


class FoundEntryPoint:
    """An entry point that a distribution in a folder declares."""

    def __init__(self, name: str, value: str, distribution: str) -> None:
        self.name = name
        self.value = value
        self.distribution = distribution

    def load(self) -> Any:
        """The module, or the attribute of it, that the value names.

        >>> FoundEntryPoint("pi", "math:pi", "python").load()
        3.141592653589793

        Raises what importing it raises, and ``PluginError`` where the value has another form.
        """
        path, _, _extras = self.value.partition("[")  # which nobody reads
        module, colon, attributes = map(str.strip, path.partition(":"))
        names = attributes.split(".") if colon else []
        if not all(each.isidentifier() for each in (*module.split("."), *names)):
            raise PluginError(
                message(
                    f"entry point {self.name!r} of {self.distribution} names no module",
                    found=self.value,
                    needed="module, or module:attribute",
                )
            )
        found: Any = import_module(module)
        for name in names:
            found = getattr(found, name)
        return found


def entry_points(group: str) -> list[tuple[EntryPoint, str]]:
    """The entry points of ``group``, by name, each with the name of its distribution.

    >>> sorted(point.name for point, distribution in entry_points("polyflow") if distribution == "polyflow")
    ['builtin', 'conformance', 'jax', 'numba', 'numpy', 'reference', 'torch']

    Of two distributions of one name the first on ``sys.path`` counts.
    """
    if not _is_plain():
        return _by_library(group)
    found: list[tuple[EntryPoint, str]] = []
    seen = set()
    for folder in dict.fromkeys(map(str, sys.path)):
        for information in _distributions(folder or "."):
            name = _normal_name(information)
            if name in seen:
                continue
            seen.add(name)
            text = _read(information, "entry_points.txt")
            if f"[{group}]" in text:
                distribution = _name(information)
                found += [(FoundEntryPoint(*pair, distribution), distribution) for pair in _section(text, group)]
    return sorted(found, key=lambda each: each[0].name)


def _is_plain() -> bool:
    """Whether all distributions that Python knows of lie in folders of ``sys.path``."""
    finders = (each for each in sys.meta_path if each is not PathFinder)
    if any(getattr(each, "find_distributions", None) is not None for each in finders):
        return False
    return not any(each.lower().rstrip("/\\").endswith(".egg") or os.path.isfile(each) for each in map(str, sys.path))


def _by_library(group: str) -> list[tuple[EntryPoint, str]]:
    import importlib.metadata  # half of the time of `import polyflow`, and hardly anybody needs it

    points: Sequence[Any] = sorted(importlib.metadata.entry_points(group=group), key=lambda each: each.name)
    return [(each, each.dist.name if each.dist is not None else "unknown") for each in points]


def _distributions(folder: str) -> Iterator[str]:
    try:
        entries = os.listdir(folder)
    except OSError:  # not there, or not for us to read
        return
    for each in entries:
        if each.lower().endswith(_INFORMATION):
            yield os.path.join(folder, each)


def _normal_name(information: str) -> str:
    """The name by which distributions are told apart."""
    stem = os.path.basename(information).rpartition(".")[0].partition("-")[0]
    return "-".join(filter(None, stem.lower().replace("_", "-").replace(".", "-").split("-")))


def _name(information: str) -> str:
    """The name as its author writes it."""
    for file in ("METADATA", "PKG-INFO", ""):
        for line in _read(information, file).splitlines():
            if not line:
                break  # the end of the fields
            if line.lower().startswith("name:"):
                return line[len("name:") :].strip()
    return "unknown"


def _read(information: str, file: str) -> str:
    path = os.path.join(information, file) if file else information
    try:
        with open(path, "rb", buffering=0) as opened:  # text takes half as long again, and there are dozens
            return opened.read().decode()
    except (OSError, UnicodeDecodeError):  # as in `importlib.metadata`: what cannot be read is not there
        return ""


def _section(text: str, group: str) -> Iterator[tuple[str, str]]:
    """Names and values in the section ``group``."""
    current = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            current = line[1:-1]
        elif current == group and line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name.strip(), value.strip()
