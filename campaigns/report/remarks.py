"""This file is the section of what people said and did: remarks, replicates and corrections, in the order they came."""

import time
from collections.abc import Mapping

from eutectic.campaigns.analysis.labels import label, number, title_of
from eutectic.campaigns.record.outcomes import Ledger, Remark
from eutectic.campaigns.report.blocks import Cell, Section, candidate, section, table

SHOWN = 500
"""Rows of the table at most; `campaign export --format json` has all."""


def remarks(ledger: Ledger) -> Section | None:
    """A row a remark, and one a candidate that was measured more than once; None where nobody said anything."""
    rows: list[tuple[float, list[Cell]]] = []
    for outcome in ledger.outcomes:
        for remark in outcome.remarks:
            said = "; ".join(filter(None, (remark.text, _kept(remark))))
            rows.append((remark.at, [outcome.name, candidate(outcome), said, remark.by, _day(remark.at)]))
        if len(outcome.measurements) > 1:
            last = outcome.measurements[-1]
            said = "; ".join(_values(ledger, m.values) for m in outcome.measurements)
            text = f"measured {len(outcome.measurements)} times: {said}"
            rows.append((last.at, [outcome.name, candidate(outcome), text, last.by, _day(last.at)]))
    for change in ledger.changes:
        text = "; ".join(change.differences)
        what = "reference point and all hypervolumes are those" if len(ledger.spec.goals) > 1 else "the best is that"
        text += f"; {what} of the new objectives" if change.anew else ""
        rows.append((change.at, ["", f"after round {change.round}", f"changed: {text}", change.by, _day(change.at)]))
    shown = [row for _, row in sorted(rows, key=lambda pair: pair[0])[-SHOWN:]]
    columns = ["", "Candidate", "What was said", "By", "When"]
    return section("remarks", "By hand", table(columns, shown, tall=len(shown) > 15)) if shown else None


def _kept(remark: Remark) -> str:
    """The file that is kept with a remark, "" without one."""
    file = remark.file
    return "" if file is None else f"file {file.name} ({file.bytes:,} bytes, files/{file.sha256[:12]}...)"


def _values(ledger: Ledger, values: Mapping[str, float]) -> str:
    goals = ledger.spec.goals
    return ", ".join(f"{label(title_of(goals, name))} {number(value)}" for name, value in values.items())


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
