"""The tutorials are true: what they show is built as a wheel, installed, run, and proved by the kit."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.plugins.packages import Tutorial, build, install, run, tutorial

IS_WHOLE = bool(os.environ.get("POLYFLOW_PLUGIN_ROAD"))
PAGES = {"your-own-op.md": "polyflow-angles", "your-own-backend.md": "polyflow-lists"}


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tutorial, Path, str]:
    """A tutorial, and the folder in which its package is installed from its wheel."""
    folder = tmp_path_factory.mktemp("stranger")
    name = PAGES[request.param]
    parts = tutorial(request.param)
    wheel = build(parts.write(folder / name), folder / "wheels")
    return parts, install([wheel], folder / "installed"), name


def test_the_example_prints_what_the_page_says(page: tuple[Tutorial, Path, str], tmp_path: Path) -> None:
    parts, installed, _ = page
    (tmp_path / "example.py").write_text(parts.files["example.py"], encoding="utf-8")
    assert run([sys.executable, "example.py"], tmp_path, installed) == parts.output


def test_the_kit_proves_the_package(page: tuple[Tutorial, Path, str], tmp_path: Path) -> None:
    parts, installed, _ = page
    assert parts.commands
    for command in parts.commands:
        if IS_WHOLE or command == parts.commands[0]:
            found = run([sys.executable, "-m", *command], tmp_path, installed)
            assert " 0 failed" in found
            assert not found.rstrip().splitlines()[-1].startswith("0 passed")


def test_the_plugin_is_listed_with_its_distribution(page: tuple[Tutorial, Path, str], tmp_path: Path) -> None:
    _, installed, name = page
    lines = run([sys.executable, "-m", "polyflow", "plugins"], tmp_path, installed).splitlines()
    (line,) = [each for each in lines if name in each]
    assert line.split()[-1] == "ok"
