"""This file is the exact front where every objective costs nothing: all candidates are looked at, the best proposed.

What costs nothing (rules on compositions, tables) is judged for whole arrays of candidates in the campaign's own
process. A space of some millions is walked through in pieces and its front is exact; a larger one is searched by
NSGA-II on the same judge, many generations long, without a single evaluation.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np

from eutectic.optimizers.base import NO_OPTION, Array, History, Proposals, Reason, Space
from eutectic.optimizers.evolutionary.nsga2 import NSGA2
from eutectic.optimizers.evolutionary.selection import Pool
from eutectic.optimizers.evolutionary.surrogate_assisted import Judge, believed, evolved
from eutectic.optimizers.pareto import nondominated, ranked, thinned
from eutectic.optimizers.part import checked
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.seen import once, unseen

PIECE = 4096
"""Rows whose front is taken at once."""
MOST = 2000
"""Candidates of one batch, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Front:
    """What is best of a space."""

    X: Array
    """(k, d)."""
    Y: Array
    """(k, m) losses."""
    looked_at: int
    """Candidates that were judged."""
    exact: bool
    """Every candidate of the space was."""

    def __str__(self) -> str:
        if self.exact:
            return f"exact front of {self.looked_at:,} candidates: {len(self.X):,} of them"
        return f"front of {self.looked_at:,} candidates bred by NSGA-II (too many to look at each): {len(self.X):,}"


@checked
@dataclass(frozen=True, slots=True)
class Exhaustive:
    """The exact front, where every objective and constraint comes from oracles that cost nothing."""

    largest: int = 5_000_000
    """Spaces of up to so many candidates are looked at whole; larger ones are searched by NSGA-II on the oracles."""
    population: int = 200
    """Of that search."""
    generations: int = 250
    """Of that search."""
    judge: Judge | None = field(default=None, repr=False, metadata=NO_OPTION)
    """What candidates are worth; without one rows are proposed in order, or at random where they are endless."""
    at_once: ClassVar[bool] = True
    """All that it has to propose is asked for in one batch, as far as the budget goes."""

    def __post_init__(self) -> None:
        """Raise ValueError when an option lies outside its range."""
        for name, least in (("largest", 1), ("population", 4), ("generations", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")

    def judging(self, judge: Judge) -> "Exhaustive":
        """The same, told what candidates are worth."""
        return replace(self, judge=judge)

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n rows (<= n, d) of the front; fewer where it has no more."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """Like `ask`, with the losses of each as its mean; of a front larger than n those least crowded."""
        seen = np.concatenate([history.X, history.pending])
        if self.judge is None:
            points = next(region.walk(space), np.empty((0, space.d))) if region.count(space) else None
            drawn = region.sample(space, 8 * n, rng) if points is None else points
            fresh = drawn[unseen(space, drawn, seen)]
            X = fresh[once(space, fresh)][:n]
            return Proposals(X, tuple(Reason("exhaustive") for _ in X))
        front = self.front(space)
        new = unseen(space, front.X, seen)
        X, Y, n = front.X[new], front.Y[new], min(n, MOST)
        rows = thinned(Y, n) if len(X) > n else np.arange(len(X))
        more = f"; {len(rows):,} of them are asked for, those least crowded" if len(rows) < len(X) else ""
        reasons = tuple(Reason("exhaustive", mean=tuple(map(float, y))) for y in Y[rows])
        return Proposals(X[rows], reasons, notes=(f"{front}{more}",))

    def front(self, space: Space) -> Front:
        """The best of a space; ValueError where nothing in it has a value and holds every limit."""
        assert self.judge is not None
        return _front(space, self.judge, self.largest, self.population, self.generations)


@lru_cache(maxsize=4)
def _front(space: Space, judge: Judge, largest: int, population: int, generations: int) -> Front:
    number = countable(space, largest)
    pools = pieces(space, judge) if number is not None else bred(space, judge, population, generations)
    X, Y, looked_at = np.empty((0, space.d)), np.empty((0, 0)), 0
    for rows, pool in pools:
        looked_at += rows
        own = pool.rows(np.flatnonzero(pool.violation <= 0))
        if len(own):
            X, Y = best(np.concatenate([X, own.X]), np.concatenate([Y.reshape(-1, own.Y.shape[1]), own.Y]))
    if number is None and len(X):
        X, Y = (part[once(space, X)] for part in (X, Y))
    return Front(X, Y, looked_at, number is not None)


def countable(space: Space, largest: int) -> int | None:
    """Number of candidates, known constraints aside; None where there are more than that, or infinitely many."""
    number = region.count(replace(space, known=None))
    return None if number is None or number > largest else number


def pieces(space: Space, judge: Judge) -> Iterator[tuple[int, Pool]]:
    """The whole space: how many rows were judged, and those of them that are not dominated in their piece."""
    for chunk in region.walk(space):
        for X in np.array_split(chunk, max(1, -(-len(chunk) // PIECE))):
            if len(X):
                pool = believed(X, judge, 0)
                pool = pool.rows(np.flatnonzero(pool.violation <= 0))
                yield len(X), pool.rows(np.flatnonzero(nondominated(pool.Y))) if len(pool) else pool


def bred(space: Space, judge: Judge, population: int, generations: int) -> Iterator[tuple[int, Pool]]:
    """The last population of NSGA-II on the judge; the same at every call."""
    rng = np.random.default_rng(0)
    start = believed(region.sample(space, population, rng), judge, 0)
    last = evolved(NSGA2(), generations, space, start, judge, population, rng)
    yield population * (generations + 1), last.rows(np.flatnonzero(ranked(last.Y, last.violation) == 0))


def best(X: Array, Y: Array) -> tuple[Array, Array]:
    """The rows (k, d) of X (n, d) and Y (n, m) that no other dominates."""
    kept = nondominated(Y)
    return X[kept], Y[kept]
