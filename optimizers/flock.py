"""This file is a particle swarm as a fold of the history: who is where, how fast, and where each goes next.

Row r of the history is a place of particle r modulo the swarm's size N: row r of generation g is particle r mod N. A
particle's position is the last of its rows, its velocity the way from the row before, its personal best the best of
them (lower violation, then lower loss: Deb 2000, doi 10.1016/S0045-7825(99)00389-8). Failed rows are left out, as if
that step had not been made. Bounds, steps and mixtures act on the position; since the velocity is the way really
gone, it never points out of the region for long.

With m objectives particle i belongs to sub-swarm i mod m, which minimises objective i mod m alone; an archive of
feasible non-dominated candidates is the third guide (MGPSO: Scheepers, Engelbrecht and Cleghorn 2019,
doi 10.1007/s11721-019-00171-0). The weight between neighbourhood and archive, drawn once for each particle there, is
the golden-ratio sequence here, because nothing is stored.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from optimizers import region
from optimizers.base import Array, Space
from optimizers.mixing import blends
from optimizers.neighbourhood import Topology, listened
from optimizers.particles import archived, guides, memory, placed, restarted
from optimizers.selection import Index, Pool, ranked
from optimizers.variation import layout, mutate, settle

_FASTEST = 0.5
"""Largest change of a variable in one step, as a share of its range (dimensionless)."""
_STILL = 1e-9
"""A particle that moves by less of the range, root mean square, is moved by a mutation (dimensionless)."""


@dataclass(frozen=True, slots=True, eq=False)
class Flock:
    """The rules of one swarm; a strategy of optimizers/folding.py."""

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
        heard = self.heard(space, parents, Y, best, latest, size)
        here, own, near = X[latest][index], X[best][index], heard[index]
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
        return self.stirred(space, settle(space, V, rng), here, rng), here

    def heard(self, space: Space, parents: Pool, Y: Array, best: Index, latest: Index, size: int) -> Array:
        """(p, d) the best of each particle's neighbourhood, within its sub-swarm."""
        m, width = Y.shape[1], widths(space)
        heard = np.empty((len(best), space.d))
        group = parents.place[latest] % size % m
        for j in np.unique(group):
            members = np.flatnonzero(group == j)
            rank = np.empty(len(members))
            rank[np.lexsort((Y[best[members], j], parents.violation[best[members]]))] = np.arange(len(members))
            here, own = parents.X[latest[members]] / width, parents.X[best[members]] / width
            heard[members] = listened(self.topology, self.neighbours, here, own, rank) * width
        return heard

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

    def stirred(self, space: Space, X: Array, here: Array, rng: np.random.Generator) -> Array:
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
