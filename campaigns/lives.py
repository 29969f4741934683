"""This file is an outcome's life: proposed, told of, settled; what it was before is never changed, only replaced."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from campaigns.records import Outcome
from optimizers.base import Reason
from oracles.base import Evaluation

if TYPE_CHECKING:
    from campaigns.spec import CampaignSpec


def proposed(row: Mapping[str, Any], number: int, index: int, at: float) -> Outcome:
    """A proposed outcome from its row in the journal."""
    candidate: Mapping[str, Any] = row["candidate"]
    reason = dict(row["reason"])
    for name in ("mean", "std"):
        reason[name] = None if reason.get(name) is None else tuple(reason[name])
    return Outcome(
        number=number,
        id=row["id"],
        round=index,
        status="proposed",
        x=tuple(row["x"]),
        variables=candidate["variables"],
        composition=candidate["composition"],
        values={},
        errors={},
        losses=(),
        excess=(),
        feasible=False,
        reason=Reason(**reason),
        origin=candidate["origin"] or reason["proposer"],
        neighbour=row.get("neighbour"),
        distance=row.get("distance"),
        proposed_at=at,
        rung=row.get("rung", 0),
        until=row.get("until", row.get("rung", 0)),
        provisional=tuple(row.get("provisional", ())),
    )


def learned(outcome: Outcome, evaluation: Evaluation) -> Outcome:
    """The outcome with one more evaluation; a property's value is that of the highest rung that has answered."""
    said = (evaluation.oracle, evaluation.fidelity)
    others = tuple(e for e in outcome.evaluations if (e.oracle, e.fidelity) != said)
    outcome = replace(outcome, evaluations=(*others, evaluation))
    values: dict[str, float] = {}
    errors: dict[str, float] = {}
    for e in sorted(outcome.evaluations, key=lambda e: e.fidelity):
        if e.status == "finished":
            values = {**values, **e.values}
            errors = {**{name: error for name, error in errors.items() if name not in e.values}, **e.errors}
    return replace(outcome, values=values, errors=errors)


def settled(outcome: Outcome, status: Any, spec: "CampaignSpec", at: float) -> Outcome:
    """The outcome with its last status; losses and constraints from its values, NaN unless it finished.

    What is not the top rung's is not a value in this sense.
    """
    values = {name: v for name, v in outcome.values.items() if status == "finished" and name not in outcome.provisional}
    losses = tuple(goal.loss(goal.signed(values.get(goal.name, math.nan))) for goal in spec.goals)
    excess = tuple(limit.excess(values.get(limit.property, math.nan)) for limit in spec.limits)
    losses = tuple(loss if goal.name in values else math.nan for loss, goal in zip(losses, spec.goals, strict=True))
    feasible = all(math.isfinite(loss) for loss in losses) and all(e <= 0 for e in excess)
    return replace(outcome, status=status, losses=losses, excess=excess, feasible=feasible, finished_at=at)
