"""This file is columns that are not free: held at a value, or active only where another column says so.

A space with such columns is its core, the free columns as a plain space, and the way back to whole rows: held columns
take their value, and columns that are not active their pin, so that rows that mean the same are equal.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import numpy as np

from eutectic.optimizers.base import Array, Index, Linear, Mask, Space, active
from eutectic.optimizers.spaces.blocks import conditioned

CASES = 4096
"""Combinations of values that conditions depend on, at most, when points are counted or listed."""


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """The free columns of a space."""

    whole: Space
    space: Space
    """The free columns as a space: nothing is held, every column is active."""
    columns: Index
    """(f,) columns of the whole space, ascending."""

    def rows(self, Z: Array) -> Array:
        """Whole rows (n, d) of rows Z (n, f) of the core."""
        X = np.empty((len(Z), self.whole.d))
        X[:, self.columns] = Z
        return settled(self.whole, X)


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """The known constraints of the whole rows."""

    core: "Core"

    def __call__(self, Z: Array) -> Array:
        """Z (n, f) -> (n, k), feasible where <= 0."""
        assert self.core.whole.known is not None
        return self.core.whole.known(self.core.rows(Z))


def plain(space: Space) -> bool:
    """Is every column free?"""
    return not space.conditions and not space.held


@lru_cache(maxsize=64)
def core(space: Space) -> Core:
    """The core of a space; cached by space."""
    columns = np.array([j for j, _ in space.held], dtype=np.int64)
    values = np.array([value for _, value in space.held])
    free = np.setdiff1d(np.arange(space.d), columns)
    bare = replace(space, linear=tuple(_without(line, columns, values) for line in space.linear), held=())
    rest = conditioned(
        replace(bare, conditions=(), shared=(), context=(), amounts=None), columns, np.zeros(len(columns))
    )
    found = Core(space, rest, free)
    return found if space.known is None else Core(space, replace(rest, known=_Known(found)), free)


def _without(line: Linear, columns: Index, values: Array) -> Linear:
    """A constraint on what is left when columns are held at values; one without variables where nothing is."""
    c = np.array(line.coefficients)
    bound = line.bound - float(c[columns] @ values)
    c[columns] = 0.0
    return Linear(tuple(c), bound, line.text)


def hold(space: Space, values: dict[int, float]) -> Space:
    """The space with columns held at values; what was held before stays."""
    merged = {**dict(space.held), **values}
    return replace(space, held=tuple(sorted(merged.items()))) if values else space


def asleep(space: Space, X: Array) -> Mask:
    """(n, d) which columns of X (n, d) are not free: held, or not active."""
    mask = ~active(space, X)
    mask[:, [column for column, _ in space.held]] = True
    return mask


def settled(space: Space, X: Array) -> Array:
    """X (n, d) with held columns at their values and those not active at their pins; as it is in a plain space."""
    if plain(space):
        return X
    X = X.copy()
    for column, value in space.held:
        X[:, column] = value
    mask = active(space, X)
    for condition in space.conditions:
        X[~mask[:, condition.column], condition.column] = condition.pin
    return X


def cases(space: Space) -> Iterator[Space]:
    """The space in parts without conditions that have no row in common; ValueError where they are too many."""
    parents = sorted({condition.parent for condition in space.conditions} - {column for column, _ in space.held})
    options = [np.arange(round(space.lower[j]), round(space.upper[j]) + 1) for j in parents]
    if np.prod([float(len(values)) for values in options]) > CASES:
        raise ValueError(f"the conditions depend on more than {CASES:,} combinations of values: use fewer of them")
    seen = set()
    for combination in product(*options):
        values = dict(zip(parents, map(float, combination), strict=True))
        row = np.zeros((1, space.d))
        row[0, parents] = list(values.values())
        row = settled(space, row)
        pins = {c.column: c.pin for c in space.conditions if not active(space, row)[0, c.column]}
        held = hold(replace(space, conditions=()), {**values, **pins})
        if held.held not in seen:
            seen.add(held.held)
            yield held
