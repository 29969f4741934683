"""This file is the report's ladder: what each rung cost, how rungs agree, who went up and why, and the validation."""

import math

import numpy as np

from eutectic.campaigns.analysis.labels import duration, label, measured, number, title_of, titled
from eutectic.campaigns.analysis.parity import Parities, Parity
from eutectic.campaigns.analysis.rungs import agreements, costs, gated, unclimbed
from eutectic.campaigns.analysis.summary import asked
from eutectic.campaigns.file.goals import Goal
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.campaigns.report.blocks import Badge, Block, Cell, Heading, Section, candidate, paragraph, section, table
from eutectic.campaigns.report.overview import SHOWN


def ladder(ledger: Ledger) -> Section | None:
    """The rungs, their agreement, and the gates' decisions; nothing without a ladder."""
    rungs: list[list[Cell]] = [
        [c.rung + 1, c.oracle, c.asked, c.failed, c.doubtful, duration(c.seconds / max(1, c.asked)),
         duration(c.seconds), number(c.spent)]
        for c in costs(ledger)
    ]  # fmt: skip
    if not rungs:
        return None
    head = ["Rung", "Oracle", "Asked", "Failed", "Out of domain", "Mean time", "Total time", "Cost"]
    what = "the front" if len(ledger.spec.goals) > 1 else "the best"
    note = (
        f"Only values of the top rung count for {what}. A candidate's lower values stay its own: they are compared "
        "below and never mixed with the top's."
    )
    warning = unclimbed(ledger)
    parts: list[Block | None] = [paragraph(f"{warning[:1].upper()}{warning[1:]}." if warning else "", "warn")]
    parts += [paragraph(note, "note"), table(head, rungs, numbers=(0, 2, 3, 4, 5, 6, 7))]
    return section("ladder", "Ladder", parts, _agreement(ledger), _decisions(ledger))


def _agreement(ledger: Ledger) -> list[Block | None]:
    """Correlation and bias of neighbouring rungs."""
    goals = ledger.spec.goals
    rows: list[list[Cell]] = [
        [label(title_of(goals, a.property)), f"{a.lower} → {a.upper}",
         a.n, number(a.correlation, 3), number(a.bias), number(a.scatter),
         f"{number(a.spot_bias)} ({a.spot_checks})" if a.spot_checks else "–"]
        for a in agreements(ledger)
    ]  # fmt: skip
    columns = ["Property", "Rungs", "n", "Correlation", "Bias", "Scatter", "Bias of spot checks (n)"]
    note = "Over the candidates known on both rungs; bias: upper minus lower, mean; scatter: its standard deviation."
    body = table(columns, rows, numbers=range(2, 7))
    return [Heading(3, "How the rungs agree"), body, paragraph(note, "note")] if rows else []


def _decisions(ledger: Ledger) -> list[Block | None]:
    """Who was promoted, or chosen for a rung, and why."""
    rows: list[list[Cell]] = [[o.name, candidate(o), what, why] for o, what, why in gated(ledger)]
    rows += [
        [o.name, candidate(o), f"asked on rung {o.rung + 1}", _why(o)]
        for o in asked(ledger)
        if not o.gates and o.reason.acquisition is not None
    ]
    columns = ["", "Candidate", "Decision", "Reason"]
    return [Heading(3, "Decisions"), table(columns, rows[:SHOWN], tall=len(rows) > 15)] if rows else []


def _why(outcome: Outcome) -> str:
    return f"log of expected gain on the top rung for its price: {number(outcome.reason.acquisition, 3)}"


def validation(ledger: Ledger, parities: Parities) -> Section | None:
    """Prediction, the search's value and the validation, with error bars; nothing without one."""
    told = [o for o in ledger.outcomes if o.validation is not None]
    if not told or ledger.spec.validation is None:
        return None
    rows = [_validated(ledger, outcome, parities) for outcome in told]
    columns = ["", "Candidate", "Status"]
    for goal in ledger.spec.goals:
        columns += [f"{label(titled(goal.name, goal.distance))} predicted", "in the search", "validated"]
    options = ", ".join(f"{key}: {value}" for key, value in ledger.spec.validation.options.items())
    by_hand = [o for o in told if o.validation is not None and o.validation.provenance.get("told")]
    how = "measured once more, by hand," if by_hand else "computed once more, with other seeds,"
    lead = f"The best were {how} by {ledger.spec.validation.oracle}{f' ({options})' if options else ''}. "
    lead += "Predictions are the surrogate's, from all other evaluations where that could be done."
    body = table([*columns, "Reason"], rows, numbers=range(3, len(columns)))
    return section("validation", "Validation", paragraph(lead), body)


def _validated(ledger: Ledger, outcome: Outcome, parities: Parities) -> list[Cell]:
    """One candidate's row."""
    said, predicted = outcome.validation, {p.name: p for p in parities.outputs}
    assert said is not None
    cells: list[Cell] = [outcome.name, candidate(outcome), Badge(said.status)]
    for column, goal in enumerate(ledger.spec.goals):
        name = goal.name
        expected = _left_out(outcome, predicted[name]) if name in predicted else None
        cells.append(expected or _foretold(goal, outcome, column))
        cells += [measured(e.values.get(name), e.errors.get(name)) for e in (outcome, said)]
    return [*cells, said.error]


def _left_out(outcome: Outcome, parity: Parity) -> str | None:
    """The prediction from all other evaluations; None where the candidate is not to be told from another."""
    rows = np.flatnonzero(np.isclose(parity.measured, outcome.values.get(parity.name, math.nan), rtol=1e-9, atol=0))
    return measured(float(parity.predicted[rows[0]]), float(parity.std[rows[0]])) if len(rows) == 1 else None


def _foretold(goal: Goal, outcome: Outcome, column: int) -> str:
    """The prediction made when the candidate was proposed, a dash when nobody made one."""
    mean, std = outcome.reason.mean, outcome.reason.std
    if mean is None or column >= len(mean):
        return "–"
    return measured(goal.natural(mean[column]), std[column] if std is not None and column < len(std) else None)
