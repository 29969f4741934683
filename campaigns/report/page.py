"""This file is the report: one HTML page that explains a campaign and needs no network."""

from pathlib import Path

import yaml

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.parity import Parities, leave_one_out
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.campaigns.report.blocks import Chart
from eutectic.campaigns.report.crystals import crystals
from eutectic.campaigns.report.curves import curve_section
from eutectic.campaigns.report.decisions import again, decisions, expenses, failures
from eutectic.campaigns.report.explanation import explanation
from eutectic.campaigns.report.ladder import ladder, validation
from eutectic.campaigns.report.overview import (
    front_variables,
    head,
    hypervolume,
    pareto_front,
    problem,
    surrogate_quality,
)
from eutectic.campaigns.report.remarks import remarks
from eutectic.campaigns.report.rendering import file_text, rendered
from eutectic.campaigns.report.search import credit, known, stages
from eutectic.campaigns.report.style import sheet
from eutectic.oracles.whole_files import write_whole

STYLE = sheet()
"""The style sheet."""


def write_report(ledger: Ledger, path: Path, parities: Parities | None = None) -> Path:
    """Write the page; `parities` are computed from the ledger when not given. The file appears whole or not at all."""
    text = page(ledger, leave_one_out(ledger) if parities is None else parities)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())
    return path


def page(ledger: Ledger, parities: Parities) -> str:
    """The page's HTML."""
    best = front(ledger)
    source = yaml.safe_dump(ledger.spec.dump(), sort_keys=False, allow_unicode=True, width=100)
    sections = [
        problem(ledger),
        pareto_front(ledger, best),
        crystals(best, [o for o in ledger.outcomes if o.number <= 0]),
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
    shown = [section for section in sections if section is not None]
    drawn = any(isinstance(block, Chart) for section in shown for block in section.blocks)
    content = {
        "head": head(ledger, best),
        "sections": shown,
        "style": STYLE,
        "scripts": [*([_plotly()] if drawn else []), file_text("report.js")],
    }
    return rendered("page.html", content)


def _plotly() -> str:
    """The text of plotly.js."""
    from plotly.offline import get_plotlyjs

    text: str = get_plotlyjs()
    return text
