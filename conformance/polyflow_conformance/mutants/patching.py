"""Attributes replaced for a while, and put back as they were."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def patched(owner: Any, name: str, value: Any) -> Iterator[None]:
    """An attribute replaced for as long as the context lasts."""
    missing = object()
    own = vars(owner).get(name, missing) if hasattr(owner, "__dict__") else getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if own is missing:
            delattr(owner, name)
        else:
            setattr(owner, name, own)


@contextmanager
def patched_everywhere(names: Iterable[str], value: Any) -> Iterator[None]:
    """The functions of these names replaced in all modules of polyflow that have them."""
    wanted = tuple(names)
    with ExitStack() as stack:
        for path, module in list(sys.modules.items()):
            if path.startswith("polyflow."):
                for name in wanted:
                    if callable(vars(module).get(name)):
                        stack.enter_context(patched(module, name, value))
        yield
