"""This file is the sobol optimizer: evenly spread points, uniform over the region of the space."""

from dataclasses import dataclass

import numpy as np

from eutectic.optimizers.base import Array, History, Proposals, Reason, Space
from eutectic.optimizers.designs.low_discrepancy import spread
from eutectic.optimizers.part import checked
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.scale import widths
from eutectic.optimizers.spaces.seen import Memory, once, remember, unseen

_FEW = 20_000
"""Points up to which a region is listed; ours."""
_BESIDE = 64
"""Rows seen on either side of another that are looked at first."""
_TRIES = 20
"""Draws without anything new after which a region without a number of points is taken for used up."""


@checked
@dataclass(frozen=True, slots=True)
class Sobol:
    """Scrambled Sobol points mapped to the region, the batch that lies farthest from earlier points and itself."""

    sets: int = 8
    """Point sets to choose from by their least distance; 1 takes the first."""

    def __post_init__(self) -> None:
        if self.sets < 1:
            raise ValueError(f"sets: {self.sets} must be at least 1")

    def ask(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Up to n new rows (<= n, d), fewer only when a finite space is used up."""
        return self.propose(space, history, n, rng).X

    def propose(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
        """The rows of `ask`, with a note when the space is used up."""
        seen = np.vstack([history.X, history.pending])
        left = _left(space, seen, n)
        if left is not None and len(left) <= n:
            note = f"the space is used up: {len(left)} new candidates were left of {n} asked for"
            X, notes = rng.permutation(left), (note,) if len(left) < n else ()
        else:
            memory, around = remember(space, seen), _Around.of(space, seen)
            batches = [_batch(space, left, memory, n, rng) for _ in range(self.sets)]
            X = max(batches, key=lambda rows: (len(rows), around.separation(rows)))
            notes = (f"nothing new was found beyond {len(X)} of {n} candidates asked for",) if len(X) < n else ()
        return Proposals(X=X, reasons=tuple(Reason(proposer="sobol") for _ in X), notes=notes)


def _left(space: Space, seen: Array, n: int) -> Array | None:
    """The rows (N, d) of a small finite space not yet seen; None where a random point is hardly ever a seen one."""
    number = region.count(space)
    if number is None or (number > _FEW + 20 * (len(seen) + n) and space.table is None):
        return None
    rows = region.enumerate_points(space, max(number, 1_000_000))  # the limit counts what `known` rejects, too
    if rows is None:
        return None
    return rows[unseen(space, rows, seen)]


def _batch(space: Space, left: Array | None, seen: Memory, n: int, rng: np.random.Generator) -> Array:
    """One set of n different new rows, fewer where the region is little more than a point."""
    if space.table is not None:
        assert left is not None
        return left[rng.choice(len(left), size=n, replace=False)]
    even = spread(space, n, rng)
    X = _fresh(space, region.sample(space, n, rng) if even is None else even, seen)
    if left is not None and len(X) < n:
        others = left[unseen(space, left, X)]
        return np.vstack([X, others[rng.choice(len(others), size=n - len(X), replace=False)]])
    for _ in range(_TRIES):  # the region has over 20,000 points, or is continuous: repeats are few
        if len(X) >= n:
            break
        X = _fresh(space, np.vstack([X, region.sample(space, n, rng)]), seen)
    return X[:n]


def _fresh(space: Space, X: Array, seen: Memory) -> Array:
    """Rows of X without repeats and without what was seen, in their order."""
    own = X[once(space, X)]
    new: Array = own[~seen.holds(own)]
    return new


@dataclass(frozen=True, slots=True, eq=False)
class _Around:
    """Rows (s, d) that were seen, in the order of one column, by which the few that are near another are found."""

    space: Space
    column: int
    rows: Array
    """(s, d), ranges scaled to 1."""

    @classmethod
    def of(cls, space: Space, seen: Array) -> "_Around":
        """The rows seen (s, d), by their first column that is no category."""
        column = next((j for j, kind in enumerate(space.kinds) if kind != "categorical"), 0)
        rows = seen / widths(space)
        return cls(space, column, rows[np.argsort(rows[:, column], kind="stable")])

    def separation(self, X: Array) -> float:
        """The least distance (dimensionless, ranges scaled to 1) between two rows of X (n, d), or one and one seen."""
        rows, least = X / widths(self.space), np.inf
        for place, row in enumerate(rows):  # one after the other: no array of all pairs
            least = min(least, self._least(row, np.delete(rows, place, axis=0)))
        for row in rows:
            middle = int(np.searchsorted(self.rows[:, self.column], row[self.column]))
            least = min(least, self._least(row, self.rows[max(0, middle - _BESIDE) : middle + _BESIDE]))
        if self.space.kinds[self.column] == "categorical":  # its values say whether, not how far
            return float(min([least, *(self._least(row, self.rows) for row in rows)]))
        for row in rows:
            reach = row[self.column] + np.array([-least, least]) * (1 + 1e-9)
            first, last = np.searchsorted(self.rows[:, self.column], reach)
            least = min(least, self._least(row, self.rows[first : last + 1]))
        return float(least)

    def _least(self, row: Array, others: Array) -> float:
        """Distance of a row (d,) from the nearest of others (k, d); infinite without any."""
        gap = np.abs(others - row)
        for column, kind in enumerate(self.space.kinds):
            if kind == "categorical":
                gap[:, column] = gap[:, column] > 0
        return float(np.sqrt(np.einsum("nd,nd->n", gap, gap).min(initial=np.inf)))
