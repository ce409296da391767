"""Figures on disk, the page and its pictures, from made-up figures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks import floors
from benchmarks.front import ROWS, front_table, write_front
from benchmarks.machine import describe, machine_class, versions
from benchmarks.page import page, write_page
from benchmarks.registry import benchmarks
from benchmarks.results import FOLDER, MEASURED, MISSING, Figure, Results, read, write

FIGURES = [
    Figure("a", "tiny", "training step", "NumPy by hand", "one thread", MEASURED, "", "numpy", "in place")
    for _ in range(3)
]
MACHINE = {"processor": "Some CPU", "cores": 2, "memory_gib": 8, "system": "Linux x86_64", "python": "3.11"}


@pytest.fixture
def results() -> Results:
    met, missed, absent = FIGURES
    met.ours_median, met.theirs_median, met.ratio, met.low, met.high, met.bar = 50.0, 100.0, 0.5, 0.45, 0.55, 0.8
    missed.name, missed.ratio, missed.low, missed.high, missed.bar = "middle", 1.25, 1.2, 1.3, 0.85
    absent.status, absent.reason, absent.peer = MISSING, "pytensor", "PyTensor"
    slow = Figure("s", "built, chain", "scale", "JAX, traced", "one thread", MEASURED, ratio=0.5, low=0.4, high=0.6)
    start = Figure("i", "import", "from nothing", "an empty Python", "one thread", MEASURED, ratio=2, low=2, high=2)
    start.bar, start.bar_of, start.difference = 60.0, "difference", 29_000.0
    return Results(MACHINE, {"numpy": "2"}, "2026-01-01", "full", 0.1, [met, missed, absent, start, slow])


def test_what_is_written_is_read(results: Results, tmp_path: Path) -> None:
    write(results, tmp_path / "results" / "here.json")
    assert read(tmp_path / "results" / "here.json") == results


def test_a_file_of_another_schema_is_refused(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(json.dumps({"schema": 0}))
    with pytest.raises(ValueError, match=r"has schema 0, not 1: measure anew with make bench-full"):
        read(path)


def test_the_page_has_a_row_for_each_figure_and_says_what_is_missed(results: Results) -> None:
    text = page(results)
    assert "**2 of 3 bars met. 1 not installed.**" in text
    assert "| tiny | one | numpy | 50 | NumPy by hand: in place | 100 | 0.50 | 0.45 to 0.55 | 0.8 met |" in text
    assert "0.85 **missed**" in text
    assert "29 ms more than it, 60 ms allowed: met" in text
    assert "- a: not installed: pytensor" in text


def held(key: str, shown: float, bar: float, of: str = "ratio", low: float | None = None) -> Results:
    """Results of one figure, a bar above or below it."""
    group, name, peer, threads = key.split(" / ")
    figure = Figure(key, name, group, peer, threads, MEASURED, "", "numpy", "by hand", bar=bar, bar_of=of)
    figure.ratio = figure.high = shown
    figure.low, figure.difference = shown if low is None else low, shown * 1000
    return Results(MACHINE, {}, "2026-01-01", "full", 0.1, [figure])


PYTENSOR = "training step / tiny 2-4-8-2-2, batch 100 / PyTensor / one thread"
HEADING = "## What is missed, and whose it is"


def test_a_reason_is_shown_where_its_bar_is_missed_and_nowhere_else() -> None:
    (reason,) = (each.bar.reason for each in benchmarks() if each.key == PYTENSOR and each.bar is not None)
    row = f"- **tiny 2-4-8-2-2, batch 100**, PyTensor, one thread: 1.71, bar 0.6. {reason}"
    assert reason
    assert row in page(held(PYTENSOR, 1.71, 0.6))
    text = page(held(PYTENSOR, 0.59, 0.6))
    assert HEADING not in text
    assert reason not in text


def test_a_bar_without_a_reason_says_what_its_quartiles_say() -> None:
    unknown = "operation / nobody's / NumPy by hand / one thread"
    assert "NumPy by hand, one thread: 1.02, bar 1. Its quartiles reach the bar" in page(
        held(unknown, 1.02, 1, low=0.98)
    )
    assert "NumPy by hand, one thread: 1.02, bar 1. Work that is left." in page(held(unknown, 1.02, 1, low=1.01))
    start = "from nothing / first / the import alone / one thread"
    assert "- **first**, 53 ms, allowed 50. Work that is left." in page(held(start, 53, 50, "difference"))


def test_a_reason_that_names_a_command_names_one_that_there_is() -> None:
    reasons = [each.bar.reason for each in benchmarks() if each.bar is not None and each.bar.reason]
    commands = {each for text in reasons for each in re.findall(r"`python -m benchmarks\.floors (\w+)`", text)}
    assert commands == set(floors.KNOWN)


def test_the_layouts_of_a_product_are_all_that_product() -> None:
    left, right = np.arange(6, dtype=np.float32).reshape(2, 3), np.arange(12, dtype=np.float32).reshape(3, 4)
    found = dict(floors.layouts(left, right.T.copy().T))
    assert len(found) == 8
    for label, call in found.items():
        made = np.asarray(call())
        np.testing.assert_array_equal(made if label.endswith("rows") else made.T, left @ right)


def test_the_products_of_a_step_are_those_of_its_layers() -> None:
    found = floors.step_products((5, 4, 3), 2, lambda *shape: np.ones(shape, np.float32))
    shapes = {name: (left.shape, right.shape) for name, left, right in found}
    assert shapes == {
        "forward 1": ((2, 5), (5, 4)),
        "weights 1": ((5, 2), (2, 4)),
        "forward 2": ((2, 4), (4, 3)),
        "weights 2": ((4, 2), (2, 3)),
        "back 2": ((2, 3), (3, 4)),
    }


def test_the_page_has_pictures(results: Results, tmp_path: Path) -> None:
    write_page(results, tmp_path / "benchmarks.md")
    for name in ("benchmarks.png", "benchmarks-passes.png"):
        assert (tmp_path / "pictures" / name).read_bytes().startswith(b"\x89PNG")
        assert f"(pictures/{name})" in (tmp_path / "benchmarks.md").read_text()


def test_a_class_of_machines_is_a_name_for_a_file() -> None:
    assert machine_class(MACHINE) == "some-cpu-2-cores-linux"
    assert machine_class(describe()).replace("-", "").isalnum()
    assert "numpy" in versions()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_committed_results_can_be_read_and_carry_the_name_of_their_machine(path: Path) -> None:
    found = read(path)
    assert machine_class(found.machine) == path.stem
    assert found.mode == "full"


def test_the_table_of_the_readme_is_made_of_committed_results(tmp_path: Path) -> None:
    keys = {each.key for each in benchmarks()}
    assert {key for _, key in ROWS} <= keys
    text = Path("README.md").read_text(encoding="utf-8")
    assert any(front_table(read(path)) in text for path in FOLDER.glob("*.json")), "python -m benchmarks page"
    readme = tmp_path / "README.md"
    readme.write_text(text.replace("| 0.", "| 7."), encoding="utf-8")
    write_front(read(next(FOLDER.glob("*.json"))), readme)
    assert front_table(read(next(FOLDER.glob("*.json")))) + "\n" in readme.read_text(encoding="utf-8")
