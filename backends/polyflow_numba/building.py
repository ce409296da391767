"""From the source of a region to its function: compiled once, and kept on disk for other processes.

The folder is ``polyflow/numba`` in the user's cache, or what the environment variable ``POLYFLOW_NUMBA_CACHE`` names;
where that is empty, nothing is kept.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from polyflow_numba import functions

VARIABLE = "POLYFLOW_NUMBA_CACHE"
Region = Callable[..., Any]
_made: dict[str, Region] = {}
_lock = threading.Lock()


def function_of(source: str) -> Region:
    """The function ``region`` of that source, which is compiled unless this process, or one before it, has done so."""
    with _lock:
        found = _made.get(source)
        if found is None:
            found = _made[source] = _module(source).region
    return found


def folder() -> Path | None:
    """Where compiled regions are kept; ``None`` for nowhere."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named).expanduser() if named else None
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return (Path(caches) / "polyflow" / "numba").expanduser()


def _module(source: str) -> Any:
    place = folder()
    if place is not None:
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            return _loaded(_written(source, place))
        except OSError:  # a folder that cannot be written to costs time and nothing else
            pass
    module = ModuleType("polyflow_numba_region")
    exec(compile(source, "<polyflow region>", "exec"), module.__dict__)
    return module


def _written(source: str, place: Path) -> Path:
    """A file with that source. Numba finds what it has compiled by file and version, and knows nothing of the functions
    that the source imports: these are part of the name."""
    text = Path(functions.__file__).read_text(encoding="utf-8")
    name = hashlib.sha256(f"{source}\n{text}".encode()).hexdigest()[:32]
    path = place / f"region_{name}.py"
    if not path.exists():
        number, draft = tempfile.mkstemp(dir=place)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(source)
        os.replace(draft, path)
    return path


def _loaded(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # where Numba looks for it when it reads back what it compiled
    spec.loader.exec_module(module)
    return module
