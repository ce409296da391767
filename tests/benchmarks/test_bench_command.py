"""``python -m benchmarks``: list, run, check and page, on the smallest benchmark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.__main__ import main, merged
from benchmarks.registry import benchmarks
from benchmarks.results import MEASURED, Figure, Results, read, write

SMALL = "overhead / prepared call"


def written(folder: Path, ratio: float) -> Path:
    """A file of results in which the smallest benchmark has this ratio."""
    path = folder / "committed.json"
    assert main(["run", "-k", SMALL, "--json", str(path)]) == 0
    found = read(path)
    (figure,) = found.figures
    assert figure.status == MEASURED
    write(replace(found, figures=[replace(figure, ratio=ratio, low=ratio, high=ratio)]), path)
    return path


def test_the_list_names_each_benchmark_and_its_bar(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "-k", "run_many"]) == 0
    first, second, third, *_ = capsys.readouterr().out.splitlines()
    assert first.endswith("NumPy by hand / one thread")
    assert second.endswith("JAX by hand / one thread  <= 0.4")
    assert third.endswith("PyTensor / one thread  <= 0.6")


def test_a_run_prints_a_row_and_writes_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = read(written(tmp_path, 3.0))
    assert isinstance(found, Results)
    assert found.mode == "quick"
    assert "| overhead: prepared call, 2 operations on 4 numbers | numpy |" in capsys.readouterr().out


def test_a_check_against_much_better_results_fails_after_a_second_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "-k", SMALL, "--json", str(written(tmp_path, 0.001))]) == 1
    printed = capsys.readouterr().out
    assert "1 seem worse and are measured again, at length." in printed
    assert "1 worse, 0 failed." in printed


def test_a_check_against_much_worse_results_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "-k", SMALL, "--json", str(written(tmp_path, 1000.0))]) == 0
    assert "0 worse, 0 failed." in capsys.readouterr().out


def test_a_check_without_results_says_how_to_get_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", str(tmp_path / "none.json")]) == 1
    printed = capsys.readouterr().out
    assert "no results of a machine like this one are committed (none.json); make bench-full writes them" in printed


def test_measuring_some_anew_keeps_the_others_that_there_still_are() -> None:
    def results(mode: str, **ratios: float) -> Results:
        figures = [Figure(key, "", "", "", "", MEASURED, ratio=ratio) for key, ratio in ratios.items()]
        return Results({"cores": 2}, {}, "2026-01-01", mode, 0.0, figures)

    a, b, c, *_ = (each.key for each in benchmarks())
    found = merged(results("full", **{"one that is no more": 9.0, b: 2.0, a: 1.0}), results("full", **{c: 4.0, b: 3.0}))
    assert [(each.key, each.ratio) for each in found.figures] == [(a, 1.0), (b, 3.0), (c, 4.0)]
    quick = results("quick", **{b: 3.0})
    assert merged(results("full", **{a: 1.0}), quick) is quick
