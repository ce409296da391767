"""Figures on disk, the page and its pictures, from made-up figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.machine import describe, machine_class, versions
from benchmarks.page import page, write_page
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
