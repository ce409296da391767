"""The README does what it says: every Python example in it runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import polyflow

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_readme_example_runs(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    polyflow.reset_default_graph()
    exec(compile(BLOCKS[number], f"README.md, example {number}", "exec"), {"__name__": "readme"})
    assert capsys.readouterr().out, "an example shows something"


def test_readme_examples_print_what_they_promise(capsys: pytest.CaptureFixture[str]) -> None:
    polyflow.reset_default_graph()
    exec(BLOCKS[-1], {"__name__": "readme"})
    assert capsys.readouterr().out == "[ 2 -1]\n"


def test_readme_names_only_targets_that_make_has() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make ([a-z-]+)", (ROOT / "README.md").read_text(), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
