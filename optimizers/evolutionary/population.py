"""This file is a population method as a pure function of the history: fold it to parents, breed, answer.

What is folded: every finished row of the history, in one selection. Nothing is kept between batches, so a resumed
campaign goes on as if it had never stopped. With batches of `population` this is the generational algorithm whose
survivors are chosen among all ancestors instead of the last two generations; with smaller batches it is steady-state.
Parents need `population` rows that finished, failed or are pending; until then rows are sampled evenly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from eutectic.optimizers.base import Array, History, Index, Proposals, Reason, Space
from eutectic.optimizers.evolutionary.selection import Pool
from eutectic.surrogates.base import Surrogate

Search = Literal["oracle", "surrogate"]
Acquire = Literal["mean", "ucb", "thompson"]
_LEAST = 20
"""Smallest population when none is given."""


class Strategy(Protocol):
    """What distinguishes one population method from another."""

    def keep(self, pool: Pool, size: int, rng: np.random.Generator) -> Pool:
        """The parents of a population of `size` among a pool that is not empty, best first, with their merit."""
        ...

    def children(
        self, space: Space, parents: Pool, places: Index, size: int, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """One child for each of the places (k,) in the history that they will take, and a parent of each (k, d)."""
        ...


class Options(Protocol):
    """What every population method can be told."""

    @property
    def search(self) -> Search:
        """Where a population evolves."""
        ...

    @property
    def acquire(self) -> Acquire:
        """What is minimised on the posterior."""
        ...

    @property
    def generations(self) -> int:
        """Generations on the posterior a batch."""
        ...

    @property
    def population(self) -> int | None:
        """Number of parents, or None."""
        ...

    @property
    def recipes(self) -> tuple[Surrogate, ...]:
        """One surrogate an output, or none."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a population evolves; the options that population methods share."""

    name: str
    search: Search
    acquire: Acquire
    generations: int
    population: int | None
    recipes: tuple[Surrogate, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        if self.population is not None and self.population < 4:
            raise ValueError(f"population must be at least 4, not {self.population}")
        if self.generations < 1:
            raise ValueError(f"generations must be at least 1, not {self.generations}")

    def size(self, history: History, n: int) -> int:
        """Number of parents: as given, else the largest batch so far, at least 20."""
        if self.population is not None:
            return self.population
        asked = history.round[history.round >= 0]
        return max(_LEAST, n, int(np.bincount(asked).max()) if len(asked) else 0)


def plan(name: str, options: Options) -> Plan:
    """The plan of the optimizer called `name`; ValueError when an option lies outside its range."""
    return Plan(name, options.search, options.acquire, options.generations, options.population, options.recipes)


def answered(plan: Plan, X: Array, n: int, notes: Sequence[str]) -> Proposals:
    """Rows X as proposals, with a note when the space is used up."""
    if len(X) < n:
        notes = (*notes, f"the space is used up: {len(X)} new candidates were left of {n} asked for")
    return Proposals(X, tuple(Reason(plan.name) for _ in X), notes=tuple(notes))
