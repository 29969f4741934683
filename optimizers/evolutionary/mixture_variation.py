"""This file is variation that keeps fractions a mixture: the sum, the bounds, the increments and who may be absent.

Every operator moves in the plane where changes add up to zero, or moves anywhere and is then mended: the members that
stay are chosen, the amounts are set to the nearest point of the simplex between the bounds, and increments are handed
out by largest remainder. All of it acts on n rows at once.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.spaces.projection import onto_slice

Mask = NDArray[np.bool_]
Index = NDArray[np.int64]
_EXCHANGE = 0.15
"""Share of transfers that exchange two members' amounts (dimensionless)."""
_TRACE = 1e-4
"""Least fraction of a member that has to be present though its lower bound is 0 (dimensionless)."""


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """One mixture made ready; bounds are those of present members, whole increments where it has any."""

    columns: Index
    """(k,) columns of the space."""
    lower: Array
    """(k,)"""
    upper: Array
    """(k,)"""
    optional: Mask
    """(k,) may be 0 although others are not."""
    least: int
    most: int
    divisions: int | None
    selective: bool
    """False: every member is simply present."""


@lru_cache(maxsize=64)
def blends(space: Space) -> tuple[Blend, ...]:
    """The mixtures of a space without table; cached by space."""
    if space.table is not None:
        return ()
    found = []
    for group in space.mixtures:
        columns = np.array(group.members, dtype=np.int64)
        lower, upper = np.maximum(space.lower[columns], 0.0), np.minimum(space.upper[columns], 1.0)
        possible = upper > 0
        if group.divisions is not None:
            lower = np.ceil(lower * group.divisions - 1e-9) / group.divisions
            upper = np.floor(upper * group.divisions + 1e-9) / group.divisions
        optional = possible & (np.array(group.or_zero) | (lower <= 0))
        most = len(columns) if group.max_present is None else group.max_present
        gap = bool((np.array(group.or_zero) & (lower > 0)).any())
        selective = gap or most < possible.sum() or group.min_present > 1
        if selective:
            trace = (_TRACE if group.min_present > 1 else 0.0) if group.divisions is None else 1.0 / group.divisions
            lower = np.where(possible, np.minimum(np.maximum(lower, trace), upper), lower)
        found.append(Blend(columns, lower, upper, optional, group.min_present, most, group.divisions, selective))
    return tuple(found)


def mend(blend: Blend, F: Array, rng: np.random.Generator) -> Array:
    """Any numbers (n, k) -> points (n, k) of the mixture near them; a row no choice of members fits stays outside."""
    stay = present(blend, F, rng)
    low, high = blend.lower * stay, blend.upper * stay
    X = onto_slice(low, high, np.where(stay, F, 0.0))
    return X if blend.divisions is None else rounded(X, low, high, blend.divisions)


def present(blend: Blend, F: Array, rng: np.random.Generator) -> Mask:
    """(n, k) which members stay: the largest amounts, as many as the rules allow and the sum needs."""
    if not blend.selective:
        return np.broadcast_to(blend.upper > 0, F.shape)
    amount = F + 1e-6 * rng.random(F.shape)
    stay: Mask = (0.5 * blend.lower < F) & (blend.upper > 0) | ~blend.optional & (blend.upper > 0)
    weight = np.where(blend.optional, np.where(stay, amount, -np.inf), np.inf)
    stay &= _place(-weight) < blend.most
    for _ in range(len(blend.columns)):
        short = ((stay @ blend.upper) < 1 - 1e-12) | (stay.sum(1) < blend.least)
        candidate = np.where(stay | (blend.upper <= 0), -np.inf, amount)
        full = stay.sum(1) >= blend.most
        heavy = ((stay @ blend.lower) > 1 + 1e-12) | (short & full)
        if not (short | heavy).any():
            break
        drop, add = np.flatnonzero(heavy), np.flatnonzero(short)
        smallest = np.where(stay & blend.optional, amount, np.inf)[drop].argmin(1)
        stay[drop, smallest] &= ~blend.optional[smallest]
        gain = candidate[add] + np.where(full[add, None], 2 * blend.upper, 0.0)
        stay[add, gain.argmax(1)] |= np.isfinite(gain.max(1))
    return stay


def _place(values: Array) -> Index:
    """(n, k) each entry's place, 0 first, in the ascending order of its row."""
    order = np.argsort(values, axis=1, kind="stable")
    place: Index = np.empty_like(order)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(values.shape[1]), values.shape), axis=1)
    return place


def rounded(X: Array, low: Array, high: Array, divisions: int) -> Array:
    """Multiples (n, k) of 1/divisions within bounds that sum to one, by largest remainder."""
    least, most = np.round(low * divisions), np.round(high * divisions)
    units = np.clip(np.floor(X * divisions + 1e-9), least, most)
    for _ in range(X.shape[1] + 1):
        owed = divisions - units.sum(1, keepdims=True)
        if not owed.any():
            break
        rest = X * divisions - units
        up = (owed > 0) & (_place(np.where(units < most, -rest, np.inf)) < owed) & (units < most)
        down = (owed < 0) & (_place(np.where(units > least, rest, np.inf)) < -owed) & (units > least)
        units += up.astype(float) - down
    amounts: Array = units / divisions
    return amounts


def transfer(blend: Blend, X: Array, rows: Index, strength: float, rng: np.random.Generator) -> Array:
    """X (n, k) with, in each of `rows` (r,), an amount moved from one member to another or two exchanged.

    The pair's sum is kept; the share is drawn by polynomial mutation with index `strength`.
    """
    X, r = X.copy(), np.arange(len(rows))
    part = X[rows]
    giver = np.where(part > 1e-12, rng.random(part.shape), -1.0).argmax(1)
    other = np.where((blend.upper > 0) & (np.arange(part.shape[1]) != giver[:, None]), rng.random(part.shape), -1.0)
    taker = other.argmax(1)
    give, take = part[r, giver], part[r, taker]
    total = give + take
    absent = blend.selective & (take <= 1e-12)
    room = (part > 1e-12).sum(1) < blend.most
    low = np.maximum(blend.lower[giver], total - blend.upper[taker])
    high = np.minimum(blend.upper[giver], total - blend.lower[taker])
    exchange = (rng.random(len(rows)) < _EXCHANGE) | (absent & ~room) | (low > high)
    high = np.maximum(low, high)
    kept = polynomial(np.clip(give, low, high), low, high, strength, rng)
    if blend.divisions is not None:
        kept = np.clip(on_grid(give, kept, 1.0 / blend.divisions, 0.0), low, high)
    kept = np.where(exchange, take, kept)
    X[rows, giver], X[rows, taker] = kept, total - kept
    swapped = exchange & ((total - kept > blend.upper[taker] + 1e-12) | (kept > blend.upper[giver] + 1e-12))
    below = (kept > 0) & (kept < blend.lower[giver] - 1e-12) | (
        (total - kept > 0) & (total - kept < blend.lower[taker] - 1e-12)
    )
    below |= ((kept <= 0) & ~blend.optional[giver]) | ((total - kept <= 0) & ~blend.optional[taker])
    bad = rows[swapped | below]
    X[bad] = mend(blend, X[bad], rng)
    return X


def polynomial(x: Array, low: Array, high: Array, strength: float, rng: np.random.Generator) -> Array:
    """Bounded polynomial mutation of x within [low, high], all of one shape; `strength` is the index eta_m.

    Deb and Goyal, A combined genetic adaptive search (GeneAS) for engineering design, Computer Science and Informatics
    26(4), 30-45 (1996), in the form with bounds of the authors' NSGA-II program.
    """
    width = np.where(high > low, high - low, 1.0)
    u, power = rng.random(x.shape), 1.0 / (strength + 1.0)
    down = u < 0.5
    near = 1.0 - np.where(down, x - low, high - x) / width
    half = np.where(down, 2 * u, 2 * (1 - u))
    shift = (half + (1 - half) * np.clip(near, 0, 1) ** (strength + 1)) ** power
    moved: Array = np.clip(x + np.where(down, shift - 1, 1 - shift) * width, low, high)
    return moved


def on_grid(before: Array, after: Array, grain: Array | float, origin: Array | float) -> Array:
    """`after` on the grid origin + i grain, at least one increment from `before`; bounds are the caller's."""
    start, end = np.round((before - origin) / grain), np.round((after - origin) / grain)
    end = np.where(start == end, start + np.where(after >= before, 1.0, -1.0), end)
    value: Array = origin + end * grain
    return value
