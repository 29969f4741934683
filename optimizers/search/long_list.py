"""This file is the best few of a long list: every row judged roughly once a batch, the most promising ones in full.

What a row is worth only falls as others are chosen beside it, so that its first, rough worth tells when it may be left
out: rows are judged by a quarter of the draws from the best rough one on, until the best of them is worth more than
what the next one can be (the accelerated greedy algorithm, Minoux 1978, doi 10.1007/BFb0006528); the best of those are
judged in full. Rows are read in pieces, so that a list may be longer than memory (a memory-mapped table).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from eutectic.optimizers.acquisition.acquisition import Acquisition
from eutectic.optimizers.base import Array, Index, Space
from eutectic.optimizers.search.ranking import SURELY_ABOVE_ROUNDING
from eutectic.optimizers.spaces.scale import widths
from eutectic.optimizers.spaces.seen import Memory, remember

SHORT = 2048
"""Lists up to this size are judged in full."""
PIECE = 65_536
"""Rows read at once."""
LOOKED_AT = 100_000
"""Of a longer list so many rows are judged, drawn at random, and those around the best of them."""
AROUND = 256
"""Rows whose surroundings are looked at, in a longer list."""
NEAR = 128
"""The nearest rows to each of them."""
KEPT = 16_384
"""Rows kept for judging in full, at most."""
BLOCK = 256
"""Rows judged at once."""
FINALISTS = 64
"""Rows that are judged in full for each place: the best by a quarter of the draws."""
TINY = float(np.finfo(float).tiny)
"""Worth below which a logarithm is not taken."""
SCATTER = 4.0
"""Standard deviations of what rough log worths are off by, by which the best must be worth more than the next one."""
MARGIN = 0.2
"""The least logarithm by which it must: worths drawn may rise a little when another is chosen."""
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
    rough = improvement.rough()
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
    gaps, places = np.empty((len(centres), 0)), np.empty((len(centres), 0), dtype=np.int64)
    for own in pieces(np.arange(len(points))):
        tree = cKDTree(np.asarray(points[own[0] : own[-1] + 1], dtype=float) / width, balanced_tree=False)
        gap, place = tree.query(centres / width, np.arange(1, min(NEAR, len(own)) + 1))
        gaps, places = np.concatenate([gaps, gap], axis=1), np.concatenate([places, own[place]], axis=1)
        kept = np.argsort(gaps, axis=1, kind="stable")[:, :NEAR]
        gaps, places = np.take_along_axis(gaps, kept, 1), np.take_along_axis(places, kept, 1)
    return np.unique(places)


def pick(improvement: Acquisition, best: Shortlist, n: int) -> tuple[Index, Array]:
    """Which rows of a shortlist are chosen, one after the other (<= n,), and the log acquisition of each (<= n,)."""
    rows, short = torch.tensor(best.rows), not np.isfinite(best.rough).all()
    few = improvement if short else improvement.few()
    bounds, chosen, values = Bounds(logarithms(best)), list[int](), list[float]()
    for _ in range(min(n, len(rows))):
        row = likeliest(few, improvement, rows, bounds)
        chosen.append(row)
        with torch.no_grad():
            values.append(float(improvement.log(rows[row : row + 1])[0]))
        bounds.taken(row)
        if len(chosen) < n:
            improvement = improvement.joined(rows[row : row + 1])
            few = improvement if short else improvement.few()
    return np.array(chosen, dtype=np.int64), np.array(values)


class Bounds:
    """What each row's log worth can be at most, as far as is known, the better known the more often it was judged."""

    __slots__ = ("_rough", "_slack", "value")

    def __init__(self, rough: Array) -> None:
        """Begin with rough log worths (N,), or infinite ones where nobody has judged."""
        self.value, self._rough, self._slack = rough.copy(), np.ones(len(rough), dtype=bool), np.inf

    @property
    def most(self) -> Array:
        """(N,) with what each may be off by."""
        most: Array = self.value + np.where(self._rough, self._slack, MARGIN)
        return np.where(np.isfinite(self.value), most, self.value)

    def judged(self, own: Index, worth: Array) -> None:
        """Take the log worths (k,) of some rows; the first time, how they scatter tells what rough ones are off by."""
        before = self.value[own]
        if np.isinf(self._slack):
            off = (worth - before)[np.isfinite(before)] if np.isfinite(before).all() else np.zeros(1)
            self.value += off.mean()
            self._slack = max(SCATTER * float(off.std()), MARGIN)
        self.value[own], self._rough[own] = worth, False

    def taken(self, row: int) -> None:
        """Nobody wants this row again."""
        self.value[row] = -np.inf


def likeliest(few: Acquisition, whole: Acquisition, rows: Tensor, bounds: Bounds) -> int:
    """The best of rows (N, d): by a few draws as far as it takes by their bounds, the best of those by all draws."""
    fresh, worths, value = list[Index](), list[Array](), -np.inf
    order = np.argsort(-bounds.most, kind="stable")
    for start in range(0, len(order), BLOCK):
        own = order[start : start + BLOCK]
        own = own[bounds.value[own] > -np.inf]
        if not len(own) or value >= bounds.most[own[0]]:
            break
        worth = full(few, rows[own])
        bounds.judged(own, worth)
        fresh, worths, value = [*fresh, own], [*worths, worth], max(value, float(worth.max()))
    every, worth = np.concatenate(fresh), np.concatenate(worths)
    if few is whole:
        return int(every[worth.argmax()])
    last = every[np.argsort(-worth, kind="stable")[:FINALISTS]]
    return int(last[full(whole, rows[last]).argmax()])


def full(improvement: Acquisition, rows: Tensor) -> Array:
    """Log worth (r,) of rows (r, d), exact where every worth is rounding, elsewhere of those that are not."""
    value = improvement.value(rows)
    if float(value.max()) > SURELY_ABOVE_ROUNDING * improvement.scale:
        return np.asarray(value.clamp_min(TINY).log().numpy())
    with torch.no_grad():
        return torch.cat([improvement.log(part) for part in torch.split(rows, 1024)]).numpy()


def logarithms(best: Shortlist) -> Array:
    """(k,) of the rough worths."""
    return best.rough.copy() if best.logarithmic else np.log(np.maximum(best.rough, TINY))
