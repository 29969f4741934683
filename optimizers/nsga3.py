"""This file is NSGA-III: survivors by front and by niches around reference directions.

Deb and Jain 2014, doi 10.1109/TEVC.2013.2281535 (part I); Jain and Deb 2014, doi 10.1109/TEVC.2013.2281534 (part II:
constraints and adaptive directions). In a crossover variables change sides by their linkage (optimizers/linkage.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from optimizers import folding
from optimizers.base import Array, History, Proposals, Space
from optimizers.referencepoints import adapted, directions, niched, niches, normalised
from optimizers.selection import Index, Pool, cut, ranked, tournament
from optimizers.variation import Rates, couples

if TYPE_CHECKING:
    from surrogates.base import Surrogate


@dataclass(frozen=True, slots=True)
class NSGA3:
    """Non-dominated sorting genetic algorithm III, for two to about fifteen objectives, any space, with constraints."""

    population: int | None = None
    """Number of parents; none: the largest batch asked for, at least 20."""
    divisions: int | None = None
    """Divisions of the unit simplex that give the reference directions; none: as many as the population can fill."""
    adaptive: bool = True
    """Add directions around crowded ones where others find no one (irregular fronts)."""
    search: folding.Search = "oracle"
    """`oracle`: one generation a batch on the evaluations; `surrogate`: many on the posterior, then a diverse batch."""
    acquire: folding.Acquire = "ucb"
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
    recipes: "tuple[Surrogate, ...]" = field(default=(), init=False, repr=False)
    """One surrogate an objective and a constraint, for `surrogate`; a Gaussian process for each where empty."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        folding.plan("nsga3", self)
        self._rates()
        if self.divisions is not None and self.divisions < 1:
            raise ValueError(f"divisions must be at least 1, not {self.divisions}")

    def _rates(self) -> Rates:
        return Rates(self.crossover, self.eta_crossover, self.mutation, self.eta_mutation)

    def using(self, recipes: "Sequence[Surrogate]") -> "NSGA3":
        """The same optimizer with one surrogate recipe an objective and a constraint, in that order."""
        return folding.equipped(self, recipes)

    def refuse(self, space: Space, objectives: int, constraints: int) -> str | None:
        """Why this problem is not for it, or None."""
        del space, constraints
        return "its reference directions need two objectives or more" if objectives < 2 else None

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n new rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """The rows of `ask` with what the surrogates predict, where they were used."""
        return folding.propose(self, folding.plan("nsga3", self), space, history, n, rng)

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
