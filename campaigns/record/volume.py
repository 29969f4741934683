"""This file is what losses amount to: who is feasible, who not dominated, the hypervolume and its reference point."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from eutectic.campaigns.file.goals import Goal
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.optimizers.base import Array

MARGIN = 0.1
"""Share of the observed range by which the reference point lies beyond the worst observed value, dimensionless."""
OUTLYING = 3.0
"""A worst value this many times farther from the median than the best one is cut off there, dimensionless."""


def satisfying(goals: Sequence[Goal], outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The different candidates inside every window: feasible, and within the tolerance of each target that has one."""
    windowed = [j for j, goal in enumerate(goals) if goal.kind == "target" and goal.tolerance > 0]
    found: dict[str, Outcome] = {}
    for outcome in outcomes:
        if outcome.feasible and all(outcome.losses[j] <= 0 for j in windowed):
            found.setdefault(outcome.id, outcome)
    return list(found.values())


def nondominated(losses: Array) -> NDArray[np.bool_]:
    """(n,) True where no other row of losses (n, m) is at least as good in all and better in one; ties stay."""
    if not len(losses):
        return np.zeros(0, dtype=bool)
    import moocore

    mask: NDArray[np.bool_] = np.asarray(moocore.is_nondominated(losses, keep_weakly=True), dtype=bool)
    return mask


class Front:
    """The non-dominated rows of losses that are asked for again and again, and hardly change but by more of them."""

    __slots__ = ("_among", "_front")

    def __init__(self) -> None:
        self._among, self._front = np.empty((0, 0)), np.empty((0, 0))

    def of(self, losses: Array) -> Array:
        """Those of losses (n, m) that are not dominated (k, m); ties stay."""
        known = len(self._among)
        same = known and losses.shape[1] == self._among.shape[1] and np.array_equal(losses[:known], self._among)
        among = np.concatenate([self._front, losses[known:]]) if same else losses
        if not (same and known == len(losses)):
            self._front, self._among = among[nondominated(among)], losses.copy()
        return self._front


EXACT = 7
"""Objectives up to which the hypervolume is exact: 200 points of 8 take seconds, of 12 days."""
DIRECTIONS = 20_000
"""Directions of the estimate beyond; with as many it lies within some tenths of a per cent."""


def hypervolume(losses: Array, reference: Sequence[float]) -> float:
    """Volume between losses (n, m), minimised, and the reference (m,), in the product of the objectives' units.

    For more than `EXACT` objectives an estimate over fixed directions (Deng and Zhang 2019, doi
    10.1109/TEVC.2019.2909271), the same for the same points and never less for more of them.
    """
    bound = np.asarray(reference, dtype=float)
    better = losses[(losses < bound).all(1)] if len(losses) else losses
    if not len(better):
        return 0.0
    if len(bound) == 1:
        return float(bound[0] - better.min())
    import moocore

    if len(bound) > EXACT:
        return float(moocore.hv_approx(better, ref=bound, nsamples=DIRECTIONS, method="DZ2019-HW"))
    return float(moocore.hypervolume(better, ref=bound))


def estimated(objectives: int) -> str:
    """What is to be said of the hypervolume of so many objectives; "" where it is exact."""
    if objectives <= EXACT:
        return ""
    return (
        f"the hypervolume of {objectives} objectives is estimated, to some tenths of a per cent (exact up to {EXACT})"
    )


def sensible_reference(losses: Array) -> Array:
    """A reference point (m,) for finite losses (n, m), n >= 1: a tenth of the range beyond the worst seen.

    A worst value that lies far outside (more than three times as far from the median as the best one) is cut off
    there first, so that one wild value does not stretch the volume. Where all are equal their size stands for the
    range, 1 at 0.
    """
    best, middle, worst = losses.min(0), np.median(losses, axis=0), losses.max(0)
    near = middle + OUTLYING * (middle - best)
    worst = np.where(near > best, np.minimum(worst, near), worst)
    width = np.where(worst > best, worst - best, np.where(best != 0, np.abs(best), 1.0))
    reference: Array = worst + MARGIN * width
    return reference


def feasible(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those with all losses known and every constraint held."""
    return [o for o in outcomes if o.feasible and all(math.isfinite(loss) for loss in o.losses)]


def losses_of(outcomes: Sequence[Outcome], m: int) -> Array:
    """Losses (n, m) of n outcomes."""
    return np.array([o.losses for o in outcomes], dtype=float).reshape(len(outcomes), m)


def best(outcomes: Sequence[Outcome], k: int, reference: tuple[float, ...] | None) -> list[Outcome]:
    """The k best of the feasible outcomes: from the front those that hold most hypervolume, then from what is behind.

    A candidate evaluated twice counts once.
    """
    left = list({o.id: o for o in reversed(feasible(outcomes))}.values())[::-1]
    m = len(left[0].losses) if left else 0
    bound = reference or tuple(float(loss) for loss in losses_of(left, m).max(0, initial=-np.inf))
    chosen: list[Outcome] = []
    while left and len(chosen) < k:
        layer = [o for o, first in zip(left, nondominated(losses_of(left, m)), strict=True) if first]
        left = [o for o in left if o not in layer]
        while layer and len(chosen) < k:
            gains = [hypervolume(losses_of([*chosen, o], m), bound) for o in layer]
            chosen.append(layer.pop(int(np.argmax(gains))))
    return chosen
