"""This file is what MLflow is told of a campaign, as plain data that follows from the ledger alone."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eutectic.campaigns.analysis.credit import credits
from eutectic.campaigns.analysis.labels import legal
from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.parity import Parities
from eutectic.campaigns.analysis.summary import findings
from eutectic.campaigns.analysis.table import table, variable_names
from eutectic.campaigns.record.outcomes import ENDED, Ledger, Outcome

LONGEST_VALUE = 500
"""Characters of a parameter's value, the limit of the oldest stores still in use; the YAML artifact has all."""
LONGEST_TAG = 5000
"""Characters of a tag's value."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value of one metric."""

    key: str
    value: float
    at_ms: int
    """Unix time, ms, as the journal has it: logging it again changes nothing."""
    step: int
    """Round, from 1."""


def parameters(ledger: Ledger) -> dict[str, str]:
    """The resolved campaign file, flattened: `budget.batch` -> "4"; legal names, values of legal length."""
    flat: dict[str, str] = {}
    _flatten("", ledger.spec.dump(), flat)
    return {legal(name): shortened(value, LONGEST_VALUE) for name, value in flat.items()}


def _flatten(path: str, content: object, flat: dict[str, str]) -> None:
    """Leaves under dotted paths; lists of plain values stay whole."""
    if isinstance(content, Mapping) and content:
        for key, value in content.items():
            _flatten(f"{path}.{key}" if path else str(key), value, flat)
    elif isinstance(content, list | tuple) and any(isinstance(item, Mapping) for item in content):
        for i, item in enumerate(content):
            _flatten(f"{path}.{i}", item, flat)
    elif content not in (None, {}, [], ()):
        flat[path] = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)


def shortened(text: str, limit: int) -> str:
    """The text, cut with an ellipsis where it is longer than limit characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def tags(ledger: Ledger) -> dict[str, str]:
    """Facts recorded at the start (versions, seed, git revision, ...), flattened, the folder, and what was found."""
    flat: dict[str, str] = {}
    _flatten("eutectic", dict(ledger.facts), flat)
    flat |= {"eutectic.folder": ledger.folder, "eutectic.state": ledger.state, "eutectic.seed": str(ledger.spec.seed)}
    revision = flat.get("eutectic.git.revision")
    named = {"mlflow.source.name": ledger.spec.name, "mlflow.source.type": "LOCAL"}
    named["mlflow.note.content"] = " ".join(findings(ledger, front(ledger)))
    named |= {"mlflow.source.git.commit": revision} if revision else {}
    return {legal(name): shortened(value, LONGEST_TAG) for name, value in {**flat, **named}.items()}


def started_ms(ledger: Ledger) -> int:
    """Unix time, ms, of the first proposal; 0 before it."""
    return int(1000 * min((b.asked_at for b in ledger.batches), default=0.0))


def ended_ms(ledger: Ledger) -> int:
    """Unix time, ms, of the last result; of the first proposal when there is none."""
    ends = [o.finished_at for o in ledger.outcomes if o.finished_at is not None and o.number > 0]
    return int(1000 * max(ends)) if ends else started_ms(ledger)


def round_ms(ledger: Ledger, index: int) -> int:
    """Unix time, ms, at which a round's last outcome was settled."""
    ends = [o.finished_at for o in ledger.outcomes if o.round == index and o.finished_at is not None]
    return int(1000 * max(ends)) if ends else started_ms(ledger)


def hypervolumes(ledger: Ledger, first: int = 1) -> list[Measurement]:
    """The hypervolume after each round, where it is known; first: the step of the first round."""
    return [
        Measurement("hypervolume", r.hypervolume, round_ms(ledger, r.index), r.index + first)
        for r in ledger.rounds
        if r.hypervolume is not None and math.isfinite(r.hypervolume)
    ]


def measurements(ledger: Ledger, index: int, first: int = 1) -> list[Measurement]:
    """Every metric of one round that has ended: the campaign up to and with it, and the round itself.

    first: the step of the first round.
    """
    so_far = [o for o in ledger.outcomes if o.round <= index]
    ended = next(r for r in ledger.rounds if r.index == index)
    values: dict[str, float | None] = {"hypervolume": ended.hypervolume, "missing_share": ended.regret}
    values |= _best(ledger, so_far) | _counts(so_far) | _costs(ledger, so_far, index)
    values |= credits(ledger, index)
    for name, metrics in ended.diagnostics.items():
        values |= {f"cv.{metric}.{name}": value for metric, value in metrics.items()}
    at = round_ms(ledger, index)
    return [
        Measurement(legal(key), float(value), at, index + first)
        for key, value in values.items()
        if value is not None and math.isfinite(value)
    ]


def checked(ledger: Ledger, parities: Parities, first: int = 1) -> list[Measurement]:
    """The report's own cross-validation, after everything is known, as the last round's; first: the first round's step.

    It stands where that of the round stood, whose hyperparameters are those of the last asking.
    """
    if not ledger.rounds:
        return []
    wanted, limits = {*ledger.spec.objectives}, {limit.property: limit.name for limit in ledger.spec.limits}
    step, at = ledger.rounds[-1].index + first, ended_ms(ledger) + 1
    return [
        Measurement(legal(f"cv.{metric}.{name if name in wanted else limits.get(name, name)}"), float(value), at, step)
        for name, metrics in ((one.name, one.metrics) for one in parities.outputs)
        for metric, value in metrics.items()
        if math.isfinite(value)
    ]


def _best(ledger: Ledger, outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    """Best value of each objective, natural units, among feasible outcomes."""
    feasible = [o for o in outcomes if o.feasible]
    best: dict[str, float | None] = {}
    for column, goal in enumerate(ledger.spec.goals):
        winner = min(feasible, key=lambda o, j=column: o.losses[j], default=None)  # type: ignore[misc]
        best[f"best.{goal.name}"] = winner.values.get(goal.name) if winner else None
    return best


def _counts(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    counts = Counter(o.status for o in outcomes if o.number > 0)
    found: dict[str, float | None] = {f"evaluations.{s}": float(counts[s]) for s in ENDED}
    return found | {"evaluations.feasible": float(sum(o.feasible for o in outcomes if o.number > 0))}


def _costs(ledger: Ledger, outcomes: Sequence[Outcome], index: int) -> dict[str, float | None]:
    """Cumulative seconds: all, a number an oracle, and what proposing took."""
    costs: dict[str, float | None] = {"cost_s.total": sum(o.cost_s for o in outcomes)}
    said = [e for o in outcomes for e in o.evaluations]
    for name in dict.fromkeys(e.oracle for e in said):
        costs[f"cost_s.{name}"] = sum(e.cost_s for e in said if e.oracle == name)
    return costs | {"ask_s": sum(b.ask_s for b in ledger.batches if b.index <= index)}


def evaluation(outcome: Outcome) -> tuple[dict[str, str], dict[str, float], dict[str, str]]:
    """Parameters, metrics and tags of one evaluation's own run."""
    variables = {legal(name): shortened(str(value), LONGEST_VALUE) for name, value in outcome.variables.items()}
    values = {legal(name): value for name, value in outcome.values.items() if math.isfinite(value)}
    values |= {legal(f"{name}_std"): error for name, error in outcome.errors.items() if math.isfinite(error)}
    marks = {"eutectic.id": outcome.id, "eutectic.status": outcome.status, "eutectic.origin": outcome.origin}
    marks |= {"eutectic.error": shortened(outcome.error, LONGEST_TAG)} if outcome.error else {}
    return variables, values | {"cost_s": outcome.cost_s}, marks


def evaluations_table(ledger: Ledger) -> dict[str, object]:
    """The export's table as MLflow's UI reads one: columns and data."""
    names, rows = table(ledger)
    return {"columns": names, "data": rows}


def pareto_table(ledger: Ledger, best: Sequence[Outcome]) -> dict[str, object]:
    """The front as such a table: number, name, id, variables, objectives with their standard errors."""
    variables = variable_names(best)
    goals = [goal.name for goal in ledger.spec.goals]
    rows = [
        [o.proposal, o.name, o.id, *(o.variables.get(v) for v in variables),
         *(cell for g in goals for cell in (o.values.get(g), o.errors.get(g)))]
        for o in best
    ]  # fmt: skip
    return {"columns": ["number", "name", "id", *variables, *(c for g in goals for c in (g, f"{g}_std"))], "data": rows}
