"""This file is how a constraint on a screened property becomes a known constraint of the space."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eutectic.campaigns.file.goals import Limit
from eutectic.generators.amounts import fractions
from eutectic.generators.base import Generator
from eutectic.generators.constraints import Joint
from eutectic.optimizers.base import Amounts, Array, Space

ROUNDING = 1e-9
"""Share of a limit by which a value may miss it: what adding up a composition loses, and no measurement tells."""


@dataclass(frozen=True, slots=True)
class Screened:
    """Excess over some limits, computed for many candidates at once without any evaluation."""

    generator: Generator
    oracle: Any
    """A `ScreenOracle`; with `screen_fractions(elements, X)` it needs no candidates."""
    elements: tuple[str, ...]
    """What rows consist of where atomic fractions follow from the columns, else ()."""
    amounts: Amounts | None
    """How they follow; None: the columns are the atomic fractions."""
    limits: tuple[Limit, ...]

    def __call__(self, X: Array) -> Array:
        """Excess (n, k) in each property's unit of coordinates X (n, d), feasible where <= 0; inf where undefined."""
        values = self._values(X)
        columns = [np.asarray(values[limit.property], dtype=float) for limit in self.limits]
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

    def _values(self, X: Array) -> Mapping[str, Sequence[float] | Array]:
        """Property -> one value a row (n,)."""
        if self.elements and hasattr(self.oracle, "screen_fractions"):
            shares = X if self.amounts is None else fractions(self.amounts, X)
            vectorised: Mapping[str, Array] = self.oracle.screen_fractions(self.elements, shares)
            return vectorised
        # What a screen says does not depend on chance, so any generator of numbers will do.
        screened: Mapping[str, list[float]] = self.oracle.screen(self.generator.generate(X, np.random.default_rng(0)))
        return screened


def screened(space: Space, generator: Generator, oracle: Any, limits: Sequence[Limit]) -> Space:
    """The space with the limits on what `oracle` screens as known constraints, beside those it has."""
    mine = tuple(limit for limit in limits if limit.property in (oracle.properties or ()))
    if not mine or not hasattr(oracle, "screen"):
        return space
    whole = all(kind == "fraction" for kind in space.kinds)
    elements = space.amounts.labels if space.amounts is not None else space.names if whole else ()
    screen = Screened(generator, oracle, elements, space.amounts, mine)
    return replace(space, known=screen if space.known is None else Joint((space.known, screen)))


def learned(limits: Sequence[Limit], space: Space) -> tuple[Limit, ...]:
    """The limits that only evaluations can tell of; the space's known constraints decide the others."""
    decided = _decided(space.known)
    return tuple(limit for limit in limits if limit not in decided)


def _decided(known: Any) -> frozenset[Limit]:
    if isinstance(known, Joint):
        return frozenset().union(*(_decided(part) for part in known.parts))
    return frozenset(known.limits) if isinstance(known, Screened) else frozenset()
