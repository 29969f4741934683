"""This file is how a campaign stands right now: what `campaign status` prints and the progress display shows."""

from collections import Counter
from dataclasses import asdict, dataclass
from html import escape

from eutectic.campaigns.analysis import rungs, summary
from eutectic.campaigns.analysis.forecast import time_left_s
from eutectic.campaigns.analysis.labels import duration, measured, number, quantity, titled
from eutectic.campaigns.analysis.leaning import still
from eutectic.campaigns.record.outcomes import Ledger


@dataclass(frozen=True, slots=True)
class Status:
    """A campaign in a few numbers."""

    state: str
    done: int
    failed: int
    refused: int
    running: int
    waiting: int
    """Asked for, and neither begun by the machine nor told by people."""
    budget: int | None
    """Evaluations; None when only hours, cost or stall end the campaign."""
    round: int
    """Rounds that have ended."""
    hypervolume: float | None
    """None with a single objective too, whose best value says the same."""
    gain: float | None
    """Relative growth of the hypervolume in the last round, dimensionless."""
    best: tuple[tuple[str, float, float | None], ...]
    """Objective as people see it, best feasible value, its standard error."""
    left_s: float | None
    """Wall seconds; None before anything is measured."""


def status_of(ledger: Ledger, now: float) -> Status:
    """Fold the ledger; `now` is Unix time in seconds."""
    counts = Counter(o.status for o in ledger.outcomes if o.number > 0)
    return Status(
        state=ledger.state,
        done=counts["finished"],
        failed=counts["failed"],
        refused=counts["refused"],
        running=counts["running"],
        waiting=counts["proposed"],
        budget=ledger.spec.budget.evaluations,
        round=len(ledger.rounds),
        hypervolume=ledger.hypervolume if len(ledger.spec.goals) > 1 else None,
        gain=_gain(ledger),
        best=_best(ledger, shown=True),
        left_s=time_left_s(ledger, now),
    )


def status_json(ledger: Ledger, now: float) -> dict[str, object]:
    """The content of `campaign status --json`."""
    status = status_of(ledger, now)
    return {
        "name": ledger.spec.name,
        "state": status.state,
        "reason": ledger.reason,
        "evaluations": {
            "done": status.done,
            "failed": status.failed,
            "running": status.running,
            "waiting": status.waiting,
            "refused": status.refused,
            "budget": status.budget,
        },
        "round": status.round,
        "hypervolume": ledger.hypervolume,
        "best": {name: value for name, value, _ in _best(ledger)},
        "cost_s": cost_s(ledger),
        **({"changes": [asdict(change) for change in ledger.changes]} if ledger.changes else {}),
        **({"rungs": rows} if (rows := _rungs(ledger)) else {}),
        "left_s": status.left_s,
        "timing": {"ask_s": [batch.ask_s for batch in ledger.batches], "overhead_s": ledger.overhead_s},
    }


def status_lines(ledger: Ledger, now: float) -> list[str]:
    """The same for a person, line by line."""
    facts = status_of(ledger, now)
    why = f" ({ledger.reason})" if ledger.reason else ""
    lines = [f"{ledger.spec.name}: {facts.state}{why}", f"evaluations  {counts(facts)}"]
    if facts.waiting and facts.state != "running":
        lines.append(f"waiting      {summary.counted(facts.waiting, 'candidate')} without a result yet")
    if facts.hypervolume is not None:
        lines.append(f"hypervolume  {hypervolume(facts)} after round {facts.round}")
    lines += [f"best         {text}" for text in best(facts)]
    lines += [line for name, seconds in cost_s(ledger).items() if (line := _cost_line(ledger, name, seconds))]
    for change in ledger.changes:
        who = f" by {change.by}" if change.by else ""
        seen = "; reference point and hypervolumes anew" if change.anew else ""
        lines.append(f"changed      after round {change.round}{who}: {'; '.join(change.differences)}{seen}")
    lines += [f"gain         {text}" for text in [still(ledger)] if text]
    if facts.state == "running" and facts.left_s is not None:
        lines.append(f"time left    {about(facts.left_s)}")
    return lines


def status_html(ledger: Ledger, now: float) -> str:
    """The same lines as a small table, for notebooks."""
    first, *rest = status_lines(ledger, now)
    rows = "".join(f"<tr><td><pre style='margin:0'>{escape(line)}</pre></td></tr>" for line in rest)
    return f"<table><tr><th style='text-align:left'>{escape(first)}</th></tr>{rows}</table>"


def _rungs(ledger: Ledger) -> list[dict[str, object]]:
    """Of a ladder, each rung's oracle, evaluations, seconds and cost, for programs; [] without one."""
    return [
        {"rung": c.rung + 1, "oracle": c.oracle, "evaluations": c.asked, "cost_s": c.seconds, "cost": c.spent}
        for c in rungs.costs(ledger)
    ]


def _cost_line(ledger: Ledger, name: str, seconds: float) -> str:
    """`cost         rung 2 'md' 12 evaluations, 3 h, cost 240`; off a ladder, `cost         md 3 h`.

    Without the time where none was taken, as by people, and "" where nothing is left to say.
    """
    rung = next((c for c in rungs.costs(ledger) if c.oracle == name), None)
    if rung is None:
        return f"cost         {name} {duration(seconds)}" if seconds else ""
    stated = any(part.called == name and part.cost is not None for part in ledger.spec.oracles)
    spent = f", cost {number(rung.spent)}" if stated else ""
    asked = summary.counted(rung.asked, "evaluation")
    return f"cost         rung {rung.rung + 1} '{name}' {asked}{f', {duration(seconds)}' if seconds else ''}{spent}"


def counts(facts: Status) -> str:
    """`24/60 done, 2 running, 1 failed`, without the zeros."""
    of = "" if facts.budget is None else f"/{facts.budget}"
    parts = [f"{facts.done}{of} done"]
    for word in ("running", "failed", "refused"):
        if getattr(facts, word):
            parts.append(f"{getattr(facts, word)} {word}")
    return ", ".join(parts)


def hypervolume(facts: Status) -> str:
    """`812.4 (+3.1 %)`; beyond tenfold `3367 (1330 times)`."""
    if facts.gain is not None and facts.gain >= 9:
        return f"{number(facts.hypervolume)} ({number(1 + facts.gain)} times)"
    grown = f" (+{100 * facts.gain:.1f} %)" if facts.gain is not None and facts.gain >= 5e-4 else ""
    return number(facts.hypervolume) + grown


def best(facts: Status) -> list[str]:
    """`Bulk modulus 178.2 ± 0.6 GPa`, one text an objective."""
    texts = []
    for name, value, error in facts.best:
        words, unit = quantity(name)
        texts.append(f"{words} {measured(value, error)} {unit}".rstrip())
    return texts


def about(seconds: float) -> str:
    """`about 3 min`: a forecast, to whole seconds and minutes, tenths of hours."""
    for limit, size, digits in ((120, 1, 0), (7200, 60, 0), (172800, 360, 0)):
        if seconds < limit:
            return f"about {duration(max(1, round(seconds / size, digits)) * size)}"
    return f"about {duration(seconds)}"


def cost_s(ledger: Ledger) -> dict[str, float]:
    """Oracle -> wall seconds of all its evaluations."""
    return {cost.oracle: cost.seconds for cost in summary.costs(ledger)}


def _best(ledger: Ledger, shown: bool = False) -> tuple[tuple[str, float, float | None], ...]:
    """For each objective the feasible outcome with the smallest loss; `shown`: under the name that people see."""
    found = []
    for column, goal in enumerate(ledger.spec.goals):
        winner = summary.best(ledger, column)
        if winner is not None:
            found.append(
                (
                    titled(goal.name, goal.distance) if shown else goal.name,
                    winner.values[goal.name],
                    winner.errors.get(goal.name),
                )
            )
    return tuple(found)


def _gain(ledger: Ledger) -> float | None:
    """Relative growth of the hypervolume from the last round but one to the last."""
    values = [r.hypervolume for r in ledger.rounds if r.hypervolume is not None]
    return values[-1] / values[-2] - 1 if len(values) >= 2 and values[-2] > 0 else None
