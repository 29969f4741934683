"""This file is the smooth part of a space as a unit box, so that gradient steps never leave the region.

Fractions that sum to one are broken off a stick within their bounds, one after the other; everything that is not
smooth (integers, categories, increments, which elements are absent) is held at each row's own value.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eutectic.optimizers.base import Array, Mixture, Space
from eutectic.optimizers.spaces.activity import asleep


@dataclass(frozen=True, slots=True, eq=False)
class UnitBox:
    """Maps U (r, p) in the unit box to X (r, d); row i within its own bounds."""

    lower: Tensor
    """(r, d) natural units."""
    upper: Tensor
    """(r, d) natural units; equal to lower where a column is held."""
    plain: tuple[int, ...]
    """Columns that are simply scaled."""
    sticks: tuple[tuple[int, ...], ...]
    """Members of each continuous mixture; all but the last have a coordinate."""

    @property
    def p(self) -> int:
        """Number of coordinates."""
        return len(self.plain) + sum(len(stick) - 1 for stick in self.sticks)

    def rows(self, index: Array) -> "UnitBox":
        """That of some rows."""
        chosen = torch.tensor(np.asarray(index, dtype=int))
        return UnitBox(self.lower[chosen], self.upper[chosen], self.plain, self.sticks)

    def X(self, U: Tensor) -> Tensor:
        """Points (r, d) of coordinates U (r, p)."""
        columns = list(self.lower.unbind(-1))
        parts = U.unbind(-1)
        at = 0
        for j in self.plain:
            columns[j] = columns[j] + parts[at] * (self.upper[:, j] - self.lower[:, j])
            at += 1
        for stick in self.sticks:
            remaining = torch.ones_like(columns[0])
            for i, j in enumerate(stick[:-1]):
                low, high = self._range(stick, i, remaining)
                columns[j] = low + parts[at] * (high - low)
                remaining = remaining - columns[j]
                at += 1
            columns[stick[-1]] = remaining
        return torch.stack(columns, -1)

    def U(self, X: Tensor) -> Tensor:
        """Coordinates (r, p) of points X (r, d); 0.5 where a column has no freedom left."""
        parts = [_share(X[:, j], self.lower[:, j], self.upper[:, j]) for j in self.plain]
        for stick in self.sticks:
            remaining = torch.ones_like(X[:, 0])
            for i, j in enumerate(stick[:-1]):
                low, high = self._range(stick, i, remaining)
                parts.append(_share(X[:, j], low, high))
                remaining = remaining - X[:, j]
        return torch.stack(parts, -1)

    def _range(self, stick: tuple[int, ...], i: int, remaining: Tensor) -> tuple[Tensor, Tensor]:
        """Least and most (r,) that member i can take when the members before it left `remaining` (r,)."""
        rest = list(stick[i + 1 :])
        low = torch.maximum(self.lower[:, stick[i]], remaining - self.upper[:, rest].sum(-1))
        high = torch.minimum(self.upper[:, stick[i]], remaining - self.lower[:, rest].sum(-1))
        return low, torch.maximum(low, high)


FLAT = 1e-12
"""Share of its bounds' size below which a column's freedom is rounding."""


def _share(value: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Where value lies between low and high, 0 to 1; 0.5 where they meet."""
    width = high - low
    flat = width <= FLAT * torch.maximum(low.abs(), high.abs())
    return torch.where(flat, 0.5, (value - low) / torch.where(flat, 1.0, width)).clamp(0, 1)


def smooth(space: Space) -> tuple[tuple[int, ...], tuple[Mixture, ...]]:
    """Columns that are simply scaled and mixtures without an increment; together all that is smooth."""
    if space.table is not None:
        return (), ()
    steps = space.steps or (None,) * space.d
    plain = tuple(j for j, kind in enumerate(space.kinds) if kind == "continuous" and steps[j] is None)
    return plain, tuple(mixture for mixture in space.mixtures if mixture.divisions is None)


def unit_box(space: Space, X: Array) -> UnitBox:
    """The unit box around points X (r, d): each keeps what is not smooth or not free; absent elements stay absent."""
    plain, mixtures = smooth(space)
    lower, upper = np.array(X, dtype=float), np.array(X, dtype=float)
    columns = [*plain, *(member for mixture in mixtures for member in mixture.members)]
    lower[:, columns], upper[:, columns] = space.lower[columns], space.upper[columns]
    for mixture in mixtures:
        freeze(space, mixture, X, lower, upper)
    rest = asleep(space, X)
    lower[rest] = upper[rest] = X[rest]
    sticks = tuple(mixture.members for mixture in mixtures)
    return UnitBox(torch.tensor(lower), torch.tensor(upper), plain, sticks)


def freeze(space: Space, mixture: Mixture, X: Array, lower: Array, upper: Array) -> None:
    """Hold absent members at zero in `lower` and `upper` (r, d) where presence is limited or they may be absent."""
    members = list(mixture.members)
    absent = X[:, members] <= 1e-12
    free = not any(mixture.or_zero) and mixture.max_present is None and mixture.min_present <= 1
    if free:
        return
    present_least = np.maximum(space.lower[members], 1e-9 if mixture.min_present > 1 else 0.0)
    lower[:, members] = np.where(absent, 0.0, present_least)
    upper[:, members] = np.where(absent, 0.0, space.upper[members])
