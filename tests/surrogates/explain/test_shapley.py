"""Claims about SHAP."""

import warnings

import numpy as np
import pytest

from eutectic.optimizers.spaces import region
from eutectic.surrogates.explain.inputs import joined
from eutectic.surrogates.explain.shapley import shapley
from tests.surrogates.explain.spaces import FRACTIONS, MIX, WEIGHTS, box, on_simplex, rng, rows


@pytest.mark.parametrize("d", [3, 12])
def test_shap_of_a_linear_model_is_coefficient_times_distance_from_the_background_mean(d):
    inputs, weights = box(d), np.arange(1.0, d + 1)
    X = rows(inputs, 20)
    found = shapley(lambda Z: Z @ weights, X[:4], X, inputs, rng())
    np.testing.assert_allclose(found.values, weights * (X[:4] - X.mean(0)), atol=1e-9)
    np.testing.assert_allclose(np.nan_to_num(found.interactions), 0, atol=1e-9)


@pytest.mark.parametrize("d", [4, 12])
def test_shap_finds_the_planted_interaction_and_adds_up_to_the_prediction(d):
    def model(Z):
        return 3 * Z[:, 1] + 8 * (Z[:, 0] - 0.5) * (Z[:, 2] - 0.5)

    inputs = box(d)
    X = rows(inputs, 16)
    X[0, [0, 2]] = inputs.upper[[0, 2]]
    found = shapley(model, X[:1], X, inputs, rng())
    np.testing.assert_allclose(found.base + found.values.sum(1), model(X[:1]))
    pairs = np.nan_to_num(np.abs(found.interactions[0]))
    assert set(np.argwhere(pairs > 1e-9).ravel()) == {0, 2}
    gap = X[0, [0, 2]] - X[:, [0, 2]]
    np.testing.assert_allclose(pairs[0, 2], abs(8 * gap.prod(1).mean()))


def test_shap_of_compositions_never_leaves_the_simplex_and_adds_up():
    X = region.sample(MIX, 30, rng())
    found = shapley(on_simplex, X[:5], X[5:], FRACTIONS, rng())
    np.testing.assert_allclose(found.base + found.values.sum(1), on_simplex(X[:5]))
    assert found.base == pytest.approx(on_simplex(X[5:]).mean())


def test_shap_of_compositions_does_not_see_a_constant_added_to_every_coefficient():
    X = region.sample(MIX, 20, rng())
    one = shapley(lambda Z: Z @ WEIGHTS, X[:3], X, FRACTIONS, rng())
    other = shapley(lambda Z: Z @ (WEIGHTS + 7), X[:3], X, FRACTIONS, rng())
    np.testing.assert_allclose(one.values, other.values, atol=1e-9)


@pytest.mark.slow
def test_shap_is_what_the_shap_package_computes():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package's colour maps, at import
        import shap
    X = region.sample(MIX, 12, rng())

    def masker(mask, x):
        return (joined(x, X, np.asarray(mask, dtype=bool)[None], FRACTIONS),)

    theirs = shap.ExactExplainer(on_simplex, masker)(X[:3]).values
    np.testing.assert_allclose(shapley(on_simplex, X[:3], X, FRACTIONS, rng()).values, theirs, atol=1e-9)
