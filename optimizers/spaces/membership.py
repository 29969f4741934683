"""This file is the test of whether points lie in a space."""

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Mixture, Space
from eutectic.optimizers.spaces.polytope import holds
from eutectic.optimizers.spaces.scale import sizes, slack
from eutectic.optimizers.spaces.seen import remember

Mask = NDArray[np.bool_]


def member(space: Space, X: Array, tolerance: float) -> Mask:
    """(n,) True where X (n, d) satisfies everything but `known`, to this share of the variables' ranges."""
    if space.table is not None:
        return _listed(space, X, tolerance)
    inside: Mask = np.asarray(np.isfinite(X).all(1))
    X = np.where(inside[:, None], X, 0.0)
    allowed, size = slack(space, tolerance), sizes(space)
    for column, kind in enumerate(space.kinds):
        x, low, high = X[:, column], space.lower[column], space.upper[column]
        if kind != "fraction":
            inside &= (x >= low - allowed[column]) & (x <= high + allowed[column])
        if kind in ("integer", "categorical"):
            inside &= np.abs(x - np.round(x)) <= tolerance
        step = space.steps[column] if space.steps else None
        if step is not None:
            off = np.abs((x - low) / step - np.round((x - low) / step)) * step
            inside &= off <= max(min(allowed[column], step / 1000), 1e-15 * size[column])
    for mixture in space.mixtures:
        inside &= _mixed(space, mixture, X, tolerance)
    return inside & holds(space, X, tolerance)


def _mixed(space: Space, mixture: Mixture, X: Array, tolerance: float) -> Mask:
    """(n,) True where one mixture's rules hold."""
    own = list(mixture.members)
    x, low, high = X[:, own], space.lower[own], space.upper[own]
    within = (x >= low - tolerance) & (x <= high + tolerance)
    within |= (np.abs(x) <= tolerance) & np.array(mixture.or_zero)
    present = (x > tolerance).sum(1)
    inside: Mask = within.all(1) & (np.abs(x.sum(1) - 1) <= tolerance * len(own))
    inside &= present <= (len(own) if mixture.max_present is None else mixture.max_present)
    if mixture.divisions is not None:
        inside &= present >= mixture.min_present
        inside &= (np.abs(x * mixture.divisions - np.round(x * mixture.divisions)) <= tolerance * 100).all(1)
    else:  # a member at zero is the limit of members present
        inside &= present + ((np.abs(x) <= tolerance) & (low <= tolerance)).sum(1) >= mixture.min_present
    return inside


def _listed(space: Space, X: Array, tolerance: float) -> Mask:
    """(n,) True where X equals a row."""
    assert space.table is not None
    finite: Mask = np.asarray(np.isfinite(X).all(1))
    inside: Mask = finite & remember(space, space.table).holds(np.where(finite[:, None], X, 0.0), tolerance)
    return inside
