"""The command and the pytest suite: levels, choices, files, processes, and what a stranger's wheel brings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from polyflow_conformance.command import add_arguments
from polyflow_conformance.html import html_page
from polyflow_conformance.kit import Kit
from polyflow_conformance.levels import LEVELS, chosen_levels
from polyflow_conformance.selection import selector

from polyflow.errors import ValueRangeError
from polyflow.extension.manager import extensions
from polyflow.tools.command_line import main
from tests.conformance.broken import Faulty


def conform(*arguments):
    return main(["conform", *map(str, arguments)])


def test_the_command_reports_and_writes_json_and_html(tmp_path, capsys):
    data, page = tmp_path / "report.json", tmp_path / "report.html"
    assert conform("--backend", "numpy", "-k", "tanh", "--json", data, "--html", page) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[0].split() == ["family", "core", "autodiff", "errors"]
    assert "numpy (polyflow):" in printed
    report = json.loads(data.read_text())
    assert report["failed"] == 0
    assert report["passed"] == len(report["results"]) > 50
    assert {"level", "family", "op", "check", "case", "status"} <= set(report["results"][0])
    assert page.read_text().startswith("<!doctype html>")


def test_levels_and_expressions_choose_what_runs(capsys):
    assert conform("--backend", "reference", "--level", "state,random", "-k", "stream or variables and not thread") == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["family", "state", "random"]


def test_all_backends_are_compared_on_one_page(tmp_path, capsys):
    page = tmp_path / "page.html"
    assert conform("--all", "--level", "core", "-k", "/square/values", "--html", page) == 0
    assert all(f"<td>{name}</td>" in page.read_text() for name in ("numpy", "jax", "reference"))


def test_several_processes_find_what_one_finds(tmp_path, capsys):
    found = []
    for jobs in (1, 2):
        file = tmp_path / f"{jobs}.json"
        assert conform("--backend", "numpy", "-k", "/sinh/ or /cosh/", "-j", jobs, "--json", file) == 0
        found.append(json.loads(file.read_text())["results"])
    assert found[0] == found[1]


def test_a_level_that_does_not_exist_is_refused():
    with pytest.raises(
        ValueRangeError, match=r"the kit has no such level\n  found:   cor\n  needed:  did you mean 'cor"
    ):
        chosen_levels(["cor"])
    assert conform("--backend", "numpy", "--level", "cor") == 1


@pytest.mark.parametrize("expression", ["a and", "(a", "not", "a b", "or a", "a )"])
def test_an_expression_that_is_none_is_refused(expression):
    with pytest.raises(ValueRangeError, match="-k: not an expression") as refused:
        selector(expression)
    assert "words joined by and, or, not and brackets" in str(refused.value)


def test_strict_takes_known_failures_for_failures(capsys):
    assert conform("--backend", "numpy", "--level", "core", "-k", "/nextafter/values") == 0
    assert "0 failed, 1 known to fail" in capsys.readouterr().out
    assert conform("--backend", "numpy", "--level", "core", "-k", "/nextafter/values", "--strict") == 1
    assert "1 failed" in capsys.readouterr().out


def test_jobs_below_one_are_refused(capsys):
    assert conform("--backend", "numpy", "-j", "0") == 1
    assert "--jobs\n  found:   0\n  needed:  1 or more" in capsys.readouterr().err


def test_no_progress_bar_is_drawn_where_nobody_looks(capsys):
    conform("--backend", "numpy", "-k", "/square/values")
    assert capsys.readouterr().err == ""


def test_a_progress_bar_is_drawn_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    conform("--backend", "numpy", "-k", "/square/")
    assert re.search(r"\r\[#{40}\] (\d+)/\1\n$", capsys.readouterr().err)


def test_a_failure_stands_on_the_page_with_its_script():
    report = Kit(extensions()).prove(Faulty("negative", lambda x: x), ["core"], expression="/negative/values")
    page = html_page([report], "polyflow conform --backend faulty")
    assert "core/arithmetic/negative/values/negative-0-int8" in page
    assert "results = pf.negative(x0)" in page
    assert not re.search(r"(src|href)=.?(https?:|//)", page), "the page needs nothing but itself"


def test_the_first_failure_ends_a_run_that_fails_fast():
    kit, backend = Kit(extensions()), Faulty("add", lambda a, b, out=None: a)
    report = kit.prove(backend, ["core"], expression="/add/ or /subtract/", fail_fast=True)
    assert {each.op for each in report.results} == {"add"}


def test_every_item_has_a_name_of_its_own_and_a_level():
    items = Kit(extensions()).items()
    assert len({each.id for each in items}) == len(items)
    assert {each.level for each in items} == set(LEVELS)


def test_the_help_names_every_level():
    import argparse

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert all(level in parser.format_help() for level in LEVELS)


# -- under pytest, and from a stranger's wheel

PYTEST = [sys.executable, "-m", "pytest", "--pyargs", "polyflow_conformance", "-q", "-p", "no:cacheprovider"]


def test_the_suite_runs_under_pytest_in_two_processes(tmp_path):
    command = [*PYTEST, "--backend", "reference", "--level", "core,autodiff", "-k", "/atan2/", "-n", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert re.search(r"\b6 passed", done.stdout), done.stdout + done.stderr


STRANGER = """
import os
from polyflow.extension import BackendEntry, hookimpl


def make():
    import sys
    from polyflow_numpy.backend import NumpyBackend

    os.environ["MOOD"] = "bad"
    sys.setrecursionlimit(12345)

    class Naughty(NumpyBackend):
        def __init__(self):
            super().__init__()
            self.name = "naughty"
            self.kernels = {**self.kernels, "tan": lambda x: x, "cos": lambda x: 1 // 0}

    return Naughty()


@hookimpl
def polyflow_backends():
    return [BackendEntry("naughty", make)]
"""
KNOWN = """
[[known]]
case = "core/*/tan/values/*"
kind = "notyet"
reason = "to be done"
[[known]]
case = "core/*/cos/*"
kind = "never"
reason = "division"
[[known]]
case = "core/*/sin/*/sin-0-float64"
kind = "notimpl"
reason = "is there all the same"
"""


@pytest.fixture
def stranger(tmp_path):
    """An installed distribution with a backend that changes settings of the process, and fails."""
    (tmp_path / "naughty").mkdir()
    (tmp_path / "naughty" / "__init__.py").write_text(STRANGER)
    (tmp_path / "naughty" / "conformance.toml").write_text(KNOWN)
    information = tmp_path / "naughty_arrays-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: naughty-arrays\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[polyflow]\nnaughty = naughty\n")
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


def run_as_stranger(environment, *arguments):
    command = [sys.executable, "-m", "polyflow", "conform", "--backend", "naughty", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_a_stranger_that_changes_settings_of_the_process_is_found(stranger):
    done = run_as_stranger(stranger, "-k", "settings")
    assert done.returncode == 1
    assert "os.environ['MOOD'] was None and is 'bad'" in done.stdout
    assert "recursion limit was 1000 and is 12345" in done.stdout
    assert "naughty (naughty-arrays): 0 passed, 1 failed" in done.stdout


def test_known_failures_are_read_beside_the_stranger_and_an_unexpected_pass_fails(stranger, tmp_path):
    file = tmp_path / "report.json"
    done = run_as_stranger(
        stranger, "--level", "core", "-k", "/tan/values or /cos/values or /sin/values", "--json", file
    )
    found = {(each["op"], each["check"], each["case"]): each for each in json.loads(file.read_text())["results"]}
    assert found["tan", "values", "tan-0-float64"]["status"] == "known"
    assert found["tan", "values", "tan-0-float64"]["reason"] == "notyet: to be done"
    assert ("tan", "values", "tan-empty-float64") not in found, "what has no elements holds no value"
    assert (
        "knows AssertionError, this is another failure: Execution" in found["cos", "types", "cos-0-float64"]["failure"]
    )
    assert found["sin", "values", "sin-0-float64"]["failure"].endswith("knows it to fail: is there all the same")
    assert found["sin", "values", "sin-0-float32"]["status"] == "passed"
    assert done.returncode == 1
