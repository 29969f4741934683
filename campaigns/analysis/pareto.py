"""This file is the Pareto front: who is on it, its hypervolume, and the reference point that gives it one meaning."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from eutectic.campaigns.analysis.labels import number
from eutectic.campaigns.file.goals import Goal
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.optimizers.base import Array


def satisfying(goals: Sequence[Goal], outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The different candidates inside every window: feasible, and within the tolerance of each target that has one."""
    windowed = [j for j, goal in enumerate(goals) if goal.kind == "target" and goal.tolerance > 0]
    found: dict[str, Outcome] = {}
    for outcome in outcomes:
        if outcome.feasible and all(outcome.losses[j] <= 0 for j in windowed):
            found.setdefault(outcome.id, outcome)
    return list(found.values())


MARGIN = 0.1
"""Share of the observed range by which the reference point lies beyond the worst observed value, dimensionless."""
OUTLYING = 3.0
"""A worst value this many times farther from the median than the best one is cut off there, dimensionless."""


def nondominated(losses: Array) -> NDArray[np.bool_]:
    """(n,) True where no other row of losses (n, m) is at least as good in all and better in one; ties stay."""
    if not len(losses):
        return np.zeros(0, dtype=bool)
    import moocore

    mask: NDArray[np.bool_] = np.asarray(moocore.is_nondominated(losses, keep_weakly=True), dtype=bool)
    return mask


def hypervolume(losses: Array, reference: Sequence[float]) -> float:
    """Volume between losses (n, m), minimised, and the reference (m,), in the product of the objectives' units."""
    bound = np.asarray(reference, dtype=float)
    better = losses[(losses < bound).all(1)] if len(losses) else losses
    if not len(better):
        return 0.0
    if len(bound) == 1:
        return float(bound[0] - better.min())
    import moocore

    return float(moocore.hypervolume(better, ref=bound))


def sensible_reference(losses: Array) -> Array:
    """A reference point (m,) for finite losses (n, m), n >= 1: a tenth of the range beyond the worst seen.

    A worst value that lies far outside (more than three times as far from the median as the best one) is cut off
    there first, so that one wild value does not stretch the volume. The range is taken as 1 where all are equal.
    """
    best, middle, worst = losses.min(0), np.median(losses, axis=0), losses.max(0)
    near = middle + OUTLYING * (middle - best)
    worst = np.where(near > best, np.minimum(worst, near), worst)
    width = np.where(worst > best, worst - best, 1.0)
    reference: Array = worst + MARGIN * width
    return reference


def feasible(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those with all losses known and every constraint held."""
    return [o for o in outcomes if o.feasible and all(math.isfinite(loss) for loss in o.losses)]


def losses_of(outcomes: Sequence[Outcome], m: int) -> Array:
    """Losses (n, m) of n outcomes."""
    return np.array([o.losses for o in outcomes], dtype=float).reshape(len(outcomes), m)


def front(ledger: Ledger) -> list[Outcome]:
    """The non-dominated feasible outcomes, by the first objective's loss; a candidate evaluated twice comes once."""
    candidates = feasible(ledger.outcomes)
    losses = losses_of(candidates, len(ledger.spec.goals))
    chosen: dict[str, Outcome] = {}
    for outcome, keep in zip(candidates, nondominated(losses), strict=True):
        if keep:
            chosen.setdefault(outcome.id, outcome)
    return sorted(chosen.values(), key=lambda o: (o.losses, o.number))


START = "the reference point"
"""How the explanation begins."""
ENOUGH = 8
"""Feasible outcomes from which it is worth saying."""


def unreached(spec: CampaignSpec, reference: Sequence[float] | None, outcomes: Sequence[Outcome]) -> str | None:
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
