"""This file is what an asking can choose from where a generator draws its rows afresh: a list, for this asking alone.

Optimizers see it as a space that is a table. What tells rows apart and means nothing (the draw) they do not see; the
rows they choose get it back before they are written down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.analysis.steering import taught
from eutectic.campaigns.errors import CampaignFileError, Complaint
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.generators.abilities import Offering
from eutectic.generators.base import Offer
from eutectic.generators.representations.blocks import Rows, rows_of
from eutectic.optimizers.base import Array, Mask, Space, veiled
from eutectic.oracles.base import Candidate

BEST = 20
"""Rows of the front near which conditions are drawn, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Offered:
    """What there is to choose from in one asking."""

    space: Space
    """A table, what is a nuisance at its lower bound."""
    offer: Offer
    rows: Rows
    """Of the table."""

    def whole(self, X: Array) -> Array:
        """The rows (n, d) as they were drawn, of rows of the table."""
        return self.offer.X[self.rows.find(X)] if len(X) else X

    def candidates(self, X: Array) -> list[Candidate]:
        """The candidates of rows of the table."""
        return [self.offer.candidates[i] for i in self.rows.find(X)] if len(X) else []


def offers(generator: Any) -> bool:
    """Does this generator draw its rows afresh for each asking?"""
    return isinstance(generator, Offering)


def offered(problem: Problem, ledger: Ledger, space: Space, n: int, seed: Sequence[int]) -> Offered | None:
    """What the generator has drawn to choose n candidates from; None where its space is searched instead."""
    if not offers(problem.generator):
        return None
    generator, said = taught(problem, ledger)
    best = sorted(front(ledger), key=lambda outcome: outcome.number)[-BEST:]
    known = [outcome.structure for outcome in ledger.outcomes if outcome.structure is not None]
    seen = np.array([outcome.x for outcome in ledger.outcomes], dtype=float).reshape(-1, space.d)
    near = np.array([outcome.x for outcome in best], dtype=float).reshape(-1, space.d)
    drawn = _drawn(generator, space, n, np.random.default_rng(list(seed)), near, known, seen)
    return replace(drawn, offer=replace(drawn.offer, notes=(*said, *drawn.offer.notes)))


def rehearsed(problem: Problem, rng: np.random.Generator) -> Offered:
    """What would be drawn for a first asking; CampaignFileError where nothing is."""
    nothing = np.empty((0, problem.space.d))
    found = _drawn(problem.generator, problem.space, problem.spec.budget.batch, rng, nothing, [], nothing)
    if not len(found.offer.X):
        raise CampaignFileError([Complaint(("space",), f"no crystal is left: {found.offer.notes[0]}")])
    return found


def _drawn(
    generator: Any, space: Space, n: int, rng: np.random.Generator, near: Array,
    known: Sequence[Mapping[str, object]], seen: Array,
) -> Offered:  # fmt: skip
    """A pool as a space; its numbers range over the pool and what was seen (s, d), so that they can be compared."""
    offer: Offer = generator.offer(n, rng, near, known, partial(_keeps, space))
    table = veiled(space, offer.X.reshape(-1, space.d))
    every = np.concatenate([table, veiled(space, seen)])
    free = np.array([kind != "categorical" for kind in space.kinds]) & (len(every) > 0)
    lower = np.where(free, every.min(0, initial=np.inf), space.lower)
    upper = np.where(free, every.max(0, initial=-np.inf), space.upper)
    return Offered(replace(space, lower=lower, upper=upper, table=table, known=None), offer, rows_of(table))


def _keeps(space: Space, X: Array) -> Mask:
    """Which rows of X (k, d) keep the space's known constraints."""
    if space.known is None:
        return np.ones(len(X), dtype=bool)
    return np.asarray((space.known(X) <= 0).all(1))
