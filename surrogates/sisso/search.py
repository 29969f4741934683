"""This file is the SISSO loop: screen features for the residuals of the best models so far, pick the best few, repeat.

Ouyang et al., Phys. Rev. Materials 2, 083802 (2018), doi 10.1103/PhysRevMaterials.2.083802; residuals of several models
at once: Purcell et al., J. Chem. Phys. 159, 114110 (2023), doi 10.1063/5.0156620.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from eutectic.surrogates.base import Array
from eutectic.surrogates.sisso.equation import Equation, solve
from eutectic.surrogates.sisso.features import Bank, Grammar, Ints, Rank, Tree, grow, primary
from eutectic.surrogates.sisso.screening import score, screen, targets
from eutectic.surrogates.sisso.sparsifying import best_subsets, normal_equations

LARGEST = 1e100
"""Magnitude of a feature, up or down, beyond which squares would overflow; units alone do not lead there."""
EXACT = 1e-9
"""A model whose root mean square error is below this share of the output's spread is exact: no term is added."""


class Effort(Protocol):
    """How wide a search is: what it reads of the recipe, where each option is explained."""

    @property
    def operators(self) -> tuple[str, ...]:
        """Operators that expressions are made of."""
        ...

    @property
    def max_complexity(self) -> int:
        """Most operators in a term."""
        ...

    @property
    def screened(self) -> int:
        """Features screened for each term."""
        ...

    @property
    def residuals(self) -> int:
        """Models whose residuals the next screening aims at."""
        ...

    @property
    def beam(self) -> int:
        """First features tried at each level of the search over combinations."""
        ...

    @property
    def bank(self) -> int:
        """Most features kept of the rungs below the last."""
        ...

    @property
    def memory_mb(self) -> float:
        """Most memory, MB, beside the data."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What one output is learned from."""

    X: Array
    """(n, d)."""
    y: Array
    """(n,)."""
    columns: tuple[int, ...]
    """The columns of X that are primary features."""
    dimension: Array
    """(d, u) exponents of the unit symbols."""
    tasks: tuple[Ints, ...]
    """Rows of each task."""

    @property
    def task(self) -> Ints:
        """(n,) index of each row's task."""
        index = np.zeros(len(self.y), dtype=np.int64)
        for t, rows in enumerate(self.tasks):
            index[rows] = t
        return index

    def take(self, rows: Ints, columns: Sequence[int] | None = None) -> "Data":
        """These rows (repeats allowed) and primary features; tasks keep their index."""
        task = self.task[rows]
        tasks = tuple(np.flatnonzero(task == t) for t in range(len(self.tasks)))
        return Data(self.X[rows], self.y[rows], tuple(columns or self.columns), self.dimension, tasks)


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """What a search found: the best structure of 0, 1, ... terms."""

    structures: tuple[tuple[Tree, ...], ...]
    full: bool
    """Were features left out to keep within the bank's limit?"""

    def best(self, terms: int) -> tuple[Tree, ...]:
        """The structure with so many terms, or the largest below."""
        return self.structures[min(terms, len(self.structures) - 1)]


def grammar_of(effort: Effort) -> Grammar:
    """Operators and limits; a work array takes at most a twentieth of the memory."""
    block = int(min(4_000_000, effort.memory_mb * 1e6 / 8 / 20))
    return Grammar(effort.operators, effort.max_complexity, LARGEST, block)


def bank_limit(effort: Effort, n: int) -> int:
    """Features of n rows that may be materialised; ValueError when memory does not reach for a useful number."""
    limit = int(effort.memory_mb * 1e6 * 0.4 / (8 * n * 8))
    if limit < 16:
        raise ValueError(f"memory_mb of {effort.memory_mb} is too little for {n} rows; give at least {n // 500 + 1}")
    return min(limit, effort.bank)


def materialise(effort: Effort, data: Data, rungs: int, rank: Rank) -> Bank:
    """Every rung but the last of `rungs`, within the limit."""
    grammar = grammar_of(effort)
    bank = primary(data.X, data.dimension, data.columns)
    limit = bank_limit(effort, len(data.y))
    for _ in range(rungs - 1):
        if len(bank) < limit:
            bank = grow(bank, grammar, limit - len(bank), rank)
    return bank


def search(effort: Effort, data: Data, rungs: int, terms: int) -> Path:
    """The best structures of up to `terms` terms; fewer when one is exact, or no feature is left."""
    tasks = [rows for rows in data.tasks if len(rows) > 1]
    spread = float(np.sqrt(sum(data.y[rows].var() * len(rows) for rows in tasks) / max(len(data.y), 1)))
    structures: list[tuple[Tree, ...]] = [()]
    if not spread > 1e-12 * np.abs(data.y).max(initial=0.0):
        return Path(((),), False)
    residuals = data.y[None, :]
    first = targets(residuals, tasks)
    bank = materialise(effort, data, rungs, lambda values: score(values, first))
    values, trees, skip = np.empty((0, len(data.y))), list[Tree](), frozenset[bytes]()
    for k in range(1, terms + 1):
        wanted = targets(residuals, tasks)
        found = screen(data.X, bank, grammar_of(effort), rungs == 0, wanted, effort.screened, skip)
        values, skip = np.vstack([values, found.values]), skip | frozenset(found.keys)
        trees.extend(found.trees)
        if len(trees) < k:
            break
        models = _sparse(effort, data, tasks, values, trees, k)
        structures.append(models[0].trees)
        residuals = np.array([data.y - model.predict(data.X, data.task) for model in models])
        if np.sqrt((residuals[0] ** 2).mean()) < EXACT * spread:
            break
    return Path(tuple(structures), bank.full)


def _sparse(
    effort: Effort, data: Data, tasks: Sequence[Ints], values: Array, trees: Sequence[Tree], k: int
) -> list[Equation]:
    """The best models of k of the screened features, best first."""
    normal = [normal_equations(values[:, rows], data.y[rows]) for rows in tasks]
    subsets = best_subsets(normal, k, effort.residuals, effort.beam)
    return [solve(tuple(trees[i] for i in subset), data.X, data.y, data.tasks) for subset in subsets]
