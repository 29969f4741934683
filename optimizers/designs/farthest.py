"""This file is the search for a first success where every evaluation so far has failed: as far from them as can be."""

import numpy as np

from eutectic.optimizers.base import Array, History, Proposals, Reason, Space
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.scale import widths
from eutectic.optimizers.spaces.seen import unseen

SAMPLES = 1024
"""Points looked at in spaces too large to list."""
MOST = 20_000
"""Rows of a list that are looked at, drawn at random from a longer one."""


def apart(space: Space, history: History, n: int, rng: np.random.Generator) -> Proposals:
    """Up to n new rows (<= n, d), one after the other the farthest from all that failed, is pending or was chosen."""
    points = region.enumerate_points(space)
    rows = region.sample(space, SAMPLES, rng) if points is None else points
    rows = rows[rng.permutation(len(rows))[:MOST]]  # of rows as far as each other the first is taken
    seen = np.concatenate([history.X, history.pending])
    rows = rows[unseen(space, rows, seen)]
    near, chosen = np.full(len(rows), np.inf), list[int]()
    for x in seen:
        near = np.minimum(near, distance(space, rows, x))
    for _ in range(min(n, len(rows))):
        chosen.append(int(near.argmax()))
        near = np.minimum(near, distance(space, rows, rows[chosen[-1]]))
        near[chosen] = -np.inf
    note = f"all {int(history.failed.sum())} evaluations failed: as far from them as can be"
    return Proposals(rows[chosen], tuple(Reason("bayesian") for _ in chosen), history.state, (note,))


def distance(space: Space, rows: Array, x: Array) -> Array:
    """(N,) squared distance of rows (N, d) to x (d,), columns divided by their range; a category is near or not."""
    category = np.array([kind == "categorical" for kind in space.kinds])
    gap = (rows - x) / widths(space)
    return np.asarray(np.where(category, (np.abs(rows - x) > 0.5).astype(float), gap * gap).sum(1))
