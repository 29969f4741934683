"""This file is the explanation of a reference point that nothing reaches, so that the hypervolume says nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from campaigns.naming import number
from campaigns.pareto import feasible, losses_of
from campaigns.records import Outcome

if TYPE_CHECKING:
    from campaigns.spec import CampaignSpec

START = "the reference point"
"""How the explanation begins."""
ENOUGH = 8
"""Feasible outcomes from which it is worth saying."""


def unreached(spec: "CampaignSpec", reference: Sequence[float] | None, outcomes: Sequence[Outcome]) -> str | None:
    """The sentence that says why the hypervolume is 0 although much is feasible: nothing is better than the reference.

    None when something is, when no reference (m,) is fixed, or while fewer than 8 outcomes are feasible.
    """
    found = feasible(outcomes)
    if reference is None or len(found) < ENOUGH:
        return None
    misses = losses_of(found, len(reference)) - reference
    if (misses < 0).all(1).any():
        return None
    never = [goal.name for goal, best in zip(spec.goals, misses.min(0), strict=True) if best >= 0]
    where = " and ".join(
        f"{goal.name} {number(goal.natural(loss + goal.tolerance) if goal.reference is None else goal.reference)}"
        for goal, loss in zip(spec.goals, reference, strict=True)
    )
    why = f"none is better in {', '.join(never)}" if never else "none is better in all objectives at once"
    return (
        f"{START} ({where}) is reached by none of {len(found)} feasible candidates: {why}, so the hypervolume stays "
        f"0 and tells no candidate from another; give as `reference` the worst value you would accept, not a hope"
    )
