"""This file is what an explanation may do to inputs: parts of two rows joined, one column moved, fractions kept whole.

Fractions that sum to one cannot be changed one by one. Where some of them are given, the others share what is left in
their own proportions, as far as their bounds let them:
z_j = clip(s b_j, lower_j, upper_j) with the one s that makes the sum right. Without bounds in the way this is the
subcomposition of the others scaled to fit (Aitchison 1982, doi 10.1111/j.2517-6161.1982.tb01195.x).

A column that is not active in a row has a value there for form's sake only: it explains nothing.
"""

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class Activity:
    """A column that is active only where another one takes certain values; several of one column must all hold."""

    column: int
    parent: int
    """A column of categories or whole numbers."""
    values: tuple[float, ...]
    """Values of the parent at which the column is active; the parent must be active, too."""
    pin: float
    """What the column is where it is not active, in natural units."""


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
    conditions: tuple["Activity", ...] = ()
    """Columns that mean something in some rows only, parents before their children."""

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
    """(k * b, d) what is known of row x (d,) under masks (k, d), the rest from background (b, d), groups closed.

    A column that is not active in x is never taken from it, so that nothing comes of it: it tells nothing of x.
    """
    keep = np.repeat(masks & awake(x[None], inputs.conditions), len(background), axis=0)
    rows = np.where(keep, x, np.tile(woken(background, inputs), (len(masks), 1)))
    return settled(closed(rows, keep, inputs), inputs)


def moved(X: Array, column: int, value: Array, inputs: Inputs) -> Array:
    """Rows X (n, d) with one column set to value (n,); the others of its group keep their proportions (Cox 1971).

    Where that makes other columns active, they take values of other rows; where it is not active itself, it stays.

    A fraction goes only as far as its group has room for it. Cox 1971, doi 10.1093/biomet/58.1.155: the effect of a
    component along the line on which the others keep their ratios.
    """
    Z, fixed = woken(X, inputs), np.zeros(X.shape, dtype=bool)
    fixed[:, column] = True
    low, high = reach(column, inputs)
    Z[:, column] = np.clip(value, low, high)
    return settled(closed(Z, fixed, inputs), inputs)


def reach(column: int, inputs: Inputs) -> tuple[float, float]:
    """How low and how high a column can go; a fraction no further than the bounds of its group's others allow."""
    low, high = float(inputs.lower[column]), float(inputs.upper[column])
    for group in (group for group in inputs.groups if column in group):
        others = [j for j in group if j != column]
        low = max(low, 1.0 - float(inputs.upper[others].sum()))
        high = min(high, 1.0 - float(inputs.lower[others].sum()))
    return low, high


def awake(X: Array, conditions: Sequence[Activity]) -> Mask:
    """(n, d) which columns of rows X (n, d) are active."""
    mask = np.ones(X.shape, dtype=bool)
    for rule in conditions:
        met = np.isin(np.round(X[:, rule.parent]), rule.values)
        mask[:, rule.column] &= met & mask[:, rule.parent]
    return mask


def settled(X: Array, inputs: Inputs) -> Array:
    """Rows X (n, d) with every column that is not active at its pin, as a surrogate has learned them."""
    if not inputs.conditions:
        return X
    Z, active = X.copy(), awake(X, inputs.conditions)
    for rule in inputs.conditions:
        Z[~active[:, rule.column], rule.column] = rule.pin
    return Z


def woken(X: Array, inputs: Inputs) -> Array:
    """Rows X (n, d) with a value in every column, for a row whose other columns change may need one.

    A column that is not active in a row takes the values of the rows in which it is, in turn; the row's pin tells
    nothing of it. Where it is active in none, it takes evenly spaced values of its range (every whole number or
    category of few).
    """
    Z, active = X.copy(), awake(X, inputs.conditions)
    for column in sorted({rule.column for rule in inputs.conditions}):
        asleep = np.flatnonzero(~active[:, column])
        own = X[active[:, column], column]
        if not len(own):
            own = np.linspace(inputs.lower[column], inputs.upper[column], max(len(X), 1))
            own = np.round(own) if column in (*inputs.categorical, *inputs.whole) else own
        Z[asleep, column] = own[np.arange(len(asleep)) % len(own)]
    return Z
