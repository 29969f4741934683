"""Claims about the Gaussian-process surrogate and the belief over outputs."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from eutectic.optimizers.base import History, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.optimizers.models.belief import learn, together
from eutectic.optimizers.models.diagnostics import crossvalidate
from eutectic.surrogates.base import Domain
from eutectic.surrogates.gp.botorch_model import model as botorch_model
from eutectic.surrogates.gp.hyperparameters import COMMON, OWN, Task, finish, loss
from eutectic.surrogates.gp.kernels import Kernel
from eutectic.surrogates.gp.model import BLIND_LEVEL, BLIND_SPREAD
from eutectic.surrogates.gp.process import Scaling, condition
from eutectic.surrogates.gp.recipe import GaussianProcess

FORMS = ("matern52", "matern32", "rbf", "additive", "composition")


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
    fitted = GaussianProcess(kernel=name, calibration="none").fit(X, Y[:, :1], domain=UNIT)
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


@pytest.mark.parametrize(
    ("categorical", "options"),
    [
        *(((), {"kernel": name}) for name in FORMS),
        ((1,), {}),
        ((0, 1, 2), {"kernel": "additive"}),
        ((1,), {"kernel": "composition", "coupling": "icm"}),
    ],
)
def test_the_botorch_model_has_the_same_posterior(categorical, options):
    X, Y = data(noise=0.05)
    X[:, list(categorical)] = np.floor(3 * X[:, list(categorical)])
    upper = np.where(np.isin(np.arange(3), categorical), 2.0, 1.0)
    fitted = GaussianProcess(**options).fit(X, Y, domain=Domain(np.zeros(3), upper, categorical))
    T = X[:6] + np.where(np.isin(np.arange(3), categorical), 0.0, 0.05)
    theirs = fitted.model.posterior(torch.tensor(T))
    assert np.allclose(theirs.mean.detach().numpy(), fitted.posterior(T).mean, atol=1e-7)
    assert np.allclose(theirs.variance.detach().numpy(), fitted.posterior(T).variance, rtol=1e-5, atol=1e-9)


def task_of(X, y, kernel=None, shared=False):
    kernel = kernel or Kernel("matern52", tuple(range(X.shape[1])), ())
    return Task(kernel, torch.tensor(X), torch.tensor(y), ones(len(y)), (np.exp(-4.0),), 1.0, shared)


def test_the_tuned_loss_is_botorchs_likelihood_and_the_stated_prior():
    from botorch.models import SingleTaskGP
    from gpytorch.kernels import MaternKernel
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from scipy.stats import multivariate_normal, norm

    X, Y = data(12)
    y = (Y[:, 0] - Y[:, 0].mean()) / Y[:, 0].std(ddof=1)
    task = task_of(X, y)
    spread = OWN**2 * np.eye(3) + COMMON**2
    differences = []
    for lengths, level in (((0.5, 1.0, 2.0), 0.01), ((0.3, 0.8, 0.9), 0.1)):
        value, _ = loss(task, np.log([*lengths, level]))
        gp = SingleTaskGP(
            torch.tensor(X),
            torch.tensor(y)[:, None],
            train_Yvar=torch.full((12, 1), level, dtype=torch.float64),
            covar_module=MaternKernel(ard_num_dims=3),
            outcome_transform=None,
        ).double()
        gp.covar_module.lengthscale = torch.tensor(lengths)
        (hyper,) = finish(task, np.log([*lengths, level]))
        gp.mean_module.initialize(constant=hyper.constant)
        gp.train()
        mll = ExactMarginalLogLikelihood(gp.likelihood, gp)
        likelihood = 12 * float(mll(gp(*gp.train_inputs), gp.train_targets).detach())
        prior = multivariate_normal(np.full(3, 0.5 * np.log(3)), spread).logpdf(np.log(lengths))
        differences.append(value + likelihood + prior + norm(-4.0, 1.0).logpdf(np.log(level)))
    assert differences[0] == pytest.approx(differences[1], abs=1e-6)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("outputs", [1, 3])
def test_the_gradient_of_the_loss_is_right(name, outputs):
    from scipy.optimize import check_grad

    X, Y = data(10)
    kernel = Kernel(name, (0, 2), (1,), outputs, (0.5, 0.5), 0.6)
    X[:, 1] = np.floor(2 * X[:, 1])
    rows = np.concatenate([np.column_stack([X, np.full(10, j)]) for j in range(outputs)]) if outputs > 1 else X
    y = np.concatenate([Y[:, 0], Y[:, 1], Y[:, 0] - Y[:, 1]])[: len(rows)]
    center = (0.02,) * outputs
    task = Task(kernel, torch.tensor(rows), torch.tensor(y), ones(len(y)), center, 1.0, False)
    shape = np.random.default_rng(2).normal(size=kernel.shape)
    at = np.concatenate([np.log([0.4, 0.7, 1.1]), shape, np.log([0.05] * outputs)])
    assert check_grad(lambda v: loss(task, v)[0], lambda v: loss(task, v)[1], at) < 1e-4


def test_closed_form_leave_one_out_equals_brute_force():
    X, Y = data(12, noise=0.1)
    whole = GaussianProcess().fit(X, Y[:, :1], domain=UNIT).processes[0]
    mean, variance = whole.leave_one_out()
    unit, y = whole.rows, whole.residual + whole.hyper.constant
    for i in range(12):
        rest = torch.arange(12) != i
        task = Task(whole.kernel, unit[rest], y[rest], ones(11), (1.0,), 0.0, False)
        scaling = Scaling(whole.lower, whole.width, (whole.shift,), (whole.scale,))
        (part,) = condition(task, (whole.hyper,), scaling)
        part = replace(part, widening=whole.widening)
        left_mean, left_variance = part.moments(torch.tensor(X[i : i + 1]))
        assert float(mean[i]) == pytest.approx(float(left_mean[0]), abs=1e-7)
        assert float(variance[i]) == pytest.approx(float(left_variance[0]) + whole.noise_variance, rel=1e-5)


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


def held_out(recipe, f, n, noise, seed, d=4):
    rng = np.random.default_rng(seed)
    X, T = rng.random((n, d)), rng.random((300, d))
    truth, y = f(T), f(X) + noise * rng.normal(size=n)
    posterior = recipe.fit(X, y[:, None], domain=Domain(np.zeros(d), np.ones(d))).posterior(T)
    return float(np.sqrt(((posterior.mean[:, 0] - truth) ** 2).mean())), posterior


def test_intervals_are_widened_until_rows_left_out_lie_in_them_and_means_stay():
    X, Y = data(25, noise=0.3)
    Y[::6, 0] += 2.0
    plain, scaled, conformal = (
        GaussianProcess(calibration=method).fit(X, Y[:, :1], domain=UNIT) for method in ("none", "scaled", "conformal")
    )
    left = conformal.leave_one_out()
    assert (np.abs(left.mean - Y[:, :1]) <= 1.96 * left.std).mean() >= 0.95
    assert (conformal.posterior(X).mean == plain.posterior(X).mean).all()
    for fitted in (scaled, conformal):
        widening = fitted.processes[0].widening
        assert widening >= 1
        assert np.allclose(fitted.posterior(X).variance, widening * plain.posterior(X).variance)
        assert fitted.processes[0].noise_variance == pytest.approx(widening * plain.processes[0].noise_variance)


def test_the_smoother_kernel_is_chosen_where_it_is_likelier_and_a_state_keeps_it():
    X, Y = data(40)
    names = [
        GaussianProcess().fit(X, y, domain=UNIT).processes[0].kernel.name
        for y in (Y[:, 0], np.sqrt(np.abs(X[:, 0] - 0.5)))
    ]
    assert names == ["rbf", "matern52"]
    fitted = GaussianProcess().fit(X, Y[:, 0], domain=UNIT)
    again = GaussianProcess().fit(X, Y[:, 0], domain=UNIT, start=json.loads(json.dumps(fitted.state)), tune=False)
    assert again.posterior(X[:5] + 0.03).mean == pytest.approx(fitted.posterior(X[:5] + 0.03).mean)
    few = GaussianProcess(tune_rows=20).fit(X, Y[:, 0], domain=UNIT).processes[0]
    assert (few.kernel.name, len(few.alpha)) == ("rbf", 40)


def crowded_in_a_corner():
    """Many points in one place and few elsewhere, of a function that is rough elsewhere."""
    rng = np.random.default_rng(3)
    X = np.concatenate([rng.random((16, 2)), 0.15 * rng.random((60, 2))])
    return X, np.abs(np.sin(9 * X[:, 0]) * X[:, 1]) ** 0.5 - 0.3


def test_what_is_seldom_sampled_is_believed_less_firmly_once_stretched():
    X, y = crowded_in_a_corner()
    square = Domain(np.zeros(2), np.ones(2))
    plain = GaussianProcess(calibration="none").fit(X, y, domain=square)
    stretched = GaussianProcess().stretched().fit(X, y, domain=square)
    ratio = (stretched.posterior(X + 1e-3).variance / plain.posterior(X + 1e-3).variance)[:, 0]
    T = np.random.default_rng(4).random((40, 2))
    far = stretched.posterior(T)
    assert stretched.processes[0].far > 0.5
    assert (far.mean == plain.posterior(T).mean).all()
    assert (far.variance / plain.posterior(T).variance).max() > 1.3 * np.median(ratio[16:])
    left = stretched.leave_one_out()
    errors = (y[:, None] - left.mean) / left.std
    assert np.sqrt((errors[:16] ** 2).mean()) < 1.3


def test_a_stretched_process_is_one_process_everywhere():
    X, y = crowded_in_a_corner()
    (process,) = GaussianProcess().stretched().fit(X, y, domain=Domain(np.zeros(2), np.ones(2))).processes
    T = torch.tensor(np.random.default_rng(5).random((30, 2)))
    joint = process.covariance(T, T)
    mean, variance = process.moments(T)
    assert torch.allclose(joint.diagonal(), variance, rtol=1e-6)
    assert float(torch.linalg.eigvalsh(joint).min()) > -1e-10
    bound = process.bound(T[:7])(T)
    assert torch.allclose(bound[1], variance)
    assert torch.allclose(bound[2], joint[:, :7], atol=1e-10)
    theirs = botorch_model([process]).posterior(T)
    assert torch.allclose(theirs.mean[:, 0], mean)
    assert torch.allclose(theirs.distribution.covariance_matrix, joint, atol=1e-6)


def test_constraints_are_stretched_and_objectives_are_not():
    X, y = crowded_in_a_corner()
    space = Space(("a", "b"), ("continuous",) * 2, np.zeros(2), np.ones(2))
    belief = learn(space, History.observed(X, y[:, None], y[:, None]), ())
    assert belief.outputs[0].processes[0].far == 0
    assert belief.outputs[1].processes[0].far > 0.5


def test_few_rows_are_not_spent_on_telling_inputs_apart():
    worst = [held_out(GaussianProcess(), lambda Z: np.sin(4 * Z.sum(1) / 2), 15, 0.05, seed)[0] for seed in range(4)]
    assert np.mean(worst) < 0.45


def test_a_sum_over_inputs_is_learned_from_fewer_rows_by_the_additive_kernel():
    def f(Z):
        return np.sin(6 * Z[:, 0]) + 3 * Z[:, 1] ** 2 - np.cos(9 * Z[:, 2]) + Z[:, 3]

    plain, additive = (
        np.mean([held_out(GaussianProcess(kernel=name), f, 25, 0.05, seed)[0] for seed in range(3)])
        for name in ("matern52", "additive")
    )
    assert additive < 0.7 * plain


def test_quadratic_mixing_is_learned_from_fewer_rows_by_the_composition_kernel():
    rng = np.random.default_rng(0)
    X, T = rng.dirichlet(np.ones(5), 25), rng.dirichlet(np.ones(5), 200)
    excess = np.triu(rng.normal(size=(5, 5)), 1)

    def f(Z):
        return Z @ np.arange(5.0) + 4 * ((Z @ excess) * Z).sum(1)

    errors = []
    for name in ("matern52", "composition"):
        fitted = GaussianProcess(kernel=name).fit(X, f(X)[:, None], domain=Domain(np.zeros(5), np.ones(5)))
        errors.append(float(np.abs(fitted.posterior(T).mean[:, 0] - f(T)).mean()))
    assert errors[1] < 0.7 * errors[0]


def test_a_well_measured_output_helps_a_badly_measured_one_it_is_coupled_to():
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(3):
        X, T = rng.random((25, 3)), rng.random((200, 3))
        clean = smooth(X)[:, 0]
        Y = np.column_stack([clean, -clean + 0.5 * rng.normal(size=25)])
        variance = np.column_stack([np.full(25, 1e-4), np.full(25, 0.25)])
        error = []
        for coupling in ("none", "icm"):
            fitted = GaussianProcess(coupling=coupling).fit(X, Y, domain=UNIT, variance=variance)
            error.append(np.abs(fitted.posterior(T).mean[:, 1] + smooth(T)[:, 0]).mean())
        gains.append(error[1] / error[0])
        correlation = fitted.processes[0].kernel.correlation(fitted.processes[0].lengths)
        assert float(correlation[0, 1]) < -0.5
    assert np.mean(gains) < 0.6


def test_coupled_outputs_taken_apart_stay_what_they_were():
    X, Y = data(12)
    fitted = GaussianProcess(coupling="icm").fit(X, Y, domain=UNIT)
    for j, part in enumerate(fitted.split()):
        assert (part.posterior(X).mean[:, 0] == fitted.posterior(X).mean[:, j]).all()
        assert part.leave_one_out().mean.shape == (12, 1)


def test_outputs_that_share_a_coupled_recipe_are_learned_together():
    coupled, alone = GaussianProcess(coupling="icm"), GaussianProcess()
    assert together([coupled, alone, coupled, alone]) == [[0, 2], [1], [3]]
    assert together([coupled, replace(coupled, kernel="rbf")]) == [[0], [1]]
    X, Y = data(20, noise=0.05)
    Y[4] = np.nan
    history = History.observed(X, Y, X[:, :1] - 0.5)
    recipes = [coupled, alone, coupled]
    belief = learn(box(), history, recipes)
    assert [output.processes[0].kernel.outputs for output in belief.outputs] == [2, 1, 2, 1]
    again = learn(box(), replace(history, state=belief.state), recipes)
    assert np.allclose(again.moments(X)[0], belief.moments(X)[0], atol=0.05)
    batch = Bayesian(draws=8, samples=32, starts=2, iterations=5).using(recipes)
    proposals = batch.propose(box(), replace(history, state=belief.state), 2, np.random.default_rng(0))
    assert proposals.X.shape == (2, 3)
    assert len(crossvalidate(history, box(), recipes, belief.state)) == 3


def test_on_a_list_unexplained_noise_counts_as_the_designs_own_unless_it_was_told():
    X, Y = data(20, noise=0.2)
    history, listed = History.observed(X, Y), replace(box(), table=X)
    assert learn(box(), history, ()).own == ()
    belief = learn(listed, history, ())
    assert belief.own == pytest.approx([output.processes[0].noise_variance for output in belief.outputs])
    assert min(belief.own) > 0
    told = replace(history, noise=np.column_stack([np.full(20, 0.2), np.full(20, np.nan)]))
    own = learn(listed, told, ()).own
    assert own[0] == 0
    assert own[1] > 0
