"""This file is the report's account of the search: stages, what each optimizer earned, what was known before."""

from eutectic.campaigns.analysis.credit import arm, gained, shares
from eutectic.campaigns.analysis.labels import number
from eutectic.campaigns.analysis.pareto import unreached
from eutectic.campaigns.analysis.summary import asked, counted
from eutectic.campaigns.file.sections import OptimizerPart
from eutectic.campaigns.record.outcomes import Batch, Ledger, Outcome
from eutectic.campaigns.record.volume import satisfying
from eutectic.campaigns.report.markup import Text, paragraph, section, table
from eutectic.optimizers.portfolio.portfolio import CONTROL


def stages(ledger: Ledger) -> str:
    """A row a stage: what it was to do, what it did, why it ended; only for a campaign of several or with a goal."""
    parts = ledger.spec.optimizers
    plain = len(parts) == 1 and parts[0].goal == "pareto"
    rows = [] if plain else [_stage(ledger, k, part) for k, part in enumerate(parts)]
    ends = [note for batch in ledger.batches for note in batch.notes if note.startswith("stage ")]
    columns = ["", "Optimizer", "Looks for", "Ends", "Rounds", "Evaluations", "Satisfying candidates after it"]
    lines = [paragraph(f"{note[:1].upper()}{note[1:]}.", "note") for note in ends]
    warning = paragraph(_capital(unreached(ledger.spec, ledger.reference, ledger.outcomes)), "warn")
    return section("stages", "Stages", warning, table(columns, rows, numbers=[4, 5, 6]) if rows else "", *lines)


def _stage(ledger: Ledger, k: int, part: OptimizerPart) -> list[Text]:
    own = [batch.index for batch in ledger.batches if batch.stage == k]
    evaluations = sum(outcome.round in own for outcome in asked(ledger))
    until = [outcome for outcome in ledger.outcomes if own and outcome.round <= max(own)]
    aim = "what satisfies every window" if part.goal == "satisfy" else "the Pareto front"
    ends = [
        f"with {part.satisfied} satisfying candidates" if part.satisfied else "",
        f"after {part.evaluations} evaluations" if part.evaluations else "",
        f"after {counted(part.stall, 'round')} without gain" if part.stall else "",
    ]
    found: Text = len(satisfying(ledger.spec.goals, until)) if own else "–"
    return [k + 1, part.use, aim, " or ".join(filter(None, ends)) or "with the budget", len(own), evaluations, found]


def credit(ledger: Ledger) -> str:
    """A row an optimizer of each portfolio: its share, its evaluations, the hypervolume it gained, gain per cost."""
    mine = [outcome for outcome in asked(ledger) if arm(outcome)]
    if not mine:
        return ""
    names = sorted({arm(outcome) for outcome in mine}, key=lambda name: (name == CONTROL, name))
    gain = gained(ledger, ledger.outcomes)
    last = next(batch for batch in reversed(ledger.batches) if batch.index == mine[-1].round)
    rows = [_row(name, [o for o in mine if arm(o) == name], gain, last) for name in names]
    columns = ["", "Last share", "Evaluations", "Hypervolume gain", "per evaluation", "per oracle second"]
    note = (
        "A candidate gains what it alone added to the hypervolume of all earlier rounds. Shares follow recent gains "
        "per cost; the sums here are over the whole campaign. The control proposes at random and keeps the least share."
    )
    return section("credit", "Credit", table(columns, rows, numbers=range(1, 6)), paragraph(note, "note"))


def _row(name: str, own: list[Outcome], gain: dict[int, float], last: Batch) -> list[Text]:
    total, seconds = sum(gain.get(o.number, 0.0) for o in own), sum(o.cost_s for o in own)
    ended = sum(o.finished_at is not None for o in own)
    given = shares(last)
    return [
        name,
        f"{given[name]:g} %" if name in given else "–",
        len(own),
        number(total, 3),
        number(total / ended, 3) if ended else "–",
        number(total / seconds, 3) if seconds else "–",
    ]


def known(ledger: Ledger) -> str:
    """A row a source of what was known before the start."""
    rows: list[list[Text]] = []
    sources: dict[str, list[Outcome]] = {}
    for outcome in ledger.outcomes:
        if outcome.number <= 0:
            said = outcome.evaluations[0].provenance
            sources.setdefault(str(said.get("file", said.get("folder", "history"))), []).append(outcome)
    for name, own in sorted(sources.items()):
        campaign = own[0].evaluations[0].provenance.get("campaign")
        kind = f"campaign {campaign}" if campaign else "table"
        rows.append([name, kind, len(own), sum(o.status != "finished" for o in own), sum(o.feasible for o in own)])
    columns = ["Source", "", "Rows", "Refused", "Feasible"]
    return section("known", "Known before the start", table(columns, rows, numbers=[2, 3, 4])) if rows else ""


def _capital(text: str | None) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
