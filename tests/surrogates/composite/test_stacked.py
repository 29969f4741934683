"""Claims about stacks."""

import warnings

import numpy as np
import pytest
import torch

from eutectic.surrogates.composite.stacked import Stacked
from eutectic.surrogates.gp.recipe import GaussianProcess
from eutectic.surrogates.polynomial.recipe import Polynomial
from eutectic.surrogates.trees.forest import Forest
from tests.surrogates.functions import UNIT, fitted, toy

# stacked


def test_a_stack_is_no_worse_than_its_best_member():
    rng = np.random.default_rng(0)
    X, T = rng.random((30, 2)), rng.random((200, 2))
    for f in (lambda Z: np.sin(6 * Z[:, :1]) * Z[:, 1:], lambda Z: (Z[:, :1] > 0.5) + 0.3 * (Z[:, 1:] > 0.3)):
        y = f(X) + 0.05 * rng.normal(size=(30, 1))
        error = {}
        for label, one in (("gp", GaussianProcess()), ("f", Forest()), ("p", Polynomial()), ("stack", Stacked())):
            error[label] = float(np.sqrt(((one.fit(X, y, domain=UNIT).posterior(T).mean - f(T)) ** 2).mean()))
        assert error["stack"] <= 1.1 * min(error["gp"], error["f"], error["p"])


def test_the_weights_are_shown_and_sum_to_one():
    one = fitted("stacked")
    assert sum(one.outputs[0].weights) == pytest.approx(1)
    assert min(one.outputs[0].weights) >= 0
    assert one.notes[0].startswith("weights: gp ")


def test_the_published_stack_is_scikit_learns():
    from sklearn.linear_model import BayesianRidge, SGDRegressor
    from sklearn.neural_network import MLPRegressor

    from eutectic.surrogates.composite.stacked_published import layers
    from eutectic.surrogates.scaling import inputs

    X, y = toy(12)
    out = Stacked(preset="published", iterations=200, folds=2).fit(X, y, domain=UNIT).outputs[0]
    stack = out.embed
    Z, target = inputs(X, UNIT).columns(X), (y[:, 0] - stack.shift) / stack.scale
    models = SGDRegressor(random_state=0), MLPRegressor(max_iter=200, random_state=0), BayesianRidge()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts = np.column_stack([m.fit(Z, target).predict(Z) for m in models])
    assert all(len(a) == len(layers(m)) for a, m in zip(stack.base, models, strict=True))
    off = stack(torch.tensor(X))[:, 2:5].numpy() / stack.scale
    assert off == pytest.approx(parts - parts.mean(1, keepdims=True), abs=1e-6)
