"""Claims about the loss that Gaussian processes are tuned on."""

import numpy as np
import pytest
import torch

from eutectic.surrogates.gp.hyperparameters import COMMON, OWN, Task, finish, loss
from eutectic.surrogates.gp.kernels import Kernel
from tests.surrogates.gp.functions import FORMS, data, ones, task_of


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
