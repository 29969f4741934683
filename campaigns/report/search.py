"""This file is the report's account of the search: stages, what each optimizer earned, what was known before."""

from eutectic.campaigns.analysis.before import added, earlier
from eutectic.campaigns.analysis.credit import arm, gained
from eutectic.campaigns.analysis.labels import number
from eutectic.campaigns.analysis.pareto import front, unreached
from eutectic.campaigns.analysis.summary import asked, counted, evaluated
from eutectic.campaigns.file.sections import OptimizerPart
from eutectic.campaigns.record.outcomes import Batch, Ledger, Outcome
from eutectic.campaigns.record.volume import feasible, losses_of, satisfying
from eutectic.campaigns.report.blocks import Cell, Section, paragraph, section, table
from eutectic.optimizers.portfolio.portfolio import CONTROL


def stages(ledger: Ledger) -> Section | None:
    """A row a stage: what it was to do, what it did, why it ended; only for a campaign of several or with a goal."""
    parts = ledger.spec.optimizers
    plain = len(parts) == 1 and parts[0].goal == "pareto"
    rows = [] if plain else [_stage(ledger, k, part) for k, part in enumerate(parts)]
    ends = [str(end) for batch in ledger.batches for end in batch.ended]
    columns = ["", "Optimizer", "Looks for", "Ends", "Rounds", "Evaluations", "Satisfying candidates after it"]
    if not windowed(ledger):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    flush = range(4, len(columns))
    lines = [paragraph(f"{note[:1].upper()}{note[1:]}.", "note") for note in ends]
    losses = losses_of(feasible(ledger.outcomes), len(ledger.spec.goals))
    warning = paragraph(_capital(str(unreached(ledger.spec, ledger.reference, losses) or "")), "warn")
    return section("stages", "Stages", warning, table(columns, rows, numbers=flush) if rows else None, lines)


def _kept(ledger: Ledger) -> list[Outcome]:
    """What the campaign proposed, without what was given back: its place is free for another."""
    return [outcome for outcome in asked(ledger) if outcome.status != "returned"]


def windowed(ledger: Ledger) -> bool:
    """Is there anything to satisfy: a constraint, or a target with a tolerance?"""
    return bool(ledger.spec.limits) or any(g.kind == "target" and g.tolerance > 0 for g in ledger.spec.goals)


def _stage(ledger: Ledger, k: int, part: OptimizerPart) -> list[Cell]:
    own = [batch.index for batch in ledger.batches if batch.stage == k]
    evaluations = sum(evaluated(ledger, index + 1) - evaluated(ledger, index) for index in own)
    until = [outcome for outcome in ledger.outcomes if own and outcome.round <= max(own)]
    best = "the Pareto front" if len(ledger.spec.goals) > 1 else "the best value"
    aim = "what satisfies every window" if part.goal == "satisfy" else best
    ends = [
        f"with {part.satisfied} satisfying candidates" if part.satisfied else "",
        f"after {part.evaluations} evaluations" if part.evaluations else "",
        f"after {counted(part.stall, 'round')} without gain" if part.stall else "",
    ]
    found: Cell = len(satisfying(ledger.spec.goals, until)) if own else "–"
    return [k + 1, part.use, aim, " or ".join(filter(None, ends)) or "with the budget", len(own), evaluations, found]


def credit(ledger: Ledger) -> Section | None:
    """A row an optimizer of each portfolio: its share, its evaluations, the hypervolume it gained, gain per cost."""
    mine = [outcome for outcome in _kept(ledger) if arm(outcome)]
    if not mine:
        return None
    names = sorted({arm(outcome) for outcome in mine}, key=lambda name: (name == CONTROL, name))
    gain = gained(ledger, ledger.outcomes)
    last = next(batch for batch in reversed(ledger.batches) if batch.index == mine[-1].round)
    rows = [_row(name, [o for o in mine if arm(o) == name], gain, last) for name in names]
    many = len(ledger.spec.goals) > 1
    gains = "Hypervolume gain" if many else "Improvement"
    columns = ["", "Last share", "Evaluations", gains, "per evaluation", "per oracle second"]
    first = "added to the hypervolume of" if many else "improved on the best of"
    note = (
        f"A candidate gains what it alone {first} all earlier rounds. Shares follow recent gains "
        "per cost; the sums here are over the whole campaign. The control proposes at random and keeps the least share."
    )
    return section("credit", "Credit", table(columns, rows, numbers=range(1, 6)), paragraph(note, "note"))


def _row(name: str, own: list[Outcome], gain: dict[int, float], last: Batch) -> list[Cell]:
    total, seconds = sum(gain.get(o.number, 0.0) for o in own), sum(o.cost_s for o in own)
    ended = sum(o.finished_at is not None for o in own)
    return [
        name,
        f"{100 * last.shares[name]:.0f} %" if name in last.shares else "–",
        len(own),
        number(total, 3),
        number(total / ended, 3) if ended else "–",
        number(total / seconds, 3) if seconds else "–",
    ]


def known(ledger: Ledger) -> Section | None:
    """A row a source of what was known before the start, and one of what was added by hand since."""
    rows: list[list[Cell]] = []
    sources: dict[str, list[Outcome]] = {}
    best = {o.number for o in front(ledger)}
    for outcome in earlier(ledger.outcomes):
        said = outcome.evaluations[0].provenance
        sources.setdefault(str(said.get("file", said.get("folder", "history"))), []).append(outcome)
    late = added(ledger.outcomes)
    people: dict[str, list[Outcome]] = {}
    for outcome in late:
        people.setdefault(outcome.origin, []).append(outcome)
    for (name, own), hand in [
        *((item, False) for item in sorted(sources.items())),
        *((item, True) for item in sorted(people.items())),
    ]:
        campaign = None if hand else own[0].evaluations[0].provenance.get("campaign")
        kind = "results never suggested" if hand else f"campaign {campaign}" if campaign else "table"
        refused, feasible = sum(o.status != "finished" for o in own), sum(o.feasible for o in own)
        rows.append([name, kind, len(own), refused, sum(o.number in best for o in own), feasible])
    columns = ["Source", "Kind", "Rows", "Refused", "On the front", "Hold every constraint"]
    keep = [
        k
        for k in range(len(columns))
        if (k != 4 or len(ledger.spec.goals) > 1) and (k != 5 or bool(ledger.spec.limits))
    ]
    heading = " and ".join([*["known before the start"] * bool(sources), *["added by hand"] * bool(late)]).capitalize()
    note = "Surrogates learn from these rows; they cost this campaign nothing and are not among its evaluations."
    body = table([columns[k] for k in keep], [[row[k] for k in keep] for row in rows], numbers=range(2, len(keep)))
    return section("known", heading, body, paragraph(note, "note")) if rows else None


def _capital(text: str | None) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
