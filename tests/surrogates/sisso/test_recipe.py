"""Claims about SISSO as a surrogate: what it learns, notes, keeps and refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest
import sympy
import torch

from eutectic.campaigns.file import plugins
from eutectic.optimizers.base import History, Space
from eutectic.optimizers.models.belief import learn
from eutectic.optimizers.models.diagnostics import crossvalidate
from eutectic.surrogates.sisso.operators import UNARY
from eutectic.surrogates.sisso.recipe import SISSO
from eutectic.surrogates.sisso.search import Data, search
from eutectic.surrogates.sisso.sparsifying import coefficients
from tests.surrogates.sisso.functions import NAMES, QUICK, inputs, noisy, same

PLANTED = {
    "3*a*b/c - 2": {"rungs": 2, "terms": 1},
    "2*(a - b)*(c + d) + 5*a/d": {"rungs": 2, "terms": 2, "screened": 300},
    "0.5*sqrt(a)/b + 7*log(c) + 1": {"rungs": 2, "terms": 2, "operators": ("*", "/", "sqrt", "log")},
    "4*exp(-a*b) + 2": {"rungs": 2, "terms": 1, "operators": ("*", "/", "exp(-x)", "+")},
    "Abs(a - b)*c": {"rungs": 2, "terms": 1, "operators": ("|-|", "*", "+")},
    "6*a - 4*b": {"rungs": 0, "terms": 2},
    "2*log(a*b/(c + d)) + 1": {"rungs": 3, "terms": 1, "operators": ("+", "*", "/", "log"), "bank": 1000},
}


@pytest.mark.parametrize("truth", PLANTED)
def test_a_planted_formula_is_recovered_exactly(truth):
    X = inputs()
    y = sympy.lambdify([sympy.Symbol(name) for name in NAMES], sympy.sympify(truth))(*X.T)
    fitted = SISSO(members=0, **PLANTED[truth]).fit(X, y, NAMES)
    assert same(fitted.expressions[0], truth)
    assert fitted.formulas[0].rmse < 1e-9
    assert np.allclose(fitted.posterior(X).mean[:, 0], y)


@pytest.mark.parametrize(("truth", "rungs", "terms"), [("3*a*b/c - 2", 2, 1), ("2*a*b + 5*c/d - 1", 1, 2)])
def test_a_planted_formula_is_recovered_under_noise_with_rungs_and_terms_chosen(truth, rungs, terms):
    X = inputs(80)
    y = sympy.lambdify([sympy.Symbol(name) for name in NAMES], sympy.sympify(truth))(*X.T)
    noisy = y + 1e-3 * y.std() * np.random.default_rng(1).normal(size=len(y))
    fitted = SISSO(rungs=rungs, terms=terms + 1, screened=60, residuals=3, folds=3, members=0).fit(X, noisy, NAMES)
    equation = fitted.outputs[0].equation
    slopes, intercept = coefficients(equation.terms(X), y)
    assert len(equation.trees) == terms
    assert np.abs(y - intercept - slopes @ equation.terms(X)).max() < 1e-9
    assert f"3-fold cross-validation chose rung {rungs} and {terms} terms" in " ".join(fitted.notes)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"operators": ("+", "sqr")}, "did you mean 'sqrt'|did you mean 'sq'"),
        ({"rungs": 4}, "rungs must be"),
        ({"terms": 0}, "terms must be at least 1"),
        ({"folds": 1}, "folds"),
        ({"dropout": 1.0}, "dropout"),
        ({"kind": "classification", "terms": 3}, "one or two terms"),
        ({"kind": "classification", "terms": 2, "folds": 3}, "folds with one term"),
        ({"deepening": 2}, "deepening needs kind: classification"),
    ],
)
def test_bad_options_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        SISSO(**options)


def test_missing_values_are_named_by_row_and_column():
    X, y = inputs(), inputs()[:, 0]
    X[7, 2] = np.nan
    with pytest.raises(ValueError, match="row 7, column 'c'"):
        QUICK.fit(X, y, NAMES)
    y[3] = np.inf
    with pytest.raises(ValueError, match="row 3, column 'output 1'"):
        QUICK.fit(inputs(), y, NAMES)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_fewer_rows_than_terms_give_fewer_terms_and_a_note(n):
    X = inputs(n)
    fitted = replace(QUICK, terms=4).fit(X, X[:, 0] ** 2 + X[:, 1], NAMES)
    assert len(fitted.outputs[0].equation.trees) <= max(n - 2, 0)
    assert f"{n} rows allow {max(n - 2, 0)} of 4 terms" in fitted.notes
    posterior = fitted.posterior(inputs(5))
    assert np.isfinite(posterior.mean).all()
    assert (posterior.variance > 0).all()


def test_a_constant_output_is_predicted_and_noted():
    fitted = QUICK.fit(inputs(), np.full(60, 3.0), NAMES)
    assert np.allclose(fitted.posterior(inputs(4)).mean, 3.0)
    assert "constant output: nothing to learn from it yet" in fitted.notes


@pytest.mark.parametrize(("truth", "bad"), [("log", -1.0), ("inv", 0.0), ("inv", 1e-7), ("sqrt", -2.0), ("exp", 800.0)])
def test_where_a_formula_has_no_value_the_training_mean_stands_in_with_the_training_variance(truth, bad):
    X = inputs()
    y = 2 * UNARY[truth].apply(X[:, 0])
    fitted = SISSO(rungs=1, terms=1, operators=(truth,), members=3).fit(X, y, NAMES)
    wild = X[:2].copy()
    wild[1, 0] = bad
    posterior = fitted.posterior(wild)
    assert np.array_equal(fitted.undefined(wild)[:, 0], [0, 1])
    assert posterior.mean[0, 0] == pytest.approx(y[0])
    assert posterior.mean[1, 0] == pytest.approx(y.mean())
    assert posterior.variance[1, 0] >= y.var()
    T = torch.tensor(wild, requires_grad=True)
    moments = fitted.model.posterior(T)
    assert np.allclose(moments.mean.detach().numpy(), posterior.mean)
    assert np.allclose(moments.variance.detach().numpy(), posterior.variance)
    moments.mean.sum().backward()
    assert torch.isfinite(T.grad).all()
    assert (T.grad[1] == 0).all()


def test_equal_seeds_give_equal_fits_and_other_seeds_another_ensemble():
    X, Y = noisy()
    first, again, other = (replace(QUICK, seed=seed).fit(X, Y, NAMES) for seed in (3, 3, 4))
    assert json.dumps(first.state) == json.dumps(again.state)
    assert np.array_equal(first.posterior(X).variance, again.posterior(X).variance)
    assert np.array_equal(first.posterior(X).mean, other.posterior(X).mean)
    assert not np.array_equal(first.posterior(X).variance, other.posterior(X).variance)


def test_the_state_restores_the_fit_through_json():
    X, Y = noisy()
    fitted = QUICK.fit(X, Y, NAMES)
    state = json.loads(json.dumps(fitted.state))
    restored = QUICK.fit(X, Y, NAMES, start=state, tune=False)
    T = inputs(20, seed=8)
    assert np.array_equal(restored.posterior(T).mean, fitted.posterior(T).mean)
    assert np.array_equal(restored.posterior(T).variance, fitted.posterior(T).variance)
    with pytest.raises(ValueError, match="tune=False needs"):
        QUICK.fit(X, Y, NAMES, tune=False)


def test_the_ensemble_covers_unseen_rows():
    X, Y = noisy(n=80)
    T, V = noisy(seed=1, n=200)
    fitted = SISSO(members=8, screened=15).fit(X, Y[:, :1], NAMES)
    posterior = fitted.posterior(T)
    covered = np.abs(V[:, 0] - posterior.mean[:, 0]) <= 1.96 * posterior.std[:, 0]
    assert 0.88 <= covered.mean() <= 1.0
    seen = fitted.leave_one_out()
    assert 0.88 <= (np.abs(Y[:, 0] - seen.mean[:, 0]) <= 1.96 * seen.std[:, 0]).mean() <= 1.0


def test_searches_stop_at_an_exact_formula():
    X = inputs()
    data = Data(X, X[:, 0] * X[:, 1], (0, 1, 2, 3), np.zeros((4, 0)), (np.arange(60),))
    assert len(search(QUICK, data, 1, 3).structures) == 2


def test_a_campaign_file_builds_it_and_belief_uses_it():
    recipe = plugins.build(
        "surrogates", {"use": "sisso", "operators": ["+", "*"], "units": {"a": "eV"}, "members": 2}, "."
    )
    assert recipe == SISSO(operators=("+", "*"), units={"a": "eV"}, members=2)
    X, Y = noisy(n=25)
    history = History.observed(X, Y[:, :1])
    space = Space(NAMES, ("continuous",) * 4, np.full(4, 0.5), np.full(4, 3.0))
    belief = learn(space, history, [replace(QUICK, members=3)])
    mean, std = belief.moments(X)
    assert mean.shape == std.shape == (25, 1)
    again = learn(space, replace(history, state=belief.state), [replace(QUICK, members=3)])
    assert np.array_equal(again.moments(X)[1], std)
    assert crossvalidate(history, space, [replace(QUICK, members=3)])[0].metrics["r2"] > 0.5


def test_a_bracket_holds_a_unit_or_the_argument_of_a_function():
    X = np.random.default_rng(0).random((40, 3))
    names = ["log10(p_gpa)", "log10(t_h)", "gap (eV)"]
    (formula,) = SISSO(members=0).fit(X, X[:, 0] + 2 * X[:, 1] * X[:, 2], names).formulas
    assert "2.0*gap*log10(t_h)" in formula.text
    assert "1.0*log10(p_gpa)" in formula.text
    assert r"2.0 gap \log_{10}{\left(t_{h} \right)}" in formula.latex
    (alone,) = SISSO(members=0).fit(X[:, :2], X[:, 0] + 2 * X[:, 1], ["a", "log10(b)"]).formulas
    assert "1.0*a + 2.0*log10(b)" in alone.text
    assert SISSO(units="names").units_of(["log10(b)", "gap (eV)", "mass(kg)", "x"]) == ["", "eV", "kg", ""]
