"""This file is who survives in each of the four populations of CMOQLMT, as rows of arrays.

The main one keeps to constraints (SPEA2's strength under constraint-domination: Zitzler, Laumanns and Thiele 2001), one
penalises what is infeasible in its part of the front more and more, one ignores constraints, one ranks by an indicator
of objectives and violations. Losses come scaled by their range. After the program that Ming, Gong and Gao published
with PlatEMO (cmoqlmt.py).
"""

from math import exp

import numpy as np

from eutectic.optimizers.base import Array, Index
from eutectic.optimizers.evolutionary.nsga3 import directions

DIGITS = 9
"""Decimals to which merits are taken, of losses over their range: what ties is told from rounding; ours."""
TINY = 1e-6
"""What is added before ratios and logarithms are taken, losses over their range (dimensionless; the program's)."""


def gaps(F: Array) -> Array:
    """(n, n) distances between rows F (n, m), infinite to itself."""
    square = (F**2).sum(1)[:, None] + (F**2).sum(1) - 2 * F @ F.T
    apart: Array = np.round(np.sqrt(np.maximum(square, 0.0)), DIGITS - 1) + np.where(np.eye(len(F)) > 0, np.inf, 0.0)
    return apart


def dominates(F: Array, violation: Array) -> Array:
    """(n, n) True where row i constraint-dominates row j (Deb et al. 2002, doi 10.1109/4235.996017, definition 1)."""
    no_worse = (F[:, None] <= F[None]).all(2) & (F[:, None] < F[None]).any(2)
    less, equal = violation[:, None] < violation[None], violation[:, None] == violation[None]
    return np.asarray(less | equal & no_worse)


def rawness(won: Array) -> Array:
    """(n,) sum of the strengths of those who dominate a row, who dominates whom given (n, n); 0 for the best."""
    return np.asarray(won.T.astype(float) @ won.sum(1))


def room(F: Array) -> Array:
    """(n,) distance of each row F (n, m) to its neighbour number sqrt(n)."""
    k = max(int(np.sqrt(len(F))) - 1, 0)
    return np.round(np.partition(gaps(F), k, axis=1)[:, k], DIGITS)


def truncated(F: Array, k: int) -> Index:
    """(k,) rows of F (n, m) that stay when of the closest pair the one with the nearer next neighbour leaves."""
    apart, left = gaps(F), np.ones(len(F), dtype=bool)
    nearest, gap = apart.argmin(1), apart.min(1)
    for _ in range(len(F) - k):
        one = int(gap.argmin())
        other = int(nearest[one])
        second = [float(np.partition(apart[i], 1)[1]) for i in (one, other)] if left.sum() > 2 else [0.0, 1.0]
        out = one if second[0] <= second[1] else other
        left[out] = False
        apart[out, :], apart[:, out] = np.inf, np.inf
        gap[out] = np.inf
        changed = np.flatnonzero(left & (nearest == out))
        nearest[changed], gap[changed] = apart[changed].argmin(1), apart[changed].min(1)
    return np.flatnonzero(left)


def strong(F: Array, violation: Array, size: int) -> tuple[Index, Array]:
    """Survivors (k,), best first, and the fitness of each: who dominates it, and the room it has (SPEA2)."""
    raw = rawness(dominates(F, violation))
    fitness = np.round(raw + 1 / (room(F) + 2), DIGITS)
    best = np.flatnonzero(fitness < 1)
    if len(best) < size:
        best = np.argsort(fitness, kind="stable")[:size]
    elif len(best) > size:
        best = best[truncated(F[best], size)]
    best = best[np.argsort(fitness[best], kind="stable")]
    return best, fitness[best]


def penalised(F: Array, violation: Array, size: int, share: float, shared: float) -> tuple[Index, Array]:
    """Survivors and their rank where what is infeasible is moved towards the worst of its part of the front.

    By violation to a power that falls as the run goes on (share, 0 to 1), the faster the more of this population is in
    the main one (shared, 0 to 1); convergence counts more than diversity the later it is.
    """
    W = directions(F.shape[1], None, size)
    low = F.min(0)
    lengths = np.linalg.norm(F - low, axis=1)[:, None] * np.linalg.norm(W, axis=1)
    part = np.round((F - low) @ W.T / np.where(lengths > 0, lengths, 1.0), DIGITS).argmax(1)
    moved, most = F.copy(), float(violation.max())
    power = min(exp(min(100 * (0.5 - share), 50.0)) / max(1 - shared, TINY), 1e6)
    for own in (np.flatnonzero(part == p) for p in np.unique(part)):
        bad = own[violation[own] > 0]
        worst = F[own].max(0)
        moved[bad] = F[bad] + ((violation[bad] / max(most, TINY)) ** power)[:, None] * (worst - F[bad])
    wide = room(F)
    front = rawness(dominates(moved, np.zeros(len(F))))
    later = np.zeros(len(F))
    first = np.flatnonzero(front == 0)
    if len(first) > size:
        later[np.setdiff1d(first, first[truncated(F[first], size)])] = 1
    convergence = placed(np.lexsort((-wide, later, front)))
    along = np.round(((moved - low) * W[part]).sum(1), DIGITS)
    order = np.lexsort((along, part))
    turn = np.empty(len(F))
    turn[order] = np.arange(len(F)) - np.searchsorted(part[order], part[order])
    diversity = placed(np.lexsort((-wide, turn)))
    alpha = 2 / (1 + exp(-10 * share)) - 1
    rank = alpha * convergence + (1 - alpha) * diversity
    best = np.argsort(rank, kind="stable")[:size]
    return best, rank[best]


def placed(order: Index) -> Array:
    """(n,) place of each row in an order."""
    place = np.empty(len(order))
    place[order] = np.arange(len(order))
    return place


def indicated(F: Array, violation: Array, size: int) -> tuple[Index, Array]:
    """Survivors and their merit by the indicator of objectives and violations, the most crowded directions thinned.

    Of a feasible candidate: the logarithm of the largest ratio of losses to another's, of the smallest where that one
    is dominated; of an infeasible one the larger of what losses and violations differ by (Yuan, Liu, Ong and He 2021,
    IEEE Trans. Evol. Comput. 26, 379).
    """
    n = len(F)
    Z = F - F.min(0) + TINY
    broken = violation / max(1.0, float(violation.max()))
    ratio = np.log(Z[None, :, :] / Z[:, None, :])  # [j, i]: of row i to row j
    most, least = ratio.max(2), ratio.min(2)
    feasible = np.where(most <= 0, least, most)
    worse = np.log((broken[None, :] + TINY) / (broken[:, None] + TINY))
    infeasible = np.maximum(np.abs(ratio).max(2), worse)
    indicator = np.round(np.where(broken[None, :] == 0, feasible, infeasible), DIGITS)
    indicator += np.where(np.eye(n) > 0, np.inf, 0.0)
    fitness = indicator.min(1)
    best = np.flatnonzero(fitness >= 0)
    if len(best) <= size:
        best = np.argsort(-fitness, kind="stable")[:size]
        return best, -fitness[best]
    best = best[spread(Z[best], indicator[np.ix_(best, best)], size)]
    return best, -fitness[best]


def spread(Z: Array, indicator: Array, size: int) -> Index:
    """(size,) rows that stay when in the direction with most of them the one of the least indicator leaves."""
    W = directions(Z.shape[1], None, size)
    zone = (Z @ (W / np.linalg.norm(W, axis=1, keepdims=True)).T).argmax(1)
    left, apart = np.ones(len(Z), dtype=bool), indicator.copy()
    value, near = apart.min(1), apart.argmin(1)
    count = np.bincount(zone, minlength=len(W))
    for _ in range(len(Z) - size):
        own = np.flatnonzero(left & (zone == count.argmax()))
        out = int(own[value[own].argmin()])
        left[out] = False
        count[zone[out]] -= 1
        apart[out, :], apart[:, out] = np.inf, np.inf
        changed = np.flatnonzero(left & (near == out))
        value[changed], near[changed] = apart[changed].min(1), apart[changed].argmin(1)
    return np.flatnonzero(left)
