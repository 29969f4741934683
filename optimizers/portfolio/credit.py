"""This file is what each proposal gained, and how a batch is shared among those that gained most."""

from collections.abc import Sequence
from dataclasses import dataclass

import moocore
import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, History

FORGOTTEN = 1e-3
"""Weight of a batch below which its gains are not computed any more, dimensionless."""


@dataclass(frozen=True, slots=True, eq=False)
class Credit:
    """What each of k arms earned."""

    gain: Array
    """(k,) discounted sum of the shares of each batch's hypervolume gain, dimensionless."""
    cost: Array
    """(k,) discounted sum of costs."""

    @property
    def rate(self) -> Array:
        """(k,) gain per cost; an arm that has cost nothing yet counts as the best of the others."""
        tried = self.cost > 0
        rate: Array = np.divide(self.gain, self.cost, out=np.zeros(len(self.gain)), where=tried)
        return np.where(tried, rate, rate.max(initial=0.0))


def gains(Y: Array, feasible: NDArray[np.bool_], round: NDArray[np.int64], reference: Array, since: int = -1) -> Array:
    """Hypervolume (n,) that each row alone added to what was known when it was asked for: the rows of earlier rounds.

    Losses Y (n, m) minimised, 0 for infeasible rows and those of rounds before `since`. Rows of one round are each
    measured against the same front, so that what two arms found together is credited to both.
    """
    gain = np.zeros(len(Y))
    useful = feasible & (np.where(np.isfinite(Y), Y, np.inf) < reference).all(1)
    for index in np.unique(round[useful & (round >= since)]):
        front = Y[useful & (round < index)]
        for row in np.flatnonzero(useful & (round == index)):
            gain[row] = exclusive(Y[row], front, reference)
    return gain


def exclusive(y: Array, front: Array, reference: Array) -> float:
    """Hypervolume that y (m,) adds to a front (k, m): its own box less what the front holds of it.

    While, Bradstreet and Barone 2012, doi 10.1109/TEVC.2010.2077298, section III-A.
    """
    box = float(np.prod(reference - y))
    held = np.maximum(front, y)
    if (held <= y).all(1).any():
        return 0.0
    if not len(held):
        return box
    if len(y) == 1:
        return float(held.min() - y[0])
    return max(0.0, box - float(moocore.hypervolume(held, ref=reference)))


def reference_of(history: History) -> Array:
    """The history's reference point (m,), else a tenth of the range beyond the worst feasible loss."""
    if history.reference is not None:
        return np.asarray(history.reference, dtype=float)
    Y = history.Y[history.feasible]
    if not len(Y):
        return np.full(history.Y.shape[1], -np.inf)
    width = np.ptp(Y, axis=0)
    beyond: Array = Y.max(0) + 0.1 * np.where(width > 0, width, 1.0)
    return beyond


def credited(history: History, arms: Sequence[Sequence[int]], discount: float, cost: Array) -> Credit:
    """Discounted gain and cost of each arm, whose rows `arms` lists; a batch weighs `discount` to the power of its age.

    Cost (n,) of each row. The gains of a batch count as shares of their sum, so that gains late in a campaign, when the
    hypervolume hardly grows any more, tell the arms apart as well as early ones; a batch in which nobody gained tells
    nothing, and its cost does not count.
    """
    last = int(history.round.max(initial=-1))
    weight = discount ** (last - history.round).astype(float)
    since = int(history.round[weight >= FORGOTTEN].min(initial=last))
    gain = gains(history.Y, history.feasible, history.round, reference_of(history), since)
    rows = [np.array(own, dtype=np.int64) for own in arms]
    mine = np.zeros(len(gain), dtype=bool)
    mine[[row for own in arms for row in own]] = True
    whole = np.array([gain[mine & (history.round == index)].sum() for index in range(last + 1)] + [0.0])[history.round]
    weight = np.where(whole > 0, weight, 0.0)
    share = gain / np.where(whole > 0, whole, 1.0)
    return Credit(
        gain=np.array([(weight * share)[own].sum() for own in rows]),
        cost=np.array([(weight * cost)[own].sum() for own in rows]),
    )


def shares(rate: Array, floor: float, whole: float = 1.0) -> Array:
    """Share (k,) of a batch for arms with gains per cost (k,), `whole` in all: probability matching with a least share.

    Thierens 2005, doi 10.1145/1068009.1068251, equation 1. Where nobody gained anything all are equal.
    """
    k, total = len(rate), rate.sum()
    part = rate / total if total > 0 else np.full(k, 1 / k)
    share: Array = floor + (whole - k * floor) * part
    return share


def counts(share: Array, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """How many (k,) of n places each arm gets: n share rounded up or down, on average exactly n share.

    Systematic sampling: one random start, equal steps.
    """
    order = rng.permutation(len(share))
    ends = np.cumsum(share[order])
    places = (rng.random() + np.arange(n)) / n if n else np.empty(0)
    arm = np.minimum(np.searchsorted(ends / ends[-1], places, side="right"), len(share) - 1)
    number: NDArray[np.int64] = np.bincount(order[arm], minlength=len(share))
    return number
