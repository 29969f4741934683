"""This file is which members of a mixture can sum to one when present, and in how many ways (the volume)."""

from itertools import product

import numpy as np

from eutectic.optimizers.base import Array, Mask

_SLACK = 1e-12
"""Rounding of a sum of fractions."""
_AT_ONCE = 4_000_000
"""Numbers that are held at once, 32 MB."""


def fits(lower: Array, upper: Array, masks: Mask) -> Mask:
    """(s,) True where the members present in masks (s, k), within bounds (k,), can sum to one."""
    can: Mask = (masks @ lower <= 1 + _SLACK) & (masks @ upper >= 1 - _SLACK) & masks.any(1)
    return can


def volumes(lower: Array, upper: Array, masks: Mask) -> Array:
    """(s,) volume of each support's slice of its box (all of one size), up to a common factor.

    Inclusion and exclusion over the upper bounds: the sum over subsets S of (-1)^|S| max(0, 1 - sum(lower) -
    sum over S of (upper - lower))^(size - 1). Above 16 members all supports count alike.
    """
    size = int(masks[0].sum())
    if size > 16 or size == 1:
        return np.ones(len(masks))
    members = np.nonzero(masks)[1].reshape(-1, size)
    low, width = lower[members], (upper - lower)[members]
    order = np.lexsort((width, low), axis=1)  # supports of the same bounds have the same volume
    bounds = np.hstack([np.take_along_axis(part, order, axis=1) for part in (low, width)])
    different, place = np.unique(bounds, axis=0, return_inverse=True)
    subsets = np.array(list(product((0.0, 1.0), repeat=size)))
    pieces = np.array_split(different, -(-len(different) * len(subsets) // _AT_ONCE))
    found = np.concatenate([_volume(piece[:, :size].sum(1), piece[:, size:], subsets) for piece in pieces])
    return np.asarray(found[place.reshape(-1)])


def _volume(least: Array, width: Array, subsets: Array) -> Array:
    """(n,) from the sums of lower bounds (n,), the widths (n, s) and all subsets (2^s, s)."""
    slack = np.maximum(1 - least[:, None] - width @ subsets.T, 0.0)
    signs = (-1.0) ** subsets.sum(1)
    return np.asarray(np.maximum((signs * slack ** (width.shape[1] - 1)).sum(1), 0.0))
