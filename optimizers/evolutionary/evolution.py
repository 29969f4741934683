"""This file is evolution for one objective and any space: differential evolution, or a genetic algorithm that climbs.

Part of each batch of the genetic algorithm climbs: a good candidate with one variable changed (another category, the
next step, one transfer in a mixture). The rest are children of tournaments, by uniform crossover of the variables and
mutation. The population is the best rows of the history, each row once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from eutectic.optimizers.base import NO_OPTION, Array, History, Index, Proposals, Space
from eutectic.optimizers.evolutionary.differential_evolution import slots, trials
from eutectic.optimizers.evolutionary.generation import propose
from eutectic.optimizers.evolutionary.population import Acquire, Search, plan
from eutectic.optimizers.evolutionary.selection import Pool, tournament
from eutectic.optimizers.evolutionary.variation import Rates, couples, mutate
from eutectic.optimizers.part import checked
from eutectic.surrogates.base import Surrogate

_MIXED = Rates(crossover=0.9, eta_crossover=10.0, eta_mutation=15.0)
"""Crossover and mutation of the genetic algorithm; ours."""


def elite(pool: Pool, size: int) -> Pool:
    """The best rows (<= size) by violation, then loss (Deb 2000, doi 10.1016/S0045-7825(99)00389-8)."""
    order = np.lexsort((pool.place, pool.Y[:, 0], pool.violation))[:size]
    return pool.rows(order).judged(np.arange(len(order), dtype=float))


def children_of(space: Space, parents: Pool, k: int, climb: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """K children (k, d), about the share `climb` of them by hill-climbing, and a parent of each (k, d)."""
    pairs = (k + 1) // 2
    A, B = (parents.X[tournament(parents.merit, pairs, rng)] for _ in range(2))
    X, origin = couples(space, A, B, k, _MIXED, rng)
    climbing = np.flatnonzero(rng.random(k) < climb)
    start = parents.X[geometric_ranks(len(parents), len(climbing), rng)]
    X[climbing], origin[climbing] = stepped(space, start, rng), start
    return X, origin


def geometric_ranks(size: int, k: int, rng: np.random.Generator) -> Index:
    """(k,) places in the order of merit, the first the likeliest: geometric with one half."""
    place: Index = np.minimum(rng.geometric(0.5, k) - 1, size - 1)
    return place


def stepped(space: Space, X: Array, rng: np.random.Generator) -> Array:
    """X (k, d) with one variable of each row changed, by steps of very different lengths."""
    chosen = np.zeros(X.shape, dtype=bool)
    chosen[np.arange(len(X)), rng.integers(0, space.d, len(X))] = True
    return mutate(space, X, chosen, float(rng.choice([2.0, 20.0, 100.0])), rng)


@checked
@dataclass(frozen=True, slots=True)
class Evolution:
    """One objective with constraints: differences of numbers, or a genetic algorithm for categories and tables."""

    method: Literal["differential", "genetic"] = "genetic"
    """`differential`: best on numbers and fractions; `genetic`: any space, with stochastic hill-climbing."""
    population: int | None = None
    """Number of parents; none: the largest batch asked for, at least 20."""
    search: Search = "oracle"
    """`oracle`: one generation a batch on the evaluations; `surrogate`: many on the posterior, then a diverse batch."""
    acquire: Acquire = "ucb"
    """What `surrogate` minimises: mean, mean - 2 standard deviations, or random functions of that spread."""
    generations: int = 50
    """Generations on the posterior a batch."""
    climb: float = 0.5
    """Share, 0 to 1, of `genetic` children that change one variable of a good candidate."""
    scale: float | None = None
    """Scale factor F of `differential`; none: drawn for each trial."""
    crossover: float | None = None
    """Crossover rate CR, 0 to 1, of `differential`; none: drawn for each trial."""
    recipes: tuple[Surrogate, ...] = field(default=(), repr=False, metadata=NO_OPTION)
    """One surrogate an objective and a constraint, for `surrogate`; a Gaussian process for each where empty."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        plan("evolution", self)
        for name, value in (("climb", self.climb), ("crossover", self.crossover)):
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} must lie between 0 and 1, not {value}")
        if self.scale is not None and not 0 < self.scale <= 2:
            raise ValueError(f"scale must lie above 0 and at most at 2, not {self.scale}")

    def using(self, recipes: Sequence[Surrogate]) -> "Evolution":
        """The same optimizer with one surrogate recipe an objective and a constraint, in that order."""
        return replace(self, recipes=tuple(recipes))

    def refuse(self, space: Space, objectives: int, constraints: int) -> str | None:
        """Why this problem is not for it, or None."""
        del constraints
        if objectives != 1:
            return f"it minimises one objective, not {objectives}"
        if self.method == "differential" and all(kind == "categorical" for kind in space.kinds):
            return "categories have no differences; `method: genetic` takes them"
        return None

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n new rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """The rows of `ask` with what the surrogates predict, where they were used."""
        return propose(self, plan("evolution", self), space, history, n, rng)

    def keep(self, pool: Pool, size: int, rng: np.random.Generator) -> Pool:
        """The parents: the best row of each slot, or the best rows of all."""
        del rng
        return slots(pool, size) if self.method == "differential" else elite(pool, size)

    def children(
        self, space: Space, parents: Pool, places: Index, size: int, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """One child for each place (k,), and a parent of each."""
        if self.method == "differential":
            return trials(space, parents, places, size, rng, self.scale, self.crossover)
        return children_of(space, parents, len(places), self.climb, rng)
