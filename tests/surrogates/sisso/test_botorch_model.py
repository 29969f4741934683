"""Claims about the BoTorch model of formulas."""

import numpy as np
import torch

from tests.surrogates.sisso.functions import NAMES, QUICK, inputs, noisy


def test_the_botorch_model_has_the_same_moments_in_any_batch_shape():
    X, Y = noisy()
    fitted = QUICK.fit(X, Y, NAMES)
    T = inputs(12, seed=2)
    posterior = fitted.model.posterior(torch.tensor(T).reshape(2, 3, 2, 4))
    ours = fitted.posterior(T)
    assert np.allclose(posterior.mean.numpy().reshape(12, 2), ours.mean)
    assert np.allclose(posterior.variance.numpy().reshape(12, 2), ours.variance)


def test_gradients_of_the_botorch_model_equal_finite_differences():
    X, Y = noisy()
    model = QUICK.fit(X, Y, NAMES).model
    T = torch.tensor(inputs(3, seed=5), requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: model.posterior(t).mean, (T,))
    assert torch.autograd.gradcheck(lambda t: model.posterior(t).variance, (T,))
