"""Claims about forests."""

import numpy as np
import pytest

from eutectic.surrogates.base import Domain
from eutectic.surrogates.trees.forest import Forest
from tests.surrogates.functions import UNIT, toy

# forest


@pytest.mark.parametrize("kind", ["extra", "random"])
def test_a_forests_intervals_hold_95_percent_of_noisy_observations(kind):
    rng = np.random.default_rng(0)
    X, T = rng.random((120, 1)), rng.random((600, 1))

    def measured(Z):
        return np.sin(7 * Z) + 0.2 * rng.normal(size=Z.shape)

    posterior = Forest(kind=kind).fit(X, measured(X), domain=Domain(np.zeros(1), np.ones(1))).posterior(T)
    inside = np.abs(measured(T) - posterior.mean) <= 1.959964 * posterior.std
    assert 0.88 <= inside.mean() <= 0.99
    plain = Forest(kind=kind, calibration="none").fit(X, measured(X)).posterior(T)
    assert plain.std.mean() != pytest.approx(posterior.std.mean(), rel=1e-3)


def test_a_forest_hears_known_noise():
    X, y = toy(20)
    spoilt, variance = y.copy(), np.full((20, 1), 1e-3)
    spoilt[5], variance[5] = 50.0, 1e3
    deaf = Forest(trees=40).fit(X, spoilt, domain=UNIT).posterior(X).mean
    heard = Forest(trees=40).fit(X, spoilt, domain=UNIT, variance=variance).posterior(X).mean
    rest = np.arange(20) != 5
    assert np.abs(heard - y)[rest].mean() < np.abs(deaf - y)[rest].mean()
