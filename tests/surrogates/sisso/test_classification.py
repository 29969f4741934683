"""Claims about formulas for classes."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from eutectic.optimizers.base import History, Space
from eutectic.optimizers.bayesian.bayesian import Bayesian
from eutectic.surrogates.sisso.recipe import SISSO
from tests.surrogates.sisso.functions import DEEP, NAMES, QUICK, inputs


@pytest.mark.parametrize("criterion", ["threshold", "overlap"])
@pytest.mark.parametrize("terms", [1, 2])
def test_a_planted_class_boundary_is_found(criterion, terms):
    X = inputs(150, 3)
    decision = X[:, 0] / X[:, 1] - 1 if terms == 1 else X[:, 0] * X[:, 1] - 2 * X[:, 2] + 0.3
    Y = np.where(decision > 0, 1.0, -1.0)
    recipe = SISSO(rungs=1, terms=terms, kind="classification", criterion=criterion, screened=20)
    fitted = recipe.fit(X, Y)
    output = fitted.outputs[0]
    assert output.accuracy >= (1.0 if terms == 1 else 0.97)
    T = inputs(300, 3, seed=9)
    truth = T[:, 0] / T[:, 1] - 1 if terms == 1 else T[:, 0] * T[:, 1] - 2 * T[:, 2] + 0.3
    assert (output.labels(T) == np.where(truth > 0, 1.0, -1.0)).mean() > 0.9
    posterior = fitted.posterior(T)
    assert (np.abs(posterior.mean) <= 1).all()
    assert fitted.formulas[0].text.endswith("> 0")
    restored = recipe.fit(X, Y, start=json.loads(json.dumps(fitted.state)), tune=False)
    assert np.array_equal(restored.posterior(T).mean, posterior.mean)
    moments = fitted.model.posterior(torch.tensor(T))
    assert np.allclose(moments.mean.numpy(), posterior.mean)
    assert np.allclose(moments.variance.numpy(), posterior.variance)


CLASSES = SISSO(rungs=1, terms=1, kind="classification", screened=10)


@pytest.mark.parametrize("n", [1, 2, 4, 12])
@pytest.mark.parametrize("options", [{}, {"folds": 3, "deepening": 1}, {"terms": 2}, {"calibration": "none"}])
def test_while_all_rows_are_of_one_class_it_is_predicted_with_a_note(options, n):
    recipe = replace(CLASSES, **options)
    fitted = recipe.fit(inputs(n), np.full(n, -1.0), NAMES)
    assert "one class so far: it is predicted until the rows hold the other" in fitted.notes
    posterior = fitted.posterior(inputs(5))
    assert np.allclose(posterior.mean, -1.0)
    assert (posterior.variance > 0).all()
    assert np.allclose(fitted.model.posterior(torch.tensor(inputs(5))).mean.numpy(), -1.0)
    again = recipe.fit(inputs(n), np.full(n, -1.0), NAMES, start=json.loads(json.dumps(fitted.state)), tune=False)
    assert np.array_equal(again.posterior(inputs(5)).variance, posterior.variance)


@pytest.mark.parametrize("criterion", ["threshold", "overlap"])
def test_one_row_of_another_class_ends_it_and_a_third_value_is_refused(criterion):
    Y = np.ones(12)
    Y[3] = 0.0
    both = replace(CLASSES, folds=4, criterion=criterion).fit(inputs(12), Y)
    assert not any("one class" in note for note in both.notes)
    assert both.outputs[0].classes == (0.0, 1.0)
    Y[5] = 2.0
    with pytest.raises(ValueError, match="takes two different values of the output, got 3"):
        CLASSES.fit(inputs(12), Y)


@pytest.mark.parametrize("recipe", [CLASSES, QUICK], ids=["classification", "regression"])
def test_a_search_goes_on_while_all_candidates_have_given_the_same(recipe):
    space = Space(NAMES, ("continuous",) * 4, np.full(4, 0.5), np.full(4, 3.0))
    history = History.observed(inputs(4), np.ones((4, 1)))
    batch = Bayesian(draws=8).using([recipe]).ask(space, history, 2, np.random.default_rng(0))
    assert batch.shape == (2, 4)


@pytest.mark.parametrize("n", [1, 3])
def test_the_plain_spread_of_members_needs_no_members_where_rows_are_too_few_for_them(n):
    posterior = SISSO(calibration="none").fit(inputs(n), np.arange(float(n)), NAMES).posterior(inputs(4))
    assert np.isfinite(posterior.mean).all()
    assert (posterior.variance > 0).all()


def test_cross_validation_chooses_the_operators_of_a_descriptor():
    X = inputs(120, 3)
    Y = np.where(X[:, 0] / X[:, 1] > 1, 1.0, -1.0)
    Y[::9] *= -1
    fitted = replace(DEEP, deepening=1, folds=3, max_complexity=4).fit(X, Y)
    assert fitted.notes == ("3-fold cross-validation chose at most 1 operators: 86.7 % right",)
    assert fitted.outputs[0].equation.trees[0].size == 1
