"""This file is what was asked for before, as a new proposal is compared with it: by its name, and by its row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eutectic.campaigns.record.columns import RETURNED, Index
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.campaigns.record.table import columns
from eutectic.optimizers.base import Array, Mask, Space
from eutectic.optimizers.spaces.seen import rounded


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
    """(k, d) of the space, rounded so that equal rows are equal."""
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
        row = rounded(self.space, x[None])[0]
        places = np.flatnonzero(self.rows[:, 0] == row[0])
        return np.asarray(places[(self.rows[places] == row).all(1)])


def earlier_of(ledger: Ledger, space: Space, never_twice: bool) -> Earlier:
    """Of a ledger; never_twice: no row that stands in it is asked for again, even under another name."""
    every = columns(ledger)
    places = np.flatnonzero(((every.status != RETURNED) | every.barred) & ~every.aside)
    closed = np.ones(len(places), dtype=bool) if never_twice else every.barred[places]
    rows = rounded(space, every.x[places].reshape(len(places), space.d))
    return Earlier(space, ledger.outcomes, places, every.name[places], rows, closed)
