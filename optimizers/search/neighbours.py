"""This file is a point's neighbours: what one small change to a mixture, a number or a category leads to."""

import numpy as np

from eutectic.optimizers.base import Array, Mixture, Space, active
from eutectic.optimizers.search.unit_box import smooth
from eutectic.optimizers.spaces import region
from eutectic.optimizers.spaces.activity import plain, settled
from eutectic.optimizers.spaces.scale import slack

MANY = 100
"""Levels above which a column also moves as a continuous one does."""
WOKEN = 8
"""Random values that a column which becomes active is tried at."""


def neighbours(space: Space, x: Array, rng: np.random.Generator, most: int = 256, rough: bool = False) -> Array:
    """At most `most` changed copies (k, d) of x (d,); some may lie outside the constrained region.

    rough: what gradients change is left to them.
    """
    scaled, mixtures = smooth(space) if rough else ((), ())
    left = [mixture for mixture in mixtures if not selective(mixture)]
    found = [shifts(space, mixture, x, rng) for mixture in space.mixtures if mixture not in left]
    inside = {member for mixture in space.mixtures for member in mixture.members}
    found += [levels(space, j, x, rng) for j in range(space.d) if j not in inside and j not in scaled]
    every = woken(space, x, np.concatenate([rows for rows in found if len(rows)] or [x[None]]), rng)
    every = every[(np.abs(every - x) > slack(space, 1e-12)).any(1)]
    if len(every) > most:
        every = every[np.sort(rng.choice(len(every), most, replace=False))]
    return every


def woken(space: Space, x: Array, rows: Array, rng: np.random.Generator) -> Array:
    """Copies (k, d) of x (d,) as the conditions want them; a column that wakes gets random values beside its pin."""
    if plain(space):
        return rows
    rows = settled(space, rows)
    awake = np.flatnonzero((active(space, rows) & ~active(space, x[None])).any(1))
    if not len(awake):
        return rows
    columns = sorted({condition.column for condition in space.conditions})
    others = np.repeat(rows[awake], WOKEN, axis=0)
    others[:, columns] = region.sample(space, len(others), rng)[:, columns]
    return np.concatenate([rows, settled(space, others)])


def shifts(space: Space, mixture: Mixture, x: Array, rng: np.random.Generator) -> Array:
    """Copies (k, d) of x with one amount moved from one member to another, or two members exchanged."""
    members = np.array(mixture.members)
    grain = None if mixture.divisions is None else 1.0 / mixture.divisions
    found = []
    for giver in members:
        for taker in members:
            if giver == taker or (x[giver] <= 1e-12 and x[taker] <= 1e-12):
                continue
            for amount in amounts(space, giver, taker, x, grain, rng):
                row = x.copy()
                row[giver], row[taker] = x[giver] - amount, x[taker] + amount
                found.append(row)
    rows = np.array(found) if found else np.empty((0, len(x)))
    if mixture.divisions is not None:
        rows[:, members] = np.round(rows[:, members] * mixture.divisions) / mixture.divisions
    rows[:, members] = np.where(np.abs(rows[:, members]) < 1e-12, 0.0, rows[:, members])
    low, high = space.lower[members], space.upper[members]
    allowed = (rows[:, members] >= low - 1e-12) & (rows[:, members] <= high + 1e-12)
    allowed |= np.array(mixture.or_zero) & (rows[:, members] == 0)
    kept: Array = rows[allowed.all(1)]
    return kept


def amounts(
    space: Space, giver: int, taker: int, x: Array, grain: float | None, rng: np.random.Generator
) -> list[float]:
    """How much may go from giver to taker: an increment or a random share, all of it, the difference (exchange)."""
    some = [grain, 2 * grain] if grain is not None else list(rng.uniform(0, 0.2, 2) * max(x[giver], 0.05))
    some += [x[giver], x[giver] - x[taker]]
    if x[taker] <= 1e-12 and space.lower[taker] > 0:
        some.append(float(space.lower[taker]))
    return [float(a) for a in dict.fromkeys(some) if 0 < a <= x[giver] + 1e-12]


def levels(space: Space, j: int, x: Array, rng: np.random.Generator) -> Array:
    """Copies (k, d) of x with column j changed: other categories, next steps, random steps or small shifts."""
    low, high, value = float(space.lower[j]), float(space.upper[j]), float(x[j])
    step = space.steps[j] if space.steps else None
    if space.kinds[j] == "categorical":
        options = np.arange(high + 1)
        options = options if len(options) <= 64 else rng.choice(options, 64, replace=False)
    elif space.kinds[j] == "integer" or step is not None:
        grain = 1.0 if step is None else step
        count = int(np.floor((high - low) / grain + 1e-9))
        at = round((value - low) / grain)
        jumps = [at - 2, at - 1, at + 1, at + 2, *rng.integers(0, count + 1, 2)]
        if count > MANY:
            jumps += [at + round(shift) for shift in count * rng.normal(0, [0.001, 0.02, 0.1, 0.3])]
        options = low + grain * np.array([k for k in jumps if 0 <= k <= count], dtype=float)
    else:
        options = value + (high - low) * rng.normal(0, [0.02, 0.1, 0.3])
        options = options[(options >= low) & (options <= high)]
    rows = np.repeat(x[None], len(options), 0)
    rows[:, j] = options
    return rows


def rugged(space: Space) -> bool:
    """True when the space has anything that gradients cannot change: numbers in steps, categories, absent elements."""
    scaled, mixtures = smooth(space)
    if len(scaled) + sum(len(m.members) for m in mixtures) < space.d:
        return True
    return any(selective(mixture) for mixture in mixtures)


def selective(mixture: Mixture) -> bool:
    """Does a mixture say who may be absent?"""
    return any(mixture.or_zero) or mixture.max_present is not None or mixture.min_present > 1


def several(space: Space) -> bool:
    """Does the space have a mixture that gradients change all of, and columns beside it that they cannot change?"""
    _, mixtures = smooth(space)
    return rugged(space) and any(not selective(mixture) for mixture in mixtures)
