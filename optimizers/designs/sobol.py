"""This file is the sobol optimizer: evenly spread points, uniform over the region of the space."""

from dataclasses import dataclass

import numpy as np

from eutectic.optimizers.base import Array, History, Proposals, Reason, Space
from eutectic.optimizers.designs.low_discrepancy import spread
from eutectic.optimizers.part import checked
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.scale import widths
from eutectic.optimizers.spaces.seen import once, unseen

_FEW = 20_000
"""Points up to which a region is listed; ours."""
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
            batches = [_batch(space, left, seen, n, rng) for _ in range(self.sets)]
            X = max(batches, key=lambda rows: (len(rows), _separation(space, rows, seen)))
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


def _batch(space: Space, left: Array | None, seen: Array, n: int, rng: np.random.Generator) -> Array:
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


def _fresh(space: Space, X: Array, seen: Array) -> Array:
    """Rows of X without repeats and without rows of `seen`, in their order."""
    own = X[once(space, X)]
    new: Array = own[unseen(space, own, seen)]
    return new


def _separation(space: Space, X: Array, seen: Array) -> float:
    """The least distance (dimensionless, ranges scaled to 1) between two rows of X, or one of X and one seen."""
    width, least = widths(space), np.inf
    category = np.array([kind == "categorical" for kind in space.kinds])
    rows, others = X / width, np.vstack([X, seen]) / width
    for place, row in enumerate(rows):  # one after the other: no array of all pairs
        gap = np.abs(others - row)
        gap[:, category] = gap[:, category] > 0
        squares = np.einsum("nd,nd->n", gap, gap)
        squares[place] = np.inf
        least = min(least, float(squares.min(initial=np.inf)))
    return float(np.sqrt(least))
