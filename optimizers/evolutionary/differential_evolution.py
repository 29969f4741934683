"""This file is differential evolution as a fold: slots whose best row stands, trials from differences of others.

Storn and Price 1997, doi 10.1023/A:1008202821328. Row r of the history belongs to slot r modulo the population's size,
and a slot is held by the best row that belongs to it (lower violation, then lower loss: Deb 2000,
doi 10.1016/S0045-7825(99)00389-8). That is the one-to-one replacement of the algorithm, read from the history alone.
Rows that finish out of order may compete for another slot than the one they were bred for; nothing else changes.
"""

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Index, Space
from eutectic.optimizers.evolutionary.mixture_variation import blends
from eutectic.optimizers.evolutionary.selection import Pool
from eutectic.optimizers.evolutionary.variation import layout, settle

_SETTINGS = np.array([[F, CR] for F in (0.35, 0.6, 0.9) for CR in (0.1, 0.9)])
"""Pairs of scale factor F and crossover rate CR, one drawn for each trial: low CR for separable functions, high CR for
rotated ones, without adaptation (as Wang, Cai and Zhang 2011, doi 10.1109/TEVC.2010.2087271, section III, who take
F of 0.8 and 1 and need several times the evaluations)."""
_BEST = 0.1
"""Share of the population that counts as best in current-to-best (Zhang and Sanderson 2009: p)."""


def slots(pool: Pool, size: int) -> Pool:
    """The best row of each slot (<= size), in the order of the slots; merit is 0 for the best, then 1, 2, ..."""
    slot = pool.place % size
    order = np.lexsort((pool.place, pool.Y[:, 0], pool.violation, slot))
    held = pool.rows(order[np.unique(slot[order], return_index=True)[1]])
    merit = np.empty(len(held))
    merit[np.lexsort((held.Y[:, 0], held.violation))] = np.arange(len(held))
    return held.judged(merit)


def trials(
    space: Space,
    parents: Pool,
    places: Index,
    size: int,
    rng: np.random.Generator,
    scale: float | None,
    crossover: float | None,
) -> tuple[Array, Array]:
    """A trial (k, d) for the slot of each place (k,), and the row that holds the slot (k, d).

    Half of them rand/1/bin, v = a + F (b - c), half current-to-best, v = x + F (best - x) + F (b - c).
    """
    k, number = len(places), len(parents)
    target = np.minimum(np.searchsorted(parents.place % size, places % size), number - 1)
    X = parents.X[target]
    setting = _SETTINGS[rng.integers(0, len(_SETTINGS), k)]
    F = setting[:, :1] if scale is None else np.full((k, 1), scale)
    CR = setting[:, 1:] if crossover is None else np.full((k, 1), crossover)
    a, b, c = (parents.X[i] for i in others(target, number, rng))
    best = parents.X[np.argsort(parents.merit)[rng.integers(0, max(1, round(_BEST * number)), k)]]
    greedy = rng.random((k, 1)) < 0.5
    base = np.where(greedy, X + F * (best - X), a)
    V = inside(space, base + F * (b - c), X)
    V = coded(space, V, np.where(greedy, best, a), rng)
    taken = rng.random(X.shape) < CR
    taken[np.arange(k), rng.integers(0, space.d, k)] = True  # equation (5): at least one variable
    return settle(space, np.where(whole(space, taken, rng), V, X), rng), X


def others(target: Index, number: int, rng: np.random.Generator) -> tuple[Index, ...]:
    """Three rows (k,) each, different from each other and from the target where there are four rows or more."""
    score = rng.random((len(target), max(number, 3)))
    score[np.arange(len(target)), target] = 2.0
    order = np.argsort(score, axis=1)[:, :3] % number
    return order[:, 0], order[:, 1], order[:, 2]


def inside(space: Space, V: Array, X: Array) -> Array:
    """V (k, d) with what is beyond a bound halfway between the bound and the parent X (k, d)."""
    low = space.lower.copy()
    for blend in blends(space):
        low[blend.columns[blend.optional]] = 0.0
    V = np.where(low > V, (low + X) / 2, V)
    bounded: Array = np.where(space.upper < V, (space.upper + X) / 2, V)
    return bounded


def coded(space: Space, V: Array, base: Array, rng: np.random.Generator) -> Array:
    """Categories have no differences: V (k, d) takes the base's, or now and then any."""
    codes = layout(space).codes
    anything = np.floor(rng.random((len(V), len(codes))) * (space.upper[codes] + 1))
    some = rng.random((len(V), len(codes))) < 1.0 / max(space.d, 1)
    V[:, codes] = np.where(some, anything, base[:, codes])
    return V


def whole(space: Space, taken: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Crossover mask (k, d) in which half of the time a mixture is taken as a whole, so that its sum stays one."""
    taken = taken.copy()
    for blend in blends(space):
        together = taken[:, blend.columns].any(1, keepdims=True) & (rng.random((len(taken), 1)) < 0.5)
        taken[:, blend.columns] |= together
    return taken
