"""A page for readers: what was proved of each backend, op by op, what failed and how to see it fail, in one file."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from polyflow_conformance.levels import LEVELS
from polyflow_conformance.matrix import FIRST, FIXED, MARKS, Row, known_failures, made_of, rows_of
from polyflow_conformance.report import Cell, Report
from polyflow_conformance.results import FAILED, KNOWN, PASSED, STATUSES, UNSUPPORTED, Result
from polyflow_conformance.style import STYLE

_WORDS = {PASSED: "passed", FAILED: "failed", KNOWN: "known to fail", UNSUPPORTED: "not supported"}
_NOT_TRIED = "not tried: the op does not take it, or the backend has no such dtype"


def html_page(reports: Sequence[Report], command: str) -> str:
    """The whole page; it needs no other file and no network."""
    title = "Conformance of " + ", ".join(each.backend for each in reports)
    parts = {each.backend: f"#{each.backend}" for each in reports}
    places = {"Ops": "#ops", "Known failures": "#known", **parts, "Levels": "#levels"}
    body = [
        f"<h1>{_text(title)}</h1>",
        f'<p class="lead">Made by <code>{_text(command)}</code></p>',
        _summary(reports),
        "<nav>" + "".join(f'<a href="{_text(to)}">{_text(name)}</a>' for name, to in places.items()) + "</nav>",
        *_ops(reports),
        *_known(reports),
    ]
    for report in reports:
        body += _chapter(report)
    body.append('<h2 id="levels">What the levels ask</h2><dl>')
    body += [f"<dt>{name}</dt><dd>{_text(what)}</dd>" for name, what in LEVELS.items()]
    body.append("</dl>")
    head = f'<meta charset="utf-8"><title>{_text(title)}</title><style>{STYLE}</style>'
    meta = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    return (
        f"<!doctype html>\n<html lang=en><head>{head}{meta}</head>\n<body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def _text(value: object) -> str:
    return html.escape(str(value))


# -- all backends together


def _summary(reports: Sequence[Report]) -> str:
    order = (PASSED, FAILED, UNSUPPORTED, KNOWN)
    rows = "".join(
        f"<tr><td>{_text(each.backend)}</td><td>{_bar(each.counts)}</td>"
        + "".join(_count(each.counts[status], status) for status in order)
        + f"<td class=number>{each.seconds:.0f} s</td><td>{_text(each.distribution)}</td>"
        + f"<td class=dim>{_text(made_of(each))}</td></tr>"
        for each in reports
    )
    counts = "".join(f"<th class=number>{_WORDS[status]}</th>" for status in order)
    head = f"<th>backend</th><th></th>{counts}<th class=number>time</th><th>from</th><th>proved on, with</th>"
    return f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'


def _bar(counts: Cell) -> str:
    parts = [f'<i class={each} style="flex:{counts[each]}"></i>' for each in STATUSES if counts[each]]
    return f"<div class=bar>{''.join(parts)}</div>"


def _count(number: int, status: str) -> str:
    return f'<td class="number {status if number else "dim"}">{number}</td>'


def _ops(reports: Sequence[Report]) -> Iterator[str]:
    rows = rows_of(reports)
    used = [mark for mark in MARKS if any(mark in row.takes for row in rows)]
    yield '<h2 id="ops">Op by op</h2>'
    colours = {**_WORDS, "none": _NOT_TRIED}
    yield "<div class=legend>" + "".join(f"<span><i class={k}></i>{w}</span>" for k, w in colours.items()) + "</div>"
    words = "".join(f"<dt><code>{mark}</code></dt><dd>{_text(MARKS[mark])}</dd>" for mark in used)
    yield f"<details class=whole><summary>What each column asks</summary><dl>{words}</dl></details>"
    yield '<input type="checkbox" id="rest"><label for="rest"> only what is not passed everywhere it was tried</label>'
    labels = "<span class=strip>" + "".join(f"<b{_gap(mark)}>{mark}</b>" for mark in used) + "</span>"
    heads = "".join(f"<th>{_text(each.backend)}<br>{labels}</th>" for each in reports)
    yield f"<div class=wide><table class=matrix><thead><tr><th>op</th><th>ulps</th>{heads}</tr></thead>"
    for family, its in groupby(rows, key=lambda row: row.family):
        rows_here = list(its)
        kind = " plain" if all(row.is_plain for row in rows_here) else ""
        yield f'<tbody><tr class="family{kind}"><th colspan={len(reports) + 2}>{_text(family)}</th></tr>'
        yield from (_row(row, used, reports) for row in rows_here)
        yield "</tbody>"
    yield "</table></div>"


def _row(row: Row, used: Sequence[str], reports: Sequence[Report]) -> str:
    group = reports[0].groups.get(row.op)
    ulps = "" if group is None else f"{group.half} {group.real} {group.complex}"
    cells = "".join(f'<td title="{_text(_said(cell))}">{_strip(cell, used)}</td>' for cell in row.cells)
    kind = " class=plain" if row.is_plain else ""
    return f"<tr{kind}><td>{_text(row.op)}</td><td class=dim>{ulps}</td>{cells}</tr>"


def _strip(cell: Mapping[str, str], used: Sequence[str]) -> str:
    return (
        "<span class=strip>"
        + "".join(f'<i class="{cell.get(mark, "none")}{" gap" if _gap(mark) else ""}"></i>' for mark in used)
        + "</span>"
    )


def _gap(mark: str) -> str:
    return " class=gap" if mark in (FIXED, FIRST) else ""


def _said(cell: Mapping[str, str]) -> str:
    """A cell in words, for those who point at it."""
    found = {status: [mark for mark in MARKS if cell.get(mark) == status] for status in STATUSES}
    return "; ".join(f"{_WORDS[status]}: {' '.join(marks)}" for status, marks in found.items() if marks) or "not tried"


def _known(reports: Sequence[Report]) -> Iterator[str]:
    yield '<h2 id="known">Known failures</h2>'
    rows = [
        f"<tr><td>{_text(report.backend)}</td><td>{'<br>'.join(f'<code>{_text(each)}</code>' for each in known.cases)}"
        f"</td><td>{_text(known.kind)}</td><td>{_text(known.reason)}</td><td>{_link(known.upstream)}</td></tr>"
        for report in reports
        for known in known_failures(report)
    ]
    head = "<tr><th>backend</th><th>cases</th><th>kind</th><th>why</th><th>upstream</th></tr>"
    yield f'<div class="scroll"><table>{head}{"".join(rows)}</table></div>' if rows else "<p>None.</p>"


def _link(address: str) -> str:
    """A link, if it is one that a browser may follow."""
    shown = _text(address.removeprefix("https://").removeprefix("github.com/"))
    return f'<a href="{_text(address)}">{shown}</a>' if address.startswith("https://") else _text(address)


# -- one backend


def _chapter(report: Report) -> Iterator[str]:
    yield f'<h2 id="{_text(report.backend)}">{_text(report.backend)}</h2>'
    yield f'<p class="lead">{_text(report.summary())}</p>'
    yield from (f"<p>Note: {_text(each)}.</p>" for each in report.notes)
    for title, status in (("What failed", FAILED), ("What is known to fail", KNOWN)):
        found = [each for each in report.results if each.status == status]
        if found:
            yield f"<h3>{title}</h3>"
            yield from map(_failure, found)
    reasons = sorted(report.unsupported().items())
    if reasons:
        yield "<h3>Not supported, as the backend declares</h3><ul>"
        yield from (f"<li>{_text(reason)} <span class=dim>({count} cases)</span></li>" for reason, count in reasons)
        yield "</ul>"
    yield f"<details class=whole><summary>By family and level</summary>{_levels(report)}</details>"


def _levels(report: Report) -> str:
    levels = report.levels()
    rows = [
        f"<tr><td>{_text(family)}</td>" + "".join(_cell(row.get(level)) for level in levels) + "</tr>"
        for family, row in report.cells().items()
    ]
    head = "".join(f'<th class=number title="{_text(LEVELS[level])}">{level}</th>' for level in levels)
    return f'<div class="scroll"><table><tr><th>family</th>{head}</tr>' + "\n".join(rows) + "</table></div>"


def _cell(cell: Cell | None) -> str:
    counts = [(cell[status], status) for status in (PASSED, FAILED, UNSUPPORTED, KNOWN)] if cell else []
    words = {**_WORDS, PASSED: ""}
    parts = [f"<span class={status}>{count} {words[status]}</span>" for count, status in counts if count]
    return f"<td class=number>{' '.join(parts)}</td>"


def _failure(result: Result) -> str:
    script = result.snippet()
    shown = f"<pre>{_text(script)}</pre>" if script else ""
    why = f"<p class=why>{_text(result.reason)}</p>" if result.reason else ""
    kind = "known" if result.status == KNOWN else "bad"
    inside = f"{why}<p class=why>{_text(result.failure)}</p>{shown}"
    return f"<details class={kind}><summary>{_text(result.id)}</summary>{inside}</details>"
