"""This file is the report: one HTML page that explains a campaign and needs no network."""

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
from eutectic.campaigns.report.markup import contents, safe
from eutectic.campaigns.report.overview import (
    front_variables,
    head,
    hypervolume,
    pareto_front,
    problem,
    surrogate_quality,
)
from eutectic.campaigns.report.remarks import remarks
from eutectic.campaigns.report.scripts import DRAW, SORT
from eutectic.campaigns.report.search import credit, known, stages
from eutectic.campaigns.report.style import sheet

STYLE = sheet()
"""The style sheet."""
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
    body = "".join([parts[0], contents(parts), *parts[1:]])
    script = f"<script>{_plotly()}</script><script>{{{DRAW}}}</script>" if "data-chart=" in body else ""
    script += f"<script>{{{SORT}}}</script>"
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
