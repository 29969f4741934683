"""Claims about the Gaussian process as a surrogate: what it learns, notes, keeps and refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest

from eutectic.surrogates.gp import model
from eutectic.surrogates.gp.hyperparameters import loss
from eutectic.surrogates.gp.model import BLIND_LEVEL, BLIND_SPREAD
from eutectic.surrogates.gp.recipe import GaussianProcess
from tests.surrogates.gp.functions import UNIT, data, smooth, task_of


def test_a_constant_output_is_predicted_as_that_constant_and_noted():
    X, _ = data(8)
    fitted = GaussianProcess().fit(X, np.full((8, 1), 7.0), domain=UNIT)
    assert np.allclose(fitted.posterior(np.random.default_rng(0).random((5, 3))).mean, 7.0, atol=1e-6)
    assert any("constant" in note for note in fitted.notes)


def test_one_observation_and_a_hundred_duplicates_can_be_learned_from():
    X, Y = data(1)
    assert np.isfinite(GaussianProcess().fit(X, Y).posterior(X).std).all()
    X, Y = np.repeat(X, 100, 0), np.repeat(Y, 100, 0) + 0.1 * np.random.default_rng(0).normal(size=(100, 2))
    posterior = GaussianProcess().fit(X, Y, domain=UNIT).posterior(X[:1])
    assert np.allclose(posterior.mean[0], Y.mean(0), atol=0.01)


def test_a_near_singular_covariance_gets_jitter_that_is_noted():
    X = np.repeat(np.random.default_rng(0).random((4, 3)), 30, 0)
    Y = smooth(X)[:, :1]
    state = {"outputs": [{"lengths": [5.0, 5.0, 5.0], "level": 1e-17, "constant": 0.0}]}
    fitted = GaussianProcess().fit(X, Y, domain=UNIT, start=state, tune=False)
    assert any("jitter" in note for note in fitted.notes)
    assert np.allclose(fitted.posterior(X).mean, Y, atol=1e-3)


def test_a_mirror_image_is_what_a_fit_to_the_rest_of_a_total_finds():
    X, Y = data(20, noise=0.1)
    own = GaussianProcess().fit(X, Y[:, 0], domain=UNIT)
    rest = GaussianProcess().fit(X, 3.0 - Y[:, 0], domain=UNIT)
    points = np.random.default_rng(3).random((7, 3))
    one, other = own.mirrored(3.0).posterior(points), rest.posterior(points)
    assert np.allclose(one.mean, other.mean, atol=1e-4)
    assert np.allclose(one.variance, other.variance, rtol=1e-3)
    assert np.allclose(one.mean, 3.0 - own.posterior(points).mean)
    assert np.allclose(own.mirrored(3.0).leave_one_out().mean, 3.0 - own.leave_one_out().mean)


def test_of_many_rows_the_same_hyperparameters_are_found_as_without_a_sample(monkeypatch):
    X, Y = data(60, noise=0.05)
    whole = GaussianProcess().fit(X, Y[:, 0], domain=UNIT).processes[0]
    monkeypatch.setattr(model, "MANY", 50)
    monkeypatch.setattr(model, "FEW", 30)
    sampled = GaussianProcess().fit(X, Y[:, 0], domain=UNIT).processes[0]
    assert sampled.kernel.name == whole.kernel.name
    assert np.allclose(sampled.hyper.lengths, whole.hyper.lengths, rtol=0.05)
    assert len(sampled.rows) == 60


def test_state_is_json_and_restores_the_same_predictions_bit_for_bit():
    X, Y = data(20, noise=0.1)
    T = np.random.default_rng(3).random((7, 3))
    fitted = GaussianProcess().fit(X, Y, domain=UNIT)
    state = json.loads(json.dumps(fitted.state))
    again = GaussianProcess().fit(X, Y, domain=UNIT, start=state, tune=False)
    assert (again.posterior(T).mean == fitted.posterior(T).mean).all()
    assert (again.posterior(T).variance == fitted.posterior(T).variance).all()


def test_a_warm_refit_is_no_worse_than_a_cold_one():
    X, Y = data(40, noise=0.05)
    early = GaussianProcess().fit(X[:30], Y[:30, :1], domain=UNIT)
    warm = GaussianProcess().fit(X, Y[:, :1], domain=UNIT, start=early.state).processes[0]
    cold = GaussianProcess().fit(X, Y[:, :1], domain=UNIT).processes[0]
    task = replace(task_of(X, Y[:, 0]), X=cold.rows, y=cold.residual + cold.hyper.constant)
    task = replace(task, centers=(BLIND_LEVEL,), spread=BLIND_SPREAD)
    value = [loss(task, np.log([*p.hyper.lengths, p.hyper.level]))[0] for p in (warm, cold)]
    assert value[0] <= value[1] + 1e-2


def test_restoring_from_a_state_of_another_shape_is_refused():
    X, Y = data(5)
    with pytest.raises(ValueError, match="tune=False"):
        GaussianProcess().fit(X, Y, start={"outputs": []}, tune=False)


def test_irrelevant_inputs_get_long_length_scales():
    rng = np.random.default_rng(0)
    X = rng.random((40, 3))
    hyper = GaussianProcess().fit(X, np.sin(5 * X[:, :1]), domain=UNIT).processes[0].hyper
    assert hyper.lengths[0] < 0.3 * min(hyper.lengths[1:])
    shared = GaussianProcess(ard=False).fit(X, np.sin(5 * X[:, :1]), domain=UNIT).processes[0].hyper
    assert len(set(shared.lengths)) == 1


def test_given_variances_weigh_observations_and_lucky_ones_are_moderated():
    rng = np.random.default_rng(0)
    X = np.repeat(rng.random((1, 3)), 4, 0)
    y = np.array([[0.0], [0.0], [0.0], [1.0]])
    variance = np.array([[0.1], [0.1], [0.1], [1e-12]])
    trusting = GaussianProcess(noise="given").fit(X, y, variance=variance, domain=UNIT).posterior(X[:1]).mean[0, 0]
    moderate = GaussianProcess().fit(X, y, variance=variance, domain=UNIT).posterior(X[:1]).mean[0, 0]
    assert trusting == pytest.approx(1.0, abs=1e-3)
    assert 0.2 < moderate < 0.35


def test_length_scales_are_tuned_on_some_rows_and_predictions_use_all():
    X, Y = data(60)
    fitted = GaussianProcess(tune_rows=20).fit(X, Y[:, :1], domain=UNIT)
    assert len(fitted.processes[0].rows) == 60
    assert np.abs(fitted.posterior(X).mean - Y[:, :1]).max() < 0.05


def test_bad_options_and_data_are_refused():
    with pytest.raises(ValueError, match="moderation"):
        GaussianProcess(moderation=2.0)
    with pytest.raises(ValueError, match="tune_rows"):
        GaussianProcess(tune_rows=1)
    with pytest.raises(ValueError, match="finite"):
        GaussianProcess().fit(np.full((3, 2), np.nan), np.zeros((3, 1)))
