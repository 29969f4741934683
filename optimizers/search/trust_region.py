"""This file is where a long or high-dimensional search may look, and the rows it learns from: trust regions.

Trust regions as in TuRBO (Eriksson et al. 2019, doi 10.48550/arXiv.1910.01739, section 2 and appendix): a box around
the best point doubles after SUCCESSES batches in a row that improve, halves after as many failures as the space has
variables over the batch size, and when it has become too small a new one starts elsewhere. For several objectives it
stands around the point that is best in a direction, another one for each place of a batch (the many regions of MORBO,
Daulton et al. 2022, doi 10.48550/arXiv.2109.10964, under one length); under constraints infeasible points rank by
violation behind all feasible ones (SCBO, Eriksson and Poloczek 2021, doi 10.48550/arXiv.2002.08526). The state of the
region is folded from the history; nothing is kept between suggestions.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.acquisition.scalarization import rays
from eutectic.optimizers.base import Array, History, Space
from eutectic.optimizers.pareto import infer_reference
from eutectic.optimizers.spaces.scale import slack, widths

Index = NDArray[np.int64]
FIRST, LEAST, MOST = 0.8, 0.5**7, 1.6
"""Side of the region, in widths of the space: at first, below which it starts anew, and at most."""
SUCCESSES = 3
"""Improving batches in a row after which it doubles."""
FRESH = 2
"""Uniform points a variable from which a new region starts."""
GAIN = 1e-3
"""An improvement counts from this share of the way from the median point to the best."""
MANY_VARIABLES = 20
"""Above so many variables `auto` searches in trust regions."""
MANY_ROWS = 1000
"""Above so many finished rows too; the surrogates of a region learn from that many."""
TrustOption = Literal["auto", "always", "never"]
"""When a search is held to trust regions."""


@dataclass(frozen=True, slots=True)
class TrustRegion:
    """Where the fold stands."""

    length: float = FIRST
    """Side of the region, in widths of the space."""
    successes: int = 0
    """Improving batches in a row."""
    failures: int = 0
    """Others in a row."""
    restarts: int = 0
    """Regions that became too small."""
    since: int = 0
    """Rows of the ordered history before it belong to earlier regions."""

    def after(self, success: bool, patience: int) -> "TrustRegion":
        """The state after one batch; `patience` failures halve the region."""
        successes, failures = (self.successes + 1, 0) if success else (0, self.failures + 1)
        if successes == SUCCESSES:
            return replace(self, length=min(2 * self.length, MOST), successes=0, failures=0)
        if failures == patience:
            return replace(self, length=self.length / 2, successes=0, failures=0)
        return replace(self, successes=successes, failures=failures)

    def starting(self, rows: int, d: int) -> bool:
        """Whether of `rows` finished rows too few belong to a region that started anew in d variables."""
        return self.restarts > 0 and rows - self.since < FRESH * d


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """The finished rows of a history in the order of their batches."""

    rows: Index
    """(k,) rows of the history."""
    X: Array
    """(k, d)."""
    batch: NDArray[np.int64]
    """(k,) batch of each, ascending."""
    scores: Array
    """(k, w) merit in each of w directions, larger is better."""

    def best(self, start: int, stop: int) -> Index:
        """(w,) place of the best row in each direction, of places start to stop."""
        found: Index = start + self.scores[start:stop].argmax(0)
        return found


def record(history: History) -> Record:
    """The finished rows in order; directions are those of the hypervolume (`acquisition/scalarization.py`)."""
    rows = np.flatnonzero(history.finished)
    rows = rows[np.argsort(history.round[rows], kind="stable")]
    return Record(rows, history.X[rows], history.round[rows], scores(history, rows))


def scores(history: History, rows: Index) -> Array:
    """Merit (k, w) of rows (k,): least distance to the reference over a direction; infeasible ones below all."""
    Y, excess = history.Y[rows], np.maximum(history.C[rows], 0)
    if not len(rows):
        return np.empty((0, 1))
    worst = Y.max(0) if history.reference is None else history.reference
    span = np.where(worst > Y.min(0), worst - Y.min(0), 1.0)
    w = rays(Y.shape[1]).numpy() if Y.shape[1] > 1 else np.ones((1, 1))
    merit: Array = (((worst - Y) / span)[:, None, :] / w).min(-1)
    spread = np.where(excess.max(0) > 0, excess.max(0), 1.0)
    violation = (excess / spread).sum(1, keepdims=True)
    return np.where(violation > 0, merit.min() - violation, merit)


def fold(space: Space, known: Record, long: int) -> TrustRegion:
    """The state after all batches that were asked for with more than `long` rows at hand, from inside the region.

    Other batches (a start design, another optimizer's) show points but tell nothing about the region.
    """
    state = TrustRegion()
    edges = [*(np.flatnonzero(np.diff(known.batch)) + 1), len(known.rows)]
    for start, stop in pairwise(edges):
        if start <= long or state.starting(int(start), space.d):
            continue
        places = known.best(state.since, start)
        new = known.X[start:stop]
        if not within(space, known.X[np.unique(places)], state.length, new).any():
            continue
        before, now = known.scores[state.since : start], known.scores[start:stop]
        top = before.max(0)
        gain = np.maximum(now.max(0) - top, 0).mean()
        success = bool(gain > GAIN * (top - np.median(before, axis=0)).mean())
        state = state.after(success, ceil(max(4, space.d) / len(new)))
        if state.length < LEAST:
            state = TrustRegion(restarts=state.restarts + 1, since=int(stop))
    return state


def within(space: Space, centres: Array, length: float, X: Array) -> NDArray[np.bool_]:
    """(n,) True for rows of X (n, d) in the box of that side around any of centres (k, d)."""
    half = reach(space, length)
    near = np.all(np.abs(X[:, None, :] - centres) <= half + slack(space), axis=-1)
    return np.asarray(np.any(near, axis=1))


def reach(space: Space, length: float) -> Array:
    """Half the side (d,) of a region, natural units: at least one step; categories are not held."""
    half = 0.5 * length * (space.upper - space.lower)
    for j, kind in enumerate(space.kinds):
        step = space.steps[j] if space.steps else None
        grain = 1.0 if kind == "integer" else 0.0 if step is None else step
        half[j] = np.inf if kind == "categorical" else max(half[j], grain)
    for mixture in space.mixtures:
        members = list(mixture.members)
        absent = np.where(mixture.or_zero, np.minimum(space.lower[members], 0), space.lower[members])
        half[members] = 0.5 * length * (space.upper[members] - absent)
        if mixture.divisions is not None:
            half[members] = np.maximum(half[members], 1 / mixture.divisions)
    return half


def around(space: Space, centre: Array, length: float) -> Space:
    """The part of a space (not a table) in the box of that side around one of its points, centre (d,)."""
    half = reach(space, length)
    lower, upper = np.maximum(space.lower, centre - half), np.minimum(space.upper, centre + half)
    for j in range(space.d):
        step = space.steps[j] if space.steps else None
        grain = 1.0 if space.kinds[j] == "integer" else step
        if grain is not None:
            # a millionth of a step above, so that rounding does not cost the last one
            lower[j] = space.lower[j] + grain * np.ceil((lower[j] - space.lower[j]) / grain - 1e-9)
            upper[j] = space.lower[j] + grain * (np.floor((upper[j] - space.lower[j]) / grain + 1e-9) + 1e-6)
    mixtures = []
    for mixture in space.mixtures:
        members = np.array(mixture.members)
        keeps = np.array(mixture.or_zero) & (centre[members] - half[members] <= 1e-12)
        gone = upper[members] < space.lower[members]
        lower[members] = np.where(gone, 0.0, np.where(keeps, space.lower[members], lower[members]))
        upper[members] = np.where(gone, 0.0, upper[members])
        mixtures.append(replace(mixture, or_zero=tuple(map(bool, keeps))))
    return replace(space, lower=lower, upper=upper, mixtures=tuple(mixtures))


@dataclass(frozen=True, slots=True, eq=False)
class SearchRegion:
    """What one suggestion looks at."""

    history: History
    """What is learned from."""
    parts: tuple[Space, ...] = ()
    """Where each of the n candidates is looked for; () for the whole space."""
    restarts: bool = False
    """A new region starts, from uniform points."""
    notes: tuple[str, ...] = ()


def search_region(
    space: Space, history: History, n: int, option: TrustOption, rng: np.random.Generator
) -> SearchRegion:
    """All of it, or the trust regions of n candidates with the rows nearest to them."""
    finished = int(history.finished.sum())
    long = 0 if option == "always" or space.d > MANY_VARIABLES else MANY_ROWS
    if option == "never" or finished <= long:
        return SearchRegion(history)
    known = record(history)
    state = fold(space, known, long)
    if state.starting(finished, space.d):
        return SearchRegion(history, (), True, (f"trust region {state.restarts + 1} starts from uniform points",))
    best = known.best(state.since, finished)
    centres = known.X[np.resize(rng.permutation(best), n)]
    parts = tuple(part(space, centre, state.length) for centre in centres)
    note = f"trust region {state.restarts + 1}: {state.length:g} of the space's width"
    return SearchRegion(local(space, history, known, centres), parts, False, (note,))


def part(space: Space, centre: Array, length: float) -> Space:
    """The region around centre (d,); of a table its rows there."""
    if space.table is None:
        return around(space, centre, length)
    return replace(space, table=space.table[within(space, centre[None], length, space.table)])


def local(space: Space, history: History, known: Record, centres: Array) -> History:
    """The history's best rows and those nearest to centres (n, d), failed ones too, MANY_ROWS of them at most."""
    if len(history.X) <= MANY_ROWS:
        return history
    width = widths(space)
    gaps = [(((history.X - centre) / width) ** 2).sum(1) for centre in np.unique(centres, axis=0)]
    distance = np.min(gaps, axis=0)
    distance[known.rows[known.best(0, len(known.rows))]] = -1.0
    nearest = np.sort(np.argsort(distance, kind="stable")[:MANY_ROWS])
    reference = history.reference
    if reference is None and history.Y.shape[1] > 1:
        reference = infer_reference(history)
    return replace(history.rows(nearest), reference=reference)
