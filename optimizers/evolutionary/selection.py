"""This file is who survives: constraint-domination, fronts and crowding, over arrays.

Fronts are ranked by moocore: a campaign chooses among all ancestors, 10,000 of them in 2 ms, where DEAP's logarithmic
sort takes half a second in Python. Pruning a front step by step leaves it more even than DEAP's `selNSGA2`, which takes
distances once (docs/benchmarks.md); that one is had by `published`. Tests hold both against DEAP. Only finite values
come in: failed evaluations are left out before.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, History, Index
from eutectic.optimizers.evolutionary.deap_selection import survivors
from eutectic.optimizers.pareto import crowding_distance, ranked, thinned


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


def crowded(pool: Pool, k: int) -> Pool:
    """At most k survivors by front and, within the last one that fits, by crowding; merit is the room they have."""
    rank = ranked(pool.Y, pool.violation)
    keep, last = cut(rank, k)
    if len(keep) < k and len(last):
        keep = np.concatenate([keep, last[thinned(pool.Y[last], k - len(keep))]])
    return _roomy(pool.rows(keep), rank[keep])


def published(pool: Pool, k: int) -> Pool:
    """The same with the last front cut by crowding distances taken once, as in Deb et al. 2002: DEAP's `selNSGA2`.

    Infeasible ones follow by violation, which DEAP's `ConstrainedFitness` does not know.
    """
    feasible = np.flatnonzero(pool.violation <= 0)
    keep = feasible[survivors(pool.Y[feasible], k)]
    worse = np.flatnonzero(pool.violation > 0)
    worse = worse[np.argsort(pool.violation[worse], kind="stable")]
    keep = np.concatenate([keep, worse[: k - len(keep)]])
    return _roomy(pool.rows(keep), ranked(pool.Y[keep], pool.violation[keep]))


def _roomy(pool: Pool, rank: Index) -> Pool:
    """With the room each row has on its front, the front of rank (n,), as merit."""
    merit = np.empty(len(pool))
    for front in np.unique(rank):
        own = rank == front
        merit[own] = 1 / (1 + crowding_distance(pool.Y[own]))
    return pool.judged(merit)


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


def domination_tournament(pool: Pool, n: int, rng: np.random.Generator) -> Index:
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
