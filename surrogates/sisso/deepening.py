"""This file is the search beyond SISSO's rungs: low features are put into every place of the best formulas so far.

Rungs combine whole features, so a deep formula is found only if its parts are good by themselves. Here the best
formulas of every complexity are kept (a beam), and in each of them every subexpression a is replaced by an operator on
a, by an operator on a and a low feature b, or by b, under the same checks of units, range and complexity.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from eutectic.surrogates.base import Array
from eutectic.surrogates.sisso.features import Bank, Grammar, Ints, Rank, Tree, expansions, usable
from eutectic.surrogates.sisso.operators import BINARY, EXPONENTIALS, UNARY, divisors, exponents

Keys = Callable[[Array], list[bytes]]
"""Values (k, n) -> one key a row, equal for features that are one."""


class Best:
    """The best different features of each complexity among all that were offered."""

    def __init__(self, count: int, grammar: Grammar, rank: Rank, keys: Keys) -> None:
        self.count, self.grammar, self.rank, self.keys = count, grammar, rank, keys
        self.floor = np.full(grammar.max_complexity + 1, -np.inf)
        self.found: dict[bytes, tuple[float, int, int, str, Tree]] = {}
        self.seen: dict[int, int] = {}

    def offer(self, values: Array, cost: Ints, tree: Callable[[int], Tree]) -> None:
        """Keep those of features (k, n) with so many operators (k,) that are good enough; `tree(i)` makes feature i."""
        good = self._new(values, cost)
        good = good[usable(values[good], self.grammar.max_magnitude)]
        scores = np.round(self.rank(values[good]), 10)
        better = scores > self.floor[cost[good]]
        good, scores = good[better], scores[better]
        if not len(good):
            return
        for i, score, key in zip(good.tolist(), scores.tolist(), self.keys(values[good]), strict=True):
            made, short = tree(i), blake2b(key, digest_size=16).digest()
            item = (-score, int(cost[i]), len(made.key), made.key, made)
            if short not in self.found or item[1:4] < self.found[short][1:4]:
                self.found[short] = item
        if len(self.found) > 4 * self.count * len(self.floor):
            self.trim()

    def _new(self, values: Array, cost: Ints) -> Ints:
        """Indices of the features (k, n) that were not offered before as simply; the sign does not count.

        Features are told apart by eleven digits of one projection, so that the many spellings of one are scored once.
        """
        if len(self.seen) > self.grammar.block // 4:  # an entry takes about as much memory as ten numbers
            self.seen.clear()
        with np.errstate(all="ignore"):
            projection = np.abs(np.nan_to_num(values @ np.cos(np.arange(values.shape[1]))))
        fresh = []
        for i, (mark, size) in enumerate(zip((projection.view(np.int64) >> 16).tolist(), cost.tolist(), strict=True)):
            if size < self.seen.get(mark, self.grammar.max_complexity + 1):
                self.seen[mark] = size
                fresh.append(i)
        return np.array(fresh, dtype=np.int64)

    def trim(self) -> None:
        """Drop what is not among the best `count` of its complexity."""
        room = np.full(len(self.floor), self.count)
        kept = dict[bytes, tuple[float, int, int, str, Tree]]()
        for key, item in sorted(self.found.items(), key=lambda pair: pair[1][:4]):
            if room[item[1]]:
                room[item[1]] -= 1
                kept[key] = item
                if not room[item[1]]:
                    self.floor[item[1]] = -item[0]
        self.found = kept

    @property
    def trees(self) -> list[Tree]:
        """What is kept, best first; of equally good ones the simplest first."""
        self.trim()
        return [item[4] for item in self.found.values()]


def deepen(best: Best, X: Array, low: Bank, dimension: Array, steps: int) -> None:
    """Offer `best` all that `steps` replacements make of what it keeps, over X (n, d) with unit exponents (d, u)."""
    done: set[str] = set()
    for _ in range(steps):
        fresh = [tree for tree in best.trees if tree.key not in done]
        for tree in fresh:
            done.add(tree.key)
            for place in places(tree):
                _replace(best, place, X, low, dimension)
            best.trim()
        if not fresh:
            break


@dataclass(frozen=True, slots=True)
class Place:
    """A subexpression and what stands above it."""

    node: Tree
    above: tuple[tuple[str, Tree | None, bool], ...]
    """From the node to the root: operator, its other argument, and whether the node's side is the left one."""

    @property
    def size(self) -> int:
        """Number of operators outside the node."""
        return sum(1 + (other.size if other else 0) for _, other, _ in self.above)

    def tree(self, inner: Tree) -> Tree:
        """The whole expression with `inner` in place of the node."""
        for op, other, left in self.above:
            inner = Tree(op, inner, other) if left or other is None else Tree(op, other, inner)
        return inner

    def values(self, inner: Array, units: Array, X: Array, dimension: Array) -> tuple[Ints, Array]:
        """Which of the features inner (k, n) with unit exponents (k, u) may stand here, and the values they lead to."""
        index = np.arange(len(inner))
        for op, other, left in self.above:
            kept = np.flatnonzero(_allowed(op, other, left, inner, units, dimension))
            index, inner, units = index[kept], inner[kept], units[kept]
            with np.errstate(all="ignore"):
                if other is None:
                    inner, units = UNARY[op].apply(inner), units * (UNARY[op].power or 0.0)
                    continue
                rule, beside, unit = BINARY[op], other.values(X)[None], other.dimension(dimension)
                inner = rule.apply(inner, beside) if left else rule.apply(beside, inner)
                units = units + rule.sign * unit if left else unit + rule.sign * units
        return index, inner


def places(tree: Tree, above: tuple[tuple[str, Tree | None, bool], ...] = ()) -> Iterator[Place]:
    """Every subexpression of a tree, the tree itself first."""
    yield Place(tree, above)
    if not isinstance(tree.left, int):
        yield from places(tree.left, ((tree.op, tree.right, True), *above))
        if tree.right:
            yield from places(tree.right, ((tree.op, tree.left, False), *above))


def _allowed(
    op: str, other: Tree | None, left: bool, inner: Array, units: Array, dimension: Array
) -> NDArray[np.bool_]:
    """(k,) which features inner (k, n) with units (k, u) may be the operator's argument beside the other one."""
    fits: NDArray[np.bool_] = np.ones(len(inner), dtype=np.bool_)
    if other is None and UNARY[op].power is None:
        fits = np.asarray((np.abs(units) < 1e-6).all(1))
        fits = fits & exponents(inner) if op in EXPONENTIALS else fits
    elif other is not None and BINARY[op].sign == 0:
        fits = np.asarray((np.abs(units - other.dimension(dimension)) < 1e-6).all(1))
    return fits & divisors(inner) if op == "inv" or (op == "/" and not left) else fits


def _replace(best: Best, place: Place, X: Array, low: Bank, dimension: Array) -> None:
    """Offer every expression in which something else stands in this place."""
    inside = replace(best.grammar, max_complexity=best.grammar.max_complexity - place.size)
    for values, units, cost, made in _fillings(place.node, X, low, dimension, inside):
        index, lifted = place.values(values, units, X, dimension)

        def tree(i: int, index: Ints = index, made: Callable[[int], Tree] = made) -> Tree:
            return place.tree(made(int(index[i])))

        best.offer(lifted, cost[index] + place.size, tree)


def _fillings(
    node: Tree, X: Array, low: Bank, dimension: Array, grammar: Grammar
) -> Iterator[tuple[Array, Array, Ints, Callable[[int], Tree]]]:
    """The low features, and all that one operator makes of the node, alone or with a low feature."""
    simple = np.flatnonzero(low.complexity <= grammar.max_complexity)
    trees: Sequence[Tree] = [low.trees[i] for i in simple.tolist()]
    yield low.values[simple], low.dimension[simple], low.complexity[simple], trees.__getitem__
    joined = Bank(
        np.vstack([low.values, node.values(X)]),
        np.vstack([low.dimension, node.dimension(dimension)]),
        np.append(low.complexity, node.size),
        (*low.trees, node),
        len(low),
    )
    yield from expansions(joined, grammar)
