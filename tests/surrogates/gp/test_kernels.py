"""Claims about which covariance learns what."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from eutectic.surrogates.base import Domain
from eutectic.surrogates.gp.model import kernel
from eutectic.surrogates.gp.recipe import GaussianProcess
from tests.surrogates.gp.functions import UNIT, data


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


def held_out(recipe, f, n, noise, seed, d=4):
    rng = np.random.default_rng(seed)
    X, T = rng.random((n, d)), rng.random((300, d))
    truth, y = f(T), f(X) + noise * rng.normal(size=n)
    posterior = recipe.fit(X, y[:, None], domain=Domain(np.zeros(d), np.ones(d))).posterior(T)
    return float(np.sqrt(((posterior.mean[:, 0] - truth) ** 2).mean())), posterior


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


def test_a_category_described_has_labels_more_alike_the_nearer_their_descriptors():
    """By hand: descriptors 0, 1, 5 of deviation s are (1 / s)^2 and (5 / s)^2 apart; share and length are 1/2 and 2."""
    domain = Domain(np.zeros(2), np.array([2.0, 1.0]), (0, 1), descriptors={0: np.array([[0.0], [1.0], [5.0]]) * 1e-14})
    own = kernel("matern52", torch.zeros(3, 2), domain, 1)
    assert (own.shape, own.described) == (2, 2)
    rows = torch.tensor([[0.0, 0], [1, 0], [2, 1]], dtype=torch.float64)
    parameters = torch.tensor([0.7, 1.3, 0.0, np.log(2.0)], dtype=torch.float64)
    square = np.array([1.0, 25.0]) / np.std([0.0, 1.0, 5.0]) ** 2
    mismatch = 1 - 0.5 * np.exp(-square / 8)
    found = own(rows, rows, parameters).numpy()
    assert found[0] == pytest.approx([1.0, np.exp(-mismatch[0] / 0.7), np.exp(-mismatch[1] / 0.7 - 1 / 1.3)])
    assert found == pytest.approx(found.T)
    plain = kernel("matern52", torch.zeros(3, 2), replace(domain, descriptors={}), 1)
    assert found[0, 1] > plain(rows, rows, parameters)[0, 1]
    one = replace(domain, descriptors={0: np.full((3, 2), 7.0)})
    assert kernel("matern52", torch.zeros(3, 2), one, 1).described == 0


@pytest.mark.parametrize("coupling", ["none", "icm"])
def test_labels_alike_are_learned_from_each_other_and_a_state_keeps_it(coupling):
    size = np.linspace(-1.0, 1.0, 30)[:, None]
    X = np.column_stack([np.arange(30.0), np.arange(30) % 3])
    Y = np.column_stack([np.sin(3 * size[:, 0]) + 0.3 * X[:, 1], np.cos(3 * size[:, 0])])
    known = Domain(np.zeros(2), np.array([29.0, 2.0]), (0, 1), descriptors={0: size})
    seen = np.arange(30) % 4 != 2
    fits = [
        GaussianProcess(coupling=coupling).fit(X[seen], Y[seen], domain=domain)
        for domain in (known, replace(known, descriptors={}))
    ]
    errors = [np.abs(fit.posterior(X[~seen]).mean - Y[~seen]).mean() for fit in fits]
    assert errors[0] < 0.3 * errors[1]
    again = GaussianProcess(coupling=coupling).fit(
        X[seen], Y[seen], domain=known, start=json.loads(json.dumps(fits[0].state)), tune=False
    )
    assert again.posterior(X).mean == pytest.approx(fits[0].posterior(X).mean)
