"""This file is the report's record: decisions, cost, failures, and how to do it again."""

from collections import Counter
from collections.abc import Mapping

from eutectic.campaigns.analysis.labels import duration, label, measured, number, quantity, title_of, titled
from eutectic.campaigns.analysis.summary import asked, costs, counted, said
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.campaigns.report.blocks import (
    Badge,
    Cell,
    Code,
    Folded,
    Opening,
    Section,
    candidate,
    paragraph,
    section,
    table,
)
from eutectic.campaigns.report.overview import SHOWN, described


def decisions(ledger: Ledger) -> Section | None:
    """Why each candidate was proposed, and what came of it."""
    newest = asked(ledger)[::-1]
    heads, cells, numbers = described(newest)
    names = {outcome.number: outcome.name for outcome in ledger.outcomes}
    rows = [_decision(ledger, outcome, own, names) for outcome, own in zip(newest, cells, strict=True)]
    goals = [label(titled(g.name, g.distance)) for g in ledger.spec.goals]
    pairs = [text for goal in goals for text in (f"{goal} predicted", "measured")]
    columns = ["", "Round", "Status", *heads, "Proposer", "Acquisition", *pairs, "P(feasible)", "Nearest"]
    if not ledger.spec.limits:  # then it is the probability that the evaluation succeeds, where anything failed
        columns[-2] = "P(succeeds)"
    if all(outcome.reason.feasibility is None for outcome in ledger.outcomes):
        columns, rows = [*columns[:-2], columns[-1]], [[*row[:-2], row[-1]] for row in rows]
    note = (
        "Newest first. Predictions are those made when the candidate was proposed, with one standard deviation; "
        "acquisition values compare only within a batch; distances are root mean squares with every variable's "
        "bounds scaled to 1."
    )
    cut = f" The {SHOWN} newest of {len(rows)}; `campaign export --format json` has all." if len(rows) > SHOWN else ""
    flush = [1, *(3 + k for k in numbers), *range(4 + len(heads), len(columns) - 1)]
    body = table(columns, rows[:SHOWN], numbers=flush, tall=True)
    return section("decisions", "Decisions", paragraph(note + cut, "note"), body) if rows else None


def _decision(ledger: Ledger, outcome: Outcome, own: list[Cell], names: Mapping[int, str]) -> list[Cell]:
    reason, near = outcome.reason, "–"
    if outcome.neighbour is not None:
        near = f"{names.get(outcome.neighbour, f'#{outcome.neighbour}')} at {number(outcome.distance, 2)}"
    cells: list[Cell] = [
        outcome.name,
        outcome.round + 1,
        Badge(outcome.status),
        *own,
        reason.proposer,
    ]
    cells.append(number(reason.acquisition, 3))
    for column, goal in enumerate(ledger.spec.goals):
        cells += [_predicted(ledger, outcome, column), _measured(ledger, outcome, goal.name)]
    return [*cells, number(reason.feasibility, 2), near]


def _predicted(ledger: Ledger, outcome: Outcome, column: int) -> str:
    mean, std = outcome.reason.mean, outcome.reason.std
    if mean is None or column >= len(mean):
        return "–"
    deviation = std[column] if std is not None and column < len(std) else None
    return measured(ledger.spec.goals[column].natural(mean[column]), deviation)


def _measured(ledger: Ledger, outcome: Outcome, name: str) -> str:
    unit = quantity(title_of(ledger.spec.goals, name))[1]
    return said(name, outcome, ledger.spec.goals).removesuffix(unit) if outcome.status != "failed" else "–"


def expenses(ledger: Ledger) -> Section | None:
    """What was spent, oracle by oracle, and on proposing."""
    rows: list[list[Cell]] = [
        [c.oracle, c.asked, c.failed, duration(c.seconds / c.asked), duration(c.seconds)] for c in costs(ledger)
    ]
    asks = [batch.ask_s for batch in ledger.batches]
    if asks:
        rows.append(
            ["proposing (fits and acquisition)", len(asks), "", duration(sum(asks) / len(asks)), duration(sum(asks))]
        )
        rows.append(["everything else", "", "", "", duration(ledger.overhead_s)])
    columns = ["", "Asked", "Failed", "Mean time", "Total time"]
    notes = [f"round {batch.index + 1}: {note}" for batch in ledger.batches for note in batch.notes]
    remarks = Folded(f"Notes of the optimizers ({len(notes)})", "\n".join(notes)) if notes else None
    return section("cost", "Cost", table(columns, rows, numbers=range(1, 5)), remarks) if rows else None


def failures(ledger: Ledger) -> Section | None:
    """Every evaluation without usable values, with its reason; refused values are shown."""
    lost = [o for o in asked(ledger) if o.status in ("failed", "refused")]
    if not lost:
        return section("failures", "Failures", paragraph("None." if asked(ledger) else ""))
    kinds = Counter(o.failure or o.status for o in lost)
    words = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    rows: list[list[Cell]] = [
        [o.name, o.round + 1, candidate(o), Badge(o.status), o.failure, _reason(o), _kept(ledger, o)]
        for o in lost[:SHOWN]
    ]
    columns = ["", "Round", "Candidate", "Status", "Class", "Reason", "Values it returned"]
    lead = paragraph(f"{counted(len(lost), 'evaluation')} gave no usable values; by class: {words}.")
    return section("failures", "Failures", lead, table(columns, rows, numbers=[1], tall=len(rows) > 15))


def _reason(outcome: Outcome) -> Cell:
    """The first line; what follows it opens."""
    first, _, rest = outcome.error.partition("\n")
    if len(first) > 300:
        first, rest = first[:300] + " …", outcome.error
    return Opening(first, rest[-4000:]) if rest.strip() else first


def _kept(ledger: Ledger, outcome: Outcome) -> str:
    goals = ledger.spec.goals
    return ", ".join(f"{label(title_of(goals, name))}: {number(value)}" for name, value in outcome.values.items())


def again(ledger: Ledger, source: str) -> Section | None:
    """How to reproduce: commands, versions, seed, revision, and the resolved campaign file."""
    lines: list[list[Cell]] = [
        ["seed", ledger.spec.seed],
        *_facts("", {k: v for k, v in ledger.facts.items() if k != "bounds"}),
    ]
    name = ledger.spec.name
    begin = f"campaign run {name}.yaml"
    if any(outcome.measurements for outcome in ledger.outcomes):
        begin = (
            f"campaign suggest {name}.yaml\n# what people measured is not measured again: "
            f"a campaign with `history: {{file: {ledger.folder}}}` begins with it"
        )
    commands = (
        f"# save the campaign file below as {name}.yaml\n{begin}\n\n"
        f"# what this page was made from\ncampaign report {ledger.folder}\n"
        f"campaign export {ledger.folder} --format csv"
    )
    return section(
        "again",
        "How to reproduce",
        Code(commands),
        table(["", ""], lines),
        Folded(f"{name}.yaml, resolved", source),
    )


def _facts(prefix: str, facts: Mapping[str, object]) -> list[list[Cell]]:
    """Facts recorded at the start, a row each; what is nested under its path."""
    rows: list[list[Cell]] = []
    for key, value in facts.items():
        name = f"{prefix} {key}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            rows += _facts(name, value)
        elif isinstance(value, list | tuple):
            rows += [[name, " ".join(str(item) for item in value)]] if value else []
        elif name != "seed" and value is not None:
            rows.append([name, str(value)])
    return rows
