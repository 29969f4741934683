"""This file is the report: one HTML page that explains a campaign and needs no network."""

from pathlib import Path

import yaml

from campaigns.markup import safe
from campaigns.pareto import front
from campaigns.parity import Parities, leave_one_out
from campaigns.records import Ledger
from campaigns.report_explanation import explanation
from campaigns.report_ladder import ladder, validation
from campaigns.report_record import again, decisions, expenses, failures
from campaigns.report_search import credit, known, stages
from campaigns.report_sections import answer, course, head, materials, question, trust
from campaigns.report_style import DRAW, STYLE

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
        question(ledger),
        answer(ledger, best),
        course(ledger),
        stages(ledger),
        credit(ledger),
        known(ledger),
        materials(ledger, best),
        trust(parities),
        explanation(ledger),
        ladder(ledger),
        validation(ledger, parities),
        decisions(ledger),
        expenses(ledger),
        failures(ledger),
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
