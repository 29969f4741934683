"""This file is how a constraint on a screened property becomes a known constraint of the space."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eutectic.campaigns.file.goals import Limit
from eutectic.generators.amounts import fractions
from eutectic.generators.base import Generator
from eutectic.generators.constraints import Joint
from eutectic.optimizers.base import Array, Space
from eutectic.oracles.abilities import FractionScreening, Screening

ROUNDING = 1e-9
"""Share of a limit by which a value may miss it: what adding up a composition loses, and no measurement tells."""


@dataclass(frozen=True, slots=True)
class Screened:
    """Excess over some limits, computed for many candidates at once without any evaluation."""

    generator: Generator
    oracle: Any
    """One that is `Screening`; where it is `FractionScreening`, it needs no candidates."""
    space: Space
    """Of which rows come: atomic fractions may follow from the columns."""
    limits: tuple[Limit, ...]

    def __call__(self, X: Array) -> Array:
        """Excess (n, k) in each property's unit of coordinates X (n, d), feasible where <= 0; inf where undefined."""
        values = property_values(self.generator, self.oracle, self.space, X)
        columns = [values[limit.property] for limit in self.limits]
        excess = np.stack(
            [
                limit.bound - v if limit.side == "min" else v - limit.bound
                for limit, v in zip(self.limits, columns, strict=True)
            ],
            axis=1,
        )
        rounding = ROUNDING * np.abs([limit.bound for limit in self.limits])
        return np.nan_to_num(
            np.where(np.abs(excess) <= rounding, 0.0, excess), nan=np.inf, posinf=np.inf, neginf=-np.inf
        )


def property_values(generator: Generator, oracle: Any, space: Space, X: Array) -> dict[str, Array]:
    """Property -> one value a row of X (n, d), NaN where there is none; what the oracle says must not need chance.

    By whole arrays where the oracle is `Screening`, without making candidates where atomic fractions are enough.
    """
    if isinstance(oracle, FractionScreening) and (elements := elements_of(space)):
        shares = X if space.amounts is None else fractions(space.amounts, X)
        vectorised: Mapping[str, Array] = oracle.screen_fractions(elements, shares)
        return {name: np.asarray(column, dtype=float) for name, column in vectorised.items()}
    # What a screen says does not depend on chance, so any generator of numbers will do.
    candidates = generator.generate(X, np.random.default_rng(0))
    if isinstance(oracle, Screening):
        return {name: np.asarray(column, dtype=float) for name, column in oracle.screen(candidates).items()}
    found = [evaluation.values for evaluation in oracle.evaluate(candidates, np.random.default_rng(0))]
    return {name: np.array([values.get(name, np.nan) for values in found]) for name in oracle.properties or ()}


def elements_of(space: Space) -> tuple[str, ...]:
    """What rows consist of where atomic fractions follow from the columns, else ()."""
    if space.amounts is not None:
        return space.amounts.labels
    return space.names if all(kind == "fraction" for kind in space.kinds) else ()


def screened(space: Space, generator: Generator, oracle: Any, limits: Sequence[Limit]) -> Space:
    """The space with the limits on what `oracle` screens as known constraints, beside those it has."""
    mine = tuple(limit for limit in limits if limit.property in (oracle.properties or ()))
    if not mine or not isinstance(oracle, Screening):
        return space
    screen = Screened(generator, oracle, space, mine)
    return replace(space, known=screen if space.known is None else Joint((space.known, screen)))


def learned(limits: Sequence[Limit], space: Space) -> tuple[Limit, ...]:
    """The limits that only evaluations can tell of; the space's known constraints decide the others."""
    decided = _decided(space.known)
    return tuple(limit for limit in limits if limit not in decided)


def _decided(known: Any) -> frozenset[Limit]:
    if isinstance(known, Joint):
        return frozenset().union(*(_decided(part) for part in known.parts))
    return frozenset(known.limits) if isinstance(known, Screened) else frozenset()
