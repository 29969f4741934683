"""This file is a particle swarm as a fold of the history: what it remembers, and where each particle goes next.

Row r of the history is a place of particle r modulo the swarm's size N: row r of generation g is particle r mod N. A
particle's position is the last of its rows, its velocity the way from the row before, its personal best the best of
them (lower violation, then lower loss: Deb 2000, doi 10.1016/S0045-7825(99)00389-8). Failed rows are left out, as if
that step had not been made. Bounds, steps and mixtures act on the position; since the velocity is the way really
gone, it never points out of the region for long. What the swarm remembers (bests, restarts, the archive) is read from
the rows as well.

With m objectives particle i belongs to sub-swarm i mod m, which minimises objective i mod m alone; an archive of
feasible non-dominated candidates is the third guide (MGPSO: Scheepers, Engelbrecht and Cleghorn 2019, doi
10.1007/s11721-019-00171-0). Its form under constraints is ours, feasibility before loss in every comparison; it has not
been held against the definition of ConMGPSO, which we could not obtain. The weight between neighbourhood and archive,
drawn once for each particle there, is the golden-ratio sequence here, because nothing is stored. A swarm draws together
before it has found what is feasible where every variable has local minima of its own, as in MW1 (docs/benchmarks.md).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Index, Space
from eutectic.optimizers.evolutionary.mixture_variation import blends
from eutectic.optimizers.evolutionary.selection import Pool, crowded
from eutectic.optimizers.evolutionary.variation import layout, mutate, settle
from eutectic.optimizers.pareto import ranked
from eutectic.optimizers.spaces import region
from eutectic.optimizers.swarms.topologies import Topology, neighbourhood_best

_FASTEST = 0.5
"""Largest change of a variable in one step, as a share of its range (dimensionless)."""
_STILL = 1e-9
"""A particle that moves by less of the range, root mean square, is moved by a mutation (dimensionless)."""


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


@dataclass(frozen=True, slots=True, eq=False)
class ParticleSwarm:
    """The rules of one swarm; a strategy of optimizers/evolutionary/population.py."""

    topology: Topology
    neighbours: int
    inertia: float
    """w"""
    cognitive: float
    """c1, towards the personal best."""
    social: float
    """c2, towards the neighbourhood's best."""
    guidance: float
    """c3, towards the archive; used with several objectives."""
    mutation: float
    """Probability that a moved particle is mutated in one variable."""
    patience: int | None
    """Generations without a better candidate after which the swarm restarts; None: never."""
    scale: Array | None = None
    """(m,) losses are divided by it and joined to one, their root mean square; None: they are not joined."""

    def losses(self, pool: Pool) -> Array:
        """(n, m), or (n, 1) where they are joined."""
        if self.scale is None:
            return pool.Y
        joined: Array = np.sqrt(((pool.Y / self.scale) ** 2).mean(1, keepdims=True))
        return joined

    def keep(self, pool: Pool, size: int, rng: np.random.Generator) -> Pool:
        """What the swarm remembers, personal bests first, best first; maybe nothing just after a restart."""
        del rng
        Y = self.losses(pool)
        if Y.shape[1] == 1 and self.patience is not None:
            pool = pool.rows(np.flatnonzero(pool.place >= restarted(pool, Y[:, 0], size, self.patience)))
            Y = self.losses(pool)
        best, latest, previous = memory(pool, Y, size)
        rank = ranked(Y, pool.violation)
        best = best[np.argsort(rank[best], kind="stable")]
        archive = archived(pool, size) if Y.shape[1] > 1 else best[:0]
        rows = list(dict.fromkeys(np.concatenate([best, latest, previous, archive]).tolist()))
        return pool.rows(np.array(rows, dtype=np.int64)).judged(rank[rows].astype(float))

    def children(
        self, space: Space, parents: Pool, places: Index, size: int, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Where the particles of these places (k,) go, and where they are; new ones start anywhere."""
        X = region.sample(space, len(places), rng)
        origin, slot = X.copy(), places % size
        if not len(parents):
            return X, origin
        known, particle = placed(np.unique(parents.place % size), slot)
        if known.any():
            moved, origin[known] = self.moved(space, parents, particle[known], size, rng)
            X[known] = moved
        return X, origin

    def moved(
        self, space: Space, parents: Pool, index: Index, size: int, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """The next and the present positions (k, d) of the particles `index` (k,) of those that have rows."""
        Y = self.losses(parents)
        best, latest, previous = memory(parents, Y, size)
        X, m, width = parents.X, Y.shape[1], widths(space)
        owner = (parents.place[latest] % size)[index]
        leaders = self.neighbourhood_bests(space, parents, Y, best, latest, size)
        here, own, near = X[latest][index], X[best][index], leaders[index]
        velocity = np.clip(here - X[previous][index], -_FASTEST * width, _FASTEST * width)
        guide, share = near, np.ones((len(index), 1))
        if m > 1:
            guide = guides(parents, size, len(index), rng)
            share = np.modf((owner // m + 1) * 0.6180339887498949)[0][:, None]
        weights = np.column_stack(
            [np.full(len(index), self.cognitive), self.social * share[:, 0], self.guidance * (1 - share[:, 0])]
        )
        steps = np.stack([own - here, near - here, guide - here], 1)
        pull = (weights[:, :, None] * shared(space, steps.shape, rng) * steps).sum(1)
        # Scheepers et al. 2019, the velocity of MGPSO; with one objective the last weight is 0: Kennedy and Eberhart
        V = here + np.clip(self.inertia * velocity + pull, -_FASTEST * width, _FASTEST * width)
        V = self.coded(space, V, np.stack([here, own, near, guide], 1), weights, rng)
        return self.mutated(space, settle(space, V, rng), here, rng), here

    def neighbourhood_bests(
        self, space: Space, parents: Pool, Y: Array, best: Index, latest: Index, size: int
    ) -> Array:
        """(p, d) the best of each particle's neighbourhood, within its sub-swarm."""
        m, width = Y.shape[1], widths(space)
        leaders = np.empty((len(best), space.d))
        group = parents.place[latest] % size % m
        for j in np.unique(group):
            members = np.flatnonzero(group == j)
            rank = np.empty(len(members))
            rank[np.lexsort((Y[best[members], j], parents.violation[best[members]]))] = np.arange(len(members))
            here, own = parents.X[latest[members]] / width, parents.X[best[members]] / width
            leaders[members] = neighbourhood_best(self.topology, self.neighbours, here, own, rank) * width
        return leaders

    def coded(self, space: Space, V: Array, options: Array, weights: Array, rng: np.random.Generator) -> Array:
        """Categories have no velocity: V (k, d) takes each from one of the options (k, 4, d), by the weights (k, 3)."""
        codes = layout(space).codes
        if not len(codes):
            return V
        chance = np.column_stack([np.full(len(V), max(self.inertia, 0.0)), weights]).cumsum(1)
        drawn = rng.random((len(V), len(codes))) * chance[:, -1:]
        which = np.minimum((drawn[:, :, None] >= chance[:, None, :]).sum(2), options.shape[1] - 1)
        V = V.copy()
        V[:, codes] = np.take_along_axis(options[:, :, codes], which[:, None, :], 1)[:, 0]
        return V

    def mutated(self, space: Space, X: Array, here: Array, rng: np.random.Generator) -> Array:
        """X (k, d) with one variable mutated now and then, and always where a particle would stand still."""
        still = np.sqrt((((X - here) / widths(space)) ** 2).mean(1)) < _STILL
        stir = still | (rng.random(len(X)) < self.mutation)
        chosen = np.zeros(X.shape, dtype=bool)
        chosen[np.arange(len(X)), rng.integers(0, space.d, len(X))] = stir
        return mutate(space, X, chosen, 20.0, rng)


def shared(space: Space, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Uniform numbers (k, 3, d), half of the time one for a whole mixture, so that its sum stays one."""
    r = rng.random(shape)
    for blend in blends(space):
        together = rng.random((shape[0], shape[1], 1)) < 0.5
        r[:, :, blend.columns] = np.where(together, r[:, :, blend.columns[:1]], r[:, :, blend.columns])
    return r


@lru_cache(maxsize=64)
def widths(space: Space) -> Array:
    """(d,) range of each variable, 1 where it has none."""
    return np.where(space.upper > space.lower, space.upper - space.lower, 1.0)
