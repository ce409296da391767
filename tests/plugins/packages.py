"""Packages of strangers: taken from the tutorials or written by the scaffold, built as wheels, installed, run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Tutorial(NamedTuple):
    """The parts of a page: the files that it shows, what its example prints, and the commands to run."""

    files: dict[str, str]
    output: str
    commands: list[list[str]]

    def write(self, folder: Path) -> Path:
        """The files in ``folder``."""
        for path, text in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        return folder


def tutorial(name: str) -> Tutorial:
    """The parts of ``docs/<name>``."""
    blocks = BLOCK.findall((ROOT / "docs" / name).read_text(encoding="utf-8"))
    lines = [line for language, _, text in blocks if language == "console" for line in text.splitlines()]
    return Tutorial(
        {path: text for _, path, text in blocks if path},
        "".join(text for language, _, text in blocks if language == "text"),
        [shlex.split(line.removeprefix("$ ")) for line in lines if line.startswith("$ ")],
    )


def build(package: Path, into: Path) -> Path:
    """The wheel of ``package``, built in this environment: nothing is downloaded."""
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)], package)
    (wheel,) = into.glob(f"{package.name.replace('-', '_')}-*.whl")
    return wheel


def install(wheels: Sequence[Path], into: Path) -> Path:
    """A folder that holds what the wheels install."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(into)]
    run([*command, *map(str, wheels)], into.parent)
    return into


def run(command: Sequence[str], folder: Path, installed: Path | None = None) -> str:
    """What ``command`` prints, run in ``folder`` where the packages in ``installed`` can be imported."""
    environment = dict(os.environ)
    if installed is not None:
        environment["PYTHONPATH"] = str(installed)
    found = subprocess.run(
        list(command), cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert found.returncode == 0, f"{' '.join(command)}\n{found.stdout}\n{found.stderr}"
    return found.stdout
