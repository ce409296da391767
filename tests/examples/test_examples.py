"""The examples run from the command line, reach their bars and leave their pictures."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def needs(*modules: str) -> pytest.MarkDecorator:
    missing = [each for each in modules if importlib.util.find_spec(each) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}; polyflow[demo] has them")


def run(name: str, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The example, run as a user runs it, with one thread."""
    command = [sys.executable, str(EXAMPLES / name), "--output", str(output), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)


@needs("matplotlib", "sklearn", "tqdm")
def test_digits_are_learnt_in_a_few_epochs(tmp_path):
    result = run("digits.py", tmp_path, "--backends", "numpy", "--epochs", "8")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "numpy      cpu         176" in result.stdout
    assert sorted(each.name for each in tmp_path.iterdir()) == ["confusion-matrix.png", "graph.png", "loss-curves.png"]
    assert (tmp_path / "graph.png").stat().st_size > 20_000


@needs("matplotlib", "sklearn", "tqdm")
def test_digits_say_which_bar_was_missed(monkeypatch, capsys):
    monkeypatch.syspath_prepend(EXAMPLES)
    digits = importlib.import_module("digits")
    good = digits.Training("numpy", "cpu", [2.0, 1.0], accuracy=0.97)
    lame = digits.Training("jax", "cpu:0", [2.0, 1.0], accuracy=0.5)
    cut_short = digits.Training("reference", "cpu", [2.1], accuracy=0.1)
    broken = digits.Training("mine", "cpu", [float("nan")], accuracy=0.99)
    assert digits.print_table([good, lame, cut_short, broken]) == [
        "jax: test accuracy 0.5000 is below 0.95",
        "reference: the loss differs by 5.0e-02, more than 1e-04",
        "mine: the loss differs by nan, more than 1e-04",
    ]
    assert "numpy      cpu           2     1.00000         0.9700" in capsys.readouterr().out


@needs("matplotlib")
def test_points_of_two_colours_are_parted(tmp_path):
    result = run("points.py", tmp_path, "--steps", "700")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("loss") == 8
    assert (tmp_path / "points.png").exists()
