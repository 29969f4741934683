"""Surrogates to choose among, and rows to choose by."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from eutectic.surrogates.base import Domain, Posterior

UNIT = Domain(np.zeros(2), np.ones(2))


def rows(n, seed=0):
    return np.random.default_rng(seed).random((n, 2))


def smooth(X):
    return np.sin(5 * X[:, :1]) + X[:, 1:] ** 2


@dataclass(frozen=True)
class Flat:
    """Predicts the mean, with a standard deviation as stated; refuses more rows than it can bear."""

    std: float
    bears: int = 1000
    seen: list[int] | None = None

    def fit(self, X, Y, names=(), *, variance=None, domain=None, start=None, tune=True):
        del names, variance, domain, start, tune
        if self.seen is not None:
            self.seen.append(len(X))
        if len(X) > self.bears:
            raise ValueError("too many rows")
        mean = Y.mean(0)

        def posterior(T):
            return Posterior(np.tile(mean, (len(T), 1)), np.full((len(T), len(mean)), self.std**2))

        return SimpleNamespace(state={"std": self.std}, notes=("flat",), posterior=posterior, model=None)
