"""This file is the split of a space into blocks of columns that no constraint ties together."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Linear, Mixture, Space

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Columns tied by a mixture or a linear constraint, and the space of these columns alone."""

    columns: Index
    """(b,) columns of the whole space, ascending."""
    space: Space
    """The same columns as a space of their own: no table, no known constraints."""

    @property
    def finite(self) -> bool:
        """True when every column is on a grid."""
        return bool(stepped(self.space).all())


def stepped(space: Space) -> NDArray[np.bool_]:
    """(d,) True for each column that takes finitely many values."""
    finite = np.array([kind in ("integer", "categorical") for kind in space.kinds], dtype=bool)
    for column, step in enumerate(space.steps):
        finite[column] |= step is not None
    for mixture in space.mixtures:
        finite[list(mixture.members)] = mixture.divisions is not None
    return finite


@lru_cache(maxsize=32)
def split(space: Space) -> tuple[Block, ...]:
    """The blocks of a space without table, in the order of their first columns; cached by space."""
    owner = np.arange(space.d)
    ties = [list(mixture.members) for mixture in space.mixtures]
    ties += [np.flatnonzero(line.coefficients).tolist() for line in space.linear]
    for tie in ties:
        if tie:
            owner[np.isin(owner, owner[tie])] = owner[tie].min()
    columns = [np.flatnonzero(owner == first) for first in np.unique(owner)]
    return tuple(Block(own, part(space, own)) for own in columns)


def part(space: Space, columns: Index) -> Space:
    """The columns (b,) of a space as a space; mixtures and constraints that touch none of them are left out."""
    place = {int(column): i for i, column in enumerate(columns)}
    return Space(
        names=tuple(space.names[c] for c in columns),
        kinds=tuple(space.kinds[c] for c in columns),
        lower=space.lower[columns],
        upper=space.upper[columns],
        categories=tuple(space.categories[c] for c in columns) if space.categories else (),
        steps=tuple(space.steps[c] for c in columns) if space.steps else (),
        mixtures=tuple(_moved(m, place) for m in space.mixtures if m.members[0] in place),
        linear=tuple(_kept(line, columns) for line in space.linear if _touches(line, columns)),
    )


def conditioned(space: Space, columns: Index, values: Array) -> Space:
    """What is left of a space when `columns` (c,) are held at `values` (c,); whole mixtures only."""
    rest = np.setdiff1d(np.arange(space.d), columns)
    lines = tuple(
        replace(line, bound=line.bound - float(np.array(line.coefficients)[columns] @ values)) for line in space.linear
    )
    return part(replace(space, linear=lines), rest)


def _moved(mixture: Mixture, place: dict[int, int]) -> Mixture:
    return replace(mixture, members=tuple(place[m] for m in mixture.members))


def _touches(line: Linear, columns: Index) -> bool:
    return any(line.coefficients[c] != 0 for c in columns) or not any(line.coefficients)


def _kept(line: Linear, columns: Index) -> Linear:
    return replace(line, coefficients=tuple(line.coefficients[c] for c in columns))
