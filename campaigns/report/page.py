"""This file is the report: one HTML page that explains a campaign and needs no network.

How it looks stands here too: its style sheet and the few lines that draw its figures.
"""

from pathlib import Path

import yaml

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.parity import Parities, leave_one_out
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.campaigns.report.crystals import crystals
from eutectic.campaigns.report.curves import curve_section
from eutectic.campaigns.report.decisions import again, decisions, expenses, failures
from eutectic.campaigns.report.explanation import explanation
from eutectic.campaigns.report.ladder import ladder, validation
from eutectic.campaigns.report.markup import safe
from eutectic.campaigns.report.overview import (
    front_variables,
    head,
    hypervolume,
    pareto_front,
    problem,
    surrogate_quality,
)
from eutectic.campaigns.report.remarks import remarks
from eutectic.campaigns.report.search import credit, known, stages

STYLE = """
:root{--ink:#1f2933;--muted:#616e7c;--line:#e4e7eb;--accent:#0f609b;--soft:#f5f7fa}
*{box-sizing:border-box}
body{margin:0;background:var(--soft);color:var(--ink);font:15px/1.55 Inter,"Segoe UI",Helvetica,Arial,sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
header,section{background:#fff;border:1px solid var(--line);border-radius:10px;padding:24px 28px;margin-bottom:18px}
h1{font-size:28px;line-height:1.25;margin:2px 0 10px;overflow-wrap:anywhere}
h2{font-size:19px;margin:0 0 12px}
h3{font-size:15px;margin:22px 0 8px}
p{margin:0 0 12px}
.brand{color:var(--accent);font-weight:600;font-size:13px;letter-spacing:.04em;margin:0}
.lead{font-size:17px;max-width:64em;overflow-wrap:anywhere}
.note{color:var(--muted);font-size:13px;margin-top:8px}
.warn{background:#fff8e6;border-left:3px solid #f0b429;padding:8px 12px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin-top:18px}
.tile{background:var(--soft);border-radius:8px;padding:12px 16px}
.tile span,.tile small{display:block;color:var(--muted);font-size:13px}
.tile b{display:block;font-size:24px;line-height:1.3;font-weight:650}
.scroll{overflow-x:auto}
.scroll.tall{max-height:460px;overflow-y:auto;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{padding:6px 10px;text-align:left;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
th{color:var(--muted);font-weight:600;font-size:12.5px;position:sticky;top:0;background:#fff;
  white-space:normal;vertical-align:bottom}
#decisions table{font-size:12.5px}
#decisions th,#decisions td{padding:5px 7px}
#decisions th.wide{min-width:104px}
tbody tr:hover{background:var(--soft)}
td.num,th.num{text-align:right}
td:has(details){white-space:normal;min-width:260px}
#failures td:nth-child(6),#failures td:nth-child(7){white-space:normal;min-width:200px;overflow-wrap:anywhere}
sub{font-size:.78em;line-height:0}
figure{margin:0}
.chart{width:100%}
pre{background:var(--soft);border-radius:6px;padding:12px 14px;overflow:auto;max-height:420px;
  font-size:12.5px;line-height:1.5}
details{margin:8px 0}
summary{cursor:pointer;color:var(--accent)}
.badge{display:inline-block;border-radius:10px;padding:1px 9px;font-size:12px;font-weight:600;vertical-align:middle;
  background:#e4e7eb;color:#3e4c59}
.badge.done,.badge.finished{background:#e3f4e8;color:#1d6b3a}
.badge.failed{background:#fbe3e3;color:#ba2525}
.badge.refused,.badge.stopped{background:#fff1cf;color:#8d5b06}
.badge.running,.badge.proposed{background:#dcecf8;color:#0f609b}
@media print{body{background:#fff}
  header,section{border:0;padding:8px 0;break-inside:avoid}.scroll.tall{max-height:none}}
"""
"""The style sheet."""

DRAW = """
for (const source of document.querySelectorAll('script[data-chart]')) {
  const figure = JSON.parse(source.textContent);
  const name = source.dataset.chart;
  Plotly.newPlot(name, figure.data, figure.layout, {
    responsive: true, displaylogo: false, modeBarButtons: [['toImage', 'zoom2d', 'pan2d', 'resetScale2d']],
    toImageButtonOptions: {format: 'svg', filename: name}
  });
}
"""
"""Draws every figure on the page; runs after plotly.js."""
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""The page may run what it holds and load nothing."""


def write_report(ledger: Ledger, path: Path, parities: Parities | None = None) -> Path:
    """Write the page; `parities` are computed from the ledger when not given. The file appears whole or not at all."""
    text = page(ledger, leave_one_out(ledger) if parities is None else parities)
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return path


def page(ledger: Ledger, parities: Parities) -> str:
    """The page's HTML."""
    best = front(ledger)
    source = yaml.safe_dump(ledger.spec.dump(), sort_keys=False, allow_unicode=True, width=100)
    parts = [
        head(ledger, best),
        problem(ledger),
        pareto_front(ledger, best),
        crystals(best),
        hypervolume(ledger),
        stages(ledger),
        credit(ledger),
        known(ledger),
        front_variables(ledger, best),
        curve_section(ledger),
        surrogate_quality(parities),
        explanation(ledger),
        ladder(ledger),
        validation(ledger, parities),
        decisions(ledger),
        expenses(ledger),
        failures(ledger),
        remarks(ledger),
        again(ledger, source),
    ]
    body = "".join(parts)
    script = f"<script>{_plotly()}</script><script>{DRAW}</script>" if "data-chart=" in body else ""
    name = safe(ledger.spec.name)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{name} – campaign report</title>'
        f"<style>{STYLE}</style></head><body><main>{body}</main>{script}</body></html>\n"
    )


def _plotly() -> str:
    """The text of plotly.js."""
    from plotly.offline import get_plotlyjs

    text: str = get_plotlyjs()
    return text
