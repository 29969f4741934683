"""This file is the feature space of SISSO: rungs of expressions over primary features, kept as values and as trees.

All rungs but the last are materialised here (the bank); the last one is only screened, in sisso/screening.py.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eutectic.surrogates.base import Array
from eutectic.surrogates.sisso.operators import BINARY, EXPONENTIALS, UNARY, divisors, exponents

if TYPE_CHECKING:
    import sympy


Ints = NDArray[np.int64]
Rank = Callable[[Array], Array]
"""Values (k, n) -> scores (k,), larger is better."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One feature as an expression; `op` is empty for a primary feature."""

    op: str
    left: "Tree | int"
    """The argument, or the column of a primary feature."""
    right: "Tree | None" = None

    def values(self, X: Array) -> Array:
        """Values (n,) over primary features X (n, d); not finite outside the expression's domain."""
        if isinstance(self.left, int):
            return X[:, self.left]
        with np.errstate(all="ignore"):
            if self.right is None:
                return UNARY[self.op].apply(self.left.values(X))
            return BINARY[self.op].apply(self.left.values(X), self.right.values(X))

    def expression(self, symbols: Sequence["sympy.Symbol"]) -> "sympy.Expr":
        """The SymPy expression over the symbols of the primary features."""
        if isinstance(self.left, int):
            return symbols[self.left]
        if self.right is None:
            return UNARY[self.op].express(self.left.expression(symbols))
        return BINARY[self.op].express(self.left.expression(symbols), self.right.expression(symbols))

    def dimension(self, table: Array) -> Array:
        """Unit exponents (u,) of the expression over primary features with exponents (d, u)."""
        if isinstance(self.left, int):
            return np.asarray(table[self.left])
        left = self.left.dimension(table)
        if self.right is None:
            return left * (UNARY[self.op].power or 0.0)
        return left + BINARY[self.op].sign * self.right.dimension(table)

    @property
    def size(self) -> int:
        """Number of operators."""
        if isinstance(self.left, int):
            return 0
        return 1 + self.left.size + (self.right.size if self.right else 0)

    @property
    def key(self) -> str:
        """Text that tells one tree from another, for ties to be broken the same way always."""
        right = f",{self.right.key}" if self.right else ""
        left = str(self.left) if isinstance(self.left, int) else self.left.key
        return f"{self.op}({left}{right})"

    @property
    def nested(self) -> object:
        """The tree as nested lists that JSON can hold; a primary feature is its column."""
        if isinstance(self.left, int):
            return self.left
        return [self.op, self.left.nested] + ([self.right.nested] if self.right else [])

    @classmethod
    def from_nested(cls, content: object) -> "Tree":
        """The tree that `nested` wrote; ValueError for anything else."""
        if isinstance(content, int):
            return cls("", content)
        if not isinstance(content, list | tuple) or len(content) not in (2, 3):
            raise ValueError(f"no SISSO expression: {content!r}")
        parts = [cls.from_nested(part) for part in content[1:]]
        if content[0] not in (BINARY if len(parts) == 2 else UNARY):
            raise ValueError(f"no SISSO operator: {content[0]!r}")
        return cls(str(content[0]), parts[0], parts[1] if len(parts) == 2 else None)


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """F materialised features over n rows."""

    values: Array
    """(F, n), finite, not constant, within the range limit."""
    dimension: Array
    """(F, u) exponents of the unit symbols."""
    complexity: Ints
    """(F,) number of operators in each."""
    trees: tuple[Tree, ...]
    fresh: int
    """Index from which features belong to the newest rung."""
    full: bool = False
    """Did features have to be left out to keep within the limit?"""

    def __len__(self) -> int:
        return len(self.trees)


@dataclass(frozen=True, slots=True)
class Grammar:
    """Which expressions may be formed."""

    operators: tuple[str, ...]
    max_complexity: int
    """Largest number of operators in one feature."""
    max_magnitude: float
    """Features whose largest magnitude lies outside [1 / max_magnitude, max_magnitude] are dropped."""
    block: int = 4_000_000
    """Numbers in one work array; about ten such arrays live at once."""

    @property
    def unary(self) -> tuple[str, ...]:
        """Its operators on one feature."""
        return tuple(o for o in self.operators if o in UNARY)

    @property
    def binary(self) -> tuple[str, ...]:
        """Its operators on two features."""
        return tuple(o for o in self.operators if o in BINARY)


def primary(X: Array, dimension: Array, columns: Sequence[int]) -> Bank:
    """The bank of these columns of X (n, d) with unit exponents (d, u); constant columns are left out."""
    kept = [j for j in columns if np.ptp(X[:, j]) > 1e-12 * np.abs(X[:, j]).max(initial=1e-300)]
    trees = tuple(Tree("", j) for j in kept)
    return Bank(np.ascontiguousarray(X.T[kept]), dimension[kept], np.zeros(len(kept), dtype=np.int64), trees, 0)


def usable(values: Array, max_magnitude: float) -> NDArray[np.bool_]:
    """(k,) which rows of values (k, n) are finite, within the range limit and not constant."""
    with np.errstate(all="ignore"):
        top = np.abs(values).max(1)
        spread = values.std(1)
        mask: NDArray[np.bool_] = (
            np.isfinite(values).all(1) & (top < max_magnitude) & (top > 1 / max_magnitude) & (spread > 1e-9 * top)
        )
    return mask


def fingerprint(values: Array) -> list[bytes]:
    """A hash a row of values (k, n): rows equal to 9 digits share it."""
    scale = 10.0 ** np.floor(np.log10(np.abs(values).max(1, keepdims=True)))
    return [blake2b(row, digest_size=16).digest() for row in np.round(values / scale, 9) + 0.0]


def grow(bank: Bank, grammar: Grammar, limit: int, rank: Rank) -> Bank:
    """The bank with one more rung, duplicates dropped.

    At most `limit` features beside the bank's own: the simplest first, among equally simple ones the best ranked.
    """
    growth = _Growth(bank, limit, rank)
    for block in expansions(bank, grammar):
        growth.take(block, grammar)
    return growth.finish(bank)


class _Growth:
    """New features of a rung while it is made; holds at most twice its limit."""

    def __init__(self, bank: Bank, limit: int, rank: Rank) -> None:
        self.limit, self.rank = limit, rank
        self.known = set(fingerprint(bank.values))
        self.seen: set[bytes] = set()
        self.keys: list[bytes] = []
        self.rows: list[Array] = []
        self.dims: list[Array] = []
        self.cost: list[int] = []
        self.trees: list[Tree] = []
        self.full = False

    def take(self, block: "Block", grammar: Grammar) -> None:
        """Add what is usable and new."""
        values, dims, cost, made = block
        ceiling = max(self.cost) if self.full else grammar.max_complexity
        good = np.flatnonzero(usable(values, grammar.max_magnitude) & (cost <= ceiling))
        for index, key in zip(good.tolist(), fingerprint(values[good]), strict=True):
            if key in self.known or key in self.seen:
                continue
            self.seen.add(key)
            self.keys.append(key)
            self.rows.append(values[index].copy())
            self.dims.append(dims[index])
            self.cost.append(int(cost[index]))
            self.trees.append(made(index))
            if len(self.keys) >= 2 * self.limit:
                self._trim()

    def _trim(self) -> None:
        """Keep the simplest, then the best ranked."""
        if len(self.keys) <= self.limit:
            return
        score = self.rank(np.array(self.rows))
        order = np.lexsort((-np.round(score, 10), np.array(self.cost)))[: self.limit]
        kept = sorted(order.tolist())
        self.keys, self.rows = [self.keys[i] for i in kept], [self.rows[i] for i in kept]
        self.dims, self.cost = [self.dims[i] for i in kept], [self.cost[i] for i in kept]
        self.trees = [self.trees[i] for i in kept]
        self.seen, self.full = set(self.keys), True

    def finish(self, bank: Bank) -> Bank:
        """The bank with what was kept."""
        self._trim()
        n, u = bank.values.shape[1], bank.dimension.shape[1]
        return Bank(
            np.vstack([bank.values, np.array(self.rows).reshape(len(self.rows), n)]),
            np.vstack([bank.dimension, np.array(self.dims).reshape(len(self.dims), u)]),
            np.concatenate([bank.complexity, np.array(self.cost, dtype=np.int64)]),
            (*bank.trees, *self.trees),
            len(bank),
            bank.full or self.full,
        )


class _Made:
    """Builds the tree of feature i of one block when asked."""

    __slots__ = ("left", "op", "right", "trees")

    def __init__(self, trees: tuple[Tree, ...], op: str, left: Ints, right: Ints | None) -> None:
        self.trees, self.op, self.left, self.right = trees, op, left, right

    def __call__(self, i: int) -> Tree:
        right = None if self.right is None else self.trees[self.right[i]]
        return Tree(self.op, self.trees[self.left[i]], right)


Block = tuple[Array, Array, Ints, _Made]


def expansions(bank: Bank, grammar: Grammar) -> Iterator[Block]:
    """Every expression one operator deeper than the newest rung: values, dimensions, complexities, tree maker."""
    for op in grammar.unary:
        yield from unary_blocks(bank, op, grammar)
    for op in grammar.binary:
        yield from binary_blocks(bank, op, grammar)


def unary_blocks(bank: Bank, op: str, grammar: Grammar) -> Iterator[Block]:
    """One operator on every fresh feature."""
    rule = UNARY[op]
    index = np.arange(bank.fresh, len(bank))
    index = index[bank.complexity[index] + 1 <= grammar.max_complexity]
    if rule.power is None:
        index = index[(np.abs(bank.dimension[index]) < 1e-6).all(1)]
    if op == "inv":
        index = index[divisors(bank.values[index])]
    if op in EXPONENTIALS:
        index = index[exponents(bank.values[index])]
    for part in _parts(index, bank, grammar):
        with np.errstate(all="ignore"):
            values = rule.apply(bank.values[part])
        dimension = bank.dimension[part] * (rule.power or 0.0)
        yield values, dimension, bank.complexity[part] + 1, _Made(bank.trees, op, part, None)


def binary_blocks(bank: Bank, op: str, grammar: Grammar) -> Iterator[Block]:
    """One operator on every pair that holds a fresh feature."""
    rule = BINARY[op]
    kinds = dimension_groups(bank.dimension)
    clear = divisors(bank.values) if op == "/" else np.ones(len(bank), dtype=np.bool_)
    for j in range(max(bank.fresh, 1), len(bank)):
        fits = bank.complexity[:j] + bank.complexity[j] + 1 <= grammar.max_complexity
        if rule.sign == 0:
            fits &= kinds[:j] == kinds[j]
        if clear[j]:
            for part in _parts(np.flatnonzero(fits), bank, grammar):
                yield _pairs(bank, op, part, np.full(len(part), j))
        if rule.ordered:
            for part in _parts(np.flatnonzero(fits & clear[:j]), bank, grammar):
                yield _pairs(bank, op, np.full(len(part), j), part)


def _parts(index: Ints, bank: Bank, grammar: Grammar) -> Iterator[Ints]:
    size = max(1, min(4096, grammar.block // max(bank.values.shape[1], 1)))
    for begin in range(0, len(index), size):
        yield index[begin : begin + size]


def _pairs(bank: Bank, op: str, left: Ints, right: Ints) -> Block:
    rule = BINARY[op]
    with np.errstate(all="ignore"):
        values = rule.apply(bank.values[left], bank.values[right])
    dimension = bank.dimension[left] + rule.sign * bank.dimension[right]
    return values, dimension, bank.complexity[left] + bank.complexity[right] + 1, _Made(bank.trees, op, left, right)


def dimension_groups(dimension: Array) -> Ints:
    """(F,) an equal number for features of one physical dimension."""
    if dimension.shape[1] == 0:
        return np.zeros(len(dimension), dtype=np.int64)
    groups: Ints = np.unique(np.round(dimension, 6), axis=0, return_inverse=True)[1].reshape(-1)
    return groups
