"""This file is the supports of a mixture that has too many to be listed, such as five of fifty elements.

The measure is that of `presence.py`. How many supports of a size can sum to one is estimated from a fixed draw; a
support of a size is drawn evenly and kept with its share of the largest volume that one of the size can have.
"""

from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np

from eutectic.optimizers.base import Array, Index, Mask
from eutectic.optimizers.spaces.volumes import fits, volumes

_DRAWN = 8192
"""Supports of a size from which is estimated how many of them can sum to one; ours."""
_TRIES = 1000
"""Rounds of drawing before supports count as hardly ever possible; ours."""


@dataclass(frozen=True, eq=False)
class ManySupports:
    """The supports of one mixture by their rule; bounds are those of the members when present."""

    lower: Array
    """(k,)"""
    upper: Array
    """(k,)"""
    fixed: Mask
    """(k,) members that are always present."""
    optional: Index
    """Members of which some are present."""
    sizes: range
    """How many of the optional ones can be."""

    single = False
    """There is more than one."""

    @cached_property
    def chance(self) -> Array:
        """(s,) probability of each size: its share of the supports that can sum to one.

        ValueError where hardly any can.
        """
        rng = np.random.default_rng(0)
        shares = [float(fits(self.lower, self.upper, self._drawn(size, _DRAWN, rng)).mean()) for size in self.sizes]
        numbers = [comb(len(self.optional), size) for size in self.sizes]
        weight = np.array([share * (number / max(numbers)) for share, number in zip(shares, numbers, strict=True)])
        if not weight.sum() > 0:
            raise ValueError(
                f"hardly any of {sum(numbers):,} combinations of {len(self.lower)} members can sum to one: widen the "
                "bounds, or give `step`"
            )
        return np.asarray(weight / weight.sum())

    def draw(self, n: int, rng: np.random.Generator) -> Mask:
        """(n, k) masks, each support as often as it weighs; ValueError where hardly any can sum to one."""
        masks = np.zeros((n, len(self.lower)), dtype=bool)
        place = rng.choice(len(self.sizes), size=n, p=self.chance)
        for chosen in np.unique(place):
            rows = np.flatnonzero(place == chosen)
            masks[rows] = self._weighed(self.sizes[int(chosen)], len(rows), rng)
        return masks

    def largest(self, X: Array, size: int) -> Mask:
        """(n, k) the fixed members and the `size` optional ones that are largest in each row of X (n, k)."""
        order = np.argsort(-X[:, self.optional], axis=1, kind="stable")[:, :size]
        return self._present(self.optional[order])

    def possible(self, masks: Mask) -> Mask:
        """(n,) can these supports (n, k) sum to one?"""
        return fits(self.lower, self.upper, masks)

    def _weighed(self, size: int, n: int, rng: np.random.Generator) -> Mask:
        """(n, k) supports of one size by their volume; alike where none has any."""
        least, most = np.sort(self.lower[self.upper > 0]), np.full(len(self.lower), self.upper.max())
        whole = int(self.fixed.sum()) + size
        first = np.arange(len(most)) < whole
        bound = float(volumes(np.pad(least, (0, len(most) - len(least))), most, first[None])[0])
        kept: list[Mask] = []
        number = 0
        for _ in range(_TRIES):
            masks = self._drawn(size, max(2 * n, 256), rng)
            masks = masks[self.possible(masks)]
            share = volumes(self.lower, self.upper, masks) / bound if len(masks) and bound > 0 else np.ones(len(masks))
            kept.append(masks[rng.random(len(masks)) < share])
            number += len(kept[-1])
            if number >= n:
                return np.concatenate(kept)[:n]
        raise ValueError(f"hardly any {whole} of {len(self.lower)} members can sum to one: widen the bounds")

    def _drawn(self, size: int, n: int, rng: np.random.Generator) -> Mask:
        """(n, k) supports of one size, evenly."""
        return self._present(self.optional[np.argsort(rng.random((n, len(self.optional))), axis=1)[:, :size]])

    def _present(self, members: Index) -> Mask:
        """(n, k) the fixed members and those of each row (n, s)."""
        masks = np.repeat(self.fixed[None], len(members), axis=0)
        np.put_along_axis(masks, members, True, axis=1)
        return masks
