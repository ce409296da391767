"""``polyflow new backend NAME`` and ``polyflow new op-plugin NAME``: a small package that a stranger starts from.

What is written installs, passes its linter and its own run of the conformance kit as it stands.
"""

from __future__ import annotations

import argparse
import keyword
from importlib.util import find_spec
from pathlib import Path

from polyflow.errors import ValueRangeError, message
from polyflow.extension.contract import CONTRACT
from polyflow.extension.manager import extensions
from polyflow.tools import scaffold_backend, scaffold_op

_KINDS = {"backend": scaffold_backend.FILES, "op-plugin": scaffold_op.FILES}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``polyflow new``."""
    parser.add_argument("kind", choices=sorted(_KINDS), help="what the package is to bring")
    parser.add_argument("name", metavar="NAME", help="a word that Python takes as a name")
    parser.add_argument("--into", type=Path, default=Path(), metavar="DIR", help="where to write it; here by default")


def run(arguments: argparse.Namespace) -> int:
    """Write the package and say what to do with it."""
    folder = write_package(arguments.kind, arguments.name, arguments.into)
    print(f"written to {folder}; next:\n  pip install -e {folder}\n  pytest {folder}")
    return 0


def write_package(kind: str, name: str, into: Path) -> Path:
    """Write the files of a package of ``kind`` called ``polyflow-<name>`` under ``into``; its folder.

    Raises ``ValueRangeError`` where ``name`` is no name in Python, where something installed has it, or where the
    folder is there already.
    """
    if not name.isascii() or not name.isidentifier() or keyword.iskeyword(name) or name != name.lower():
        raise ValueRangeError(
            message(
                f"polyflow new {kind}: a package cannot be called {name!r}",
                needed="lower-case letters, digits and underscores that make up a name in Python",
            )
        )
    taken = _taken_by(name)
    if taken is not None:
        raise ValueRangeError(
            message(f"polyflow new {kind}: the name {name!r} is taken", found=taken, needed="a name of your own")
        )
    folder = into / f"polyflow-{name.replace('_', '-')}"
    if folder.exists():
        raise ValueRangeError(
            message(f"polyflow new {kind}: {folder} is there already", remedy="another name, or --into another folder")
        )
    texts = {
        "@name@": name,
        "@distribution@": folder.name,
        "@package@": f"polyflow_{name}",
        "@Class@": "".join(part.capitalize() for part in name.split("_")),
        "@contract@": ".".join(map(str, CONTRACT)),
    }
    for path, text in _KINDS[kind].items():
        for mark, replacement in texts.items():
            path, text = path.replace(mark, replacement), text.replace(mark, replacement)
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder


def _taken_by(name: str) -> str | None:
    """What is installed under ``name``, which a package would hide or clash with; ``None`` where nothing is."""
    installed = extensions()
    if name == "polyflow" or any(each.name == name for each in installed.records):
        return f"a plugin called {name!r}"
    if name in installed.backend_entries:
        return f"a backend called {name!r}, of {installed.backend_entries[name][1]}"
    if installed.ops.resolve(name) is not None:
        return f"ops called {name!r}"
    return f"the package polyflow_{name}" if find_spec(f"polyflow_{name}") is not None else None
