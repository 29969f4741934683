"""This file is a space as decisions: a point is built variable by variable, and what cannot be finished is not offered.

A finite block is walked through its table (`spaces/grid.py`), so that bounds, steps, sums to one, numbers of members
and linear constraints hold by construction; a pool through the tree of its rows. A continuous variable is first one of
a number of levels, then anything up to half a level beside it; a continuous mixture likewise with an increment.
Variables that take the same values share their tokens: a choice is a token, a number that means the same in each.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Mixture, Space
from eutectic.optimizers.spaces import grid, region
from eutectic.optimizers.spaces.activity import Core, core, plain
from eutectic.optimizers.spaces.blocks import split, stepped

Index = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """One variable to decide; state s of its block has the choices start[s]:start[s + 1]."""

    column: int
    values: Array
    """(L,) what it can be, ascending."""
    start: Index
    """(S + 1,)"""
    level: Index
    """(E,) place of each choice among the values."""
    target: Index
    """(E,) state after the choice."""
    block: int
    """Variables that no constraint ties together are blocks, each with a state of its own."""
    token: int
    """Token of values[0]; the others follow."""


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """All decisions in their order; an episode is a path (T,) of tokens, a state (n, blocks)."""

    space: Space
    decisions: tuple[Decision, ...]
    tokens: int
    """Number of tokens."""
    leaves: tuple[Index, ...] | None = None
    """Rows of the table at each last state, for a pool."""
    codes: Index | None = None
    """(N, T) path of each row of the table, for a pool."""
    blind: bool = False
    """With True, known constraints are not looked ahead for."""

    @property
    def length(self) -> int:
        """Decisions of an episode."""
        return len(self.decisions)

    def begin(self, n: int, rng: np.random.Generator) -> Index:  # noqa: ARG002 (all episodes begin alike)
        """The states (n, blocks) before the first decision."""
        return np.zeros((n, 1 + max(decision.block for decision in self.decisions)), dtype=np.int64)

    def context(self, state: Index) -> Array:
        """What a network is told of the start (n, 0)."""
        return np.empty((len(state), 0))

    def options(self, t: int, state: Index, path: Index) -> Mask:
        """(n, tokens) what decision t can be; at the last one, only what known constraints allow, if anything.

        path (n, t): tokens so far.
        """
        decision = self.decisions[t]
        mask = np.zeros((len(state), self.tokens), dtype=bool)
        own = self._following(t, state) >= 0
        if t == self.length - 1 and self.space.known is not None and not self.blind and self.leaves is None:
            allowed = self._allowed(own, path)
            own = np.where(allowed.any(1, keepdims=True), allowed, own)
        mask[:, decision.token : decision.token + len(decision.values)] = own
        return mask

    def step(self, t: int, state: Index, token: Index) -> Index:
        """The states (n, blocks) after decision t was a token (n,)."""
        decision, after = self.decisions[t], state.copy()
        after[:, decision.block] = self._following(t, state)[np.arange(len(state)), token - decision.token]
        return after

    def rows(self, state: Index, path: Index, rng: np.random.Generator) -> Array:
        """(n, d) a point for each finished path (n, T), continuous variables spread about their levels."""
        if self.leaves is not None:
            assert self.space.table is not None
            return np.array(self.space.table[[int(rng.choice(self.leaves[s])) for s in state[:, 0]]])
        X = self._centres(path)
        spread = scattered(self.space, X, self.decisions, rng)
        inside = region.contains(self.space, spread)
        return np.where(inside[:, None], spread, X)

    def replay(self, X: Array, rng: np.random.Generator) -> tuple[Index, Index, Index]:
        """The paths (n, T) nearest to points X (n, d), the states they begin in and whose they are (n,)."""
        everyone, start = np.arange(len(X)), self.begin(len(X), rng)
        if self.codes is not None:
            assert self.space.table is not None
            width = np.where(self.space.upper > self.space.lower, self.space.upper - self.space.lower, 1.0)
            rows = [int((((self.space.table - x) / width) ** 2).sum(1).argmin()) for x in X]
            return self.codes[rows].reshape(len(X), self.length), start, everyone
        state, carry = start, np.zeros(start.shape)
        path = np.empty((len(X), self.length), dtype=np.int64)
        for t, decision in enumerate(self.decisions):
            following = self._following(t, state)
            mixed = any(decision.column in mixture.members for mixture in self.space.mixtures)
            wanted = X[:, decision.column] + carry[:, decision.block] * mixed
            gap = np.where(following >= 0, np.abs(decision.values - wanted[:, None]), np.inf)
            level = gap.argmin(1)
            carry[:, decision.block] = wanted - decision.values[level]  # what rounding took, the next member may have
            path[:, t] = decision.token + level
            state = self.step(t, state, path[:, t])
        return path, start, everyone

    def _following(self, t: int, state: Index) -> Index:
        """(n, L) state after each choice of decision t, -1 where it is none."""
        decision = self.decisions[t]
        state = state[:, decision.block]
        number = decision.start[state + 1] - decision.start[state]
        row = np.repeat(np.arange(len(state)), number)
        edge = np.arange(number.sum()) + np.repeat(decision.start[state] - (np.cumsum(number) - number), number)
        following = np.full((len(state), len(decision.values)), -1, dtype=np.int64)
        following[row, decision.level[edge]] = decision.target[edge]
        return following

    def _allowed(self, own: Mask, path: Index) -> Mask:
        """(n, L) the last choices that end in the region."""
        row, level = own.nonzero()
        ends = np.column_stack([path[row], self.decisions[-1].token + level])
        allowed = np.zeros_like(own)
        allowed[row, level] = region.contains(self.space, self._centres(ends))
        return allowed

    def _centres(self, path: Index) -> Array:
        """(n, d) the levels chosen by paths (n, T)."""
        X = np.empty((len(path), self.space.d))
        for t, decision in enumerate(self.decisions):
            X[:, decision.column] = decision.values[path[:, t] - decision.token]
        return X


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """The decisions of a space's free columns; points are whole rows."""

    core: Core
    tree: Tree

    @property
    def length(self) -> int:
        """Decisions of an episode."""
        return self.tree.length

    @property
    def tokens(self) -> int:
        """Number of tokens."""
        return self.tree.tokens

    def begin(self, n: int, rng: np.random.Generator) -> Index:
        """The states (n, blocks) before the first decision."""
        return self.tree.begin(n, rng)

    def context(self, state: Index) -> Array:
        """What a network is told of the start (n, 0)."""
        return self.tree.context(state)

    def options(self, t: int, state: Index, path: Index) -> Mask:
        """(n, tokens) what decision t can be; path (n, t): tokens so far."""
        return self.tree.options(t, state, path)

    def step(self, t: int, state: Index, token: Index) -> Index:
        """The states (n, blocks) after decision t was a token (n,)."""
        return self.tree.step(t, state, token)

    def rows(self, state: Index, path: Index, rng: np.random.Generator) -> Array:
        """(n, d) a point for each finished path (n, T)."""
        return self.core.rows(self.tree.rows(state, path, rng))

    def replay(self, X: Array, rng: np.random.Generator) -> tuple[Index, Index, Index]:
        """The paths (n, T) nearest to points X (n, d), the states they begin in and whose they are (n,)."""
        return self.tree.replay(X[:, self.core.columns], rng)


@lru_cache(maxsize=16)
def tree(space: Space, levels: int, increment: float, blind: bool) -> Tree | Whole:
    """The decisions of a space; ValueError when its grid is too fine to be counted or too coarse to have a point."""
    if not plain(space):
        inner = tree(core(space).space, levels, increment, blind)
        assert isinstance(inner, Tree)
        return Whole(core(space), inner)
    if space.table is not None:
        return _of_rows(space, space.table, levels)
    coarse = gridded(space, levels, increment)
    raw: list[Decision] = []
    for number, block in enumerate(split(coarse)):
        table = grid.table(block.space)
        for stage in table.stages:
            values = table.lattice.values[stage.column]
            column, arrays = int(block.columns[stage.column]), (stage.start, stage.level, stage.target)
            start, level, target = (np.asarray(a, dtype=np.int64) for a in arrays)
            raw.append(Decision(column, values, start, level, target, number, 0))
    decisions, tokens = _shared(space, by_column(raw))
    return Tree(space, decisions, tokens, blind=blind)


def by_column(raw: Sequence[Decision]) -> list[Decision]:
    """Decisions in the order of the columns, as far as each block's own order, which is kept, allows."""
    latest: dict[int, int] = {}
    keys = []
    for decision in raw:
        latest[decision.block] = max(decision.column, latest.get(decision.block, 0))
        keys.append(latest[decision.block])
    return [raw[i] for i in np.argsort(keys, kind="stable")]


def _shared(space: Space, raw: Sequence[Decision]) -> tuple[tuple[Decision, ...], int]:
    """The decisions with their tokens, and the number of tokens."""
    known: dict[tuple[object, ...], int] = {}
    decisions, tokens = [], 0
    for decision in raw:
        labels = space.categories[decision.column] if space.categories else ()
        key = (space.kinds[decision.column], labels, decision.values.tobytes())
        if key not in known:
            known[key], tokens = tokens, tokens + len(decision.values)
        decisions.append(replace(decision, token=known[key]))
    return tuple(decisions), tokens


@lru_cache(maxsize=16)
def gridded(space: Space, levels: int, increment: float) -> Space:
    """The space with every continuous variable in `levels` steps and every continuous mixture in increments.

    The increment is halved, at most four times, until the bounds leave a point; ValueError when they do not.
    """
    width = (space.upper - space.lower) / (levels - 1) * (1 - 1e-9)  # the last level must not fall off by rounding
    steps = [
        own if finite or kind == "fraction" else float(w) or 1.0
        for own, finite, kind, w in zip(
            space.steps or (None,) * space.d, stepped(space), space.kinds, width, strict=True
        )
    ]
    for halving in range(5):
        divisions = round(2**halving / increment)
        mixtures = tuple(m if m.divisions else replace(m, divisions=divisions) for m in space.mixtures)
        coarse = replace(space, steps=tuple(steps), mixtures=mixtures, known=None)
        if all(grid.table(block.space).total for block in split(coarse)):
            return coarse
    raise ValueError(f"no point of the space has fractions in multiples of {increment / 16:g}; give a finer increment")


def scattered(space: Space, X: Array, decisions: Sequence[Decision], rng: np.random.Generator) -> Array:
    """X (n, d) with continuous variables moved by up to half a level, members of a mixture against each other."""
    finite, out = stepped(space), X.copy()
    for decision in decisions:
        column = decision.column
        if not finite[column] and space.kinds[column] != "fraction" and len(decision.values) > 1:
            half = (decision.values[1] - decision.values[0]) / 2
            moved = out[:, column] + rng.uniform(-half, half, len(X))
            out[:, column] = np.clip(moved, space.lower[column], space.upper[column])
    for mixture in space.mixtures:
        if mixture.divisions is None:
            own = list(mixture.members)
            level = next(d.values for d in decisions if d.column in own and len(d.values) > 1)
            half = float(np.diff(level).min()) / 2
            out[:, own] = _mixed(out[:, own], mixture, half, rng)
    return out


def _mixed(x: Array, mixture: Mixture, half: float, rng: np.random.Generator) -> Array:
    """Fractions x (n, k), those present moved by up to `half` and still of the same sum."""
    assert len(mixture.members) == x.shape[1]
    present = x > 1e-9
    noise = np.where(present, rng.uniform(-half, half, x.shape), 0.0)
    noise -= np.where(present, noise.sum(1, keepdims=True) / present.sum(1, keepdims=True), 0.0)
    return np.asarray(x + noise)


def _of_rows(space: Space, table: Array, levels: int) -> Tree:
    """The tree of a pool's rows (N, d): numbers with many values in bins of equal size."""
    raw: list[Decision] = []
    codes = np.empty(table.shape, dtype=np.int64)
    node = np.zeros(len(table), dtype=np.int64)
    for column in range(space.d):
        values, code = _binned(table[:, column], levels)
        codes[:, column] = code
        edges, after = np.unique(node * len(values) + code, return_inverse=True)
        origin = edges // len(values)
        start = np.searchsorted(origin, np.arange(node.max() + 2))
        raw.append(Decision(column, values, start, edges % len(values), np.arange(len(edges)), 0, 0))
        node = after.ravel()
    decisions, tokens = _shared(space, raw)
    leaves = np.split(np.argsort(node, kind="stable"), np.cumsum(np.bincount(node))[:-1])
    return Tree(space, decisions, tokens, tuple(leaves), codes + np.array([d.token for d in decisions]))


def _binned(x: Array, levels: int) -> tuple[Array, Index]:
    """The values (L,), or the medians of `levels` bins, and the place of each x (N,) among them."""
    values, code = np.unique(x, return_inverse=True)
    if len(values) <= levels:
        return values, code
    bins = np.searchsorted(np.quantile(x, np.linspace(0, 1, levels + 1)[1:-1]), x, side="right")
    used, code = np.unique(bins, return_inverse=True)
    return np.array([float(np.median(x[bins == b])) for b in used]), code
