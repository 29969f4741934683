"""This file is the choice of which members of a continuous mixture are present, and how likely each choice is.

The measure: without a limit on the number present and without "zero or [low, high]" every member is present (that one
is exactly 0 has no volume). Otherwise each size (number present) weighs as much as it has possible supports, and
within a size each support weighs as much as its volume. Sizes differ in dimension, so their volumes cannot be compared;
this choice is the share each would have if all supports of all sizes were alike.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np

from eutectic.optimizers.base import Array, Index, Mask, Space
from eutectic.optimizers.spaces.many_supports import ManySupports
from eutectic.optimizers.spaces.volumes import fits, volumes

_MOST = 50_000
"""Combinations of members that are listed, at most; ours."""


@dataclass(frozen=True, slots=True, eq=False)
class Supports:
    """The supports of one mixture; bounds are those of the members when present."""

    lower: Array
    """(k,)"""
    upper: Array
    """(k,)"""
    masks: Mask
    """(s, k) members present in each support."""
    weight: Array
    """(s,) probability of each, summing to one; empty when there is none."""

    @property
    def single(self) -> bool:
        """Is there only one?"""
        return len(self.masks) == 1

    def draw(self, n: int, rng: np.random.Generator) -> Mask:
        """(n, k) masks, each support as often as it weighs."""
        return self.masks[rng.choice(len(self.masks), size=n, p=self.weight)]


@lru_cache(maxsize=64)
def supports(space: Space, mixture: int) -> Supports | ManySupports:
    """All supports whose bounds allow a sum of one, or their rule where they are too many to list.

    ValueError where hardly any of the many do.
    """
    group = space.mixtures[mixture]
    columns = list(group.members)
    lower, upper = np.maximum(space.lower[columns], 0.0), np.minimum(space.upper[columns], 1.0)
    possible = upper > 0
    limit = int(possible.sum()) if group.max_present is None else min(group.max_present, int(possible.sum()))
    gap = np.array(group.or_zero) & (lower > 0)
    optional = possible & (gap | ((lower <= 0) & (limit < possible.sum())))
    fixed = possible & ~optional
    free = np.flatnonzero(optional)
    sizes = range(max(group.min_present - int(fixed.sum()), 0), limit - int(fixed.sum()) + 1)
    if sum(comb(len(free), size) for size in sizes) > _MOST:
        return ManySupports(lower, upper, fixed, free, sizes)
    masks = _masks(fixed, free, sizes)
    masks = masks[fits(lower, upper, masks)]
    return Supports(lower, upper, masks, _weights(lower, upper, masks))


def _masks(fixed: Mask, free: Index, sizes: range) -> Mask:
    """Every combination of so many free members with the fixed ones."""
    chosen = [c for size in sizes for c in combinations(free, size)]
    masks = np.repeat(fixed[None, :], len(chosen), axis=0)
    for row, members in enumerate(chosen):
        masks[row, list(members)] = True
    return masks


def _weights(lower: Array, upper: Array, masks: Mask) -> Array:
    """(s,) number of supports of the same size x share of the volume within the size."""
    weight: Array = np.zeros(len(masks))
    if len(masks) == 1:
        return np.ones(1)
    sizes = masks.sum(1)
    for size in np.unique(sizes):
        own = np.flatnonzero(sizes == size)
        volume = volumes(lower, upper, masks[own])
        volume = volume if volume.sum() > 0 else np.ones(len(own))
        weight[own] = len(own) * volume / volume.sum()
    total: Array = weight / max(float(weight.sum()), 1e-300)
    return total
