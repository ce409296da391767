"""The pages of the manual do what they say: their Python examples run in order, and print what stands below them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import polyflow

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ["control-flow.md", "edge-cases.md", "sessions.md", "tensorflow-1.md"]
EXAMPLE = re.compile(r"```python\n(.*?)```\n```text\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_print_what_it_shows(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (DOCS / page).read_text()
    examples = EXAMPLE.findall(text)
    assert len(examples) == text.count("```python"), "an example without what it prints"
    scope = {"__name__": page}
    for number, (code, printed) in enumerate(examples):
        exec(compile(code, f"{page}, example {number}", "exec"), scope)
        assert capsys.readouterr().out == printed, f"example {number} prints something else"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_what_there_is(page: str) -> None:
    for name in re.findall(r"`(?:pf|polyflow)\.([A-Za-z_.]+)", (DOCS / page).read_text()):
        found: object = polyflow
        for part in name.split("."):
            found = getattr(found, part)
