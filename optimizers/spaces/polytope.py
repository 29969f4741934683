"""This file is uniform sampling of a continuous block: mixtures that sum to one, free columns, linear constraints.

Proposals are uniform over the block without its linear constraints (exactly: shifted Dirichlet draws with rejection)
and kept where the constraints hold. Where fewer than one proposal in 500 would be kept, hit-and-run inside each support
takes over; it starts from the support's centre and mixes for a number of steps that grows with the dimension.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Mask, Space
from eutectic.optimizers.spaces.hit_and_run import System, walk
from eutectic.optimizers.spaces.presence import Supports, supports
from eutectic.optimizers.spaces.scale import ROUNDING, line_slack

_PROPOSALS = 8192
"""Points by which the share of a box that keeps the constraints is estimated."""
_RATE = 1 / 500
"""Share below which a walk inside is cheaper than drawing and rejecting; ours."""


def sample(space: Space, n: int, rng: np.random.Generator) -> Array:
    """(n, d) uniform over a space without finite columns; ValueError when it is empty."""
    rate = _acceptance(space)
    if rate < _RATE:
        return _walked(space, n, rng)
    kept: list[Array] = []
    while sum(len(X) for X in kept) < n:
        X = proposals(space, int(1.2 * n / rate) + 16, rng)
        kept.append(X[holds(space, X)])
    return np.concatenate(kept)[:n]


@lru_cache(maxsize=256)
def _acceptance(space: Space) -> float:
    """Share of proposals that the linear constraints leave (a fixed draw, so that the method depends on the space)."""
    if not space.linear:
        return 1.0
    return float(holds(space, proposals(space, _PROPOSALS, np.random.default_rng(0))).mean())


def holds(space: Space, X: Array, tolerance: float = ROUNDING) -> NDArray[np.bool_]:
    """(n,) True where all linear constraints hold, to this share of what their terms can vary by."""
    fits = np.ones(len(X), dtype=bool)
    for line in space.linear:
        fits &= X @ np.array(line.coefficients) <= line.bound + line_slack(space, line, tolerance)
    return fits


def proposals(space: Space, n: int, rng: np.random.Generator) -> Array:
    """(n, d) uniform over the space without its linear constraints."""
    X = space.lower + rng.random((n, space.d)) * (space.upper - space.lower)
    for number, mixture in enumerate(space.mixtures):
        own = supports(space, number)
        if isinstance(own, Supports) and not len(own.masks):
            raise ValueError(f"no fractions of {', '.join(space.names[m] for m in mixture.members)} sum to one")
        masks = own.draw(n, rng)
        X[:, list(mixture.members)] = slices(own.lower * masks, own.upper * masks, rng)
    return X


def slices(lower: Array, upper: Array, rng: np.random.Generator) -> Array:
    """Uniform in {lower <= x <= upper, sum x = 1}, row by row: lower, upper (n, k) -> (n, k)."""
    out = np.empty_like(lower)
    left = np.arange(len(lower))
    for _ in range(60):
        x, fits = dirichlet(lower[left], upper[left], rng.standard_exponential((len(left), lower.shape[1])))
        out[left[fits]] = x[fits]
        left = left[~fits]
        if not len(left):
            return out
    out[left] = _paired(lower[left], upper[left], rng)
    return out


def dirichlet(lower: Array, upper: Array, draws: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Exponential draws (n, k) -> points (n, k) of the simplex above `lower` or below `upper`, and which are inside.

    What is left above the lower bounds is shared out uniformly, or what is missing below the upper bounds when that
    is less; points inside the other bounds are uniform over the slice.
    """
    free = upper > lower
    above = 1 - lower.sum(1, keepdims=True)
    below = upper.sum(1, keepdims=True) - 1
    draws = draws * free
    share = draws / np.maximum(draws.sum(1, keepdims=True), 1e-300)
    x = np.where(above <= below, lower + np.maximum(above, 0) * share, upper - np.maximum(below, 0) * share)
    fits = ((x >= lower - 1e-15) & (x <= upper + 1e-15)).all(1)
    return np.clip(x, lower, upper), fits


def centre(lower: Array, upper: Array) -> Array:
    """The point of each slice (n, k) that divides every member's range alike."""
    width = upper - lower
    share = (1 - lower.sum(1, keepdims=True)) / np.maximum(width.sum(1, keepdims=True), 1e-300)
    point: Array = lower + np.clip(share, 0, 1) * width
    return point


def _paired(lower: Array, upper: Array, rng: np.random.Generator) -> Array:
    """Hit-and-run along pairs of members (what one gains the other loses) for slices that rejection rarely hits."""
    x = centre(lower, upper)
    free = upper > lower
    rows = np.arange(len(x))
    for _ in range(60 * x.shape[1]):
        i, j = np.argsort(np.where(free, rng.random(x.shape), 2.0), axis=1)[:, :2].T
        total = x[rows, i] + x[rows, j]
        low = np.maximum(lower[rows, i], total - upper[rows, j])
        high = np.minimum(upper[rows, i], total - lower[rows, j])
        x[rows, i] = low + rng.random(len(x)) * np.maximum(high - low, 0)
        x[rows, j] = total - x[rows, i]
    return x


def system(space: Space, masks: list[Mask]) -> System:
    """Bounds, constraints and sums of a space whose mixtures have these members present (one mask (k,) a mixture)."""
    lower, upper = space.lower.copy(), space.upper.copy()
    sums = np.zeros((len(space.mixtures), space.d))
    for number, (mixture, mask) in enumerate(zip(space.mixtures, masks, strict=True)):
        own = list(mixture.members)
        lower[own], upper[own] = np.maximum(lower[own], 0) * mask, np.minimum(upper[own], 1) * mask
        sums[number, own] = 1.0
    matrix = np.array([line.coefficients for line in space.linear]).reshape(-1, space.d)
    bound = np.array([line.bound for line in space.linear])
    return System(lower, upper, matrix, bound, sums, np.ones(len(sums)))


@lru_cache(maxsize=4096)
def _start(space: Space, masks: tuple[bytes, ...]) -> tuple[System, Array] | None:
    """The polytope of one support of each mixture and a point inside it, None when it is empty."""
    own = system(space, [np.frombuffer(mask, dtype=bool) for mask in masks])
    start = own.centre()
    return None if start is None else (own, start)


def _walked(space: Space, n: int, rng: np.random.Generator) -> Array:
    """Hit-and-run within supports drawn by their weight, of those that the constraints leave anything of."""
    chosen: dict[tuple[bytes, ...], int] = {}
    found = 0
    for _ in range(50):
        drawn = [supports(space, number).draw(n, rng) for number in range(len(space.mixtures))]
        for row in range(n):
            key = tuple(mask[row].tobytes() for mask in drawn)
            if found < n and _start(space, key) is not None:
                chosen[key] = chosen.get(key, 0) + 1
                found += 1
        if found == n:
            break
    if found < n:
        raise ValueError(f"found no point that satisfies {'; '.join(line.text for line in space.linear)}")
    starts = [(_start(space, key), number) for key, number in chosen.items()]
    parts = [walk(start[0], start[1], number, rng) for start, number in starts if start is not None]
    X: Array = rng.permutation(np.concatenate(parts))
    return X
