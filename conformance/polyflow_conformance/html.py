"""A page for readers: what was proved of each backend, what failed and how to see it fail, in one file."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from polyflow_conformance.levels import LEVELS
from polyflow_conformance.report import Cell, Report
from polyflow_conformance.results import FAILED, KNOWN, PASSED, UNSUPPORTED, Result

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --good: #1a7f37; --bad: #c2352b; --dim: #767676; }
body { font: 16px/1.5 Georgia, 'Times New Roman', serif; max-width: 64rem; margin: 3rem auto; padding: 0 1.5rem; }
h1 { font-weight: normal; font-size: 2rem; margin: 0 0 .3rem; }
h2 { font-weight: normal; font-size: 1.4rem; margin: 3rem 0 .8rem; border-bottom: 1px solid var(--line); }
p.lead { color: var(--dim); margin-top: 0; }
table { border-collapse: collapse; font: 14px/1.4 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
th { font-weight: 600; } td.none { color: var(--dim); }
.failed { color: var(--bad); font-weight: 600; } .passed { color: var(--good); } .dim { color: var(--dim); }
.scroll { overflow-x: auto; }
details { margin: .6rem 0; padding: .3rem .8rem; background: var(--soft); border-left: 3px solid var(--bad); }
details.known { border-color: var(--dim); } summary { cursor: pointer; font: 14px/1.5 ui-monospace, monospace; }
pre { overflow-x: auto; font: 13px/1.45 ui-monospace, monospace; white-space: pre; }
p.why { margin: .4rem 0; white-space: pre-wrap; font: 14px/1.5 ui-monospace, monospace; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; }
"""


def html_page(reports: Sequence[Report], command: str) -> str:
    """The whole page; it needs no other file and no network."""
    title = "Conformance of " + ", ".join(each.backend for each in reports)
    body = [f"<h1>{_text(title)}</h1>", f'<p class="lead">Made by <code>{_text(command)}</code></p>']
    if len(reports) > 1:
        body.append(_comparison(reports))
    for report in reports:
        body += _chapter(report)
    body.append("<h2>What the levels ask</h2><dl>")
    body += [f"<dt>{name}</dt><dd>{_text(what)}</dd>" for name, what in LEVELS.items()]
    body.append("</dl>")
    head = f'<meta charset="utf-8"><title>{_text(title)}</title><style>{_STYLE}</style>'
    meta = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    return (
        f"<!doctype html>\n<html lang=en><head>{head}{meta}</head>\n<body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def _text(value: object) -> str:
    return html.escape(str(value))


def _comparison(reports: Sequence[Report]) -> str:
    rows = "".join(
        f"<tr><td>{_text(each.backend)}</td><td>{_text(each.distribution)}</td>"
        + "".join(_count(each.counts[status], status) for status in (PASSED, FAILED, UNSUPPORTED, KNOWN))
        + f"<td>{each.seconds:.0f} s</td></tr>"
        for each in reports
    )
    head = (
        "<th>backend</th><th>from</th><th>passed</th><th>failed</th><th>not supported</th><th>known</th><th>time</th>"
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


def _chapter(report: Report) -> Iterator[str]:
    yield f'<h2 id="{_text(report.backend)}">{_text(report.backend)}</h2>'
    yield f'<p class="lead">{_text(report.summary())}</p>'
    yield from (f"<p>Note: {_text(each)}.</p>" for each in report.notes)
    yield _matrix(report)
    reasons = sorted(report.unsupported().items())
    if reasons:
        yield "<p>Not supported, as the backend declares:</p><ul>"
        yield from (f"<li>{_text(reason)} <span class=dim>({count} cases)</span></li>" for reason, count in reasons)
        yield "</ul>"
    for title, status in (("What failed", FAILED), ("What is known to fail", KNOWN)):
        found = [each for each in report.results if each.status == status]
        if found:
            yield f"<h3>{title}</h3>"
            yield from map(_failure, found)


def _matrix(report: Report) -> str:
    levels = report.levels()
    rows = [
        f"<tr><td>{_text(family)}</td>" + "".join(_cell(row.get(level)) for level in levels) + "</tr>"
        for family, row in report.cells().items()
    ]
    head = "".join(f'<th title="{_text(LEVELS[level])}">{level}</th>' for level in levels)
    return f'<div class="scroll"><table><tr><th>family</th>{head}</tr>' + "\n".join(rows) + "</table></div>"


def _cell(cell: Cell | None) -> str:
    if not cell:
        return "<td class=none></td>"
    parts = [f"<span class=passed>{cell[PASSED]}</span>"] if cell[PASSED] else []
    parts += [f"<span class=failed>{cell[FAILED]} failed</span>"] if cell[FAILED] else []
    parts += [f"<span class=dim>{cell[UNSUPPORTED]} not supported</span>"] if cell[UNSUPPORTED] else []
    parts += [f"<span class=dim>{cell[KNOWN]} known</span>"] if cell[KNOWN] else []
    return f"<td>{' '.join(parts)}</td>"


def _count(number: int, status: str) -> str:
    kind = {PASSED: "passed", FAILED: "failed"}.get(status, "dim") if number else "none"
    return f'<td class="{kind}">{number}</td>'


def _failure(result: Result) -> str:
    script = result.snippet()
    shown = f"<pre>{_text(script)}</pre>" if script else ""
    why = f"<p class=why>{_text(result.reason)}</p>" if result.reason else ""
    kind = "known" if result.status == KNOWN else "bad"
    inside = f"{why}<p class=why>{_text(result.failure)}</p>{shown}"
    return f"<details class={kind}><summary>{_text(result.id)}</summary>{inside}</details>"
