"""This file is the best few of a long list: every row judged roughly once a batch, the most promising ones in full.

What a row is worth only falls as others are chosen beside it, so that its first, rough worth tells when it may be left
out: rows are judged in full from the best rough one on, until the best of them is worth more than what the next one
can be (the accelerated greedy algorithm, Minoux 1978, doi 10.1007/BFb0006528). Rows are read in pieces, so that a list
may be longer than memory (a memory-mapped table).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from eutectic.optimizers.acquisition.acquisition import Acquisition
from eutectic.optimizers.base import Array, Index, Space
from eutectic.optimizers.search.ranking import SURELY_ABOVE_ROUNDING
from eutectic.optimizers.spaces.scale import widths
from eutectic.optimizers.spaces.seen import Memory, remember

SHORT = 2048
"""Lists up to this size are judged in full."""
DRAWS = 2
"""Joint draws of the rough worth; ours: one keeps the best of 100,000 among the first twenty already."""
PIECE = 65_536
"""Rows read at once."""
LOOKED_AT = 250_000
"""Of a longer list so many rows are judged, drawn at random, and those around the best of them."""
AROUND = 16
"""Rows whose surroundings are looked at, in a longer list."""
NEAR = 2048
"""The nearest rows to each of them."""
KEPT = 16_384
"""Rows kept for judging in full, at most."""
BLOCK = 256
"""Rows judged in full at once."""
TINY = float(np.finfo(float).tiny)
"""Worth below which a logarithm is not taken."""
MARGIN = 0.5
"""Logarithm by which the best must be worth more than what the next row can be: rough worths are off by some per cent,
and worths drawn may rise a little when another is chosen. Ours: at 0.1 one place in thirty went to a lesser row, at 0.5
none did (benchmarks/long_lists.py)."""
BY_LOGARITHM = 16_384
"""Rows judged where every worth is rounding, and only its logarithm tells."""


@dataclass(frozen=True, slots=True, eq=False)
class Shortlist:
    """Rows worth a closer look, the best rough one first."""

    places: Index
    """(k,) of the list."""
    rows: Array
    """(k, d)."""
    rough: Array
    """(k,) rough worth, descending; logarithms where every worth is rounding; infinite where nobody judged."""
    logarithmic: bool = False


def shortlist(improvement: Acquisition, space: Space, points: Array, seen: Array) -> Shortlist:
    """At most KEPT of points (N, d), none of them in `seen` (s, d), by rough worth."""
    memory = remember(space, seen)
    if len(points) <= SHORT:
        places = np.flatnonzero(~memory.holds(points))
        return Shortlist(places, np.asarray(points[places], dtype=float), np.full(len(places), np.inf), True)
    rough = improvement.rough(DRAWS)
    rng = np.random.default_rng(len(points))
    places = np.arange(len(points))
    if len(points) > LOOKED_AT:
        places = np.sort(rng.choice(len(points), LOOKED_AT, replace=False))
    best = judged(rough, points, places, memory)
    if len(points) > LOOKED_AT:
        around = neighbourhood(space, points, best.rows[:AROUND])
        best = merged(best, judged(rough, points, np.setdiff1d(around, places), memory))
    if not len(best.rough) or best.rough[0] > SURELY_ABOVE_ROUNDING * improvement.scale:
        return best
    drawn = places if len(places) <= BY_LOGARITHM else np.sort(rng.choice(places, BY_LOGARITHM, replace=False))
    return judged(rough, points, drawn, memory, logarithmic=True)


def judged(rough: Acquisition, points: Array, places: Index, memory: Memory, logarithmic: bool = False) -> Shortlist:
    """The best KEPT of some rows of points (N, d), without those in memory."""
    best = Shortlist(np.empty(0, dtype=np.int64), np.empty((0, points.shape[1])), np.empty(0), logarithmic)
    for own in pieces(places):
        rows = np.asarray(points[own], dtype=float)
        new = ~memory.holds(rows)
        value = worth(rough, rows[new], logarithmic)
        best = merged(best, Shortlist(own[new], rows[new], value, logarithmic))
    return best


def worth(rough: Acquisition, rows: Array, logarithmic: bool) -> Array:
    """Worth or its logarithm (r,) of rows (r, d)."""
    if not logarithmic:
        return np.asarray(rough.value(torch.tensor(rows)).numpy())
    with torch.no_grad():
        parts = [rough.log(part) for part in torch.split(torch.tensor(rows), 1024)] if len(rows) else []
    return torch.cat(parts).numpy() if parts else np.empty(0)


def pieces(places: Index) -> Iterator[Index]:
    """Some rows' numbers, so many at once that they fit in memory."""
    for start in range(0, len(places), PIECE):
        yield places[start : start + PIECE]


def merged(one: Shortlist, other: Shortlist) -> Shortlist:
    """The best KEPT of both."""
    value = np.concatenate([one.rough, other.rough])
    order = np.argsort(-value, kind="stable")[:KEPT]
    places = np.concatenate([one.places, other.places])[order]
    return Shortlist(places, np.concatenate([one.rows, other.rows])[order], value[order], one.logarithmic)


def neighbourhood(space: Space, points: Array, centres: Array) -> Index:
    """(k,) the NEAR rows of points (N, d) next to each of centres (c, d), widths of the space as unit."""
    width = widths(space)
    scaled = centres / width
    nearest: list[tuple[Array, Index]] = [(np.empty(0), np.empty(0, dtype=np.int64)) for _ in centres]
    for own in pieces(np.arange(len(points))):
        rows = np.asarray(points[own[0] : own[-1] + 1], dtype=float) / width
        gaps = (rows**2).sum(1)[:, None] - 2 * rows @ scaled.T
        for j, (gap, place) in enumerate(nearest):
            near = np.argpartition(gaps[:, j], min(NEAR, len(own) - 1))[:NEAR]
            gap, place = np.concatenate([gap, gaps[near, j]]), np.concatenate([place, own[near]])
            kept = np.argsort(gap, kind="stable")[:NEAR]
            nearest[j] = gap[kept], place[kept]
    return np.unique(np.concatenate([place for _, place in nearest]))


def pick(improvement: Acquisition, best: Shortlist, n: int) -> tuple[Index, Array]:
    """Which rows of a shortlist are chosen, one after the other (<= n,), and the log acquisition of each (<= n,)."""
    rows = torch.tensor(best.rows)
    bound, chosen, values = logarithms(best), list[int](), list[float]()
    for place in range(min(n, len(rows))):
        if place:
            improvement = improvement.joined(rows[chosen[-1:]])
        row = likeliest(improvement, rows, bound, place == 0)
        chosen.append(row)
        with torch.no_grad():
            values.append(float(improvement.log(rows[row : row + 1])[0]))
        bound[row] = -np.inf
    return np.array(chosen, dtype=np.int64), np.array(values)


def likeliest(improvement: Acquisition, rows: torch.Tensor, bound: Array, first: bool) -> int:
    """The best of rows (N, d), judged in full as far as it takes by their bounds (N,), which are lowered on the way.

    Rows that were never judged in full are bounded by their rough worth; first: the two are brought to one scale.
    """
    order = np.argsort(-bound, kind="stable")
    best, value = int(order[0]), -np.inf
    for start in range(0, len(order), BLOCK):
        own = order[start : start + BLOCK]
        if value >= bound[own[0]] + MARGIN or bound[own[0]] == -np.inf:
            break
        own = own[bound[own] > -np.inf]
        before, worth = bound[own[0]], full(improvement, rows[own])
        if first and not start and before < np.inf:
            bound += worth.max() - before
        bound[own] = worth
        if worth.max() > value:
            best, value = int(own[worth.argmax()]), float(worth.max())
    return best


def full(improvement: Acquisition, rows: torch.Tensor) -> Array:
    """Log worth (r,) of rows (r, d), exact where every worth is rounding, elsewhere of those that are not."""
    value = improvement.value(rows)
    if float(value.max()) > SURELY_ABOVE_ROUNDING * improvement.scale:
        return np.asarray(value.clamp_min(TINY).log().numpy())
    with torch.no_grad():
        return torch.cat([improvement.log(part) for part in torch.split(rows, 1024)]).numpy()


def logarithms(best: Shortlist) -> Array:
    """(k,) of the rough worths."""
    return best.rough.copy() if best.logarithmic else np.log(np.maximum(best.rough, TINY))
