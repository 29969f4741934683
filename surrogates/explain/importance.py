"""This file is which inputs matter: by shuffling a column, by LASSO, and by moving one column alone."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eutectic.surrogates.base import Array
from eutectic.surrogates.explain.inputs import Inputs, Mask, awake, moved, reach, woken
from eutectic.surrogates.explain.shapley import Predict, predicted

Moments = Callable[[Array], tuple[Array, Array]]
"""Rows (n, d) -> mean (n,) and standard deviation (n,) of the prediction, in the property's unit."""
Inside = Callable[[Array], Mask]
"""Rows (n, d) -> (n,) which of them lie in the space."""
SHUFFLES = 10
"""Shuffles of each column."""
POINTS = 21
"""Places at which a column's partial dependence is taken."""
FOLDS = 5
"""Folds of the LASSO's cross-validation."""


def permutation(predict: Predict, X: Array, y: Array, inputs: Inputs, rng: np.random.Generator) -> tuple[Array, Array]:
    """Rise of the root mean square error (d,), and its standard error over shuffles, when one column is shuffled.

    Breiman 2001, doi 10.1023/A:1010933404324, section 10. X (n, d) and y (n,) are rows the model may have seen, so
    this ranks what the model uses. When a fraction is shuffled, the others of its group follow in proportion; a column
    is shuffled among the rows in which it is active.
    """
    plain = _rmse(predicted(predict, X), y)
    rise = np.empty((inputs.d, SHUFFLES))
    whole = woken(X, inputs)
    for j in range(inputs.d):
        rows = [moved(X, j, rng.permutation(whole[:, j]), inputs) for _ in range(SHUFFLES)]
        said = predicted(predict, np.concatenate(rows)).reshape(SHUFFLES, len(X))
        rise[j] = [_rmse(one, y) - plain for one in said]
    return rise.mean(1), rise.std(1, ddof=1) / np.sqrt(SHUFFLES)


def _rmse(said: Array, y: Array) -> float:
    return float(np.sqrt(((said - y) ** 2).mean()))


def lasso(X: Array, y: Array, inputs: Inputs) -> Array:
    """Coefficients (d,) of the LASSO on standardised inputs: change of y (its unit) for one standard deviation.

    Tibshirani 1996, doi 10.1111/j.2517-6161.1996.tb02080.x; penalty by 5-fold cross-validation. A category counts with
    the largest of its labels' coefficients, a column that is not always active with its deviations from its mean where
    it is. Zeros where X (n, d) or y (n,) does not vary.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LassoCV

    design, owner = _design(X, inputs)
    spread = design.std(0)
    used = spread > 1e-12 * np.abs(design).max(0)
    if not used.any() or not np.ptp(y) > 0 or len(y) < FOLDS:
        return np.zeros(inputs.d)
    scaled = (design[:, used] - design[:, used].mean(0)) / spread[used]
    model = LassoCV(cv=FOLDS, max_iter=5000)
    with warnings.catch_warnings():  # a path that has not quite converged ranks all the same
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(scaled, y / np.std(y))
    found = np.zeros(inputs.d)
    for j, value in zip(owner[used], model.coef_ * np.std(y), strict=True):
        found[j] = value if abs(value) > abs(found[j]) else found[j]
    return found


def _design(X: Array, inputs: Inputs) -> tuple[Array, Array]:
    """Columns with categories one-hot (n, k), and the input (k,) that each belongs to."""
    columns, owner, active = [], [], awake(X, inputs.conditions)
    for j in range(inputs.d):
        labels = range(int(inputs.upper[j]) + 1) if j in inputs.categorical else (None,)
        for label in labels:
            values = X[:, j] if label is None else (np.round(X[:, j]) == label).astype(float)
            own = values[active[:, j]]
            columns.append(np.where(active[:, j], values, own.mean() if len(own) else 0.0))
            owner.append(j)
    return np.stack(columns, axis=1), np.array(owner)


@dataclass(frozen=True, slots=True, eq=False)
class Dependence:
    """Mean prediction along one column."""

    x: Array
    """(k,) values of the column, natural units; codes of a category."""
    mean: Array
    """(k,) mean over the rows, in the property's unit; NaN where none of them can go there."""
    std: Array
    """(k,) mean standard deviation of these predictions: the surrogate's doubt."""


def dependence(moments: Moments, X: Array, column: int, inputs: Inputs, inside: Inside | None = None) -> Dependence:
    """Partial dependence (Friedman 2001, doi 10.1214/aos/1013203451) along one column, over the rows of X (n, d).

    A fraction moves along the line on which the others of its group keep their ratios (Cox 1971; `moved`).
    inside: rows (n, d) -> (n,) which of them lie in the space; the others do not count, nor do rows in which the column
    is not active.
    """
    x = places(column, inputs)
    X = X[awake(X, inputs.conditions)[:, column]]
    if not len(X):
        return Dependence(x, np.full(len(x), np.nan), np.full(len(x), np.nan))
    rows = np.concatenate([moved(X, column, np.full(len(X), value), inputs) for value in x])
    kept = np.ones(len(rows), dtype=bool) if inside is None else inside(rows)
    mean, std = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    if kept.any():
        mean[kept], std[kept] = moments(rows[kept])
    shape = (len(x), len(X))
    return Dependence(x, _mean(mean.reshape(shape)), _mean(std.reshape(shape)))


def _mean(values: Array) -> Array:
    """Row means of the finite values (k,), NaN where a row has none."""
    known = np.isfinite(values)
    mean: Array = np.where(known.any(1), np.where(known, values, 0.0).sum(1) / np.maximum(known.sum(1), 1), np.nan)
    return mean


def places(column: int, inputs: Inputs) -> Array:
    """Where a column is looked at (k,): evenly spread over its reach, every whole number or category of few."""
    low, high = reach(column, inputs)
    if column in inputs.categorical or (column in inputs.whole and high - low < POINTS):
        return np.arange(np.round(low), np.round(high) + 1)
    x = np.linspace(low, high, POINTS) if high > low else np.array([low])
    return np.unique(np.round(x)) if column in inputs.whole else x
