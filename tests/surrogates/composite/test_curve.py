"""Curves and their distances: known answers, calibrated predictions, and covariances that belong to the variances."""

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from eutectic.surrogates.base import Domain
from eutectic.surrogates.composite.curve import CurveDistance
from eutectic.surrogates.composite.curve_distance import Target
from eutectic.surrogates.composite.curve_model import Components, DistanceOutput
from eutectic.surrogates.gp.recipe import GaussianProcess

AXIS = np.linspace(0.0, 1.0, 60)
UNIT = Domain(np.zeros(2), np.ones(2))


def curve(x):
    """A peak whose height and whose background follow the inputs."""
    return (0.5 + x[0]) * np.exp(-(((AXIS - 0.4) / 0.1) ** 2)) + 0.3 * np.sin(3 * x[1]) * AXIS + 0.2


def data(n, seed=1):
    X = np.random.default_rng(seed).random((n, 2))
    return X, np.array([curve(x) for x in X])


def test_root_mean_square_and_cosine_of_curves_worked_out_by_hand():
    rms = Target(np.arange(3.0), np.array([1.0, 2.0, 3.0]), "rms")
    assert rms.of(np.array([1.0, 2.0, 6.0])) == pytest.approx(np.sqrt(3.0))
    cosine = Target(np.arange(2.0), np.array([1.0, 0.0]), "cosine")
    assert cosine.of(np.array([5.0, 0.0])) == pytest.approx(0.0)
    assert cosine.of(np.array([0.0, 2.0])) == pytest.approx(1.0)
    assert cosine.of(np.array([1.0, 1.0])) == pytest.approx(1 - np.sqrt(0.5))


def test_the_wasserstein_distance_of_a_shifted_peak_is_the_shift_in_the_axis_own_unit():
    for unit in (1.0, 1e-9, 1e6):
        axis = np.linspace(0.0, 10.0, 2001)
        one, other = (np.exp(-((axis - middle) ** 2)) for middle in (4.0, 5.5))
        assert Target(axis * unit, one, "wasserstein").of(other) == pytest.approx(1.5 * unit, rel=1e-6)
    coarse = np.linspace(0.0, 10.0, 201)
    uneven = np.abs(np.sin(coarse)) + 0.1
    wanted = np.exp(-((coarse - 4.0) ** 2)) + 0.01
    scipys = wasserstein_distance(coarse, coarse, uneven, wanted)
    assert Target(coarse, wanted, "wasserstein").of(uneven) == pytest.approx(scipys, rel=5e-3)


@pytest.mark.parametrize(
    ("curve_given", "distance", "says"),
    [
        ([1.0, 2.0], "rms", "it has 2 points, the target 3"),
        ([1.0, np.nan, 2.0], "rms", "point 2 is not finite"),
        ([1.0, -0.1, 2.0], "wasserstein", "no point below 0"),
        ([0.0, 0.0, 0.0], "cosine", "no meaning"),
    ],
)
def test_a_curve_without_a_distance_is_refused_with_the_reason(curve_given, distance, says):
    target = Target(np.arange(3.0), np.array([1.0, 2.0, 3.0]), distance)
    assert says in target.refuse(np.array(curve_given))


def test_few_components_hold_curves_that_two_numbers_make():
    _, curves = data(30)
    components = Components.of(curves)
    assert len(components.basis) == 2
    back = components.scores(curves) @ components.basis.numpy() + components.mean.numpy()
    assert back == pytest.approx(curves, abs=0.02)


@pytest.mark.parametrize("distance", ["rms", "wasserstein", "cosine"])
def test_distances_of_unseen_inputs_are_predicted_with_errors_that_fit(distance):
    target = Target(AXIS, curve([0.3, 0.6]), distance)
    X, curves = data(25)
    y = np.array([target.of(c) for c in curves])
    recipe = CurveDistance(GaussianProcess(), target).measured(X, curves)
    fitted = recipe.fit(X, y[:, None], ("a", "b"), domain=UNIT)
    assert isinstance(fitted.outputs[0], DistanceOutput)
    unseen, their_curves = data(200, seed=2)
    truth = np.array([target.of(c) for c in their_curves])
    posterior = fitted.posterior(unseen)
    error = posterior.mean[:, 0] - truth
    assert np.sqrt((error**2).mean()) < 0.05 * np.ptp(truth)
    assert (np.abs(error) < 4 * posterior.std[:, 0] + 1e-3 * np.ptp(truth)).mean() > 0.9


def test_covariances_are_no_larger_than_the_variances_allow_and_near_points_go_together():
    target = Target(AXIS, curve([0.3, 0.6]), "rms")
    X, curves = data(12)
    recipe = CurveDistance(GaussianProcess(), target).measured(X, curves)
    output = recipe.fit(X, np.array([[target.of(c)] for c in curves]), ("a", "b"), domain=UNIT).outputs[0]
    if not isinstance(output, DistanceOutput):
        pytest.fail("the curve is what should be learned here")
    E = output.embed(torch.tensor([[0.8, 0.1], [0.81, 0.1], [0.1, 0.9]], dtype=torch.float64))
    K, variance = output.covariance(E, E), output.variance(E)
    assert (torch.diagonal(K) <= variance * (1 + 1e-9)).all()
    correlation = K / variance.sqrt()[:, None] / variance.sqrt()[None, :]
    assert correlation[0, 1] > 0.8
    assert correlation[0, 1] > abs(correlation[0, 2])


def test_a_fit_is_restored_from_its_state():
    target = Target(AXIS, curve([0.3, 0.6]), "rms")
    X, curves = data(15)
    y = np.array([[target.of(c)] for c in curves])
    recipe = CurveDistance(GaussianProcess(), target).measured(X, curves)
    fitted = recipe.fit(X, y, ("a", "b"), domain=UNIT)
    again = recipe.fit(X, y, ("a", "b"), domain=UNIT, start=fitted.state, tune=False)
    assert again.posterior(X).mean == pytest.approx(fitted.posterior(X).mean, rel=1e-9)


def test_distances_without_their_curves_are_learned_as_they_are():
    target = Target(AXIS, curve([0.3, 0.6]), "rms")
    X, curves = data(15)
    y = np.array([[target.of(c)] for c in curves])
    plain = GaussianProcess().fit(X, y, ("a", "b"), domain=UNIT)
    recipe = CurveDistance(GaussianProcess(), target).measured(X[:-1], curves[:-1])
    assert recipe.fit(X, y, ("a", "b"), domain=UNIT).posterior(X).mean == pytest.approx(plain.posterior(X).mean)
