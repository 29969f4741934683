"""This file is what one suggestion looks at: the rows it learns from, and the part of the space of each place."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from optimizers import trust
from optimizers.base import Array, History, Space

Trust = Literal["auto", "always", "never"]
MANY_VARIABLES = 20
"""Above so many variables `auto` searches in trust regions."""
MANY_ROWS = 1000
"""Above so many finished rows too; the surrogates of a region learn from that many."""


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What is looked at."""

    history: History
    """What is learned from."""
    parts: tuple[Space, ...] = ()
    """Where each of the n candidates is looked for; () for the whole space."""
    restarts: bool = False
    """A new region starts, from uniform points."""
    notes: tuple[str, ...] = ()


def scope(space: Space, history: History, n: int, option: Trust, rng: np.random.Generator) -> Scope:
    """All of it, or the trust regions of n candidates with the rows nearest to them."""
    finished = int(history.finished.sum())
    long = 0 if option == "always" or space.d > MANY_VARIABLES else MANY_ROWS
    if option == "never" or finished <= long:
        return Scope(history)
    known = trust.record(history)
    state = trust.fold(space, known, long)
    if state.starting(finished, space.d):
        return Scope(history, (), True, (f"trust region {state.restarts + 1} starts from uniform points",))
    best = known.best(state.since, finished)
    centres = known.X[np.resize(rng.permutation(best), n)]
    parts = tuple(part(space, centre, state.length) for centre in centres)
    note = f"trust region {state.restarts + 1}: {state.length:g} of the space's width"
    return Scope(local(space, history, known, centres), parts, False, (note,))


def part(space: Space, centre: Array, length: float) -> Space:
    """The region around centre (d,); of a table its rows there."""
    if space.table is None:
        return trust.around(space, centre, length)
    return replace(space, table=space.table[trust.within(space, centre[None], length, space.table)])


def local(space: Space, history: History, known: trust.Record, centres: Array) -> History:
    """The history's best rows and those nearest to centres (n, d), failed ones too, MANY_ROWS of them at most."""
    if len(history.X) <= MANY_ROWS:
        return history
    width = np.where(space.upper > space.lower, space.upper - space.lower, 1.0)
    gaps = [(((history.X - centre) / width) ** 2).sum(1) for centre in np.unique(centres, axis=0)]
    distance = np.min(gaps, axis=0)
    distance[known.rows[known.best(0, len(known.rows))]] = -1.0
    nearest = np.sort(np.argsort(distance, kind="stable")[:MANY_ROWS])
    reference = history.reference
    if reference is None and history.Y.shape[1] > 1:
        from optimizers.incumbents import infer_reference

        reference = infer_reference(history)
    return replace(history.rows(nearest), reference=reference)
