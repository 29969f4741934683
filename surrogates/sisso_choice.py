"""This file is the cross-validated choice of a SISSO model's rungs and number of terms."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from surrogates.base import Array
from surrogates.sisso_equation import solve
from surrogates.sisso_features import Ints
from surrogates.sisso_fit import Data, search

if TYPE_CHECKING:
    from surrogates.sisso import SISSO


def folds_of(recipe: "SISSO", n: int) -> list[Ints]:
    """Held-out rows of each fold, drawn from the recipe's seed."""
    rows = np.random.default_rng([recipe.seed, n]).permutation(n)
    return [np.sort(part) for part in np.array_split(rows, min(recipe.folds, n))]


def held_out(recipe: "SISSO", data: Data, rungs: int, terms: int) -> Array:
    """Squared errors (terms + 1, n) of 0, 1, ..., terms terms at rows their search has not seen; output's unit squared.

    Where a formula is undefined its prediction is the mean of the rows it was learned from.
    """
    errors = np.zeros((terms + 1, len(data.y)))
    for fold in folds_of(recipe, len(data.y)):
        rest = data.take(np.setdiff1d(np.arange(len(data.y)), fold))
        path = search(recipe, rest, rungs, terms)
        for k in range(terms + 1):
            equation = solve(path.best(k), rest.X, rest.y, rest.tasks)
            predicted = equation.predict(data.X[fold], data.task[fold])
            predicted = np.where(np.isfinite(predicted), predicted, rest.y.mean())
            errors[k, fold] = (data.y[fold] - predicted) ** 2
    return errors


def simplest(errors: Sequence[Array]) -> int:
    """Of choices with errors (n,) at rows held out, simplest choice first: the first within reach of the best.

    One-standard-error rule: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning (2009), section 7.10.
    """
    best = min(errors, key=lambda each: float(each.mean()))
    reach = float(best.mean() + best.std(ddof=1) / np.sqrt(len(best)))
    return next(i for i, each in enumerate(errors) if each.mean() <= reach)


def choose(recipe: "SISSO", data: Data, terms: int) -> tuple[int, int, list[str]]:
    """Rungs and terms, with a note: the simplest whose error is within one standard error of the best's."""
    tried = [
        ((rungs, k), errors)
        for rungs in range(recipe.rungs + 1)
        for k, errors in enumerate(held_out(recipe, data, rungs, terms))
        if k > 0 or rungs == 0
    ]
    tried.sort(key=lambda item: (item[0][1], item[0][0]))
    (rungs, k), errors = tried[simplest([errors for _, errors in tried])]
    rmse = float(np.sqrt(errors.mean()))
    count = len(folds_of(recipe, len(data.y)))
    return rungs, k, [f"{count}-fold cross-validation chose rung {rungs} and {k} terms: error {rmse:.4g} (RMSE)"]
