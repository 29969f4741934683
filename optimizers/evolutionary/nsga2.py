"""This file is NSGA-II: survivors by front and crowding, children by simulated binary crossover and mutation.

Deb, Pratap, Agarwal and Meyarivan 2002, doi 10.1109/4235.996017. Differences: survivors are chosen among all ancestors,
the most crowded leave a few at a time (Kukkonen and Deb 2006; with `survival: published` as in the paper, by DEAP), and
in a crossover variables change sides by their linkage (`variation.linkage`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from eutectic.optimizers.base import NO_OPTION, Array, History, Index, Proposals, Space
from eutectic.optimizers.evolutionary.generation import propose
from eutectic.optimizers.evolutionary.population import Acquire, Search, plan
from eutectic.optimizers.evolutionary.selection import Pool, crowded, domination_tournament, published
from eutectic.optimizers.evolutionary.variation import Rates, couples
from eutectic.optimizers.part import checked
from eutectic.surrogates.base import Surrogate


@checked
@dataclass(frozen=True, slots=True)
class NSGA2:
    """Non-dominated sorting genetic algorithm II, for two or three objectives, any space, with constraints."""

    population: int | None = None
    """Number of parents; none: the largest batch asked for, at least 20."""
    search: Search = "oracle"
    """`oracle`: one generation a batch on the evaluations; `surrogate`: many on the posterior, then a diverse batch."""
    acquire: Acquire = "ucb"
    """What `surrogate` minimises: mean, mean - 2 standard deviations, or random functions of that spread."""
    generations: int = 50
    """Generations on the posterior a batch."""
    crossover: float = 0.9
    """Probability that two parents are crossed."""
    eta_crossover: float = 15.0
    """Distribution index of simulated binary crossover: larger, nearer to the parents."""
    mutation: float | None = None
    """Probability that a variable is mutated; none: 1/d."""
    eta_mutation: float = 20.0
    """Distribution index of polynomial mutation."""
    survival: Literal["pruned", "published"] = "pruned"
    """Who of the last front that fits survives: `pruned`: the most crowded leave a few at a time, distances taken anew;
    `published`: the least crowded, distances taken once (DEAP's selection)."""
    recipes: tuple[Surrogate, ...] = field(default=(), repr=False, metadata=NO_OPTION)
    """One surrogate an objective and a constraint, for `surrogate`; a Gaussian process for each where empty."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        plan("nsga2", self)
        self._rates()

    def _rates(self) -> Rates:
        return Rates(self.crossover, self.eta_crossover, self.mutation, self.eta_mutation)

    def using(self, recipes: Sequence[Surrogate]) -> "NSGA2":
        """The same optimizer with one surrogate recipe an objective and a constraint, in that order."""
        return replace(self, recipes=tuple(recipes))

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n new rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """The rows of `ask` with what the surrogates predict, where they were used."""
        return propose(self, plan("nsga2", self), space, history, n, rng)

    def keep(self, pool: Pool, size: int, rng: np.random.Generator) -> Pool:
        """Survivors by front, then crowding (section III-C)."""
        del rng
        return crowded(pool, size) if self.survival == "pruned" else published(pool, size)

    def children(
        self, space: Space, parents: Pool, places: Index, size: int, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Children of binary tournaments by domination, then crowding (section III-B), and a parent of each."""
        del size
        pairs = (len(places) + 1) // 2
        A, B = (parents.X[domination_tournament(parents, pairs, rng)] for _ in range(2))
        return couples(space, A, B, len(places), self._rates(), rng, parents.X)
