"""This file is a genetic algorithm with stochastic hill-climbing, for one objective and any space.

Part of each batch climbs: a good candidate with one variable changed (another category, the next step, one transfer in
a mixture). The rest are children of tournaments, by uniform crossover of the variables and mutation. The population
is the best rows of the history, each row once.
"""

import numpy as np

from optimizers.base import Array, Space
from optimizers.selection import Index, Pool, tournament
from optimizers.variation import Rates, couples, mutate

_MIXED = Rates(crossover=0.9, eta_crossover=10.0, eta_mutation=15.0)


def elite(pool: Pool, size: int) -> Pool:
    """The best rows (<= size) by violation, then loss (Deb 2000, doi 10.1016/S0045-7825(99)00389-8)."""
    order = np.lexsort((pool.place, pool.Y[:, 0], pool.violation))[:size]
    return pool.rows(order).judged(np.arange(len(order), dtype=float))


def brood(space: Space, parents: Pool, k: int, climb: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """K children (k, d), about the share `climb` of them by hill-climbing, and a parent of each (k, d)."""
    pairs = (k + 1) // 2
    A, B = (parents.X[tournament(parents.merit, pairs, rng)] for _ in range(2))
    X, origin = couples(space, A, B, k, _MIXED, rng)
    climbing = np.flatnonzero(rng.random(k) < climb)
    start = parents.X[favourites(len(parents), len(climbing), rng)]
    X[climbing], origin[climbing] = stepped(space, start, rng), start
    return X, origin


def favourites(size: int, k: int, rng: np.random.Generator) -> Index:
    """(k,) places in the order of merit, the first the likeliest: geometric with one half."""
    place: Index = np.minimum(rng.geometric(0.5, k) - 1, size - 1)
    return place


def stepped(space: Space, X: Array, rng: np.random.Generator) -> Array:
    """X (k, d) with one variable of each row changed, by steps of very different lengths."""
    chosen = np.zeros(X.shape, dtype=bool)
    chosen[np.arange(len(X)), rng.integers(0, space.d, len(X))] = True
    return mutate(space, X, chosen, float(rng.choice([2.0, 20.0, 100.0])), rng)
