"""Claims about the BoTorch model of a Gaussian process."""

import numpy as np
import pytest
import torch

from eutectic.surrogates.base import Domain
from eutectic.surrogates.gp.botorch_model import model as botorch_model
from eutectic.surrogates.gp.recipe import GaussianProcess
from tests.surrogates.gp.functions import FORMS, UNIT, data


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


def test_the_botorch_model_of_one_process_is_a_single_task_model():
    X, Y = data(6)
    fitted = GaussianProcess().fit(X, Y[:, :1], domain=UNIT)
    assert type(botorch_model(fitted.processes)).__name__ == "SingleTaskGP"
