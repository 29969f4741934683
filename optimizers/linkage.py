"""This file is which variables hang together in a population, and which of them change sides in a crossover.

A constrained front, or one in rotated variables, is a curve through several variables: a child that takes one of them
from one parent and one from the other falls off it. Variables that do not hang together are best mixed freely. Both
are read from the population itself, so no problem needs a setting. Links that are not monotonic are not seen.
"""

import numpy as np
from numpy.typing import NDArray

from optimizers.base import Array


def linkage(X: Array) -> Array:
    """(k, k) how much the k variables of a population X (n, k) hang together: squared rank correlations, 0 to 1.

    In n rows unlinked variables have 1/(n - 1) by chance, so all are shrunk by (n - 2)/(n - 1): two rows link nothing.
    The matrix is positive definite, for the square, entry by entry, of a correlation matrix is semidefinite (Schur's
    product theorem) and the shrinking adds a share of the identity.
    """
    from scipy.stats import rankdata

    n, k = X.shape
    if n <= 2 or k == 0:
        return np.eye(k)
    centred = rankdata(X, axis=0) - (n + 1) / 2
    length = np.sqrt((centred**2).sum(0))
    unit = centred / np.where(length > 0, length, 1.0)
    linked: Array = (unit.T @ unit) ** 2 * (n - 2) / (n - 1)
    np.fill_diagonal(linked, 1.0)
    return linked


def sides(linked: Array, n: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(n, k) which of k variables change sides, each with probability 1/2, linked ones together.

    The signs of normal numbers with covariance `linked` (k, k): two variables with entry r go the same way with
    probability 1/2 + arcsin(r) / pi (Sheppard 1899, doi 10.1098/rsta.1899.0003).
    """
    changed: NDArray[np.bool_] = rng.standard_normal((n, len(linked))) @ np.linalg.cholesky(linked).T < 0
    return changed
