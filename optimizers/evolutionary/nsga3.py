"""This file is NSGA-III: survivors by front and by niches around reference directions.

Deb and Jain 2014, doi 10.1109/TEVC.2013.2281535 (part I); Jain and Deb 2014, doi 10.1109/TEVC.2013.2281534 (part II:
constraints and adaptive directions). Reference points are DEAP's; `deap_selection.py` says why its niching is not used.
In a crossover variables change sides by their linkage (`variation.linkage`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import comb

import numpy as np

from eutectic.optimizers.base import NO_OPTION, Array, History, Index, Proposals, Space
from eutectic.optimizers.evolutionary.deap_selection import reference_points
from eutectic.optimizers.evolutionary.generation import propose
from eutectic.optimizers.evolutionary.population import Acquire, Search, plan
from eutectic.optimizers.evolutionary.selection import Pool, cut, tournament
from eutectic.optimizers.evolutionary.variation import Rates, couples
from eutectic.optimizers.pareto import ranked
from eutectic.optimizers.part import checked
from eutectic.surrogates.base import Surrogate

_FLAT = 1e-10
"""Share of the front's width below which an extent of it is rounding."""
_ROUNDS = 3
"""How often directions are added around crowded ones, each time half as far away."""


@lru_cache(maxsize=32)
def directions(m: int, divisions: int | None, size: int) -> Array:
    """(r, m) directions: a lattice with these divisions, or the largest set of at most `size`.

    Two layers, the inner one halfway to the centre, where one layer would have no inner point (part I, section V).
    """
    if divisions is not None:
        return reference_points(m, divisions)
    fit = 1
    while comb(fit + m, m - 1) <= size:
        fit += 1
    if fit >= m or m == 2:
        return reference_points(m, fit)
    inner = fit - 1 if comb(fit + m - 1, m - 1) + comb(fit + m - 2, m - 1) <= size and fit > 1 else 0
    if not inner:
        return np.vstack([reference_points(m, fit), np.full((1, m), 1.0 / m)])
    return np.vstack([reference_points(m, fit), reference_points(m, inner, 0.5)])


def normalised(Y: Array, front: Array) -> Array:
    """Y (n, m) translated to the ideal point and divided by the intercepts of the hyperplane through the extremes.

    Part I, section IV-C: ideal point, extreme points by the achievement scalarising function (equation 4), intercepts
    (equation 5). Where the hyperplane is degenerate the worst values of `front` (f, m), the first front, stand in.
    """
    ideal = np.minimum(Y.min(0), front.min(0))
    worst = (front - ideal).max(0)
    width = np.where(worst > 0, worst, 1.0)  # so that nothing below depends on the losses' units
    moved = (front - ideal) / width
    weight = np.where(np.eye(Y.shape[1]) > 0, 1.0, 1e6)
    extremes = moved[(moved[:, None, :] * weight).max(2).argmin(0)]
    reach = np.ones(len(ideal))
    if np.linalg.matrix_rank(extremes, tol=_FLAT) == len(ideal):
        plane = np.linalg.solve(extremes, np.ones(len(ideal)))
        if (plane > _FLAT).all():
            reach = np.minimum(1 / plane, 1.0)
    scaled: Array = (Y - ideal) / (width * np.where(reach > _FLAT, reach, 1.0))
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


@checked
@dataclass(frozen=True, slots=True)
class NSGA3:
    """Non-dominated sorting genetic algorithm III, for two to about fifteen objectives, any space, with constraints."""

    population: int | None = None
    """Number of parents; none: the largest batch asked for, at least 20."""
    divisions: int | None = None
    """Divisions of the unit simplex that give the reference directions; none: as many as the population can fill."""
    adaptive: bool = True
    """Add directions around crowded ones where others find no one (irregular fronts)."""
    search: Search = "oracle"
    """`oracle`: one generation a batch on the evaluations; `surrogate`: many on the posterior, then a diverse batch."""
    acquire: Acquire = "ucb"
    """What `surrogate` minimises: mean, mean - 2 standard deviations, or random functions of that spread."""
    generations: int = 50
    """Generations on the posterior a batch."""
    crossover: float = 1.0
    """Probability that two parents are crossed."""
    eta_crossover: float = 15.0
    """Distribution index of simulated binary crossover: larger, nearer to the parents (the paper takes 30, with which
    the ends of some constrained fronts are reached late)."""
    mutation: float | None = None
    """Probability that a variable is mutated; none: 1/d."""
    eta_mutation: float = 20.0
    """Distribution index of polynomial mutation."""
    recipes: tuple[Surrogate, ...] = field(default=(), repr=False, metadata=NO_OPTION)
    """One surrogate an objective and a constraint, for `surrogate`; a Gaussian process for each where empty."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        plan("nsga3", self)
        self._rates()
        if self.divisions is not None and self.divisions < 1:
            raise ValueError(f"divisions must be at least 1, not {self.divisions}")

    def _rates(self) -> Rates:
        return Rates(self.crossover, self.eta_crossover, self.mutation, self.eta_mutation)

    def using(self, recipes: Sequence[Surrogate]) -> "NSGA3":
        """The same optimizer with one surrogate recipe an objective and a constraint, in that order."""
        return replace(self, recipes=tuple(recipes))

    def refuse(self, space: Space, objectives: int, constraints: int) -> str | None:
        """Why this problem is not for it, or None."""
        del space, constraints
        return "its reference directions need two objectives or more" if objectives < 2 else None

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n new rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """The rows of `ask` with what the surrogates predict, where they were used."""
        return propose(self, plan("nsga3", self), space, history, n, rng)

    def keep(self, pool: Pool, size: int, rng: np.random.Generator) -> Pool:
        """Survivors by front, then niche (part I, algorithm 1); infeasible ones by violation (part II, section III)."""
        rank = ranked(pool.Y, pool.violation)
        keep, last = cut(rank, size)
        if len(keep) < size and len(last):
            keep = np.concatenate([keep, self._niched(pool, rank, keep, last, size - len(keep), rng)])
        return pool.rows(keep).judged(pool.violation[keep])

    def _niched(self, pool: Pool, rank: Index, keep: Index, last: Index, k: int, rng: np.random.Generator) -> Index:
        """K rows of the last front; of infeasible ones, which share one violation, any k."""
        if pool.violation[last[0]] > 0:
            return last[:k]
        rows = np.concatenate([keep, last])
        W = directions(pool.Y.shape[1], self.divisions, len(keep) + k)
        F = normalised(pool.Y[rows], pool.Y[rank == 0])
        place = np.arange(len(keep), len(rows))
        chosen = self._chosen(F, W, place, k, rng)
        if self.adaptive and len(np.unique(niches(F[chosen], W)[0])) < len(W):
            more = adapted(F[chosen], W, self.divisions or round(1 / W[W > 1e-9].min()))
            chosen = self._chosen(F, more, place, k, rng) if len(more) > len(W) else chosen
        return rows[chosen[len(keep) :]]

    def _chosen(self, F: Array, W: Array, place: Index, k: int, rng: np.random.Generator) -> Index:
        """All rows of F (n, m) before `place` (c,) and the k of `place` that fill the directions W (r, m) evenly."""
        nearest, distance = niches(F, W)
        before = np.arange(len(F) - len(place))
        count = np.bincount(nearest[before], minlength=len(W))
        return np.concatenate([before, niched(nearest, distance, count, place, k, rng)])

    def children(
        self, space: Space, parents: Pool, places: Index, size: int, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Children of parents drawn at random, of two the less infeasible (part II, section III), and a parent each."""
        del size
        pairs = (len(places) + 1) // 2
        A, B = (parents.X[tournament(parents.merit, pairs, rng)] for _ in range(2))
        return couples(space, A, B, len(places), self._rates(), rng, parents.X)
