"""This file is the forward half of the table of a finite block: which states can be reached, column by column."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizers.lattice import Index, Lattice

Levels = NDArray[np.int32]
_EXPANSION = 6_000_000


class TooIntricate(ValueError):
    """The table of a grid would not fit the memory allowed."""


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """The states after some columns."""

    done: tuple[int, ...]
    """Columns decided."""
    total: Index
    """(S,) sum of the open mixture, in its increments."""
    present: Index
    """(S,) members of the open mixture above zero, counted only as far as it matters."""
    sums: Index
    """(S, c) of each linear constraint."""

    def __len__(self) -> int:
        return len(self.total)


def begin(grid: Lattice) -> tuple[Tally, tuple[int, ...]]:
    """The one state before any choice, and the order of the columns: mixtures whole, constrained members first."""
    zero = np.zeros(1, dtype=np.int64)
    tied = [any(w.terms[c].any() for w in grid.weights) for c in range(len(grid.values))]
    order = [c for m in grid.mixtures for c in sorted(m.members, key=lambda c: not tied[c])]
    order += sorted(set(range(len(grid.values))) - set(order), key=lambda c: not tied[c])
    return Tally((), zero, zero, np.zeros((1, len(grid.weights)), dtype=np.int64)), tuple(order)


def extend(grid: Lattice, state: Tally, column: int) -> tuple[Index, Levels, Levels, Tally]:
    """Decide one more column: edges as origin, level and target (E,), sorted by origin, and the new states."""
    steps = grid.multiples[column]
    if len(state) * len(steps) * (2 + len(grid.weights)) > _EXPANSION:
        raise TooIntricate
    origin = np.repeat(np.arange(len(state)), len(steps))
    level = np.tile(np.arange(len(steps), dtype=np.int32), len(state))
    done = (*state.done, column)
    alive, total, present = _mixed(grid, state, column, done)
    sums = np.empty((len(level), len(grid.weights)), dtype=np.int64)
    for j in range(len(grid.weights)):
        sums[:, j], fits = _summed(grid, state.sums[:, j], j, column, done)
        alive &= fits
    keys = np.column_stack([total, present, sums])[alive]
    unique, target = _unique(keys)
    after = Tally(done, unique[:, 0], unique[:, 1], unique[:, 2:])
    return origin[alive], level[alive], target.astype(np.int32), after


def _mixed(grid: Lattice, state: Tally, column: int, done: tuple[int, ...]) -> tuple[NDArray[np.bool_], Index, Index]:
    """For each state and level: can the mixture still be finished, its sum and its number of members present."""
    steps = grid.multiples[column]
    mixture = next((m for m in grid.mixtures if column in m.members), None)
    if mixture is None:
        nothing = np.zeros(len(state) * len(steps), dtype=np.int64)
        return np.ones(len(nothing), dtype=bool), nothing, nothing
    rest = [grid.multiples[m] for m in mixture.members if m not in done]
    total = (state.total[:, None] + steps).ravel()
    assert mixture.divisions is not None
    missing = mixture.divisions - total
    alive = (missing >= sum(r.min() for r in rest)) & (missing <= sum(r.max() for r in rest))
    present = (state.present[:, None] + (steps > 0)).ravel()
    largest = len(mixture.members) if mixture.max_present is None else mixture.max_present
    alive &= present + sum(int(r.min() > 0) for r in rest) <= largest
    least = mixture.min_present if mixture.min_present > 1 else 0  # one is present for certain: the sum is not zero
    alive &= present + sum(int(r.max() > 0) for r in rest) >= least
    if not rest:
        return alive, np.zeros_like(total), np.zeros_like(present)
    if largest >= len(mixture.members):  # only the least number matters: do not count beyond it
        present = np.minimum(present, least)
    return alive, total, present


def _summed(grid: Lattice, sums: Index, j: int, column: int, done: tuple[int, ...]) -> tuple[Index, NDArray[np.bool_]]:
    """For each state and level: the sum of constraint j, and whether it can still hold."""
    weights = grid.weights[j]
    rest = [terms for c, terms in enumerate(weights.terms) if c not in done]
    total = (sums[:, None] + weights.terms[column]).ravel()
    fits = total + sum(int(terms.min()) for terms in rest) <= weights.bound
    certain = weights.bound - sum(int(terms.max()) for terms in rest)
    return np.maximum(total, certain), fits  # sums that no choice can break any more are one state


def _unique(keys: Index) -> tuple[Index, Index]:
    """Distinct rows of keys (E, q) and the number of each row among them (E,)."""
    if not len(keys):
        return keys, np.empty(0, dtype=np.int64)
    least = keys.min(0)
    width = [int(w) for w in keys.max(0) - least + 1]
    if np.prod([float(w) for w in width]) > 2.0**62:
        unique, target = np.unique(keys, axis=0, return_inverse=True)
        return unique, target.ravel()
    code = np.zeros(len(keys), dtype=np.int64)
    for q, w in enumerate(width):
        code = code * w + (keys[:, q] - least[q])
    _, first, target = np.unique(code, return_index=True, return_inverse=True)
    return keys[first], target
