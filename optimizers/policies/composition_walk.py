"""This file is a walk through compositions: an episode starts at a good one and moves increments between members.

A move takes one increment from a member and gives it to another, exchanges two members' fractions, or stays. Only moves
to points of the space are offered.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.spaces import region

Index = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """Episodes of `length` moves on a space that is one composition; a state (n, k) is fractions in increments."""

    space: Space
    divisions: int
    """Increments that make 1."""
    length: int
    """Moves of an episode."""
    starts: Array
    """(s, d) good compositions to start from."""

    @property
    def tokens(self) -> int:
        """Number of moves to choose from."""
        return len(moves(self.space.d))

    def begin(self, n: int, rng: np.random.Generator) -> Index:
        """The starts (n, k) of n episodes, by turns in random order."""
        turns = np.resize(rng.permutation(len(self.starts)), n)
        return increments(self.starts[turns], self.divisions)

    def context(self, state: Index) -> Array:
        """What a network is told of the start (n, k): the fractions."""
        return np.asarray(state / self.divisions)

    def options(self, t: int, state: Index, path: Index) -> Mask:
        """(n, tokens) the moves that lead to points of the space; staying is always one."""
        del t, path
        after = np.einsum("nk,akl->nal", state, moves(self.space.d)[:, 1:]) + moves(self.space.d)[:, 0]
        flat = after.reshape(-1, self.space.d)
        mask = region.contains(self.space, flat / self.divisions).reshape(len(state), -1)
        mask[:, 0] = True
        return np.asarray(mask)

    def step(self, t: int, state: Index, token: Index) -> Index:
        """The state (n, k) after these moves (n,)."""
        del t
        own = moves(self.space.d)[token]
        return np.asarray(np.einsum("nk,nkl->nl", state, own[:, 1:]) + own[:, 0])

    def rows(self, state: Index, path: Index, rng: np.random.Generator) -> Array:  # noqa: ARG002
        """(n, d) the compositions at the end."""
        return np.asarray(state / self.divisions)

    def replay(self, X: Array, rng: np.random.Generator) -> tuple[Index, Index, Index]:
        """Walks that end at X (n, d): paths (r, T), their starts (r, k), and whose they are (r,).

        From the nearest start, increments handed over in random order; none where that is too long or leaves the space.
        """
        ends, starts = increments(X, self.divisions), increments(self.starts, self.divisions)
        nearest = [starts[np.abs(starts - end).sum(1).argmin()] for end in ends]
        found = [self._between(start, end, rng) for start, end in zip(nearest, ends, strict=True)]
        whose = [i for i, path in enumerate(found) if path is not None]
        paths = np.array([found[i] for i in whose], dtype=np.int64)
        begun = np.array([nearest[i] for i in whose], dtype=np.int64)
        n = len(whose)
        return paths.reshape(n, self.length), begun.reshape(n, self.space.d), np.array(whose, dtype=np.int64)

    def _between(self, start: Index, end: Index, rng: np.random.Generator) -> list[int] | None:
        """The tokens from start (k,) to end (k,), or None."""
        gap = end - start
        givers = rng.permutation(np.repeat(np.arange(len(gap)), np.maximum(-gap, 0)))
        takers = rng.permutation(np.repeat(np.arange(len(gap)), np.maximum(gap, 0)))
        if len(givers) > self.length or len(givers) != len(takers):
            return None
        path: list[int] = []
        state, none = start[None], np.empty((1, 0), dtype=np.int64)
        for giver, taker in zip(givers, takers, strict=True):
            token = transfer(len(gap), int(giver), int(taker))
            if not self.options(len(path), state, none)[0, token]:
                return None
            path, state = [*path, token], self.step(len(path), state, np.array([token]))
        return path + [0] * (self.length - len(path))


def increments(X: Array, divisions: int) -> Index:
    """(n, k) the fractions X (n, k) as whole increments of the same sum, by largest remainders."""
    scaled = X * divisions
    whole = np.floor(scaled + 1e-9).astype(np.int64)
    order = np.argsort(-(scaled - whole), axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    return np.asarray(whole + (rank < (divisions - whole.sum(1))[:, None]))


def transfer(k: int, giver: int, taker: int) -> int:
    """The token of one increment from a member to another."""
    return 1 + giver * (k - 1) + taker - (taker > giver)


@lru_cache(maxsize=16)
def moves(k: int) -> Index:
    """(a, 1 + k, k) each move as what is added (k,) and, after it, what the state is multiplied by (k, k)."""
    unit = np.eye(k, dtype=np.int64)
    pairs = [(i, j) for i in range(k) for j in range(k) if i != j]
    listed = [np.vstack([np.zeros((1, k), dtype=np.int64), unit])]
    listed += [np.vstack([unit[j] - unit[i], unit]) for i, j in pairs]
    for i, j in pairs:
        if i < j:
            swapped = unit.copy()
            swapped[[i, j]] = unit[[j, i]]
            listed.append(np.vstack([np.zeros((1, k), dtype=np.int64), swapped]))
    return np.stack(listed)


def one_composition(space: Space) -> bool:
    """Is every variable of the space a member of one mixture?"""
    return space.table is None and [len(mixture.members) for mixture in space.mixtures] == [space.d]
