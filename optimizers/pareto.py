"""This file is dominance: ranks, the nondominated front, crowding, and a reference point from a front."""

import moocore
import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, History, Index


def infer_reference(history: History) -> Array:
    """A reference point (m,): the worst of the observed front moved out by a tenth of its range.

    The rule of BoTorch's `infer_reference_point` (Ishibuchi et al. 2011), taken over all observations where the front
    is a single point, no point is feasible, or there is one objective.
    """
    rows = history.feasible if history.feasible.any() else history.finished
    Y = history.Y[rows]
    front = Y[nondominated(Y)]
    if Y.shape[1] == 1 or (np.ptp(front, axis=0) <= 0).any() or not history.feasible.any():
        front = history.Y[history.finished]
    worst, spread = front.max(0), np.ptp(front, axis=0)
    spread = np.where(spread > 0, spread, np.where(worst != 0, np.abs(worst), 1.0))
    reference: Array = worst + 0.1 * spread
    return reference


def nondominated(Y: Array) -> NDArray[np.bool_]:
    """(n,) True for rows of losses Y (n, m) that no other row dominates; equal rows are all kept."""
    mask: NDArray[np.bool_] = np.asarray(moocore.is_nondominated(Y, keep_weakly=True), dtype=bool)
    return mask


def ranked(Y: Array, broken: Array) -> Index:
    """(n,) front of each row, 0 the best, under constraint-domination.

    Feasible rows by non-domination; after them infeasible ones by violation (Deb et al. 2002, doi 10.1109/4235.996017,
    section VI, definition 1).
    """
    assert np.isfinite(Y).all(), "no order among values that are not finite"
    rank = np.zeros(len(Y), dtype=np.int64)
    feasible = broken <= 0
    if feasible.any():
        rank[feasible] = moocore.pareto_rank(np.ascontiguousarray(Y[feasible]))
    if not feasible.all():
        first = int(rank[feasible].max()) + 1 if feasible.any() else 0
        rank[~feasible] = first + np.unique(broken[~feasible], return_inverse=True)[1]
    return rank


def crowding_distance(Y: Array) -> Array:
    """(n,) crowding distance of one front; infinite at its ends (Deb et al. 2002, section III-B)."""
    n, m = Y.shape
    if n <= 2:
        return np.full(n, np.inf)
    distance = np.zeros(n)
    order = np.argsort(Y, axis=0, kind="stable")
    for j in range(m):
        own = order[:, j]
        values = Y[own, j]
        width = values[-1] - values[0]
        distance[own[[0, -1]]] = np.inf
        if width > 0:
            distance[own[1:-1]] += (values[2:] - values[:-2]) / (m * width)
    return distance


def thinned(Y: Array, k: int) -> Index:
    """(k,) rows of one front that stay: the most crowded leave, a few at a time, and distances are taken anew.

    Kukkonen and Deb 2006, doi 10.1109/CEC.2006.1688443 (section III), who remove one by one; here at most a tenth of
    the front and a half of the excess leave at once, none beside another in the order of the first objective.
    """
    left = np.lexsort(Y.T[::-1])
    while len(left) > k:
        distance = crowding_distance(Y[left])
        leaving = min(len(left) - k, max(1, min(len(left) // 10, (len(left) - k + 1) // 2)))
        worst = np.argsort(distance, kind="stable")[: 2 * leaving]
        gone = _apart(worst, len(left))[:leaving]
        left = np.delete(left, gone)
    return np.sort(left)


def _apart(worst: Index, n: int) -> Index:
    """Of places (w,) in a row of n, worst first, those with no worse neighbour among them; at least the first."""
    order = np.full(n + 2, n + 2)
    order[worst + 1] = np.arange(len(worst))
    kept: Index = worst[(order[worst] > order[worst + 1]) & (order[worst + 2] > order[worst + 1])]
    return kept
