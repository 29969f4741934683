"""Claims about which inputs matter."""

import numpy as np
import pytest

from eutectic.optimizers.spaces import region
from eutectic.surrogates.explain.importance import dependence, lasso, permutation
from eutectic.surrogates.explain.inputs import Inputs
from tests.surrogates.explain.spaces import FRACTIONS, MIX, box, on_simplex, rng, rows


def test_permutation_and_lasso_rank_the_planted_input_first():
    inputs = box(5)
    X = rows(inputs, 40)
    y = 4 * X[:, 3] + 0.3 * X[:, 1]
    rise, error = permutation(lambda Z: 4 * Z[:, 3] + 0.3 * Z[:, 1], X, y, inputs, rng())
    assert np.argsort(-rise)[:2].tolist() == [3, 1]
    np.testing.assert_allclose(rise[[0, 2, 4]], 0, atol=1e-12)
    assert error[3] > 0
    found = lasso(X, y, inputs)
    assert np.argsort(-np.abs(found))[:2].tolist() == [3, 1]
    assert found[3] == pytest.approx(4 * X[:, 3].std(), rel=0.05)


def test_lasso_takes_categories_and_says_nothing_of_what_does_not_vary():
    inputs = Inputs(("gas", "t"), np.zeros(2), np.array([2.0, 1.0]), categorical=(0,))
    X = np.stack([rng().integers(0, 3, 40).astype(float), np.full(40, 0.5)], 1)
    found = lasso(X, np.where(X[:, 0] == 1, 3.0, 0.0), inputs)
    assert found[0] > 1
    assert found[1] == 0
    assert not lasso(X, np.ones(40), inputs).any()


def test_partial_dependence_of_a_composition_stays_in_the_space_and_follows_the_ray():
    X = region.sample(MIX, 20, rng())
    curve = dependence(lambda Z: (on_simplex(Z), Z[:, 0]), X, 0, FRACTIONS, lambda Z: region.contains(MIX, Z, 1e-6))
    assert curve.x[0] == pytest.approx(0.05)
    assert curve.x[-1] == pytest.approx(0.35)
    assert (np.diff(curve.mean) > 0).all()
    np.testing.assert_allclose(curve.std, curve.x)


def test_partial_dependence_leaves_out_what_lies_outside_the_space():
    inputs = box(2)
    X = rows(inputs, 6)
    curve = dependence(lambda Z: (Z[:, 0], Z[:, 0]), X, 0, inputs, lambda Z: Z[:, 0] < 0.5)
    np.testing.assert_array_equal(np.isnan(curve.mean), curve.x >= 0.5)
    np.testing.assert_allclose(curve.mean[curve.x < 0.5], curve.x[curve.x < 0.5])
