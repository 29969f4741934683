"""This file is bagging from positive and unlabelled formulas.

Mordelet & Vert 2014, doi 10.1016/j.patrec.2013.06.010, their algorithm 1 with decision trees. Known materials are drawn
with replacement, too, so that they as well are scored by trees that have not seen them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eutectic.oracles.elements.data import Array
from eutectic.oracles.elements.features import features

Formula = Mapping[str, float]
Key = tuple[tuple[str, float], ...]


def key(formula: Formula) -> Key:
    """The same for all ways to write one composition."""
    total = sum(formula.values())
    return tuple((e, round(x / total, 6)) for e, x in sorted(formula.items()))


@dataclass(frozen=True, slots=True, eq=False)
class Bags:
    """Trees, and which formulas each of them has seen."""

    trees: tuple[Any, ...]
    row: Mapping[Key, int]
    """The row of each formula that was learned from."""
    seen: NDArray[np.bool_]
    """(rows, trees)."""
    known: int
    """The first rows are known materials."""
    recall: float
    """Share of the known materials that score above 1/2 in the trees which have not seen them."""
    passed: float
    """The same of the unlabelled ones."""

    def score(self, formulas: Sequence[Formula]) -> tuple[Array, Array]:
        """Mean over trees that have not seen the formula (n,), 0 to 1, and its standard error (n,) from their spread.

        The error is that of drawing the bags alone; NaN where every tree has seen the formula.
        """
        votes = _votes(self.trees, features(formulas))
        blind = np.ones_like(votes, dtype=bool)
        for i, formula in enumerate(formulas):
            if (row := self.row.get(key(formula))) is not None:
                blind[i] = ~self.seen[row]
        return _mean(votes, blind)


def learn(known: Sequence[Formula], unlabelled: Sequence[Formula], bags: int, size: int, seed: int) -> Bags:
    """Trees on `size` draws (or as many as there are known) of known against as many of unlabelled formulas.

    All formulas are different from each other.
    """
    from sklearn.tree import DecisionTreeClassifier

    rng = np.random.default_rng([seed, 1])
    X, p, u = features([*known, *unlabelled]), len(known), len(unlabelled)
    draws, seen, trees = min(p, size), np.zeros((p + u, bags), dtype=bool), []
    for t in range(bags):
        chosen = np.concatenate([rng.integers(p, size=draws), p + rng.integers(u, size=draws)])
        tree = DecisionTreeClassifier(max_features="sqrt", random_state=int(rng.integers(2**31)))
        trees.append(tree.fit(X[chosen], chosen < p))
        seen[chosen, t] = True
    scores, _ = _mean(_votes(trees, X), ~seen)
    above = scores > 0.5
    row = {key(formula): i for i, formula in enumerate([*known, *unlabelled])}
    return Bags(tuple(trees), row, seen, p, float(above[:p].mean()), float(above[p:].mean()))


def recombined(known: Sequence[Formula], count: int, seed: int) -> list[Formula]:
    """`count` decoys at most: the amounts of a known formula on elements drawn as often as the known ones have them.

    None is a known formula, and none comes twice.
    """
    rng = np.random.default_rng([seed, 0])
    elements = sorted({e for formula in known for e in formula})
    weight = np.array([sum(e in formula for formula in known) for e in elements], dtype=float)
    taken, found = {key(formula) for formula in known}, []
    for _ in range(20 * count):
        amounts = list(known[int(rng.integers(len(known)))].values())
        chosen = rng.choice(len(elements), size=len(amounts), replace=False, p=weight / weight.sum())
        decoy = {elements[i]: x for i, x in zip(chosen, amounts, strict=True)}
        if (mine := key(decoy)) not in taken:
            taken.add(mine)
            found.append(decoy)
        if len(found) == count:
            break
    return list(found)


def _votes(trees: Sequence[Any], X: Array) -> Array:
    """(n, trees) what share of a leaf's formulas were known ones."""
    return np.column_stack([tree.predict_proba(X)[:, 1] for tree in trees]) if len(X) else np.empty((0, len(trees)))


def _mean(votes: Array, blind: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Mean (n,) and standard error (n,) over the trees where `blind` (n, trees)."""
    count = blind.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):  # no tree, no mean: NaN, as it should
        mean = np.where(blind, votes, 0.0).sum(axis=1) / count
        variance = (np.where(blind, votes - mean[:, None], 0.0) ** 2).sum(axis=1) / (count - 1)
        return mean, np.sqrt(variance / count)
