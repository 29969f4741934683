"""This file is the exact table of a finite block: every point counted, unranked, enumerated or sampled uniformly.

Columns are decided one after another. A state is what the columns so far add up to: the sum of the open mixture, the
number of its members present, and the sum of each linear constraint, all integers. The number of ways to finish from
each state is counted backwards, so that point number r is found by walking forwards (unranking). The first half of the
file finds the states that can be reached, column by column; the second counts, and answers from the counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.spaces.lattice import Index, Lattice, TooIntricate, lattice

Levels = NDArray[np.int32]
Counts = NDArray[np.int64] | NDArray[np.object_]
"""Numbers of points; Python integers where 64 bits are too few."""
_EXPANSION = 6_000_000
"""Numbers that deciding one column may take, at most: beyond, the grid is too intricate."""
_EDGES = 5_000_000
"""Choices in a whole table, at most."""
_INT64 = 2.0**62
"""Counts above are Python integers."""


@dataclass(frozen=True, slots=True, eq=False)
class States:
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


def begin(grid: Lattice) -> tuple[States, tuple[int, ...]]:
    """The one state before any choice, and the order of the columns: mixtures whole, constrained members first."""
    zero = np.zeros(1, dtype=np.int64)
    tied = [any(w.terms[c].any() for w in grid.weights) for c in range(len(grid.values))]
    order = [c for m in grid.mixtures for c in sorted(m.members, key=lambda c: not tied[c])]
    order += sorted(set(range(len(grid.values))) - set(order), key=lambda c: not tied[c])
    return States((), zero, zero, np.zeros((1, len(grid.weights)), dtype=np.int64)), tuple(order)


def extend(grid: Lattice, state: States, column: int) -> tuple[Index, Levels, Levels, States]:
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
    after = States(done, unique[:, 0], unique[:, 1], unique[:, 2:])
    return origin[alive], level[alive], target.astype(np.int32), after


def _mixed(grid: Lattice, state: States, column: int, done: tuple[int, ...]) -> tuple[NDArray[np.bool_], Index, Index]:
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


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """The choices of one column: state s has the edges start[s]:start[s + 1]."""

    column: int
    start: Index
    """(S + 1,)"""
    level: Levels
    """(E,) index into the column's levels."""
    target: Levels
    """(E,) state after the choice."""
    before: Counts
    """(E,) points of the same state that come before this edge's."""
    ways: Counts
    """(S,) points of each state."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """All points of a finite block, in a fixed order."""

    lattice: Lattice
    stages: tuple[Stage, ...]
    total: int
    """Number of points; of a superset when `exact` is False."""

    @property
    def exact(self) -> bool:
        """False when the table holds a superset, whose points need a check against the linear constraints."""
        return self.lattice.exact


@lru_cache(maxsize=32)
def table(space: Space) -> Table:
    """The table of a finite space, as fine as memory allows; cached by space."""
    for buckets in (None, 2048, 256, 32, 1):
        try:
            return build(lattice(space, buckets))
        except TooIntricate:
            continue
    raise ValueError(f"the grid over {', '.join(space.names)} is too fine to be counted: take larger steps")


def build(grid: Lattice) -> Table:
    """Forward over the reachable states, then backward over the number of ways; TooIntricate beyond the memory."""
    if not all(len(values) for values in grid.values):
        return Table(grid, (), 0)
    state, order = begin(grid)
    raw: list[tuple[int, Index, Levels, Levels]] = []
    edges = 0
    for column in order:
        origin, level, target, following = extend(grid, state, column)
        edges += len(level)
        if edges > _EDGES:
            raise TooIntricate
        start = np.searchsorted(origin, np.arange(len(state) + 1))
        raw.append((column, start, level, target))
        state = following
    ways: Counts = np.ones(len(state), dtype=np.int64)
    stages: list[Stage] = []
    for column, start, level, target in reversed(raw):
        stage, ways = _counted(column, start, level, target, ways)
        stages.append(stage)
    return Table(grid, tuple(reversed(stages)), int(ways[0]) if len(ways) else 0)


def _counted(column: int, start: Index, level: Levels, target: Levels, ways: Counts) -> tuple[Stage, Counts]:
    """A stage without its dead ends, states renumbered by the caller's arrays; and the ways of its own states."""
    alive = ways[target] > 0
    kept = np.concatenate([[0], np.cumsum(alive)])
    start, level, target = kept[start], level[alive], target[alive]
    each = ways[target]
    if ways.dtype != object and len(each) and _largest(each, start) > _INT64:
        each = each.astype(object)
    running = np.concatenate([np.zeros(1, dtype=each.dtype), np.cumsum(each)])
    own = running[start[1:]] - running[start[:-1]]  # int64 may wrap in the running sum; differences do not
    before = running[:-1] - np.repeat(running[start[:-1]], np.diff(start))
    return Stage(column, start, level, target, before, own), own


def _largest(each: Counts, start: Index) -> float:
    running = np.concatenate([[0.0], np.cumsum(each.astype(float))])
    return float(max((running[start[1:]] - running[start[:-1]]).max(), each.astype(float).max()))


def unrank(table: Table, ranks: Counts) -> Levels:
    """Point number r (0 <= r < total) for each of ranks (n,) -> the level of each column (n, d)."""
    out = np.empty((len(ranks), len(table.stages)), dtype=np.int32)
    state = np.zeros(len(ranks), dtype=np.int64)
    for stage in table.stages:
        edge = _edge(stage, state, ranks)
        ranks = ranks - stage.before[edge]
        out[:, stage.column] = stage.level[edge]
        state = stage.target[edge].astype(np.int64)
    return out


def through(table: Table, U: Array) -> Levels:
    """Unit cube (n, d) -> levels (n, d), each column by its conditional distribution: uniform to uniform."""
    out = np.empty(U.shape, dtype=np.int32)
    state = np.zeros(len(U), dtype=np.int64)
    for i, stage in enumerate(table.stages):
        ways = stage.ways[state]
        share = (U[:, i] * ways.astype(float)).astype(np.int64 if ways.dtype != object else object)
        edge = _edge(stage, state, np.minimum(share, ways - 1))
        out[:, stage.column] = stage.level[edge]
        state = stage.target[edge].astype(np.int64)
    return out


def _edge(stage: Stage, state: Index, ranks: Counts) -> Index:
    """The last edge of each state (n,) whose `before` is not above the rank (n,): bisection on all rows at once."""
    low, high = stage.start[state], stage.start[state + 1] - 1
    while (low < high).any():
        middle = (low + high + 1) // 2
        right = (stage.before[middle] <= ranks).astype(bool)
        low, high = np.where(right, middle, low), np.where(right, high, middle - 1)
    return low


def random_ranks(total: int, n: int, rng: np.random.Generator) -> Counts:
    """(n,) uniform ranks below `total`, of any size."""
    if total <= _INT64:
        return rng.integers(0, total, size=n)
    size = total.bit_length() // 8 + 17  # 128 bits to spare: the bias of the remainder is below 2^-128
    return np.array([int.from_bytes(rng.bytes(size), "little") % total for _ in range(n)], dtype=object)


def chunks(table: Table, size: int = 100_000) -> Iterator[Levels]:
    """All points in order of rank, as levels (<= size, d)."""
    blank = np.empty((1, len(table.stages)), dtype=np.int32)
    if table.total:
        yield from _walk(table, 0, np.zeros(1, dtype=np.int64), blank, size)


def _walk(table: Table, depth: int, state: Index, paths: Levels, size: int) -> Iterator[Levels]:
    """Finish these paths: all at once when they are few enough, else in halves or one column further."""
    if depth == len(table.stages):
        yield paths
        return
    stage = table.stages[depth]
    if len(state) > 1 and stage.ways[state].astype(float).sum() > size:
        half = len(state) // 2
        yield from _walk(table, depth, state[:half], paths[:half], size)
        yield from _walk(table, depth, state[half:], paths[half:], size)
        return
    number = stage.start[state + 1] - stage.start[state]
    first = np.repeat(stage.start[state] - np.concatenate([[0], np.cumsum(number)[:-1]]), number)
    edge = first + np.arange(number.sum())
    paths = np.repeat(paths, number, axis=0)
    paths[:, stage.column] = stage.level[edge]
    yield from _walk(table, depth + 1, stage.target[edge].astype(np.int64), paths, size)


def values(table: Table, levels: Levels) -> Array:
    """Levels (n, d) -> natural units (n, d)."""
    out = np.empty(levels.shape)
    for column, value in enumerate(table.lattice.values):
        out[:, column] = value[levels[:, column]]
    return out


def nearest(table: Table, costs: list[Array]) -> Levels:
    """The point of least total cost, costs[column] (n, L) -> levels (n, d); exact, by dynamic programming."""
    n = len(costs[0])
    ahead = [np.zeros((n, 1))]
    for stage in reversed(table.stages):
        width = int(stage.target.max()) + 1 if len(stage.target) else 1
        following = ahead[-1] if ahead[-1].shape[1] >= width else np.broadcast_to(ahead[-1], (n, width))
        edge = costs[stage.column][:, stage.level] + following[:, stage.target]
        here = np.full((n, len(stage.ways)), np.inf)
        busy = np.flatnonzero(np.diff(stage.start))
        here[:, busy] = np.minimum.reduceat(edge, stage.start[busy], axis=1)
        ahead.append(here)
    return _followed(table, costs, ahead[::-1][1:])


def _followed(table: Table, costs: list[Array], ahead: list[Array]) -> Levels:
    """Walk forward along the cheapest edges; ahead[i] (n, S) is the least cost after stage i."""
    n = len(costs[0])
    out = np.empty((n, len(table.stages)), dtype=np.int32)
    for row in range(n):
        state = 0
        for stage, rest in zip(table.stages, ahead, strict=True):
            own = slice(stage.start[state], stage.start[state + 1])
            after = rest[row, stage.target[own]] if rest.shape[1] > 1 else rest[row, 0]
            edge = own.start + int(np.argmin(costs[stage.column][row, stage.level[own]] + after))
            out[row, stage.column], state = stage.level[edge], int(stage.target[edge])
    return out
