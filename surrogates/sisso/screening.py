"""This file is sure-independence screening: the best features of the last rung for residuals, without storing it.

Score of a feature: its largest absolute Pearson correlation with any of the residuals, root mean square over tasks
(Fan and Lv, J. R. Stat. Soc. B 70, 849 (2008), doi 10.1111/j.1467-9868.2008.00674.x; multi-task form Ouyang et al.,
J. Phys. Mater. 2, 024002 (2019), doi 10.1088/2515-7639/ab077b). For sums, differences, products and quotients of a bank
of F features the correlations of all F^2 pairs follow from matrix products over the bank, so the rung is never formed;
only the winners are, to be checked and freed of duplicates.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from eutectic.surrogates.base import Array
from eutectic.surrogates.sisso.features import (
    Bank,
    Block,
    Grammar,
    Ints,
    Rank,
    Tree,
    binary_blocks,
    dimension_groups,
    unary_blocks,
    usable,
)
from eutectic.surrogates.sisso.operators import BINARY, divisors

BILINEAR = ("+", "-", "*", "/")
"""Operators whose correlations follow from matrix products."""
FLAT = 1e-10
"""A pair whose variance is below this share of its mean square is too flat to be scored."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What is to be correlated with, for one task."""

    rows: Ints
    """Rows of the data that belong to the task."""
    residuals: Array
    """(t, n_task), centred, norm one."""


@dataclass(frozen=True, slots=True, eq=False)
class Screened:
    """Screened features, best first."""

    values: Array
    """(k, n)."""
    trees: tuple[Tree, ...]
    keys: tuple[bytes, ...]
    """Equal for features that are linear functions of one another."""
    scores: Array
    """(k,)."""


def targets(residuals: Array, tasks: Sequence[Ints]) -> list[Target]:
    """Residuals (t, n) split by task, centred and normalised."""
    made = []
    for rows in tasks:
        part = residuals[:, rows] - residuals[:, rows].mean(1, keepdims=True)
        norm = np.sqrt((part**2).sum(1, keepdims=True))
        made.append(Target(rows, part / np.where(norm > 0, norm, 1.0)))
    return made


def screen(
    X: Array, bank: Bank, grammar: Grammar, last: bool, wanted: Sequence[Target], count: int, skip: frozenset[bytes]
) -> Screened:
    """The `count` best different features of the bank over X (n, d) and, unless `last`, of its next rung, best first.

    None of those whose key is in `skip`.
    """
    capacity = 4 * (count + len(skip)) + 200
    while True:
        pool = Pool(capacity, merge=True)
        size = max(1, grammar.block // X.shape[0])
        for begin in range(0, len(bank), size):
            part = bank.trees[begin : begin + size]
            pool.offer(score(bank.values[begin : begin + size], wanted), part.__getitem__)
        if not last:
            _screen_rung(bank, grammar, wanted, pool)
        found = check(X, pool, grammar, lambda values: score(values, wanted), standard_keys, count, skip)
        if len(found.trees) >= count or not pool.overflowed or capacity * len(X) > grammar.block:
            return found
        capacity *= 4


def score(values: Array, wanted: Sequence[Target]) -> Array:
    """Scores (k,) of features given by values (k, n)."""
    total = np.zeros(len(values))
    for task in wanted:
        with np.errstate(all="ignore"):
            part = values[:, task.rows]
            part = part - part.mean(1, keepdims=True)
            norm = np.sqrt((part**2).sum(1))
            best = np.abs(part @ task.residuals.T).max(1) / norm
        total += np.where(np.isfinite(best), best, 0.0) ** 2
    out: Array = np.sqrt(total / len(wanted))
    return out


class Pool:
    """The best scores seen so far with what makes their trees; holds at most twice its capacity.

    merge: equal scores (to 9 digits) are taken for one feature written differently and only the shortest two are kept;
    without it a rung's many spellings of its best feature would crowd out all others.
    """

    def __init__(self, capacity: int, merge: bool) -> None:
        self.capacity, self.merge, self.floor = capacity, merge, 0.0
        self.overflowed = False
        self.scores: list[float] = []
        self.trees: list[Tree] = []

    def offer(self, scores: Array, tree: Callable[[int], Tree]) -> None:
        """Keep those of the scores (k,) that are good enough; `tree(i)` makes feature i."""
        index = np.flatnonzero(scores > self.floor)
        if self.merge and len(index) > 1:
            index = index[np.unique(np.round(scores[index], 9), return_index=True)[1]]
        if len(index) > self.capacity:
            index = index[np.argpartition(-scores[index], self.capacity - 1)[: self.capacity]]
            self.overflowed = True
        index = np.sort(index)
        self.scores.extend(scores[index].tolist())
        self.trees.extend(tree(int(i)) for i in index)
        if len(self.scores) > 2 * self.capacity:
            self._trim()

    def _trim(self) -> None:
        score = np.round(self.scores, 9)
        order = np.lexsort((np.array([tree.size for tree in self.trees]), -score))
        if self.merge:
            ranked = score[order]
            third = np.concatenate([[False, False], ranked[2:] == ranked[:-2]])
            order = order[~third]
        if len(order) > self.capacity:
            order = order[: self.capacity]
            self.overflowed = True
            self.floor = float(score[order[-1]])
        self.scores = [self.scores[i] for i in order]
        self.trees = [self.trees[i] for i in order]


def _screen_rung(bank: Bank, grammar: Grammar, wanted: Sequence[Target], pool: Pool) -> None:
    """Offer every feature of the next rung."""
    formed: list[Iterator[Block]] = [unary_blocks(bank, op, grammar) for op in grammar.unary]
    formed += [binary_blocks(bank, op, grammar) for op in grammar.binary if op not in BILINEAR]
    for values, _, _, made in chain.from_iterable(formed):
        pool.offer(np.where(usable(values, grammar.max_magnitude), score(values, wanted), 0.0), made)
    kinds = dimension_groups(bank.dimension)
    for op in grammar.binary:
        if op in BILINEAR:
            for rows in _row_blocks(bank, grammar.block):
                _offer_pairs(bank, op, rows, kinds, grammar.max_complexity, wanted, pool)


def _row_blocks(bank: Bank, block: int) -> Iterator[Ints]:
    """Fresh features in blocks whose pairs with the whole bank fit a work array; short ones waste fewer pairs."""
    size = max(1, min(block // max(len(bank), 1), max(64, len(bank) // 8)))
    for begin in range(bank.fresh, len(bank), size):
        yield np.arange(begin, min(begin + size, len(bank)))


def _offer_pairs(
    bank: Bank, op: str, rows: Ints, kinds: Ints, max_complexity: int, wanted: Sequence[Target], pool: Pool
) -> None:
    """Offer (row, other) for every other feature before the row; quotients both ways."""
    width = int(rows[-1]) + 1
    allowed = np.arange(width)[None, :] < rows[:, None]
    allowed &= bank.complexity[rows][:, None] + bank.complexity[None, :width] + 1 <= max_complexity
    if BINARY[op].sign == 0:
        allowed &= kinds[rows][:, None] == kinds[None, :width]
    if not allowed.any():
        return
    for flipped in (False, True) if BINARY[op].ordered else (False,):
        scores = pair_scores(bank.values[rows], bank.values[:width], op, flipped, wanted)
        scores[~allowed] = 0.0

        def tree(flat: int, flipped: bool = flipped) -> Tree:
            row, other = bank.trees[int(rows[flat // width])], bank.trees[flat % width]
            return Tree(op, other, row) if flipped else Tree(op, row, other)

        pool.offer(scores.ravel(), tree)


def pair_scores(A: Array, B: Array, op: str, flipped: bool, wanted: Sequence[Target]) -> Array:
    """Scores (a, b) of A (a, n) op B (b, n) for all pairs (B op A when flipped), 0 where it cannot be scored."""
    if op in "*/":
        A, B = _unit(A), _unit(B)
    if op == "/":
        A, B = (_inverse(A), B) if flipped else (A, _inverse(B))
    parts = [
        _product_scores(A[:, task.rows], B[:, task.rows], task.residuals)
        if op in "*/"
        else _sum_scores(A[:, task.rows], B[:, task.rows], task.residuals, 1.0 if op == "+" else -1.0)
        for task in wanted
    ]
    out: Array = parts[0] if len(parts) == 1 else np.sqrt(np.mean(np.square(parts), axis=0))
    return out


def _unit(A: Array) -> Array:
    out: Array = A / np.sqrt((A**2).mean(1, keepdims=True))
    return out


def _inverse(A: Array) -> Array:
    """1 / A, a whole row NaN where it holds a zero."""
    bad = ~divisors(A)
    with np.errstate(all="ignore"):
        return np.where(bad[:, None], np.nan, _unit(1.0 / np.where(bad[:, None], 1.0, A)))


def _product_scores(A: Array, B: Array, residuals: Array) -> Array:
    """Largest |correlation| (a, b) of A_i * B_j with any residual, from matrix products alone."""
    n = A.shape[1]
    with np.errstate(all="ignore"):
        square = (A**2) @ (B**2).T
        variance = square - (A @ B.T) ** 2 / n
        best = np.zeros(square.shape)
        for residual in residuals:
            np.maximum(best, np.abs((A * residual) @ B.T), out=best)
        best /= np.sqrt(variance)
    best[~(variance > FLAT * square)] = 0.0
    return best


def _sum_scores(A: Array, B: Array, residuals: Array, sign: float) -> Array:
    """Largest |correlation| (a, b) of A_i + sign B_j with any residual."""
    A, B = A - A.mean(1, keepdims=True), B - B.mean(1, keepdims=True)
    square = (A**2).sum(1)[:, None] + (B**2).sum(1)[None, :]
    variance = square + 2 * sign * (A @ B.T)
    best = np.zeros(square.shape)
    for left, right in zip((A @ residuals.T).T, (B @ residuals.T).T, strict=True):
        np.maximum(best, np.abs(left[:, None] + sign * right[None, :]), out=best)
    with np.errstate(all="ignore"):
        best /= np.sqrt(variance)
    best[~(variance > FLAT * square)] = 0.0
    return best


def check(
    X: Array,
    pool: Pool,
    grammar: Grammar,
    rank: Rank,
    keys: Callable[[Array], list[bytes]],
    count: int,
    skip: frozenset[bytes],
) -> Screened:
    """Form the winners for real, drop the unusable and the equivalent (equal keys), and order them by exact score."""
    values = np.array([tree.values(X) for tree in pool.trees]).reshape(len(pool.trees), len(X))
    good = np.flatnonzero(usable(values, grammar.max_magnitude))
    exact = np.zeros(len(values))
    exact[good] = np.round(rank(values[good]), 10)
    names = [tree.key for tree in pool.trees]
    order = sorted(good.tolist(), key=lambda i: (-exact[i], len(names[i]), names[i]))
    seen, kept = set(skip), dict[int, bytes]()
    for i, key in zip(order, keys(values[order]), strict=True):
        if key not in seen and len(kept) < count:
            seen.add(key)
            kept[i] = key
    index = list(kept)
    return Screened(values[index], tuple(pool.trees[i] for i in index), tuple(kept.values()), exact[index])


def standard_keys(values: Array) -> list[bytes]:
    """A key a row of values (k, n); rows that are linear functions of one another share it."""
    centred = values - values.mean(1, keepdims=True)
    unit = centred / np.sqrt((centred**2).sum(1, keepdims=True))
    lead = np.take_along_axis(unit, np.abs(unit).round(6).argmax(1)[:, None], 1)
    return [row.tobytes() for row in np.round(unit * np.sign(lead), 7) + 0.0]
