"""This file is k-fold cross-validation of any surrogate: every row predicted by fits that have not seen it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eutectic.surrogates.abilities import noise
from eutectic.surrogates.base import Array, Domain, Posterior, State, Surrogate


def folds(X: Array, count: int) -> NDArray[np.int64]:
    """(n,) fold of each row of X (n, d), 0 to count - 1: dealt out in turn, equal rows to the same fold."""
    _, first, place = np.unique(X, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    dealt: NDArray[np.int64] = order[place.reshape(-1)] % count
    return dealt


def predict(
    recipe: Surrogate,
    X: Array,
    Y: Array,
    fold: NDArray[np.int64],
    names: Sequence[str] = (),
    *,
    variance: Array | None = None,
    domain: Domain | None = None,
    state: State | None = None,
) -> Posterior:
    """Each row of Y (n, m) from the other folds (n, m), noise included.

    With `state` its hyperparameters are kept; otherwise every fit finds its own. variance: known noise (n, m).
    """
    mean, spread = np.empty(Y.shape), np.empty(Y.shape)
    for k in np.unique(fold):
        out, rest = fold == k, fold != k
        known = None if variance is None else variance[rest]
        fitted = recipe.fit(X[rest], Y[rest], names, variance=known, domain=domain, start=state, tune=state is None)
        posterior = fitted.posterior(X[out])
        mean[out], spread[out] = posterior.mean, posterior.variance + noise(fitted)
    return Posterior(mean, spread)


def log_density(Y: Array, posterior: Posterior) -> Array:
    """(n,) logarithm of the normal predictive density of each row of Y (n, m), outputs independent; nats."""
    variance = np.maximum(posterior.variance, 1e-300)
    rows: Array = -0.5 * (np.log(2 * np.pi * variance) + (Y - posterior.mean) ** 2 / variance).sum(1)
    return rows
