"""Packages that only gather names: each is loaded when it is first asked for."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable


def gathered(package: str) -> tuple[list[str], Callable[[str], object], Callable[[], list[str]]]:
    """``__all__``, ``__getattr__`` and ``__dir__`` of a package whose stub, ``__init__.pyi``, says where names live.

    >>> names, get, _ = gathered("polyflow.nn")
    >>> "relu" in names, get("relu").__module__
    (True, 'polyflow.ops.rectifiers')
    """
    module = sys.modules[package]
    homes = _read_homes(f"{str(module.__file__).removesuffix('c')}i")

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home, inner = homes[name]
        if home == package:
            found: object = importlib.import_module(f"{package}.{inner}")
        else:
            found = getattr(importlib.import_module(home), inner)
        setattr(module, name, found)
        return found

    return sorted(homes), get, lambda: sorted({*vars(module), *homes})


def _read_homes(stub: str) -> dict[str, tuple[str, str]]:
    """Module and name there, for each public name."""
    with open(stub, encoding="utf-8") as file:
        imports = re.findall(r"^from (\S+) import (\([^)]*\)|[^\n(]+)", file.read(), re.MULTILINE)
    homes = {}
    for module, names in imports:
        for each in names.strip("()").split(","):
            name, _, public = each.strip().partition(" as ")
            if public:
                homes[public.strip()] = module, name
    return homes
