"""This file is a fitted SISSO equation: a few expressions, one slope each and an intercept, for every task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eutectic.surrogates.base import Array
from eutectic.surrogates.sisso.features import Ints, Tree
from eutectic.surrogates.sisso.sparsifying import coefficients

POLE = 100.0
"""A term this many training ranges beyond its training range counts as a pole, like a division by zero."""


@dataclass(frozen=True, slots=True, eq=False)
class Equation:
    """y = intercept[t] + sum_i slopes[t, i] * trees[i](x) for a row of task t."""

    trees: tuple[Tree, ...]
    slopes: Array
    """(t, k), unit of y / unit of the term."""
    intercepts: Array
    """(t,), unit of y."""
    lower: Array
    """(k,) least value of each term it may be used at: `POLE` ranges below the training range."""
    upper: Array
    """(k,) largest."""
    safe: Array
    """(d,) a row at which every term is defined."""

    def terms(self, X: Array) -> Array:
        """Terms (k, n) at X (n, d); NaN where one is undefined or at a pole."""
        values = evaluate(self.trees, X)
        with np.errstate(invalid="ignore"):
            sane = (values >= self.lower[:, None]) & (values <= self.upper[:, None])
        out: Array = np.where(sane, values, np.nan)
        return out

    def predict(self, X: Array, task: Ints) -> Array:
        """Output (n,) at X (n, d), task (n,) the task's index of each row; NaN where undefined or task is negative."""
        values = self.terms(X)
        y = self.intercepts[task] + (self.slopes[task].T * values).sum(0)
        out: Array = np.where(task >= 0, y, np.nan)
        return out

    @property
    def state(self) -> dict[str, object]:
        """JSON values: the structure; slopes follow from the data."""
        return {"trees": [tree.nested for tree in self.trees]}


def evaluate(trees: Sequence[Tree], X: Array) -> Array:
    """Values (k, n) of k expressions at X (n, d)."""
    return np.array([tree.values(X) for tree in trees], dtype=float).reshape(len(trees), len(X))


def solve(trees: tuple[Tree, ...], X: Array, y: Array, tasks: Sequence[Ints]) -> Equation:
    """Least-squares slopes over the rows where every term is finite; a task without such rows gets its mean."""
    values = evaluate(trees, X)
    with np.errstate(all="ignore"):
        good = np.asarray(np.isfinite(values).all(0))
    slopes, intercepts = np.zeros((len(tasks), len(trees))), np.zeros(len(tasks))
    for t, rows in enumerate(tasks):
        kept = rows[good[rows]]
        intercepts[t] = y[rows].mean() if len(rows) else y.mean()
        if len(trees) and len(kept) > 1:
            slopes[t], intercepts[t] = coefficients(values[:, kept], y[kept])
    inside = values[:, good] if good.any() else np.zeros((len(trees), 1))
    lower, upper = inside.min(1, initial=np.inf), inside.max(1, initial=-np.inf)
    width = POLE * np.maximum(upper - lower, 1e-9 * np.abs(lower))
    safe = X[np.flatnonzero(good)[0]] if good.any() else X[0]
    return Equation(trees, slopes, intercepts, lower - width, upper + width, safe)


def trees_of(content: object) -> tuple[Tree, ...]:
    """The structure that `Equation.state` wrote; ValueError for anything else."""
    if not isinstance(content, Mapping) or not isinstance(content.get("trees"), list | tuple):
        raise ValueError(f"no SISSO equation: {content!r}")
    return tuple(Tree.from_nested(tree) for tree in content["trees"])
