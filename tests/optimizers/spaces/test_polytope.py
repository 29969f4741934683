"""Uniform samples of continuous regions."""

import numpy as np
import pytest

from eutectic.optimizers.base import Array, Space
from eutectic.optimizers.spaces import region
from tests.optimizers.spaces.examples import SPACES, alloy, rng


def dirichlet(space: Space, n: int, seed: int) -> Array:
    """Uniform points by the plainest rejection there is."""
    X = rng(seed).dirichlet(np.ones(space.d), size=n)
    return X[region.contains(space, X)]


def assert_same_distribution(X: Array, reference: Array) -> None:
    """Every marginal and every pair's sum by Kolmogorov-Smirnov, with room for the number of tests."""
    from scipy.stats import ks_2samp

    columns = [(X[:, i], reference[:, i]) for i in range(X.shape[1])]
    columns += [(X[:, i] - X[:, i - 1], reference[:, i] - reference[:, i - 1]) for i in range(1, X.shape[1])]
    assert min(ks_2samp(a, b).pvalue for a, b in columns) > 1e-4


@pytest.mark.parametrize("name", ["simplex", "bounded", "unequal bounds", "constrained"])
def test_continuous_samples_are_uniform(name: str) -> None:
    space = SPACES[name]
    assert_same_distribution(region.sample(space, 20_000, rng(12)), dirichlet(space, 400_000, 13))


def test_slices_that_rejection_rarely_hits_are_uniform() -> None:
    space = alloy(6, None, 0.0, 0.22)
    assert_same_distribution(region.sample(space, 5000, rng(16)), dirichlet(space, 2_000_000, 17))
