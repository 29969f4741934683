"""This file is what a swarm remembers, read from a history's rows: particles, their bests, restarts, an archive."""

import numpy as np
from numpy.typing import NDArray

from optimizers.base import Array
from optimizers.selection import Index, Pool, crowded, ranked


def memory(pool: Pool, Y: Array, size: int) -> tuple[Index, Index, Index]:
    """Rows of each particle's best, last and last but one candidate (p,), in the order of the particles."""
    slot = pool.place % size
    own = np.where(np.arange(Y.shape[1]) == (slot % Y.shape[1])[:, None], Y, 0.0).sum(1)
    best = np.lexsort((pool.place, own, pool.violation, slot))
    best = best[np.unique(slot[best], return_index=True)[1]]
    order = np.lexsort((-pool.place, slot))
    first = np.unique(slot[order], return_index=True)[1]
    latest = order[first]
    second = order[np.minimum(first + 1, len(order) - 1)]
    previous: Index = np.where(slot[second] == slot[latest], second, latest)
    return best, latest, previous


def restarted(pool: Pool, loss: Array, size: int, patience: int) -> int:
    """The place from which the swarm counts: `patience` generations without a better candidate, and it starts anew."""
    start, found, best = 0, 0, (np.inf, np.inf)
    for row in np.argsort(pool.place, kind="stable"):
        generation = int(pool.place[row]) // size
        if generation > found + patience:
            best = (np.inf, np.inf)
            start = found = found + (patience + 1) * ((generation - found) // (patience + 1))
        merit = (float(pool.violation[row]), float(loss[row]))
        if merit < best:
            best, found = merit, generation
    done = int(pool.place.max(initial=-1)) + 1
    return (found + patience + 1) * size if done == (found + patience + 1) * size else start * size


def archived(pool: Pool, size: int) -> Index:
    """Rows (<= size) of the feasible non-dominated candidates, thinned by crowding; the least bad where none is."""
    front = np.flatnonzero(ranked(pool.Y, pool.violation) == 0)
    if len(front) <= size:
        return front
    place = crowded(pool.rows(front), size).place
    return front[np.isin(pool.place[front], place)]


def guides(parents: Pool, size: int, n: int, rng: np.random.Generator) -> Array:
    """(n, d) members of the archive that win tournaments of three by the room they have (Scheepers et al. 2019)."""
    front = parents.rows(archived(parents, size))
    roomy = crowded(front, len(front))
    drawn = rng.integers(0, len(roomy), (n, 3))
    winners: Array = roomy.X[drawn[np.arange(n), roomy.merit[drawn].argmin(1)]]
    return winners


def placed(slots: Index, wanted: Index) -> tuple[NDArray[np.bool_], Index]:
    """Which of the wanted slots (k,) are among the sorted slots (p,), and where."""
    at = np.minimum(np.searchsorted(slots, wanted), len(slots) - 1)
    return slots[at] == wanted, at
