"""This file is what an explanation may do to inputs: parts of two rows joined, one column moved, fractions kept whole.

Fractions that sum to one cannot be changed one by one. Where some of them are given, the others share what is left in
their own proportions, as far as their bounds let them:
z_j = clip(s b_j, lower_j, upper_j) with the one s that makes the sum right. Without bounds in the way this is the
subcomposition of the others scaled to fit (Aitchison 1982, doi 10.1111/j.2517-6161.1982.tb01195.x).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eutectic.surrogates.base import Array

Mask = NDArray[np.bool_]
"""(n,) or (n, d) flags."""
_HALVINGS = 60
"""Halvings of an interval of log s that is 41 wide: to below what a float tells apart."""
_LEAST = 1e-9
"""Share that an absent fraction counts as, so that it can take part when all others are at their upper bounds."""


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """The columns of a surrogate's input, as far as an explanation has to know them."""

    names: tuple[str, ...]
    lower: Array
    """(d,) natural units; the least a fraction may be."""
    upper: Array
    """(d,) natural units."""
    categorical: tuple[int, ...] = ()
    """Columns that hold category codes 0, 1, ..., upper."""
    whole: tuple[int, ...] = ()
    """Columns that hold whole numbers."""
    groups: tuple[tuple[int, ...], ...] = ()
    """Columns whose fractions sum to one, group by group."""

    @property
    def d(self) -> int:
        """Number of columns."""
        return len(self.names)

    @property
    def width(self) -> Array:
        """(d,) what a change is measured by: the range, 1 for a fraction and for a range of nothing."""
        span = np.where(self.upper > self.lower, self.upper - self.lower, 1.0)
        span[[j for group in self.groups for j in group]] = 1.0
        return span


def closed(Z: Array, fixed: Mask, inputs: Inputs) -> Array:
    """Rows Z (n, d) with the fractions that are not `fixed` (n, d) scaled so that each group sums to one again.

    A row stays as it is where a whole group is fixed; the fixed fractions must leave the others room in their bounds.
    """
    out = Z.copy()
    for group in inputs.groups:
        columns = list(group)
        free = ~fixed[:, columns]
        rest = 1.0 - np.where(free, 0.0, Z[:, columns]).sum(1)
        low, high = np.where(free, inputs.lower[columns], 0.0), np.where(free, inputs.upper[columns], 0.0)
        share = np.where(free, np.maximum(Z[:, columns], _LEAST), 0.0)
        filled = share * (rest / np.maximum(share.sum(1), _LEAST))[:, None]
        off = ((filled < low) | (filled > high)).any(1)
        if off.any():
            filled[off] = poured(share[off], low[off], high[off], rest[off])
        out[:, columns] = np.where(free, filled, Z[:, columns])
    return out


def poured(share: Array, low: Array, high: Array, rest: Array) -> Array:
    """clip(s * share, low, high) (n, k) with s for each row such that it sums to rest (n,), by halving log s."""
    least, most = np.full(len(share), np.log(1e-6)), np.full(len(share), np.log(1e12))
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        short = np.clip(np.exp(middle)[:, None] * share, low, high).sum(1) < rest
        least, most = np.where(short, middle, least), np.where(short, most, middle)
    filled = np.clip(np.exp(most)[:, None] * share, low, high)
    gap, room = rest - filled.sum(1), high - low
    slack: Array = filled + gap[:, None] * room / np.maximum(room.sum(1), _LEAST)[:, None]
    return slack


def joined(x: Array, background: Array, masks: Mask, inputs: Inputs) -> Array:
    """(k * b, d) what is known of row x (d,) under masks (k, d), the rest from background (b, d), groups closed."""
    keep = np.repeat(masks, len(background), axis=0)
    rows = np.where(keep, x, np.tile(background, (len(masks), 1)))
    return closed(rows, keep, inputs)


def moved(X: Array, column: int, value: Array, inputs: Inputs) -> Array:
    """Rows X (n, d) with one column set to value (n,); the others of its group keep their proportions (Cox 1971).

    A fraction goes only as far as its group has room for it. Cox 1971, doi 10.1093/biomet/58.1.155: the effect of a
    component along the line on which the others keep their ratios.
    """
    Z, fixed = X.copy(), np.zeros(X.shape, dtype=bool)
    fixed[:, column] = True
    low, high = reach(column, inputs)
    Z[:, column] = np.clip(value, low, high)
    return closed(Z, fixed, inputs)


def reach(column: int, inputs: Inputs) -> tuple[float, float]:
    """How low and how high a column can go; a fraction no further than the bounds of its group's others allow."""
    low, high = float(inputs.lower[column]), float(inputs.upper[column])
    for group in (group for group in inputs.groups if column in group):
        others = [j for j in group if j != column]
        low = max(low, 1.0 - float(inputs.upper[others].sum()))
        high = min(high, 1.0 - float(inputs.lower[others].sum()))
    return low, high
