"""The pages: the matrix of ops and backends, known failures with their reasons, and reports read back from files."""

from __future__ import annotations

import json
import re

import pytest
from polyflow_conformance.html import html_page
from polyflow_conformance.kit import Kit
from polyflow_conformance.known import Known, applied
from polyflow_conformance.matrix import known_failures, mark_of, rows_of
from polyflow_conformance.page import comparison_page
from polyflow_conformance.recorded import read_reports
from polyflow_conformance.results import Result
from polyflow_conformance.versions import versions_of

import polyflow as pf
from polyflow.errors import ValueRangeError
from polyflow.extension.manager import extensions
from polyflow.tools.command_line import main

KIT = Kit(extensions())
UPSTREAM = "https://github.com/numpy/numpy/issues/1"
KNOWN = Known("core/arithmetic/add/values/add-0-int8", "never", "two | and two <is> five", upstream=UPSTREAM)


def result(op, check, case, **others):
    return Result(check, op, case, level="core", family=others.pop("family", "arithmetic"), **others)


def report(backend, results):
    found = KIT.report(backend, applied([KNOWN], results))
    found.made, found.versions = "2026-11-22", {"numpy": "2.4.6", "Python": "3.11.7"}
    return found


@pytest.fixture
def reports():
    """Two backends: one with a known failure, one with an unknown one and without uint64."""
    first = report(
        "first",
        [
            result("add", "values", "add-0-int8", failure="it is 5"),
            result("add", "values", "add-0-uint64"),
            result("add", "gradient 2", "add-0-float64"),
            result("add", "memory", "add-0-int8"),
            result("negative", "values", "negative-0-int8"),
        ],
    )
    second = report(
        "second",
        [
            result("add", "values", "add-0-float32", failure="it is <5>", script=lambda: "print('<&>')"),
            result("negative", "values", "negative-0-int8"),
            result("negative", "values", "negative-0-uint64", reason="no dtype uint64"),
        ],
    )
    return [first, second]


def test_a_mark_stands_for_a_dtype_or_a_kind_of_check():
    cases = [("values", "f-0-int8"), ("types", "f-0-fixed"), ("values", "program"), ("gradient", "f-0-float64")]
    cases += [("gradient 2", "f-0-float64"), ("forward", "f-0-float64"), ("executors", "f-0-int8")]
    assert [mark_of(result("f", *each)) for each in cases] == ["i1", "fix", "fix", "d", "d2", "fw", "etc"]


def test_the_worst_result_decides_about_a_mark():
    states = [
        result("f", "values", "f-0-int8"),
        result("f", "values", "f-1-int8", failure="wrong"),
        result("f", "values", "f-0-int16", reason="no"),
        result("f", "values", "f-1-int16"),
    ]
    (row,) = rows_of([report("first", states)])
    assert row.cells == ({"i1": "failed", "i2": "passed"},)
    assert not row.is_plain


def test_ops_stand_by_family_whichever_backend_has_them(reports):
    reports[1].results.append(result("sin", "values", "sin-0-float32", family="trigonometric"))
    assert [(each.op, each.family) for each in rows_of(reports)] == [
        ("add", "arithmetic"), ("negative", "arithmetic"), ("sin", "trigonometric"),
    ]  # fmt: skip


def test_the_comparison_names_what_is_not_right_and_says_all_where_everything_is(reports):
    page = comparison_page(reports, "polyflow conform --all --page FILE")
    assert "| `add` | i1 u8 f4 d2 | 0 0 2 | *known i1*, not f4 | **failed f4**, not i1 u8 |" in page
    assert "| `negative` | i1 u8 | 0 0 0 | not u8 | not u8 |" in page
    assert "| first | " not in page.partition("## Known failures")[0]  # the name links to its chapter
    reports[1].results = [result("add", "values", "add-0-float32")]
    assert "| `add` | i1 u8 f4 d2 | 0 0 2 | *known i1*, not f4 | not i1 u8 |" in comparison_page(reports, "")
    assert "| `negative` | i1 | 0 0 0 | all | - |" in comparison_page(reports, "")


def test_known_failures_stand_with_kind_reason_and_reference(reports):
    assert known_failures(reports[0])[0].upstream == UPSTREAM
    page = comparison_page(reports, "")
    row = r"| first | `core/arithmetic/add/values/add-0-int8` | never | two \| and two <is> five | "
    assert f"{row}[numpy/numpy#1]({UPSTREAM}) |" in page
    shown = html_page(reports, "")
    assert f'<td>never</td><td>two | and two &lt;is&gt; five</td><td><a href="{UPSTREAM}">numpy/numpy/issues/1' in shown


def test_a_page_without_known_failures_says_so(reports):
    assert "## Known failures\n\nNone.\n" in comparison_page(reports[1:], "")
    assert "<p>None.</p>" in html_page(reports[1:], "")


def test_both_pages_say_when_and_with_what_they_were_made(reports):
    for page in (comparison_page(reports, ""), html_page(reports, "")):
        assert "2026-11-22, numpy 2.4.6, Python 3.11.7" in page


def test_versions_are_those_of_the_libraries_that_a_backend_stands_on():
    found = versions_of(pf.Session("numpy").backend)
    assert list(found)[-2:] == ["polyflow", "Python"]
    assert re.match(r"\d+\.\d+", found["numpy"])


def test_every_cell_of_the_matrix_has_a_colour_for_each_mark_and_words(reports):
    page = html_page(reports, "")
    strips = re.findall(r'<td title="([^"]*)"><span class=strip>(.*?)</span></td>', page)
    assert len(strips) == 2 * len(rows_of(reports))
    colours = [re.findall(r'<i class="([a-z]+)', strip) for _, strip in strips]
    assert strips[0][0] == "passed: u8 d2 etc; known to fail: i1"
    assert colours[0] == ["known", "passed", "none", "passed", "passed"]
    assert colours[1] == ["none", "none", "failed", "none", "none"]


def test_the_html_page_escapes_what_it_shows_and_loads_nothing(reports):
    page = html_page(reports, "polyflow conform -k 'a < b'")
    assert "it is &lt;5&gt;" in page
    assert "print(&#x27;&lt;&amp;&gt;&#x27;)" in page
    assert "a &lt; b" in page
    assert not re.search(r"<(script|link|img|iframe)|src=|@import|url\(", page)


# -- reports from files


def test_reports_come_back_from_files_as_they_were_written(reports, tmp_path):
    files = []
    for each in reports:
        files.append(tmp_path / f"{each.backend}.json")
        files[-1].write_text(each.to_json(), encoding="utf-8")
    found = read_reports(files, KIT)
    assert [each.as_data() for each in found] == [each.as_data() for each in reports]
    assert html_page(found, "") == html_page(reports, "")


def test_files_of_one_backend_are_put_together_and_the_later_result_counts(reports, tmp_path):
    one, other = tmp_path / "1.json", tmp_path / "2.json"
    again = report("first", [result("negative", "values", "negative-0-int8", failure="wrong")])
    again.made, again.seconds = "2026-11-23", 2.0
    one.write_text(json.dumps([each.as_data() for each in reports]))
    other.write_text(again.to_json())
    first, second = read_reports([one, other], KIT)
    assert [first.counts["failed"], len(first.results), first.made, first.seconds] == [1, 5, "2026-11-23", 2.0]
    assert second.backend == "second"


def test_the_command_makes_pages_from_files_without_a_second_run(tmp_path, capsys):
    files = [tmp_path / f"{name}.json" for name in ("numpy", "reference")]
    for file in files:
        options = ["--level", "core", "-k", "/square/values", "--json", str(file)]
        assert main(["conform", "--backend", file.stem, *options]) == 0
    page, shown = tmp_path / "page.md", tmp_path / "page.html"
    capsys.readouterr()
    assert main(["conform", "--from", *map(str, files), "--page", str(page), "--html", str(shown)]) == 0
    assert "numpy (polyflow):" in capsys.readouterr().out
    assert "| op | takes | ulps | numpy | reference |" in page.read_text(encoding="utf-8")
    assert "polyflow conform --from numpy.json reference.json" in shown.read_text(encoding="utf-8")


@pytest.mark.parametrize(("text", "found"), [("{}", "JSON of another kind"), ("no", "JSONDecodeError"), (None, "File")])
def test_a_file_that_holds_no_results_is_refused(text, found, tmp_path):
    path = tmp_path / "some.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueRangeError, match=r"--from: .*some\.json holds no results") as refused:
        read_reports([path], KIT)
    assert f"found:   {found}" in str(refused.value)
    assert "needed:  results that the kit has written" in str(refused.value)
    assert "try:     polyflow conform --backend NAME --json" in str(refused.value)
