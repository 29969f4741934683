"""This file is the region of a space: count it, list it, sample it uniformly, test and mend points.

Columns that no constraint ties together are independent blocks; grids are counted and sampled exactly by dynamic
programming (`grid.py`), continuous blocks by `polytope.py`. Every function is deterministic given
its arguments. Tables, enumerations and blocks are cached by Space object: keep the object, do not rebuild it.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Space, active
from eutectic.optimizers.spaces import activity, block_region
from eutectic.optimizers.spaces.blocks import split
from eutectic.optimizers.spaces.membership import member
from eutectic.optimizers.spaces.milp import clash
from eutectic.optimizers.spaces.scale import ROUNDING, widths

_LIMIT = 1_000_000
"""Points of a space that are listed at most, (N, d) of 8 bytes; ours: 80 MB in ten variables."""
_RANGE = 10_000
"""Levels of a free column beyond which it is searched as a continuous one; ours: steps of 1e-4 of its range."""
_MISSES = 200_000
"""Points drawn before known constraints count as hardly ever met (by one in 10,000); ours, 20 are expected then."""


def count(space: Space) -> int | None:
    """Exact number of points; None when infinite (or not countable: constraints with intricate coefficients).

    Known constraints are counted in up to 1,000,000 points; beyond, the number is that without them.
    """
    if space.known is not None:
        listed = enumerate_points(space)
        if listed is not None:
            return len(listed)
    return _number(space)


def enumerate_points(space: Space, limit: int = _LIMIT) -> Array | None:
    """(N, d) the whole space when it has no more than `limit` points, else None; cached, read only.

    None also for wide ranges of whole numbers and fine steps, which are searched as continuous variables are.
    """
    number = _number(space)
    return None if number is None or number > limit or _ranged(space) else _listed(space)


@lru_cache(maxsize=64)
def _ranged(space: Space) -> bool:
    """Has a column that nothing ties to others so many levels that it is as good as continuous?"""
    if space.table is not None or not activity.plain(space):
        return False
    return any(block_region.free(block) and (block_region.count(block) or 0) > _RANGE for block in split(space))


def walk(space: Space, size: int = 100_000) -> Iterator[Array]:
    """A finite space of any size in chunks of about `size` rows (m, d), known constraints applied."""
    if not activity.plain(space):
        for case in activity.cases(space):
            core = activity.core(case)
            yield from (core.rows(Z) for Z in walk(core.space, size))
        return
    if space.table is not None:
        pieces: Iterator[Array] = iter(np.array_split(space.table, max(1, len(space.table) // size)))
    else:
        pieces = _walked(space, size)
    for X in pieces:
        yield X if space.known is None else X[_known(space, X)]


def sample(space: Space, n: int, rng: np.random.Generator) -> Array:
    """(n, d) independent uniform points of the region; ValueError when it is empty or `known` rejects nearly all."""
    if n == 0:
        return np.empty((0, space.d))
    if not activity.plain(space):
        core = activity.core(space)
        return core.rows(sample(core.space, n, rng))
    if space.known is None:
        return _drawn(space, n, rng)
    kept: list[Array] = []
    found = tried = 0
    while found < n:
        if tried >= _MISSES and found * 10_000 < tried:
            return _rare(space, n, rng, tried)
        X = _drawn(space, max(n, 1024), rng)
        kept.append(X[_known(space, X)])
        found, tried = found + len(kept[-1]), tried + len(X)
    return np.concatenate(kept)[:n]


def contains(space: Space, X: Array, tolerance: float = ROUNDING) -> NDArray[np.bool_]:
    """(n,) True where a row of X (n, d) lies in the region; columns not active must stand at their pins."""
    if not activity.plain(space):
        return _contains_settled(space, np.asarray(X, dtype=float), tolerance)
    inside = member(space, X, tolerance)
    if space.known is not None and inside.any():
        rows = np.flatnonzero(inside)
        inside[rows] = _known(space, X[rows])
    return inside


def snap(space: Space, X: Array) -> Array:
    """(n, d) nearest point of the region for each row of X (n, d).

    Distance: sum of squares, each column but fractions divided by its range; any other category is equally far. With
    `known` constraints that the nearest point breaks: the nearest of all (grids) or of 4,096 sampled points.
    """
    require_nonempty(space)
    X = np.asarray(X, dtype=float)
    if not activity.plain(space):
        core = activity.core(space)
        return core.rows(snap(core.space, X[:, core.columns]))
    if space.table is not None:
        return _closest(_listed(space), X, _scale(space))
    out = X.copy()
    for block in split(space):
        out[:, block.columns] = block_region.snap(block, X[:, block.columns], _scale(space)[block.columns])
    if space.known is not None and len(out):
        broken = np.flatnonzero(~_known(space, out))
        if len(broken):
            out[broken] = _nearest_known(space, X[broken])
    return out


def _contains_settled(space: Space, X: Array, tolerance: float) -> NDArray[np.bool_]:
    """(n,) True where what is held and what is not active is as it must be, and the rest lies in the core."""
    core = activity.core(space)
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(X).all(1))
    X = np.where(finite[:, None], X, 0.0)
    slack = tolerance * _scale(space)
    inside: NDArray[np.bool_] = finite & (np.abs(activity.settled(space, X) - X) <= slack).all(1)
    Z = np.where(active(space, X), X, space.lower)[:, core.columns]
    return inside & contains(core.space, Z, tolerance)


def require_nonempty(space: Space) -> None:
    """ValueError naming the constraints that clash when the region has no point."""
    if not activity.plain(space):
        require_nonempty(activity.core(space).space)
        return
    _checked(space)
    if space.known is not None and enumerate_points(space) is not None and not count(space):
        raise ValueError("the known constraints rule out every point of the space")


@lru_cache(maxsize=64)
def _checked(space: Space) -> None:
    if space.table is not None:
        if not len(space.table):
            raise ValueError("the space is an empty table")
        return
    for block in split(space):
        if block_region.empty(block):
            raise ValueError(f"nothing satisfies all of: {'; '.join(clash(block.space))}")


def _number(space: Space) -> int | None:
    """Number of points without the known constraints, None when infinite."""
    if space.table is not None:
        return len(space.table)
    if activity.plain(space):
        return _product(space)
    if _number(activity.core(space).space) is None:
        return None
    numbers = [_number(activity.core(case).space) for case in activity.cases(space)]
    return sum(n for n in numbers if n is not None)


def _product(space: Space) -> int | None:
    numbers = [block_region.count(block) for block in split(space)]
    return prod(n for n in numbers if n is not None) if None not in numbers else None


@lru_cache(maxsize=8)
def _listed(space: Space) -> Array:
    if space.table is not None and space.known is None:
        own = space.table.view()
        own.setflags(write=False)
        return own
    pieces = list(walk(space))
    X = np.concatenate(pieces) if pieces else np.empty((0, space.d))
    X.setflags(write=False)
    return X


def _walked(space: Space, size: int) -> Iterator[Array]:
    """All points: the product of the blocks' points, the largest block in chunks, the others by their rank."""
    blocks = split(space)
    largest = max(range(len(blocks)), key=lambda i: block_region.count(blocks[i]) or 0)
    others = [block for i, block in enumerate(blocks) if i != largest]
    lists = [np.concatenate(list(block_region.walk(block, size))) for block in others]
    shape = [len(rows) for rows in lists]
    for piece in block_region.walk(blocks[largest], size):
        width = max(1, size // max(len(piece), 1))
        for first in range(0, prod(shape), width):
            ranks = np.arange(first, min(first + width, prod(shape)))
            X = np.empty((len(ranks), len(piece), space.d))
            X[:, :, blocks[largest].columns] = piece
            for block, rows, place in zip(others, lists, np.unravel_index(ranks, shape or [1]), strict=False):
                X[:, :, block.columns] = rows[place][:, None, :]
            yield X.reshape(-1, space.d)


def _drawn(space: Space, n: int, rng: np.random.Generator) -> Array:
    _checked(space)
    if space.table is not None:
        return space.table[rng.integers(0, len(space.table), size=n)]
    X = np.empty((n, space.d))
    for block in split(space):
        X[:, block.columns] = block_region.sample(block, n, rng)
    return X


def _rare(space: Space, n: int, rng: np.random.Generator, tried: int) -> Array:
    """Known constraints that nearly nothing satisfies: look at every point, or say so."""
    listed = enumerate_points(space)
    if listed is None or not len(listed):
        raise ValueError(
            f"the known constraints reject nearly all of {tried:,} uniform points of the space: relax them"
        )
    return listed[rng.integers(0, len(listed), size=n)]


def _known(space: Space, X: Array) -> NDArray[np.bool_]:
    assert space.known is not None
    values = np.asarray(space.known(X)).reshape(len(X), -1)
    fits: NDArray[np.bool_] = np.asarray((np.nan_to_num(values, nan=np.inf) <= 0).all(1))
    return fits


def _scale(space: Space) -> Array:
    return np.where([kind == "fraction" for kind in space.kinds], 1.0, widths(space))


def _closest(rows: Array, X: Array, scale: Array) -> Array:
    near = [int((((rows - x) / scale) ** 2).sum(1).argmin()) for x in X]
    return rows[near]


def _nearest_known(space: Space, X: Array) -> Array:
    rows = enumerate_points(space)
    if rows is None:
        rows = sample(space, 4096, np.random.default_rng(0))
    return _closest(rows, X, _scale(space))
