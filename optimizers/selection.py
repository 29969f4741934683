"""This file is who survives: constraint-domination, fronts, crowding and niches, over arrays.

Fronts are ranked by moocore (2 ms for 10,000 points of two objectives, where DEAP's logarithmic sort takes half a
second in Python); tests hold the result against DEAP's `selNSGA2(nd="log")`. DEAP's `selNSGA3` draws from NumPy's
global random state, so niching is here. Only finite values come in: failed evaluations are left out before.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizers.base import Array, History

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Finished candidates, n of them."""

    X: Array
    """(n, d) natural units."""
    Y: Array
    """(n, m) minimised, finite."""
    violation: Array
    """(n,) how far constraints are broken, dimensionless; 0 where all hold."""
    place: Index
    """(n,) row of the history each came from."""
    merit: Array
    """(n,) who wins a tournament: the smaller; set by whoever selected the pool."""

    def __len__(self) -> int:
        return len(self.X)

    def rows(self, index: Index) -> "Pool":
        """These rows (k,), in this order."""
        return Pool(self.X[index], self.Y[index], self.violation[index], self.place[index], self.merit[index])

    def judged(self, merit: Array) -> "Pool":
        """The same with merit (n,)."""
        return replace(self, merit=merit)

    def joined(self, other: "Pool") -> "Pool":
        """Both, this one's rows first."""
        pairs = zip(self._arrays(), other._arrays(), strict=True)
        X, Y, violation, place, merit = (np.concatenate(pair) for pair in pairs)
        return Pool(X, Y, violation, place, merit)

    def _arrays(self) -> tuple[NDArray[np.generic], ...]:
        return self.X, self.Y, self.violation, self.place, self.merit


def pool(history: History) -> Pool:
    """The finished rows of a history: failed ones, and those with any value missing, are no one's parents."""
    rows = np.flatnonzero(history.finished & ~history.failed)
    broken = violation(history.C[rows])
    return Pool(history.X[rows], history.Y[rows], broken, rows, np.zeros(len(rows)))


def violation(C: Array, scale: Array | None = None) -> Array:
    """(n,) sum of the excesses of C (n, c), each divided by its mean where it is broken (or `scale` (c,))."""
    excess = np.maximum(C, 0.0)
    number = np.maximum((excess > 0).sum(0), 1)
    scale = excess.sum(0) / number if scale is None else scale
    total: Array = (excess / np.where(scale > 0, scale, 1.0)).sum(1)
    return total


def ranked(Y: Array, broken: Array) -> Index:
    """(n,) front of each row, 0 the best, under constraint-domination.

    Feasible rows by non-domination; after them infeasible ones by violation (Deb et al. 2002, doi 10.1109/4235.996017,
    section VI, definition 1).
    """
    import moocore

    assert np.isfinite(Y).all(), "no order among values that are not finite"
    rank = np.zeros(len(Y), dtype=np.int64)
    feasible = broken <= 0
    if feasible.any():
        rank[feasible] = moocore.pareto_rank(np.ascontiguousarray(Y[feasible]))
    if not feasible.all():
        first = int(rank[feasible].max()) + 1 if feasible.any() else 0
        rank[~feasible] = first + np.unique(broken[~feasible], return_inverse=True)[1]
    return rank


def crowding(Y: Array) -> Array:
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
        distance = crowding(Y[left])
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


def crowded(pool: Pool, k: int) -> Pool:
    """At most k survivors by front and, within the last one that fits, by crowding; merit is the room they have."""
    rank = ranked(pool.Y, pool.violation)
    keep, last = cut(rank, k)
    if len(keep) < k and len(last):
        keep = np.concatenate([keep, last[thinned(pool.Y[last], k - len(keep))]])
    rank = rank[keep]
    merit = np.empty(len(keep))
    for front in np.unique(rank):
        own = rank == front
        merit[own] = 1 / (1 + crowding(pool.Y[keep[own]]))
    return pool.rows(keep).judged(merit)


def cut(rank: Index, k: int) -> tuple[Index, Index]:
    """The rows of the fronts that fit into k as a whole, and those of the next front."""
    size = np.bincount(rank)
    total = np.cumsum(size)
    fit = int(np.searchsorted(total, k, side="right"))
    return np.flatnonzero(rank < fit), np.flatnonzero(rank == fit)


def tournament(merit: Array, n: int, rng: np.random.Generator) -> Index:
    """(n,) winners of pairs by merit; ties go to the first drawn."""
    first, second = pairs(len(merit), n, rng)
    winners: Index = np.where(merit[second] < merit[first], second, first)
    return winners


def duels(pool: Pool, n: int, rng: np.random.Generator) -> Index:
    """(n,) winners of pairs: who constraint-dominates the other, else who has the smaller merit.

    By domination, as in the authors' program and in DEAP, not by front (Deb et al. 2002, section III-B): a front far
    behind may still hold the only members of another region, as on ZDT2.
    """
    first, second = pairs(len(pool), n, rng)
    Y, broken = pool.Y, pool.violation
    gap = broken[second] - broken[first]
    better = (Y[second] <= Y[first]).all(1) & (Y[second] < Y[first]).any(1)
    worse = (Y[first] <= Y[second]).all(1) & (Y[first] < Y[second]).any(1)
    merit = pool.merit[second] < pool.merit[first]
    winners: Index = np.where((gap < 0) | (gap == 0) & (better | ~worse & merit), second, first)
    return winners


def pairs(size: int, n: int, rng: np.random.Generator) -> tuple[Index, Index]:
    """(n,) and (n,) opponents; every member enters before any enters again."""
    rounds = -(-2 * n // size)
    entered = np.concatenate([rng.permutation(size) for _ in range(rounds)])[: 2 * n]
    return entered[:n], entered[n:]
