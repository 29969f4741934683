"""This file is the choice of which members of a continuous mixture are present, and how likely each choice is.

The measure: without a limit on the number present and without "zero or [low, high]" every member is present (that one
is exactly 0 has no volume). Otherwise each size (number present) weighs as much as it has possible supports, and
within a size each support weighs as much as its volume. Sizes differ in dimension, so their volumes cannot be compared;
this choice is the share each would have if all supports of all sizes were alike.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product
from math import comb

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Space

Mask = NDArray[np.bool_]
_MOST = 50_000
"""Combinations of members that are listed, at most; ours."""
_SLACK = 1e-12
"""Rounding of a sum of fractions."""


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

    def draw(self, n: int, rng: np.random.Generator) -> Mask:
        """(n, k) masks, each support as often as it weighs."""
        return self.masks[rng.choice(len(self.masks), size=n, p=self.weight)]


@lru_cache(maxsize=64)
def supports(space: Space, mixture: int) -> Supports:
    """All supports whose bounds allow a sum of one; ValueError when there are too many to list."""
    group = space.mixtures[mixture]
    columns = list(group.members)
    lower, upper = np.maximum(space.lower[columns], 0.0), np.minimum(space.upper[columns], 1.0)
    masks = _masks(lower, upper, group.or_zero, group.min_present, group.max_present)
    masks = masks[_fits(lower, upper, masks)]
    return Supports(lower, upper, masks, _weights(lower, upper, masks))


def _masks(lower: Array, upper: Array, or_zero: tuple[bool, ...], least: int, most: int | None) -> Mask:
    """Every combination the presence rules allow."""
    k = len(lower)
    possible = upper > 0
    limit = int(possible.sum()) if most is None else min(most, int(possible.sum()))
    gap = np.array(or_zero) & (lower > 0)
    optional = possible & (gap | ((lower <= 0) & (limit < possible.sum())))
    fixed = possible & ~optional
    free = np.flatnonzero(optional)
    sizes = range(max(least - int(fixed.sum()), 0), limit - int(fixed.sum()) + 1)
    number = sum(comb(len(free), size) for size in sizes)
    if number > _MOST:
        raise ValueError(
            f"{number:,} combinations of {k} members can be present: more than {_MOST:,} cannot be listed without a "
            "step; give `step` (then any number can be sampled) or fewer elements"
        )
    chosen = [c for size in sizes for c in combinations(free, size)]
    masks = np.repeat(fixed[None, :], len(chosen), axis=0)
    for row, members in enumerate(chosen):
        masks[row, list(members)] = True
    return masks


def _fits(lower: Array, upper: Array, masks: Mask) -> Mask:
    fits: Mask = (masks @ lower <= 1 + _SLACK) & (masks @ upper >= 1 - _SLACK) & masks.any(1)
    return fits


def _weights(lower: Array, upper: Array, masks: Mask) -> Array:
    """(s,) number of supports of the same size x share of the volume within the size."""
    weight: Array = np.zeros(len(masks))
    if len(masks) == 1:
        return np.ones(1)
    sizes = masks.sum(1)
    for size in np.unique(sizes):
        own = np.flatnonzero(sizes == size)
        volume = _volumes(lower, upper, masks[own])
        volume = volume if volume.sum() > 0 else np.ones(len(own))
        weight[own] = len(own) * volume / volume.sum()
    total: Array = weight / max(float(weight.sum()), 1e-300)
    return total


def _volumes(lower: Array, upper: Array, masks: Mask) -> Array:
    """(s,) volume of each support's slice of its box (all of one size), up to a common factor.

    Inclusion and exclusion over the upper bounds: the sum over subsets S of (-1)^|S| max(0, 1 - sum(lower) -
    sum over S of (upper - lower))^(size - 1). Above 16 members all supports count alike.
    """
    size = int(masks[0].sum())
    if size > 16 or size == 1:
        return np.ones(len(masks))
    bounds = [np.array(sorted(zip(lower[m], upper[m] - lower[m], strict=True))) for m in masks]
    cache: dict[bytes, float] = {}
    for own in bounds:
        if own.tobytes() not in cache:
            cache[own.tobytes()] = _volume(own[:, 0], own[:, 1])
    return np.array([cache[own.tobytes()] for own in bounds])


def _volume(lower: Array, width: Array) -> float:
    subsets = np.array(list(product((0.0, 1.0), repeat=len(width))))
    slack = np.maximum(1 - lower.sum() - subsets @ width, 0.0)
    return max(float(((-1.0) ** subsets.sum(1) * slack ** (len(width) - 1)).sum()), 0.0)
