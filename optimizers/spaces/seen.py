"""This file is which rows of a space are the same: what was proposed before, and what stands twice.

Rows are compared column by column in units of the variables' ranges, or of the least gap between a table's rows
(optimizers/spaces/scale.py), so that neither metres nor nanometres make different rows equal.
"""

from dataclasses import dataclass

import numpy as np

from eutectic.optimizers.base import Array, Index, Mask, Space
from eutectic.optimizers.spaces.scale import ROUNDING, units

_GOLDEN = 0.6180339887498949
"""The golden ratio less 1: its multiples lie evenly and never on simple numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """Rows seen (s, d) in the order of a weighted sum (s,), by which the few that may equal another row are found."""

    unit: Array
    """(d,) what the variables are divided by."""
    origin: Array
    """(d,) what is subtracted from them before."""
    rows: Array
    """(s, d), scaled."""
    total: Array

    def holds(self, X: Array, tolerance: float = ROUNDING) -> Mask:
        """(n,) True where a row of X (n, d) is among them, to this share of the ranges."""
        Z = (X - self.origin) / self.unit
        value = weighted(Z)
        slack = tolerance * X.shape[1] + 1e-14 * (1 + np.abs(Z).sum(1))
        first, last = np.searchsorted(self.total, value - slack), np.searchsorted(self.total, value + slack)
        held = np.zeros(len(X), dtype=bool)
        for step in range(int((last - first).max(initial=0))):
            some = np.flatnonzero((first + step < last) & ~held)
            held[some] |= (np.abs(self.rows[first[some] + step] - Z[some]) <= tolerance).all(1)
        return held


def remember(space: Space, seen: Array) -> Memory:
    """Rows (s, d) of a space made ready for the question whether others are among them."""
    unit = units(space)
    rows = (seen - space.lower) / unit
    total = weighted(rows)
    order = np.argsort(total)
    return Memory(unit, space.lower, rows[order], total[order])


def weighted(Z: Array) -> Array:
    """(n,) one number a row of Z (n, d), equal for equal rows and hardly ever for others."""
    value: Array = Z @ np.modf(np.arange(1, Z.shape[1] + 1) * _GOLDEN)[0]
    return value


def unseen(space: Space, points: Array, seen: Array) -> Mask:
    """(N,) True for rows of points (N, d) that are not among `seen` (s, d)."""
    return ~remember(space, seen).holds(points)


def keys(space: Space, X: Array) -> list[bytes]:
    """Each row of X (n, d) as bytes, which are the same for rows that are the same."""
    whole = rounded(space, X)
    width, everything = whole.itemsize * X.shape[1], whole.tobytes()
    return [everything[i : i + width] for i in range(0, len(everything), width)]


def once(space: Space, X: Array) -> Index:
    """(k,) places of the rows of X (n, d) that no earlier row equals, ascending."""
    whole = rounded(space, X)
    items = whole.view(np.dtype((np.void, whole.itemsize * X.shape[1]))).ravel()
    first: Index = np.sort(np.unique(items, return_index=True)[1])
    return first


def rounded(space: Space, X: Array) -> Array:
    """Whole numbers (n, d) of `ROUNDING`, equal for equal rows; their edges lie where no simple number does."""
    return np.ascontiguousarray(np.floor((X - space.lower) / units(space) / ROUNDING + _GOLDEN) + 0.0)
