"""Claims about the Gaussian-process surrogate and the belief over outputs."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from optimizers.base import History, Space
from optimizers.belief import learn
from optimizers.diagnostics import crossvalidate
from surrogates.base import Domain
from surrogates.gp import GaussianProcess
from surrogates.gp_botorch import model as botorch_model
from surrogates.gp_fit import Hyper, Task, best_constant, covariance, loss
from surrogates.gp_kernel import Kernel, cholesky
from surrogates.gp_process import condition


def smooth(X):
    return np.stack([np.sin(4 * X[:, 0]) + X[:, 1] ** 2, X[:, 0] * X[:, 2] - X[:, 1]], 1)


def data(n=30, d=3, seed=0, noise=0.0):
    rng = np.random.default_rng(seed)
    X = rng.random((n, d))
    return X, smooth(X) + noise * rng.normal(size=(n, 2))


def ones(n):
    return torch.ones(n, dtype=torch.float64)


UNIT = Domain(np.zeros(3), np.ones(3))


@pytest.mark.parametrize(("name", "nu"), [("matern52", 2.5), ("matern32", 1.5), ("rbf", None)])
def test_posterior_equals_scikit_learn_at_the_same_hyperparameters(name, nu):
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, Matern

    X, Y = data()
    T = np.random.default_rng(1).random((9, 3))
    fitted = GaussianProcess(kernel=name).fit(X, Y[:, :1], domain=UNIT)
    hyper = fitted.processes[0].hyper
    lengths = np.array(hyper.lengths)
    kernel = RBF(lengths) if nu is None else Matern(lengths, nu=nu)
    theirs = GaussianProcessRegressor(kernel, alpha=hyper.level, optimizer=None)
    y = (Y[:, 0] - Y[:, 0].mean()) / Y[:, 0].std(ddof=1)
    mean, std = theirs.fit(X, y - hyper.constant).predict(T, return_std=True)
    ours = fitted.posterior(T)
    scale = Y[:, 0].std(ddof=1)
    assert np.allclose(ours.mean[:, 0], Y[:, 0].mean() + scale * (mean + hyper.constant), atol=1e-8)
    assert np.allclose(ours.std[:, 0], scale * std, atol=1e-6)


@pytest.mark.parametrize("categorical", [(), (1,), (0, 1, 2)])
def test_the_botorch_model_has_the_same_posterior(categorical):
    X, Y = data(noise=0.05)
    X[:, list(categorical)] = np.floor(3 * X[:, list(categorical)])
    upper = np.where(np.isin(np.arange(3), categorical), 2.0, 1.0)
    fitted = GaussianProcess().fit(X, Y, domain=Domain(np.zeros(3), upper, categorical))
    T = X[:6] + np.where(np.isin(np.arange(3), categorical), 0.0, 0.05)
    theirs = fitted.model.posterior(torch.tensor(T))
    assert np.allclose(theirs.mean.detach().numpy(), fitted.posterior(T).mean, atol=1e-7)
    assert np.allclose(theirs.variance.detach().numpy(), fitted.posterior(T).variance, rtol=1e-5, atol=1e-9)


def test_the_tuned_loss_is_botorchs_negative_log_posterior_up_to_a_constant():
    from botorch.models import SingleTaskGP
    from botorch.models.utils.gpytorch_modules import get_covar_module_with_dim_scaled_prior
    from gpytorch.mlls import ExactMarginalLogLikelihood

    X, Y = data(12)
    y = (Y[:, 0] - Y[:, 0].mean()) / Y[:, 0].std(ddof=1)
    task = Task(
        Kernel("matern52", (0, 1, 2), ()), torch.tensor(X), torch.tensor(y), ones(12), np.exp(-4.0), False, False
    )
    differences = []
    for lengths, level in (((0.5, 1.0, 2.0), 0.01), ((0.3, 0.8, 0.9), 0.1)):
        value, _ = loss(task, np.log([*lengths, level]))
        covar = get_covar_module_with_dim_scaled_prior(ard_num_dims=3, use_rbf_kernel=False)
        gp = SingleTaskGP(torch.tensor(X), torch.tensor(y)[:, None], covar_module=covar, outcome_transform=None)
        gp = gp.double()
        gp.covar_module.lengthscale = torch.tensor(lengths)
        gp.likelihood.noise = level
        factor, _ = cholesky(covariance(task, Hyper(lengths, level, 0.0)))
        gp.mean_module.initialize(constant=best_constant(factor, task.y))
        gp.train()
        mll = ExactMarginalLogLikelihood(gp.likelihood, gp)
        differences.append(value + 12 * float(mll(gp(*gp.train_inputs), gp.train_targets).detach()))
    assert differences[0] == pytest.approx(differences[1], abs=1e-6)


def test_the_gradient_of_the_loss_is_right():
    from scipy.optimize import check_grad

    X, Y = data(10)
    task = Task(Kernel("matern52", (0, 1, 2), ()), torch.tensor(X), torch.tensor(Y[:, 0]), ones(10), 0.02, False, False)
    at = np.log([0.4, 0.7, 1.1, 0.05])
    assert check_grad(lambda v: loss(task, v)[0], lambda v: loss(task, v)[1], at) < 1e-4


def test_closed_form_leave_one_out_equals_brute_force():
    X, Y = data(12, noise=0.1)
    whole = GaussianProcess().fit(X, Y[:, :1], domain=UNIT).processes[0]
    mean, variance = whole.leave_one_out()
    unit, y = whole.rows, whole.residual + whole.hyper.constant
    for i in range(12):
        rest = torch.arange(12) != i
        task = Task(whole.kernel, unit[rest], y[rest], ones(11), 1.0, True, False)
        part = condition(task, whole.hyper, whole.lower, whole.width, whole.shift, whole.scale)
        left_mean, left_variance = part.moments(torch.tensor(X[i : i + 1]))
        assert float(mean[i]) == pytest.approx(float(left_mean[0]), abs=1e-7)
        noise = whole.scale**2 * whole.hyper.level
        assert float(variance[i]) == pytest.approx(float(left_variance[0]) + noise, rel=1e-5)


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
    task = Task(cold.kernel, cold.rows, cold.residual + cold.hyper.constant, ones(40), np.exp(-4), False, False)
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


def box(d=3):
    return Space(tuple(f"x{j}" for j in range(d)), ("continuous",) * d, np.zeros(d), np.ones(d))


def test_crossvalidation_metrics_are_good_on_a_smooth_function_and_bad_on_noise():
    X, Y = data(40)
    Y[:, 1] = np.random.default_rng(5).normal(size=40)
    good, bad = (check.metrics for check in crossvalidate(History.observed(X, Y), box()))
    assert good["r2"] > 0.95
    assert good["spearman"] > 0.95
    assert good["coverage_95"] >= 0.85
    assert bad["r2"] < 0.3
    shares = {"coverage_50", "coverage_95", "miscalibration_area", "p_mean"}
    assert set(good) == {"n", "rmse", "mae", "r2", "spearman", "nlpd", *shares}


def test_crossvalidation_takes_the_recorded_state_and_leaves_failed_rows_out():
    X, Y = data(15)
    Y[3] = np.nan
    history = History.observed(X, Y, -np.ones((15, 1)))
    history = replace(history, C=np.where(history.failed[:, None], np.nan, X[:, :1] - 0.5))
    belief = learn(box(), history, ())
    checks = crossvalidate(history, box(), state=belief.state)
    assert [len(check.observed) for check in checks] == [14, 14, 14]


class Refitting:
    """A surrogate without a closed form: a Gaussian process that hides it."""

    def fit(self, X, Y, names=(), *, variance=None, domain=None, start=None, tune=True):
        fitted = GaussianProcess().fit(X, Y, domain=domain, start=start, tune=tune)

        class Plain:
            state = fitted.state
            posterior = staticmethod(fitted.posterior)

        return Plain()


def test_surrogates_without_closed_form_are_refitted_in_folds():
    X, Y = data(25)
    folds = crossvalidate(History.observed(X, Y[:, :1]), box(), [Refitting()])[0]
    assert folds.metrics["r2"] > 0.9


def test_failures_are_learned_as_infeasible():
    rng = np.random.default_rng(0)
    X = rng.random((40, 3))
    Y = np.where(X[:, :1] > 0.5, np.nan, smooth(X)[:, :1])
    belief = learn(box(), History.observed(X, Y), ())
    T = rng.random((50, 3))
    chance = belief.feasibility(T)
    assert chance[T[:, 0] < 0.3].min() > 0.7
    assert chance[T[:, 0] > 0.7].max() < 0.3


def test_the_botorch_model_of_one_process_is_a_single_task_model():
    X, Y = data(6)
    fitted = GaussianProcess().fit(X, Y[:, :1], domain=UNIT)
    assert type(botorch_model(fitted.processes)).__name__ == "SingleTaskGP"
