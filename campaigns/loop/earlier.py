"""This file is what was asked for before, as a new proposal is compared with it: by its name, and by its row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eutectic.campaigns.record.columns import RETURNED, Index
from eutectic.campaigns.record.history import places_of
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.campaigns.record.table import columns
from eutectic.optimizers.base import Array, Mask, Space
from eutectic.optimizers.spaces.scale import ROUNDING, units
from eutectic.optimizers.spaces.seen import rounded

FEW = 32
"""Rows that are compared one by one."""
NEAR = 2 * ROUNDING
"""Share of a range within which equal rows lie, and hardly any others."""


@dataclass(frozen=True, slots=True, eq=False)
class Earlier:
    """The outcomes (k) that are not to be asked for again; what was given back is as good as new."""

    space: Space
    outcomes: Sequence[Outcome]
    """(n) of the ledger, those among them."""
    places: Index
    """(k,) where they stand there."""
    names: Index
    """(k,) hashes of their ids."""
    rows: Array
    """(k, d) of the space."""
    closed: Mask
    """(k,) is nothing to be asked for with this row again, whatever it is called?"""

    def named(self, id: str) -> list[int]:
        """Those with this id."""
        alike = np.flatnonzero(self.names == hash(id)).tolist()
        return [k for k in alike if self.outcomes[self.places[k]].id == id]

    def bars(self, x: Array) -> bool:
        """Is a row (d,) closed?"""
        return bool(self.closed.any() and self.closed[self._same(x)].any())

    def stood(self, id: str, x: Array) -> bool:
        """Was just this row (d,) asked for under this id before, and may be again?"""
        same = self._same(x)
        return not self.closed[same].any() and bool({*same.tolist()} & {*self.named(id)})

    def _same(self, x: Array) -> Index:
        """Those with this row (d,)."""
        row, near = rounded(self.space, x[None])[0], NEAR * units(self.space)
        many = len(self.rows) > FEW
        places = np.flatnonzero(np.abs(self.rows[:, 0] - x[0]) <= near[0]) if many else np.arange(len(self.rows))
        for column in range(1, self.space.d):
            if len(places) <= FEW:
                break
            places = places[np.abs(self.rows[places, column] - x[column]) <= near[column]]
        return np.asarray(places[(rounded(self.space, self.rows[places]) == row).all(1)])


def earlier_of(ledger: Ledger, space: Space, never_twice: bool) -> Earlier:
    """Of a ledger; never_twice: no row that stands in it is asked for again, even under another name."""
    every = columns(ledger)
    places = places_of(((every.status != RETURNED) | every.barred) & ~every.aside)
    names, rows = every.name[places], every.x[places].reshape(-1, space.d)
    closed = np.ones(len(names), dtype=bool) if never_twice else every.barred[places]
    return Earlier(space, ledger.outcomes, np.arange(len(every.name))[places], names, rows, closed)
