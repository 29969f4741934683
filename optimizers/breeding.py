"""This file is children fit to be asked for: inside the region, new, as many as wanted.

Children that break a linear or known constraint are drawn back towards a parent, then bred again, then mended by
`region.snap`; what is still missing after that is sampled. In a table a child becomes the nearest row not yet asked
for. Small finite spaces end with fewer rows only when they are used up.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizers import region
from optimizers.base import Array, History, Space
from optimizers.sobol import Sobol
from optimizers.variation import settle

Mask = NDArray[np.bool_]
Index = NDArray[np.int64]
Breed = Callable[[Index], tuple[Array, Array]]
"""Which of the wanted children (k,) -> k children (k, d) and the parent (k, d) that each may be drawn back to."""
_TRIES = 6
_MENDED = 32
"""Children mended by `region.snap` in one try, at most: an exact projection each."""


def bred(space: Space, breed: Breed, seen: Array, n: int, rng: np.random.Generator) -> Array:
    """N children (<= n, d), in their order, none among `seen` (s, d) and no two alike; fewer when nothing is left."""
    if n == 0:
        return np.empty((0, space.d))
    if space.table is not None:
        return listed(space, breed, seen, n, rng)
    children, missing = np.empty((n, space.d)), np.ones(n, dtype=bool)
    memory, own = remember(seen), set[bytes]()
    for attempt in range(_TRIES):
        wanted = np.flatnonzero(missing)
        raw, parents = breed(wanted)
        raw, inside = drawn_back(space, raw, parents, rng)
        if attempt >= 2 and not inside.all():
            bad = np.flatnonzero(~inside)[:_MENDED]
            raw[bad] = region.snap(space, raw[bad])
            inside[bad] = region.contains(space, raw[bad])
        inside &= ~memory.holds(raw)
        for child, row, name in zip(wanted[inside], raw[inside], keys(raw[inside]), strict=True):
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
    rows = rows[~remember(seen).holds(rows)]
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


def distance(space: Space, rows: Array, x: Array) -> Array:
    """(N,) squared distance of rows (N, d) to x (d,), columns divided by their range (dimensionless)."""
    width = np.where(space.upper > space.lower, space.upper - space.lower, 1.0)
    category = np.array([kind == "categorical" for kind in space.kinds])
    gap = (rows - x) / width
    square: Array = np.where(category, (np.abs(rows - x) > 1e-9).astype(float), gap * gap).sum(1)
    return square


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """Rows seen (s, d) in the order of a weighted sum (s,), by which the few that may equal another row are found."""

    rows: Array
    total: Array

    def holds(self, X: Array) -> Mask:
        """(n,) True where a row of X (n, d) is among them, to ten decimals."""
        value = weighted(X)
        slack = 1e-9 * (1 + np.abs(X).sum(1))
        first, last = np.searchsorted(self.total, value - slack), np.searchsorted(self.total, value + slack)
        held = np.zeros(len(X), dtype=bool)
        for step in range(int((last - first).max(initial=0))):
            some = np.flatnonzero(first + step < last)
            held[some] |= (np.abs(self.rows[first[some] + step] - X[some]) <= 1e-10).all(1)
        return held


def remember(seen: Array) -> Memory:
    """Rows (s, d) made ready for the question whether others are among them."""
    total = weighted(seen)
    order = np.argsort(total)
    return Memory(seen[order], total[order])


def weighted(X: Array) -> Array:
    """(n,) one number a row of X (n, d), equal for equal rows and hardly ever for others."""
    value: Array = X @ np.modf(np.arange(1, X.shape[1] + 1) * 0.6180339887498949)[0]
    return value


def keys(X: Array) -> list[bytes]:
    """Each row of X (n, d), to ten decimals, as bytes."""
    rounded = np.ascontiguousarray(np.round(X, 10) + 0.0)
    width, everything = rounded.itemsize * X.shape[1], rounded.tobytes()
    return [everything[i : i + width] for i in range(0, len(everything), width)]
