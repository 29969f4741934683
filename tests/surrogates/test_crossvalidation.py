"""Claims about cross-validation."""

import numpy as np
import pytest

from eutectic.surrogates.base import Posterior
from eutectic.surrogates.crossvalidation import folds, log_density, noise, predict
from eutectic.surrogates.gp.recipe import GaussianProcess
from eutectic.surrogates.trees.forest import Forest
from tests.surrogates.composite.choices import UNIT, Flat, rows, smooth

# cross-validation


def test_folds_are_even_and_keep_equal_rows_together():
    X = rows(23)
    fold = folds(np.concatenate([X, X[:6]]), 5)
    assert np.array_equal(fold[23:], fold[:6])
    assert sorted(np.bincount(fold[:23])) == [4, 4, 5, 5, 5]
    assert np.array_equal(fold, folds(np.concatenate([X, X[:6]]), 5))


def test_rows_left_out_are_predicted_with_the_noise_of_measuring_them():
    rng = np.random.default_rng(0)
    X = rng.random((60, 2))
    Y = smooth(X) + 0.3 * rng.normal(size=(60, 1))
    for part in (GaussianProcess(), Forest(trees=40)):
        left = predict(part, X, Y, folds(X, 5), domain=UNIT)
        assert 0.85 <= (np.abs(Y - left.mean) <= 1.959964 * left.std).mean() <= 1
    fitted = GaussianProcess().fit(X, np.hstack([Y, 2 * Y]), domain=UNIT)
    assert noise(fitted) == pytest.approx([0.09, 0.36], rel=0.4)
    assert noise(Flat(1.0).fit(X, Y)) == pytest.approx([0.0])


def test_the_log_density_is_the_normal_one():
    from scipy.stats import norm

    posterior = Posterior(np.array([[1.0, 0.0], [2.0, 5.0]]), np.array([[0.25, 1.0], [4.0, 9.0]]))
    Y = np.array([[1.5, -1.0], [0.0, 5.0]])
    assert log_density(Y, posterior) == pytest.approx(norm.logpdf(Y, posterior.mean, posterior.std).sum(1))
