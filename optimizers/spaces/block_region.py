"""This file is what a block of columns can do: be counted, sampled uniformly, and give its nearest point."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np

from eutectic.optimizers.base import Array, Linear, Space
from eutectic.optimizers.spaces import grid, lattice, milp, polytope, projection
from eutectic.optimizers.spaces.blocks import Block, conditioned, part, stepped
from eutectic.optimizers.spaces.lattice import Index
from eutectic.optimizers.spaces.scale import inward, outward, slack, standard, unit

_FILTERED = 4_000_000
"""Rows of a block up to which those that keep its constraints are counted one by one; ours."""


def free(block: Block) -> bool:
    """True for a single finite column without constraints, which needs no table."""
    return block.finite and block.space.d == 1 and not block.space.mixtures and not block.space.linear


def count(block: Block) -> int | None:
    """Exact number of points; None when infinite, or when constraints with intricate coefficients prevent counting."""
    if not block.finite:
        return None
    if free(block):
        return lattice.number(block.space, 0)
    table = grid.table(block.space)
    if table.exact:
        return table.total
    return sum(len(X) for X in walk(block)) if table.total <= _FILTERED else None


def empty(block: Block) -> bool:
    """True when the block has no point."""
    if free(block):
        return lattice.number(block.space, 0) == 0
    if block.finite and grid.table(block.space).exact:
        return grid.table(block.space).total == 0
    own = standard(block.space)
    return not milp.possible(own, milp.rules(own))


def walk(block: Block, size: int = 100_000) -> Iterator[Array]:
    """All points of a finite block in chunks (<= size, b)."""
    if free(block):
        number = lattice.number(block.space, 0)
        for first in range(0, number, size):
            yield lattice.at(block.space, 0, np.arange(first, min(first + size, number)))[:, None]
        return
    table = grid.table(block.space)
    for own in grid.chunks(table, size):
        X = grid.values(table, own)
        yield X if table.exact else X[polytope.holds(block.space, X)]


def sample(block: Block, n: int, rng: np.random.Generator) -> Array:
    """(n, b) uniform over the block."""
    if free(block):
        number = lattice.number(block.space, 0)
        return lattice.at(block.space, 0, rng.integers(0, number, size=n))[:, None]
    if block.finite:
        return _gridded(block.space, n, rng)
    own = standard(block.space)
    Z = _mixed(own, n, rng) if stepped(own).any() else polytope.sample(own, n, rng)
    return outward(block.space, Z)


def _gridded(space: Space, n: int, rng: np.random.Generator) -> Array:
    """(n, b) from the table, with a check where it holds a superset."""
    table = grid.table(space)
    kept: list[Array] = []
    found = tried = 0
    while found < n:
        number = n if table.exact else max(4 * n, 4096)
        X = grid.values(table, grid.unrank(table, grid.random_ranks(table.total, number, rng)))
        kept.append(X if table.exact else X[polytope.holds(space, X)])
        found, tried = found + len(kept[-1]), tried + number
        if tried > 1_000_000 and found * 10_000 < tried:
            raise ValueError(f"under 1 in 10,000 points satisfies {_texts(space)}: round the coefficients")
    return np.concatenate(kept)[:n]


def _mixed(space: Space, n: int, rng: np.random.Generator) -> Array:
    """(n, b) where a constraint ties stepped and continuous columns: joint rejection.

    Where under 1 in 500 is kept, stepped columns are drawn alone and the others uniformly given them; stepped values
    then weigh alike whatever volume they leave to the others.
    """
    rate = _acceptance(space)
    if rate * 500 < 1:
        return _conditional(space, n, rng)
    kept: list[Array] = []
    while sum(len(X) for X in kept) < n:
        kept.append(_joint(space, int(1.2 * n / rate) + 16, rng))
    return np.concatenate(kept)[:n]


@lru_cache(maxsize=64)
def _apart(space: Space) -> tuple[Space, Space]:
    """The stepped columns under the constraints relaxed, and the others without those that tie them."""
    discrete, smooth = np.flatnonzero(stepped(space)), np.flatnonzero(~stepped(space))
    return part(replace(space, linear=_relaxed(space, smooth)), discrete), part(space, smooth)


def _joint(space: Space, n: int, rng: np.random.Generator) -> Array:
    """Of n independent draws of both kinds of columns, those that satisfy the constraints (<= n, b)."""
    relaxed, rest = _apart(space)
    X = np.empty((n, space.d))
    X[:, stepped(space)] = _gridded(relaxed, n, rng)
    X[:, ~stepped(space)] = polytope.proposals(rest, n, rng)
    return X[polytope.holds(space, X)]


@lru_cache(maxsize=64)
def _acceptance(space: Space) -> float:
    """Share of joint draws that satisfy the constraints (a fixed draw, so that the method depends on the space)."""
    return len(_joint(space, 8192, np.random.default_rng(0))) / 8192


@lru_cache(maxsize=4096)
def _rest(space: Space, own: tuple[float, ...]) -> Space | None:
    """What is left of the other columns given the stepped ones (c,), None when nothing is."""
    rest = conditioned(space, np.flatnonzero(stepped(space)), np.array(own))
    return rest if milp.possible(rest, milp.rules(rest)) else None


def _conditional(space: Space, n: int, rng: np.random.Generator) -> Array:
    """(n, b) with the stepped columns drawn first, of those values that leave the other columns anything."""
    discrete, smooth = np.flatnonzero(stepped(space)), np.flatnonzero(~stepped(space))
    relaxed, _ = _apart(space)
    out = np.empty((0, space.d))
    for _ in range(20):
        unique, number = np.unique(_gridded(relaxed, n, rng), axis=0, return_counts=True)
        for own, times in zip(unique, number, strict=True):
            rest = _rest(space, tuple(own.tolist()))
            if rest is not None:
                X = np.empty((int(times), space.d))
                X[:, discrete], X[:, smooth] = own, polytope.sample(rest, int(times), rng)
                out = np.vstack([out, X])
        if len(out) >= n:
            return np.asarray(rng.permutation(out)[:n])
    raise ValueError(f"found too few points that satisfy {_texts(space)}")


def _relaxed(space: Space, smooth: Index) -> tuple[Linear, ...]:
    """The constraints on the other columns that hold whatever the `smooth` columns are within their bounds."""
    found = []
    for line in space.linear:
        c = np.array(line.coefficients)
        least = np.minimum(c[smooth] * space.lower[smooth], c[smooth] * space.upper[smooth])
        least = np.where([space.kinds[s] == "fraction" for s in smooth], np.minimum(least, 0.0), least)
        c[smooth] = 0.0
        rounding = float(np.abs(line.coefficients) @ slack(space))
        found.append(Linear(tuple(c), line.bound - float(least.sum()) + rounding, line.text))
    return tuple(found)


def snap(block: Block, X: Array, scale: Array) -> Array:
    """(n, b) nearest points by the sum of squares, differences divided by scale (b,).

    Least absolute differences instead where a constraint ties stepped and continuous columns, or where intricate
    coefficients keep a grid from an exact table.
    """
    if free(block):
        return lattice.at(block.space, 0, lattice.nearest(block.space, 0, X[:, 0]))[:, None]
    if block.finite:
        table = grid.table(block.space)
        batches = np.array_split(X, max(1, len(X) // 16))
        near = [grid.values(table, grid.nearest(table, _costs(block.space, table, rows, scale))) for rows in batches]
        out = np.concatenate(near) if near else X
        return out if table.exact else _nearest(block.space, out, X, scale)
    return _nearest(block.space, None, X, scale)


def _nearest(space: Space, near: Array | None, X: Array, scale: Array) -> Array:
    """Projections (n, b) of X (n, b), found in the standard space; points `near` it, where given, that hold stay."""
    own, Z = standard(space), inward(space, X)
    width = scale / unit(space)
    if near is None and not stepped(space).any():
        return outward(space, projection.project(own, Z, width))
    start = np.full_like(Z, np.nan) if near is None else inward(space, near)
    return outward(space, _repaired(own, start, Z, width))


def _costs(space: Space, table: grid.Table, X: Array, scale: Array) -> list[Array]:
    """For each column (n, L) squared differences; any other category is equally far."""
    gaps = [(X[:, [c]] - value) / scale[c] for c, value in enumerate(table.lattice.values)]
    return [np.minimum(np.round(g * scale[c]) ** 2, 1.0) if space.kinds[c] == "categorical" else g**2
            for c, g in enumerate(gaps)]  # fmt: skip


def _repaired(space: Space, near: Array, X: Array, scale: Array) -> Array:
    """Rows of `near` (n, b) that break a constraint or are unknown (NaN), replaced by the program's closest point."""
    out = near.copy()
    for row in np.flatnonzero(np.isnan(near).any(1) | ~polytope.holds(space, np.nan_to_num(near))):
        point = milp.closest(space, X[row], scale)
        if point is None:
            raise ValueError(f"found no point that satisfies {_texts(space)}")
        out[row] = _polished(space, point, X[row], scale)
    return out


def _polished(space: Space, point: Array, x: Array, scale: Array) -> Array:
    """Stepped columns set to their exact values, the others moved to the nearest point (by squares) given them."""
    mask = stepped(space)
    out = point.copy()
    members = {m: mixture.divisions for mixture in space.mixtures for m in mixture.members}
    for column in np.flatnonzero(mask):
        divisions = members.get(int(column))
        if divisions is not None:
            out[column] = round(point[column] * divisions) / divisions
        else:
            place = lattice.nearest(space, int(column), point[column : column + 1])
            out[column] = lattice.at(space, int(column), place)[0]
    if not mask.all():
        smooth = np.flatnonzero(~mask)
        rest = conditioned(space, np.flatnonzero(mask), out[mask])
        out[smooth] = projection.project(rest, x[None, smooth], scale[smooth])[0]
    return out


def _texts(space: Space) -> str:
    return "; ".join(dict.fromkeys(line.text for line in space.linear))
