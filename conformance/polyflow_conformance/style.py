"""How the page for readers looks: one style sheet, in light and in dark."""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1e21; --dim: #6b7075; --line: #d5d8dc; --soft: #f4f5f6;
  --passed: #2f9e5b; --failed: #d6322b; --known: #e8930c; --unsupported: #a9b3bd; --none: #eceef0; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --ink: #e6e7e9; --dim: #979da4; --line: #34383d;
  --soft: #1f2226; --passed: #37a866; --failed: #f0524a; --known: #f0a53a; --unsupported: #59626c; --none: #23262a; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 88rem;
  margin: 2rem auto 6rem; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.25rem; margin: 2.8rem 0 .6rem; } h3 { font-size: 1rem; }
a { color: inherit; } p.lead, .dim { color: var(--dim); } p.lead { margin: .2rem 0 1.2rem; }
nav { margin: .8rem 0; } nav a { margin-right: 1rem; }
code, pre, summary, p.why { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; }
code { font-size: .92em; overflow-wrap: anywhere; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: .18rem .9rem .18rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } td.number, th.number { text-align: right; white-space: nowrap; }
.passed { color: var(--passed); } .failed { color: var(--failed); font-weight: 600; } .known { color: var(--known); }
.unsupported { color: var(--dim); }
.bar { display: flex; width: 12rem; height: .7rem; margin-top: .3rem; border-radius: 2px; overflow: hidden; }
.bar i { display: block; min-width: 2px; }
.scroll { overflow-x: auto; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: .6rem 0; font-size: 13px; }
.legend span { white-space: nowrap; } .legend i, .strip i { display: inline-block; }
.legend i { width: .8rem; height: .8rem; margin-right: .4rem; vertical-align: -1px; border-radius: 2px; }
i.passed { background: var(--passed); } i.failed { background: var(--failed); } i.known { background: var(--known); }
i.unsupported { background: var(--unsupported); } i.none { background: var(--none); }
table.matrix { line-height: 1.15; }
table.matrix th, table.matrix td { padding: 1px 1.1rem 1px 0; border: 0; white-space: nowrap; }
table.matrix thead th { position: sticky; top: 0; z-index: 1; background: var(--paper); vertical-align: bottom;
  padding-top: .5rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
table.matrix tr.family th { padding-top: .9rem; color: var(--dim); font-weight: 600; }
table.matrix tbody tr:hover td { background: var(--soft); }
table.matrix td:first-child { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: 12px; }
.strip { display: inline-flex; gap: 1px; vertical-align: middle; } .strip i { width: 9px; height: 12px; }
.strip b { width: 9px; font: 10px/9px ui-monospace, 'DejaVu Sans Mono', monospace; color: var(--dim);
  writing-mode: vertical-rl; transform: rotate(180deg); }
.strip .gap { margin-left: 5px; }
#rest:checked ~ .wide tr.plain { display: none; }
details { margin: .5rem 0; padding: .3rem .8rem; background: var(--soft); border-left: 3px solid var(--failed); }
details.known { border-color: var(--known); color: inherit; } details.whole { border-color: var(--line); }
summary { cursor: pointer; font-size: 13px; overflow-wrap: anywhere; }
details.whole > summary { font-family: inherit; }
pre { overflow-x: auto; font-size: 12px; line-height: 1.45; }
p.why { margin: .4rem 0; white-space: pre-wrap; font-size: 13px; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; font-size: 14px; }
dt { font-weight: 600; } dd { margin: 0; }
@media print { table.matrix thead th { position: static; } }
"""
