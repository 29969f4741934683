"""This file is the Pareto front of a record, and what is to be said of a reference point that nothing reaches."""

from collections.abc import Sequence

from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.notes import Unreached
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.campaigns.record.volume import feasible, losses_of, nondominated
from eutectic.optimizers.base import Array

ENOUGH = 8
"""Feasible outcomes from which it is worth saying."""


def front(ledger: Ledger) -> list[Outcome]:
    """The non-dominated feasible outcomes, by the first objective's loss; a candidate evaluated twice comes once."""
    candidates = feasible(ledger.outcomes)
    losses = losses_of(candidates, len(ledger.spec.goals))
    chosen: dict[str, Outcome] = {}
    for outcome, keep in zip(candidates, nondominated(losses), strict=True):
        if keep:
            chosen.setdefault(outcome.id, outcome)
    return sorted(chosen.values(), key=lambda o: (o.losses, o.number))


def unreached(spec: CampaignSpec, reference: Sequence[float] | None, losses: Array) -> Unreached | None:
    """Why the hypervolume is 0 although much is feasible: nothing is better than the reference.

    losses: (n, m) of what is feasible. None when something is, when no reference (m,) is fixed, or while fewer than 8
    are feasible.
    """
    if reference is None or len(losses) < ENOUGH:
        return None
    misses = losses - reference
    if (misses < 0).all(1).any():
        return None
    never = tuple(goal.name for goal, best in zip(spec.goals, misses.min(0), strict=True) if best >= 0)
    where = {
        goal.name: goal.natural(loss + goal.tolerance) if goal.reference is None else goal.reference
        for goal, loss in zip(spec.goals, reference, strict=True)
    }
    return Unreached(where, len(losses), never)
