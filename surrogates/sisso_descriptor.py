"""This file is the search for one descriptor that a threshold splits into two classes, and how deep it may nest."""

from typing import TYPE_CHECKING

import numpy as np

from surrogates.base import Array
from surrogates.sisso_choice import folds_of, simplest
from surrogates.sisso_deepen import Best, deepen
from surrogates.sisso_features import Ints, Tree, expansions
from surrogates.sisso_fit import Data, grammar_of, materialise
from surrogates.sisso_screen import standard_keys
from surrogates.sisso_separate import Flags, by_overlap, by_threshold, threshold

if TYPE_CHECKING:
    from surrogates.sisso import SISSO


def order_keys(values: Array) -> list[bytes]:
    """A key a row of values (k, n); rows that order the data alike, or the other way round, share it."""
    from scipy.stats import rankdata

    return standard_keys(rankdata(values, axis=1))


def descriptors(recipe: "SISSO", data: Data, upper: Flags) -> list[Tree]:
    """The best descriptors of every complexity, best first, for classes upper (n,)."""
    by = by_threshold if recipe.criterion == "threshold" else by_overlap
    grammar = grammar_of(recipe)
    best = Best(recipe.screened, grammar, lambda values: by(values, upper), order_keys)
    bank = materialise(recipe, data, recipe.rungs, best.rank)
    size = max(1, grammar.block // len(data.y))
    for begin in range(0, len(bank), size):
        part = slice(begin, begin + size)
        best.offer(bank.values[part], bank.complexity[part], bank.trees[part].__getitem__)
    if recipe.rungs:
        for values, _, cost, made in expansions(bank, grammar):
            best.offer(values, cost, made)
    if recipe.deepening:
        low = materialise(recipe, data, 2, best.rank)
        deepen(best, data.X, low, data.dimension, recipe.deepening)
    return best.trees


def chosen(recipe: "SISSO", data: Data, upper: Flags) -> tuple[tuple[Tree, ...], list[str]]:
    """The best descriptor, none when no input varies; of a complexity that cross-validation allows if that is asked."""
    trees, notes = descriptors(recipe, data, upper), list[str]()
    if recipe.folds and trees:
        errors = held_out(recipe, data, upper)
        limit = simplest(list(errors))
        trees = [tree for tree in trees if tree.size <= limit]
        said = f"chose at most {limit} operators: {100 * (1 - errors[limit].mean()):.1f} % right"
        notes.append(f"{len(folds_of(recipe, len(upper)))}-fold cross-validation {said}")
    return tuple(trees[:1]), notes


def held_out(recipe: "SISSO", data: Data, upper: Flags) -> Array:
    """Errors (max_complexity + 1, n), 0 or 1, of the best descriptor of so many operators at most.

    A row is judged by a search that has not seen it; where a descriptor has no value, or that search has
    rows of one class only, the commoner class is believed.
    """
    errors = np.zeros((recipe.max_complexity + 1, len(upper)))
    for fold in folds_of(recipe, len(upper)):
        rest = np.setdiff1d(np.arange(len(upper)), fold)
        both = len(np.unique(upper[rest])) == 2
        trees = descriptors(recipe, data.take(rest), upper[rest]) if both else []
        for limit in range(len(errors)):
            tree = next((tree for tree in trees if tree.size <= limit), None)
            errors[limit, fold] = sides(tree, data.X, rest, upper)[fold] != upper[fold]
    return errors


def sides(tree: Tree | None, X: Array, rows: Ints, upper: Flags) -> Flags:
    """(n,) which rows of X (n, d) a descriptor puts into the upper class when its threshold is set on `rows` alone."""
    commoner = bool(upper[rows].mean() > 0.5)
    if tree is None:
        return np.full(len(X), commoner)
    values = tree.values(X)
    cut, sign = threshold(values[rows], upper[rows])
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(values), sign * (values - cut) > 0, commoner)
