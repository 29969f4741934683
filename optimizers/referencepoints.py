"""This file is reference directions, the niches around them, and their adaptation to irregular fronts.

Deb and Jain 2014, doi 10.1109/TEVC.2013.2281535 (part I: directions, normalisation, niching); Jain and Deb 2014,
doi 10.1109/TEVC.2013.2281534 (part II: constraints, adaptive directions).
"""

from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from optimizers.base import Array

Index = NDArray[np.int64]
_ROUNDS = 3
"""How often directions are added around crowded ones, each time half as far away."""


def lattice(m: int, divisions: int) -> Array:
    """(r, m) points of the unit simplex with coordinates in multiples of 1/divisions (Das and Dennis 1998)."""
    rows = np.zeros((1, 0))
    for _ in range(m - 1):
        left = divisions - rows.sum(1)
        rows = np.array([[*row, i] for row, rest in zip(rows, left, strict=True) for i in range(int(rest) + 1)])
    points: Array = np.column_stack([rows, divisions - rows.sum(1)]) / max(divisions, 1)
    return points


@lru_cache(maxsize=32)
def directions(m: int, divisions: int | None, size: int) -> Array:
    """(r, m) directions: a lattice with these divisions, or the largest set of at most `size`.

    Two layers, the inner one halfway to the centre, where one layer would have no inner point (part I, section V).
    """
    if divisions is not None:
        return lattice(m, divisions)
    fit = 1
    while comb(fit + m, m - 1) <= size:
        fit += 1
    if fit >= m or m == 2:
        return lattice(m, fit)
    inner = fit - 1 if comb(fit + m - 1, m - 1) + comb(fit + m - 2, m - 1) <= size and fit > 1 else 0
    if not inner:
        return np.vstack([lattice(m, fit), np.full((1, m), 1.0 / m)])
    return np.vstack([lattice(m, fit), (lattice(m, inner) + 1.0 / m) / 2])


def normalised(Y: Array, front: Array) -> Array:
    """Y (n, m) translated to the ideal point and divided by the intercepts of the hyperplane through the extremes.

    Part I, section IV-C: ideal point, extreme points by the achievement scalarising function (equation 4), intercepts
    (equation 5). Where the hyperplane is degenerate the worst values of `front` (f, m), the first front, stand in.
    """
    ideal = np.minimum(Y.min(0), front.min(0))
    moved = front - ideal
    weight = np.where(np.eye(Y.shape[1]) > 0, 1.0, 1e6)
    extremes = moved[(moved[:, None, :] * weight).max(2).argmin(0)]
    worst = moved.max(0)
    reach = worst
    if abs(np.linalg.det(extremes / np.where(worst > 0, worst, 1.0))) > 1e-10:
        plane = np.linalg.solve(extremes, np.ones(len(ideal)))
        if (plane > 1e-12).all():
            reach = np.minimum(1 / plane, worst)
    reach = np.where(reach > 1e-12, reach, np.where(worst > 1e-12, worst, 1.0))
    scaled: Array = (Y - ideal) / reach
    return scaled


def niches(F: Array, W: Array) -> tuple[Index, Array]:
    """Nearest direction (n,) of each normalised row F (n, m) and the perpendicular distance to it (n,).

    Part I, algorithm 3: the direction with the largest projection is the nearest.
    """
    along = F @ (W / np.linalg.norm(W, axis=1, keepdims=True)).T
    nearest = along.argmax(1)
    square = (F**2).sum(1) - along[np.arange(len(F)), nearest] ** 2
    return nearest, np.sqrt(np.maximum(square, 0.0))


def niched(nearest: Index, distance: Array, count: Index, candidates: Index, k: int, rng: np.random.Generator) -> Index:
    """K of the candidate rows (c,), so that directions fill evenly; `count` (r,) is who is there already.

    Part I, algorithm 4: always from the direction with fewest members; its first member is the nearest candidate, the
    others are drawn. Written as one sort: a candidate's turn is its direction's count plus its place in the queue.
    """
    niche, chance = nearest[candidates], rng.random(len(candidates))
    closest = np.full(len(count), np.inf)
    np.minimum.at(closest, niche, distance[candidates])
    leads = (distance[candidates] == closest[niche]) & (count[niche] == 0)
    queue = np.lexsort((chance, ~leads, niche))
    start = np.searchsorted(niche[queue], np.arange(len(count)))
    turn = np.empty(len(candidates), dtype=np.int64)
    turn[queue] = np.arange(len(queue)) - start[niche[queue]] + count[niche[queue]]
    chosen: Index = candidates[np.lexsort((rng.random(len(candidates)), turn))[:k]]
    return chosen


def adapted(F: Array, W: Array, divisions: int) -> Array:
    """Directions W (r, m) and more around those with several of the rows F (n, m), where others have none.

    Part II, section VI: a simplex of m directions is centred on each crowded one, those outside the first quadrant
    are left out, and in the end those that no row is nearest to are taken away again (the original ones stay).
    Recomputed from the rows each time, the simplex half as large each round.
    """
    m, own = W.shape[1], len(W)
    side = 1.0 / max(divisions, 1)
    crowded = np.bincount(niches(F, W)[0], minlength=own) > 1
    for _ in range(_ROUNDS):
        if not crowded.any() or len(W) >= 2 * own + m:
            break
        corners = side * (np.eye(m) - 1.0 / m)
        extra = (W[crowded][:, None, :] + corners).reshape(-1, m)
        extra = extra[(extra >= -1e-12).all(1)]
        W = np.vstack([W, _new(np.maximum(extra, 0.0), W)])
        count = np.bincount(niches(F, W)[0], minlength=len(W))
        keep = (np.arange(len(W)) < own) | (count > 0)
        W, crowded, side = W[keep], count[keep] > 1, side / 2
    return W


def _new(extra: Array, W: Array) -> Array:
    """Rows of `extra` that are no row of W, each once."""
    _, first = np.unique(np.round(np.vstack([W, extra]), 9), axis=0, return_index=True)
    added: Array = extra[np.sort(first[first >= len(W)]) - len(W)]
    return added
