"""This file is children fit to be asked for: inside the region, new, as many as wanted.

Children that break a linear or known constraint are drawn back towards a parent, then bred again, then mended by
`region.snap`; what is still missing after that is sampled. In a table a child becomes the nearest row not yet asked
for. Small finite spaces end with fewer rows only when they are used up.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, History, Mask, Space
from eutectic.optimizers.designs.farthest import distance
from eutectic.optimizers.designs.sobol import Sobol
from eutectic.optimizers.evolutionary.variation import settle
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.seen import keys, remember, unseen

Index = NDArray[np.int64]
Breed = Callable[[Index], tuple[Array, Array]]
"""Which of the wanted children (k,) -> k children (k, d) and the parent (k, d) that each may be drawn back to."""
_TRIES = 6
"""Times that children which exist already are bred anew; ours."""
_MENDED = 32
"""Children mended by `region.snap` in one try, at most: an exact projection each."""


def bred(space: Space, breed: Breed, seen: Array, n: int, rng: np.random.Generator) -> Array:
    """N children (<= n, d), in their order, none among `seen` (s, d) and no two alike; fewer when nothing is left."""
    if n == 0:
        return np.empty((0, space.d))
    if space.table is not None:
        return listed(space, breed, seen, n, rng)
    children, missing = np.empty((n, space.d)), np.ones(n, dtype=bool)
    memory, own = remember(space, seen), set[bytes]()
    for attempt in range(_TRIES):
        wanted = np.flatnonzero(missing)
        raw, parents = breed(wanted)
        raw, inside = drawn_back(space, raw, parents, rng)
        if attempt >= 2 and not inside.all():
            bad = np.flatnonzero(~inside)[:_MENDED]
            raw[bad] = region.snap(space, raw[bad])
            inside[bad] = region.contains(space, raw[bad])
        inside &= ~memory.holds(raw)
        for child, row, name in zip(wanted[inside], raw[inside], keys(space, raw[inside]), strict=True):
            if name not in own:
                own.add(name)
                children[child], missing[child] = row, False
        if not missing.any():
            return children
    return filled(space, children, missing, seen, rng)


def drawn_back(space: Space, raw: Array, parents: Array, rng: np.random.Generator) -> tuple[Array, Mask]:
    """Children (k, d), those outside moved a half, then three quarters of the way to their parent; who is inside."""
    inside = region.contains(space, raw)
    for share in (0.5, 0.25):
        bad = np.flatnonzero(~inside)
        if not len(bad):
            break
        trial = settle(space, parents[bad] + share * (raw[bad] - parents[bad]), rng)
        good = region.contains(space, trial)
        raw[bad[good]], inside[bad[good]] = trial[good], True
    return raw, inside


def filled(space: Space, children: Array, missing: Mask, seen: Array, rng: np.random.Generator) -> Array:
    """Children (n, d) with the missing ones sampled; fewer rows when the space has no more."""
    others = np.concatenate([seen, children[~missing]])
    extra = sampled(space, others, int(missing.sum()), rng)
    rows = np.flatnonzero(missing)
    children[rows[: len(extra)]] = extra
    return np.delete(children, rows[len(extra) :], axis=0)


def sampled(space: Space, seen: Array, n: int, rng: np.random.Generator) -> Array:
    """Up to n new rows (<= n, d), evenly spread."""
    return Sobol(sets=1).ask(space, History.observed(seen, np.zeros((len(seen), 1))), n, rng)


def listed(space: Space, breed: Breed, seen: Array, n: int, rng: np.random.Generator) -> Array:
    """The nearest rows of a table not yet asked for, each once (<= n, d); a category is near or not."""
    rows = region.enumerate_points(space)
    rows = np.concatenate(list(region.walk(space))) if rows is None else rows
    rows = rows[unseen(space, rows, seen)]
    if len(rows) <= n:
        return rows[rng.permutation(len(rows))]
    raw, _ = breed(np.arange(n))
    taken: list[int] = []
    for child in raw:
        gap = distance(space, rows, child)
        gap[taken] = np.inf
        nearest = np.flatnonzero(gap <= gap.min() * (1 + 1e-12))
        taken.append(int(rng.choice(nearest)))
    picked: Array = rows[taken]
    return picked
